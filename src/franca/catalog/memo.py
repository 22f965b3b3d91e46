"""The memory of answers: what a read-only command printed, to be printed again while nothing has changed.

An answer depends on the command line, some variables, the index, and possibly on further files. All of them are
kept with it, and ``franca._boot`` compares them before it prints. Who may remember:

- searches and views of scripts, which depend on the index alone, are remembered by themselves;
- any other command says so with :func:`offer`: a run, for instance, that did nothing but read the cache.
"""

from __future__ import annotations

import marshal
import os
import sys
import time

from franca import _boot, _packed
from franca.catalog.files import write_bytes_atomic
from franca.catalog.scan import COARSE_NS, YOUNG_NS, stamp_of
from franca.errors import FrancaError
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType
    from typing import TextIO

#: Commands that only read the index, and the flags under which this stays true.
_VIEWS = {"find": ("script", "cache"), "show": ("script",), "load": ("script", "cache")}
_FLAGS = ("--tags", "--json", "-j", "--out", "--long", "-l", "--full", "--yaml", "--min")
_RUNS = ("run",)
MAX_CHARACTERS = 1 << 20
MAX_KEPT = 400

_recorder: Recorder | None = None
_digests: set[bytes] = set()


def used(digest: bytes) -> None:
    """Note the index that this process answers from; empty for one that is not kept."""
    _digests.add(digest)


def offer(paths: Iterable[str] = (), *, expires: float = 0.0) -> None:
    """Say that the answer of this command may be given again.

    It must be a function of the command line, the index, and the files ``paths``; nothing else may have happened
    than reading these and printing.

    Args:
        paths: files that the answer was made from, beyond meta files of artifacts.
        expires: seconds since the epoch after which it is no longer true; 0 for never.
    """
    if _recorder is not None:
        _recorder.offered = True
        _recorder.paths.update(os.path.abspath(path) for path in paths)
        if expires:
            _recorder.expires = min(expires, _recorder.expires or expires)


def withdraw() -> None:
    """Say that the answer of this command must not be given again, whatever was offered."""
    if _recorder is not None:
        _recorder.spoiled = True


class Tee:
    """A text stream that also remembers what is written through it."""

    def __init__(self, stream: TextIO, recorder: Recorder) -> None:
        self._stream = stream
        self._recorder = recorder
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        count = self._stream.write(text)
        self.parts.append(text)
        return count

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name in ("buffer", "fileno", "detach", "reconfigure"):  # bytes may pass beside us
            self._recorder.spoiled = True
        return getattr(self._stream, name)


class Recorder:
    """Listens to one command of this process and remembers its answer where that is allowed."""

    def __init__(self, name: str, argv: list[str], environ: Mapping[str, str]) -> None:
        self.name = name
        self.argv = argv
        self.environ = dict(environ)
        self.started = time.time_ns()
        self.status: int | None = None
        self.offered = False
        self.spoiled = False
        self.expires = 0.0
        self.paths: set[str] = set()
        self._out: Tee | None = None
        self._err: Tee | None = None

    def __enter__(self) -> Recorder:
        global _recorder
        if self._listens():
            _recorder = self
            _digests.clear()
            self._out, self._err = Tee(sys.stdout, self), Tee(sys.stderr, self)
            sys.stdout, sys.stderr = self._out, self._err
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _recorder
        if self._out is None or self._err is None:
            return
        _recorder = None
        sys.stdout, sys.stderr = self._out._stream, self._err._stream
        if error is None and self.status is not None and not self.spoiled:
            try:
                self._record("".join(self._out.parts), "".join(self._err.parts), self.status)
            except (OSError, ValueError, FrancaError):
                pass  # remembering is a courtesy

    def _listens(self) -> bool:
        if self.environ.get("CM_INDEX") or self.environ.get("CM_CONFIG") or not self.argv:
            return False
        action = _action(self.argv[0])
        if any(word[:1] == "@" or word == "--" for word in self.argv):
            return False
        self.offered = self._is_view(action)
        return self.offered or action in _RUNS or self.name not in ("franca", "cm", "mlc")

    def _is_view(self, action: str) -> bool:
        flags = [word.partition("=")[0].rstrip(",") for word in self.argv if word[:1] == "-"]
        words = [word for word in self.argv if word[:1] != "-"]
        return (
            self.name in ("franca", "cm", "mlc")
            and len(words) > 1
            and words[1] in _VIEWS.get(action, ())
            and all(flag in _FLAGS for flag in flags)
        )

    def _record(self, out: str, err: str, status: int) -> None:
        if not self.offered or len(out) + len(err) > MAX_CHARACTERS or len(_digests) != 1:
            return
        (digest,) = _digests
        who = (*_boot.identity(self.environ), _boot.home_dialect(self.name))
        if not digest or not self._is_current(digest, who):
            return
        group = self._stamps()
        if group is None:
            return
        asked = _boot.question(self.name, self.argv, self.environ)
        data = marshal.dumps((asked, digest, self.expires, group, out, err, status))
        path = _boot.memo_path(who[3], asked)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        write_bytes_atomic(path, _packed.checksum(data) + data, mode=0o600)
        forget_the_oldest(os.path.dirname(path))

    def _is_current(self, digest: bytes, who: tuple[Any, ...]) -> bool:
        return bool(_packed.read_view(_boot.snapshot_path(who), who).digest == digest)

    def _stamps(self) -> tuple[tuple[Any, ...], ...] | None:
        """Stamps of all files behind the answer; None when one may have changed since this process began."""
        group = []
        for path in sorted(self.paths | _own_modules()):
            stamp = stamp_of(os.stat(path))
            coarse = stamp[0] % 1_000_000_000 == 0 and stamp[1] % 1_000_000_000 == 0
            if max(stamp[0], stamp[1]) > self.started - (COARSE_NS if coarse else YOUNG_NS):
                return None
            group.append((path, *stamp))
        return tuple(group)


def _action(word: str) -> str:
    return "find" if word in _boot.FINDING else word


def _own_modules() -> set[str]:
    """Files of our own modules that made the answer: another version may answer otherwise."""
    package = os.path.dirname(_boot.__file__) + os.sep
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return {file for file in files if file and file.startswith(package)}


def forget_the_oldest(folder: str) -> None:
    """Make room in a folder of remembered things."""
    names = [entry for entry in os.scandir(folder) if entry.name.endswith(".bin")]
    if len(names) > MAX_KEPT:
        names.sort(key=lambda entry: entry.stat().st_mtime_ns)
        for entry in names[: MAX_KEPT // 4]:
            os.unlink(entry.path)
