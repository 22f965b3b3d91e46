"""Cache entries that a plan would make: its later steps find them, as those of a run would."""

from __future__ import annotations

from franca.model.dialect import Dialect
from franca.model.script import CacheEntry, CacheQuery
from franca.planner.commands import CachedState, CloseEntry


class PlannedEntries:
    """The entries of one plan, by their uid, which no entry on disk can have."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[CacheEntry, CloseEntry]] = {}

    def add(self, command: CloseEntry) -> CacheEntry:
        """The entry that a step would leave behind; one that it renews is replaced."""
        uid = command.uid or f"planned-{len(self._made) + 1}"
        entry = CacheEntry(uid, command.path, command.tags, command.version, command.script.uid)
        self._made[uid] = (entry, command)
        return entry

    def beside(self, found: tuple[CacheEntry, ...], query: CacheQuery, dialect: Dialect) -> tuple[CacheEntry, ...]:
        """What a lookup gives when it found ``found`` on disk."""
        made = (entry for entry, command in self._made.values() if _serves(entry, command, query, dialect))
        return (*(e for e in found if e.uid not in self._made), *made)

    def state(self, entry: CacheEntry) -> CachedState | None:
        """What is known of a planned entry; None for any other."""
        if entry.uid not in self._made:
            return None
        command = self._made[entry.uid][1]
        known = {k: v for k, v in command.new_env.items() if k not in command.unknown}
        return CachedState(known, command.new_state, command.deps, command.version, command.unknown)


def _serves(entry: CacheEntry, command: CloseEntry, query: CacheQuery, dialect: Dialect) -> bool:
    """Whether the entry answers a query for certain: hooks may still find another version than was planned."""
    if command.script.dialect is not dialect or (command.script.has_hooks and (query.minimum or query.maximum)):
        return False
    tags = set(entry.tags)
    return tags.issuperset(query.tags) and tags.isdisjoint(query.excluded)
