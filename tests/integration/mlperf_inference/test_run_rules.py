"""What official rules and the user's own configuration ask of a run, as LoadGen took it."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.errors import MalformedFile
from franca.mlperf.inference import profiles
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
