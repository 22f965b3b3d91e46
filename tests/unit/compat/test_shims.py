"""The names that content imports exist while it runs, and only then."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from franca.compat import code_memory, shims
from franca.compat.cmind_shim import utils as classic_utils
from franca.compat.content_modules import ContentImports, compiled, executed
from franca.model.dialect import CLASSIC, NEW


def importable(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return False
    return True


def test_classic_names_inside_and_gone_afterwards() -> None:
    before = set(sys.modules)
    with shims.serving(CLASSIC, {}):
        assert importlib.import_module("cmind.utils") is classic_utils
        assert importlib.import_module("cmind").access is not None
        for name in ("automation", "artifact", "core", "cli", "config", "index", "net", "repo", "repos"):
            assert importable(f"cmind.{name}"), name
        assert not importable("mlc")
        assert not importable("cmind.nothing")
    assert not importable("cmind")
    assert not [name for name in set(sys.modules) - before if name.partition(".")[0] == "cmind"]
    assert classic_utils.__spec__ is not None
    assert classic_utils.__spec__.name == "franca.compat.cmind_shim.utils"


def test_new_names() -> None:
    with shims.serving(NEW, {}):
        assert importlib.import_module("mlc.utils").merge_dicts is not classic_utils.merge_dicts
        names: dict[str, object] = {}
        exec("from utils import *", names)
        assert {"is_true", "is_false", "download_file", "unzip_file"} <= set(names)
        assert not importable("cmind")


def test_what_stood_under_the_name_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    own = ModuleType("utils")
    monkeypatch.setitem(sys.modules, "utils", own)
    with shims.serving(NEW, {}):
        assert importlib.import_module("utils") is not own
        with shims.serving(CLASSIC, {}):
            assert importable("cmind")
            assert importable("utils")
        assert not importable("cmind")
    assert sys.modules["utils"] is own


def test_an_installed_cmind_wins_where_the_user_asks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cmind").mkdir()
    (tmp_path / "cmind" / "__init__.py").write_text("REAL = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with shims.serving(CLASSIC, {}):
        assert not hasattr(importlib.import_module("cmind"), "REAL")
    with shims.serving(CLASSIC, {"FRANCA_REAL_CMIND": "yes"}):
        assert importlib.import_module("cmind").REAL
        sys.modules.pop("cmind", None)
    with shims.serving(CLASSIC, {"FRANCA_REAL_CMIND": "yes"}):
        sys.path.remove(str(tmp_path))
        importlib.invalidate_caches()
        assert not hasattr(importlib.import_module("cmind"), "REAL"), "ours is the fallback"


def test_a_module_is_executed_anew_and_compiled_once(tmp_path: Path) -> None:
    path = tmp_path / "customize.py"
    path.write_text("import cmind\ncount = []\n")
    with shims.serving(CLASSIC, {}):
        one, two = executed(str(path), "customize"), executed(str(path), "customize")
    assert one is not two
    assert one.count is not two.count
    code = compiled(str(path))
    assert compiled(str(path)) is code
    path.write_text("import cmind\ncount = [1, 2]\n")
    assert compiled(str(path)) is not code
    assert not list(tmp_path.glob("__pycache__"))
    assert "customize" not in sys.modules


def test_code_is_kept_for_other_processes_until_its_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, folder = tmp_path / "customize.py", tmp_path / "code"
    path.write_text("value = 1\n")

    def value() -> int:
        code_memory._here.clear()  # as in another process
        return int(executed(str(path), "customize", code_folder=str(folder)).value)

    time.sleep(0.1)
    assert value() == 1
    (kept,) = folder.iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    with monkeypatch.context() as patch:
        patch.setattr("builtins.compile", None)  # nothing is compiled
        assert value() == 1
    path.write_text("value = 2\n")
    assert value() == 2
    time.sleep(0.1)
    assert value() == 2
    for damage in (b"", b"x" * 40, kept.read_bytes()[:-1], bytes(8) + kept.read_bytes()[8:]):
        kept.write_bytes(damage)
        assert value() == 2
    kept.unlink()
    folder.chmod(0o700)
    folder.rmdir()
    folder.write_text("not a folder")
    assert value() == 2


def test_paths_and_modules_of_content_last_for_the_run_only(tmp_path: Path) -> None:
    (tmp_path / "helper_of_content_x.py").write_text("value = 7\n")
    imports = ContentImports({})
    before = list(sys.path)
    with imports.active(CLASSIC, str(tmp_path)):
        sys.path.insert(0, str(tmp_path))
        first = importlib.import_module("helper_of_content_x")
    assert sys.path == before
    assert "helper_of_content_x" not in sys.modules
    with imports.active(CLASSIC, str(tmp_path)):
        assert importlib.import_module("helper_of_content_x") is first
    assert not importable("helper_of_content_x")


def test_visited_script_folders_are_importable_in_the_new_dialect(tmp_path: Path) -> None:
    (tmp_path / "sibling_of_script_x.py").write_text("value = 7\n")
    for dialect, wanted in ((NEW, True), (CLASSIC, False)):
        imports = ContentImports({})
        with imports.active(dialect, str(tmp_path), str(tmp_path)):
            assert importable("sibling_of_script_x") is wanted
