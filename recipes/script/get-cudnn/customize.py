"""Find cuDNN by its version header; nothing is downloaded, because its licence must be accepted by a person."""

from __future__ import annotations

import glob
import os
import re

from franca.hooks.given import folders_from_user

_HEADERS = ("cudnn_version.h", "cudnn_version_v9.h", "cudnn.h")
_USUAL = ("/usr/include", "/usr/include/x86_64-linux-gnu", "/usr/include/aarch64-linux-gnu", "/usr/local/include")


def preprocess(i):
    """Search the given folders, the toolkit and the usual places."""
    env = i["env"]
    given = folders_from_user(env, "CM_TMP_PATH")
    for folder in include_folders(given, str(env.get("CM_CUDA_PATH_INCLUDE") or "")):
        for name in _HEADERS:
            version = header_version(os.path.join(folder, name))
            if version:
                return describe(env, folder, version)
    place = ", ".join(given) or "the CUDA toolkit and the system's include folders"
    error = f"cuDNN was not found in {place}; install it, or name its folder with --path=/folder"
    return {"return": 16, "error": error}


def include_folders(given, toolkit):
    """Folders to look in, in order: the given ones and their include folders, or the toolkit and the usual places."""
    if given:
        return [path for folder in given for path in (os.path.join(folder, "include"), folder)]
    return [*([toolkit] if toolkit else []), *_USUAL]


def header_version(path):
    """The version that a header defines, or an empty text."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read(1 << 20)
    except OSError:
        return ""
    parts = [re.search(rf"^#define\s+CUDNN_{name}\s+(\d+)", text, re.M) for name in ("MAJOR", "MINOR", "PATCHLEVEL")]
    return ".".join(part[1] for part in parts if part) if parts[0] else ""


def describe(env, include, version):
    """Export what dependants use."""
    library = library_folder(include)
    env["CM_CUDNN_VERSION"] = env["CM_DETECTED_VERSION"] = version
    env["CM_CUDA_PATH_INCLUDE_CUDNN"], env["CM_CUDA_PATH_LIB_CUDNN"] = include, library
    env["CM_CUDA_PATH_LIB_CUDNN_EXISTS"] = "yes" if library else "no"
    if not include.startswith("/usr/include"):
        env["+C_INCLUDE_PATH"], env["+CPLUS_INCLUDE_PATH"] = [include], [include]
        env["+LD_LIBRARY_PATH"] = [library] if library else []
    env["CM_GET_DEPENDENT_CACHED_PATH"] = include
    return {"return": 0, "version": version}


def library_folder(include):
    """Folder with the library that belongs to an include folder, or an empty text."""
    root = os.path.dirname(include) if os.path.basename(include) == "include" else include
    folders = [os.path.join(root, name) for name in ("lib64", "lib", "")]
    folders += [include.replace("/include", "/lib")]
    return next((f for f in folders if glob.glob(os.path.join(glob.escape(f), "libcudnn*"))), "")
