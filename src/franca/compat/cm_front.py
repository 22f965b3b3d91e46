"""The programs ``cm``, ``cmr``, ``cmx`` and ``mlc``, ``mlcr`` with their kin (CM core, sections 7, 13 to 15).

Each turns its words into an input dictionary, hands it to ``access``, and shows the result the way that
program did: text on standard output, errors on standard error, the status that scripts test.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

from franca.compat.access import CM
from franca.compat.artifacts import plain
from franca.compat.content_data import is_true
from franca.compat.dispatch import read_input_file
from franca.compat.results import Failure, Result, failure
from franca.compat.screen import Screen, Verbosity
from franca.errors import FrancaError, KindNotFound, StepFailed
from franca.grammar.argv import CM as CM_GRAMMAR
from franca.grammar.argv import CMX, MLC, parse, to_input, to_new_input
from franca.model.dialect import CLASSIC, NEW, Dialect

#: Program -> the words that it stands for.
CLASSIC_PROGRAMS: dict[str, tuple[str, ...]] = {
    "cm": (),
    "cmind": (),
    "cmr": ("run", "script"),
    "cmrd": ("docker", "script"),
    "cmg": ("gui", "script"),
    "cme": ("run", "experiment"),
    "cmx": (),
    "cmxr": ("run", "script"),
}
NEW_PROGRAMS: dict[str, tuple[str, ...]] = {
    "mlc": (),
    "mlcflow": (),
    "mlcr": ("run", "script"),
    "mlcd": ("docker", "script"),
    "mlca": ("apptainer", "script"),
    "mlce": ("experiment", "script"),
    "mlct": ("test", "script"),
    "mlcp": ("pull", "repo"),
    "mlcrr": ("remote-run", "script"),
    "mlcre": ("remote-experiment", "script"),
    "mlcrd": ("remote-docker", "script"),
    "mlcrs": ("remote-slurm", "script"),
    "mlcres": ("remote-slurm-experiment", "script"),
    "mlcrse": ("remote-slurm-experiment", "script"),
    "mlcsr": ("slurm-run", "script"),
    "mlcsd": ("slurm-docker", "script"),
    "mlcsa": ("slurm-apptainer", "script"),
    "mlcse": ("slurm-experiment", "script"),
}
_USAGE_STATUS = 2  #: of the new programs, for a command line that makes no sense


def main(program: str, argv: Sequence[str]) -> int:
    """Run one command line of ``program`` and return its exit status."""
    try:
        if program in NEW_PROGRAMS:
            return _new(program, argv)
        if program in ("cmx", "cmxr"):
            return _cmx(program, argv)
        return _classic(program, argv)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


# --- cm ---------------------------------------------------------------------------------------------


def _classic(program: str, argv: Sequence[str]) -> int:
    try:
        words = [*CLASSIC_PROGRAMS.get(program, ()), *argv]
        if words in (["--version"], ["-version"]):
            words = ["version"]
        request = to_input(parse(words, read_input_file, grammar=CM_GRAMMAR))
    except FrancaError as error:
        return _classic_error(failure(error))
    request.setdefault("out", "con")
    as_json = request["out"] == "json"
    cm = _cm(request, CLASSIC)
    with _clean_stdout(as_json or _wants_json(request)):
        result = _called(cm, request)
    if as_json or (_wants_json(request) and result["return"] == 0):
        _print_json(result, full=bool(request.get("full")), sort=as_json)
    _tell_warnings(cm)
    if request.get("save_to_json"):
        _save(str(request["save_to_json"]), result)
    if result["return"] > 0 and not as_json:
        return _classic_error(result)
    return _status(result)


def _classic_error(result: Result) -> int:
    print(f"\nCM error: {_text(result)}!", file=sys.stderr)
    _more(result)
    return _status(result)


def _more(result: Result) -> None:
    for key, word in (("log", "log"), ("hint", "next")):
        if result.get(key):
            print(f"  {word}: {result[key]}", file=sys.stderr)


def _status(result: Result) -> int:
    return int(result["return"]) & 0xFF


def _text(result: Result) -> str:
    return str(result.get("error") or "unknown error").rstrip("!")


# --- cmx --------------------------------------------------------------------------------------------

_CMX_CONTROL = frozenset((
    "h", "help", "v", "version", "out", "j", "json", "save_to_json_file", "save_to_yaml_file", "common",
    "ignore_inheritance", "log", "logfile", "raise", "repro", "time", "profile", "i", "f",
))  # fmt: skip


def _cmx(program: str, argv: Sequence[str]) -> int:
    try:
        words = [*CLASSIC_PROGRAMS[program], *argv]
        request = to_input(parse(words, read_input_file, grammar=CMX))
    except FrancaError as error:
        return _cmx_error(failure(error))
    control = request.setdefault("control", {})
    unknown = sorted(set(control) - _CMX_CONTROL)
    if unknown:
        return _cmx_error({"return": 1, "error": f"Unknown control flag(s): {', '.join(unknown)}"})
    if control.pop("f", False):
        request["f"] = True
    out = str(control.get("out") or "con")
    cm = _cm(request, CLASSIC)
    with _clean_stdout(_wants_json(control)):
        try:
            result = cm.x(request, out)
        except Exception as error:  # an automation of content raised
            result = _content_raised(error, cm)
    if _wants_json(control):
        _print_json(result)
    _tell_warnings(cm)
    if control.get("save_to_json_file"):
        _save(str(control["save_to_json_file"]), result)
    return _cmx_error(result) if result["return"] > 0 else 0


def _cmx_error(result: Result) -> int:
    place = ""
    if result.get("module_path"):
        place = f" while running automation {result['module_path']} ({result.get('lineno', 0)})"
    text = result.get("warning") or _text(result)
    print(f"\nCMX detected a problem{place}: {text}!", file=sys.stderr)
    _more(result)
    return _status(result)


# --- mlc --------------------------------------------------------------------------------------------


def _new(program: str, argv: Sequence[str]) -> int:
    try:
        words = [*NEW_PROGRAMS[program], *argv]
        request = _new_request(to_new_input(parse(words, read_input_file, grammar=MLC)))
    except FrancaError as error:
        return _new_error(failure(error), "")
    cm = _cm(request, NEW)
    with _clean_stdout(_wants_json(request)):
        result = _called(cm, request)
    if _wants_json(request) and result["return"] == 0:
        _print_json(result, full=bool(request.get("full")), sort=False)
    _tell_warnings(cm)
    if result["return"] > 0:
        return _new_error(result, str(request.get("automation") or ""))
    return 0


def _new_request(request: dict[str, Any]) -> dict[str, Any]:
    """The newer input in the words that ``access`` knows."""
    target = str(request.pop("target", "") or "")
    request["automation"] = {"repos": "repo", "all": "repo"}.get(target, target)
    request["out"] = "con"
    action, details = request.get("action"), request.get("details")
    if details and (request["automation"] != "script" or action not in ("run", "test")):
        _name_or_tags(request, str(details))
    return request


def _name_or_tags(request: dict[str, Any], details: str) -> None:
    """The third word is a name where it can be one; ``a,b`` without a uid is tags (CM core, section 15.4)."""
    from franca.model.ids import is_uid

    listed = "," in details and not any(is_uid(part.strip()) for part in details.split(","))
    if listed:
        return
    request.pop("tags", None)
    request["artifact"] = request.pop("details")


def _new_error(result: Result, target: str) -> int:
    cause = result.cause if isinstance(result, Failure) else None
    print(f"Error during '{target or 'mlc'}' action: {_text(result)}", file=sys.stderr)
    if isinstance(cause, StepFailed) and cause.step:
        print(f"Failed script: {cause.step}", file=sys.stderr)
        print(f"To rerun just the failed part: mlcr {cause.step}", file=sys.stderr)
    _more(result)
    return _USAGE_STATUS if isinstance(cause, KindNotFound) else 1


# --- what they share ----------------------------------------------------------------------------------


def _cm(request: dict[str, Any], dialect: Dialect) -> CM:
    silent = bool(request.get("s") or request.get("silent"))
    verbose = bool(request.get("v") or request.get("verbose"))
    if dialect.is_new:  # verbose wins over silent there, and loses in the classic dialect
        silent = silent and not verbose
    screen = Screen(dialect, Verbosity(silent, verbose and not silent, is_true(request.get("time", ""))))
    cm = CM(home_dialect=dialect, listener=screen)
    cm.isolate_hooks = bool(request.pop("isolate_hooks", False))
    return cm


def _called(cm: CM, request: dict[str, Any]) -> Result:
    if request.get("time"):
        from franca.catalog import memo

        memo.withdraw()  # what took long yesterday is no answer to how long it takes now
    try:
        result: Any = cm.access(request)
    except FrancaError:
        raise
    except Exception as error:  # an automation of content raised
        return _content_raised(error, cm)
    if not isinstance(result, dict) or "return" not in result:
        return {"return": 1, "error": "the action did not return a result dictionary"}
    return result


def _content_raised(error: Exception, cm: CM) -> Result:
    """An exception of content's own code, with the place where it happened; raised on under ``CM_DEBUG``."""
    if cm.debug:
        raise error
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1]
    text = f"{type(error).__name__}: {error} ({last.filename}:{last.lineno})"
    return {"return": 1, "error": text, "hint": "set CM_DEBUG=yes to see the whole chain of calls"}


def _wants_json(request: dict[str, Any]) -> bool:
    return bool(request.get("j") or request.get("json"))


def _print_json(result: Result, *, full: bool = False, sort: bool = True) -> None:
    print(json.dumps(plain(result, full=full), indent=2, sort_keys=sort), flush=True)


@contextmanager
def _clean_stdout(wanted: bool) -> Iterator[None]:
    """With ``wanted``, all that this process and its children print inside goes to standard error."""
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _tell_warnings(cm: CM) -> None:
    for text in cm.catalog.warnings:
        print(f"WARNING: {text}", file=sys.stderr)


def _save(path: str, result: Result) -> None:
    from franca.catalog import memo
    from franca.compat.content_files import save_json

    memo.withdraw()  # an answer from memory would write no file
    save_json(path, plain(result))
