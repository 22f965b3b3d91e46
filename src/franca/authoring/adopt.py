"""A script folder for an existing project: proposed from a survey, shown, and written."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Sequence

import msgspec
from packaging.requirements import Requirement

from franca.authoring.programflags import Flag
from franca.authoring.scaffold import Scaffold, check_name, env_name, place, tag_lines
from franca.authoring.survey import Survey
from franca.authoring.vocabulary import GENERIC_INPUTS
from franca.authoring.ways import Command
from franca.catalog.catalog import Catalog
from franca.catalog.names import new_uid
from franca.errors import NotFound
from franca.model.dialect import Dialect
from franca.model.ids import Ref
from franca.model.record import replace
from franca.model.tags import split_tags

_MAX_INPUTS = 40
_RESERVED = frozenset((
    *GENERIC_INPUTS, "src", "tags", "env", "const", "state", "ad", "adr", "version", "version_min", "version_max",
    "help", "json", "v", "s", "q", "j", "time", "shell", "repro", "artifact", "locked", "trust",
))  # fmt: skip


class Input(msgspec.Struct, frozen=True):
    """An input of the new script and the words of the command that it becomes."""

    flag: str
    key: str
    about: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    argument: str = ""  #: ``--epochs``, or ``EPOCHS=`` for a variable of make
    switch: bool = False


class Proposal(msgspec.Struct, frozen=True):
    """What would be written, with where it was learned."""

    ref: Ref
    uid: str
    tags: tuple[str, ...]
    dialect: Dialect
    meta: str
    files: dict[str, str]
    evidence: tuple[str, ...]
    notes: tuple[str, ...]


def propose(survey: Survey, ref: Ref, tags: Sequence[str], dialect: Dialect, *, command: str = "") -> Proposal:
    """The folder that would run the project.

    Args:
        ref: name of the script; from the folder's name where it is empty.
        command: a line of shell that is the work, instead of what was found.

    Raises:
        NotFound: no command was found and none given.
        Refused: the name is none.
    """
    alias = ref.name.alias or script_name(survey.path)
    check_name(alias)
    ref = Ref(replace(ref.name, alias=alias), ref.repo)
    key = dialect.key(env_name(alias))
    chosen = None if command else _chosen(survey)
    inputs = _inputs(chosen, key) if chosen else []
    words = split_tags(tags) or tuple(dict.fromkeys(("run", *re.split(r"[-_.]+", alias))))
    uid = ref.name.uid or new_uid()
    notes = [*survey.notes, *_notes(survey, chosen, dialect)]
    meta = _meta(survey, alias, uid, words, dialect, key, inputs, notes)
    files = {"run.sh": _native(chosen, command, key, dialect, inputs, python=survey.uses_python)}
    return Proposal(ref, uid, words, dialect, meta, files, _evidence(survey, chosen, command), tuple(notes))


def write(catalog: Catalog, proposal: Proposal) -> Scaffold:
    """Make the script. Raises as ``Catalog.add`` does."""
    one = proposal
    return place(catalog, one.ref, one.uid, one.tags, one.meta, one.files, one.dialect)


def script_name(path: str) -> str:
    """A name out of a folder's: ``My Project`` -> ``my-project``."""
    name = re.sub(r"[^a-z0-9]+", "-", os.path.basename(path).lower()).strip("-")
    return name or "project"


def _chosen(survey: Survey) -> Command:
    if not survey.commands:
        raise NotFound(
            f"nothing in {survey.path} says how it is run: no command in a README, Makefile or Dockerfile, "
            "no run.sh, no main.py",
            hint='say it: franca adopt PATH --command="python3 work.py"',
        )
    return survey.commands[0]


def _inputs(command: Command, key: str) -> list[Input]:
    found = [_of_flag(flag, key) for flag in command.flags]
    found += [
        Input(name.lower(), f"{key}_{name}", f"The variable {name} of make", value, argument=f"{name}=")
        for name, value in command.variables
    ]
    return [_renamed(one) for one in found[:_MAX_INPUTS]]


def _renamed(one: Input) -> Input:
    """An input whose flag means something else to every run gets another one."""
    return msgspec.structs.replace(one, flag="arg_" + one.flag) if one.flag in _RESERVED else one


def _of_flag(flag: Flag, key: str) -> Input:
    name = flag.name.lstrip("-").lower().replace("-", "_")
    return Input(name, f"{key}_{name.upper()}", flag.about, flag.default, flag.choices, flag.name, flag.switch)


# -- meta ----------------------------------------------------------------------------------------------


def _meta(
    survey: Survey, alias: str, uid: str, tags: Sequence[str], dialect: Dialect, key: str, inputs: list[Input],
    notes: list[str],
) -> str:  # fmt: skip
    parts = [
        f"alias: {json.dumps(alias)}\nuid: {json.dumps(uid)}\nautomation_alias: script",
        "automation_uid: 5b4e0237da074764\ncategory: Adopted projects",
        *([f"name: {json.dumps(survey.about)}"] if survey.about else []),
        f"tags:\n{tag_lines(tags)}\ncache: false",
        "# Where the project is: --src=PATH takes another copy of it.",
        "input_mapping:\n" + "\n".join([f"  src: {key}_SRC", *(f"  {i.flag}: {i.key}" for i in inputs)]),
        "input_description:\n  src:\n    desc: Folder of the project\n" + "\n".join(_described(i) for i in inputs),
        f"default_env:\n  {key}_SRC: {json.dumps(survey.path)}",
        _deps(survey, dialect, notes),
        f"new_env_keys:\n- {key}_SRC",
    ]
    return "\n".join(part.rstrip("\n") for part in parts) + "\n"


