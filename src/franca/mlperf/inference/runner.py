"""Runs one job in a process of its own, watches it, and says in one error what went wrong.

Why a process: LoadGen cannot be aborted from Python, honours its configuration once per process, and turns
ordinary mistakes into crashes (mlperf-inference sections 1.7-1.9).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from franca.errors import Interrupted, StepFailed
from franca.mlperf.inference.boot import boot_argv
from franca.mlperf.inference.child import SETUP_FAILED
from franca.mlperf.inference.job import ANSWER, FAILURE, Job, job_to_json
from franca.mlperf.inference.results import HostLoad
from franca.mlperf.inference.scenarios import Mode
from franca.mlperf.logs.lines import excerpt
from franca.runners import endings

MAX_ERROR = 500  #: characters of a foreign exception that a message repeats; the log has all of it
POLL_S = 0.5
AFTER_FAILURE_S = 10.0  #: a run that has already failed gets this long to end and to write its logs
MODE_NAMES = {m.loadgen_name: m.value for m in Mode}
CHILD_LOG = "child.log"


class Interpreter(NamedTuple):
    """The Python that has LoadGen and the runtime, and where else it looks for packages."""

    executable: str
    python_path: Sequence[str] = ()

    def environment(self) -> dict[str, str]:
        """The process environment of a child: ours, with the plug-ins' folders on the search path."""
        environ = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}
        if self.python_path:
            environ["PYTHONPATH"] = os.pathsep.join(self.python_path)
        # numpy's own thread pool is never used here and costs start-up time per process.
        environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        return environ


class Child(NamedTuple):
    """How a child ended: its answer, and what it cost beside LoadGen's own time."""

    answer: dict[str, Any]
    seconds: float
    host: HostLoad | None = None  #: what else the machine did; None where it was not watched or cannot be read


def watchdog_limit(expected_s: float, queries: float) -> float:
    """Seconds after which a run counts as hung (section 1.9)."""
    return expected_s * 3 + 60 + 6 * queries / 1e6


def run_job(
    job: Job,
    interpreter: Interpreter,
    *,
    limit_s: float,
    on_wait: Callable[[float], None] | None = None,
) -> Child:
    """Run ``job`` to its end; its logs stay in ``job.outdir`` whatever happens.

    Raises:
        StepFailed: the child raised, hung, was killed, or left no answer; the message says which.
        Interrupted: Ctrl-C or a termination signal; the child is dead when this is raised.
    """
    try:
        return _watched(job, interpreter, limit_s, on_wait)
    except KeyboardInterrupt as error:
        raise Interrupted(f"{endings.word()}; the running part was stopped, finished parts are kept") from error


def _watched(job: Job, interpreter: Interpreter, limit_s: float, on_wait: Callable[[float], None] | None) -> Child:
    spec = write_job(job)
    began = time.monotonic()
    log = os.path.join(job.outdir, CHILD_LOG)
    with open(log, "wb") as stream:
        process = _start(spec, interpreter, stream, job)
    try:
        timed_out = _wait(process, job.outdir, limit_s, on_wait)
    except BaseException:
        kill_group(process)
        raise
    finally:
        if process.stdin:
            process.stdin.close()
    _tidy(job)
    problem = _problem(process, job, limit_s if timed_out else 0.0)
    if problem:
        raise problem
    with open(os.path.join(job.outdir, ANSWER), encoding="utf-8") as source:
        return Child(json.load(source), time.monotonic() - began)


def write_job(job: Job, folder: str = "") -> str:
    """Write ``job.json`` into a folder, the job's own by default; returns its path."""
    path = os.path.join(folder or job.outdir, "job.json")
    with open(path, "w", encoding="utf-8") as out:
        out.write(job_to_json(job))
    return path


def command_line(spec: str, interpreter: Interpreter) -> list[str]:
    """The words that run a job's file in a process of its own. It ends when its standard input is closed."""
    return boot_argv(interpreter.executable, "franca.mlperf.inference.child", spec)


