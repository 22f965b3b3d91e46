"""`franca bench accuracy`: the line for people, the record for programs, the status for scripts."""

from __future__ import annotations

import json

import pytest

from franca.cli.main import main
from franca.mlperf.tasks.catalog import TASKS
from tests.unit.mlperf_tasks.task_data import write_log

np = pytest.importorskip("numpy")


@pytest.fixture
def words(tmp_path, monkeypatch) -> list[str]:
    """Two of three classes are right."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CM_REPOS", str(tmp_path / "CM"))
    (tmp_path / "val.txt").write_text("a.JPEG 0\nb.JPEG 1\nc.JPEG 5\n", "utf-8")
    write_log(tmp_path / "log", {n: np.int32(n).tobytes() for n in range(3)})
    return ["bench", "accuracy", "imagenet", str(tmp_path / "log"), f"--path={tmp_path}", "--dtype=int32"]


def test_the_line_is_printed_and_written(words, tmp_path, capsys) -> None:
    assert main(words) == 0
    line = "accuracy=66.667%, good=2, total=3"
    assert capsys.readouterr().out.splitlines()[0] == line
    assert (tmp_path / "log" / "accuracy.txt").read_text("utf-8") == line + "\n"


def test_the_record_has_the_targets_and_whether_they_are_met(words, tmp_path, capsys) -> None:
    assert main([*words, "--model=resnet", "--round=v5.1", "--to=-", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["value"] == pytest.approx(200 / 3) and (found["answered"], found["samples"]) == (3, 3)
    (target,) = found["targets"]
    assert target == {"metric": "acc", "found": 66.667, "least": 75.6954, "most": None, "met": False}
    assert found["written"] == "" and not (tmp_path / "log" / "accuracy.txt").exists()


def test_options_without_a_value_mean_yes(words, capsys) -> None:
    assert main([*words, "--channels_last", "--count=3"]) == 0
    assert "accuracy=66.667%" in capsys.readouterr().out


@pytest.mark.parametrize(("more", "problem"), [(["third"], "a task and a log"), (["--colour=red"], "--colour")])
def test_a_mistake_is_one_message(words, more, problem, capsys) -> None:
    assert main([*words, *more]) == 1
    err = capsys.readouterr().err
    assert problem in err and "Traceback" not in err


def test_without_a_task_the_tasks_are_listed(words, capsys) -> None:
    assert main(["bench", "accuracy", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["tasks"]
    assert [task["name"] for task in listed] == list(TASKS)
    assert main(["bench", "accuracy"]) == 0
    assert "bert-99, bert-99.9" in capsys.readouterr().out


def test_missing_data_is_named_with_the_command_that_gets_it(words, tmp_path, capsys) -> None:
    log = str(tmp_path / "log")
    assert main(["bench", "accuracy", "squad", log, "--path=nowhere.json", f"--vocabulary={tmp_path / 'val.txt'}"]) != 0
    assert "is no BERT vocabulary" in capsys.readouterr().err
    assert main(["bench", "accuracy", "imagenet", log, f"--path={tmp_path / 'none'}"]) == 16
    err = capsys.readouterr().err
    assert "does not exist" in err and 'cmr "get dataset-aux imagenet-aux"' in err