def _described(one: Input) -> str:
    lines = [f"  {one.flag}:", f"    desc: {json.dumps(one.about or 'Passed on as ' + one.argument.rstrip('='))}"]
    if one.default:
        lines.append(f"    default: {json.dumps(one.default)}")
    if one.choices:
        lines.append(f"    choices: {json.dumps(list(one.choices))}")
    if one.switch:
        lines.append("    boolean: true")
    return "\n".join(lines)


def _deps(survey: Survey, dialect: Dialect, notes: list[str]) -> str:
    if not survey.uses_python:
        return "deps: []"
    lines = ["deps:", "- tags: get,python3", "  names:\n  - python\n  - python3"]
    if survey.python:
        lines.append(f"  version_min: {json.dumps(survey.python)}")
    for text in survey.requirements:
        lines += _requirement(Requirement(text), notes)
    return "\n".join(lines)


def _requirement(one: Requirement, notes: list[str]) -> list[str]:
    lines = [f"- tags: {json.dumps('get,generic-python-lib,_package.' + one.name)}"]
    if one.extras:
        notes.append(f"{one}: the extras are not taken over")
    bounds: dict[str, str] = {}
    for specifier in one.specifier:
        name = {"==": "version", ">=": "version_min", "~=": "version_min", "<=": "version_max"}.get(specifier.operator)
        if name and "*" not in specifier.version:
            bounds[name] = specifier.version
        if name is None or specifier.operator == "~=" or "*" in specifier.version:
            notes.append(f"{one}: {specifier} cannot be said exactly; look at the bounds in the meta")
    return [*lines, f"  names:\n  - {json.dumps(one.name)}", *(f"  {k}: {json.dumps(v)}" for k, v in bounds.items())]


# -- run.sh --------------------------------------------------------------------------------------------


def _native(
    command: Command | None, line: str, key: str, dialect: Dialect, inputs: list[Input], *, python: bool
) -> str:
    head = ["#!/bin/bash", "set -euo pipefail", f'cd "${{{key}_SRC}}"']
    interpreter = f'"${{{dialect.key("PYTHON_BIN_WITH_PATH")}}}"' if python else ""
    if command is None:
        begun = re.match(r"python3?(?=\s|$)", line)
        return "\n".join([*head, (interpreter + line[begun.end() :]) if begun and interpreter else line]) + "\n"
    if command.python_root:
        head.append(f'export PYTHONPATH="${{{key}_SRC}}/{command.python_root}${{PYTHONPATH:+:${{PYTHONPATH}}}}"')
    if command.folder:
        head.append(f"cd {shlex.quote(command.folder)}")
    head += [f'export {name}="${{{name}:-{value}}}"' for name, value in command.env]
    head += [" ".join(_started(step, interpreter)) for step in command.before]
    words = _started(command.words, interpreter)
    end = [f"> {shlex.quote(command.output)}"] if command.output else []
    if not inputs:
        return "\n".join([*head, " ".join([*words, *end])]) + "\n"
    lines = [*head, "", "args=()", *(_argument(one) for one in inputs), ""]
    return "\n".join([*lines, " ".join([*words, '"${args[@]}"', *end])]) + "\n"


def _started(words: Sequence[str], interpreter: str) -> list[str]:
    """Words for the shell; Python is the interpreter of the dependency, where there is one."""
    quoted = [shlex.quote(word) for word in words]
    if words[0] in ("python", "python3") and interpreter:
        quoted[0] = interpreter
    return quoted


def _argument(one: Input) -> str:
    value = f"${{{one.key}}}"
    if one.switch:
        return f'case "${{{one.key}:-}}" in yes|True|true|1|on) args+=({one.argument}) ;; esac'
    added = f'"{one.argument}{value}"' if one.argument.endswith("=") else f'{one.argument} "{value}"'
    return f'if [[ -n "${{{one.key}:-}}" ]]; then args+=({added}); fi'


# -- what is said --------------------------------------------------------------------------------------


def _evidence(survey: Survey, chosen: Command | None, command: str) -> tuple[str, ...]:
    out = [f"command: {chosen.line} ({chosen.where})" if chosen else f"command: {command} (as given)"]
    out += [f"also possible: {c.line} ({c.where})" for c in survey.commands[0 if command else 1 : 6]]
    if chosen and (chosen.flags or chosen.variables):
        out.append(f"inputs: {len(chosen.flags) + len(chosen.variables)}, from its own options and defaults")
    if survey.requirements_from:
        out.append(f"packages: {len(survey.requirements)} ({survey.requirements_from})")
    if survey.python:
        out.append(f"Python: at least {survey.python}")
    return tuple(out)


def _notes(survey: Survey, chosen: Command | None, dialect: Dialect) -> list[str]:
    found = []
    if survey.system_packages:
        found.append("its Dockerfile installs system packages: " + ", ".join(survey.system_packages))
    if dialect.is_new and survey.uses_python:
        found.append(
            "get,python3 must come from content of the new dialect: franca pull repo mlcommons@mlperf-automations"
        )
    if chosen and len(chosen.flags) > _MAX_INPUTS:
        found.append(f"only the first {_MAX_INPUTS} of its options are inputs")
    return found
