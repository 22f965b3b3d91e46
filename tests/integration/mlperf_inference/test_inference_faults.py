"""What goes wrong is told in one message with a log, the run ends, nothing half-done is left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from franca.errors import Interrupted
from franca.mlperf.inference.campaign import run
from franca.mlperf.inference.progress import Follower
from franca.mlperf.inference.spec import RunSpec, checked
from tests.integration.mlperf_inference.inference_cases import bad_sut, going_wrong, named_log, request_data

CASES = [
    ("raises", "failed in issue: ValueError: cannot do sample", "failure.json"),
    ("twice", "1 of 1 samples were answered twice", "failure.json"),
    ("wrong_size", "an answer has 2 bytes, the metric wants 8", "failure.json"),
    ("too_few", "0 answers were given to 1 samples", "failure.json"),
    ("a_list", "the answers are a list, expected one contiguous array", "failure.json"),
    ("stop_fails", "failed in stop: OSError: the device does not close", "failure.json"),
    ("flush", "failed in flush: OSError: flush went wrong", "failure.json"),
    ("no_start", "could not start: RuntimeError: the accelerator is on fire", "child.log"),
    ("exits", "ended with status 7 before the run was complete", "child.log"),
    ("killed", "was ended by signal SIGKILL", "child.log"),
    ("hangs", "did not end within 2 s and was stopped", "child.log"),
]


def folders(output: str) -> set[str]:
    return {p.name for p in Path(output).rglob("*") if p.is_dir()}


@pytest.fixture(scope="module")
def measured(parts, tmp_path_factory) -> dict:
    """A request whose bare model has been measured and whose system was good until now.

    The measurement has no part in what goes wrong, and must not be cut short by the limit of the system that hangs.
    """
    output = tmp_path_factory.mktemp("measured") / "r"
    data = request_data(parts, output, scenarios=["SingleStream"], sut=bad_sut(""))
    run(checked(msgspec.convert({**data, "modes": ["accuracy"]}, RunSpec)), lambda line: None)
    return {**data, "modes": ["performance"]}


@pytest.mark.parametrize(("how", "words", "log"), CASES, ids=[c[0] for c in CASES])
def test_a_broken_system_under_test_is_named(
    measured, run_command, environ, tmp_path, how: str, words: str, log: str
) -> None:
    data = going_wrong(measured, tmp_path / "r", environ, how)
    done = run_command(data)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    named = named_log(done.stderr)
    assert named.endswith("run_1.failed/" + log) and os.path.exists(named)
    assert not {name for name in folders(data["output"]) if name.startswith(".partial")}
    assert "run_1" not in folders(data["output"])


def test_a_foreign_message_is_shown_short_and_without_control_characters(request_for, run_command) -> None:
    data = request_for(
        scenarios=["SingleStream"],
        modes=["performance"],
        sut=bad_sut("shouts"),
    )
    done = run_command(data)
    assert done.returncode == 1 and "ValueError: ?[31mred xxx" in done.stderr
    assert len(done.stderr) < 5000 and "\x1b" not in done.stderr


def test_a_backend_that_loses_samples_is_named(request_for, run_command) -> None:
    data = request_for(
        scenarios=["Offline"],
        modes=["performance"],
        backend={"name": "inference_bad_parts:ShortBackend", "options": {"model": ""}},
    )
    done = run_command(data)
    assert done.returncode == 1
    assert "answered 0 samples to a batch of 1" in done.stderr


@pytest.mark.parametrize(
    ("when", "words"),
    [("load", "the disk is gone"), ("unload", "failed in unload: OSError: the memory is not given back")],
)
def test_a_data_set_that_fails_when_loadgen_asks_it_is_named(request_for, run_command, environ, when, words) -> None:
    data = request_for(
        scenarios=["SingleStream"],
        modes=["accuracy"],
        dataset={"name": "inference_bad_parts:BadDataset", "options": {"path": ""}},
    )
    environ["BAD_DATASET"] = when
    done = run_command(data)
    assert done.returncode == 1
    assert words in done.stderr and "Traceback" not in done.stderr


REFUSED = [
    (
        {"model_file": "/nowhere/model.onnx"},
        16,
        "model /nowhere/model.onnx does not exist",
        "run its recipe with --new",
    ),
    ({"interpreter": "/nowhere/python"}, 1, "/nowhere/python", "get python3"),
    ({"user_conf": "/nowhere/user.conf"}, 4, "/nowhere/user.conf: cannot be read", ""),
    ({"output": "/proc/results"}, 1, "cannot be made", "--output"),
    (
        {"dataset": {"name": "digits", "options": {"path": "/nowhere"}}},
        1,
        "holdout-images.npy is missing",
        "get dataset",
    ),
    ({"dataset": {"name": "mystery"}}, 1, "no dataset is called 'mystery'", ""),
    ({"backend": {"name": "onnxruntime", "options": {"model": __file__}}}, 1, "cannot be opened by onnxruntime", ""),
]


@pytest.mark.parametrize(("changes", "status", "words", "hint"), REFUSED, ids=[next(iter(r[0])) for r in REFUSED])
def test_what_is_missing_is_named_with_the_next_step(request_for, run_command, changes, status, words, hint) -> None:
    done = run_command(request_for(scenarios=["Offline"], **changes))
    assert done.returncode == status, done.stderr
    assert words in done.stderr and hint in done.stderr and "Traceback" not in done.stderr


def test_a_device_that_is_not_there_is_refused(request_for, run_command, parts) -> None:
    options = {"model": str(parts / "model.onnx"), "device": "cuda"}
    done = run_command(request_for(scenarios=["Offline"], backend={"name": "onnxruntime", "options": options}))
    assert done.returncode == 1
    assert "this onnxruntime offers only" in done.stderr


def test_a_missing_loadgen_names_the_recipe(request_for, run_command, tmp_path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([os.environ.get("PYTHON", "python3"), "-m", "venv", "--without-pip", str(bare)], check=True)
    done = run_command(request_for(interpreter=str(bare / "bin" / "python")))
    assert done.returncode == 1
    assert "mlcommons_loadgen is not installed" in done.stderr
    assert 'franca run script "get mlperf inference loadgen"' in done.stderr


def test_a_wrong_user_conf_is_refused_before_loadgen_sees_it(request_for, run_command, tmp_path) -> None:
    conf = tmp_path / "user.conf"
    conf.write_text("# mine\n*.Server.target_qps=100\n", "utf-8")
    done = run_command(request_for(user_conf=str(conf)))
    assert done.returncode == 4
    assert f"{conf}:2:20" in done.stderr and "blanks are needed" in done.stderr


def children_of(pid: int) -> list[int]:
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(x) for x in out.stdout.split()]


def start_and_wait_for_child(argv, environ) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)
    assert process.stderr is not None
    for line in process.stderr:
        if "Offline performance" in line:
            break
    deadline = time.monotonic() + 60
    while not (found := children_of(process.pid)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process, found[0]


def gone(pid: int) -> bool:
    """True when the process has ended within half a minute (a zombie has ended)."""
    for _ in range(1500):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as source:
                if source.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_a_stop_while_something_is_shown_keeps_the_logs_too(measured, environ, tmp_path, monkeypatch) -> None:
    def stop(self: Follower, elapsed_s: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("BAD_SUT", "hangs")
    monkeypatch.setattr(Follower, "tick", stop)
    data = {**measured, "output": str(tmp_path / "r")}
    shutil.copytree(measured["output"], data["output"])
    with pytest.raises(Interrupted, match="finished parts are kept"):
        run(checked(msgspec.convert(data, RunSpec)), lambda line: None)
    assert (next(Path(data["output"]).rglob("run_1.failed")) / "child.log").exists()


SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]


@pytest.mark.parametrize("number", SIGNALS, ids=["Ctrl-C", "TERM", "hang-up", "kill -9"])
def test_a_stopped_run_leaves_no_process_and_goes_on_later(
    request_for, command, run_command, environ, tmp_path, number
) -> None:
    conf = tmp_path / "long.conf"
    conf.write_text("*.Offline.min_duration = 20000\n*.Offline.target_qps = 20000\n", "utf-8")
    long = request_for(scenarios=["Offline"], modes=["accuracy", "performance"], user_conf=str(conf))
    slow = bad_sut("hangs")
    process, child = start_and_wait_for_child(command({**long, "sut": slow}), environ)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert process.returncode == (-9 if number == signal.SIGKILL else 128 + number)
    assert gone(child), "LoadGen's process lives on"
    if number != signal.SIGKILL:
        word = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}.get(number, "the terminal has gone")
        assert word in said and "Traceback" not in said
        kept = next(Path(long["output"]).rglob("run_1.failed"))
        assert str(kept / "child.log") in said and (kept / "user.conf").exists(), "the logs of the part are kept"
    done = run_command(request_for(scenarios=["Offline"]))
    assert done.returncode == 0, done.stderr
    assert not {name for name in folders(long["output"]) if name.startswith(".partial")}
