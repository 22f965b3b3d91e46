"""Interpreters, environments and packages through the engine, with the real venv and pip."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.integration.recipes.conftest import Site


def imported(python: str, code: str) -> str:
    return subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_python_is_found_and_described(site: Site) -> None:
    env = site.env("get python3", "--version_min=3.8")
    path = env["CM_PYTHON_BIN_WITH_PATH"]
    told = subprocess.run(
        [path, "-c", "import platform; print(platform.python_version())"], capture_output=True, text=True
    )
    assert env["CM_PYTHON_VERSION"] == told.stdout.strip()
    assert env["CM_PYTHON_BIN_WITH_PATH"] == os.path.join(env["CM_PYTHON_BIN_PATH"], env["CM_PYTHON_BIN"])


def test_given_interpreter_is_taken(site: Site) -> None:
    env = site.env("get python", f"--input={sys.executable}", "--new")
    assert env["CM_PYTHON_BIN_WITH_PATH"] == sys.executable


def test_no_interpreter_is_one_clear_error(site: Site, tmp_path: Path) -> None:
    done = site.run("get python3", f"--path={tmp_path}", "--new", status=16)
    assert "--input=/path/to/python3" in done.stderr
    assert "Traceback" not in done.stderr


def test_packages_of_a_job_share_one_environment_and_pins_make_a_fork(site: Site) -> None:
    site.add_package("gamma", "1.0")
    site.add_package("gamma", "2.0")
    site.add_package("delta", "1.0", requires="gamma>=1")
    delta = site.env("get generic-python-lib _package.delta")
    gamma = site.env("get generic-python-lib _package.gamma", "--version_min=1.5")
    python = gamma["CM_PYTHON_VENV_BIN_WITH_PATH"]
    assert python == delta["CM_PYTHON_VENV_BIN_WITH_PATH"] == gamma["CM_PYTHON_BIN_WITH_PATH"]
    assert gamma["CM_PYTHON_LIB_GAMMA_VERSION"] == gamma["CM_GAMMA_VERSION"] == "2.0"
    assert imported(python, "import gamma, delta; print(gamma.version, delta.version)") == "2.0 1.0"
    assert os.path.dirname(python) != os.path.dirname(sys.executable)

    pinned = site.env("get generic-python-lib _package.gamma", "--version=1.0")
    assert imported(pinned["CM_PYTHON_VENV_BIN_WITH_PATH"], "import gamma; print(gamma.version)") == "1.0"
    assert imported(python, "import gamma; print(gamma.version)") == "2.0"
    assert site.env("get generic-python-lib _package.gamma", "--version=1.0") == pinned


def test_package_that_does_not_exist_is_one_clear_error(site: Site) -> None:
    done = site.run("get generic-python-lib _package.no_such_thing", status=2)
    assert "no_such_thing" in done.stderr
    assert "whole log:" in done.stderr
    assert "Traceback" not in done.stderr


def test_environment_is_found_by_name(site: Site) -> None:
    """The environment of the packages is one named "shared"."""
    site.add_package("gamma", "1.0")
    package = site.env("get generic-python-lib _package.gamma")
    named = site.env("install python-venv", "--name=shared")
    assert named["CM_PYTHON_VENV_PATH"] == package["CM_PYTHON_VENV_PATH"]
    prefix = imported(named["CM_PYTHON_VENV_BIN_WITH_PATH"], "import sys; print(sys.prefix)")
    assert prefix == named["CM_PYTHON_VENV_PATH"]
