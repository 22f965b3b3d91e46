"""Hooks in a process of their own (``--isolate-hooks``), so that what they do to the interpreter ends with it.

One worker serves the hooks of one run. What a hook may change (``env``, ``state``, ``const``, ``meta``) goes over with
the call, and the changes come back with the answer. A hook that runs a native script or another script asks for it
here, where the run, its journal and its locks are. A hook that crashes, ends its process or does not come back in time
(``FRANCA_HOOK_TIMEOUT``, seconds) fails its step and nothing else. This protects a run from the mistakes of content; it
is no sandbox against malice: the worker may do to files what the user may.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from franca.compat.isolation_talk import LIVE, Gone, Kept, Late, Message, Talk, error_data, error_from, script_data
from franca.engine.hooks import HookContext, HookReply
from franca.errors import FrancaError, HookFailed, Interrupted, UsageError

if TYPE_CHECKING:
    from franca.compat.access import CM
    from franca.compat.hook_surface import ContentHooks
    from franca.model.artifact import Repo

#: Seconds that a hook may take by itself; unset: as long as it likes.
TIMEOUT = "FRANCA_HOOK_TIMEOUT"
_START = (
    "import sys; sys.path[:] = sys.argv[3:]; from franca._boot import load_msgspec; load_msgspec(); "
    "from franca.compat.isolated_worker import main; main(sys.argv)"
)
_GRACE = 2.0  #: seconds between asking a worker to end and killing it
_INTERRUPTED = (130, -2)


class IsolatedHooks:
    """The engine's ``HookSurface`` over hooks that run elsewhere.

    Args:
        local: the surface in this process; asked whether a repository is trusted.
    """

    def __init__(self, local: ContentHooks, cm: CM, environ: Mapping[str, str]) -> None:
        self._local = local
        self._cm = cm
        self._environ = environ
        self._seconds = _limit(environ)
        self._worker: _Worker | None = None
        self._run: object = None  #: the run state of the run that the worker serves

    def call(self, hook: str, context: HookContext) -> HookReply:
        if not context.script.has_hooks:
            return HookReply(present=False)
        self._local.check_trust(context.script.repo)
        worker = self._ready(context)
        try:
            return _Call(worker, hook, context, self._seconds, self._cm.catalog.refresh).outcome()
        except BaseException:
            if worker.ended():
                self._worker = None
            raise

    def check_trust(self, repo: Repo) -> None:
        self._local.check_trust(repo)

    def _ready(self, context: HookContext) -> _Worker:
        if self._worker is None or self._run is not context.run_state:
            if self._worker is not None:
                self._worker.end()
            self._worker, self._run = _Worker(self._cm, self._environ), context.run_state
        return self._worker


def _limit(environ: Mapping[str, str]) -> float:
    text = environ.get(TIMEOUT, "").strip()
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        raise UsageError(f"{TIMEOUT} must be a number of seconds, not {text!r}") from None


class _Worker:
    """The process, and the pipes to it."""

    def __init__(self, cm: CM, environ: Mapping[str, str]) -> None:
        reading, theirs_out = os.pipe()
        theirs_in, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        argv = [sys.executable, "-c", _START, str(theirs_in), str(theirs_out), *sys.path]
        self.process = subprocess.Popen(argv, pass_fds=(theirs_in, theirs_out))
        os.close(theirs_in)
        os.close(theirs_out)
        self.talk = Talk(reading, writing, default=str)
        self._closing = weakref.finalize(self, _end, self.process, self.talk)
        self.talk.say({"environ": dict(environ), "home_dialect": cm.home_dialect.name, "debug": cm.debug})

    def ended(self) -> bool:
        return self.process.poll() is not None

    def end(self) -> int:
        """Let it go; returns its exit status."""
        self._closing()
        return int(self.process.returncode or 0)


def _end(process: subprocess.Popen[bytes], talk: Talk) -> None:
    """A worker ends by itself when nobody talks to it any more; one that does not is killed."""
    talk.close()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class _Call:
    """One call of a hook, with what the hook asks for meanwhile."""

    def __init__(
        self, worker: _Worker, hook: str, context: HookContext, seconds: float, refresh: Callable[[], None]
    ) -> None:
        self.worker, self.hook, self.context = worker, hook, context
        self.seconds = seconds
        self.refresh = refresh
        self.kept = Kept({name: getattr(context, name) for name in LIVE}, default=str)

    def outcome(self) -> HookReply:
        """Raises HookFailed, and what the hook raised."""
        try:
            self.worker.talk.say(self._opening())
            while True:
                message = self._heard()
                if "done" in message:
                    return self._reply(message)
                if "failed" in message:
                    raise error_from(message["failed"])
                self._serve(message)
        except Gone:
            raise self._silent(self.worker.end()) from None
        except Late:
            self._kill()
            raise self._failure(f"did not come back in {self.seconds:g} s and was stopped") from None
        except (ValueError, TypeError, KeyError) as error:
            self._kill()
            raise self._failure(f"gave an answer that makes no sense ({error})") from None
        except KeyboardInterrupt:
            self._kill()
            raise

    def _opening(self) -> Message:
        context = self.context
        inputs = {k: v for k, v in context.inputs.items() if not callable(v) and k != "automation_object"}
        return {
            "call": self.hook,
            "script": script_data(context.script),
            "live": self.kept.live,
            "inputs": inputs,
            "variation_tags": context.variation_tags,
            "variation_string": context.variation_string,
            "script_tags": context.script_tags,
            "directory": os.getcwd(),
            "depth": context.depth,
            "quiet": context.quiet,
            "silent": context.silent,
            "found_cached": context.found_cached,
        }

    def _heard(self) -> Message:
        deadline = time.monotonic() + self.seconds if self.seconds else 0.0
        return self.worker.talk.hear(deadline=deadline, ended=self.worker.ended)

    def _take_over(self, message: Message) -> None:
        self.kept.take_over(message["changes"])
        if message["wrote"]:
            self.refresh()

    def _reply(self, message: Message) -> HookReply:
        self._take_over(message)
        done = message["done"]
        redirect = done["redirect"]
        return HookReply(
            present=bool(done["present"]),
            version=str(done["version"]),
            extra_cache_tags=tuple(map(str, done["extra_cache_tags"])),
            skip=bool(done["skip"]),
            redirect=dict(redirect) if redirect is not None else None,
        )

    def _serve(self, message: Message) -> None:
        """Do what the hook asked for, in its directory, and answer."""
        self._take_over(message)
        os.chdir(message["directory"])
        try:
            answer = self._native(message) if message["want"] == "native" else self._run(message)
        except FrancaError as error:
            answer = {"error": error_data(error)}
        self.worker.talk.say({**answer, "changes": self.kept.changes()})

    def _native(self, message: Message) -> Message:
        given = message["env"]
        env = self.context.env if given is None else dict(given)
        version = self.context.run_native(
            str(message["name"]),
            env,
            detect_version=bool(message["detect_version"]),
            missing_ok=bool(message["missing_ok"]),
        )
        return {"version": version, "env": None if given is None else env}

    def _run(self, message: Message) -> Message:
        result = self.context.run_script(dict(message["inputs"]))
        names = ("env", "new_env", "state", "new_state")
        return {**{name: getattr(result, name) for name in names}, "deps": list(result.deps), "skipped": result.skipped}

    def _kill(self) -> None:
        self.worker.process.kill()
        self.worker.end()

    def _silent(self, status: int) -> FrancaError:
        if status in _INTERRUPTED:
            return Interrupted("interrupted", hint="run the same command again to go on where it stopped")
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return self._failure(f"ended its process with {how}")

    def _failure(self, text: str) -> HookFailed:
        step = ",".join(self.context.script_tags)
        return HookFailed(f"{self.hook} of {self.context.script.path}/customize.py {text}", step=step)
