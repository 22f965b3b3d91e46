"""What a run prints or writes when its script is done: the output flags of script engine, section 13."""

from __future__ import annotations

import os

from franca.catalog.files import write_json_atomic, write_text_atomic
from franca.catalog.jsontext import quoted
from franca.grammar.shell import export_lines, quote
from franca.model.dialect import Dialect
from franca.model.event import Event, Said
from franca.model.light import TYPE_CHECKING, Any
from franca.model.script import VersionRecord
from franca.planner.frame import Outcome
from franca.planner.guards import is_true

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Tell = Callable[[Event], None]


_HIDDEN = frozenset((
    "action", "automation", "artifact", "artifacts", "cmd", "out", "parsed_automation", "parsed_artifact",
    "parsed_artifacts", "unparsed_cmd", "gh_token", "hf_token", "details", "target",
))  # fmt: skip


def command_of(inputs: Mapping[str, Any], program: str = "franca run script") -> str:
    """The command line that repeats a request; secrets and parsed forms are left out."""
    words = program.split()
    for name in (inputs.get("artifact"), *(inputs.get("artifacts") or ())):
        if name:
            words.append(str(name))
    if inputs.get("tags"):
        tags = inputs["tags"]
        words.append("--tags=" + (tags if isinstance(tags, str) else ",".join(map(str, tags))))
    for key in sorted(k for k in inputs if k not in _HIDDEN and k != "tags"):
        words += _flags(key, inputs[key])
    return " ".join(quote(word) for word in words)


def _flags(key: str, value: Any) -> list[str]:
    if isinstance(value, dict):
        return [flag for k in sorted(value) for flag in _flags(f"{key}.{k}", value[k])]
    if isinstance(value, (list, tuple)):
        return [f"--{key},=" + ",".join(str(v) for v in value)]
    if value is True:
        return [f"--{key}"]
    if value is False:
        return [f"--{key}-"]
    return [] if value is None else [f"--{key}={value}"]


_WRITING = ("dump_version_info", "print_readme", "save_env", "mlc_output", "repro", "shell")


def writes(inputs: Mapping[str, Any]) -> bool:
    """Whether a flag of the request makes a file or opens a shell when the run is done."""
    return any(is_true(inputs.get(name)) for name in _WRITING)


def finish(
    outcome: Outcome, inputs: Mapping[str, Any], records: Sequence[VersionRecord], tell: Tell, directory: str
) -> dict[str, Any]:
    """Do what the flags of the top-level call ask for. Returns ``new_state`` with what they add to it."""
    dialect, new_state = outcome.script.dialect, dict(outcome.new_state)

    def on(name: str) -> bool:
        return is_true(inputs.get(name))

    if on("print_deps"):
        commands = [_dep_command(d, dialect) for d in outcome.deps]
        for command in commands:
            tell(Said(text=command))
        new_state["print_deps"] = commands
    if on("print_versions"):
        rule = "=" * 54
        lines = [f"* {r.tags}: {r.version}" for r in records if r.version]
        for line in (rule, "Versions of dependencies:", *lines, rule):
            tell(Said(text=line))
    if on("dump_version_info"):
        _dump_versions(records, dialect, directory)
    if on("print_readme"):
        _write_readme(outcome, inputs, dialect, directory)
    if on("save_env"):
        write_text_atomic(os.path.join(directory, "tmp-env.sh"), _env_script(outcome, dialect))
    if is_true(inputs.get("mlc_output")):
        write_json_atomic(os.path.join(directory, "tmp-state.json"), outcome.new_state)
        text = "".join(f"{k}={_quoted(v)}\n" for k, v in sorted(outcome.new_env.items()))
        write_text_atomic(os.path.join(directory, "tmp-run-env.out"), text)
    if on("repro"):
        _write_repro(outcome, inputs, records, new_state, directory)
    if on("shell"):
        _open_shell(outcome, dialect, directory)
    return new_state


def _dep_command(tags: str, dialect: Dialect) -> str:
    return f"{dialect.command} {tags}" if dialect.is_new else f"{dialect.command} --tags={tags}"


def _quoted(value: Any) -> str:
    return quoted(str(value))


def version_entries(records: Sequence[VersionRecord]) -> list[dict[str, Any]]:
    """Version records in the shape of the files that upstream writes."""
    return [
        {
            r.tags: {
                "script_uid": r.script_uid,
                "script_alias": r.script_alias,
                "script_tags": r.script_tags,
                "script_variations": r.script_variations,
                "version": r.version,
                "parent": r.parent,
            }
        }
        for r in records
    ]


def _dump_versions(records: Sequence[VersionRecord], dialect: Dialect, directory: str) -> None:
    name = "mlc" if dialect.is_new else "cm"
    for file in (f"{name}-run-script-versions.json", "version_info.json"):
        write_json_atomic(os.path.join(directory, file), version_entries(records))


def _env_script(outcome: Outcome, dialect: Dialect) -> str:
    prefix = [str(line) for line in outcome.scope.state.get("script_prefix") or ()]
    return "\n".join(["#!/bin/bash", *prefix, *export_lines(outcome.new_env, new=dialect.is_new)]) + "\n"


def _write_readme(outcome: Outcome, inputs: Mapping[str, Any], dialect: Dialect, directory: str) -> None:
    program = "mlcr" if dialect.is_new else "cm run script"
    lines = [
        "# How to repeat this run", "", "```bash", "pip install franca", command_of(inputs, program), "```", "",
        "Its dependencies, one by one:", "", "```bash", *(_dep_command(d, dialect) for d in outcome.deps), "```", "",
    ]  # fmt: skip
    name = "README-mlc.md" if dialect.is_new else "README-cm.md"
    write_text_atomic(os.path.join(directory, name), "\n".join(lines))


def _write_repro(
    outcome: Outcome,
    inputs: Mapping[str, Any],
    records: Sequence[VersionRecord],
    new_state: Mapping[str, Any],
    directory: str,
) -> None:
    import platform

    folder = os.path.join(directory, str(inputs.get("repro_dir") or "cm-repro"))
    prefix = os.path.join(folder, str(inputs.get("repro_prefix") or "cm-run-script"))
    os.makedirs(folder, exist_ok=True)
    output = {"return": 0, "new_env": outcome.new_env, "new_state": new_state, "deps": list(outcome.deps)}
    info = {
        "host_os_name": os.name,
        "host_system": platform.system(),
        "host_os_release": platform.release(),
        "host_machine": platform.machine(),
        "host_architecture": list(platform.architecture()),
        "host_python_version": platform.python_version(),
        "host_sys_version": platform.version(),
    }
    shown = {k: v for k, v in inputs.items() if k not in _HIDDEN or k in ("artifact", "artifacts")}
    state = {"version_info": version_entries(records)}
    for name, value in (("input", shown), ("info", info), ("output", output), ("run-state", state)):
        write_json_atomic(f"{prefix}-{name}.json", value)
    write_text_atomic(f"{prefix}-README-cm.md", f"```bash\n{command_of(inputs, 'cm run script')}\n```\n")
    whole = {"info": info, "input": shown, "output": output, "state": dict(new_state), **state}
    write_json_atomic(os.path.join(directory, "cm-output.json"), whole)


def _open_shell(outcome: Outcome, dialect: Dialect, directory: str) -> None:
    import subprocess

    path = os.path.join(directory, "tmp-env.sh")
    write_text_atomic(path, _env_script(outcome, dialect))
    subprocess.run(["bash", "--rcfile", path, "-i"], cwd=directory, check=False)
