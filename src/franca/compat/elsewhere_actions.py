"""``remote-*`` and ``slurm-*`` of scripts: the request, regenerated, on another machine."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

from franca.compat.content_data import is_true
from franca.compat.results import Result
from franca.errors import NotFound, ScriptNotFound, StepFailed, Unavailable
from franca.publish.containers.elsewhere import Elsewhere, ToCopy, remote_run, slurm_run
from franca.publish.containers.inner import secret_values
from franca.runners.process import Processes, pasteable
from franca.runners.words import Facts

if TYPE_CHECKING:
    from franca.compat.access import CM

_NEXT = {
    "remote": "check host, user, port and key: ssh must work without a password",
    "slurm": "look at the queue: squeue, sinfo",
}


def run(cm: CM, i: dict[str, Any], inputs: dict[str, Any], where: str, action: str = "run") -> Result:
    """Do ``action`` there, or (``--dry_run``, ``--remote_dry_run``, ``--slurm_dry_run``) print the command lines.

    Raises:
        Unavailable: the tool is not installed.
        StepFailed: a command ended with an error.
    """
    facts = Facts(cm.environ, os.getuid(), os.getgid())
    if where == "remote":
        files = _files(cm, inputs)
        made = remote_run(inputs, cm.home_dialect, facts, str(inputs.get("remote_action") or action), files)
    else:
        made = slurm_run(inputs, cm.home_dialect, facts, action)
    if any(is_true(inputs.get(key, "")) for key in ("dry_run", f"{where}_dry_run")):
        if i.get("out") == "con":
            hidden = (*made.hidden, *secret_values(inputs))
            print("\n".join(_masked(pasteable(command), hidden) for command in made.commands))
    else:
        _carry_out(made, cm, where)
    commands = [[*command.words] for command in made.commands]
    return {"return": 0, "commands": commands, "inner_command": made.inner}


def _files(cm: CM, inputs: dict[str, Any]) -> ToCopy:
    """What the script's ``remote_run`` block names, as far as it is known here, and the repositories asked for."""
    repos = _repositories(cm, inputs.get("remote_copy_mlc_repos"))
    own = {k: v for k, v in inputs.items() if not k.startswith(("remote_", "slurm_", "docker_", "apptainer_", "exp"))}
    try:
        from franca.compat.scripts_known import block_of, look

        known = look(cm, own)
    except ScriptNotFound:  # the other side may have it
        return ToCopy(repos=repos)
    keys = block_of(known, "remote_run").get("env_keys_to_copy") or ()
    found = {str(key): str(known.env.get(key) or "") for key in keys}
    return ToCopy({k: path for k, path in found.items() if os.path.exists(path)},
                  known.frame.resolved.input_mapping, repos)  # fmt: skip


def _repositories(cm: CM, wanted: Any) -> tuple[str, ...]:
    """Paths of repositories, by alias; ``True``: all that were pulled or made here.

    Raises NotFound for one that is not there.
    """
    if not wanted or wanted is False:
        return ()
    listed = {repo.ref.alias: repo.path for repo in cm.catalog.repos() if repo.writable and repo.ref.alias != "local"}
    if wanted is True or is_true(wanted):
        return tuple(listed.values())
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    for name in names:
        if name not in listed:
            raise NotFound(f"--remote_copy_mlc_repos: there is no repository {name} here", hint="see: mlc list repo")
    return tuple(listed[name] for name in names)


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


def _masked(text: str, hidden: tuple[str, ...]) -> str:
    for value in hidden:
        text = text.replace(value, "***")
    return text
