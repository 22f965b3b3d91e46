"""Help texts, all out of the command tables."""

from __future__ import annotations

import textwrap

from franca.cli import registry
from franca.cli.command import COMMON, STATUSES, Command, Option

_WIDTH = 100
_HEAD = """\
franca - package, run, benchmark, explore and share machine-learning workloads

usage: franca ACTION [KIND] [NAME | UID | "WORDS" | --tags=A,B] [--KEY=VALUE ...] [@FILE] [-- REST]"""

_GRAMMAR = (
    ("KIND", "what the command is about: script (meant where none is given), cache, repo, automation, ..."),
    ("--key=value", "a value; --key alone is yes, --key- is no, --key,=a,b is a list"),
    ("--a.b=value", "a value inside a group, as in --env.CM_X=1 or --adr.python.version_min=3.10"),
    ("@file.json", "values out of a JSON or YAML file; later words win"),
    ("-- rest", "everything after it is handed on as it is"),
)


_FIRST_STEPS = (
    ('franca run "detect os"', "run a script, found by the words it is tagged with"),
    ('franca plan "get python3"', "say what a run would do and why; nothing is done"),
    ("franca find script --tags=get", "list scripts"),
    ("franca pull repo OWNER@NAME", "bring the scripts of others"),
    ("franca new script my-tool", "start a script of your own"),
    ("franca doctor", "what this machine has and what it lacks"),
)


def start() -> str:
    """``franca`` alone: what to try first, on one screen."""
    last = '"franca --help" lists all commands, "franca ACTION --help" explains one.'
    return "\n".join([_HEAD, "", *_columns(_FIRST_STEPS, widest=30), "", last]) + "\n"


def overview() -> str:
    """``franca --help``."""
    lines = [_HEAD, ""]
    groups: dict[str, list[tuple[str, str]]] = {}
    for key, command in registry.all_commands():
        groups.setdefault(command.group, []).append((key, command.summary))
    for group, entries in groups.items():
        lines += [f"{group}:", *_columns(entries), ""]
    lines += ["how to write a command:", *_columns(_GRAMMAR), ""]
    lines += ["options of every command:", *_options(COMMON), ""]
    lines += ["exit status:", *_columns([(str(n), text) for n, text in STATUSES]), ""]
    lines += ["environment:", *_columns(ENVIRONMENT), ""]
    lines.append('"franca ACTION --help" explains one command. "franca doctor" looks at this machine.')
    return "\n".join(lines) + "\n"


ENVIRONMENT = (
    ("CM_REPOS", "the storage root; ~/CM without it (CM and Franca share it)"),
    ("MLC_REPOS", "the directory of repositories of the newer dialect; ~/MLC/repos without it"),
    ("CM_INDEX", "no: scan all files at each command instead of using the index"),
    ("CM_SCRIPT_EXTRA_CMD", "flags that are added to every run"),
    ("FRANCA_QUIET", "yes: never ask"),
    ("FRANCA_VERBOSE", "yes: say more"),
    ("NO_COLOR", "anything: no colours"),
)


def of_command(command: Command) -> str:
    """``franca ACTION --help``."""
    lines = [f"franca {command.name} - {command.summary}", ""]
    lines += [f"usage: franca {command.name} {command.usage}".rstrip()]
    if command.aliases:
        lines.append(f"also:  {', '.join(command.aliases)}")
    if command.description:
        lines += ["", *textwrap.wrap(command.description, _WIDTH)]
    if command.options:
        lines += ["", "options:", *_options(command.options)]
    lines += ["", "options of every command:", *_options(COMMON)]
    lines += ["", "examples:"]
    for example in command.examples:
        lines += [f"  {example.line}", f"      {example.says}"]
    statuses = dict(STATUSES) | dict(command.statuses)
    lines += ["", "exit status:", *_columns([(str(n), text) for n, text in sorted(statuses.items())])]
    return "\n".join(lines) + "\n"


def _options(options: tuple[Option, ...]) -> list[str]:
    return _columns([(option.usage, _about(option)) for option in options])


def _about(option: Option) -> str:
    text = option.help
    if option.choices:
        text += f" ({', '.join(option.choices)})"
    return text + (f" [{option.env}]" if option.env else "")


def _columns(entries: list[tuple[str, str]] | tuple[tuple[str, str], ...], widest: int = 26) -> list[str]:
    """``  name   text``, the text wrapped under itself; a long name has its line alone."""
    width = min(max((len(name) for name, _ in entries), default=0), widest)
    lines: list[str] = []
    for name, text in entries:
        wrapped = textwrap.wrap(text, _WIDTH - width - 4) or [""]
        if len(name) > width:
            lines.append(f"  {name}")
        else:
            lines.append(f"  {name.ljust(width)}  {wrapped.pop(0)}".rstrip())
        lines += [" " * (width + 4) + part for part in wrapped]
    return lines


# ---- the reference page ------------------------------------------------------------------------------


def markdown() -> str:
    """``docs/reference/commands.md``; a test fails when the file differs."""
    out = [
        "# Commands",
        "",
        "<!-- Made by `franca help --markdown`. Change the tables in src/franca/cli/tables instead. -->",
        "",
        "```text",
        'franca ACTION [KIND] [NAME | UID | "WORDS" | --tags=A,B] [--KEY=VALUE ...] [@FILE] [-- REST]',
        "```",
        "",
        *_md_table(("word", "meaning"), _GRAMMAR),
        "",
        "Options of every command:",
        "",
        *_md_table(("option", "meaning"), [(option.usage, _about(option)) for option in COMMON]),
        "",
        "Exit status:",
        "",
        *_md_table(("status", "meaning"), [(str(n), text) for n, text in STATUSES]),
        "",
        "Environment:",
        "",
        *_md_table(("variable", "meaning"), ENVIRONMENT),
    ]
    group = ""
    for key, command in registry.all_commands():
        if command.group != group:
            group = command.group
            out += ["", f"## {group}"]
        out += ["", *_md_command(key, command)]
    return "\n".join(out) + "\n"


def _md_command(key: str, command: Command) -> list[str]:
    out = [f"### franca {key}", "", f"{_sentence(command.summary)}"]
    if command.aliases:
        out[-1] += " Also: " + ", ".join(f"`{alias}`" for alias in command.aliases) + "."
    out += ["", "```text", f"franca {command.name} {command.usage}".rstrip(), "```"]
    if command.description:
        out += ["", command.description]
    if command.options:
        rows = [(option.usage, _about(option)) for option in command.options]
        out += ["", *_md_table(("option", "meaning"), rows)]
    for example in command.examples:
        out += ["", f"{_sentence(example.says)}", "", "```bash", example.line, "```"]
    return out


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _md_table(head: tuple[str, str], rows: list[tuple[str, str]] | tuple[tuple[str, str], ...]) -> list[str]:
    def cell(text: str) -> str:
        return text.replace("|", "\\|")

    body = [f"| `{cell(name)}` | {cell(text)} |" for name, text in rows]
    return [f"| {head[0]} | {head[1]} |", "|---|---|", *body]