def _start(spec: str, interpreter: Interpreter, log: Any, job: Job) -> subprocess.Popen[bytes]:
    argv = command_line(spec, interpreter)
    try:
        # A pipe as standard input: when this process dies, even by kill -9, the child reads the end of it.
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=interpreter.environment(),
            cwd=job.outdir,
            start_new_session=True,
        )
    except OSError as error:
        raise StepFailed(
            f"the Python of the benchmark, {interpreter.executable}, does not start: {error.strerror}",
            hint='make it again: franca run script "get python3" --new',
        ) from error


def _wait(
    process: subprocess.Popen[bytes], outdir: str, limit_s: float, on_wait: Callable[[float], None] | None
) -> bool:
    """Wait for the end; True when the limit was reached and the child's process group was killed."""
    began = time.monotonic()
    deadline = began + limit_s
    failure = os.path.join(outdir, FAILURE)
    failed = False
    while True:
        now = time.monotonic()
        try:
            process.wait(timeout=max(0.01, min(POLL_S, deadline - now)))
            return False
        except subprocess.TimeoutExpired:
            if not failed and os.path.exists(failure):
                failed = True
                deadline = min(deadline, time.monotonic() + AFTER_FAILURE_S)
        if time.monotonic() >= deadline:
            kill_group(process)
            return True
        if on_wait:
            on_wait(time.monotonic() - began)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End the child and everything it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()


def _tidy(job: Job) -> None:
    """LoadGen creates the trace file even when tracing is off (section 1.6)."""
    trace = os.path.join(job.outdir, "mlperf_log_trace.json")
    try:
        if os.path.getsize(trace) == 0:
            os.unlink(trace)
    except OSError:
        pass


def _problem(process: subprocess.Popen[bytes], job: Job, limit_s: float) -> StepFailed | None:
    """What went wrong, most telling cause first; None when all is well."""
    name = f"{job.scenario} {MODE_NAMES[job.mode]} run" if job.scenario else "the baseline measurement"
    log = os.path.join(job.outdir, CHILD_LOG)
    caught = _caught(job.outdir)
    status = process.returncode
    if caught:
        where, error = caught
        if status == SETUP_FAILED and where == "setup":
            text = error.split(": ", 1)[1] if error.startswith("PlugError: ") else error
            return StepFailed(f"{name} could not start: {text}", step=name, log=log, hint=_setup_hint(text))
        ended = "; it then hung and was stopped" if limit_s else ""
        return StepFailed(
            f"{name}: the system under test failed in {where}: {error}{ended}",
            step=name,
            log=os.path.join(job.outdir, FAILURE),
            hint="fix the system under test; the traceback is in the log",
        )
    if limit_s:
        return StepFailed(
            f"{name} did not end within {limit_s:.0f} s and was stopped (a query was probably never answered)",
            step=name,
            log=log,
        )
    if status < 0:
        return StepFailed(f"{name}: the process was ended by {_signal_name(-status)}", step=name, log=log)
    if status or not os.path.exists(os.path.join(job.outdir, ANSWER)):
        return StepFailed(
            f"{name}: the process ended with status {status} before the run was complete", step=name, log=log
        )
    return None


def _caught(outdir: str) -> tuple[str, str] | None:
    try:
        with open(os.path.join(outdir, FAILURE), encoding="utf-8") as source:
            data = json.load(source)
    except (OSError, ValueError):
        return None
    return str(data["where"]), excerpt(" ".join(str(data["error"]).split()), MAX_ERROR)


def _setup_hint(text: str) -> str:
    if "mlperf_loadgen" in text:
        return 'install LoadGen: franca run script "get mlperf inference loadgen"'
    if "onnxruntime" in text and "import" in text:
        return 'install the runtime: franca run script "get generic-python-lib _onnxruntime"'
    if text.startswith("data set"):
        return 'make the data set again: franca run script "get dataset digits" --new'
    if text.startswith("model file"):
        return 'make the model again: franca run script "get ml-model digits" --new'
    return ""


def _signal_name(number: int) -> str:
    try:
        return f"signal {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"
