"""SQuAD 1.1 as model input: questions and passages cut into windows of pieces (mlperf-inference section 8.4).

The file is ``dev-v1.1.json``, the vocabulary ``vocab.txt`` of the model. One sample is one window, in file
order, as the reference counts them: 10 833 for the whole set with windows of 384, a stride of 128 and
questions of at most 64 pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from franca.errors import Location, MalformedFile, UsageError
from franca.mlperf.tasks.files import field, read_json
from franca.mlperf.tasks.samples import Rows
from franca.mlperf.tasks.wordpiece import CLASS, PADDING, SEPARATOR, WordPiece, read_vocabulary

NARROW_SPACE = "\u202f"
MARKS = 3  #: [CLS] and two [SEP] in each window
BLANKS = " \t\r\n" + NARROW_SPACE  #: what parts words in a passage


class Question(NamedTuple):
    """One question with the words of its passage and the accepted answers."""

    id: str
    text: str
    words: list[str]
    answers: list[str]


class Window(NamedTuple):
    """What the model sees of a question's passage, and how it maps back.

    ``word_of`` gives for each place in ``pieces`` the word of the passage; places of the question and of marks
    are not in it. ``best`` are the places whose piece has no more context in another window.
    """

    question: int
    pieces: list[str]
    word_of: dict[int, int]
    best: frozenset[int]
    passage_from: int  #: first place of the second segment


class Passages(NamedTuple):
    """The truth: all questions, and the windows that count, in sample order."""

    questions: list[Question]
    windows: list[Window]


class SquadTruth:
    """:class:`Passages` with the indexing by a list of samples that truths have."""

    def __init__(self, passages: Passages) -> None:
        self.passages = passages

    def __len__(self) -> int:
        return len(self.passages.windows)

    def __getitem__(self, chosen: Sequence[int]) -> SquadTruth:
        questions, windows = self.passages
        return SquadTruth(Passages(questions, [windows[index] for index in chosen]))


class Squad(Rows):
    """Windows of SQuAD as three int64 inputs [n, sequence].

    Args:
        path: ``dev-v1.1.json``. vocabulary: ``vocab.txt`` of the model.
        sequence, stride, question: pieces of a window, of its step, of a question at most.
        names: of the inputs: numbers, mask, segments.
        count: only the first so many windows; 0 = all. performance_count: in memory at once; 0 = all.
    """

    def __init__(
        self,
        path: str,
        vocabulary: str,
        sequence: int = 384,
        stride: int = 128,
        question: int = 64,
        names: Sequence[str] = ("input_ids", "input_mask", "segment_ids"),
        count: int = 0,
        performance_count: int = 0,
    ) -> None:
        super().__init__(count, performance_count)
        self.path = path
        self.vocabulary = vocabulary
        self.shape = Shape(sequence, stride, question)
        if min(sequence - question - MARKS, stride, question) < 1:
            sizes = f"windows of {sequence}, a stride of {stride} and questions of {question}"
            raise UsageError(f"{sizes} leave no room for a passage")
        self.names = tuple(names)

    def read(self) -> None:
        self._pieces = read_vocabulary(self.vocabulary)
        questions = read_questions(self.path)
        cut = [w for n, q in enumerate(questions) for w in windows(n, q, self._pieces, self.shape)]
        self.limit(len(cut))
        self._passages = Passages(questions, cut[: self.count])

    def labels(self) -> SquadTruth:
        return SquadTruth(self._passages)

    def sample(self, index: int) -> Any:
        import numpy as np

        window = self._passages.windows[index]
        rows: Any = np.zeros((3, self.shape.sequence), dtype=np.int64)
        length = len(window.pieces)
        rows[0, :] = self._pieces.vocabulary[PADDING]
        rows[0, :length] = self._pieces.numbers(window.pieces)
        rows[1, :length] = 1
        rows[2, window.passage_from : length] = 1
        return rows

    def stack(self, rows: Sequence[Any]) -> Any:
        import numpy as np

        together = np.stack(rows, axis=1)
        return dict(zip(self.names, together, strict=True))


class Shape(NamedTuple):
    """Pieces of a window, of its step, and of a question at most."""

    sequence: int = 384
    stride: int = 128
    question: int = 64


def read_questions(path: str) -> list[Question]:
    """All questions of a SQuAD file. Raises NotFound, MalformedFile."""
    found: list[Question] = []
    content = read_json(path, "SQuAD file")
    for article in field(content, "data", list, path, "the file"):
        for paragraph in field(article, "paragraphs", list, path, "an article"):
            words = passage_words(field(paragraph, "context", str, path, "a paragraph"))
            found += [_question(one, words, path) for one in field(paragraph, "qas", list, path, "a paragraph")]
    return found


def _question(record: Any, words: list[str], path: str) -> Question:
    name = field(record, "id", str, path, "a question")
    what = f"question {name}"
    answers = [field(a, "text", str, path, what) for a in field(record, "answers", list, path, what)]
    if not answers:
        raise MalformedFile(f"{what} has no answer, as in SQuAD 2.0; expected 1.1", where=Location(path))
    return Question(name, field(record, "question", str, path, what), words, answers)


def passage_words(text: str) -> list[str]:
    """Words of a passage, parted at blanks only."""
    return [word for word in "".join(" " if char in BLANKS else char for char in text).split(" ") if word]


def windows(number: int, question: Question, pieces: WordPiece, shape: Shape) -> Iterator[Window]:
    """The windows of one question, each at most ``shape.sequence`` pieces with its three marks."""
    asked = pieces.pieces(question.text)[: shape.question]
    cut = [(piece, at) for at, word in enumerate(question.words) for piece in pieces.pieces(word)]
    spans = list(_spans(len(cut), shape.sequence - len(asked) - MARKS, shape.stride))
    first = len(asked) + 2
    for order, (start, length) in enumerate(spans):
        part = cut[start : start + length]
        owners = frozenset(first + k for k in range(length) if _owner(spans, start + k) == order)
        yield Window(
            number,
            [CLASS, *asked, SEPARATOR, *(piece for piece, _ in part), SEPARATOR],
            {first + k: word for k, (_, word) in enumerate(part)},
            owners,
            first,
        )


def _spans(total: int, room: int, stride: int) -> Iterator[tuple[int, int]]:
    """Start and length of each window of the passage; the last one reaches its end."""
    start = 0
    while start < total:
        length = min(room, total - start)
        yield start, length
        if start + length == total:
            return
        start += min(length, stride)


def _owner(spans: Sequence[tuple[int, int]], place: int) -> int:
    """The window where the piece at ``place`` has most context: the least of both sides, then the longer window."""
    if len(spans) == 1:
        return 0
    best, chosen = -1.0, 0
    for order, (start, length) in enumerate(spans):
        if start <= place < start + length:
            context = min(place - start, start + length - 1 - place) + 0.01 * length
            if context > best:
                best, chosen = context, order
    return chosen
