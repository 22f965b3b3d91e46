"""Python programs that native scripts start can import what content imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from franca.compat import child_modules

PROGRAM = """
import sys
import cmind, cmind.utils
from cmind import utils
assert utils is cmind.utils
print(len(cmind.utils.gen_uid()['uid']), cmind.access({'action': 'version'})['version'])
import mlc
from mlc import utils as other
print(other.load_json('none')['return'])
"""


def run(environ: dict[str, str], program: str, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *flags, "-c", program]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture
def environ(store: Any) -> dict[str, str]:
    values = {**store.environ, "PYTHONPATH": "/somewhere"}
    child_modules.offer(values)
    child_modules.offer(values)
    assert values["PYTHONPATH"] == os.pathsep.join(["/somewhere", child_modules.folder()])
    return values


def test_our_modules_serve_a_child(environ: dict[str, str]) -> None:
    for flags in ((), ("-S",)):  # without site-packages, Franca is found through the variable alone
        done = run(environ, PROGRAM, *flags)
        assert done.stdout.split() == ["16", "4.2.0", "1"], done.stderr


def test_an_installed_module_wins(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "cmind").mkdir()
    (tmp_path / "cmind" / "__init__.py").write_text("REAL = True\n")
    (tmp_path / "cmind" / "utils.py").write_text("REAL = True\n")
    environ["PYTHONPATH"] += os.pathsep + str(tmp_path)
    done = run(environ, "import cmind.utils\nprint(cmind.REAL, cmind.utils.REAL)")
    assert done.stdout.split() == ["True", "True"], done.stderr


def test_an_interpreter_that_cannot_load_us_is_told_what_to_do(environ: dict[str, str]) -> None:
    environ["FRANCA_PYTHON_PATHS"] = "/nowhere"
    done = run(environ, "import cmind", "-S")
    assert "python -m pip install franca" in done.stderr


def test_a_native_script_of_content_sees_them(store: Any) -> None:
    meta = {"env": {"CM_PY": sys.executable}, "new_env_keys": ["CM_X"]}
    program = 'import cmind.utils as u; print("CM_X=" + str(u.compare_versions("1.10", "1.9")))'
    native = f"$CM_PY -c '{program}' > tmp-run-env.out\n"
    store.script(store.repo("r"), "s", meta, run_sh=native)
    result = store.cm().access({"action": "run", "automation": "script", "tags": "s"})
    assert result["new_env"] == {"CM_X": "1"}
