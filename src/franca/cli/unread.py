"""Inputs of a run that its script never looks at. They do no harm, and are most often misspelt."""

from __future__ import annotations

import os

from franca.authoring.vocabulary import GENERIC_INPUTS
from franca.grammar.suggest import closest
from franca.model.artifact import Artifact
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ELSEWHERE = ("docker_", "apptainer_", "remote_", "slurm_", "exp_")  #: read by other actions on scripts
_MOST = 1_000_000


def unread(inputs: Mapping[str, Any], script: Artifact) -> list[str]:
    """A line for each of the inputs that neither the meta of a script nor its hooks name."""
    names = [name for name in inputs if name not in GENERIC_INPUTS and not name.startswith(_ELSEWHERE)]
    if not names:
        return []
    known = set(_named(script.meta))
    code = _hooks(script.path)
    lines = []
    for name in names:
        if name not in known and f"'{name}'" not in code and f'"{name}"' not in code:
            near = ", ".join(f"--{one}" for one in closest(name, sorted(known)))
            lines.append(f"{script.ref.alias} has no input --{name}" + (f" (closest: {near})" if near else ""))
    return lines


def _named(block: Any) -> Iterator[str]:
    """Inputs of a meta, with those that its variations, versions and conditional blocks add."""
    if not isinstance(block, dict):
        return
    for key in ("input_mapping", "input_description"):
        yield from map(str, block.get(key) or ())
    for key in ("variations", "versions"):
        for part in (block.get(key) or {}).values() if isinstance(block.get(key), dict) else ():
            yield from _named(part)
    for part in block.get("update_meta_if_env") or ():
        yield from _named(part)
    yield from _named(block.get("docker"))


def _hooks(folder: str) -> str:
    try:
        with open(os.path.join(folder, "customize.py"), encoding="utf-8", errors="replace") as stream:
            return stream.read(_MOST)
    except OSError:
        return ""
