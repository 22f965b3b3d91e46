"""A process that proves that nothing has changed, so that others need not look (decision 0005).

    python -m franca.catalog.watcher [classic|new]

It watches every directory that the index was made from, and answers one question on a socket beside the index: does
the index with this digest still hold? Before it answers it takes all events from the kernel's queue, and the kernel
queues an event before the writing call returns, so whatever was written before the question was asked is known. What
has changed it reads, writes into the index, and answers with the new digest.

What the kernel does not report makes a store unfit, and everybody looks for themselves as without a watcher: network
file systems, links to files or directories, files with several names. Some ways of writing are not reported either and
cannot be told: through ``mmap``, by ``io_submit``, and through a second name that a file was given after its watch
began. For their sake all files are compared again from time to time.

A question about a large store starts it by itself (``franca._watch``); ``franca watch`` shows and ends it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any

from franca import _boot, _packed, _watch
from franca.catalog import snapshot
from franca.catalog.catalog import Catalog
from franca.catalog.guard import Guard
from franca.catalog.locks import locked
from franca.catalog.sentries import Outdated, Unfit
from franca.errors import Busy, FrancaError, Unavailable
from franca.model.dialect import DIALECTS

IDLE_S = 600.0  #: without a question, before it ends by itself
PAUSE_S = 0.05  #: between two looks at the queue while there is much in it
SILENCE_S = 0.25  #: in which nothing must happen before everything is compared anew
LOUD_S = 10.0  #: after which this is done in spite of noise
COMPARE_S = 300.0  #: between two comparisons of all files, while there are questions


class Vanished(Exception):
    """The store, or this watcher's place in it, is no more."""


