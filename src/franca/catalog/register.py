"""Making, registering and unregistering repositories (CM core, sections 2.6 to 2.8)."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from franca.catalog.files import (
    load_meta,
    make_directory,
    read_json,
    write_json_atomic,
    write_yaml_atomic,
)
from franca.catalog.locks import locked
from franca.catalog.names import check_alias, new_uid
from franca.catalog.repositories import held_paths, layout_of, read_list
from franca.catalog.roots import Roots, list_lock, make_local
from franca.catalog.store import remove_tree
from franca.errors import Conflict, FrancaError, Location, MalformedFile, NotFound, Refused, UsageError
from franca.model.artifact import Repo
from franca.model.dialect import CLASSIC, NEW, Dialect
from franca.model.ids import ObjectRef, is_uid

if TYPE_CHECKING:
    from franca.catalog.catalog import Catalog


class Registered(msgspec.Struct, frozen=True):
    """A repository that was registered, and what the user should know (missing dependencies)."""

    repo: Repo
    warnings: tuple[str, ...] = ()


def make_new_local(roots: Roots, path: str) -> None:
    """The local repository of the new dialect, listed first in its list (CM core, section 15.1)."""
    make_local(path, "meta.yaml", "local MLC repository", new_uid())


# Lists


def list_of(roots: Roots, dialect: Dialect) -> tuple[str, str]:
    """The list file of a dialect, and the directory that its relative entries start from."""
    return (roots.new_list, roots.new) if dialect.is_new else (roots.classic_list, roots.classic_repos)


def _entries(path: str) -> list[Any]:
    """The list as it is written. Raises MalformedFile: a damaged list is repaired by people, not overwritten."""
    try:
        value = read_json(path)
    except NotFound:
        return []
    if not isinstance(value, list):
        raise MalformedFile("a list of paths was expected", where=Location(path))
    return value


def _edit_list(roots: Roots, dialect: Dialect, edit: Callable[[list[Any]], list[Any]]) -> None:
    path, _ = list_of(roots, dialect)
    make_directory(os.path.dirname(path))
    with locked(list_lock(path)):
        old = _entries(path)
        new = edit(list(old))
        if new != old or not os.path.exists(path):
            write_json_atomic(path, new)


def _append(roots: Roots, dialect: Dialect, path: str) -> None:
    if dialect.is_new:
        make_new_local(roots, roots.new_local)

    def edit(entries: list[Any]) -> list[Any]:
        if dialect.is_new and roots.new_local not in entries:
            entries.insert(0, roots.new_local)
        return entries if path in entries else [*entries, path]

    _edit_list(roots, dialect, edit)


def _remove(roots: Roots, path: str) -> bool:
    """Take a path out of both lists; whether it was in one."""
    removed = False
    for dialect in (CLASSIC, NEW):
        _, base = list_of(roots, dialect)

        def edit(entries: list[Any], base: str = base) -> list[Any]:
            return [e for e in entries if not isinstance(e, str) or not _same(os.path.join(base, e), path)]

        name, _ = list_of(roots, dialect)
        if os.path.exists(name) and edit(_entries(name)) != _entries(name):
            _edit_list(roots, dialect, edit)
            removed = True
    return removed


def _same(one: str, other: str) -> bool:
    return os.path.normpath(one) == os.path.normpath(other)


def listed_paths(roots: Roots) -> list[str]:
    """All listed paths of both dialects, whether they exist or not. A damaged list counts as empty."""
    paths: list[str] = []
    for dialect in (CLASSIC, NEW):
        try:
            paths += read_list(*list_of(roots, dialect))
        except FrancaError:
            continue
    return list(dict.fromkeys(os.path.normpath(path) for path in paths))


# Registering


def init(
    catalog: Catalog, alias: str = "", path: str = "", *, uid: str = "", desc: str = "", prefix: str = "",
    dialect: Dialect | None = None, git: bool = False,
) -> Registered:  # fmt: skip
    """Make a repository and register it: ``cm add repo``, ``cm init repo``.

    Args:
        alias: its name; that of the directory in lower case when empty.
        path: its directory; ``<root>/repos/<alias>`` when empty. An existing meta is kept.

    Raises:
        Conflict: alias, uid or path are taken, or the existing meta says otherwise.
        Refused: a name or prefix that leaves its place.
    """
    dialect = dialect or catalog.home_dialect
    if not alias and not path:
        raise UsageError("a repository needs a name or a path")
    if not path:
        path = os.path.join(clones(catalog.roots, dialect), check_alias(alias, "repository"))
    path = os.path.abspath(path)
    alias = check_alias(alias or os.path.basename(path).lower(), "repository")
    if prefix:
        check_prefix(prefix)
    if uid and not is_uid(uid):
        raise UsageError(f"uid {uid!r} is not 16 hexadecimal digits")
    layout = layout_of(path)
    if layout is None:
        meta: dict[str, Any] = {"alias": alias, "uid": uid or new_uid(), "git": git}
        meta.update({key: value for key, value in (("desc", desc), ("prefix", prefix)) if value})
        _check_conflicts(catalog, path, meta)
        _write_repo(path, meta, dialect)
    else:
        _check_agrees(path, layout[0], alias, uid, prefix)
    registered = register(catalog, path)
    trust(catalog, registered.repo)
    return Registered(catalog.repo(registered.repo.ref), registered.warnings)


def clones(roots: Roots, dialect: Dialect) -> str:
    """The directory in which clones of a dialect lie."""
    return roots.new if dialect.is_new else roots.classic_repos


def check_prefix(prefix: str) -> str:
    """``prefix`` when it stays inside its repository. Raises Refused."""
    parts = prefix.split("/")
    if os.path.isabs(prefix) or "\\" in prefix or any(part in ("", ".", "..") for part in parts):
        raise Refused(f"prefix {prefix!r} is not a sub-directory of the repository")
    return prefix


def _write_repo(path: str, meta: dict[str, Any], dialect: Dialect) -> None:
    make_directory(path)
    write_yaml_atomic(os.path.join(path, dialect.repo_meta[0] + ".yaml"), meta)
    if dialect.is_new:
        make_directory(os.path.join(path, "script"))
    if meta.get("prefix"):
        make_directory(os.path.join(path, meta["prefix"]))


def write_repo_meta(path: str, alias: str, *, desc: str = "", prefix: str = "", git: bool = True) -> None:
    """A ``cmr.yaml`` for a directory that came without one (CM core, section 2.5)."""
    meta: dict[str, Any] = {"alias": alias, "uid": new_uid(), "git": git}
    meta.update({key: value for key, value in (("desc", desc), ("prefix", prefix)) if value})
    _write_repo(path, meta, CLASSIC)


def _check_agrees(path: str, dialect: Dialect, alias: str, uid: str, prefix: str) -> None:
    meta = repo_meta(path, dialect)
    for key, value in (("alias", alias), ("uid", uid), ("prefix", prefix)):
        if value and str(meta.get(key) or "") != value and not (key == "alias" and not meta.get(key)):
            raise Conflict(
                f"the repository in {path} has the {key} {meta.get(key)!r}, not {value!r}",
                hint=f"register it as it is: cm import repo --path={path}",
            )


def repo_meta(path: str, dialect: Dialect) -> dict[str, Any]:
    """The meta of the repository at a path. Raises MalformedFile when it has no identity."""
    meta, files = load_meta(path, dialect.repo_meta[0])
    for key in ("alias", "uid"):
        if not meta.get(key):
            raise MalformedFile(f"the key {key!r} is missing", where=Location(files[0] if files else path))
    check_alias(str(meta["alias"]), "repository")
    return meta


def find_above(path: str) -> str:
    """The repository that a path lies in: the closest directory, from it upwards, with a repository meta; or ""."""
    path = os.path.abspath(path)
    while True:
        if layout_of(path) is not None:
            return path
        above = os.path.dirname(path)
        if above == path:
            return ""
        path = above


def register(catalog: Catalog, path: str) -> Registered:
    """Add an existing repository to the list: ``cm import repo``.

    Raises:
        NotFound: there is none at this path.
        Conflict: it, its alias or its uid is registered, or it conflicts with a registered one.
    """
    path = os.path.normpath(os.path.abspath(path))
    layout = layout_of(path)
    if layout is None:
        raise NotFound(f"repository not found: no cmr.yaml in {path}", hint=f"make one: cm init repo --path={path}")
    dialect = layout[0]
    meta = repo_meta(path, dialect)
    list_path, _ = list_of(catalog.roots, dialect)
    with locked(list_lock(list_path)):  # two that conflict cannot both get in
        catalog.refresh()
        _check_conflicts(catalog, path, meta)
        warnings = check_deps(catalog, meta)
        _append(catalog.roots, dialect, path)
    catalog.refresh()
    for repo in catalog.repos():
        if repo.path == path:
            return Registered(repo, tuple(warnings))
    raise MalformedFile("the repository cannot be used", where=Location(path))


def _check_conflicts(catalog: Catalog, path: str, meta: dict[str, Any]) -> None:
    """CM core, section 2.7."""
    listed = {os.path.normpath(one) for one in listed_paths(catalog.roots)}
    if path in listed:
        raise Conflict(f"the repository {path} is already registered in CM", hint="see them: franca find repo")
    alias, uid = str(meta["alias"]), str(meta["uid"])
    for repo in catalog.repos():
        if repo.path not in listed:
            continue
        if repo.ref.alias.lower() == alias.lower() or repo.ref.uid.lower() == uid.lower():
            raise Conflict(
                f'CM repository with the same alias "{alias}" and/or uid "{uid}" already exists in {repo.path}',
                hint=f"drop the other one first: cm rm repo {repo.ref.alias}",
            )


def check_deps(catalog: Catalog, meta: dict[str, Any]) -> list[str]:
    """What the dependencies of a repository on others ask for (CM core, section 2.8). Raises Conflict."""
    warnings = []
    for item in meta.get("deps") or ():
        if not isinstance(item, dict):
            continue
        wanted = ObjectRef(str(item.get("alias") or ""), str(item.get("uid") or ""))
        installed = [repo for repo in catalog.repos() if wanted and wanted.selects(repo.ref)]
        if item.get("conflict") and installed:
            raise Conflict(
                f"the repository {meta['alias']} conflicts with {installed[0].ref}",
                hint=f"drop that one first: cm rm repo {installed[0].ref.alias}",
            )
        if wanted and not item.get("conflict") and not installed:
            warnings.append(f"You must install extra CM repository: cm pull repo {wanted.alias or wanted.uid}")
    return warnings


def unregister(catalog: Catalog, repo: Repo, *, delete: bool = False) -> None:
    """Take a repository out of the list; ``delete`` removes its files as well. Raises Refused, NotFound."""
    if repo.path in (catalog.roots.classic_local, catalog.roots.new_local):
        raise Refused(f"the local repository {repo.path} cannot be removed")
    if not repo.writable:
        raise Refused(f"the repository {repo.ref} ships with a package and cannot be removed")
    if not _remove(catalog.roots, repo.path):
        raise NotFound(f"Repository not found in the lists: {repo.path}")
    if delete:
        remove_tree(repo.path)
    _edit_held(catalog, lambda paths: paths - {repo.path})
    catalog.refresh()


def missing(catalog: Catalog) -> list[str]:
    """Listed paths that hold no repository now."""
    return [path for path in listed_paths(catalog.roots) if layout_of(path) is None]


def fix(catalog: Catalog) -> list[str]:
    """Drop listed paths that hold no repository: ``cm fix repo``. Returns what was dropped."""
    gone = missing(catalog)
    for path in gone:
        _remove(catalog.roots, path)
    catalog.refresh()
    return gone


# Trust


def trust(catalog: Catalog, repo: Repo) -> None:
    """Agree that scripts, automations and tests of a repository may run."""
    _edit_held(catalog, lambda paths: paths - {repo.path})
    catalog.refresh()


def distrust(catalog: Catalog, repo: Repo) -> None:
    hold(catalog, repo.path)
    catalog.refresh()


def hold(catalog: Catalog, path: str) -> None:
    """Keep scripts of the repository at ``path`` from running until the user trusts it."""
    _edit_held(catalog, lambda paths: paths | {path})


def _edit_held(catalog: Catalog, edit: Callable[[frozenset[str]], frozenset[str]]) -> None:
    path = os.path.join(catalog.roots.own, "held.json")
    with locked(catalog.roots.lock("trusted")):
        old = held_paths(catalog.roots)
        new = edit(old)
        if new != old:
            make_directory(catalog.roots.own)
            write_json_atomic(path, sorted(new))
