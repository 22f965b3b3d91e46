"""Cache entries: found by tags, made under a lock, visible only when whole (script engine, section 10).

An entry is a folder whose meta file is written last and atomically, so a folder without meta is not an
entry and nobody looks into it. Its final path is known from the start, because scripts record absolute
paths. A mark under the state folder names the folder that is being filled; whoever holds the key's lock
and finds such a mark knows that its writer is gone, and removes the leftovers.
"""

from __future__ import annotations

import os
import time

from franca.catalog.catalog import Catalog
from franca.catalog.files import make_directory, write_json_atomic, write_text_atomic
from franca.catalog.locks import locked
from franca.engine import places
from franca.errors import FrancaError
from franca.grammar.shell import export_lines
from franca.model.artifact import Artifact
from franca.model.dialect import CLASSIC, NEW, Dialect
from franca.model.ids import CACHE, Ref
from franca.model.light import TYPE_CHECKING, Any
from franca.model.script import CacheEntry, CacheQuery, Script
from franca.model.tags import TagQuery
from franca.planner.commands import CachedState, CloseEntry, Opened, OpenEntry

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

_CACHE = "/local/cache/"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class CacheStore:
    """The cache of one catalog. ``on_wait`` is told who holds an entry that this process waits for."""

    def __init__(self, catalog: Catalog, on_wait: Callable[[str], None]) -> None:
        self.catalog = catalog
        self.on_wait = on_wait
        self._open: dict[str, tuple[AbstractContextManager[None], str, str]] = {}
        self.used: list[CacheEntry] = []  #: entries that were loaded, in order

    # -- looking up ---------------------------------------------------------------------------

    def lookup(self, query: CacheQuery, dialect: Dialect) -> tuple[CacheEntry, ...]:
        """Finished entries of a dialect that carry the tags, unexpired, whose dependent path exists.

        An entry is believed like a script: what it says goes into the environment of the run.
        """
        found = self.catalog.find(CACHE, Ref(), TagQuery(query.tags, query.excluded))
        entries = (_entry(a) for a in found if a.repo.dialect is dialect and a.repo.trusted and not _expired(a))
        return tuple(e for e in entries if self._usable(e))

    def _usable(self, entry: CacheEntry) -> bool:
        if not os.path.isfile(entry.state_file):
            return False
        return not entry.dependent_path or os.path.exists(self._relocated(entry.dependent_path))

    def entries_of(self, script: Script) -> list[tuple[CacheEntry, str]]:
        """Every entry that a script has made, each with what makes it unusable (empty text: nothing)."""
        tag = script.dialect.origin_tag + script.uid
        made = self.catalog.find(CACHE, Ref(), TagQuery((tag,)))
        found = [a for a in made if a.repo.dialect is script.dialect and a.repo.trusted]
        return [(_entry(a), self._trouble(a)) for a in found]

    def _trouble(self, artifact: Artifact) -> str:
        if _expired(artifact):
            return "it has expired"
        return "" if self._usable(_entry(artifact)) else "files that it needs are gone"

    def load(self, entry: CacheEntry) -> CachedState | None:
        """What an entry recorded, with paths of a storage root that has moved put right (10.7)."""
        import json

        try:
            with open(entry.state_file, encoding="utf-8") as stream:
                kept = json.load(stream)
        except (OSError, ValueError):
            return None
        if not isinstance(kept, dict):
            return None
        kept = self._relocated_all(kept)
        self.used.append(entry)
        return CachedState(
            new_env=kept.get("new_env") or {},
            new_state=kept.get("new_state") or {},
            deps=tuple(kept.get("deps") or ()),
            version=str(kept.get("version") or entry.version or ""),
        )

    def _relocated_all(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._relocated(value)
        if isinstance(value, list):
            return [self._relocated_all(v) for v in value]
        if isinstance(value, dict):
            return {k: self._relocated_all(v) for k, v in value.items()}
        return value

    def _relocated(self, text: str) -> str:
        """``text`` with each path into a cache that has moved led to where it is now; the rest stays."""
        if _CACHE not in text:
            return text
        out, at = "", 0
        while (mark := text.find(_CACHE, at)) >= 0:
            start = at if text.startswith("/") and at == 0 else _path_start(text, at, mark)
            entry = _first_name(text[mark + len(_CACHE) :])
            base = text[start:mark]
            if entry and not os.path.exists(base + _CACHE + entry):
                base = self._base_of(entry) or base
            out += text[at:start] + base + _CACHE
            at = mark + len(_CACHE)
        return out + text[at:]

    def _base_of(self, entry: str) -> str:
        """The folder above the local repository whose cache holds an entry; "" when none does."""
        roots = self.catalog.roots
        for local in (roots.classic_local, roots.new_local):
            base = os.path.dirname(local)
            if os.path.exists(base + _CACHE + entry):
                return base
        return ""

    # -- making -------------------------------------------------------------------------------

    def open(self, command: OpenEntry) -> Opened:
        """Take the lock of a key; then the entry that somebody finished meanwhile, or a fresh folder."""
        dialect = command.script.dialect
        local = self.catalog.local(dialect)
        key = places.key_digest(dialect.name, command.script.uid, *sorted(command.query.tags))
        lock = locked(places.folder(self.catalog.root, "locks", key + ".lock"), on_wait=self.on_wait)
        lock.__enter__()
        try:
            self.catalog.refresh()
            if not command.request.new and command.renew is None:
                found = self.lookup(command.query, dialect)
                ready = tuple(entry for entry in found if entry.uid not in command.refused)
                if ready:
                    lock.__exit__(None, None, None)
                    return Opened(ready=ready)
            mark = places.folder(self.catalog.root, "inflight", key)
            _remove_leftover(mark, os.path.join(local.content_path, "cache"))
            uid, path = self._place(command, local.content_path)
            make_directory(os.path.dirname(mark))
            write_text_atomic(mark, path)  # before there is anything to find: this process may end at any moment
            _begin(command, path)
        except BaseException:
            lock.__exit__(None, None, None)
            raise
        self._open[path] = (lock, mark, uid)
        return Opened(path=path, uid=uid)

    def _place(self, command: OpenEntry, content: str) -> tuple[str, str]:
        """Uid and folder of the entry to be filled."""
        if command.renew is not None:
            return command.renew.uid, command.renew.path
        uid = os.urandom(8).hex()
        name = uid
        if command.script.dialect.is_new:
            extra = "-".join(command.request.extra_cache_tags)[:15]
            name = "_".join(p for p in (command.script.alias, _safe(extra), uid[:8]) if p)
        return uid, os.path.join(content, "cache", name)

    def close(self, command: CloseEntry) -> CacheEntry:
        """Write state and environment files, then the meta that makes the entry visible."""
        dialect, path = command.script.dialect, command.path
        state_file = os.path.join(path, dialect.cached_state)
        write_json_atomic(
            state_file,
            {
                "new_env": command.new_env,
                "new_state": command.new_state,
                "deps": list(command.deps),
                "version": command.version,
            },
        )
        for name, env in (("tmp-env.sh", command.new_env), ("tmp-env-all.sh", command.scope.env)):
            write_text_atomic(os.path.join(path, name), "\n".join(export_lines(env, new=dialect.is_new)) + "\n")
        write_json_atomic(os.path.join(path, dialect.cache_meta), _meta(command))
        self._let_go(path)
        self.catalog.refresh()
        return CacheEntry(
            command.uid, path, command.tags, command.version, command.script.uid, command.dependent_path, state_file
        )

    def drop(self, path: str) -> None:
        """Remove an unfinished entry; one that was being renewed gets its old meta back."""
        for name in (CLASSIC.cache_meta, NEW.cache_meta):
            kept = os.path.join(path, name + ".renewing")
            if os.path.exists(kept):
                os.replace(kept, os.path.join(path, name))
                self._let_go(path)
                return
        _remove_tree(path)
        self._let_go(path)

    def _let_go(self, path: str) -> None:
        held = self._open.pop(path, None)
        if held is None:
            return
        lock, mark, _ = held
        for name in (mark, *(os.path.join(path, n + ".renewing") for n in (CLASSIC.cache_meta, NEW.cache_meta))):
            try:
                os.remove(name)
            except OSError:
                pass
        lock.__exit__(None, None, None)

    def let_go_of_all(self) -> None:
        """Drop everything that this process was still filling (after an error or an interrupt)."""
        for path in list(self._open):
            try:
                self.drop(path)
            except (OSError, FrancaError):
                self._let_go(path)


def _path_start(text: str, low: int, high: int) -> int:
    """Where the path that ends at ``high`` begins: after a blank, a quote, or a separator of lists."""
    return max(low, 1 + max(text.rfind(sign, low, high) for sign in " \t\n\"'=:;,("))


def _first_name(text: str) -> str:
    """The first component of a path's rest."""
    end = next((n for n, sign in enumerate(text) if sign in "/ \t\n\"':;,)"), len(text))
    return text[:end]


def _entry(artifact: Artifact) -> CacheEntry:
    meta, dialect = artifact.meta, artifact.repo.dialect
    origin = str(meta.get(dialect.origin_key) or "")
    uid = str(meta.get(dialect.origin_key + "_uid") or "") or origin.rpartition(",")[2].strip()
    return CacheEntry(
        uid=artifact.ref.uid,
        path=artifact.path,
        tags=artifact.tags,
        version=str(meta.get("version") or ""),
        script_uid=uid,
        dependent_path=str(meta.get("dependent_cached_path") or ""),
        state_file=os.path.join(artifact.path, dialect.cached_state),
        expires=_expiry(artifact),
    )


def _expiry(artifact: Artifact) -> float:
    expires = artifact.meta.get("cache_expiration")
    return float(expires) if isinstance(expires, (int, float)) and expires > 0 else 0.0


def _expired(artifact: Artifact) -> bool:
    return 0 < _expiry(artifact) < time.time()


def _meta(command: CloseEntry) -> dict[str, Any]:
    script, dialect = command.script, command.script.dialect
    separator = ", " if dialect.is_new else ","
    meta: dict[str, Any] = {
        "alias": None if dialect.is_new else "",
        "uid": command.uid,
        "automation_alias": CACHE.alias,
        "automation_uid": CACHE.uid,
        "tags": list(command.tags),
        "version": command.version,
        dialect.origin_key: f"{script.alias}{separator}{script.uid}",
        dialect.origin_key + "_uid": script.uid,
    }
    if command.dependent_path:
        meta["dependent_cached_path"] = command.dependent_path
    if command.expiration and command.expiration != "0":
        meta["cache_expiration"] = time.time() + expiration_seconds(command.expiration)
    return meta


def expiration_seconds(text: str) -> float:
    """``10m``, ``2h``, ``3d`` or plain seconds. Raises FrancaError."""
    number, unit = (text[:-1], text[-1].lower()) if text[-1:].isalpha() else (text, "s")
    try:
        return float(number) * _UNITS[unit]
    except (KeyError, ValueError):
        raise FrancaError(f"cache_expiration {text!r} is not a time such as 10m, 2h or 3d") from None


def _begin(command: OpenEntry, path: str) -> None:
    """Make the folder; that of an entry to be renewed stays, and is no entry until it is finished again."""
    if command.renew is None:
        os.makedirs(path)
        return
    meta = os.path.join(path, command.script.dialect.cache_meta)
    if os.path.exists(meta):
        os.replace(meta, meta + ".renewing")


def _remove_leftover(mark: str, inside: str) -> None:
    """Remove the folder that a process which is gone was filling, and only if it is one of the cache."""
    try:
        with open(mark, encoding="utf-8") as stream:
            path = stream.read().strip()
    except OSError:
        return
    if os.path.dirname(path) != inside or not os.path.isdir(path):
        return
    for name in (CLASSIC.cache_meta, NEW.cache_meta):
        if os.path.exists(os.path.join(path, name)):
            return
        kept = os.path.join(path, name + ".renewing")
        if os.path.exists(kept):
            os.replace(kept, os.path.join(path, name))
            return
    _remove_tree(path)


def _remove_tree(path: str) -> None:
    import shutil  # costs a tenth of an interpreter start, and most runs remove nothing

    shutil.rmtree(path, ignore_errors=True)


def _safe(text: str) -> str:
    return "".join(c for c in text if c.isalnum() or c in "-_.")
