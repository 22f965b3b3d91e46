"""What the fronts of ``cm``, ``cmx`` and ``mlc`` share: making the CM object, showing results and errors."""

from __future__ import annotations

import os
import sys

from franca.compat.access import CM
from franca.compat.artifacts import plain
from franca.compat.results import Result
from franca.grammar.terminal import harmless
from franca.model.dialect import Dialect
from franca.model.light import TYPE_CHECKING, Any, contextmanager
from franca.planner.guards import is_true

if TYPE_CHECKING:
    from collections.abc import Iterator

    from franca.compat.screen import Screen


def cm_for(request: dict[str, Any], dialect: Dialect) -> CM:
    silent = bool(request.get("s") or request.get("silent"))
    verbose = bool(request.get("v") or request.get("verbose"))
    if dialect.is_new:  # verbose wins over silent there, and loses in the classic dialect
        silent = silent and not verbose
    times = is_true(request.get("time", ""))

    def screen() -> Screen:
        from franca.compat.screen import Screen, Verbosity

        return Screen(dialect, Verbosity(silent, verbose and not silent, times))

    cm = CM(home_dialect=dialect)
    cm.make_listener = screen  # only a run has something to show
    cm.isolate_hooks = bool(request.pop("isolate_hooks", False))
    return cm


def content_raised(error: Exception, cm: CM) -> Result:
    """An exception of content's own code, with the place where it happened; raised on under ``CM_DEBUG``."""
    if cm.debug or isinstance(error, BrokenPipeError):
        raise error
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1]
    text = f"{type(error).__name__}: {error} ({last.filename}:{last.lineno})"
    return {"return": 1, "error": text, "hint": "set CM_DEBUG=yes to see the whole chain of calls"}


def wants_json(request: dict[str, Any]) -> bool:
    return bool(request.get("j") or request.get("json"))


def print_json(result: Result, *, full: bool = False, sort: bool = True) -> None:
    import json

    print(json.dumps(plain(result, full=full), indent=2, sort_keys=sort), flush=True)


@contextmanager
def clean_stdout(wanted: bool) -> Iterator[None]:
    """With ``wanted``, all that this process and its children print inside goes to standard error."""
    if not wanted:
        yield
        return
    stream, kept = sys.stdout, os.dup(1)
    stream.flush()
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    try:
        yield
    finally:
        sys.stdout = stream
        sys.stderr.flush()
        os.dup2(kept, 1)
        os.close(kept)


def tell_warnings(cm: CM) -> None:
    for text in cm.catalog.warnings:
        print(f"WARNING: {harmless(text)}", file=sys.stderr)


def save(path: str, result: Result) -> None:
    from franca.catalog import memo
    from franca.compat.content_files import save_json

    memo.withdraw()  # an answer from memory would write no file
    save_json(path, plain(result))


def tell_more(result: Result) -> None:
    for key, word in (("log", "log"), ("hint", "next")):
        if result.get(key):
            print(f"  {word}: {harmless(str(result[key]))}", file=sys.stderr)


def exit_status(result: Result) -> int:
    return int(result["return"]) & 0xFF


def error_text(result: Result) -> str:
    """The error of a result, after all that was said before it has been written."""
    sys.stdout.flush()
    return harmless(str(result.get("error") or "unknown error").rstrip("!"))
