"""The file functions of ``cmind.utils`` and ``mlc.utils``: results, codes, and whole files only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from franca.compat import content_files as files
from franca.compat.mlc_shim import utils as mlc_utils


def test_texts_are_read_split_and_matched(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("tool version 1.2\nend", encoding="utf-8")
    result = files.load_txt(str(path), split=True, match_text=r"version ([\d.]+)")
    assert (result["return"], result["list"], result["match"].group(1)) == (0, ["tool version 1.2", "end"], "1.2")
    failed = files.load_txt(str(path), match_text="nothing", fail_if_no_match="no version")
    assert failed == {"return": 1, "error": "no version", "string": "tool version 1.2\nend"}
    assert files.load_txt(str(path), remove_after_read=True)["return"] == 0
    assert not path.exists()


def test_a_missing_file_is_16_when_asked_and_an_exception_otherwise(tmp_path: Path) -> None:
    path = str(tmp_path / "none")
    assert files.load_txt(path, check_if_exists=True)["return"] == 16
    assert files.load_json(path, check_if_exists=True)["return"] == 16
    with pytest.raises(FileNotFoundError):
        files.load_json(path)


def test_a_missing_file_is_always_1_in_the_new_dialect(tmp_path: Path) -> None:
    path = str(tmp_path / "none")
    for load in (mlc_utils.load_txt, mlc_utils.load_json, mlc_utils.load_yaml):
        assert load(path)["return"] == 1


def test_json_is_written_sorted_with_a_final_newline_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    assert files.save_json(str(path), {"b": 1, "a": "é"}) == {"return": 0}
    assert path.read_text() == '{\n  "a": "\\u00e9",\n  "b": 1\n}\n'
    assert files.load_json(str(path))["meta"] == {"b": 1, "a": "é"}


def test_broken_json_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text("{")
    result = files.load_json(str(path))
    assert result["return"] == 4
    assert str(path) in result["error"]


def test_json_lies_over_yaml(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("k: {a: 1, b: 2}\nt: [1]\n")
    (tmp_path / "m.json").write_text('{"k": {"b": 3}, "t": [2]}')
    assert files.load_yaml_and_json(str(tmp_path / "m"))["meta"] == {"k": {"b": 3}, "t": [2]}
    assert files.load_yaml_and_json(str(tmp_path / "none"))["return"] == 16


def test_a_file_keeps_its_mode_and_no_half_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "run.sh"
    path.write_text("old")
    path.chmod(0o755)
    files.save_txt(str(path), "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o755
    assert os.listdir(tmp_path) == ["run.sh"]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    files.save_txt(str(tmp_path / "link"), "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_the_nearest_file_above_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "a" / "mark").write_text("")
    result = files.find_file_in_dir_and_above("mark", str(deep))
    assert (result["found"], result["path"]) == (True, str(tmp_path / "a"))


def test_extensions_decide_the_format(tmp_path: Path) -> None:
    for name in ("x.json", "x.yaml"):
        path = str(tmp_path / name)
        assert files.save_json_or_yaml(path, {"a": [1, "b"]})["return"] == 0
        assert files.load_json_or_yaml(path)["meta"] == {"a": [1, "b"]}
    assert files.load_json_or_yaml(str(tmp_path / "x.txt"))["return"] == files.ERROR_UNKNOWN_FILE_EXTENSION
