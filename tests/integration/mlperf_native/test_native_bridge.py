"""The bridge gives the answers of the Python harness through the same tree, and tells what goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from franca.mlperf.inference.campaign import Campaign
from franca.mlperf.inference.spec import RunSpec, checked
from tests.integration.mlperf_inference.inference_cases import ALL, bad_sut, going_wrong, named_log
from tests.integration.mlperf_inference.test_inference_faults import children_of, gone
from tests.integration.mlperf_native.conftest import native_data


def run_here(data: dict) -> dict:
    result = Campaign(
        checked(msgspec.convert({**data, "output": str(data["output"])}, RunSpec)), lambda text: None
    ).run()
    return {one.scenario: one for one in result.scenarios}


def sut_name(folder: str) -> str:
    lines = Path(folder, "mlperf_log_summary.txt").read_text("utf-8").splitlines()
    return next(line.partition(": ")[2] for line in lines if line.startswith("SUT name"))


def test_all_scenarios_run_and_are_right(native_request) -> None:
    found = run_here(native_request(scenarios=ALL, targets={"server_qps": 100, "server_bound_ms": 200}))
    for scenario in ALL:
        assert found[scenario].accuracy.equals_direct and not found[scenario].accuracy.errors, scenario
        assert found[scenario].performance.samples >= 100 and not found[scenario].performance.errors, scenario
        assert found[scenario].performance.histogram is not None
    assert sut_name(found["Offline"].performance.folder) == "Franca C++ bridge"
    assert not list(Path(found["Offline"].performance.folder).glob("*.f32"))


def test_queries_of_more_samples_than_a_batch_are_answered(native_request, tmp_path) -> None:
    conf = tmp_path / "user.conf"
    lines = ("min_duration = 100", "min_query_count = 100", "samples_per_query = 12")
    conf.write_text("".join(f"*.MultiStream.{line}\n" for line in lines), "utf-8")
    found = run_here(native_request(scenarios=["MultiStream"], user_conf=str(conf), max_batchsize=4))
    assert found["MultiStream"].accuracy.equals_direct and not found["MultiStream"].accuracy.errors
    assert found["MultiStream"].performance.samples >= 1200 and not found["MultiStream"].performance.errors


def test_a_plug_in_system_under_test_answers_through_the_bridge(native_request) -> None:
    holds = {"name": "native_bad_parts:Holding", "options": {}}
    path = [str(Path(__file__).parent)]
    found = run_here(native_request(scenarios=["Offline"], sut=holds, python_path=path))
    assert found["Offline"].accuracy.equals_direct and not found["Offline"].performance.errors


def test_answers_of_different_lengths_reach_the_log_as_they_are(native_request) -> None:
    words = {"name": "native_bad_parts:Words", "options": {}}
    path = [str(Path(__file__).parent)]
    found = run_here(native_request(scenarios=["Offline"], modes=["accuracy"], metric=words, python_path=path))
    assert found["Offline"].accuracy.equals_direct
    log = json.loads(Path(found["Offline"].accuracy.folder, "mlperf_log_accuracy.json").read_text("utf-8"))
    assert {len(entry["data"]) for entry in log} == {2, 4, 6, 8, 10}


CASES = [
    ("raises", "failed in issue: ValueError: cannot do sample", "failure.json"),
    ("twice", "samples were answered twice", "failure.json"),
    ("no_start", "could not start: RuntimeError: the accelerator is on fire", "child.log"),
    ("exits", "worker 0 ended before the run did: exit status 7", "failure.json"),
    ("killed", "worker 0 ended before the run did: ended by signal 9", "failure.json"),
    ("hangs", "did not end within 2 s and was stopped", "child.log"),
]


@pytest.fixture(scope="module")
def measured(parts, harness, tmp_path_factory) -> dict:
    """As for the Python harness: the bare model has been measured, and the system was good until now."""
    output = tmp_path_factory.mktemp("measured") / "r"
    data = {**native_data(parts, output, harness), "scenarios": ["SingleStream"], "sut": bad_sut(""), "workers": 1}
    run_here({**data, "modes": ["accuracy"]})
    return {**data, "modes": ["performance"]}


@pytest.mark.parametrize(("how", "words", "log"), CASES, ids=[case[0] for case in CASES])
def test_a_broken_worker_is_named_and_the_run_ends(
    measured, run_command, environ, tmp_path, how: str, words: str, log: str
) -> None:
    data = going_wrong(measured, tmp_path / "r", environ, how)
    done = run_command(data)
    assert done.returncode == 1, done.stderr
    assert words in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    named = named_log(done.stderr)
    assert named.endswith("run_1.failed/" + log) and os.path.exists(named)
    assert os.path.exists(os.path.join(os.path.dirname(named), "child.log"))


def test_nothing_lives_on_when_franca_is_killed(native_request, command, environ) -> None:
    slow = bad_sut("hangs")
    argv = command(native_request(scenarios=["SingleStream"], modes=["performance"], sut=slow))
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ)
    try:
        deadline = time.monotonic() + 60
        while len(family := descendants(process.pid)) < 4:  # the child, the harness, two workers
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    assert all(gone(pid) for pid in family)


def descendants(pid: int) -> list[int]:
    children = children_of(pid)
    return children + [one for child in children for one in descendants(child)]


def test_a_worker_that_loses_samples_is_named(native_request, run_command) -> None:
    data = native_request(
        scenarios=["Offline"],
        modes=["performance"],
        backend={"name": "native_bad_parts:LosesLater", "options": {"model": ""}},
        python_path=[str(Path(__file__).parent)],
    )
    done = run_command(data)
    assert done.returncode == 1
    assert "samples to a batch of" in done.stderr and "Traceback" not in done.stderr


def test_a_data_set_that_fails_while_loading_is_named(native_request, run_command, environ) -> None:
    environ["BAD_DATASET"] = "load"
    data = native_request(
        scenarios=["SingleStream"],
        modes=["accuracy"],
        dataset={"name": "inference_bad_parts:BadDataset", "options": {"path": ""}},
    )
    done = run_command(data)
    assert done.returncode == 1
    assert "the disk is gone" in done.stderr and "Traceback" not in done.stderr


REFUSED = [
    ({"engine": "warp"}, 1, "engine 'warp' is not known"),
    ({"harness": "/nowhere/franca-loadgen"}, 1, "there is no program '/nowhere/franca-loadgen'"),
    ({"engine": "libtorch"}, 1, "no engine of this program is called libtorch"),
    ({"engine": "onnxruntime", "library": __file__}, 1, "cannot be used as ONNX Runtime: invalid ELF header"),
    ({"servers": ["http://127.0.0.1:1"]}, 1, "engine bridge asks no servers"),
]


@pytest.mark.parametrize(("changes", "status", "words"), REFUSED, ids=[case[2][:20] for case in REFUSED])
def test_what_cannot_be_run_is_refused(native_request, run_command, changes, status, words) -> None:
    done = run_command(native_request(scenarios=["Offline"], modes=["performance"], **changes))
    assert done.returncode == status
    assert words in done.stderr and "Traceback" not in done.stderr


def test_the_null_engine_runs_every_scenario(native_request) -> None:
    found = run_here(native_request(engine="null", scenarios=["SingleStream", "Offline"], modes=["performance"]))
    assert all(one.performance.samples >= 100 and not one.performance.errors for one in found.values())
    assert sut_name(found["Offline"].performance.folder) == "Franca C++ null"


def test_a_harness_that_ends_at_once_is_named(native_request, run_command, tmp_path) -> None:
    program = tmp_path / "harness"
    program.write_text("#!/bin/sh\nexit 3\n", "utf-8")
    program.chmod(0o755)
    done = run_command(native_request(harness=str(program), scenarios=["Offline"], modes=["performance"], workers=1))
    assert done.returncode == 1
    assert "could not start: the C++ harness ended before the run began" in done.stderr
    assert "Traceback" not in done.stderr
