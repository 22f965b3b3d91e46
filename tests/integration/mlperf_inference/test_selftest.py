"""LoadGen alone is VALID in all four scenarios (section 20.2, item 1), and tests that were run are verified again."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from franca.cli.main import main
from franca.mlperf.inference.campaign import run
from tests.integration.mlperf_inference.inference_cases import ALL, request


def told(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    capsys.readouterr()
    assert main(["bench", *words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_a_system_that_does_nothing_is_valid_in_all_scenarios(capsys, tmp_path: Path) -> None:
    found = told(capsys, "selftest", f"--output={tmp_path / 'logs'}")
    assert found["valid"] is True
    assert [(rate["scenario"], rate["valid"], rate["problems"]) for rate in found["rates"]] == [
        (scenario, True, []) for scenario in ALL
    ]
    assert all(rate["samples_per_second"] > 0 for rate in found["rates"])
    summary = (tmp_path / "logs" / "server" / "mlperf_log_summary.txt").read_text("utf-8")
    assert "Result is : VALID" in summary
    assert found["loadgen"].split()[0] and found["loadgen"] in (
        tmp_path / "logs" / "server" / "mlperf_log_detail.txt"
    ).read_text("utf-8")
    assert found["round"].startswith("v") and set(found["seeds"]) == {"qsl", "sample_index", "schedule"}
    assert main(["bench", "selftest", f"--output={tmp_path / 'logs'}"]) == 8


def test_a_python_without_loadgen_is_named_with_a_log(capsys, tmp_path: Path, monkeypatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 7\n", "utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert main(["bench", "selftest", f"--python={python}"]) == 1
    err = capsys.readouterr().err
    assert "ended with status 7" in err and Path(err.split("log: ")[1].splitlines()[0]).is_file()


@pytest.fixture(scope="module")
def audited(parts, tmp_path_factory) -> Path:
    """A scenario with its two runs and the tests TEST01 and TEST04."""
    out = tmp_path_factory.mktemp("audited")
    spec = request(parts, out, scenarios=["Offline"], compliance=["TEST01", "TEST04"], sampling_target=32)
    result = run(spec, lambda line: None)
    return Path(result.folder) / "offline"


def test_tests_that_were_run_are_verified_again(audited: Path, capsys) -> None:
    written = (audited / "TEST04" / "verify_performance.txt").read_text("utf-8")
    made = (audited / "TEST01" / "verify_accuracy.txt").read_text("utf-8")
    for path in (audited / "TEST04" / "verify_performance.txt", audited / "TEST01" / "verify_accuracy.txt"):
        path.unlink()
    said = {one["test"]: one for one in _verified(capsys, audited, "TEST01", "TEST04", "--write")}
    assert said["TEST01"]["accuracy"][-1] == "TEST PASS" and said["TEST01"]["scenario"] == "Offline"
    assert (audited / "TEST04" / "verify_performance.txt").read_text("utf-8") == written
    assert (audited / "TEST01" / "verify_accuracy.txt").read_text("utf-8") == made


def _verified(capsys, folder: Path, *words: str) -> Any:
    """The records, whether the rates of a busy machine pass or not."""
    capsys.readouterr()
    status = main(["bench", "verify", str(folder), *words, "--json"])
    found = json.loads(capsys.readouterr().out)["tests"]
    assert status == (0 if all(one["passed"] for one in found) else 3)
    return found


def test_answers_that_differ_are_decided_by_their_scores(audited: Path, tmp_path: Path, capsys) -> None:
    test = tmp_path / "TEST01"
    shutil.copytree(audited / "TEST01", test)
    log = test / "accuracy" / "mlperf_log_accuracy.json"
    entries = json.loads(log.read_text("utf-8"))
    entries[0]["data"] = "FF" * (len(entries[0]["data"]) // 2)
    log.write_text("[\n" + ",\n".join(json.dumps(one) for one in entries) + "\n]\n", "utf-8")
    found = _verified(capsys, audited, str(test))[0]
    assert not found["passed"] and "num_perf_log_data_mismatch = 1" in found["accuracy"]
    for name, share in (("baseline_accuracy.txt", "76.0"), ("compliance_accuracy.txt", "70.0")):
        (test / "accuracy" / name).write_text(f"accuracy={share}%, good=1, total=1\n", "utf-8")
    found = _verified(capsys, audited, str(test), "--model=resnet", "--round=v5.1")[0]
    assert not found["passed"] and "acc differs by 8.57 %, 1 % are allowed" in found["remarks"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["verify"], "expected the folder of a scenario and tests"),
        (["verify", ".", "TEST99"], "is none of TEST01, TEST04, TEST05"),
        (["verify", "nowhere", "TEST01"], "nowhere"),
        (["selftest", "more"], "'more' means nothing here"),
    ],
)
def test_mistakes_are_named(words: list[str], said: str, capsys) -> None:
    assert main(["bench", *words]) in (1, 2, 4, 16)
    err = capsys.readouterr().err
    assert said in err and "Traceback" not in err
