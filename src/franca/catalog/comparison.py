"""The comparison of an index with the file system: what still holds, and what is to be read."""

from __future__ import annotations

from franca import _packed
from franca._packed import View
from franca.catalog.scan import Listing, list_directories
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

Place = tuple[str, str]  # the path of a folder, the family of meta files that it is read by


class Turn(Record, frozen=False):
    """A folder in which artifacts are: what of it holds, and what is to be read."""

    path: str
    stem: str
    repos: list[int]
    old: Any  #: its shelf in the old index, or None
    listing: Listing  #: its names are only there where the folder was read again
    gone: set[int]  #: spots of the old index that hold no more
    fresh: list[str]  #: names of directories to read
    changed: bool


class Told(Record, frozen=False):
    """What is known to have happened in a folder."""

    present: dict[str, bool] = {}  #: names of which anything may have changed: whether there is a directory
    listing: Listing | None = None  #: of the folder, when it was listed again


class Delta:
    """The comparison of an old index with the file system."""

    def __init__(self, view: View | None, places: dict[Place, list[int]]) -> None:
        self.view = view
        shelves = {(shelf[_packed.PATH], shelf[_packed.STEM]): shelf for shelf in view.shelves} if view else {}
        self.turns = [self._turn(place, repos, shelves.pop(place, None)) for place, repos in places.items()]
        self.left = list(shelves.values())  #: shelves that are no more
        self.changed = bool(self.left) or any(turn.changed for turn in self.turns)

    @classmethod
    def told(cls, view: View, folders: dict[str, Told]) -> Delta:
        """The same from what a watcher was told, with a look at nothing else."""
        delta = cls.__new__(cls)
        delta.view, delta.left = view, []
        delta.turns = [delta._told(shelf, folders.get(shelf[_packed.PATH], Told())) for shelf in view.shelves]
        delta.changed = any(turn.changed for turn in delta.turns)
        return delta

    def _told(self, old: Any, told: Told) -> Turn:
        assert self.view is not None
        path, group = old[_packed.PATH], old[_packed.GROUP]
        spots = (self.view.spot_at(old, name) for name in told.present)
        gone = {spot for spot in spots if spot >= 0}
        fresh = sorted(name for name, there in told.present.items() if there)
        if told.listing is not None:
            group = told.listing.group
        elif gone or fresh:
            group = (((path, *_packed.UNSURE),), ())  # its stamp cannot be taken without a listing
        changed = bool(gone or fresh) or group != old[_packed.GROUP]
        listing = Listing(group, (), old[_packed.WARNINGS])
        return Turn(path, old[_packed.STEM], list(old[_packed.REPOS]), old, listing, gone, fresh, changed)

    def _turn(self, place: Place, repos: list[int], old: Any) -> Turn:
        path, stem = place
        if self.view is None or old is None:
            listing = list_directories(path)
            return Turn(path, stem, repos, None, listing, set(), list(listing.names), True)
        gone = set(self.view.changed(old))
        names = {spot: self.name(spot) for spot in gone}
        listing, fresh = Listing(old[_packed.GROUP], (), old[_packed.WARNINGS]), set(names.values())
        relisted = not listing.holds()
        if relisted:
            listing = list_directories(path)
            now = set(listing.names)
            before = self.view.names(old)
            gone |= {self.view.spot_at(old, name) for name in before - now}
            fresh = (fresh & now) | (now - before)
        changed = relisted or bool(gone) or list(old[_packed.REPOS]) != repos
        return Turn(path, stem, repos, old, listing, gone, sorted(fresh), changed)

    def kept(self, turn: Turn) -> Iterator[int]:
        """The spots of a folder that are taken over."""
        if self.view is not None and turn.old is not None:
            yield from (spot for spot in self.view.live(turn.old) if spot not in turn.gone)

    def name(self, spot: int) -> str:
        """The directory of a spot of the old index."""
        assert self.view is not None
        part, number = self.view.place(spot)
        return part.names()[number]
