"""Work that steps may do before their turn: today, downloads that a plan knows beforehand.

A script of our own recipes may have a file ``ahead.py`` with a function ``ahead(env, unknown)``. It is given the
environment that the script's ``preprocess`` will see as far as a plan knows it, and answers with a ``Job`` or None.
Jobs run in a few threads while the run goes on in its order. What a job does must not show: it puts something
where the script itself looks for it, whole and checked, and when it fails the script does all of the work in its
turn and tells what is wrong. So a run has the same steps, events and results with it and without it.

Nothing is planned before a run reaches the first such script, so that other runs do not pay for it.
"""

from __future__ import annotations

import os
import time

from franca.errors import FrancaError
from franca.model.light import TYPE_CHECKING, Any, Protocol
from franca.model.script import Script
from franca.planner.frame import Frame

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    Stopped = Callable[[], bool]

FILE = "ahead.py"
WORKERS = 4  #: jobs at the same time; more would mostly share the same line
OFF = "FRANCA_NO_PREFETCH"
PATIENCE_S = 5.0  #: for jobs that were asked to end; one may be waiting for a name server


class Job(Protocol):
    """``identity`` tells equal jobs apart from others; ``work`` ends soon after ``stopped`` says so."""

    identity: str

    def work(self, stopped: Stopped) -> None: ...


class Ahead:
    """The jobs of one run. ``jobs_of_plan`` is asked once, for the jobs of all steps in the order of the run."""

    def __init__(self, jobs_of_plan: Callable[[], list[Job]]) -> None:
        self._jobs_of_plan = jobs_of_plan
        self._started = False
        self._stopped = False
        self._waiting: list[Job] = []
        self._taken: set[str] = set()  #: jobs whose step has begun
        self._threads: list[threading.Thread] = []

    def reached(self, frame: Frame) -> None:
        """A step that may have a job begins: it does its own work now, the jobs of later steps may start."""
        if not has_ahead(frame.script):
            return
        own = job_of(frame.script, frame.scope.env, frozenset())
        if own is not None:
            self._taken.add(own.identity)
        if not self._started:
            self._started = True
            self._start()

    def _start(self) -> None:
        import threading

        found = {job.identity: job for job in self._jobs_of_plan()}
        self._waiting.extend(job for job in found.values() if job.identity not in self._taken)
        for number in range(min(WORKERS, len(self._waiting))):
            thread = threading.Thread(target=self._serve, name=f"ahead-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self) -> None:
        while not self._stopped:
            try:
                job = self._waiting.pop(0)
            except IndexError:
                return
            if job.identity in self._taken:
                continue
            try:
                job.work(lambda: self._stopped)
            except Exception:  # noqa: S112 - the step itself meets the reason again, and tells it
                continue

    def stop(self) -> None:
        """Start nothing more, ask what runs to end, and wait for it.

        A thread that is inside OpenSSL or the resolver when the interpreter ends can bring the process down.
        """
        self._stopped = True
        until = time.monotonic() + PATIENCE_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))


def has_ahead(script: Script) -> bool:
    """Only what ships with the package: the code runs outside of the order that other content may rely on."""
    return FILE in script.files and not script.repo.writable


def job_of(script: Script, env: dict[str, Any], unknown: frozenset[str]) -> Job | None:
    """What a script can do ahead, given what is known of its environment."""
    import importlib.util

    path = os.path.join(script.path, FILE)
    spec = importlib.util.spec_from_file_location("franca_recipe_ahead", path)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    job: Job | None = module.ahead(env, unknown)
    return job


def jobs_of_plan(plan: Callable[[], list[tuple[Script, dict[str, Any], frozenset[str]]]]) -> list[Job]:
    """The jobs of a plan's steps; none when it cannot be made, which the run will tell about in its own time."""
    try:
        steps = plan()
    except FrancaError:
        return []
    jobs = (job_of(script, env, unknown) for script, env, unknown in steps)
    return [job for job in jobs if job is not None]


def enabled(inputs: dict[str, Any], environ: Any) -> bool:
    """``--no_prefetch`` and the environment variable turn it off."""
    return not inputs.get("no_prefetch") and environ.get(OFF, "") in ("", "0", "no")
