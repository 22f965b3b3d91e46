"""Mistakes in scripts, found without running anything."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from franca.authoring.findings import NOTE, Finding, in_order
from franca.authoring.metalint import MetaLint
from franca.authoring.shell import unquoted
from franca.authoring.sources import Source, World, code_of, read_source
from franca.catalog.catalog import Catalog
from franca.errors import FrancaError, Location, MalformedFile, NotFound
from franca.model.artifact import Repo
from franca.model.dialect import CLASSIC, DIALECTS, Dialect
from franca.model.ids import SCRIPT, ObjectRef
from franca.model.script import Script


class Report(msgspec.Struct, frozen=True):
    """What was looked at and what was found."""

    scripts: int
    findings: tuple[Finding, ...]

    def counted(self, *, strict: bool) -> tuple[Finding, ...]:
        """The findings that make lint fail."""
        return tuple(f for f in self.findings if strict or f.severity != NOTE)

    def only(self, rules: Sequence[str]) -> Report:
        return Report(self.scripts, tuple(f for f in self.findings if not rules or f.rule in rules))


class Place(msgspec.Struct, frozen=True):
    """A repository on disk and the folders of its scripts that are to be looked at."""

    repo: Repo
    folders: tuple[str, ...]


def lint(places: Iterable[Place], catalog: Catalog) -> Report:
    """Look at the scripts of some places; dependencies may mean those and everything in the catalog."""
    wanted = list(places)
    sources = [(place.repo, source) for place in wanted for source in _sources(place)]
    world = _world(catalog, [place.repo for place in wanted])
    findings = [f for _, source in sources for f in lint_source(source, world)]
    findings += _doubles(source for _, source in sources)
    return Report(len(sources), in_order(findings))


def lint_source(source: Source, world: World) -> Iterator[Finding]:
    """Everything about one script."""
    for trouble in source.troubles:
        yield _of_error(trouble, source)
    if source.meta:
        yield from MetaLint(source, world).findings()
    for name, text in code_of(source).items():
        path = os.path.join(source.folder, name)
        if name.endswith(".sh"):
            yield from _shell(path, text, source)
        elif name.endswith(".py"):
            yield from _python(path, text, source)


def _of_error(error: FrancaError, source: Source) -> Finding:
    where = error.where or Location(source.meta_file)
    rule = "duplicate-key" if "given twice" in error.message else "malformed-file"
    return Finding(rule, where.path, where.line, where.column, error.message, script=source.alias)


def _shell(path: str, text: str, source: Source) -> Iterator[Finding]:
    for one in unquoted(text):
        if one.text:
            message, rule = f"{one.text} is not quoted", "unquoted-words" if one.mild else "unquoted"
        else:
            message, rule = "a quotation or a bracket that begins here has no end", "shell-syntax"
        hint = f'write "{one.text}"' if one.text and '"' not in one.text else ""
        yield Finding(rule, path, one.line, one.column, message, hint, source.alias)


def _python(path: str, text: str, source: Source) -> Iterator[Finding]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line, column = getattr(error, "lineno", 0) or 0, getattr(error, "offset", 0) or 0
        message = f"this Python cannot read it: {getattr(error, 'msg', '') or error}"
        yield Finding("python-syntax", path, line, column, message, script=source.alias)


def _doubles(sources: Iterable[Source]) -> Iterator[Finding]:
    """One repository gives each identity once; two may have scripts of one name, and forks share uids."""
    seen: dict[tuple[str, str, str], Source] = {}
    for source in sources:
        for what, value in (("uid", source.uid), ("alias", source.alias.lower())):
            first = seen.setdefault((os.path.dirname(source.folder), what, value), source) if value else source
            if first is not source:
                where = source.where((what,))
                message = f"{what} {value} is also that of {first.folder}"
                yield Finding("duplicate-identity", where.path, where.line, where.column, message, script=source.alias)


# -- where to look -------------------------------------------------------------------------------------


def place_of_repo(repo: Repo) -> Place:
    """All scripts of a repository."""
    folder = os.path.join(repo.content_path, SCRIPT.alias)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return Place(repo, tuple(p for n in names if os.path.isdir(p := os.path.join(folder, n)) and not n.startswith(".")))


def place_of_path(path: str, catalog: Catalog) -> Place:
    """The script, or the repository, that a folder is; it need not be registered.

    Raises:
        NotFound: it is neither.
    """
    path = os.path.abspath(os.path.expanduser(path))
    for dialect in DIALECTS.values():
        if _has_meta(path, dialect.artifact_meta) and os.path.basename(os.path.dirname(path)) == SCRIPT.alias:
            return Place(_repo_around(path, catalog), (path,))
    repo = _registered(path, catalog) or _repo_at(path)
    if repo is None:
        raise NotFound(
            f"{path} is neither a script (script/NAME with _cm.yaml or meta.yaml) nor a repository",
            hint="franca lint script NAME, or franca lint repo NAME",
        )
    return place_of_repo(repo)


def _registered(path: str, catalog: Catalog) -> Repo | None:
    return next((repo for repo in catalog.repos() if repo.path == path or repo.content_path == path), None)


def _repo_around(path: str, catalog: Catalog) -> Repo:
    folder = os.path.dirname(os.path.dirname(path))
    known = _registered(folder, catalog) or _repo_at(folder) or _repo_at(os.path.dirname(folder))
    if known is not None:
        return known
    dialect = next(d for d in DIALECTS.values() if _has_meta(path, d.artifact_meta))
    return Repo(ObjectRef(os.path.basename(folder)), folder, dialect=dialect)


def _repo_at(path: str) -> Repo | None:
    """A repository that is not registered, by its meta file."""
    from franca.catalog.files import read_yaml

    for dialect in DIALECTS.values():
        file = os.path.join(path, dialect.repo_meta[0] + ".yaml")
        if not os.path.isfile(file):
            continue
        meta = read_yaml(file)
        if not isinstance(meta, dict):
            raise MalformedFile("a repository's meta is a mapping", where=Location(file))
        ref = ObjectRef(str(meta.get("alias") or os.path.basename(path)), str(meta.get("uid") or ""))
        return Repo(ref, path, str(meta.get("prefix") or ""), dialect, meta)
    if os.path.isdir(os.path.join(path, SCRIPT.alias)):
        return Repo(ObjectRef(os.path.basename(path)), path, dialect=_guessed_dialect(path) or CLASSIC)
    return None


def _guessed_dialect(path: str) -> Dialect | None:
    folder = os.path.join(path, SCRIPT.alias)
    for name in sorted(os.listdir(folder)):
        for dialect in DIALECTS.values():
            if _has_meta(os.path.join(folder, name), dialect.artifact_meta):
                return dialect
    return None


def _has_meta(folder: str, stem: str) -> bool:
    return any(os.path.isfile(os.path.join(folder, stem + ext)) for ext in (".yaml", ".json"))


def _sources(place: Place) -> Iterator[Source]:
    for folder in place.folders:
        source = read_source(folder, place.repo.dialect)
        if source is not None:
            yield source


def _world(catalog: Catalog, repos: Sequence[Repo]) -> World:
    """Every script of the catalog, and those of repositories that are looked at without being in it."""
    scripts = {a.path: Script(a, frozenset(_names(a.path))) for a in catalog.find(SCRIPT)}
    for repo in repos:
        for source in _sources(place_of_repo(repo)):
            scripts.setdefault(source.folder, source.script(repo))
    return World(scripts.values())


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
