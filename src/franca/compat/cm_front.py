"""The programs ``cm``, ``cmr``, ``cmx`` and ``mlc``, ``mlcr`` with their kin (CM core, sections 7, 13 to 15).

Each turns its words into an input dictionary, hands it to ``access``, and shows the result the way that
program did: text on standard output, errors on standard error, the status that scripts test.
"""

from __future__ import annotations

import os
import sys

from franca.compat.access import CM
from franca.compat.dispatch import read_input_file
from franca.compat.front_parts import (
    clean_stdout,
    cm_for,
    content_raised,
    error_text,
    exit_status,
    print_json,
    save,
    tell_more,
    tell_warnings,
    wants_json,
)
from franca.compat.results import Failure, Result, failure
from franca.errors import FrancaError, KindNotFound, StepFailed
from franca.grammar.argv import CM as CM_GRAMMAR
from franca.grammar.argv import MLC, parse, to_input, to_new_input
from franca.model.dialect import CLASSIC, NEW
from franca.model.light import TYPE_CHECKING, Any
from franca.runners import endings

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    "flextask": ("run", "flex.task"),
    "ft": ("run", "flex.task"),
}
CMX_PROGRAMS = ("cmx", "cmind", "cmxr", "flextask", "ft")  #: those of CLASSIC_PROGRAMS that speak the second language
NEW_PROGRAMS: dict[str, tuple[str, ...]] = {
    "mlc": (),
    "mlcflow": (),
    "mlcr": ("run", "script"),
    "cmlc": (),
    "cmlcr": ("run", "script"),
    "cr": ("run", "script"),
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
    endings.heed()
    return endings.status(_performed(program, argv))


def _performed(program: str, argv: Sequence[str]) -> int:
    try:
        if program in NEW_PROGRAMS:
            return _new(program, argv)
        if program in CMX_PROGRAMS:
            from franca.compat import cmx_front

            return cmx_front.main(CLASSIC_PROGRAMS[program], argv)
        return _classic(program, argv)
    except KeyboardInterrupt:
        print(endings.word(), file=sys.stderr)
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
    cm = cm_for(request, CLASSIC)
    with clean_stdout(as_json or wants_json(request)):
        result = _called(cm, request)
    if as_json or (wants_json(request) and result["return"] == 0):
        print_json(result, full=bool(request.get("full")), sort=as_json)
    tell_warnings(cm)
    if request.get("save_to_json"):
        save(str(request["save_to_json"]), result)
    if result["return"] > 0 and not as_json:
        return _classic_error(result)
    return exit_status(result)


def _classic_error(result: Result) -> int:
    print(f"\nCM error: {error_text(result)}!", file=sys.stderr)
    tell_more(result)
    return exit_status(result)


# --- mlc --------------------------------------------------------------------------------------------


def _new(program: str, argv: Sequence[str]) -> int:
    try:
        words = [*NEW_PROGRAMS[program], *argv]
        request = _new_request(to_new_input(parse(words, read_input_file, grammar=MLC)))
    except FrancaError as error:
        return _new_error(failure(error), "")
    if request.get("mlc_isolate"):
        return _isolated(request)
    return _newly_called(request)


def _isolated(request: dict[str, Any]) -> int:
    from franca.compat.isolated_root import isolated

    try:
        with isolated(request, os.environ):
            return _newly_called(request)
    except FrancaError as error:
        return _new_error(failure(error), "")


def _newly_called(request: dict[str, Any]) -> int:
    cm = cm_for(request, NEW)
    with clean_stdout(wants_json(request)):
        result = _called(cm, request)
    if wants_json(request) and result["return"] == 0:
        print_json(result, full=bool(request.get("full")), sort=False)
    tell_warnings(cm)
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

    listed = "," in details and not any(is_uid(part.strip()) for part in details.replace(":", ",").split(","))
    if listed:
        return
    request.pop("tags", None)
    request["artifact"] = request.pop("details")


def _new_error(result: Result, target: str) -> int:
    cause = result.cause if isinstance(result, Failure) else None
    print(f"Error during '{target or 'mlc'}' action: {error_text(result)}", file=sys.stderr)
    if isinstance(cause, StepFailed) and cause.step:
        print(f"Failed script: {cause.step}", file=sys.stderr)
        print(f"To rerun just the failed part: mlcr {cause.step}", file=sys.stderr)
    tell_more(result)
    return _USAGE_STATUS if isinstance(cause, KindNotFound) else 1


def _called(cm: CM, request: dict[str, Any]) -> Result:
    if request.get("time"):
        from franca.catalog import memo

        memo.withdraw()  # what took long yesterday is no answer to how long it takes now
    try:
        result: Any = cm.access(request)
    except FrancaError:
        raise
    except Exception as error:  # an automation of content raised
        return content_raised(error, cm)
    if not isinstance(result, dict) or "return" not in result:
        return {"return": 1, "error": "the action did not return a result dictionary"}
    return result
