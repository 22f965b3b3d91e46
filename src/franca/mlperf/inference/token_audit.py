"""Compliance tests of language models: what the logged answers must be, and the files that say so.

TEST06 (rounds since v4.0) looks at a hundred answers: the first token that was told is the first of the answer, an
end-of-sequence token ends it, and as many tokens were counted as were logged. TEST07 and TEST09 (since v6.0) log every
answer of a performance run: TEST07 scores them, TEST09 bounds their mean length. Sources: MLPerf inference rules,
compliance tests; mlperf-inference sections 9.1, 9.2 and 9.4. File names and verdict lines are those that checkers read.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from franca.errors import MalformedFile, Refused
from franca.mlperf.inference.config import ANY, Entry
from franca.mlperf.inference.spec import RunSpec
from franca.mlperf.logs.accuracy import AccuracyEntry
from franca.mlperf.submission.tables import OutputTokens

TESTS = ("TEST06", "TEST07", "TEST09")
OUTPUTS = {"TEST06": "verify_accuracy.txt", "TEST07": "verify_accuracy.txt", "TEST09": "verify_output_len.txt"}
SAMPLED = 100  #: answers that TEST06 looks at
ALL = 10000  #: answers logged where all are wanted; more where the data set is larger
KEPT_SHARE = 0.99  #: TEST07 of a model without a threshold of its round: of the accuracy run's figure
LENGTH_SHARE = 0.1  #: TEST09 of a model without bounds of its round: around the accuracy run's mean
CODES = {
    "int16": "h",
    "int32": "i",
    "int64": "q",
    "float32": "f",
}  #: tokens in logs, as ``array`` has them


class TokenFaults(NamedTuple):
    """TEST06: answers of the log, and how many break each of its rules."""

    answers: int
    first: int | None  #: first token untold, or another; None = the scenario has no first tokens
    end: int
    length: int

    @property
    def passed(self) -> bool:
        return self.answers > 0 and not (self.first or self.end or self.length)

    def lines(self) -> list[str]:
        """``verify_accuracy.txt``."""
        some = self.answers > 0
        first = "Skipped" if self.first is None else str(some and not self.first)
        return [
            f"First token check pass: {first}",
            f"EOS check pass: {some and not self.end}",
            f"Sample length check pass: {some and not self.length}",
            "TEST06 verification complete" if self.passed else "TEST06 verification failed",
        ]

    def words(self) -> str:
        """For people."""
        if not self.answers:
            return "no answer was logged"
        wrong = {
            "first token untold or another": self.first or 0,
            "text after the end token": self.end,
            "another number of tokens than was counted": self.length,
        }
        found = ", ".join(f"{count} with {what}" for what, count in wrong.items() if count)
        return f"{self.answers} answers looked at{': ' + found if found else ', none wrong'}"


def entries_of(test: str, count: int) -> list[Entry]:
    """Audit entries besides the mode and the seed; ``count`` samples are in the data set."""
    values = {"accuracy_log_sampling_target": max(ALL, count), "min_query_count": count, "min_duration": 0}
    if test == "TEST06":
        values |= {"accuracy_log_sampling_target": SAMPLED, "min_query_count": SAMPLED}
    else:
        values["performance_issue_unique"] = 1
    values["sample_concatenate_permutation"] = 0
    return [Entry(ANY, ANY, key, str(value)) for key, value in values.items()]


def end_tokens(spec: RunSpec, told: Sequence[int] = ()) -> list[int]:
    """The tokens that end an answer; none where none does.

    Args:
        told: those that the backend names, once it was loaded; the request's own count before them.

    Raises:
        Refused: nobody says.
    """
    asked = (spec.end_token, spec.backend.options.get("end"), spec.metric.options.get("end"))
    given = [value for value in asked if isinstance(value, int)]
    if given and (given[0] >= 0 or spec.end_token is not None):
        return [value for value in given[:1] if value >= 0]
    if told or given:
        return list(told)
    raise Refused(
        "TEST06 needs the id of the token that ends an answer",
        hint='"end_token" of the request, or an option "end" of the backend; -1 where no token does',
    )


def check_answers(
    entries: Iterable[AccuracyEntry], dtype: str, ends: Sequence[int], *, firsts: bool, counted: bool = True
) -> TokenFaults:
    """The rules of TEST06 over logged answers.

    Args:
        dtype: of a token in the log. ends: the tokens that end an answer.
        firsts: whether first tokens are told in this scenario (all but Offline).
        counted: whether the log has the number of tokens; LoadGen writes none where it infers their rate.

    Raises:
        MalformedFile: that type is none of a token.
    """
    code = token_code(dtype)
    answers = first = ending = length = 0
    for entry in entries:
        answers += 1
        tokens, told = _tokens(entry.data, code), _tokens(entry.token_data, code)
        first += firsts and not (told and tokens and tokens[: len(told)] == told)
        ending += bool(tokens) and _goes_on(tokens, ends)
        length += not tokens or (counted and len(tokens) != entry.token_count)
    return TokenFaults(answers, first if firsts else None, ending, length)


def _goes_on(tokens: list[float], ends: Sequence[int]) -> bool:
    """Whether an end token has anything behind it; two of one alone are an empty answer of the least length."""
    empty = len(tokens) == 2 and tokens[0] == tokens[1]
    return not empty and any(token in ends for token in tokens[:-1])


def token_code(dtype: str) -> str:
    """Raises MalformedFile: no type of tokens."""
    if dtype not in CODES:
        raise MalformedFile(f"answers of type {dtype or 'unknown'} are no tokens (expected {', '.join(CODES)})")
    return CODES[dtype]


def _tokens(data: bytes, code: str) -> list[float]:
    """Tokens of a payload; none where its length is no multiple of a token's."""
    found: array[float] = array(code)
    if len(data) % found.itemsize == 0:
        found.frombytes(data)
    return found.tolist()


