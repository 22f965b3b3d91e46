"""The second interface (CMX): what an action receives, and what its control flags do (CM core, section 14).

Control flags travel in ``i['control']``. An action that a ``modulex.py`` defines itself gets that form; actions
that are inherited, or come from a ``module.py``, get the older one with the control keys at the top, unless there
is a method ``ACTION_cmx``.
"""

from __future__ import annotations

import os

from franca.compat.results import Failure, Result, failure, refusal
from franca.errors import FrancaError, UsageError
from franca.grammar.argv import CMX, Invocation, parse, to_input
from franca.grammar.reference import parse_ref, parsed_pairs
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from franca.compat.access import CM

CONTROL_FLAGS = frozenset((
    "h", "help", "v", "version", "out", "j", "json", "save_to_json_file", "save_to_yaml_file", "common",
    "ignore_inheritance", "log", "logfile", "raise", "repro", "time", "profile", "i", "f",
))  # fmt: skip
#: What of ``control`` the older form has under another name or not at all.
_NOT_COPIED = ("_input",)
_CALL = ("action", "automation", "artifact", "artifacts", "control")
REPRO = "cmx-repro"


def request_of(i: Any) -> dict[str, Any]:
    """The input in CMX form: ``i`` itself, or what a command line or a list of words means.

    Raises:
        UsageError: words that make no sense.
    """
    if i is None:
        return {"control": {}}
    if isinstance(i, dict):
        control = i.setdefault("control", {})
        if not isinstance(control, dict):
            raise UsageError("control must be a mapping of control flags to values")
        control.setdefault("_input", {key: value for key, value in i.items() if key not in _CALL})
        return i
    import shlex

    from franca.compat.dispatch import read_input_file

    words = shlex.split(i) if isinstance(i, str) else [str(word) for word in i]
    return _typed(words, parse(_long_form(words), read_input_file, grammar=CMX))


def _long_form(words: list[str]) -> list[str]:
    """``ff TASK`` is short for running the automation ``flex.flow`` (CM core, section 14.6)."""
    if words[:1] != ["ff"]:
        return words
    task = [f"task={words[1]}"] if len(words) > 1 and not words[1].startswith("-") else []
    return ["run", "flex.flow", *task, *words[1 + len(task) :]]


def _typed(words: list[str], understood: Invocation) -> dict[str, Any]:
    request = to_input(understood)
    request.pop("cmd")
    request.pop("unparsed_cmd", None)
    control = request.setdefault("control", {})
    if control.pop("f", False):
        request["f"] = True
    control["_cmd"] = words
    if understood.rest is not None:
        control["_unparsed_cmd"] = list(understood.rest)
    control["_input"] = {key: value for key, value in request.items() if key not in _CALL}
    return request


def older_form(request: dict[str, Any]) -> dict[str, Any]:
    """The same input for an action that was written for CM."""
    control = request["control"]
    lifted = {key.lstrip("_"): value for key, value in control.items() if key not in _NOT_COPIED}
    return {**request, **lifted}


def complete(request: dict[str, Any], parsed_automation: Any) -> None:
    """Add the parsed references to the control part; a word that is no reference is kept as it is."""
    control = request["control"]
    control["_parsed_automation"] = parsed_automation
    if request.get("artifact"):
        _put(control, "artifact", [str(request["artifact"])], many=False)
    if request.get("artifacts"):
        _put(control, "artifacts", [str(word) for word in request["artifacts"]], many=True)


def _put(control: dict[str, Any], name: str, words: list[str], *, many: bool) -> None:
    try:
        pairs = [parsed_pairs(parse_ref(word)) for word in words]
    except UsageError:
        control[f"_unparsed_{name}"] = words if many else words[0]
    else:
        control[f"_parsed_{name}"] = pairs if many else pairs[0]


def unknown_flags(control: dict[str, Any]) -> list[str]:
    """Control flags that mean nothing; what begins with ``_`` was put there by this interface."""
    return sorted(key for key in control if not key.startswith("_") and key not in CONTROL_FLAGS)


def refuse_flags(control: dict[str, Any]) -> Result:
    """The result for unknown control flags."""
    return refusal(f"Unknown control flag(s): {', '.join(unknown_flags(control))}", 1, hint="see them all: cmx -h")


# --- the call ---------------------------------------------------------------------------------------------


def call(cm: CM, i: Any, out: str | None) -> Result:
    """Run one action through the second interface; the current directory is the caller's again afterwards."""
    try:
        request = request_of(i)
    except FrancaError as error:
        return failure(error)
    control = request["control"]
    if out is not None:
        control.setdefault("out", out)
    if unknown_flags(control):
        return refuse_flags(control)
    here = os.getcwd()
    outermost = not cm.depth
    try:
        result = _recorded(cm, request) if control.get("repro") else _ran(cm, request)
    finally:
        if outermost:
            os.chdir(here)
    if control.get("raise") and result.get("return", 1) > 0:
        cause = result.cause if isinstance(result, Failure) else None
        raise cause or Exception(str(result.get("error", "")))  # what the flag asks for
    return result


def _ran(cm: CM, request: dict[str, Any]) -> Result:
    words = f"{request.get('action', '')} {request.get('automation', '')} {request.get('artifact', '')}".rstrip()
    cm.note("info", f"asked for: {words}")
    cm.note("debug", f"input: {request!r}")
    result = cm.access_cmx(request)
    cm.note("debug", f"result: {result!r}")
    return result


def _recorded(cm: CM, request: dict[str, Any]) -> Result:
    """Run, and leave input and output in ``cmx-repro``; the input file runs the same again with ``@``."""
    from franca.compat.artifacts import plain
    from franca.compat.content_files import save_json

    folder = os.path.abspath(REPRO)
    os.makedirs(folder, exist_ok=True)
    control = {key: value for key, value in request["control"].items() if not key.startswith("_") and key != "repro"}
    control.pop("out", None)
    save_json(os.path.join(folder, "cmx-input.json"), plain({**request, "control": control}))
    result = _ran(cm, request)
    save_json(os.path.join(folder, "cmx-output.json"), plain(result))
    return result
