"""`franca bench inference`: what it asks, what it says without a terminal, and the command it stands for."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from franca.cli.bench_questions import PURPOSE, PURPOSES, Question, answered, questions
from franca.cli.main import main
from franca.errors import UsageError

Capture = pytest.CaptureFixture[str]
SUBMISSION = "--purpose=submission"
TOLD = [
    "--model=digits-cnn", "--scenario=Offline,Server", "--device=cpu", "--length=full", "--division=open",
    "--category=edge", "--submitter=Community", "--hw_name=box",
]  # fmt: skip


def told(capsys: Capture, *words: str) -> str:
    assert main(["bench", "inference", *words, "--dry-run"]) == 0
    return capsys.readouterr().out.strip()


def test_without_a_terminal_everything_missing_is_in_one_message(capsys: Capture) -> None:
    assert main(["bench", "inference", SUBMISSION, "--device=cpu"]) == 1
    err = capsys.readouterr().err
    for flag in ("--model=", "--scenario=", "--length=", "--division=", "--category=", "--submitter=", "--hw_name="):
        assert flag in err
    assert "--device=" not in err and "--quiet" in err


@pytest.mark.parametrize(
    ("words", "variations"),
    [
        (["--purpose=try"], "_short"),
        ([SUBMISSION], "_submission _short"),
        ([SUBMISSION, "--length=full"], "_full-performance"),
        (["--purpose=find-performance"], "_find-performance"),
        (["--purpose=performance", "--length=full"], "_performance-only _full"),
        (["--purpose=accuracy"], "_accuracy-only _short"),
    ],
)
def test_a_purpose_is_a_variation_of_the_known_command(words: list[str], variations: str, capsys: Capture) -> None:
    line = told(capsys, *words, "--quiet")
    assert line.startswith(f"cmr 'run mlperf inference generate-run-cmds {variations}' --model=")


def test_given_answers_and_other_flags_are_handed_on(capsys: Capture) -> None:
    line = told(capsys, SUBMISSION, *TOLD, "--server_target_qps=30", "--adr.python.version_min=3.8")
    assert "--scenario=Offline,Server" in line and "--submitter=Community" in line
    assert "--server_target_qps=30" in line and "--adr.python.version_min=3.8" in line
    assert "--nvidia_system_name=x" in told(capsys, SUBMISSION, *TOLD, "--nvidia_system_name=x")
    assert "purpose" not in line and "length" not in line


@pytest.mark.parametrize(
    ("flag", "words"),
    [("--scenario=Offlin", "expected SingleStream"), ("--model=bert-1", "--model=bert-1: expected"),
     ("--submitter=../x", "it names a folder"), ("--division=ajar", "expected open, closed"),
     ("--modle=x", "closest: "), ("--purpose=fun", "--purpose=fun is not one of")],
)  # fmt: skip
def test_a_mistake_is_named_by_its_flag(flag: str, words: str, capsys: Capture) -> None:
    assert main(["bench", "inference", SUBMISSION, "--quiet", flag, "--dry-run"]) == 1
    err = capsys.readouterr().err
    assert words in err and "Traceback" not in err


def test_the_plan_is_that_of_the_script_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("CM_REPOS", str(tmp_path / "CM"))
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "inference", "--quiet", "--plan", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["counts"] and "app,mlperf,inference" in json.dumps(plan["plan"])
    assert not list(tmp_path.glob("mlperf*"))


def test_answers_are_checked_and_asked_again_only_by_a_person() -> None:
    wanted = questions("submission", ("digits", "digits-cnn"), ("Offline",))
    asked: list[str] = []

    def ask(question: Question) -> str:
        asked.append(question.flag)
        return question.default

    found = answered(wanted, {"device": "cuda", "scenario": "offline"}, ask, quiet=False)
    assert found["device"] == "cuda" and found["submitter"] == "TheCommunity"
    assert "device" not in asked and "scenario" not in asked and "hw_name" in asked
    with pytest.raises(UsageError, match="--scenario=Server"):
        answered(wanted, {"scenario": "Server"}, ask, quiet=False)
    assert answered([PURPOSE], {}, None, quiet=True) == {"purpose": PURPOSES[0]}


def test_on_a_terminal_it_asks_and_takes_the_answers(tmp_path: Path) -> None:
    """A real pseudo-terminal: a wrong answer is asked again, Enter takes the default."""
    leader, follower = pty.openpty()
    argv = [sys.executable, "-m", "franca.cli.main", "bench", "inference", "--purpose=try", "--dry-run"]
    environ = {**os.environ, "CM_REPOS": str(tmp_path)}
    process = subprocess.Popen(argv, stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ)
    os.close(follower)
    os.write(leader, b"\nOfflin\nOffline\n\n")
    out, err = process.communicate(timeout=120)
    os.close(leader)
    assert process.returncode == 0, err
    assert out.decode().strip() == (
        "cmr 'run mlperf inference generate-run-cmds _short' --model=digits --scenario=Offline --device=cpu"
    )
    assert (
        b"Model (digits, digits-mlp, digits-cnn, counting, resnet50, mobilenet, " in err
        and b"llama2-70b-99.9, iris, wine, breast-cancer, diabetes) [digits]: " in err
        and b"'Offlin': expected" in err
    )


@pytest.mark.parametrize("flag", ["--model=resnet", "--device=gpu", "--division=network", "--category=edge,datacenter"])
def test_what_the_long_form_understands_is_understood_here(flag: str, capsys: Capture) -> None:
    assert flag in told(capsys, SUBMISSION, "--quiet", flag)
