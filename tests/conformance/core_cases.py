"""Command lines of the core, and how they were recorded with an engine of reference.

``python tests/conformance/core_cases.py PATH_OF_CM > core-cases.json`` runs every case with the
given ``cm`` (cmind 4.2.0; ``CM_INDEX=no``, because its answers are a function of the files only without its index)
and writes what came out: status, standard output, and the files in the storage root. Uids and paths are masked.
The result is kept in ``data/core-cases.json.gz``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEMO = "add automation myrepo:demo,0bab14e5135547e4 --tags=x,y"
START = ["add repo myrepo --uid=bd3acd8f02694eed --prefix=sub", DEMO]
ONE = "add demo myrepo:art1,63ea4f16977049d1 --tags=t1,t2"
TWO = "add demo myrepo:art2,ccaf6af9c7ee4663 --tags=t1,t3"
BASE = "add demo myrepo:base --tags=b1 --meta.a.x=1 --meta.l,=p,q"
CHILD = "add demo myrepo:child --tags=c1 --meta.a.y=2 --meta.l,=r --meta._base=demo::base"

CASES: dict[str, list[str]] = {
    "first-use": ["find repo", "where repo local", "version"],
    "add": [*START, ONE, "find demo", "find demo art1", "load demo art1"],
    "add-again": [*START, ONE, ONE],
    "add-unknown-repo": [*START, "add demo nosuch:x"],
    "add-new-tags": [*START, "add demo myrepo:a --tags=t1,t2 --new_tags=t2,t3", "load demo a"],
    "add-yaml": [*START, "add demo myrepo:a --tags=t1 --yaml", "load demo a"],
    "add-in-local": [*START, "add demo b", "find demo b"],
    "find-names": [
        *START, ONE, TWO, "find demo art1", "find demo 63ea4f16977049d1", "find demo art1,63ea4f16977049d1",
        "find demo wrong,63ea4f16977049d1", "find demo art1,0000000000000001", "find demo ART1", "find demo art*",
        "find demo *2", "find demo art?", "find demo myrepo:*", "find demo local:*", "find * art1", "find demo nosuch",
        "ls demo", "list demo art2", "find dem?", "find 0bab14e5135547e4", "find demo,0bab14e5135547e4 art1",
    ],
    "find-tags": [
        *START, ONE, TWO, "find demo --tags=t1", "find demo --tags=t1,t2", "find demo --tags=t1,-t2",
        "find demo --tags=-t1", "find demo --tags=", "find demo --tags,=t1,t3", "find demo --tags=t9",
        "find demo art1 --tags=t3", "find demo --tags=T1",
    ],
    "load-errors": [*START, ONE, TWO, "load demo nosuch", "load demo art*", "load demo"],
    "two-repos": [
        *START, "add repo other --uid=aaaaaaaaaaaaaaaa", ONE, "add demo other:art1", "find demo art1", "load demo art1",
        "load demo myrepo:art1", "find demo other:*",
    ],
    "update": [
        *START, ONE, "update demo art1 --meta.k.a=1 --tags=t3", "update demo art1 --meta.k.b=2 --meta.l,=a,b",
        "update demo art1 --meta.l,=c", "update demo art1 --meta.l,=z --replace_lists", "load demo art1",
        "update demo art1 --meta.only=1 --replace", "load demo art1",
    ],
    "update-makes": [*START, "update demo myrepo:fresh --meta.k=v --tags=n", "load demo fresh"],
    "update-several": [*START, ONE, TWO, "update demo art* --meta.k=v -f", "load demo art1", "load demo art2"],
    "delete": [*START, ONE, TWO, "rm demo art1 -f", "find demo", "rm demo nosuch -f", "rm demo --tags=t1 -f",
               "find demo"],
    "move": [*START, ONE, TWO, "mv demo art1 new", "find demo", "mv demo new ,00000000000000aa", "load demo new",
             "mv demo new local:", "find demo", "mv demo new myrepo:art2"],
    "rename": [*START, ONE, "ren demo art1 b", "rename demo b c", "load demo c"],
    "move-yaml": [*START, "add demo myrepo:a,63ea4f16977049d1 --tags=t1 --yaml", "mv demo a b", "load demo b"],
    "copy": [*START, ONE, "cp demo art1 art2 --new_tags=n", "find demo --tags=n", "cp demo art1 art2",
             "copy demo art1 local:", "find demo art1"],
    "inherit": [*START, BASE, CHILD, "load demo child", "load demo child --ignore_inheritance", "find demo --tags=b1",
                "find demo --tags=b1,c1"],
    "inherit-nothing": [*START, CHILD, "load demo child"],
    "input": [
        "print-input automation art1 art2 --flag1=value1 --flag2 --x.y.z=3 --l,=a,b,c --no-cache- --k=x=y -- s --q 1",
        "print-input automation -f --a-b=1 --a-b.c-d=1", "print-input automation a --l,= --e=",
    ],
    "errors": [*START, "nosuch repo", "find nosuch", "find", "find demo a:b:c", "find demo a,b,c", "nosuch demo"],
    "repos": [
        "add repo r1 --uid=1111111111111111 --desc=first", "add repo r2 --uid=2222222222222222",
        "find repo", "find repo r*", "find repo r1",
        "find repo 2222222222222222 --min", "where repo r2", "rm repo r1 -f", "find repo", "rm repo r1 -f",
        "rm repo r2 -f --all", "find repo",
    ],
    "same-repo": ["add repo r1 --uid=1111111111111111", "add repo r1", "add repo r2 --uid=1111111111111111"],
    "automation": [*START, "test demo --key=value", "find automation demo", "load automation demo"],
}  # fmt: skip


_KNOWN = re.compile("5b4e|bbeb|55c3|0bab|bd3a|63ea|ccaf|9a32|36b2|0000|1111|2222|aaaa")


def mask(text: str, root: str, work: str) -> str:
    """``text`` without the paths of this machine and without the uids that chance made."""
    text = text.replace(root, "$ROOT").replace(work, "$WORK")

    def uid(found: re.Match[str]) -> str:
        return found.group(0) if _KNOWN.match(found.group(0)) else "<uid>"

    return re.sub(r"(?<![0-9a-fA-F])[0-9a-f]{16}(?![0-9a-fA-F])", uid, text)


def files(root: Path) -> dict[str, Any]:
    """Meta files below the root: JSON and YAML ones by content."""
    import yaml

    found: dict[str, Any] = {}
    for path in sorted(root.rglob("*")):
        inside = str(path.relative_to(root))
        if (
            not path.is_file()
            or path.suffix in (".py", ".pyc")
            or inside.startswith((".franca", "index", "repos.json"))
        ):
            continue
        if path.suffix in (".json", ".yaml"):
            found[inside] = yaml.safe_load(path.read_text())
        else:
            found[inside] = None
    return found


def perform(run: Callable[[list[str]], tuple[int, str]], commands: list[str], root: Path, work: Path) -> dict[str, Any]:
    """Run the commands of one case and describe what came of it."""
    import shlex

    steps = []
    for command in commands:
        status, out = run(shlex.split(command) if "*" not in command else command.split())
        steps.append({"command": command, "status": status, "out": mask(out, str(root), str(work))})
    tree = json.loads(mask(json.dumps(files(root)), str(root), str(work)))
    return {"steps": steps, "files": tree}


def main(program: str) -> None:
    """Record all cases with ``program``."""
    recorded = {}
    for name, commands in CASES.items():
        with tempfile.TemporaryDirectory() as place:
            root, work = Path(place) / "CM", Path(place) / "work"
            work.mkdir()
            environ = {"CM_REPOS": str(root), "HOME": place, "PATH": os.environ["PATH"], "CM_INDEX": "no",
                       "CM_CORE_SKIP_INTERNAL_REPOS": "yes"}  # fmt: skip

            def run(words: list[str], work: Path = work, environ: dict[str, str] = environ) -> tuple[int, str]:
                done = subprocess.run(
                    [program, *words], cwd=work, env=environ, capture_output=True, text=True, input="", check=False
                )
                return done.returncode, done.stdout

            recorded[name] = perform(run, commands, root, work)
    json.dump(recorded, sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main(sys.argv[1])
