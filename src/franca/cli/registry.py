"""Which commands exist and where each is declared. Nothing is imported before it is needed.

To add commands, declare them in a module of records (see ``franca.cli.tables``) and name them here. A key
of two words (``run experiment``) is for one kind only and comes before the key of the action alone.
"""

from __future__ import annotations

from franca._boot import load_msgspec
from franca.cli.command import Command
from franca.model.light import Any, cast

_TABLES = "franca.cli.tables."
_LIGHT = (_TABLES, "franca.cli.commands.artifacts", "franca.cli.commands.repositories", "franca.cli.commands.runs")
_CUBES = "franca.cli.cube_commands:"
_SUBMISSIONS = "franca.cli.submission_commands:"
_BENCH = "franca.cli.bench_commands:"
_RESULTS = "franca.cli.results_commands:"

COMMANDS: dict[str, str] = {
    "run": _TABLES + "runs:RUN",
    "plan": _TABLES + "runs:PLAN",
    "lock": _TABLES + "lock:LOCK",
    "runs": _TABLES + "lock:RUNS",
    "show run": _TABLES + "lock:SHOW_RUN",
    "replay": _TABLES + "lock:REPLAY",
    "new": _TABLES + "authoring:NEW",
    "lint": _TABLES + "authoring:LINT",
    "test": _TABLES + "authoring:TEST",
    "doc": _TABLES + "authoring:DOC",
    "adopt": _TABLES + "authoring:ADOPT",
    "find": _TABLES + "artifacts:FIND",
    "show": _TABLES + "artifacts:SHOW",
    "load": _TABLES + "artifacts:LOAD",
    "add": _TABLES + "artifacts:ADD",
    "update": _TABLES + "artifacts:UPDATE",
    "rm": _TABLES + "artifacts:RM",
    "mv": _TABLES + "artifacts:MV",
    "cp": _TABLES + "artifacts:CP",
    "pull": _TABLES + "repositories:PULL",
    "import": _TABLES + "repositories:IMPORT",
    "pack": _TABLES + "repositories:PACK",
    "unpack": _TABLES + "repositories:UNPACK",
    "detect": _TABLES + "repositories:DETECT",
    "trust": _TABLES + "repositories:TRUST",
    "doctor": _TABLES + "machine:DOCTOR",
    "watch": _TABLES + "machine:WATCH",
    "version": _TABLES + "machine:VERSION",
    "completion": _TABLES + "machine:COMPLETION",
    "help": _TABLES + "machine:HELP",
    "run cube": _CUBES + "RUN",
    "plan cube": _CUBES + "PLAN",
    "lint cube": _CUBES + "LINT",
    "show cube": _CUBES + "SHOW",
    "bench inference": _BENCH + "INFERENCE",
    "bench accuracy": "franca.cli.accuracy_commands:ACCURACY",
    "bench system": "franca.cli.system_commands:SYSTEM",
    "bench selftest": "franca.cli.selftest_commands:SELFTEST",
    "bench verify": "franca.cli.selftest_commands:VERIFY",
    "bench": _BENCH + "BENCH",
    "serve sut": "franca.cli.serve_commands:SUT",
    "serve director": "franca.cli.power_commands:DIRECTOR",
    "serve dashboard": "franca.cli.dashboard_command:DASHBOARD",
    "serve": "franca.cli.serve_commands:SERVE",
    "submission build": "franca.cli.submission_build:BUILD",
    "submission check": _SUBMISSIONS + "CHECK",
    "submission report": _SUBMISSIONS + "REPORT",
    "submission diff": _SUBMISSIONS + "DIFF",
    "submission fix": _SUBMISSIONS + "FIX",
    "submission preprocess": "franca.cli.submission_preprocess:PREPROCESS",
    "submission power": "franca.cli.submission_power:POWER",
    "submission pack": _SUBMISSIONS + "PACK",
    "submission import": _RESULTS + "TREE_IMPORT",
    "submission rules": _SUBMISSIONS + "RULES",
    "submission": _SUBMISSIONS + "SUBMISSION",
    "export": "franca.cli.export_commands:EXPORT",
    "results import": _RESULTS + "IMPORT",
    "results list": _RESULTS + "LIST",
    "results compare": _RESULTS + "COMPARE",
    "results choose": "franca.cli.choose_command:CHOOSE",
    "results": _RESULTS + "RESULTS",
}

ALIASES: dict[str, str] = {
    "ls": "find", "list": "find", "search": "find",
    "delete": "rm", "remove": "rm",
    "move": "mv", "rename": "mv", "ren": "mv",
    "copy": "cp",
    "register": "import",
}  # fmt: skip


def load(target: str) -> Any:
    """What ``module:attribute`` names."""
    module, _, attribute = target.partition(":")
    if not module.startswith(_LIGHT):
        load_msgspec()  # before they import it in a way that costs more
    return getattr(__import__(module, fromlist=[attribute]), attribute)


def command(action: str, kind: str = "") -> Command | None:
    """The command for an action as typed, on a kind of that name; None when there is none."""
    name = ALIASES.get(action, action)
    target = COMMANDS.get(f"{name} {kind}") or COMMANDS.get(name)
    return cast(Command, load(target)) if target else None


def names() -> tuple[str, ...]:
    """Every word that may stand for an action, aliases included."""
    return (*dict.fromkeys(key.split()[0] for key in COMMANDS), *ALIASES)


def all_commands() -> tuple[tuple[str, Command], ...]:
    """Every command with the words that call it, in the order of the table."""
    return tuple((key, cast(Command, load(target))) for key, target in COMMANDS.items())
