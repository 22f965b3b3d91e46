"""What is known of a request for a script before it runs: the script that answers, and its variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from franca.engine.planning import Planner
from franca.errors import UsageError
from franca.grammar.merge import merge
from franca.planner import commands as ask
from franca.planner.frame import Frame
from franca.planner.guards import decide

if TYPE_CHECKING:
    from franca.compat.access import CM


class Known(NamedTuple):
    """The script of a request, assembled, and the variables that are known before it runs."""

    frame: Frame
    env: dict[str, Any]


class _Looking(Planner):
    """Plans a request and keeps its top script, with its variables as they are before it runs itself."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.frame: Frame | None = None
        self.env: dict[str, Any] | None = None
        self._answers[ask.Assembled] = self._keep

    def _keep(self, command: ask.Assembled) -> None:
        if self.frame is None:
            self.frame = command.frame

    def _hook(self, command: ask.CallHook) -> ask.HookDone:
        self._look_at(command.frame)
        return super()._hook(command)

    def _native(self, command: ask.RunNative) -> ask.NativeDone:
        self._look_at(command.frame)
        return super()._native(command)

    def _look_at(self, frame: Frame) -> None:
        if frame is self.frame and self.env is None:
            self.env = known_env(frame)


def known_env(frame: Frame) -> dict[str, Any]:
    return {key: value for key, value in frame.scope.env.items() if key not in frame.unknown}


def look(cm: CM, inputs: dict[str, Any]) -> Known:
    """What is known of a request without running it. Raises what a plan raises."""
    planner = cm.engine.plan_with(_Looking, inputs)
    if planner.frame is None:
        raise UsageError("the request names no script", hint="give its tags: cm docker script --tags=...")
    env = known_env(planner.frame) if planner.env is None else planner.env
    return Known(planner.frame, env)


def block_of(known: Known, name: str) -> dict[str, Any]:
    """A block of the meta as ``docker`` is assembled: of the script, its variations and its conditional blocks."""
    frame = known.frame
    meta, resolved = frame.script.meta, frame.resolved
    variations = meta.get("variations") or {}
    blocks = [meta, *(variations.get(one) or {} for one in resolved.variations)]
    blocks += [b for b in resolved.update_meta_if_env if decide(b, known.env, new=frame.script.dialect.is_new).applies]
    out: dict[str, Any] = {}
    for block in blocks:
        out = merge(out, dict(block.get(name) or {}))
    return out
