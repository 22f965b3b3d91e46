"""A cube whose task runs a script: the packaging contract around an automation (MLCube spec, sections 2, 3 and 7).

The script comes along with every script that it may need, or is pinned to a commit of its repository. What ships
with Franca is in the wheel of the Franca that makes the cube, which is in the cube as well. So the cube runs where
neither is installed: natively in an environment of its own, and in a container.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from franca import __version__
from franca.authoring.cube_files import DOCKERFILE, Values, main_text
from franca.catalog.marked import dump
from franca.cube.files import write_atomic
from franca.engine import Engine
from franca.engine.lock import locked_repo
from franca.engine.reach import folders_of, planned
from franca.errors import AlreadyExists, Conflict, UsageError
from franca.model.artifact import Repo
from franca.model.script import Script
from franca.publish import own_wheel

#: Endings of inputs that name a folder or a file, and inputs that name a place for results.
_FOLDERS, _FILES = ("_dir", "_directory", "_folder"), ("_file", "_file_path")
_RESULTS = ("output", "outdirname", "output_dir", "output_path", "results_dir")
_KEEP = ".keep"


class Wanted(NamedTuple):
    """What was asked for.

    Args:
        inputs: inputs of the script that are files (``name``) or folders (``name/``) of the workspace, besides those
            of which the script's meta says so.
        outputs: inputs of the script that name places for its results, in the same notation.
        pinned: fetch the script's repositories at their commits, in place of taking the scripts along.
        base_image: what the container is built on.
    """

    request: dict[str, Any]
    name: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    pinned: bool = False
    base_image: str = "python:3.11-slim"


class Made(NamedTuple):
    root: str
    script: Script
    files: tuple[str, ...]  #: below the root, those that people read
    scripts: tuple[str, ...]  #: folders of scripts that came along
    pins: tuple[dict[str, str], ...]


def make(engine: Engine, wanted: Wanted, directory: str) -> Made:
    """Write the cube ``directory/NAME``; nothing of it is left when that fails.

    Raises:
        AlreadyExists: there is something of this name.
        Conflict: a pinned repository is not at a commit that others can fetch.
        UsageError: a name that is none, an input that the script does not have; what a plan raises.
    """
    root = os.path.join(directory, _checked(wanted.name))
    if os.path.lexists(root):
        raise AlreadyExists(f"{root} exists already", hint="choose another name")
    planner = planned(engine, wanted.request)
    script, mapping = planner.top.script, dict(planner.top.resolved.input_mapping)
    paths = folders_of(engine, planner)
    hidden = os.path.join(directory, f".new-{wanted.name}-{os.getpid()}")
    try:
        made = _fill(hidden, engine, wanted, paths, script, mapping)
        os.rename(hidden, root)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return made._replace(root=root)


def _checked(name: str) -> str:
    if not name or name.startswith(".") or any(char in name for char in "/\\\0") or name != name.strip():
        raise UsageError(f"{name!r} cannot be the name of a directory", hint="use letters, digits, '_' and '-'")
    return name


def _fill(
    root: str, engine: Engine, wanted: Wanted, paths: list[str], script: Script, mapping: dict[str, str]
) -> Made:  # fmt: skip
    repos = [repo for repo in engine.catalog.repos() if repo.writable and any(_inside(path, repo) for path in paths)]
    paths = [path for path in paths if any(_inside(path, repo) for repo in repos)]
    inputs, outputs = _places(script, mapping, wanted)
    if wanted.pinned:
        pins, carried = tuple(map(_pin, repos)), tuple[str, ...]()
    else:
        pins, carried = (), tuple(_carried(root, repos, paths))
    digest = own_wheel.pack(os.path.join(root, "wheels", own_wheel.NAME), engine.catalog)
    values = Values(script, wanted.request, tuple(inputs), tuple(outputs), carried, pins)
    texts = {
        "mlcube.yaml": dump(_definition(wanted, script, inputs, outputs)),
        "main.py": main_text(values),
        "requirements.txt": f"# {own_wheel.NAME}: sha256 {digest}\n--find-links wheels\nfranca=={__version__}\n",
        "Dockerfile": DOCKERFILE.format(base=wanted.base_image),
        ".dockerignore": "workspace/\n",
        "workspace/parameters.yaml": _parameters(script, mapping, [*inputs, *outputs]),
        **{f"workspace/{path}{_KEEP if path.endswith('/') else ''}": "" for path in inputs.values()},
    }
    for path, text in texts.items():
        write_atomic(os.path.join(root, path), text)
    return Made(root, script, tuple(path for path in texts if not path.endswith(_KEEP)), tuple(paths), pins)


def _inside(path: str, repo: Repo) -> bool:
    return path.startswith(repo.content_path.rstrip("/") + "/")


def _pin(repo: Repo) -> dict[str, str]:
    """Where a repository can be fetched exactly as it is here."""
    locked = locked_repo(repo)
    if not locked.commit or not locked.url or locked.dirty:
        what = "has changes that are in no commit" if locked.dirty else "is not a clone of a git repository"
        raise Conflict(f"the repository {repo.ref.alias} {what}", hint="without --pin its scripts come along")
    return {"url": locked.url, "commit": locked.commit}


def _carried(root: str, repos: Sequence[Repo], paths: Sequence[str]) -> Iterator[str]:
    """Copy scripts with the metas of their repositories; gives the repositories' folders in the cube."""
    for repo in repos:
        folder = os.path.join("content", repo.ref.alias or repo.ref.uid)
        for path in (path for path in paths if _inside(path, repo)):
            target = os.path.join(root, folder, os.path.relpath(path, repo.path))
            shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__", "tmp-*", "tests"))
        name = "meta.yaml" if repo.dialect.is_new else "cmr.yaml"
        meta = {key: value for key, value in repo.meta.items() if key in ("alias", "uid", "prefix")}
        meta = {"alias": repo.ref.alias, "uid": repo.ref.uid, **meta}
        write_atomic(os.path.join(root, folder, name), dump(meta))
        yield folder


