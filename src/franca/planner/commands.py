"""What a run asks of the world, one command at a time.

``script_run`` is a generator that yields these and is sent the answers. It touches nothing itself:
an executor carries a command out, a planner answers it from what is known. The answer's type stands
in each docstring.
"""

from __future__ import annotations

from franca.model.event import Event
from franca.model.light import Any
from franca.model.record import Record
from franca.model.script import CacheEntry, CacheQuery, Request, Scope, Script
from franca.planner.frame import Frame


class Command(Record):
    pass


class FindScripts(Command):
    """Scripts with the tags of a request, or named by it. Answer: ``tuple[Script, ...]``."""

    request: Request


class Choose(Command):
    """A question to the user. Answer: the index of the option; -1 for none of them (``may_refuse``)."""

    question: str
    options: tuple[str, ...]
    may_refuse: bool = False


class LookupCache(Command):
    """Finished entries that satisfy a query. Answer: ``tuple[CacheEntry, ...]``."""

    query: CacheQuery
    script: Script | None = None


class LoadEntry(Command):
    """What an entry recorded. Answer: ``CachedState``, or None when it cannot be read."""

    entry: CacheEntry
    script: Script


class CachedState(Record):
    new_env: dict[str, Any] = {}
    new_state: dict[str, Any] = {}
    deps: tuple[Any, ...] = ()
    version: str = ""
    unknown: frozenset[str] = frozenset()  #: while planning: variables whose value the entry will have


class ValidateEntry(Command):
    """Run the script's ``validate_cache`` on an entry. Answer: the version it found; None to reject."""

    entry: CacheEntry
    frame: Frame


class OpenEntry(Command):
    """Make (or take over, when renewing) a cache entry and hold its lock. Answer: ``Opened``."""

    query: CacheQuery
    script: Script
    request: Request
    renew: CacheEntry | None = None
    refused: frozenset[str] = frozenset()  #: uids of entries that were judged and will not do


class Opened(Record):
    """``path`` of the entry to fill; ``ready`` instead when another process has made it meanwhile."""

    path: str = ""
    uid: str = ""
    ready: tuple[CacheEntry, ...] = ()


class CloseEntry(Command):
    """Make a filled entry visible, whole. Answer: ``CacheEntry``."""

    path: str
    uid: str
    script: Script
    tags: tuple[str, ...]
    version: str
    new_env: dict[str, Any]
    new_state: dict[str, Any]
    scope: Scope
    deps: tuple[Any, ...]
    dependent_path: str = ""
    expiration: str = ""
    unknown: frozenset[str] = frozenset()  #: while planning: exported variables that only a run can tell


class DropEntry(Command):
    """Remove an entry that was not finished, and let its lock go. Answer: None."""

    path: str


class CallHook(Command):
    """Call a function of ``customize.py``. Answer: ``HookDone``."""

    hook: str
    frame: Frame


class HookDone(Record):
    scope: Scope
    meta: dict[str, Any] = {}
    present: bool = True
    version: str = ""
    extra_cache_tags: tuple[str, ...] = ()
    skip: bool = False
    redirect: dict[str, Any] | None = None
    unknown: frozenset[str] = frozenset()  #: while planning: variables that the hook may set


class RunNative(Command):
    """Run the script's native script in the frame's directory. Answer: ``NativeDone``."""

    frame: Frame


class NativeDone(Record):
    scope: Scope
    unknown: frozenset[str] = frozenset()


class Clean(Command):
    """Delete files (relative names, no patterns) and the engine's temporaries in a directory. Answer: None."""

    directory: str
    files: tuple[str, ...] = ()
    temporaries: bool = True


class TakeFolder(Command):
    """Wait until no other process runs the same request in the same folder, then hold it. Answer: None.

    The files that native scripts exchange with the engine have fixed names in the current directory, so two
    equal runs there would take each other's. A cache entry needs none of this: its own lock is held.
    """

    frame: Frame


class LeaveFolder(Command):
    """Let a folder go that ``TakeFolder`` took. Answer: None."""

    frame: Frame


class EnterDirectory(Command):
    """Make a directory if needed and answer its absolute path (``str``)."""

    base: str
    name: str


class Notify(Command):
    """Something happened that screens and journals want to know. Answer: None."""

    event: Event


class Considered(Command):
    """A dependency is about to be judged, with what is known at this moment (only while planning). Answer: None."""

    entry: dict[str, Any]
    section: str
    frame: Frame


class Assembled(Command):
    """What will run is known: variations, versions, dependency lists (only while planning). Answer: None."""

    frame: Frame


class Consent(Command):
    """A script of a repository that the user has not trusted is about to run. Answer: None, or Untrusted is raised."""

    script: Script


class Decided(Command):
    """A dependency was judged and left out, or cannot be judged yet (only while planning). Answer: None."""

    label: str
    section: str
    reason: str
    depth: int
    waits_for: tuple[str, ...] = ()
