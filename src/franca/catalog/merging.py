"""From an index that partly holds no more to one that does: what changed is read, the rest is taken over.

The result is either a small second file beside the base that is there, or a new base (decision 0004).
"""

from __future__ import annotations

from franca import _packed
from franca._packed import key
from franca.catalog.comparison import Delta, Turn
from franca.catalog.inheritance import resolve
from franca.catalog.packing import Writer, head_of_record
from franca.catalog.scan import Head, Known, Spot, head_of, pack, read_spot, unpack
from franca.errors import FrancaError
from franca.model.ids import AUTOMATION, WELL_KNOWN_KINDS, ObjectRef, is_pattern, is_uid
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: A base smaller than this is written anew at each change.
SMALL = 512
#: A second file may grow to this share of the base; then both become a new base.
SHARE = 16


class _Item(Record, frozen=False):
    """A spot on its way into the new file: one of the old index, or one that was read."""

    name: str
    old: int = -1


class Merger:
    """Writes what a comparison found."""

    def __init__(self, who: tuple[Any, ...], found: Any, listings: Any, delta: Delta) -> None:
        self.who = who
        self.found = found
        self.listings = listings
        self.delta = delta
        self.view = delta.view
        self.out = Writer()
        self.extends = self._extends()
        self.shift = self.view.parts[0].count if self.view and self.extends else 0
        self.dead: set[int] = set()
        self.shelves: list[Any] = []
        self.extras: list[Any] = []
        self.heirs: list[tuple[int, int]] = []  #: shelf and number in the new file of those that build on others
        self.broken: list[tuple[int, int, str, str, bool]] = []
        self.old_heirs = frozenset(self.view.inheritors) if self.view else frozenset()
        self.old_extras: dict[int, tuple[int, ...]] = {}
        if self.view:
            self.old_extras = {spot: tuple(stamp) for spot, _path, *stamp in self.view.extras}

    def _extends(self) -> bool:
        """Whether the difference goes into a second file."""
        if self.view is None or self.view.parts[0].count < SMALL:
            return False
        moved: int = sum(len(turn.gone) + len(turn.fresh) for turn in self.delta.turns) + len(self.view.inheritors)
        moved += len(self.view.dead) + sum(part.count for part in self.view.parts[1:])
        moved += sum(last - first for shelf in self.delta.left for _file, first, last in shelf[_packed.SPANS])
        return moved * SHARE <= self.view.parts[0].count

    def data(self) -> tuple[bytes, bool]:
        """The bytes of the new file, and whether it goes with the old base."""
        if self.view is not None and self.extends:
            self.dead = set(self.view.dead)
            for shelf in self.delta.left:
                self.dead |= {spot for spot in self.view.live(shelf) if spot < self.shift}
        for turn in self.delta.turns:
            self._shelf(turn)
        self._keep_broken()
        automations = self._automations()
        family = _Family(self, automations)
        for shelf, number in self.heirs:
            self._inherit(family, shelf, number)
        self.broken.sort(key=lambda one: (one[4], one[0], one[2]))
        base = self.view.parts[0].digest if self.view is not None and self.extends else b""
        head = (
            self.who, base, self.found, self.listings, tuple(self.shelves), tuple(self.broken), automations,
            tuple(number + self.shift for _, number in self.heirs), tuple(sorted(self.dead)), tuple(self.extras),
        )  # fmt: skip
        return self.out.data(head), self.extends

    # The spots of a folder

    def _shelf(self, turn: Turn) -> None:
        first = len(self.out)
        number = len(self.shelves)
        for item in sorted(self._items(turn), key=lambda one: one.name):
            spot = read_spot(turn.path, item.name, turn.stem) if item.old < 0 else self._old_spot(turn, item)
            self._write(number, turn, spot)
        spans = [(int(self.extends), first, len(self.out))]
        if self.extends and turn.old is not None:
            spans.insert(0, turn.old[_packed.SPANS][0])
        if self.extends and turn.old is None:
            spans.insert(0, (0, 0, 0))
        kind = self._folder_kind(spans)
        self.shelves.append(
            (turn.path, turn.stem, turn.repos, turn.listing.group, turn.listing.warnings, kind, tuple(spans))
        )

    def _items(self, turn: Turn) -> Iterator[_Item]:
        """What of a folder goes into the new file."""
        for name in turn.fresh:
            yield _Item(name)
        if not self.extends:
            yield from (_Item(self.delta.name(spot), spot) for spot in self.delta.kept(turn))
            return
        self.dead |= {spot for spot in turn.gone if spot < self.shift}
        if self.view is None or turn.old is None:
            return
        _file, first, last = turn.old[_packed.SPANS][0]
        moved = {spot for spot in self.old_heirs if first <= spot < last} - turn.gone - self.dead
        self.dead |= moved
        for _file, first, last in turn.old[_packed.SPANS][1:]:
            moved |= set(range(first + self.shift, last + self.shift)) - turn.gone
        yield from (_Item(self.delta.name(spot), spot) for spot in moved)

    def _old_spot(self, turn: Turn, item: _Item) -> Spot:
        """A spot of the old index as if it had been read."""
        assert self.view is not None
        part, number = self.view.place(item.old)
        record = part.record(number)
        stamps: Any = [tuple(part.stamps()[4 * number : 4 * number + 4])]
        if item.old in self.old_extras:
            stamps.append(self.old_extras[item.old])
        used = part.codes()[number]
        return Spot(item.name, used, tuple(stamps) if used else (), _known(part, record) if record else None)

    def _write(self, shelf: int, turn: Turn, spot: Spot) -> None:
        known = spot.known
        if known is not None and not known.head.named and turn.stem == "meta" and not known.head.inherits:
            known = replace(known, head=replace(known.head, alias=spot.name))
        number = self.out.put(spot.name, spot.used, known, spot.stamps)
        for file, stamp in zip(_packed.file_names(spot.used)[1:], spot.stamps[1:], strict=True):
            self.extras.append((number + self.shift, f"{turn.path}/{spot.name}/{file}", *stamp))
        if known is not None and known.problem:
            self.broken.append((shelf, number + self.shift, spot.name, known.problem, False))
        elif known is not None and known.head.inherits:
            self.heirs.append((shelf, number))

    def _keep_broken(self) -> None:
        """Take over what is known to be broken, and second files, of spots that stay where they are."""
        if self.view is None or not self.extends:
            return
        now = {(shelf[_packed.PATH], shelf[_packed.STEM]): number for number, shelf in enumerate(self.shelves)}
        for number, spot, name, problem, inherited in self.view.broken:
            if spot < self.shift and spot not in self.dead:
                old = self.view.shelves[number]
                self.broken.append((now[old[_packed.PATH], old[_packed.STEM]], spot, name, problem, inherited))
        self.extras += [one for one in self.view.extras if one[0] < self.shift and one[0] not in self.dead]

    # Kinds

    def _folder_kind(self, spans: Iterable[tuple[int, int, int]]) -> tuple[str, str, str]:
        """The automation of the first artifact of a folder that names one: (name of the artifact, alias, uid)."""
        best = ("", "", "")
        for span in spans:
            for record in self._live(span):
                head = head_of_record(record)
                if head.kind_alias or head.kind_uid:
                    one = (record[_packed.NAME], head.kind_alias, head.kind_uid)
                    best = min(best, one) if best[0] else one
                    break
        return best

    def _live(self, span: tuple[int, int, int]) -> Iterator[Any]:
        """The records of a span of the new index."""
        file, first, last = span
        for spot in range(first, last):
            if self.view is not None and self.extends and not file:
                record = self.view.parts[0].record(spot) if spot not in self.dead else ()
            else:
                record = self.out.record(spot)
            if record:
                yield record

    def _automations(self) -> tuple[dict[str, str], dict[str, str]]:
        """Uids of automations by alias and aliases by uid, the first in search order winning."""
        uids = {kind.alias: kind.uid for kind in WELL_KNOWN_KINDS}
        aliases = {kind.uid: kind.alias for kind in WELL_KNOWN_KINDS}
        order = sorted((repo, n) for n, shelf in enumerate(self.shelves) for repo in shelf[_packed.REPOS])
        for _repo, number in order:
            shelf = self.shelves[number]
            if shelf[_packed.PATH].rpartition("/")[2] != AUTOMATION.alias:
                continue
            records = [record for span in shelf[_packed.SPANS] for record in self._live(span)]
            for record in sorted(records, key=lambda one: str(one[_packed.NAME])):
                head = head_of_record(record)
                if is_uid(head.uid):
                    alias = head.alias or record[_packed.NAME]
                    uids.setdefault(alias.lower(), head.uid.lower())
                    aliases.setdefault(head.uid.lower(), alias)
        return uids, aliases

    # Inheritance

    def _inherit(self, family: _Family, shelf: int, number: int) -> None:
        record = self.out.record(number)
        raw = unpack(self.out.meta(*record[_packed.RAW][-2:]))
        head, blob, problem = Head(), b"", ""
        path, stem = self.shelves[shelf][:2]
        try:
            meta = resolve(raw, lambda kind, name: family.bases(shelf, record, kind, name))
            head, blob = head_of(meta), pack(meta)
            if not head.named and stem == "meta":
                head = replace(head, alias=record[_packed.NAME])
        except FrancaError as error:
            file = _packed.file_names(self.out.code(number))[0]
            problem = f"{path}/{record[_packed.NAME]}/{file}: {error.message}"
            self.broken.append((shelf, number + self.shift, record[_packed.NAME], problem, True))
        self.out.inherited(number, head, blob, problem)