def _places(script: Script, mapping: dict[str, str], wanted: Wanted) -> tuple[dict[str, str], dict[str, str]]:
    """Inputs of the script that are files of the workspace, and those that name its results; with default paths."""
    meta = script.meta
    files = {str(key) for key in meta.get("file_path_env_keys") or ()}
    folders = {str(key) for key in meta.get("folder_path_env_keys") or ()}
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    for flag, variable in mapping.items():
        if flag in _RESULTS:
            outputs[flag] = f"{flag}/"
        elif variable in folders or flag.endswith(_FOLDERS):
            inputs[flag] = f"{flag}/"
        elif variable in files or flag.endswith(_FILES):
            inputs[flag] = flag
    for given, into, other in ((wanted.inputs, inputs, outputs), (wanted.outputs, outputs, inputs)):
        for text in given:
            flag = text.rstrip("/")
            if flag not in mapping:
                raise UsageError(f"the script has no input {flag!r}", hint=f"it has {', '.join(sorted(mapping))}")
            other.pop(flag, None)
            into[flag] = text
    return inputs, outputs


def _definition(wanted: Wanted, script: Script, inputs: dict[str, str], outputs: dict[str, str]) -> dict[str, Any]:
    plain = "".join(c if c.isalnum() else "-" for c in wanted.name.lower()).strip("-") or "cube"
    parameters = {"parameters_file": {"type": "file", "default": "parameters.yaml"}}
    return {
        "name": wanted.name,
        "description": f"Runs the script {script.alias or script.uid}",
        "version": "0.1.0",
        "platform": {"accelerator_count": 0},
        "docker": {"image": f"local/{plain}:0.1.0", "build_strategy": "auto"},
        "native": {"entrypoint": "python main.py", "requirements": "requirements.txt"},
        "tasks": {
            "run": {
                "parameters": {
                    "inputs": {**parameters, **{name: _parameter(path) for name, path in inputs.items()}},
                    "outputs": {"results": _parameter("results/")}
                    | {name: _parameter(path) for name, path in outputs.items()},
                }
            }
        },
    }


def _parameter(path: str) -> dict[str, str]:
    return {"type": "directory" if path.endswith("/") else "file", "default": path}


def _parameters(script: Script, mapping: dict[str, str], places: Sequence[str]) -> str:
    """Every other input as a comment: what it is for, and its default."""
    described = script.meta.get("input_description") or {}
    lines = ["# Inputs of the script. Remove the sign before a name to set it."]
    for flag in sorted(set(mapping) - set(places)):
        about = described.get(flag)
        about = about if isinstance(about, dict) else {"desc": about or ""}
        text = " ".join(str(about.get("desc") or "").split())
        lines += ["", f"# {text}"] if text else [""]
        lines.append(f"# {flag}: {about.get('default', '')}".rstrip())
    return "\n".join([*lines, ""])
