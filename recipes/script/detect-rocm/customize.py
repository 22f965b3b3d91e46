"""Find ROCm by the version file that every release of it carries."""

from __future__ import annotations

import glob
import os
import re

from franca.hooks.given import folders_from_user


def preprocess(i):
    """Search the given folders, ROCM_PATH and /opt."""
    env = i["env"]
    given = folders_from_user(env, "CM_TMP_PATH")
    for root in given or usual_roots(os.environ):
        version = installed_version(root)
        if version:
            return describe(env, root, version)
    place = ", ".join(given) or "ROCM_PATH and /opt/rocm*"
    return {"return": 16, "error": f"no ROCm here: no version file in {place}; name its folder with --path=/folder"}


def usual_roots(environ):
    """Where ROCm is usually installed, newest first."""
    named = [environ["ROCM_PATH"]] if environ.get("ROCM_PATH") else []
    return [*named, "/opt/rocm", *sorted(glob.glob("/opt/rocm-*"), reverse=True)]


def installed_version(root):
    """The version in a ROCm folder, or an empty text."""
    for name in ("version", "version-dev", "version-utils"):
        try:
            with open(os.path.join(root, ".info", name), encoding="utf-8", errors="replace") as stream:
                found = re.match(r"\s*(\d+(?:\.\d+)*)", stream.read(200))
        except OSError:
            continue
        if found:
            return found[1]
    return ""


def describe(env, root, version):
    """Export what dependants use."""
    env["CM_ROCM_VERSION"] = env["CM_DETECTED_VERSION"] = version
    env["CM_ROCM_INSTALLED_PATH"], env["CM_ROCM_CACHE_TAGS"] = root, f"version-{version}"
    env["CM_ROCM_BIN_PATH"] = os.path.join(root, "bin")
    env["CM_ROCM_BIN_WITH_PATH"] = os.path.join(root, "bin", "rocminfo")
    if env["CM_ROCM_BIN_PATH"] not in os.environ.get("PATH", "").split(os.pathsep):
        env["+PATH"] = [env["CM_ROCM_BIN_PATH"]]
    return {"return": 0, "version": version}
