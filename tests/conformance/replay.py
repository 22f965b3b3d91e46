"""Runs recorded command lines in child processes that are forked, not started: Franca is imported once."""

from __future__ import annotations

import gzip
import importlib
import json
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import msgspec

DATA = Path(__file__).parent / "data" / "script-cases.json.gz"
LOCAL = "alias: local\nuid: 9a3280b14a4285c9\n"


class Side(msgspec.Struct, frozen=True):
    """The names in which the two dialects differ on disk."""

    dialect: str
    engine: str  #: as the cases call it
    prefix: str
    meta: str
    repo_meta: str
    variable: str
    root: str
    cache: str


CLASSIC = Side("classic", "cm", "CM", "_cm.yaml", "cmr.yaml", "CM_REPOS", "CM", "repos/local/cache")
NEW = Side("new", "mlc", "MLC", "meta.yaml", "meta.yaml", "MLC_REPOS", "MLC/repos", "local/cache")


class Done(msgspec.Struct, frozen=True):
    status: int
    out: str
    err: str


def recorded() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(gzip.decompress(DATA.read_bytes()))
    return document


def write_fixture(document: dict[str, Any], side: Side, top: Path) -> Path:
    """The fixture repository in one dialect."""
    for name, text in document["fixture"].items():
        path = top / name.replace("@META@", side.meta)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("@P@", side.prefix).replace("@META@", side.meta))
        if path.suffix == ".sh":
            path.chmod(0o755)
    (top / side.repo_meta).write_text("alias: fxfixtures1\nuid: 'fa57ab1e00000001'\ngit: false\n")
    return top


class Place:
    """Home, storage root and working directory of one case."""

    def __init__(self, side: Side, fixture: Path, top: Path) -> None:
        self.side, self.fixture = side, fixture
        self.top, self.work, self.home = top, top / "work", top / "home"
        self.store = self.home / side.root
        self.cache = self.store / side.cache
        self.work.mkdir(parents=True)
        local = self.cache.parent
        local.mkdir(parents=True)
        (local / side.repo_meta).write_text(LOCAL)
        (self.store / "repos.json").write_text(json.dumps([str(local), str(fixture)]))

    def environ(self, extra: dict[str, str]) -> dict[str, str]:
        values = {
            "HOME": str(self.home),
            "USER": "root",
            "FX_COUNTER": str(self.work / "counter"),
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            self.side.variable: str(self.store),
        }
        for key, value in extra.items():
            values[key.replace("@P@", self.side.prefix)] = value.replace("$WORK", str(self.work))
        return values

    def masked(self, value: Any) -> Any:
        """``value`` with the paths of this place by the names that the cases use."""
        if isinstance(value, dict):
            return {key: self.masked(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.masked(item) for item in value]
        if not isinstance(value, str):
            return value
        names = [(self.cache, "$CACHE"), (self.work, "$WORK"), (self.store, "$REPOS"), (self.top, "$ROOT")]
        for path, name in [*names, (self.fixture, "$FX")]:
            value = value.replace(str(path), name)
        return re.sub(r"\$CACHE/((?:[a-zA-Z0-9_.+-]+_)?[0-9a-f]{8,16})", "$CACHE/<entry>", value)

    def run(self, command: str, stdin: str, extra: dict[str, str]) -> Done:
        words = shlex.split(command.replace("$WORK", str(self.work)).replace("$CACHE", str(self.cache)))
        return forked(words, self.work, self.environ(extra), stdin, self.top)

    def cache_tags(self) -> list[list[str]]:
        found = []
        for meta in [*self.cache.glob("*/_cm.json"), *self.cache.glob("*/meta.json")]:
            found.append(sorted(json.loads(meta.read_text())["tags"]))
        return sorted(self.masked(found))


#: What a run imports when it comes to it; here once for all children.
_LATE = (
    "yaml", "franca.catalog.catalog", "franca.catalog.yamltext", "franca.compat.automation_surface",
    "franca.compat.cmx_front", "franca.compat.content_modules", "franca.compat.file_search",
    "franca.compat.hook_surface", "franca.compat.repo_automation", "franca.compat.script_automation",
    "franca.engine", "franca.engine.native", "franca.engine.planning",
)  # fmt: skip


def forked(words: list[str], directory: Path, environ: dict[str, str], stdin: str, scratch: Path) -> Done:
    """One command line in a child of this process, with its own streams, directory and environment."""
    from franca.compat.cm_front import main

    for module in _LATE:
        importlib.import_module(module)
    files = {name: scratch / f"stream-{name}" for name in ("in", "out", "err")}
    files["in"].write_text(stdin)
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        status = 70
        try:
            for number, name in enumerate(("in", "out", "err")):
                flags = os.O_RDONLY if name == "in" else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                os.dup2(os.open(files[name], flags, 0o600), number)
            sys.stdin = os.fdopen(0, closefd=False)
            sys.stdout = os.fdopen(1, "w", closefd=False)
            sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
            os.chdir(directory)
            os.environ.clear()
            os.environ.update(environ)
            status = main(words[0], words[1:])
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:
            import traceback

            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(status)
    _, wait_status = os.waitpid(child, 0)
    texts = [files[name].read_text(errors="replace") for name in ("out", "err")]
    return Done(os.waitstatus_to_exitcode(wait_status), *texts)


def result_of(out: str) -> dict[str, Any]:
    """The result document: the last JSON object in the output that has a ``return``."""
    for start in reversed([found.start() for found in re.finditer(r"^\{", out, re.MULTILINE)]):
        try:
            value = json.JSONDecoder().raw_decode(out[start:])[0]
        except ValueError:
            continue
        if isinstance(value, dict) and "return" in value:
            return value
    return {}


def marks(text: str) -> list[str]:
    return re.findall(r"^FX: .*$", text, re.MULTILINE)
