"""The results tree on disk: places, finished parts, what may be reused. Nothing half-written is ever visible.

Layout (mlperf-inference section 7.3)::

    <output>/<run_style>_results/<sut>/<model>/<scenario>/performance/run_1/
                                                          accuracy/

A part is made in a hidden sibling and renamed when complete; a failed one ends as ``<part>.failed``, logs and
all. ``part.json`` in each finished part holds its typed result and the identity of what produced it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from franca.catalog.files import write_bytes_atomic
from franca.errors import Unavailable
from franca.mlperf.inference.scenarios import Mode, Scenario

PART = "part.json"
FAILED = ".failed"
_STAGING = ".partial-"
R = TypeVar("R")


class Part(msgspec.Struct, frozen=True):
    """The record of a finished part: what it was made from, and its result (Performance or Accuracy)."""

    identity: str
    result: msgspec.Raw


class Tree:
    """One benchmark's folder in a results tree."""

    def __init__(self, output: str, run_style: str, sut: str, model: str) -> None:
        self.sut_folder = os.path.join(output, f"{run_style}_results", sut)
        self.root = os.path.join(self.sut_folder, model)

    def folder(self, scenario: Scenario, mode: Mode) -> str:
        return os.path.join(self.root, scenario.slug, *mode.folder.split("/"))

    def make(self) -> None:
        """Create the folders and drop what a killed run left behind (call with the lock held)."""
        try:
            os.makedirs(self.root, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                f"results folder {self.root} cannot be made: {error.strerror}",
                hint="choose another place with --output=FOLDER",
            ) from error
        for place, folders, _ in os.walk(self.root):
            for name in [f for f in folders if f.startswith(_STAGING)]:
                shutil.rmtree(os.path.join(place, name), ignore_errors=True)
                folders.remove(name)

    def stage(self, name: str) -> str:
        """A new empty folder for work in progress, on the same file system as its final place."""
        path = os.path.join(self.root, f"{_STAGING}{name}-{os.getpid()}")
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path

    def publish(self, staged: str, final: str) -> None:
        """Put a finished folder in its place; an older one there is replaced as a whole."""
        os.makedirs(os.path.dirname(final), exist_ok=True)
        old = os.path.join(os.path.dirname(final), f"{_STAGING}old-{os.getpid()}")
        shutil.rmtree(old, ignore_errors=True)
        if os.path.lexists(final):
            os.rename(final, old)
        os.rename(staged, final)
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(final + FAILED, ignore_errors=True)  # an earlier try; this one is good

    def keep_failed(self, staged: str, final: str) -> str:
        """Keep the logs of a failed part beside the place it was meant for; returns where."""
        failed = final + FAILED
        os.makedirs(os.path.dirname(failed), exist_ok=True)
        shutil.rmtree(failed, ignore_errors=True)
        os.rename(staged, failed)
        return failed


def write_part(folder: str, identity: str, result: Any) -> None:
    raw = msgspec.json.encode({"identity": identity, "result": result})
    write_bytes_atomic(os.path.join(folder, PART), msgspec.json.format(raw, indent=2) + b"\n")


def read_part(folder: str, identity: str, kind: type[R]) -> R | None:
    """The result of a finished part, if it is there, readable, and of the same identity."""
    try:
        with open(os.path.join(folder, PART), "rb") as source:
            part = msgspec.json.decode(source.read(), type=Part)
        return msgspec.json.decode(part.result, type=kind) if part.identity == identity else None
    except (OSError, msgspec.DecodeError):
        return None


def has_all(folder: str, names: Iterable[str]) -> bool:
    """Whether every one of these files is there and has something in it."""
    paths = [os.path.join(folder, name) for name in names]
    return all(os.path.isfile(path) and os.path.getsize(path) > 0 for path in paths)


def file_sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        while block := source.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


_WHOLE_BYTES = 256 << 20  #: folders up to this size are hashed by content, larger ones by names, sizes, times


def folder_sha256(path: str) -> str:
    """Digest of a data set or a large model: its files' contents, or for large sets their names, sizes and times."""
    files = sorted(os.path.join(place, name) for place, _, names in os.walk(path) for name in names if name[0] != ".")
    sizes = {f: os.stat(f) for f in files if os.path.isfile(f)}
    whole = sum(s.st_size for s in sizes.values()) <= _WHOLE_BYTES
    digest = hashlib.sha256()
    for name, facts in sizes.items():
        mark = file_sha256(name) if whole else f"{facts.st_size} {facts.st_mtime_ns}"
        digest.update(f"{os.path.relpath(name, path)}\0{mark}\n".encode())
    return digest.hexdigest()


def place_sha256(path: str) -> str:
    """Digest of a file or a folder."""
    return folder_sha256(path) if os.path.isdir(path) else file_sha256(path)


def identity_of(facts: dict[str, Any]) -> str:
    """One digest for everything that decides a result."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
