"""``remote-run script`` and ``slurm-run script``: the request, regenerated, on another machine."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

from franca.compat.content_data import is_true
from franca.compat.results import Result
from franca.errors import StepFailed, Unavailable
from franca.publish.containers.elsewhere import Elsewhere, remote_run, slurm_run
from franca.runners.process import Processes, pasteable
from franca.runners.words import Facts

if TYPE_CHECKING:
    from franca.compat.access import CM

_ACTIONS = {"remote": remote_run, "slurm": slurm_run}
_NEXT = {
    "remote": "check host, user, port and key: ssh must work without a password",
    "slurm": "look at the queue: squeue, sinfo",
}


def run(cm: CM, i: dict[str, Any], inputs: dict[str, Any], where: str) -> Result:
    """Do it, or (``--dry_run``, ``--remote_dry_run``, ``--slurm_dry_run``) print the command lines.

    Raises:
        Unavailable: the tool is not installed.
        StepFailed: a command ended with an error.
    """
    facts = Facts(cm.environ, os.getuid(), os.getgid())
    made = _ACTIONS[where](inputs, cm.home_dialect, facts)
    if any(is_true(inputs.get(key, "")) for key in ("dry_run", f"{where}_dry_run")):
        if i.get("out") == "con":
            print("\n".join(_masked(pasteable(command), inputs) for command in made.commands))
    else:
        _carry_out(made, cm, where)
    commands = [[*command.words] for command in made.commands]
    return {"return": 0, "commands": commands, "inner_command": made.inner}


def _carry_out(made: Elsewhere, cm: CM, where: str) -> None:
    for command in made.commands:
        program = command.words[0]
        if not shutil.which(program, path=cm.environ.get("PATH", os.defpath)):
            raise Unavailable(
                f"{program} is not installed, and the script was to run elsewhere",
                hint=f"install it, or look at what would be done: --{where}_dry_run",
            )
    executor = Processes({**cm.environ, **made.secrets})
    for command in made.commands:
        outcome = executor.run(command)
        if not outcome.ok:
            text = f"cannot {command.purpose}: {command.words[0]} ended with status {outcome.status}"
            raise StepFailed(text, status=1, hint=_NEXT[where])


def _masked(text: str, inputs: dict[str, Any]) -> str:
    """A command line without the values of secrets."""
    from franca.publish.containers.inner import secret_values

    for value in secret_values(inputs):
        text = text.replace(value, "***")
    return text
