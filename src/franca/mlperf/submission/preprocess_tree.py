"""Changes to a copy of a submission tree that keep its parts together: results, measurements, compliance, code.

Only `preprocess` uses this, on a tree that it has copied. Each change is noted with its reason.
"""

from __future__ import annotations

import json
import os
import shutil

import msgspec

from franca.errors import FrancaError, Location, MalformedFile
from franca.mlperf.submission.documents import join, read_object
from franca.mlperf.submission.index import FILE, Node, index_tree
from franca.mlperf.submission.model import MERGED, Scenario, Submission, submissions
from franca.mlperf.submission.truncate import write_atomic

REMOVE, MOVE, COPY, RENAME = "remove", "move", "copy", "rename"
POWER_PLACES = ("performance/power", "performance/ranging", "performance/run_1/spl.txt")
SHARED_STEMS = ("analyzer_table.", "power_settings.")
"""Files about power that may lie above the scenarios that they are about (10.7)."""


class Change(msgspec.Struct, frozen=True):
    """One change: what was done, where, and why; `to` is the new place."""

    action: str
    path: str
    reason: str
    to: str = ""

    def line(self) -> str:
        """The change as one line of text."""
        return f"{self.action} {self.path}{' -> ' + self.to if self.to else ''}: {self.reason}"


class Workbench:
    """A tree that may be changed, and what was done to it so far. Places are relative, with forward slashes."""

    def __init__(self, root: str, submitter: str = "") -> None:
        self.root = root
        self.submitter = submitter
        self.changes: list[Change] = []

    def submissions(self) -> list[Submission]:
        """The submissions as they are now."""
        return submissions(index_tree(self.root), self.submitter)

    def find(self, path: str) -> Submission | None:
        """The submission at a place, None when there is none (any more)."""
        return next((sub for sub in submissions(index_tree(self.root)) if sub.path == path), None)

    def exists(self, place: str) -> bool:
        return os.path.lexists(join(self.root, place))

    def note(self, action: str, path: str, reason: str, to: str = "") -> None:
        self.changes.append(Change(action, path, reason, to))

    def remove(self, place: str) -> None:
        """Raises FrancaError."""
        path = join(self.root, place)
        if not os.path.lexists(path):
            return
        try:
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
        except OSError as error:
            raise FrancaError(f"cannot be removed: {error.strerror or error}", where=Location(path)) from None

    def carry(self, place: str, to: str, *, keep: bool = False) -> None:
        """Move, or with `keep` copy, a file or directory to a place that is free. Raises FrancaError."""
        source, target = join(self.root, place), join(self.root, to)
        if not os.path.lexists(source) or os.path.lexists(target):
            return
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if not keep:
                os.rename(source, target)
            elif os.path.isdir(source) and not os.path.islink(source):
                shutil.copytree(source, target, symlinks=True)
            else:
                shutil.copyfile(source, target, follow_symlinks=False)
        except (OSError, shutil.Error) as error:
            raise FrancaError(f"cannot be copied: {error}", where=Location(source)) from None


def parts_of(sub: Submission) -> tuple[str, ...]:
    """Directories of a submission that repeat <system>/<model>/<scenario>."""
    return ("results",) if sub.layout == MERGED else ("results", "measurements", "compliance")


def code_of(sub: Submission) -> str:
    """Name of the directory with sources."""
    return "src" if sub.layout == MERGED else "code"


def drop_result(bench: Workbench, sub: Submission, rest: str, reason: str) -> None:
    """Remove a scenario, or a whole model, from a submission, and what it leaves behind without a purpose.

    Args:
        rest: <system>/<model>[/<scenario>].
    """
    for part in parts_of(sub):
        bench.remove(f"{sub.path}/{part}/{rest}")
    bench.note(REMOVE, f"{sub.path}/results/{rest}", reason)
    _clear_leftovers(bench, sub.path, *rest.split("/")[:2])


def move_to_open(bench: Workbench, sub: Submission, rest: str, reason: str) -> None:
    """Give a scenario, or a whole model, to the open division with measurements, code and system description."""
    target = f"open/{sub.submitter}"
    if bench.exists(f"{target}/results/{rest}"):
        drop_result(bench, sub, rest, f"{reason}; {target} has a result of this name already")
        return
    system, model = rest.split("/")[:2]
    for part in parts_of(sub):
        bench.carry(f"{sub.path}/{part}/{rest}", f"{target}/{part}/{rest}")
    bench.carry(f"{sub.path}/{code_of(sub)}/{model}", f"{target}/{code_of(sub)}/{model}", keep=True)
    _copy_description(bench, sub, system, target)
    _copy_shared(bench, sub, system, target)
    bench.note(MOVE, f"{sub.path}/results/{rest}", reason, f"{target}/results/{rest}")
    _clear_leftovers(bench, sub.path, system, model)


