"""The state of being certain about one index, and of keeping it so change by change (decision 0005)."""

from __future__ import annotations

import os
import time

from franca import _boot, _packed
from franca._packed import UNSURE, Memory, Part, View
from franca.catalog import snapshot
from franca.catalog.comparison import Delta, Told
from franca.catalog.index import Identity
from franca.catalog.merging import Merger
from franca.catalog.scan import list_directories
from franca.catalog.sentries import Outdated, Sentries, Unfit

#: More directories than this are not read while somebody waits for an answer.
MANY = 1000
#: An index of more spots than this is not written as a whole while somebody waits.
MANY_SPOTS = 5000
#: So long must nothing have happened before stamps are taken; some file systems keep whole seconds.
SETTLE_S = 2.5
LONGEST_S = 300.0  #: the same where that did not help: the clock may have been set back


_MUCH = "much has changed at once"


class Guard:
    """An index that is in its files, is compared with the store, and follows what happens there.

    Only what was told is read again. Stamps of folders are only taken together with a listing, and stamps of young
    files are not trusted, so whoever looks for himself gets the same answers from what is written here.
    """

    def __init__(self, who: Identity, view: View) -> None:
        """Raises Unfit, Outdated, OSError."""
        self.who = who
        self.path = _boot.snapshot_path(who)
        self.view = view
        self.sentries = Sentries(view)
        self._heard = time.monotonic()  #: when something was told that matters
        self._rest_s = SETTLE_S
        self._data = b""  #: of the second file, where this one wrote it
        self._unsure: dict[str, set[str]] = {}  #: by folder: what is to be read again when it has grown old
        self._list()

    def _list(self) -> None:
        """See to it that some folders are listed."""
        for folder in self.sentries.unlisted:
            self._unsure.setdefault(folder, set())
        self.sentries.unlisted.clear()

    def close(self) -> None:
        self.sentries.close()
        self.view.close()

    @property
    def digest(self) -> bytes:
        return self.view.digest

    @property
    def lost(self) -> str:
        """Why this guard can no longer follow; empty while it can."""
        return self.sentries.lost

    @property
    def settles_in(self) -> float | None:
        """Seconds until :meth:`settle` is due, if nothing happens; None when there is nothing to settle."""
        if not self.sentries.dirty and not self._unsure:
            return None
        return max(0.0, self._heard + self._rest_s - time.monotonic())

    def listen(self) -> int:
        """Take in what has happened; how many events there were."""
        before = self._told()
        count = self.sentries.listen()
        if self._told() != before:
            self._heard, self._rest_s = time.monotonic(), SETTLE_S
        return count

    def _told(self) -> int:
        return sum(map(len, self.sentries.dirty.values()))

    def vouch(self) -> bool:
        """Whether the index that :attr:`digest` names says what the files say now, having read the little that changed.

        False, with a reason in :attr:`lost`, when more is to be done than somebody should wait for. Raises Unfit,
        FrancaError.
        """
        self.listen()
        if not self.lost and self._told() > MANY:
            self.sentries.lost = _MUCH
        if not self.lost and self.sentries.dirty:
            self._apply({folder: Told() for folder in self.sentries.dirty}, wait=False)
        return not self.lost

    def settle(self) -> None:
        """Read again what was too young to be trusted, and list folders in which something happened."""
        if self._told() > MANY:
            self.sentries.lost = _MUCH
            return
        self._heard, self._rest_s = time.monotonic(), min(2 * self._rest_s, LONGEST_S)
        self._settle()

    def compare(self) -> None:
        """All files with the index once more, for what no event tells. Raises Unfit, FrancaError."""
        try:
            self.sentries.compare(self.view)
        except (Outdated, OSError):
            self.sentries.lost = "something has changed without an event"
            return
        self._list()
        self._settle()

    def catch_up(self) -> None:
        """The same, however much it is, before anybody may ask."""
        self.listen()
        if not self.lost:
            self._settle()

    def _settle(self) -> None:
        folders = {*self.sentries.dirty, *self._unsure}
        for folder in folders:
            if folder in self._unsure:
                self.sentries.dirty.setdefault(folder, set()).update(self._unsure[folder])
        self._unsure.clear()
        self._apply({folder: Told(listing=list_directories(folder)) for folder in folders}, wait=True)

    def _apply(self, folders: dict[str, Told], *, wait: bool) -> None:
        for folder, told in folders.items():
            names = self.sentries.dirty.pop(folder, set())
            if told.listing is not None:
                if told.listing.group[1]:
                    self.sentries.lost = f"the folder {folder} is gone"
                    return
                if told.listing.warnings or len(told.listing.group[0]) != 1:
                    raise Unfit(f"the folder {folder} has links or cannot be read")
                names |= self.sentries.known.get(folder, {}).keys() ^ set(told.listing.names)
            told.present = self.sentries.renew(folder, names)
        delta = Delta.told(self.view, folders)
        if delta.changed:
            self._write(delta, wait)
        for folder, told in folders.items():
            self._doubt(folder, told)

    def _write(self, delta: Delta, wait: bool) -> None:
        merger = Merger(self.who, self.view.found, self.view.listings, delta)
        if not wait and not merger.extends and self.view.parts[0].count > MANY_SPOTS:
            self.sentries.lost = "the index is to be written anew"
            return
        data, extends = merger.data()
        snapshot.write(self.path, data, extends=extends)
        written = Part(Memory(data))
        if extends:
            self.view, self._data = View(self.view.parts[0], written, self.who), data
            return
        self.view, self._data = _packed.read_view(self.path, self.who), b""
        if self.view.digest != written.digest:
            self.sentries.lost = "somebody else has written the index"

    def _doubt(self, folder: str, told: Told) -> None:
        """Keep in mind what has no stamp to be trusted yet."""
        young = {name for name, there in told.present.items() if there and self._is_unsure(folder, name)}
        if young or told.listing is None or told.listing.group[0][0][1:] == UNSURE:
            self._unsure.setdefault(folder, set()).update(young)

    def _is_unsure(self, folder: str, name: str) -> bool:
        for shelf in self.view.shelves:
            spot = self.view.spot_at(shelf, name) if shelf[_packed.PATH] == folder else -1
            if spot >= 0:
                part, number = self.view.place(spot)
                if part.codes()[number] and tuple(part.stamps()[4 * number : 4 * number + 4]) == UNSURE:
                    return True
        extras = (path for _spot, path, *stamp in self.view.extras if tuple(stamp) == UNSURE)
        return any(os.path.dirname(path) == f"{folder}/{name}" for path in extras)

    def publish(self) -> bool:
        """See to it that the files of the index are those vouched for; others may have written theirs meanwhile.

        False when only a new start will do. Raises Unavailable.
        """
        try:
            there = _packed.read_view(self.path, self.who)
        except snapshot.DOUBTS:
            return False
        digest, base = there.digest, there.parts[0].digest
        there.close()
        if digest == self.digest:
            return True
        if base != self.view.parts[0].digest or not self._data:
            return False
        snapshot.write(self.path, self._data, extends=True)
        return True
