"""LibriSpeech as the reference speech benchmarks use it: a manifest in JSON and wave files.

The manifest is a list of records: ``files`` (``fname`` and ``speed`` of each version), ``original_duration`` in
seconds, ``transcript``. Utterances longer than ``longest`` seconds are left out; the index of a sample counts
what remains: 2 513 of dev-clean at 15 s (rnnt), 1 633 of the joined set at 30 s (whisper).
"""

from __future__ import annotations

import os
import wave
from collections.abc import Sequence
from typing import Any, NamedTuple

from franca.errors import Location, MalformedFile, NotFound
from franca.mlperf.tasks.files import existing, field, inside, read_json
from franca.mlperf.tasks.samples import Rows

MAX_FRAMES = 64 << 20  #: of one file: more than an hour at 16 kHz


class Utterance(NamedTuple):
    """One recording and what is said in it."""

    path: str
    seconds: float
    transcript: str


class LibriSpeech(Rows):
    """Recordings as float32 [n, longest of the batch] from -1 to 1, and their lengths as int64 [n].

    Args:
        path: folder that the names in the manifest start from. manifest: the JSON file.
        longest: seconds of an utterance at most. rate: samples a second that the files must have.
        names: of the inputs: sound, lengths.
        count: only the first so many; 0 = all. performance_count: in memory at once; 0 = all.
    """

    def __init__(
        self,
        path: str,
        manifest: str,
        longest: float = 15.0,
        rate: int = 16000,
        names: Sequence[str] = ("audio", "lengths"),
        count: int = 0,
        performance_count: int = 0,
    ) -> None:
        super().__init__(count, performance_count)
        self.path = path
        self.manifest = manifest
        self.longest = longest
        self.rate = rate
        self.names = tuple(names)

    def read(self) -> None:
        found = read_manifest(self.manifest, self.path, self.longest)
        self.limit(len(found))
        self._utterances = found[: self.count]

    def check(self) -> None:
        missing = [one.path for one in self._utterances if not os.path.isfile(one.path)]
        if missing:
            raise NotFound(f"{len(missing)} of {self.count} recordings are missing (first: {missing[0]})")

    def labels(self) -> list[str]:
        return [one.transcript for one in self._utterances]

    def sample(self, index: int) -> Any:
        return read_wave(self._utterances[index].path, self.rate)

    def stack(self, rows: Sequence[Any]) -> Any:
        import numpy as np

        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        sound: Any = np.zeros((len(rows), int(lengths.max())), dtype=np.float32)
        for at, row in enumerate(rows):
            sound[at, : len(row)] = row
        return dict(zip(self.names, (sound, lengths), strict=True))


def read_manifest(path: str, root: str, longest: float) -> list[Utterance]:
    """Utterances of at most ``longest`` seconds, in file order. Raises NotFound, MalformedFile."""
    content = read_json(path, "manifest")
    if not isinstance(content, list):
        raise MalformedFile("expected a list of recordings", where=Location(path))
    found = []
    for number, record in enumerate(content, 1):
        what = f"recording {number}"
        seconds = float(field(record, "original_duration", (int, float), path, what))
        if seconds > longest:
            continue
        name = _file_name(field(record, "files", list, path, what), path, what)
        found.append(Utterance(inside(root, name, path), seconds, field(record, "transcript", str, path, what)))
    return found


def _file_name(files: list[Any], path: str, what: str) -> str:
    """The version at the original speed."""
    for one in files:
        if field(one, "speed", (int, float), path, what) == 1:
            return str(field(one, "fname", str, path, what))
    raise MalformedFile(f"{what} has no file at speed 1", where=Location(path, key="files"))


def read_wave(path: str, rate: int) -> Any:
    """A mono wave file of 16 bits as float32 from -1 to 1. Raises NotFound, MalformedFile."""
    import numpy as np

    existing(path, "recording")
    try:
        with wave.open(path, "rb") as opened:
            found = (opened.getnchannels(), opened.getsampwidth(), opened.getframerate())
            frames = opened.readframes(min(opened.getnframes(), MAX_FRAMES))
    except (wave.Error, EOFError, OSError) as error:
        raise MalformedFile(f"is no wave file: {error}", where=Location(path)) from error
    if found != (1, 2, rate):
        problem = f"has {found[0]} channels of {8 * found[1]} bits at {found[2]} Hz, expected 1 of 16 at {rate}"
        raise MalformedFile(problem, where=Location(path))
    return np.frombuffer(frames, dtype="<i2").astype(np.float32) / np.float32(32768)
