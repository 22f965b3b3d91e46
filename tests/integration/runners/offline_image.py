"""An image in which a generated Dockerfile builds without a network, and the wheels that it installs.

The programs are this host's own, copied with their libraries; the wheels are Franca's, built from the checkout,
and those of the packages that it needs, packed again from this environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

CHECKOUT = Path(__file__).resolve().parents[3]
PROGRAMS = ("git", "wget", "useradd", "userdel", "groupadd", "find", "grep", "sed", "uname", "which")
FILES = ("/etc/login.defs", "/etc/shells", "/etc/ssl/certs/ca-certificates.crt", "/usr/lib/python3.11/ensurepip",
         "/usr/share/python-wheels")  # fmt: skip


def lay_out_programs(root: Path) -> None:
    """Copy the programs, their libraries and a few files below ``root``. Skips where the host lacks one.

    ``root`` is new: in an unpacked system a link may lead out of it, and a copy would follow.
    """
    root.mkdir(parents=True)
    for name in PROGRAMS:
        found = shutil.which(name, path="/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin")
        if not found:
            pytest.skip(f"{name} is not installed here, and the image has to have it")
        _copy(found, root)
        for line in subprocess.run(["ldd", found], capture_output=True, text=True).stdout.splitlines():
            library = next((word for word in line.split() if word.startswith("/")), "")
            if library:
                _copy(library, root)
    for name in FILES:
        if not os.path.exists(name):
            pytest.skip(f"{name} is not on this host: install python3-venv")
        _copy(name, root)


def _copy(path: str, root: Path) -> None:
    """``/bin`` and ``/lib`` are links below the image's root, as they are here."""
    first, _, rest = path[1:].partition("/")
    target = root / ("usr/" if first in ("bin", "sbin", "lib", "lib64") else "") / first / rest
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.isdir(path):
        shutil.copytree(path, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    elif not target.exists():
        shutil.copy(path, target)


def make_wheels(folder: Path) -> Path:
    """Franca's wheel, which is returned, and those of what it needs, beside it."""
    folder.mkdir(parents=True)
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    done = subprocess.run([*words, str(folder), str(CHECKOUT)], capture_output=True, text=True)
    if done.returncode and "hatchling" in done.stderr:
        pytest.skip("hatchling is not installed, so no wheel can be built without a network")
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("franca-*.whl")
    for name in needed("franca"):
        pack(distribution(name), folder)
    return made


def needed(name: str) -> set[str]:
    """The packages that one needs, and those that they need."""
    found: set[str] = set()
    wanted = [name]
    while wanted:
        for text in distribution(wanted.pop()).requires or ():
            requirement = Requirement(text)
            if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
                continue
            if requirement.name not in found:
                found.add(requirement.name)
                wanted.append(requirement.name)
    return found


def pack(package: Distribution, folder: Path) -> None:
    """The wheel from which a package was installed, made of its files."""
    tag = next(line[5:] for line in (package.read_text("WHEEL") or "").splitlines() if line.startswith("Tag: "))
    name = package.metadata["Name"].replace("-", "_")
    with zipfile.ZipFile(folder / f"{name}-{package.version}-{tag}.whl", "w") as wheel:
        for file in package.files or ():
            if (
                ".." not in file.parts
                and "__pycache__" not in file.parts
                and file.name not in ("INSTALLER", "REQUESTED")
            ):
                wheel.write(file.locate(), str(file))
