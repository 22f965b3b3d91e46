"""Find the CUDA toolkit by its compiler."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess

from franca.hooks.answers import NOT_FOUND, refuse
from franca.hooks.tool import Tool

NVCC = Tool("nvcc", "CM_NVCC_BIN_WITH_PATH", "CM_CUDA_VERSION", r"release\s+(\d[\d.]*\d)")
detect_version = NVCC.detect_version


def preprocess(i):
    """Choose the program; the native script then asks it for its version."""
    add_usual_folders(i["env"])
    found = NVCC.find(i)
    return refuse(not_found(), NOT_FOUND) if found["return"] == NOT_FOUND else found


def add_usual_folders(env):
    """Search PATH and the places where the toolkit is usually installed, unless the caller named a place."""
    if env.get("CM_TMP_PATH") or env.get("CM_INPUT"):
        return
    usual = ["/usr/local/cuda/bin", *sorted(glob.glob("/usr/local/cuda-*/bin"), reverse=True), "/opt/cuda/bin"]
    present = [folder for folder in usual if os.path.isfile(os.path.join(folder, "nvcc"))]
    if present:
        env["CM_TMP_PATH"] = os.pathsep.join([*os.environ.get("PATH", "").split(os.pathsep), *present])
        env["CM_TMP_PATH_IGNORE_NON_EXISTANT"] = "yes"


def not_found():
    """Say what is missing: the device and its driver, or only the toolkit."""
    driver = driver_version()
    if driver:
        return (
            f"an NVIDIA driver ({driver}) is here, but the CUDA toolkit (nvcc) was not found in the searched folders."
            " Install it, or name it with --input=/path/to/nvcc or --path=/folder"
        )
    return (
        "no CUDA here: neither the toolkit (nvcc) nor an NVIDIA driver (nvidia-smi) was found."
        " A toolkit elsewhere can be named with --input=/path/to/nvcc or --path=/folder"
    )


def driver_version():
    """Version of the NVIDIA driver that answers, or an empty text."""
    program = shutil.which("nvidia-smi")
    if not program:
        return ""
    try:
        argv = [program, "--query-gpu=driver_version", "--format=csv,noheader"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else ""


def postprocess(i):
    """Describe the chosen toolkit."""
    answer = NVCC.chosen(i, detect_version(i))
    if answer["return"] == 0:
        describe(i["env"], i["env"]["CM_NVCC_BIN_WITH_PATH"], answer["version"])
    return answer


def describe(env, path, version):
    """Export what dependants use."""
    folder = os.path.dirname(path)
    home = os.path.dirname(os.path.realpath(folder))
    env["CM_NVCC_BIN"] = os.path.basename(path)
    env["CUDA_HOME"] = env["CUDA_PATH"] = env["CM_CUDA_INSTALLED_PATH"] = home
    env["CM_CUDA_PATH_BIN"] = folder
    env["CM_CUDA_CACHE_TAGS"] = f"version-{version}"
    env["CM_CUDA_VERSION_STRING"] = "cu" + version.replace(".", "")
    env["CM_CUDA_DRIVER_VERSION"] = driver_version()
    include, library = os.path.join(home, "include"), first_folder(home, ("lib64", "lib", "lib/x64"))
    if os.path.isdir(include):
        env["CM_CUDA_PATH_INCLUDE"] = include
        env["+C_INCLUDE_PATH"], env["+CPLUS_INCLUDE_PATH"] = [include], [include]
    if library:
        env["CM_CUDA_PATH_LIB"] = library
        env["+LD_LIBRARY_PATH"] = [library]
        has_cudnn = bool(glob.glob(os.path.join(glob.escape(library), "libcudnn*")))
        env["CM_CUDA_PATH_LIB_CUDNN_EXISTS"] = "yes" if has_cudnn else "no"


def first_folder(home, names):
    """The first of some sub-folders that exists, or an empty text."""
    found = (os.path.join(home, name) for name in names)
    return next((path for path in found if os.path.isdir(path)), "")
