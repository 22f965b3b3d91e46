"""What official rules and the user's own configuration ask of a run, as LoadGen took it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from franca.errors import MalformedFile
from franca.mlperf.inference import compliance, profiles
from franca.mlperf.inference.campaign import run
from franca.mlperf.logs.detail import DetailLog, read_detail
from tests.integration.mlperf_inference.inference_cases import request

ONE = {"scenarios": ["Offline"], "modes": ["performance"]}


def silent(line: str) -> None:
    """Nobody reads along."""


def log_of(result, scenario: int = 0) -> DetailLog:
    return read_detail(str(Path(result.scenarios[scenario].performance.folder) / "mlperf_log_detail.txt"))


def conf_of(folder: Path, *lines: str) -> str:
    path = folder / "own.conf"
    path.write_text("\n".join(lines), "utf-8")
    return str(path)


def test_entries_under_the_models_name_reach_loadgen_and_others_are_refused(parts, tmp_path) -> None:
    conf = conf_of(tmp_path, "resnet50.Offline.target_qps = 123", "*.Offline.target_qps = 5", "*.*.min_duration = 100")
    given = {**ONE, "user_conf": conf, "profile": "test"}
    log = log_of(run(request(parts, tmp_path / "r", **given, config_name="resnet50"), silent))
    assert (log.get("effective_target_qps"), log.get("effective_min_duration_ms")) == (123, 100)
    with pytest.raises(MalformedFile, match=r"own\.conf:1.*resnet50 is another model") as caught:
        run(request(parts, tmp_path / "r", **given, config_name="bert"), silent)
    assert caught.value.where is not None and caught.value.where.line == 1


def test_a_full_run_of_offline_has_the_samples_that_the_rules_ask_for(parts, tmp_path, monkeypatch) -> None:
    brief = profiles.FULL._replace(baseline_s=0.15)
    monkeypatch.setitem(profiles.PROFILES, "full", brief)
    conf = conf_of(tmp_path, "*.*.min_duration = 100", "*.Offline.target_qps = 1000")
    given = {**ONE, "user_conf": conf, "profile": "full", "targets": {"offline_samples": 24576}}
    result = run(request(parts, tmp_path / "r", **given), silent)
    assert log_of(result).get("effective_samples_per_query") == 24576


def again(parts, out: Path, **changes) -> tuple[list[str], list[str], object]:
    """A second run: what was kept, what was said besides, and the result."""
    said: list[str] = []
    result = run(request(parts, out, **changes), said.append)
    kept = [line for line in said if "kept from an earlier run" in line]
    return kept, [line for line in said if line not in kept], result


LOSSES = [
    ("performance/run_1/mlperf_log_detail.txt", "Offline performance", 1),
    ("performance/run_1/mlperf_log_summary.txt", "Offline performance", 1),
    ("accuracy/mlperf_log_accuracy.json", "Offline accuracy", 2),
    ("TEST01/verify_accuracy.txt", "Offline TEST01", 2),
    ("TEST01/performance/run_1/mlperf_log_detail.txt", "Offline TEST01", 2),
]


@pytest.fixture(scope="module", autouse=True)
def any_speed():
    """Runs of a fraction of a second differ by more than the thresholds of the tests, which are not the matter here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compliance, "SHARE", 1e9)
        yield


@pytest.fixture(scope="module")
def tested(parts, tmp_path_factory, any_speed):
    out = tmp_path_factory.mktemp("tested")
    run(request(parts, out / "first", scenarios=["Offline"], compliance=["TEST01"]), silent)
    return out


def test_results_that_were_moved_are_kept_under_their_new_place(parts, tested, tmp_path) -> None:
    shutil.copytree(tested / "first", tmp_path / "moved")
    kept, new, result = again(parts, tmp_path / "moved", scenarios=["Offline"], compliance=["TEST01"])
    [one] = result.scenarios
    folders = [one.performance.folder, one.accuracy.folder, one.compliance[0].folder]
    assert (len(kept), new) == (3, []) and all(name.startswith(str(tmp_path)) for name in folders)


@pytest.mark.parametrize(("lost", "said", "kept"), LOSSES, ids=[row[0] for row in LOSSES])
def test_a_part_without_its_logs_is_not_finished(parts, tested, tmp_path, lost, said, kept) -> None:
    shutil.copytree(tested / "first", tmp_path / "r")
    [place] = [path for path in (tmp_path / "r").rglob("offline") if path.is_dir()]
    (place / lost).unlink()
    found, new, result = again(parts, tmp_path / "r", scenarios=["Offline"], compliance=["TEST01"])
    assert len(found) == kept and new[0].startswith(said), (found, new)
    assert (place / lost).is_file() and len(result.scenarios[0].compliance) == 1


def test_two_run_configs_have_results_of_their_own(parts, tmp_path) -> None:
    first = run(request(parts, tmp_path, **ONE, profile="test"), silent)
    second = run(request(parts, tmp_path, **ONE, profile="test", run_config="batch_8", max_batchsize=8), silent)
    assert first.sut.endswith("-default_config") and second.sut.endswith("-batch_8")
    for one in (first, second):
        told = json.loads((Path(one.folder).parent / "cm-sut-info.json").read_text("utf-8"))
        assert one.sut.endswith(f"-{told['run_config']}")
        assert (Path(one.scenarios[0].performance.folder) / "mlperf_log_detail.txt").is_file()
