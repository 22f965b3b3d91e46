"""The command tables: complete, consistent, and the source of help, completion and the reference page."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path

import pytest

from franca.cli import registry
from franca.cli.command import COMMON, STATUSES, Command
from franca.cli.help import markdown, of_command, overview
from franca.cli.parsing import bind, read_line

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = registry.all_commands()
EXAMPLES = [(key, command, example) for key, command in COMMANDS for example in command.examples]


@pytest.mark.parametrize(("key", "command"), COMMANDS, ids=[key for key, _ in COMMANDS])
def test_a_command_is_fully_declared(key: str, command: Command) -> None:
    assert key.split()[0] == command.name
    assert command.examples, "every command shows an example"
    assert command.summary and command.summary == command.summary.strip() and not command.summary.endswith(".")
    assert callable(registry.load(command.handler))
    assert all(registry.ALIASES.get(alias) == command.name for alias in command.aliases)
    names = [option.name for option in (*command.options, *COMMON)]
    shorts = [option.short for option in (*command.options, *COMMON) if option.short]
    for what, count in Counter([*names, *shorts]).items():
        assert count == 1, f"{what} is declared {count} times"


def test_aliases_and_actions_never_collide() -> None:
    declared = {alias for _, command in COMMANDS for alias in command.aliases}
    assert declared == set(registry.ALIASES)
    assert not declared & {key.split()[0] for key, _ in COMMANDS}


@pytest.mark.parametrize(("key", "command", "example"), EXAMPLES, ids=[e.line for _, _, e in EXAMPLES])
def test_every_example_is_a_valid_command_line(key: str, command: Command, example: object) -> None:
    line = example.line.removeprefix('eval "$(').removesuffix(')"').split(" > ")[0]  # type: ignore[attr-defined]
    program, *words = shlex.split(line)
    assert program == "franca"
    invocation = read_line(words, lambda path: {"tags": "detect,os"})
    found = registry.command(invocation.action, invocation.kind)
    assert found is not None and found.name == command.name
    bound = bind(found, invocation, lambda word: word == "demo", {})
    assert bound.command == found


def test_help_names_every_command_option_and_status() -> None:
    text = overview()
    for key, command in COMMANDS:
        assert f"  {key}" in text
        page = of_command(command)
        for option in (*command.options, *COMMON):
            assert option.usage in page
        for example in command.examples:
            assert example.line in page
        for status, _ in STATUSES:
            assert f"\n  {status}" in page


def test_the_reference_page_is_current() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    assert page == markdown(), "make it again: franca help --markdown > docs/reference/commands.md"
