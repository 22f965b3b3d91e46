"""Running a hook in a child process, so that what it does to the interpreter ends with it.

The child is a fork: it has everything that the hook needs, and hands back what the hook may change (``env``, ``state``,
``const``, ``const_state``, ``meta``) with its reply. A hook that crashes or ends the process fails its step and nothing
else. This protects the run from the hook's mistakes; it is no sandbox against malice.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from typing import Any

from franca.engine.hooks import HookContext, HookReply
from franca.errors import FrancaError, HookFailed, Interrupted

_LIVE = ("env", "state", "const", "const_state", "meta")
_INTERRUPTED = 130


def in_child(call: Callable[[], HookReply], hook: str, context: HookContext) -> HookReply:
    """Run ``call`` in a child and take over its changes of the context.

    Raises:
        FrancaError: what the hook raised.
        HookFailed: the child ended without an answer, or left values that no other process can have.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os._exit(_answer(call, context, writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        data = stream.read()
    _, wait_status = os.waitpid(child, 0)
    if not data:
        raise _silent(os.waitstatus_to_exitcode(wait_status), hook, context)
    return _taken_over(pickle.loads(data), context)  # noqa: S301 - from our own child


def _answer(call: Callable[[], HookReply], context: HookContext, writing: int) -> int:
    """In the child: run, and send the outcome. Returns the exit status."""
    try:
        outcome: tuple[str, Any, Any] = ("reply", *_outcome(call, context))
    except FrancaError as error:
        outcome = ("error", type(error), error.__dict__)
    except KeyboardInterrupt:
        return _INTERRUPTED
    try:
        data = pickle.dumps(outcome)
    except Exception as error:  # content may put anything into its state
        text = f"the hook left a value that cannot leave its process: {error}"
        data = pickle.dumps(("error", HookFailed, HookFailed(text).__dict__))
    with os.fdopen(writing, "wb") as stream:
        stream.write(data)
    sys.stdout.flush()
    sys.stderr.flush()
    return 0


def _outcome(call: Callable[[], HookReply], context: HookContext) -> tuple[dict[str, Any], dict[str, Any]]:
    reply = call()
    return (
        {name: getattr(reply, name) for name in HookReply.__slots__},
        {name: getattr(context, name) for name in _LIVE},
    )


def _taken_over(outcome: tuple[str, Any, Any], context: HookContext) -> HookReply:
    kind, first, second = outcome
    if kind == "error":
        error = first.__new__(first)
        error.__dict__.update(second)
        error.args = (second.get("message", ""),)
        raise error
    for name in _LIVE:
        live = getattr(context, name)
        live.clear()
        live.update(second[name])
    return HookReply(**first)


def _silent(status: int, hook: str, context: HookContext) -> FrancaError:
    if status in (_INTERRUPTED, -2):
        return Interrupted("interrupted", hint="run the same command again to go on where it stopped")
    how = f"signal {-status}" if status < 0 else f"status {status}"
    step = ",".join(context.script_tags)
    return HookFailed(f"{hook} of {context.script.path}/customize.py ended its process with {how}", step=step)
