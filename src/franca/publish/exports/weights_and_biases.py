"""Entries as runs of Weights & Biases, by its own client. Offline by default: ``wandb sync`` sends them later."""

from __future__ import annotations

import os
from typing import Any

from franca.errors import FrancaError, Unavailable
from franca.publish.exports.entries import Entry

NAME = "wandb"


def export(entries: list[Entry], *, project: str, folder: str, entity: str = "", online: bool = False) -> list[str]:
    """Write one run for each entry below ``folder``; returns their folders.

    Raises:
        Unavailable: the client is not installed, or (online) it is not logged in or cannot reach the service.
    """
    wandb = _client()
    os.makedirs(folder, exist_ok=True)
    try:
        return [_run(wandb, entry, project, folder, entity, "online" if online else "offline") for entry in entries]
    except wandb.errors.Error as error:
        raise Unavailable(
            f"Weights & Biases refused the export: {error}", hint="wandb login, or leave --online out"
        ) from error


def _run(wandb: Any, entry: Entry, project: str, folder: str, entity: str, mode: str) -> str:
    # What is sent is what the entry holds: no source code, no package list, no host name, no console output.
    quiet = wandb.Settings(
        console="off", disable_git=True, disable_code=True, save_code=False, silent=True, x_disable_meta=True,
        x_disable_stats=True, x_disable_machine_info=True, x_save_requirements=False, host="not-told",
    )  # fmt: skip
    run = wandb.init(
        project=project, entity=entity or None, name=entry.name, group=entry.group, config=entry.settings, dir=folder,
        mode=mode, settings=quiet, reinit="create_new",
    )  # fmt: skip
    run.log(entry.metrics)
    place = str(os.path.dirname(run.dir))
    run.finish()
    return place


def _client() -> Any:
    try:
        import wandb
    except ImportError as error:
        raise Unavailable(
            f"the Weights & Biases client cannot be imported: {error}", hint="pip install 'franca[export]'"
        ) from error
    if not hasattr(wandb, "init"):
        raise FrancaError("a folder named wandb hides the Weights & Biases client", hint="run from another folder")
    return wandb
