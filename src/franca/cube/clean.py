"""Removes what tasks made: their outputs inside the workspace, unless another task only reads them."""

from __future__ import annotations

import os
import shutil

from franca.cube.config import select_tasks, typed_cube
from franca.cube.session import Session


def clean(session: Session, *, dry: bool) -> list[str]:
    """Remove the outputs of the chosen tasks (all by default); returns their paths.

    Only paths inside the workspace are touched, never the workspace itself, and never a file or
    directory that is or holds an input which no task makes.
    """
    workspace = session.workspace()
    every = typed_cube(session.config).tasks
    wanted = session.request.tasks and select_tasks(session.config, session.request.tasks)
    made = {workspace.resolve(p.default) for task in every for p in task.outputs}
    kept = {workspace.resolve(p.default) for task in every for p in task.inputs} - made
    removed = []
    chosen = [task for task in every if not wanted or task.name in wanted]
    for path in sorted({workspace.resolve(p.default) for task in chosen for p in task.outputs}):
        inside = os.path.realpath(path).startswith(os.path.realpath(workspace.path) + os.sep)
        holds_input = any(one == path or one.startswith(path + "/") for one in kept)
        if not inside or holds_input or not os.path.lexists(path):
            continue
        removed.append(path)
        if not dry:
            _remove(path)
    return removed


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
