"""Scripts of a catalog, with what their folders hold."""

from __future__ import annotations

import os

from franca.catalog.catalog import Catalog
from franca.errors import ScriptNotFound, UsageError
from franca.grammar.reference import parse_ref
from franca.model.artifact import Artifact, Repo
from franca.model.ids import SCRIPT, Ref
from franca.model.light import TYPE_CHECKING
from franca.model.script import Request, Script
from franca.model.tags import TagQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


class ScriptFinder:
    """Finds scripts by tags or by name. ``read_code`` also learns which variables their code mentions."""

    def __init__(self, catalog: Catalog, *, read_code: bool = False) -> None:
        self.catalog = catalog
        self.read_code = read_code
        self._made: dict[str, Script] = {}

    def find(self, request: Request) -> tuple[Script, ...]:
        """Raises ScriptNotFound, naming close tags, when nothing fits; UsageError when nothing was asked for."""
        if not request.artifact and not request.query.tags.include:
            raise UsageError(
                "no script was named: its tags, its name or its uid are needed",
                hint='for example "detect os"; list what there is with: franca find script',
            )
        ref = parse_ref(request.artifact) if request.artifact else Ref()
        found = self.catalog.find(SCRIPT, ref, request.query.tags)
        if not found and request.artifact:
            # `cm run script X` also reads a single word as a tag
            found = self.catalog.find(SCRIPT, Ref(), TagQuery((request.artifact,)))
        if not found:
            raise self._nothing(request)
        return tuple(self.script(a) for a in found)

    def script(self, artifact: Artifact) -> Script:
        known = self._made.get(artifact.path)
        if known is None:
            files = frozenset(os.listdir(artifact.path))
            keys = _mentioned(artifact.path, files, artifact.repo.dialect.prefix) if self.read_code else frozenset()
            known = self._made[artifact.path] = Script(artifact, files, keys)
        return known

    def repos(self) -> list[Repo]:
        """The repositories of the scripts that were found so far."""
        return list({script.repo.path: script.repo for script in self._made.values()}.values())

    def _nothing(self, request: Request) -> ScriptNotFound:
        wanted = request.query.tags
        if request.artifact and not wanted.include:
            what = f"no script is named {request.artifact!r}"
            known = {a.ref.alias for a in self.catalog.rows(SCRIPT)}
            words: tuple[str, ...] = (request.artifact,)
        else:
            what = f"no script matches tags {wanted}"
            known = {t for a in self.catalog.rows(SCRIPT) for t in a.tags}
            words = wanted.include
        from franca.grammar.suggest import closest

        close = [c for w in words if w not in known for c in closest(w, known)[:2]]
        if close:
            what += f" (closest: {', '.join(close)})"
        elif known and not close:
            what += " (each tag exists, no script has all of them)" if set(words) <= known else ""
        return ScriptNotFound(what, hint="list what there is with: franca find script")


def _mentioned(path: str, files: frozenset[str], prefix: str) -> frozenset[str]:
    """Environment keys that the code in a script's folder names: what it may set, as far as text tells."""
    found: set[str] = set()
    for name in files:
        if name == "customize.py" or name.endswith((".sh", ".bat")):
            with open(os.path.join(path, name), encoding="utf-8", errors="replace") as stream:
                found.update(_names(stream.read(1_000_000), prefix))
    return frozenset(found | {"+" + k for k in found})


def _names(text: str, prefix: str) -> Iterator[str]:
    """Every ``[A-Z0-9_]+`` that begins with ``prefix`` and goes on."""
    at = text.find(prefix)
    while at >= 0:
        start = end = at + len(prefix)
        while text[end : end + 1] in _NAME:
            end += 1
        if end > start:
            yield text[at:end]
        at = text.find(prefix, end)
