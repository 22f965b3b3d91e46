"""The process in which isolated hooks run: hears a call, calls the hook, answers (see ``isolated_hooks``)."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from franca.compat.access import CM
from franca.compat.hook_surface import ContentHooks
from franca.compat.isolation_talk import LIVE, Gone, Kept, Message, Talk, error_data, error_from, script_from
from franca.engine.hooks import HookContext, HookReply
from franca.errors import FrancaError, HookFailed
from franca.model.dialect import DIALECTS

_INTERRUPTED = 130


def main(argv: list[str]) -> None:
    """Serve calls until the pipe closes. Does not return."""
    talk = Talk(int(argv[1]), int(argv[2]))
    for descriptor in (talk.reading, talk.writing):
        os.set_inheritable(descriptor, False)  # programs that a hook starts have no business with them
    sys.argv = ["franca"]
    status = 0
    try:
        worker = Worker(talk, talk.hear())
        while True:
            worker.serve(talk.hear())
    except Gone:
        pass
    except KeyboardInterrupt:
        status = _INTERRUPTED
    _flush()
    os._exit(status)  # threads that hooks have left behind are not waited for


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # a hook has closed it
            pass


class RunDone:
    """What another script's run gave, as far as content sees it."""

    def __init__(self, answer: Message) -> None:
        self.env: dict[str, Any] = answer["env"]
        self.new_env: dict[str, Any] = answer["new_env"]
        self.state: dict[str, Any] = answer["state"]
        self.new_state: dict[str, Any] = answer["new_state"]
        self.deps: list[Any] = answer["deps"]
        self.skipped = bool(answer["skipped"])


class RemoteEngine:
    """The engine of the run, which lives on the other side."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def run(self, inputs: dict[str, Any]) -> RunDone:
        plain = {k: v for k, v in inputs.items() if not callable(v) and k != "automation_object"}
        return RunDone(self._worker.ask({"want": "run", "inputs": plain}))


class Worker:
    def __init__(self, talk: Talk, greeting: Message) -> None:
        self._talk = talk
        self._process = os.getpid()
        self._cm = CM(environ=greeting["environ"], home_dialect=DIALECTS[greeting["home_dialect"]])
        self._cm.debug = bool(greeting["debug"])
        self._cm._engine = RemoteEngine(self)  # type: ignore[assignment]
        self._hooks = ContentHooks(self._cm, greeting["environ"])
        self._calls: list[Kept] = []  #: of the calls that are going on, the innermost last

    def serve(self, message: Message) -> None:
        """One call of a hook. What it does to the process's variables and directory ends with it."""
        environ = dict(os.environ)
        os.chdir(message["directory"])
        context = self._context(message)
        self._calls.append(Kept({name: getattr(context, name) for name in LIVE}))
        self._refresh()
        try:
            answer = self._outcome(message["call"], context)
        finally:
            self._calls.pop()
            _restore(environ)
        if os.getpid() != self._process:
            os._exit(0)  # the hook has forked, and this is the copy
        self._talk.say(answer)

    def _outcome(self, hook: str, context: HookContext) -> Message:
        try:
            reply = self._hooks.call_here(hook, context)
            return {"done": _reply_data(reply), **self._changes()}
        except FrancaError as error:
            return {"failed": error_data(error)}

    def _changes(self) -> Message:
        return {"changes": self._calls[-1].changes(), "wrote": self._cm._catalog is not None}

    def ask(self, wish: Message) -> Message:
        """Have something done by the run; serves calls that come from doing it. Raises what went wrong there."""
        _flush()
        try:
            self._talk.say({**wish, "directory": os.getcwd(), **self._changes()})
        except (TypeError, ValueError) as error:
            raise HookFailed(f"an input holds a value that cannot leave its process: {error}") from None
        here = os.getcwd()
        while "call" in (message := self._talk.hear()):
            self.serve(message)
            os.chdir(here)
        self._refresh()
        self._calls[-1].take_over(message["changes"])
        if "error" in message:
            raise error_from(message["error"])
        return message

    def _refresh(self) -> None:
        if self._cm._catalog is not None:
            self._cm._catalog.refresh()

    def _context(self, message: Message) -> HookContext:
        live: dict[str, dict[str, Any]] = message["live"]
        live_env = live["env"]

        def run_native(
            script_name: str, env: dict[str, Any], *, detect_version: bool = False, missing_ok: bool = False
        ) -> str:
            own = env is live_env
            answer = self.ask(
                {
                    "want": "native",
                    "name": script_name,
                    "env": None if own else env,
                    "detect_version": detect_version,
                    "missing_ok": missing_ok,
                }
            )
            if not own:
                env.clear()
                env.update(answer["env"])
            return str(answer["version"])

        return HookContext(
            script=script_from(message["script"]),
            **live,
            inputs=message["inputs"],
            variation_tags=message["variation_tags"],
            variation_string=message["variation_string"],
            script_tags=message["script_tags"],
            directory=message["directory"],
            depth=message["depth"],
            quiet=message["quiet"],
            silent=message["silent"],
            found_cached=message["found_cached"],
            run_native=run_native,
            run_script=RemoteEngine(self).run,
        )


def _reply_data(reply: HookReply) -> Message:
    """Raises HookFailed: the hook's answer holds what cannot leave its process."""
    import json

    data = {name: getattr(reply, name) for name in HookReply.__slots__}
    try:
        json.dumps(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise HookFailed(f"the hook's answer holds a value that cannot leave its process: {error}") from None
    return data


def _restore(environ: Mapping[str, str]) -> None:
    if dict(os.environ) != environ:
        os.environ.clear()
        os.environ.update(environ)
