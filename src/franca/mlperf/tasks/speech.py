"""Speech recognition: letters in the log, judged as word error rate.

Payload of a sample: the place of each letter in the alphabet of the benchmark, as int8, int16, int32 or int64
(mlperf-inference section 8.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from franca.errors import MalformedFile, UsageError
from franca.mlperf.inference.plugs import Score
from franca.mlperf.tasks.files import need

RNNT = " abcdefghijklmnopqrstuvwxyz'"
WHISPER = RNNT + "0123456789$%+-"
ALPHABETS = {"rnnt": RNNT, "whisper": WHISPER}
JOINED = 3  #: words that whisper's rules take as one, where the other text has written them together


class WordErrorMetric:
    """Word error rate, and 100 less it, which the targets are about.

    Args:
        form: ``rnnt``, or ``whisper``: a larger alphabet, texts normalised by the package of that model, and
            words that are only written apart or together count as right.
        dtype: of the letters in the log.
    """

    payload_shape: tuple[int, ...] | None = None

    def __init__(self, form: str = "rnnt", dtype: str = "int64") -> None:
        if form not in ALPHABETS:
            raise UsageError(f"form {form!r} of speech is not known ({', '.join(ALPHABETS)})")
        self.form = form
        self.alphabet = ALPHABETS[form]
        self.payload_dtype = dtype

    def pack(self, outputs: Sequence[Any], indices: Sequence[int]) -> list[Any]:
        """``outputs``: for each sample a text, or the places of its letters, alone or as the first output."""
        firsts = [one[0] if isinstance(one, (tuple, list)) else one for one in outputs]
        return [self._places(one) for one in firsts]

    def score(self, payloads: Sequence[Any], labels: Sequence[str]) -> Score:
        prepare = normaliser(self.form)
        errors = total = right = 0
        for index, (payload, expected) in enumerate(zip(payloads, labels, strict=True)):
            said, wanted = prepare(self._text(payload, index)), prepare(self._spoken(expected))
            wrong = distance(*self._aligned(said, wanted))
            errors, total, right = errors + wrong, total + len(wanted), right + (not wrong)
        if not total:
            raise MalformedFile("the transcripts have no words: there is no word error rate")
        rate = errors / total
        line = f"Word Error Rate: {rate * 100}%, accuracy={(1 - rate) * 100}%"
        return Score(METRIC_NAMES[self.form], (1 - rate) * 100, right, len(labels), line, {"WER": rate * 100})

    def _aligned(self, said: list[str], wanted: list[str]) -> tuple[list[str], list[str]]:
        return join_written_apart(said, wanted) if self.form == "whisper" else (said, wanted)

    def _places(self, one: Any) -> Any:
        import numpy as np

        if isinstance(one, str):
            return np.array([self.alphabet.index(c) for c in one if c in self.alphabet], dtype=self.payload_dtype)
        return np.asarray(one).reshape(-1).astype(self.payload_dtype)

    def _text(self, payload: Any, index: int) -> str:
        if len(payload) and not 0 <= int(payload.min()) <= int(payload.max()) < len(self.alphabet):
            problem = f"sample {index} has the letter {int(payload.max())}, the alphabet has {len(self.alphabet)}"
            raise MalformedFile(problem, hint="the values in the log may be of another type: --dtype")
        return "".join(self.alphabet[place] for place in payload.tolist())

    def _spoken(self, transcript: str) -> str:
        """A transcript with the letters of the alphabet only, in lower case, as the reference reads it."""
        return "".join(char for char in transcript.lower() if char in self.alphabet)


METRIC_NAMES = {"rnnt": "WER", "whisper": "ACCURACY"}  #: as the checkers call the percentage of right words


def normaliser(form: str) -> Callable[[str], list[str]]:
    """A function from a text to its words."""
    if form == "rnnt":
        return str.split
    english = need("whisper.normalizers", "scoring whisper", "openai-whisper").EnglishTextNormalizer()
    return lambda text: str(english(text)).split()


def distance(said: Sequence[str], wanted: Sequence[str]) -> int:
    """Words to insert, delete or replace to turn one text into the other (Levenshtein)."""
    row = list(range(len(wanted) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(wanted, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def join_written_apart(said: Sequence[str], wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    """Both texts with words joined where the other one has them written together, from left to right.

    Up to three words are joined; where nothing fits, one word of each is passed over (whisper's rules).
    """
    mine: list[str] = []
    theirs: list[str] = []
    i = j = 0
    while i < len(said) and j < len(wanted):
        a, b = _fitting(said, i, wanted, j)
        mine.append("".join(said[i : i + a]))
        theirs.append("".join(wanted[j : j + b]))
        i, j = i + a, j + b
    return [*mine, *said[i:]], [*theirs, *wanted[j:]]


def _fitting(said: Sequence[str], i: int, wanted: Sequence[str], j: int) -> tuple[int, int]:
    """How many words of each text belong together at these places."""
    for k in range(1, JOINED + 1):
        if j + k <= len(wanted) and "".join(wanted[j : j + k]) == said[i]:
            return 1, k
        if i + k <= len(said) and "".join(said[i : i + k]) == wanted[j]:
            return k, 1
    return 1, 1