def _copy_description(bench: Workbench, sub: Submission, system: str, target: str) -> None:
    bench.carry(f"{sub.path}/systems/{system}_power.yaml", f"{target}/systems/{system}_power.yaml", keep=True)
    place = f"{target}/systems/{system}.json"
    if bench.exists(place):
        return
    try:
        fields = {**read_object(join(bench.root, f"{sub.path}/systems/{system}.json")), "division": "open"}
    except MalformedFile:
        return  # the checker says so of the original
    path = join(bench.root, place)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_atomic(path, (json.dumps(fields, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace"))


def _copy_shared(bench: Workbench, sub: Submission, system: str, target: str) -> None:
    """Files that stand above the scenarios: settings of power, and the id of the review."""
    for above in ("", *(f"{part}{below}" for part in parts_of(sub) for below in ("", f"/{system}"))):
        directory = sub.node.directory(above) if above else sub.node
        for node in directory.files() if directory else []:
            if node.kind == FILE and (node.name.startswith(SHARED_STEMS) or node.name == "privateid.json"):
                bench.carry(node.path, target + node.path[len(sub.path) :], keep=True)


def _clear_leftovers(bench: Workbench, path: str, system: str, model: str) -> None:
    """Remove the description and the code that no result needs any more, and a submission without results."""
    sub = bench.find(path)
    if sub is None:
        return
    for part in parts_of(sub):
        _drop_empty(bench, sub, part)
    sub = bench.find(path) or sub
    if not sub.systems():
        bench.remove(path)
        bench.note(REMOVE, path, "no result is left")
        return
    if all(node.name != system for node in sub.systems()):
        for name in (f"{system}.json", f"{system}_power.yaml"):
            _drop(bench, f"{path}/systems/{name}", "no result of this system is left")
    if all(node.name != model for _, node in sub.models()):
        _drop(bench, f"{path}/{code_of(sub)}/{model}", "no result of this model is left")


def _drop(bench: Workbench, place: str, reason: str) -> None:
    if bench.exists(place):
        bench.remove(place)
        bench.note(REMOVE, place, reason)


def _drop_empty(bench: Workbench, sub: Submission, part: str) -> None:
    """Remove <part>/<system>[/<model>] that hold no directory any more; what results lost, nothing else needs."""
    for system in _directories(sub.node, part):
        for model in system.directories():
            if not model.directories():
                bench.remove(model.path)
        if all(not model.directories() for model in system.directories()):
            bench.remove(system.path)


def _directories(node: Node, part: str) -> list[Node]:
    directory = node.directory(part)
    return directory.directories() if directory else []


def drop_power(bench: Workbench, place: Scenario, reason: str) -> None:
    """Remove the records of a power measurement; the run itself stays."""
    for part in POWER_PLACES:
        bench.remove(f"{place.path}/{part}")
    bench.note(REMOVE, f"{place.path}/performance/power", reason)


def copy_result(bench: Workbench, sub: Submission, rest: str, other: str, reason: str) -> None:
    """Copy <system>/<model>[/<scenario>] to another name of the same depth, measurements and tests too."""
    for part in parts_of(sub):
        bench.carry(f"{sub.path}/{part}/{rest}", f"{sub.path}/{part}/{other}", keep=True)
    old, new = rest.split("/"), other.split("/")
    if old[1] != new[1]:
        bench.carry(f"{sub.path}/{code_of(sub)}/{old[1]}", f"{sub.path}/{code_of(sub)}/{new[1]}", keep=True)
    elif "measurements" in parts_of(sub):
        _rename_measurements(bench, f"{sub.path}/measurements/{other}", old[2], new[2])
    bench.note(COPY, f"{sub.path}/results/{rest}", reason, f"{sub.path}/results/{other}")


def _rename_measurements(bench: Workbench, place: str, old: str, new: str) -> None:
    """The file <system>_<implementation>_<scenario>.json is called after the scenario that it is for now."""
    directory = join(bench.root, place)
    for name in os.listdir(directory) if os.path.isdir(directory) else []:
        stem = name.removesuffix(".json")
        if stem != name and stem.lower().endswith(f"_{old.lower()}"):
            bench.carry(f"{place}/{name}", f"{place}/{stem[: -len(old)]}{new}.json")


def rename_model(bench: Workbench, sub: Submission, old: str, new: str) -> None:
    """Give the directories of a model another name, of all systems and of the code; taken names stay."""
    for part in parts_of(sub):
        for system in _directories(sub.node, part):
            bench.carry(f"{system.path}/{old}", f"{system.path}/{new}")
    bench.carry(f"{sub.path}/{code_of(sub)}/{old}", f"{sub.path}/{code_of(sub)}/{new}")
    bench.note(RENAME, f"{sub.path}/results/*/{old}", "the official name", f"{sub.path}/results/*/{new}")
