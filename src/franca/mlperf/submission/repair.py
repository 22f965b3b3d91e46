"""Mechanical repairs: only what has one right outcome and needs no knowledge of the run.

A plan is made first and can be shown; carrying it out changes the tree in place or a copy of it.
"""

from __future__ import annotations

import json
import os
import shutil

import msgspec

from franca.errors import AlreadyExists, FrancaError, Location, MalformedFile, UsageError
from franca.mlperf.submission.documents import join, read_object
from franca.mlperf.submission.fields import MEANINGFUL, REQUIRED
from franca.mlperf.submission.index import DIRECTORY, FILE, LINK, Node, index_tree
from franca.mlperf.submission.model import submissions
from franca.mlperf.submission.truncate import (
    Truncation,
    Unscored,
    find_unscored,
    plan_truncation,
    rule_of,
    truncate,
    write_atomic,
)

JUNK = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
CACHES = frozenset({"__pycache__", ".ipynb_checkpoints", ".pytest_cache"})


class Repair(msgspec.Struct, frozen=True):
    """One change: the rule that asks for it, where, and what is done."""

    rule: str
    path: str
    action: str
    fields: dict[str, str] = {}
    """System description: fields to set."""
    truncation: Truncation | None = None

    def line(self) -> str:
        """The repair as one line of text."""
        return f"{self.rule} {self.path}: {self.action}"


REMOVE, SET_FIELDS = "remove", "set fields"


def plan_repairs(root: str, rules: tuple[str, ...] = ()) -> list[Repair]:
    """The repairs that a tree needs, in the order in which they are carried out.

    Args:
        rules: only repairs of these rules; all by default.
    """
    top = index_tree(root)
    repairs = [*_truncations(root, top), *_descriptions(root, top), *_junk(top)]
    known = {"A3", "C5", "S2", "S5", "F1"}
    unknown = sorted(set(rules) - known)
    if unknown:
        raise UsageError(
            f"no mechanical repair for {', '.join(unknown)}", hint="there are for " + ", ".join(sorted(known))
        )
    return [repair for repair in repairs if not rules or repair.rule in rules]


def find_irreparable(root: str, rules: tuple[str, ...] = ()) -> list[Unscored]:
    """Places that break a rule of `plan_repairs` and have no mechanical repair; of these rules, all by default."""
    return [item for item in find_unscored(root, index_tree(root)) if not rules or item.rule in rules]


def _truncations(root: str, top: Node) -> list[Repair]:
    found = []
    for item in plan_truncation(root, top):
        found.append(Repair(rule_of(item.directory), item.directory, item.describe(), truncation=item))
    return found


def _descriptions(root: str, top: Node) -> list[Repair]:
    """S5: division and submitter as the path says; S2: fields that may be empty."""
    found = []
    for sub in submissions(top):
        systems = sub.node.directory("systems")
        for node in systems.files() if systems else []:
            if not node.name.endswith(".json") or node.kind != FILE:
                continue
            try:
                raw = read_object(join(root, node.path))
            except MalformedFile:
                continue
            place = {"division": sub.division, "submitter": sub.submitter}
            wrong = {key: value for key, value in place.items() if str(raw.get(key, "")).lower() != value.lower()}
            empty = {key: "" for key in REQUIRED if key not in raw and key not in MEANINGFUL}
            for rule, fields in (("S5", wrong), ("S2", empty)):
                if fields:
                    shown = ", ".join(f"{key}={value!r}" for key, value in sorted(fields.items()))
                    found.append(Repair(rule, node.path, f"{SET_FIELDS} {shown}", fields=fields))
    return found


def _junk(top: Node) -> list[Repair]:
    """F1: caches, leftovers of desktops, and directories that are or become empty. Never anything else."""
    gone: set[str] = set()
    found = []
    for node in top.walk():
        if node.path.startswith(".git/") or any(node.path.startswith(path + "/") for path in gone):
            continue
        cache = node.kind == DIRECTORY and node.name in CACHES
        leftover = node.kind == FILE and (node.name in JUNK or node.name.endswith(".pyc"))
        if cache or leftover:
            gone.add(node.path)
            found.append(Repair("F1", node.path, REMOVE))
    empty: list[str] = []
    for node in reversed(list(top.walk())):
        if node.kind != DIRECTORY or node.problem or node.path in gone or node.path == ".git":
            continue
        if any(node.path.startswith(path + "/") for path in gone):
            continue
        if all(child.path in gone for child in node.children.values()):
            gone.add(node.path)
            empty.append(node.path)
    return [*found, *(Repair("F1", path, REMOVE) for path in empty)]


def apply_repairs(root: str, repairs: list[Repair], backup: str = "") -> None:
    """Carry out a plan in place. Raises FrancaError: a file cannot be read, written or removed."""
    for repair in repairs:
        path = join(root, repair.path)
        if repair.truncation is not None:
            truncate(root, repair.truncation, backup)
        elif repair.fields:
            raw = {**read_object(path), **repair.fields}
            write_atomic(path, (json.dumps(raw, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))
        else:
            _remove(path)


def _remove(path: str) -> None:
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    except OSError as error:
        raise FrancaError(f"cannot be removed: {error.strerror or error}", where=Location(path)) from None


def copy_tree(root: str, target: str) -> None:
    """Copy a tree, links as links, special files and .git left out.

    Raises:
        AlreadyExists: the target is there.
        FrancaError: something cannot be copied.
    """
    if os.path.lexists(target):
        raise AlreadyExists(f"{target!r} exists", hint="give a directory that does not exist yet")
    top = index_tree(root)
    skipped = {node.path for node in top.walk() if node.kind not in (FILE, DIRECTORY, LINK)}

    def ignore(directory: str, names: list[str]) -> set[str]:
        relative = os.path.relpath(directory, root)
        prefix = "" if relative == "." else relative.replace(os.sep, "/") + "/"
        return {name for name in names if prefix + name in skipped or prefix + name == ".git"}

    try:
        shutil.copytree(root, target, symlinks=True, ignore=ignore)
    except (OSError, shutil.Error) as error:
        raise FrancaError(f"cannot be copied: {error}", where=Location(root)) from None
