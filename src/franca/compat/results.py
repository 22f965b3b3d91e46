"""The one place where an error becomes a result dictionary and a result dictionary an error.

Convention of CM (CM core, section 10.3): ``{'return': 0, ...}`` on success, ``{'return': N, 'error': text}``
on failure.
"""

from __future__ import annotations

from franca.errors import FrancaError, HookFailed
from franca.model.light import Any

Result = dict[str, Any]


class Failure(dict[str, Any]):
    """A result dictionary that remembers its error, so that content may hand it up and nothing is lost."""

    cause: FrancaError


def failure(error: FrancaError) -> Result:
    """The result dictionary of ``error``; ``hint`` and ``log`` are there only when the error has them."""
    result = Failure({"return": error.status or 1, "error": getattr(error, "classic", "") or str(error)})
    result.cause = error
    if error.hint:
        result["hint"] = error.hint
    if error.log:
        result["log"] = error.log
    return result


def refusal(text: str, code: int = 1, **more: Any) -> Result:
    """A result dictionary for a request that cannot be served."""
    return {"return": code, "error": text, **more}


def code_of(result: object) -> int:
    """The ``return`` value of what content handed back.

    Raises:
        HookFailed: it is no result dictionary at all.
    """
    if not isinstance(result, dict) or "return" not in result:
        raise HookFailed(f"a dictionary with a 'return' key was expected, got {_short(result)}")
    try:
        return int(result["return"])
    except (TypeError, ValueError):
        raise HookFailed(f"'return' must be a number, got {_short(result['return'])}") from None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
