"""Which repositories there are: local, our own, installed by pip, and listed (CM core, section 2).

Reading and writing of the lists of repositories is safe among processes: one lock a list, atomic replacement.
"""

from __future__ import annotations

import os

from franca._packed import Group
from franca.catalog.files import overlays, read_json
from franca.catalog.roots import Roots
from franca.catalog.scan import Watch, read_known
from franca.errors import FrancaError, NotFound
from franca.model.artifact import Repo
from franca.model.dialect import CLASSIC, NEW, Dialect
from franca.model.ids import INTERNAL_REPO_UID, ObjectRef, is_uid
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable


class Place(Record):
    """Where a repository may be, and what its place says about it."""

    path: str
    expected: bool = True  #: whether its absence deserves a warning
    writable: bool = True
    internal: bool = False


class Found(Record):
    """The usable repositories in search order, and what they were learned from."""

    group: Group
    repos: tuple[Repo, ...]
    warnings: tuple[str, ...] = ()


class _Search:
    """What is collected on the way."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.warnings: list[str] = []


def discover(roots: Roots, home: Dialect) -> Found:
    """All repositories in search order; what is missing or malformed becomes a warning.

    Order (CM core, section 2.3): local, internal, installed by pip, listed; the home dialect first.
    """
    search = _Search()
    repos: list[Repo] = []
    seen: set[str] = set()
    held = held_paths(roots, search.watch)
    for place in _places(roots, search, home):
        path = os.path.normpath(place.path)
        if path in seen:
            continue
        seen.add(path)
        repo = _read_repo(place, path, search, path not in held)
        if repo is not None:
            repos.append(repo)
    return Found(search.watch.group(), tuple(repos), tuple(search.warnings))


def _places(roots: Roots, search: _Search, home: Dialect) -> Iterable[Place]:
    locals_ = [Place(roots.classic_local), Place(roots.new_local, expected=False)]
    lists = [(roots.classic_list, roots.classic_repos), (roots.new_list, roots.new)]
    if home.is_new:
        locals_.reverse()
        lists.reverse()
    yield from locals_
    yield from _internal(roots)
    for site in roots.sites:
        yield from _installed(site, search.watch)
    for path, base in lists:
        for listed in _listed(path, base, search):
            yield Place(listed)


def _internal(roots: Roots) -> Iterable[Place]:
    for path in roots.recipes:
        yield Place(path, expected=False, writable=False)
    if roots.cm_home:
        path = os.path.join(roots.cm_home, "repo")
        yield Place(path, writable=False, internal=True)


def _installed(site: str, watch: Watch) -> Iterable[Place]:
    """Packages named ``cm*`` that hold a repository (CM core, section 2.3)."""
    if watch.see(site) is None:
        return
    try:
        names = sorted(n for n in os.listdir(site) if n.startswith("cm") and n != "cmind" and "." not in n)
    except OSError:
        return
    for name in names:
        for path in (os.path.join(site, name), os.path.join(site, name, "repo")):
            yield Place(path, expected=False, writable=False)


def _listed(path: str, base: str, search: _Search) -> list[str]:
    try:
        search.watch.see(path)
        return read_list(path, base)
    except NotFound:
        return []
    except FrancaError as error:
        search.warnings.append(f"{error}; no listed repository is used until it is repaired")
        return []


def read_list(path: str, base: str) -> list[str]:
    """The absolute paths in a list of repositories; a relative entry is one below ``base``.

    Raises NotFound (no list), MalformedFile.
    """
    from franca.errors import Location, MalformedFile

    value = read_json(path)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise MalformedFile("a list of paths was expected", where=Location(path))
    return [_absolute(item, base) for item in value if item.strip()]


def _absolute(item: str, base: str) -> str:
    if os.path.isabs(item):
        return item
    inside = os.path.join(base, item)
    return inside if os.path.isdir(inside) else os.path.abspath(item)


def _read_repo(place: Place, path: str, search: _Search, trusted: bool) -> Repo | None:
    layout = layout_of(path, search.watch)
    if layout is None:
        if place.expected:
            what = "has no repository meta (cmr.yaml)" if os.path.isdir(path) else "does not exist"
            search.warnings.append(
                f"the registered repository {path} {what}: it is skipped and stays registered "
                f"(to drop it: cm rm repo {os.path.basename(path)})"
            )
        return None
    dialect, names = layout
    known = read_known(path, names, search.watch)
    meta = known.meta()
    problem = known.problem or _defect(meta, path, names[0])
    if problem:
        search.warnings.append(f"{problem}; the repository is skipped")
        return None
    ref = ObjectRef(str(meta["alias"]), str(meta["uid"]))
    if place.internal:
        ref = ObjectRef("internal", INTERNAL_REPO_UID)
    prefix = meta.get("prefix")
    return Repo(
        ref=ref, path=path, prefix=prefix.strip("/") if isinstance(prefix, str) else "", dialect=dialect,
        meta=meta, writable=place.writable, trusted=trusted,
    )  # fmt: skip


def _defect(meta: dict[str, Any], path: str, name: str) -> str:
    where = os.path.join(path, name)
    for key in ("alias", "uid"):
        if not meta.get(key):
            return f"{where}: the key {key!r} is missing"
    if not is_uid(str(meta["uid"])):
        return f"{where}: uid {meta['uid']!r} is not 16 hexadecimal digits"
    prefix = meta.get("prefix")
    if prefix and (not isinstance(prefix, str) or ".." in prefix.split("/") or os.path.isabs(prefix)):
        return f"{where}: prefix {prefix!r} leaves the repository"
    return ""


def layout_of(path: str, watch: Watch | None = None) -> tuple[Dialect, tuple[str, ...]] | None:
    """Dialect and meta files of the repository at ``path``, or None when there is none.

    ``cmr.*`` makes a classic one; ``meta.*`` beside a ``script``, ``cache`` or ``experiment`` folder, or in
    the local one, a new one (CM core, section 16).
    """
    watch = watch or Watch()
    for dialect in (CLASSIC, NEW):
        stem = dialect.repo_meta[0]
        files = tuple(n for n in (stem + ".yaml", stem + ".json") if watch.see(os.path.join(path, n)))
        if files and (not dialect.is_new or _is_new(path, watch)):
            return dialect, files if overlays(stem) else files[:1]
    return None


def _is_new(path: str, watch: Watch) -> bool:
    if os.path.basename(path) == "local":
        return True
    return any(watch.see(os.path.join(path, folder)) for folder in ("script", "cache", "experiment"))


def held_paths(roots: Roots, watch: Watch | None = None) -> frozenset[str]:
    """Paths of repositories that were fetched from elsewhere and whose hooks wait for the user's consent.

    What a user has put on the list by hand, or with another tool, is the user's own choice and not held.
    """
    path = os.path.join(roots.own, "held.json")
    if watch is not None:
        watch.see(path)
    try:
        value = read_json(path)
    except FrancaError:
        return frozenset()
    return frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()
