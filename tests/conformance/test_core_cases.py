"""The core answers recorded command lines as the engine of reference did: status, printed result, files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.core_cases import CASES, perform
from tests.conformance.replay import forked

RECORDED: dict[str, Any] = json.loads(gzip.decompress((Path(__file__).parent / "data/core-cases.json.gz").read_bytes()))

#: Commands whose printed result scripts read; the chatter of the others is our own.
_PINNED = ("find", "ls", "list", "load", "where", "version", "update", "add demo", "rm demo")


def lines(out: str) -> list[str]:
    """Printed lines without the repository that ships with the tool."""
    return [line for line in out.splitlines() if not line.startswith(("internal,", "franca@recipes,"))]


def tags_in_order(files: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: sorted(value) if key == "tags" else value for key, value in meta.items()}
        if isinstance(meta, dict)
        else meta
        for name, meta in files.items()
    }


def same_tags(text: list[str]) -> Any:
    """A printed meta with its tags in order: the order of added tags is left open."""
    try:
        meta = json.loads("\n".join(text))
    except ValueError:
        return text
    return tags_in_order({"meta": meta})["meta"] if isinstance(meta, dict) else meta


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, tmp_path: Path) -> None:
    root, work = tmp_path / "CM", tmp_path / "work"
    work.mkdir()
    environ = {
        "CM_REPOS": str(root),
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "CM_CORE_SKIP_INTERNAL_REPOS": "yes",
    }

    def run(words: list[str]) -> tuple[int, str]:
        done = forked(["cm", *words], work, environ, "", tmp_path)
        assert "Traceback" not in done.err
        assert done.status == 0 or done.err, "an error says what is wrong"
        return done.status, done.out

    got, wanted = perform(run, CASES[name], root, work), RECORDED[name]
    for mine, theirs in zip(got["steps"], wanted["steps"], strict=True):
        assert mine["status"] == theirs["status"], mine
        if mine["command"].startswith(_PINNED):
            assert same_tags(lines(mine["out"])) == same_tags(lines(theirs["out"])), mine["command"]
    assert tags_in_order(got["files"]) == tags_in_order(wanted["files"])
