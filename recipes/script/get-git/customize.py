"""Find git."""

from __future__ import annotations

from franca.hooks.tool import Tool

GIT = Tool("git", "CM_GIT_BIN_WITH_PATH", "CM_GIT_VERSION", r"git version\s+(\d[\d.]*\d)", "git")
preprocess, detect_version = GIT.find, GIT.detect_version


def postprocess(i):
    """Describe the chosen program."""
    return GIT.chosen(i, detect_version(i))
