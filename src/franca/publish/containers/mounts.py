"""Which directories of the host a container sees, and where (script engine, section 15.5)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from franca.errors import UsageError
from franca.model.dialect import Dialect
from franca.model.job import Mount

_KEY = re.compile(r"\$\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_MODES = ("ro", "rw")


class Mounted(NamedTuple):
    """``env`` are the variables that name mounted places, with their paths in the container."""

    mounts: tuple[Mount, ...] = ()
    env: dict[str, str] = {}
    unknown: tuple[str, ...] = ()  #: variables of mounts that were left out, because nobody has set them


class Places(NamedTuple):
    """Where things are on both sides."""

    dialect: Dialect
    user: str
    cache: str  #: the host's folder of cache entries
    directory: str  #: what relative paths of the host are relative to

    @property
    def home(self) -> str:
        return "/root" if self.user == "root" else f"/home/{self.user}"

    def mounted(self, path: str) -> tuple[Mount, str]:
        """The mount that brings a path of the host, and the path behind it. A cache entry comes as a whole."""
        path = os.path.normpath(os.path.join(self.directory, os.path.expanduser(path)))
        if path.startswith(self.cache + os.sep):
            uid, _, rest = path[len(self.cache) + 1 :].partition(os.sep)
            store = "MLC/repos/local/cache" if self.dialect.is_new else "CM/repos/local/cache"
            target = f"{self.home}/{store}/{uid}"
            return Mount(f"{self.cache}/{uid}", target), f"{target}/{rest}" if rest else target
        target = f"/{'mlc' if self.dialect.is_new else 'cm'}-mount{path}"
        return Mount(path, target), target


def mounted(
    wishes: Sequence[str], env: Mapping[str, Any], places: Places, *, files: Sequence[str], folders: Sequence[str]
) -> Mounted:
    """What ``mounts`` of a script mean, given the variables that are known.

    Args:
        files: keys of single files; the folder around each is mounted.
        folders: keys of further folders.

    Raises:
        UsageError: an entry that is no mount, or a path that an engine could not take.
    """
    mounts: dict[tuple[str, str], Mount] = {}
    inside: dict[str, str] = {}
    unknown: list[str] = []

    def bring(key: str, path: str, whole: str) -> None:
        mount, target = places.mounted(whole)
        mounts.setdefault((mount.source, mount.target), mount)
        inside[key] = target + path[len(whole) :]

    for wish in wishes:
        keys = _KEY.findall(wish)
        missing = [key for key in keys if not env.get(key)]
        if missing:
            unknown += missing
            continue
        mount = _mount(wish, env, places)
        mounts.setdefault((mount.source, mount.target), mount)
        inside.update({key: places.mounted(str(env[key]))[1] for key in keys})
    for key in (*files, *folders):
        if path := str(env.get(key) or ""):
            bring(key, path, os.path.dirname(path) if key in files else path)
    return Mounted(tuple(mounts.values()), inside, tuple(dict.fromkeys(unknown)))


def _mount(wish: str, env: Mapping[str, Any], places: Places) -> Mount:
    parts = wish.split(":")
    mode = parts.pop() if len(parts) > 1 and parts[-1] in _MODES else ""
    if len(parts) not in (1, 2) or not all(parts):
        raise UsageError(f"mounts: {wish!r} is not HOST:CONTAINER or HOST:CONTAINER:ro")
    host, target = parts[0], parts[-1]
    keys = _KEY.findall(wish)
    if keys and _KEY.fullmatch(host) and _KEY.fullmatch(target):
        mount, _ = places.mounted(str(env[keys[0]]))
    else:
        source = os.path.join(places.directory, os.path.expanduser(_KEY.sub(lambda m: str(env[m[1]]), host)))
        mount = Mount(os.path.normpath(source), _KEY.sub(lambda m: places.mounted(str(env[m[1]]))[1], target))
    if ":" in mount.source:
        raise UsageError(f"mounts: {mount.source!r} holds a colon, which no engine can mount", hint="rename it")
    return mount._replace(mode=mode)