class Watcher:
    """Keeps the index current, and a socket open while it is certain."""

    def __init__(self, environ: Mapping[str, str], dialect: str) -> None:
        self.environ = {**environ, "FRANCA_WATCH": "no"}
        self.dialect = DIALECTS[dialect]
        self.who = (*_boot.identity(environ), dialect)
        self.path = _boot.snapshot_path(self.who)
        self.since = time.time()
        self.answers = 0
        self.renewals = 0
        self.why = ""
        self.asked = time.monotonic()
        self._lock: tuple[int, int] = (0, 0)

    def run(self) -> None:
        """Until a signal ends it, nobody asks any more, or the store is gone. Raises Unfit, Busy, FrancaError."""
        if not os.path.isdir(os.path.dirname(self.path)):
            Catalog.open(self.environ, home_dialect=self.dialect).repos()
        with locked(_watch.lock_path(self.path), timeout=2):
            s = os.stat(_watch.lock_path(self.path))
            self._lock = s.st_dev, s.st_ino
            try:
                self._note("starting", rest=_watch.AGAIN_S)
                self._watch()
                self._note("ended", "nobody has asked for a while")
            except Vanished:
                return
            except Unfit as error:
                self._note("refused", "; ".join(filter(None, (error.message, error.hint))), _watch.REFUSED_S)
                raise
            except SystemExit:
                self._note("ended", "it was told to")
                raise
            except BaseException as error:
                self._note("failed", f"{type(error).__name__}: {error}", _watch.AGAIN_S)
                raise
            finally:
                self._silence()

    def _watch(self) -> None:
        while True:
            start = time.process_time()
            guard = self._guard()
            spent = time.process_time() - start
            try:
                if self._serve(guard):
                    return
                self.renewals, self.why = self.renewals + 1, guard.lost
                _wait_for_silence(guard)
            finally:
                guard.close()
            time.sleep(spent)  # at most half of a processor, however much changes

    def _guard(self) -> Guard:
        """Over an index that is in its files and agrees with the store."""
        for _ in range(20):
            self._check()
            try:
                guard = Guard(self.who, _packed.read_view(self.path, self.who))
            except (Outdated, FileNotFoundError, *_DOUBTS):  # or something went away in between
                self._look()
                continue
            try:
                guard.catch_up()
                if not guard.lost:
                    return guard
            except FileNotFoundError:
                pass
            except BaseException:
                guard.close()
                raise
            guard.close()
            time.sleep(SILENCE_S)
        raise Unfit(f"{self.path} cannot be kept, or changes all the time")

    def _look(self) -> None:
        """Let the ordinary way bring the index up to date."""
        time.sleep(SILENCE_S)
        self._check()
        Catalog(self.environ, self.dialect).repos()

    # What there is of it in the store

    def _check(self) -> None:
        """Raises Vanished where the lock is no longer in its place: then nothing may be written there."""
        try:
            s = os.stat(_watch.lock_path(self.path))
        except OSError:
            raise Vanished from None
        if (s.st_dev, s.st_ino) != self._lock:
            raise Vanished

    def _note(self, state: str, why: str = "", rest: float = 0) -> None:
        try:
            self._check()
            stopped = _watch.again(self.path) == _watch.NEVER
            again = _watch.NEVER if stopped else f"{time.time() + rest:.0f}"
            _watch.note(self.path, again, state, " ".join(why.split()))
        except (Vanished, OSError):
            pass

    def _silence(self) -> None:
        try:
            self._check()
            os.unlink(_watch.socket_path(self.path))
        except (Vanished, FileNotFoundError):
            pass

    # Questions

    def _serve(self, guard: Guard) -> bool:
        """Answer until more changes than can be followed; whether it is time to end."""
        server = self._listen()
        self._note("watching", rest=_watch.AGAIN_S)
        compared = time.monotonic()
        noise = False
        try:
            while not guard.lost:
                asker = self._next(server, guard, noise)
                noise = guard.listen() > 0
                self._check()
                if asker is not None:
                    self._answer(asker, guard)
                elif guard.settles_in == 0 and not guard.lost:
                    guard.settle()
                elif time.monotonic() - self.asked > IDLE_S:
                    return True
                if not guard.lost and self.asked > compared and time.monotonic() - compared > COMPARE_S:
                    guard.compare()
                    compared = time.monotonic()
            return False
        finally:
            server.close()

    def _next(self, server: socket.socket, guard: Guard, noise: bool) -> socket.socket | None:
        """The next asker, or None when something else is to be done."""
        handles = [server.fileno()] if noise else [server.fileno(), guard.sentries.fileno()]
        rest = self.asked + IDLE_S - time.monotonic()
        if guard.settles_in is not None:
            rest = min(rest, guard.settles_in)
        ready, _, _ = select.select(handles, [], [], PAUSE_S if noise else max(0.0, min(rest + 0.01, COMPARE_S)))
        return server.accept()[0] if server.fileno() in ready else None

    def _listen(self) -> socket.socket:
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._silence()
        place = _watch.socket_path(self.path)
        old = os.umask(0o177)
        folder = os.open(os.path.dirname(place), os.O_RDONLY)
        try:
            server.bind(_watch.address(folder, place))
        except OSError as error:
            raise Unfit(f"cannot make the socket {place}: {error.strerror}") from None
        finally:
            os.close(folder)
            os.umask(old)
        server.listen(64)
        return server

    def _answer(self, asker: socket.socket, guard: Guard) -> None:
        with asker:
            asker.settimeout(_watch.PATIENCE_S)
            try:
                asked = asker.recv(256)
                asker.sendall(self._status(guard) if asked == _watch.STATUS else self._verdict(asked, guard))
            except OSError:  # who has gone away
                pass

    def _verdict(self, asked: bytes, guard: Guard) -> bytes:
        """y: it holds; r and a digest: read the index again; n: look for yourself."""
        self.asked = time.monotonic()
        # The queue is emptied after the question has come: what was written before it is known.
        if asked[8:] != _watch.here() or not guard.vouch():
            return b"n"
        self.answers += 1
        if asked[:8] == guard.digest:
            return b"y"
        if not guard.publish():
            guard.sentries.lost = "somebody else has written the index"
            return b"n"
        return b"r" + guard.digest

    def _status(self, guard: Guard) -> bytes:
        with open("/proc/self/statm") as stream:
            resident = int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        told: dict[str, Any] = {
            "since": self.since, "answers": self.answers, "directories": len(guard.sentries),
            "vouches_for": sum(part.count for part in guard.view.parts) - len(guard.view.dead),
            "renewals": self.renewals, "renewed_for": self.why, "cpu_s": round(time.process_time(), 3),
            "resident_bytes": resident,
        }  # fmt: skip
        return json.dumps(told).encode()


_DOUBTS = tuple(kind for kind in snapshot.DOUBTS if kind is not OSError)


def _wait_for_silence(guard: Guard) -> None:
    """Let whoever changes the store come to an end."""
    until = time.monotonic() + LOUD_S
    time.sleep(SILENCE_S)
    while guard.listen() and time.monotonic() < until:
        time.sleep(SILENCE_S)


def main(argv: list[str]) -> int:
    """Watch; ``argv``: the dialect, and the index that is meant, where the one who starts knows it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        watcher = Watcher(os.environ, argv[0] if argv else "classic")
        if argv[1:] and argv[1] != watcher.path:
            raise Unavailable(f"this interpreter would make another index: {watcher.path}")
        watcher.run()
    except KeyError:
        print(f"error: {argv[0]!r} is not a dialect: classic or new was expected", file=sys.stderr)
        return 2
    except Busy:
        return 0  # another one watches
    except FrancaError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status
    except OSError as error:
        print(f"error: cannot watch: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
