"""A storage root of its own and commands that run in processes of their own."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


class Site:
    """Where the recipes run: a home, a work folder and a package index made of local files."""

    def __init__(self, folder: Path) -> None:
        self.home, self.work, self.wheels = folder / "home", folder / "wo rk \u00e9", folder / "wheels"
        for path in (self.home, self.work, self.wheels):
            path.mkdir()
        self.environ = {
            **{
                key: value for key, value in os.environ.items() if not key.startswith(("CM_", "MLC_", "PYTHON", "PIP_"))
            },
            "HOME": str(self.home),
            "CM_REPOS": str(self.home / "C M"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_CONFIG_FILE": os.devnull,
        }

    def with_real_index(self) -> Site:
        """The same place with the package index of the caller, for cases that install large packages."""
        other = copy.copy(self)
        pip = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
        other.environ = {key: value for key, value in self.environ.items() if not key.startswith("PIP_")} | pip
        return other

    def run(self, *words: str, cwd: Path | None = None, status: int = 0) -> subprocess.CompletedProcess[str]:
        """``cm run script WORDS --quiet``; fails the test when the exit status is another one."""
        return self.program("cm", "run", "script", *words, "--quiet", cwd=cwd, status=status)

    def program(
        self, name: str, *words: str, cwd: Path | None = None, status: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """One of the programs, with these words; fails the test when the exit status is another one."""
        argv = [sys.executable, str(ROOT / "launchers" / name), *words]
        done = subprocess.run(
            argv,
            cwd=cwd or self.work,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done

    def env(self, *words: str, cwd: Path | None = None) -> dict[str, Any]:
        """What a successful run exports."""
        target = (cwd or self.work) / "result.json"
        self.run(*words, f"--save_to_json={target}", cwd=cwd)
        content = json.loads(target.read_text("utf-8"))
        target.unlink()
        exported: dict[str, Any] = content["new_env"]
        return exported

    def add_package(self, name: str, version: str, requires: str = "") -> None:
        """A real wheel, small, in the local index."""
        info = f"{name}-{version}.dist-info"
        needs = f"Requires-Dist: {requires}\n" if requires else ""
        with zipfile.ZipFile(self.wheels / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}.py", f"version = {version!r}\n")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
            wheel.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            wheel.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield Site(tmp_path_factory.mktemp("site"))
