"""Texts about a cube and the settings: describe, show_config, config, status, list (MLCube spec, 11 and 12)."""

from __future__ import annotations

import os

from franca.cube import settings as store
from franca.cube.definition import FILE_NAME, cube_name, load_definition
from franca.cube.interpolate import Resolver
from franca.cube.settings import Settings, load_settings
from franca.cube.sources import resolve_cube
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from franca.cube.session import Session


def describe(cube: str, environ: Mapping[str, str], directory: str) -> str:
    """The overview of a cube, in the published tool's lines."""
    definition = load_definition(resolve_cube(cube, directory, environ), environ=environ)
    settings = load_settings(environ)
    tree, root = definition.tree, definition.root
    resolver = Resolver({**tree, "runtime": {"root": root}}, environ, definition.where)
    name = resolver.get(("name",)) or cube_name(tree)
    place = root if os.path.basename(definition.path) == FILE_NAME else definition.path
    lines = [
        "MLCube", f"  path = {root}", f"  name = {name}:{resolver.get(('version',), 'latest')}", "",
        f"  workspace = {os.path.join(root, 'workspace')}", f"  system settings = {settings.path}", "", "  Tasks:",
    ]  # fmt: skip
    for task, value in tree["tasks"].items():
        lines.append("    name = " + ", ".join([task, *_directions(value)]))
    lines += ["", "Run this MLCube:", "  Configure MLCube:",
              f"    mlcube configure --mlcube={place} --platform=docker", "  Run MLCube tasks:"]  # fmt: skip
    lines += [f"    mlcube run --mlcube={place} --task={task} --platform=docker" for task in tree["tasks"]]
    return "\n".join(lines)


def _directions(task: dict[str, Any]) -> list[str]:
    parameters = task["parameters"]
    return [f"{name} = {list(parameters[name])}" for name in ("inputs", "outputs") if parameters[name]]


def show_config(session: Session, resolve: bool) -> str:
    """The effective configuration as YAML."""
    from franca.catalog.marked import dump
    from franca.cube.config import shown

    tree = shown(session.config)
    if not resolve:
        return dump(tree)
    tree = {**tree, "runtime": {"root": session.config.root, "workspace": session.config.workspace},
            "workspace": session.config.workspace}  # fmt: skip
    return dump(Resolver(tree, session.environ, session.config.where).value(tree, ()))


def edit_settings(settings: Settings, options: dict[str, Any]) -> bool:
    """Do what the ``config`` options ask; True when something changed. Raises UsageError or NotFound."""
    edits = {
        "--create-platform": lambda value: store.create_platform(settings, *value),
        "--remove-platform": lambda value: store.remove_platform(settings, value),
        "--rename-platform": lambda value: store.rename_platform(settings, *value),
        "--copy-platform": lambda value: store.copy_platform(settings, *value),
        "--rename-runner": lambda value: store.rename_runner(
            settings, value[0], value[1], update_platforms=bool(options.get("--update-platforms"))
        ),
        "--remove-runner": lambda value: store.remove_runner(
            settings, value, remove_platforms=bool(options.get("--remove-platforms"))
        ),
    }
    wanted = [name for name in edits if name in options]
    for name in wanted:
        edits[name](options[name])
    return bool(wanted)


def settings_text(settings: Settings, options: dict[str, Any]) -> str:
    """What ``--list`` or ``--get`` print."""
    from franca.catalog.marked import dump

    if options.get("--list"):
        return dump(settings.tree).rstrip("\n")
    if "--get" in options:
        value = store.stored_value(settings, options["--get"])
        return "" if value is None else dump(value).rstrip("\n") if isinstance(value, (dict, list)) else str(value)
    return ""


def status(cube: str, environ: Mapping[str, str], directory: str) -> str:
    """The last run of every task: when it ended, how, and what it made."""
    from franca.cube.records import journal_of

    definition = load_definition(resolve_cube(cube, directory, environ), environ=environ)
    journal = journal_of(definition.path, cube_name(definition.tree), environ)
    last = {event["task"]: event for event in journal.events() if event.get("event") == "cube_task_finished"}
    lines = []
    for task in definition.tree["tasks"]:
        event = last.get(task)
        if event is None:
            lines.append(f"{task}: never run")
            continue
        lines.append(f"{task}: status {event['status']} after {event['seconds']:.1f} s at {_time(event['at'])}")
        for name, output in event["outputs"].items():
            what = "missing" if output.get("missing") else f"{output['bytes']} bytes, sha256 {output['sha256'][:16]}"
            lines.append(f"  {name}: {output['path']} ({what})")
    return "\n".join([*lines, f"journal: {journal.path}"])


def _time(at: float) -> str:
    import datetime

    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def cubes_below(path: str, directory: str) -> list[str]:
    """Definitions below a directory, with their names; broken ones with their error."""
    from franca.errors import FrancaError

    lines = []
    for base, directories, files in os.walk(os.path.join(directory, path)):
        directories[:] = sorted(d for d in directories if not d.startswith(".") and d != "node_modules")
        if FILE_NAME not in files:
            continue
        file = os.path.normpath(os.path.join(base, FILE_NAME))
        try:
            tree = load_definition(file).tree
            lines.append(f"{file}: {cube_name(tree)} ({', '.join(tree['tasks'])})")
        except FrancaError as error:
            lines.append(f"{file}: {error}")
    return lines