def _known(part: _packed.Part, record: Any) -> Known:
    if record[_packed.PROBLEM] and record[_packed.RAW] is None:
        return Known(problem=record[_packed.PROBLEM])
    place = record[_packed.RAW][-2:] if record[_packed.RAW] else record[_packed.OFFSET : _packed.LENGTH + 1]
    return Known(head_of_record(record), part.meta(*place))


class _Family:
    """All artifacts of the new index by what ``_base`` looks them up with: name and kind, before inheritance."""

    def __init__(self, merger: Merger, automations: tuple[dict[str, str], dict[str, str]]) -> None:
        self.merger = merger
        self.automations = automations
        self.starts = [shelf[_packed.SPANS][-1][1:] for shelf in merger.shelves]

    def bases(self, shelf: int, record: Any, kind: ObjectRef | None, name: ObjectRef) -> list[dict[str, Any]]:
        """Raw metas that a ``_base`` in ``record`` may mean."""
        wanted = kind or self._kind(shelf, head_of_record(record))
        return [
            unpack(meta)
            for where, head, meta in self._all(name)
            if name.selects(ObjectRef(head.alias, head.uid)) and wanted.selects(self._kind(where, head))
        ]

    def _kind(self, shelf: int, head: Head) -> ObjectRef:
        return ObjectRef(*_packed.kind_of(head.kind_alias, head.kind_uid, self.merger.shelves[shelf], self.automations))

    def _all(self, name: ObjectRef) -> Iterator[tuple[int, Head, bytes]]:
        """(shelf, head, packed meta) of those among which all that ``name`` selects are."""
        merger = self.merger
        keys = _keys(name)
        out = merger.out
        some = out.records() if keys is None else ((n, out.record(n)) for k in keys for n in out.spots(k))
        for number, record in dict(some).items():
            if _usable(record):
                yield self._shelf_of(number), head_of_record(record), out.meta(*_raw_place(record))
        if merger.view is None or not merger.extends:
            return
        base = merger.view.parts[0]
        old = enumerate(base.records(0, base.count)) if keys is None else (
            (n, base.record(n)) for k in keys for n in base.spots(k)
        )  # fmt: skip
        for number, record in dict(old).items():
            if number not in merger.dead and _usable(record):
                yield self._base_shelf(number), head_of_record(record), base.meta(*_raw_place(record))

    def _shelf_of(self, number: int) -> int:
        return next(n for n, (first, last) in enumerate(self.starts) if first <= number < last)

    def _base_shelf(self, number: int) -> int:
        spans = [shelf[_packed.SPANS][0] for shelf in self.merger.shelves]
        return next(n for n, (_file, first, last) in enumerate(spans) if first <= number < last)


def _keys(name: ObjectRef) -> list[int] | None:
    """What to look a name up by; None when everything must be looked at."""
    if name.uid:
        return [key("u", name.uid), *([key("u", "")] if name.alias else [])]
    return [key("a", name.alias)] if name.alias and not is_pattern(name.alias) else None


def _usable(record: Any) -> bool:
    return bool(record) and not (record[_packed.PROBLEM] and record[_packed.RAW] is None)


def _raw_place(record: Any) -> tuple[int, int]:
    place = record[_packed.RAW][-2:] if record[_packed.RAW] else record[_packed.OFFSET : _packed.LENGTH + 1]
    return place[0], place[1]
