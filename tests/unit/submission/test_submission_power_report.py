"""`franca submission power` shows all eleven checks by name, whether they passed or not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from franca.cli.main import main
from tests.unit.submission.submission_trees import DATA, POWERED, copy

# The names of the official tool, in its order.
NAMES = [
    "Check client sources checksum",
    "Check server sources checksum",
    "Check PTD commands and replies",
    "Check UUID",
    "Check session name",
    "Check time difference",
    "Check client server messages",
    "Check results checksum",
    "Check errors and warnings from PTD logs",
    "Check PTD configuration",
    "Check debug is disabled on server-side",
]


def power(capsys: pytest.CaptureFixture[str], tmp_path: Path, *words: str) -> tuple[int, str, str]:
    status = main(["submission", "power", *words], {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize("below", ["", f"{POWERED}/performance"])
def test_a_good_measurement_shows_eleven_passed_checks(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, below: str
) -> None:
    status, out, _ = power(capsys, tmp_path, str(DATA / "v3.0-power" / below))
    lines = out.splitlines()
    assert status == 0 and lines[1:] == [f"[x] {name}" for name in NAMES]
    assert lines[0].endswith("11 of 11 checks passed, round v3.0, 12.8997 W")


def test_a_failed_check_is_not_ticked_and_says_why(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tree = copy("v3.0-power", tmp_path / "tree")
    record = tree / POWERED / "performance/power/server.json"
    raw = json.loads(record.read_text())
    raw["session_name"] = raw["session_name"] + "x"
    record.write_text(json.dumps(raw))
    status, out, _ = power(capsys, tmp_path, str(tree))
    at = out.splitlines().index("[ ] Check session name")
    assert status == 1 and out.splitlines()[at + 1].startswith("    session names differ (expected ")
    assert f"[x] {NAMES[3]}" in out and sum(line.startswith("[") for line in out.splitlines()) == 11


def test_json_has_each_check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = power(capsys, tmp_path, str(DATA / "v3.0-power"), "--round=v6.1", "--json")
    document = json.loads(out)
    assert status == 1 and not document["passed"]
    (measured,) = document["measurements"]
    assert [check["name"] for check in measured["checks"]] == NAMES
    assert [check["name"] for check in measured["checks"] if not check["passed"]] == ["Check PTD commands and replies"]


def test_records_that_cannot_be_read_are_said_to_be_unchecked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tree = copy("v3.0-power", tmp_path / "tree")
    (tree / POWERED / "performance/power/ptd_logs.txt").unlink()
    status, out, _ = power(capsys, tmp_path, str(tree))
    assert status == 1 and "no check was made: power/ptd_logs.txt is missing" in out


def test_a_place_without_power_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tree = copy("v3.0-power", tmp_path / "tree")
    shutil.rmtree(tree / POWERED / "performance/power")
    status, _, err = power(capsys, tmp_path, str(tree))
    assert status == 16 and "no power measurement" in err
