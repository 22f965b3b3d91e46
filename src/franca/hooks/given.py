"""Places that the user names: relative to where the user is, while a hook runs in the folder of a cache entry."""

from __future__ import annotations

import os
from typing import Any


def from_user(env: dict[str, Any], path: str) -> str:
    """The absolute form of a place that the user named."""
    start = str(env.get("CM_TMP_CURRENT_PATH") or os.getcwd())
    return os.path.normpath(os.path.join(start, os.path.expanduser(path)))


def folders_from_user(env: dict[str, Any], key: str) -> list[str]:
    """The absolute forms of the folders that ``env[key]`` lists as PATH does."""
    return [from_user(env, part) for part in str(env.get(key) or "").split(os.pathsep) if part]


def anchor_search(env: dict[str, Any]) -> None:
    """Make ``--input`` and the folders of ``--path`` absolute."""
    for key in ("CM_INPUT", "CM_TMP_PATH"):
        folders = folders_from_user(env, key)
        if folders:
            env[key] = os.pathsep.join(folders)


def use_given_file(env: dict[str, Any], key: str) -> None:
    """Let the download step take the file that ``env[key]`` names, if it names one, instead of the network."""
    given = str(env.get(key) or "")
    if given:
        env["CM_DOWNLOAD_LOCAL_FILE_PATH"] = from_user(env, given)
