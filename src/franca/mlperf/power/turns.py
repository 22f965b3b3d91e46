"""Takes turns with a plan: each call runs the next of several commands, the last one from then on.

The released client runs one command for ranging and again for testing, and ranging may be shorter (section 8.2).
A plan is a JSON list of commands, each a list of words; the file ``<plan>.turn`` counts the calls.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence


def write_plan(path: str, commands: Sequence[Sequence[str]]) -> None:
    """Write a plan that starts with its first command."""
    with open(path, "w", encoding="utf-8") as out:
        json.dump([list(command) for command in commands], out)


def take_turn(plan: str) -> int:
    """Run the command whose turn it is; its exit status. Standard input is handed on: its end stops a benchmark."""
    with open(plan, encoding="utf-8") as source:
        commands = json.load(source)
    counter = f"{plan}.turn"
    turn = os.path.getsize(counter) if os.path.exists(counter) else 0
    with open(counter, "ab") as out:
        out.write(b".")
    return subprocess.call(commands[min(turn, len(commands) - 1)])


def run_and_exit(args: Sequence[str]) -> None:
    """The program, as ``boot`` starts it."""
    sys.exit(take_turn(args[0]))
