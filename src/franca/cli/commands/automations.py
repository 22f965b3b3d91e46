"""Actions of automations that are no commands of Franca: they go the way of ``access``."""

from __future__ import annotations

import os

import franca
from franca.cli.output import Answer
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.compat.results import Failure
from franca.errors import FrancaError
from franca.grammar.argv import Invocation, to_input
from franca.model.light import Any


def call(bound: Bound, session: Session) -> Answer:
    """Run the action of a command on a kind that brings its own."""
    return call_action(bound.command.name, bound.kind, bound.words, bound.invocation, session)


def call_action(action: str, kind: str, words: tuple[str, ...], invocation: Invocation, session: Session) -> Answer:
    """Run any action of any automation; what it prints is the answer for people, its result that for programs."""
    from franca.compat.access import CM
    from franca.compat.front_parts import content_raised

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
    cm = CM(environ=session.environ)
    with session.output.reserved():
        try:
            result = cm.access(request)
        except FrancaError:
            raise
        except Exception as error:
            if not _of_content(error):
                raise
            result = content_raised(error, cm)
    if result.get("return", 0):
        raise _error(result)
    return Answer(_data(result))


def _of_content(error: Exception) -> bool:
    """Whether it was raised by code of an automation rather than by ours."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is not None and not place.tb_frame.f_code.co_filename.startswith(os.path.dirname(franca.__file__))


def _error(result: dict[str, Any]) -> FrancaError:
    """The error of a result: the very one, where it was ours."""
    if isinstance(result, Failure):
        return result.cause
    text = str(result.get("error") or "the action failed without a message")
    error = FrancaError(text, hint=str(result.get("hint") or ""))
    error.status = int(result["return"])
    return error


def _data(result: dict[str, Any]) -> dict[str, Any]:
    """A result dictionary without what JSON cannot hold (objects become text)."""
    return {str(key): value for key, value in result.items()}
