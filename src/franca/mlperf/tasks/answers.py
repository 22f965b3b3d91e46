"""Question answering: start and end logits in the log, judged as exact match and F1 of SQuAD 1.1.

Payload of a sample: float32 [sequence, 2], start and end logit of each piece of its window. The answer to a
question is the span with the largest sum over all its windows, put back into the words of the passage
(mlperf-inference section 8.4; normalisation of the SQuAD evaluation: 8.5).
"""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from franca.errors import MalformedFile
from franca.mlperf.inference.plugs import Score
from franca.mlperf.tasks.squad import Question, SquadTruth, Window
from franca.mlperf.tasks.wordpiece import words

CANDIDATES = 20  #: starts and ends tried in each window
LONGEST = 30  #: pieces of an answer
NOTHING = "empty"  #: the answer where no span is possible
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


class Span(NamedTuple):
    """A possible answer: places in a window, and the sum of its two logits."""

    score: float
    window: Window
    start: int
    end: int


class AnswerMetric:
    """Exact match and F1 over questions.

    Args:
        sequence: pieces of a window; 0 = as many as each answer has, to score logs of other harnesses.
        dtype: of the logits in the log. transposed: [2, sequence] instead of [sequence, 2].
    """

    def __init__(self, sequence: int = 384, dtype: str = "float32", transposed: bool = False) -> None:
        self.payload_dtype = dtype
        self.transposed = transposed
        pair = (2, sequence) if transposed else (sequence, 2)
        self.payload_shape: tuple[int, ...] | None = pair if sequence else None

    def encode(self, outputs: Sequence[Any], out: Any) -> None:
        """``outputs``: [n, sequence, 2], or for each sample one array of that form, or its starts and its ends."""
        columns = out.swapaxes(1, 2) if self.transposed else out
        if hasattr(outputs, "shape"):
            columns[:] = outputs
            return
        for row, one in zip(columns, outputs, strict=True):
            if len(one) == 2:
                row[:, 0], row[:, 1] = one
            else:
                row[:] = one[0]

    def score(self, payloads: Sequence[Any], labels: SquadTruth) -> Score:
        texts = answers([self._columns(one) for one in payloads], labels)
        accepted = {number: labels.passages.questions[number].answers for number in texts}
        exact = sum(any(normal(text) == normal(a) for a in accepted[n]) for n, text in texts.items())
        f1 = sum(max(overlap(text, a) for a in accepted[n]) for n, text in texts.items())
        total = len(texts)
        shares = {"exact_match": 100.0 * exact / total, "f1": 100.0 * f1 / total}
        return Score("F1", shares["f1"], exact, total, json.dumps(shares), {"EM": shares["exact_match"]})

    def _columns(self, payload: Any) -> Any:
        """Starts and ends, [2, pieces], of a payload of any shape."""
        if payload.size % 2:
            raise MalformedFile(f"an answer has {payload.size} logits, expected a start and an end for each piece")
        return payload.reshape(2, -1) if self.transposed else payload.reshape(-1, 2).T


def answers(logits: Sequence[Any], truth: SquadTruth) -> dict[int, str]:
    """The text of the answer to each question that has a window, by its number."""
    best: dict[int, Span | None] = {}
    for (starts, ends), window in zip(logits, truth.passages.windows, strict=True):
        span = best_span(starts, ends, window)
        known = best.setdefault(window.question, span)
        if span and (known is None or span.score > known.score):
            best[window.question] = span
    return {n: _text(span, truth.passages.questions[n]) if span else NOTHING for n, span in best.items()}


def best_span(starts: Any, ends: Any, window: Window) -> Span | None:
    """The span of the passage with the largest sum; of equal ones that with the likelier start."""
    best: Span | None = None
    for start in _likeliest(starts):
        if start not in window.best:
            continue
        for end in _likeliest(ends):
            if end not in window.word_of or not start <= end < start + LONGEST:
                continue
            score = float(starts[start]) + float(ends[end])
            if best is None or score > best.score:
                best = Span(score, window, start, end)
    return best


def _likeliest(logits: Any) -> list[int]:
    import numpy as np

    return [int(place) for place in np.argsort(-logits.astype(np.float64), kind="stable")[:CANDIDATES]]


def _text(span: Span, question: Question) -> str:
    window = span.window
    pieces = " ".join(window.pieces[span.start : span.end + 1]).replace(" ##", "").replace("##", "")
    passage = question.words[window.word_of[span.start] : window.word_of[span.end] + 1]
    return original(" ".join(pieces.split()), " ".join(passage))


def original(answer: str, passage: str) -> str:
    """The part of ``passage`` that ``answer``, made of its pieces, stands for.

    Both are compared without blanks, character by character; where that does not fit, as with accents that the
    tokenizer took away, it is the whole passage.
    """
    tokens = " ".join(words(passage))
    start = tokens.find(answer)
    in_passage = [place for place, char in enumerate(passage) if char != " "]
    in_tokens = {place: n for n, place in enumerate(p for p, char in enumerate(tokens) if char != " ")}
    end = start + len(answer) - 1
    if start < 0 or len(in_passage) != len(in_tokens) or start not in in_tokens or end not in in_tokens:
        return passage
    return passage[in_passage[in_tokens[start]] : in_passage[in_tokens[end]] + 1]


def normal(text: str) -> str:
    """Lower case, without punctuation, articles and extra blanks."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def overlap(found: str, expected: str) -> float:
    """F1 of the words that both have; 0 when they share none."""
    mine, theirs = normal(found).split(), normal(expected).split()
    same = sum((Counter(mine) & Counter(theirs)).values())
    if not same:
        return 0.0
    precision, recall = same / len(mine), same / len(theirs)
    return 2 * precision * recall / (precision + recall)
