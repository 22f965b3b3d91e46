"""Actions of automations that are no commands of Franca: they go the way of ``access``."""

from __future__ import annotations

from typing import Any

from franca.cli.output import Answer
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import FrancaError
from franca.grammar.argv import Invocation, to_input


def call(bound: Bound, session: Session) -> Answer:
    """Run the action of a command on a kind that brings its own."""
    return call_action(bound.command.name, bound.kind, bound.words, bound.invocation, session)


def call_action(action: str, kind: str, words: tuple[str, ...], invocation: Invocation, session: Session) -> Answer:
    """Run any action of any automation; what it prints is the answer for people, its result that for programs."""
    from franca.compat.access import CM

    plain = Invocation(
        action=action,
        kind=kind,
        artifacts=words,
        options={key: value for key, value in invocation.options.items() if key not in ("json", "j")},
        rest=invocation.rest,
        words=invocation.words,
    )
    request = to_input(plain)
    request["out"] = "" if session.output.as_json else "con"
    with session.output.reserved():
        result = CM(environ=session.environ).access(request)
    if result.get("return", 0):
        error = FrancaError(str(result.get("error", "the action failed without a message")))
        error.status = int(result["return"])
        raise error
    return Answer(_data(result))


def _data(result: dict[str, Any]) -> dict[str, Any]:
    """A result dictionary without what JSON cannot hold (objects become text)."""
    return {str(key): value for key, value in result.items()}
