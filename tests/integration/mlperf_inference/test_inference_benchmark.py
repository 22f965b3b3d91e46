"""The whole harness over the real LoadGen: results, reuse, accuracy equal to an independent evaluation."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import msgspec
import pytest

from franca.mlperf.inference import profiles
from franca.mlperf.inference.campaign import run
from franca.mlperf.inference.results import BenchmarkResult
from franca.mlperf.logs.detail import read_detail
from franca.mlperf.logs.summary import read_summary
from franca.publish.report.write import write_report
from tests.integration.mlperf_inference.inference_cases import ALL, COUNT, request


@pytest.fixture(scope="module")
def finished(parts, tmp_path_factory):
    """One complete benchmark, shared by the tests that only read it."""
    said: list[str] = []
    out = tmp_path_factory.mktemp("results")
    return run(request(parts, out), said.append), out, said


def test_all_scenarios_and_modes_are_there_and_valid(finished) -> None:
    result, _, _ = finished
    assert [r.scenario for r in result.scenarios] == ALL
    for one in result.scenarios:
        assert one.performance is not None and one.accuracy is not None
        assert one.performance.errors == []
        assert [f.name for f in one.performance.flags if not f.met] == []


def test_accuracy_equals_an_evaluation_with_numpy_exactly(finished, parts) -> None:
    import numpy as np

    result, _, _ = finished
    images = np.load(parts / "holdout-images.npy").reshape(-1, 64)
    labels = np.load(parts / "holdout-labels.npy")
    right = COUNT - len(labels[::5])  # by construction: see the fixture
    assert len(images) == COUNT
    for one in result.scenarios:
        accuracy = one.accuracy
        assert (accuracy.good, accuracy.total) == (right, COUNT), one.scenario
        assert accuracy.equals_direct and accuracy.value == 100 * right / COUNT
        line = (Path(accuracy.folder) / "accuracy.txt").read_text("utf-8")
        assert line == f"accuracy={100 * right / COUNT:.3f}%, good={right}, total={COUNT}\n"


def test_metrics_are_those_of_loadgens_own_summary(finished) -> None:
    result, _, _ = finished
    for one in result.scenarios:
        perf = one.performance
        summary = read_summary(str(Path(perf.folder) / "mlperf_log_summary.txt"))
        assert summary.validity == ("VALID" if perf.valid else "INVALID")
        assert summary.scenario == one.scenario
        if one.scenario in ("Server", "Offline"):
            assert perf.value == pytest.approx(summary.metric, rel=1e-4)
        else:  # the summary's line is the plain percentile, the metric its early-stopping estimate
            assert perf.value >= summary.metric / 1e6 * 0.99


def test_logs_are_complete_and_without_trace_audit_or_second_configuration(finished) -> None:
    result, _, _ = finished
    for one in result.scenarios:
        for part in (one.performance, one.accuracy):
            folder = Path(part.folder)
            names = {p.name for p in folder.iterdir()}
            assert {"user.conf", "measurements.json", "part.json", "mlperf_log_detail.txt"} <= names
            assert "mlperf_log_trace.json" not in names
            log = read_detail(str(folder / "mlperf_log_detail.txt"))
            assert not log.audited() and log.error_count == 0


def test_each_run_stores_what_it_was_made_with_and_what_else_went_on(finished) -> None:
    result, out, _ = finished
    stored = json.loads((out / "results.json").read_text("utf-8"))
    for one, written in zip(result.scenarios, stored["scenarios"], strict=True):
        for part, kind in ((one.performance, "performance"), (one.accuracy, "accuracy")):
            folder = Path(part.folder)
            assert part.host.cores > 0 and written[kind]["host"]["noisy"] is part.host.noisy
            loadgen = json.loads((folder / "loadgen.json").read_text("utf-8"))
            assert any(name.endswith("loadgen.cc") for name in loadgen["files_sha1"])
            request_kept = json.loads((folder / "request.json").read_text("utf-8"))
            assert request_kept["model"] == "linear" and request_kept["command"] in (folder / "README.md").read_text()
            assert "mlcommons_loadgen" in json.loads((folder / "pip_freeze.json").read_text("utf-8"))


def test_the_tree_has_the_official_layout(finished) -> None:
    result, out, _ = finished
    root = Path(result.folder)
    assert root.relative_to(out).parts[0] == "test_results"
    assert root.parent.name.startswith("default-franca-cpu-onnxruntime-v")
    for scenario in ALL:
        assert (root / scenario.lower() / "performance" / "run_1" / "mlperf_log_summary.txt").is_file()
        assert (root / scenario.lower() / "accuracy" / "mlperf_log_accuracy.json").is_file()


def test_how_the_server_target_was_found_is_told(finished) -> None:
    result, _, _ = finished
    server = next(r.performance for r in result.scenarios if r.scenario == "Server")
    assert server.steps[0].startswith("start at ") and " queries/s: " in server.steps[1]
    assert server.host is None or 0 <= server.host.others <= server.host.cores


def test_the_report_is_one_file_that_needs_nothing_and_escapes_everything(finished) -> None:
    result, out, _ = finished
    text = Path(write_report(str(out / "results.json"))).read_text("utf-8")
    assert "&lt;run&gt;" in text and "<run>" not in text
    assert "<script" not in text
    assert "http://" not in text and "https://" not in text and "url(" not in text
    for one in result.scenarios:
        assert f'id="{one.scenario.lower()}"' in text
    assert text.count("<svg") == 2 * len(ALL) + 1


def test_a_second_run_keeps_what_is_valid(finished, parts) -> None:
    result, out, _ = finished
    said: list[str] = []
    again = run(request(parts, out), said.append)
    assert all("kept from an earlier run" in line for line in said) and len(said) == 8
    assert again.loadgen_seconds == 0.0
    assert [r.performance.value for r in again.scenarios] == [r.performance.value for r in result.scenarios]
    assert msgspec.json.decode((out / "results.json").read_bytes(), type=BenchmarkResult) == again


def test_a_finished_log_is_scored_again_on_request_and_nothing_is_run(finished, parts) -> None:
    import numpy as np

    result, out, _ = finished
    folder = Path(result.folder) / "offline" / "accuracy"
    right = (folder / "accuracy.txt").read_text("utf-8")
    log = folder / "mlperf_log_accuracy.json"
    entries = json.loads(log.read_text("utf-8"))
    whole = log.read_bytes()
    flipped = "00" * (len(entries[0]["data"]) // 2)
    log.write_text(json.dumps([{**entry, "data": flipped} for entry in entries]), "utf-8")  # every answer is 0
    said: list[str] = []
    again = run(msgspec.structs.replace(request(parts, out), rescore=True), said.append)
    assert again.loadgen_seconds == 0.0 and sum("scored again" in line for line in said) == 4
    zeros = int((np.load(parts / "holdout-labels.npy") == 0).sum())
    found = next(r.accuracy for r in again.scenarios if r.scenario == "Offline")
    assert found.good == zeros and f"good={zeros}," in (folder / "accuracy.txt").read_text("utf-8")
    log.write_bytes(whole)
    run(msgspec.structs.replace(request(parts, out), rescore=True), said.append)
    assert (folder / "accuracy.txt").read_text("utf-8") == right
    assert not list(Path(result.folder).glob("*score*"))


def test_a_part_whose_record_is_cut_short_is_run_again(finished, parts) -> None:
    result, out, _ = finished
    part = Path(result.folder) / "offline" / "accuracy" / "part.json"
    part.write_text(part.read_text("utf-8")[:50], "utf-8")
    said: list[str] = []
    run(request(parts, out), said.append)
    assert [line for line in said if "kept" not in line] == ["Offline accuracy: every sample once"]


def test_a_removed_accuracy_file_is_written_again_without_a_run(finished, parts) -> None:
    result, out, _ = finished
    lost = Path(result.folder) / "server" / "accuracy" / "accuracy.txt"
    before = lost.read_text("utf-8")
    lost.unlink()
    said: list[str] = []
    run(request(parts, out, scenarios=["Server"], modes=["accuracy"]), said.append)
    assert lost.read_text("utf-8") == before and "kept" in said[0]


def test_another_batch_size_is_another_benchmark(finished, parts) -> None:
    _, out, _ = finished
    said: list[str] = []
    run(request(parts, out, max_batchsize=8, scenarios=["Offline"], modes=["accuracy"]), said.append)
    assert not any("kept" in line for line in said)


def test_two_runs_at_once_do_the_work_once(request_for, command, environ) -> None:
    argv = command(request_for(scenarios=["Offline"]))
    both = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("kept from an earlier run" in text for text in said) == 1


def test_the_table_and_the_status_tell_an_invalid_result(request_for, run_command, tmp_path) -> None:
    conf = tmp_path / "hard.conf"
    conf.write_text(
        "*.*.min_duration = 200\n*.*.min_query_count = 100\n*.Server.target_latency = 0\n*.Server.target_qps = 500\n",
        "utf-8",
    )
    done = run_command(request_for(scenarios=["Server"], modes=["performance"], user_conf=str(conf)))
    assert done.returncode == 3, done.stderr
    assert "INVALID" in done.stdout and "NOT met: Latency constraint" in done.stdout


def test_a_full_run_that_the_user_shortened_is_no_submission(parts, tmp_path, monkeypatch) -> None:
    brief = profiles.FULL._replace(baseline_s=0.15)  # the bare model's measurement is not what this is about
    monkeypatch.setitem(profiles.PROFILES, "full", brief)
    result = run(request(parts, tmp_path, profile="full", scenarios=["SingleStream"], modes=["performance"]), print)
    assert not result.submission_grade and "NOT a valid" in result.note
    assert "valid_results" in result.folder


def test_seeds_of_an_older_round_are_used(request_for, run_command) -> None:
    done = run_command(request_for(scenarios=["SingleStream"], modes=["performance"], round="v3.0"))
    assert done.returncode == 0, done.stderr
    folder = Path(json.loads(Path(request_for()["output"], "results.json").read_text("utf-8"))["folder"])
    log = read_detail(str(folder / "singlestream" / "performance" / "run_1" / "mlperf_log_detail.txt"))
    assert log.get("effective_qsl_rng_seed") == 10003631887983097364


def test_a_test_run_issues_exactly_the_queries_that_were_asked_for_without_errors(parts, tmp_path) -> None:
    """Section 8.2: the settings of the test style, as LoadGen took them."""
    result = run(request(parts, tmp_path, profile="test", test_query_count=12, user_conf=""), print)
    for one in result.scenarios:
        performance = one.performance
        log = read_detail(str(Path(performance.folder) / "mlperf_log_detail.txt"))
        assert performance.errors == [], one.scenario
        assert performance.samples == {"MultiStream": 96}.get(one.scenario, 12), one.scenario
        assert (log.get("effective_min_duration_ms"), log.get("effective_min_query_count")) in ((0, 12), (0, 1))
    assert "test_results" in result.folder and not result.submission_grade