class Lengths(NamedTuple):
    """TEST09: tokens of the answers."""

    answers: int
    mean: float
    least: int
    most: int
    deviation: float

    def within(self, bounds: OutputTokens) -> bool:
        return self.answers > 0 and bounds.least <= self.mean <= bounds.most

    def lines(self, bounds: OutputTokens) -> list[str]:
        """``verify_output_len.txt``."""
        short, long = self.mean >= bounds.least, self.mean <= bounds.most
        return [
            "TEST09: Verify Output Token Length in Performance Mode",
            "",
            f"Total samples: {self.answers}",
            f"Mean output tokens: {self.mean:.2f}",
            f"Min output tokens: {self.least}",
            f"Max output tokens: {self.most}",
            f"Std deviation: {self.deviation:.2f}",
            "",
            f"Min threshold: {bounds.least:.2f}",
            f"Max threshold: {bounds.most:.2f}",
            f"Min check pass: {short}",
            f"Max check pass: {long}",
            "",
            "TEST PASS" if self.within(bounds) else "TEST FAIL",
        ]


def lengths_of(entries: Iterable[AccuracyEntry], dtype: str) -> Lengths:
    """Tokens of each answer, as its bytes have them. Raises MalformedFile: no type of tokens."""
    code = token_code(dtype)
    counts = [len(_tokens(entry.data, code)) for entry in entries]
    if not counts:
        return Lengths(0, 0.0, 0, 0, 0.0)
    mean = sum(counts) / len(counts)
    spread = sum((count - mean) ** 2 for count in counts) / len(counts)
    return Lengths(len(counts), mean, min(counts), max(counts), spread**0.5)


def around(mean: float) -> OutputTokens:
    """Bounds of TEST09 for a model that its round gives none."""
    return OutputTokens(mean * (1 - LENGTH_SHARE), mean * (1 + LENGTH_SHARE))


def score_lines(line: str, score: float, least: float) -> list[str]:
    """``verify_accuracy.txt`` of TEST07: the scorer's line, then the verdict."""
    passed = score >= least
    return [
        line,
        "",
        "TEST07 Verification Summary",
        f"Accuracy score: {score:.9g}",
        f"Accuracy threshold: {least:.9g}",
        f"Accuracy check pass: {passed}",
        "TEST PASS" if passed else "TEST FAIL",
    ]
