"""The tokenizer of BERT, uncased: whitespace and punctuation, then the longest pieces of a vocabulary.

Rules of the published model (Devlin et al., 2019, and the vocabulary file of its uncased variants): control
characters vanish, Chinese characters stand alone, letters are lower-cased and lose their accents, a word that
has no pieces, or more than 100 characters, becomes ``[UNK]``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from franca.errors import Location, MalformedFile
from franca.mlperf.tasks.files import read_text

UNKNOWN, CLASS, SEPARATOR, PADDING = "[UNK]", "[CLS]", "[SEP]", "[PAD]"
MAX_WORD = 100
MAX_VOCABULARY = 64 << 20
_CJK = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


class WordPiece:
    """Text to pieces, pieces to numbers."""

    def __init__(self, vocabulary: dict[str, int]) -> None:
        self.vocabulary = vocabulary

    def pieces(self, text: str) -> list[str]:
        """The pieces of a text; all but the first of a word start with ``##``."""
        return [piece for word in words(text) for piece in self._split(word)]

    def numbers(self, pieces: list[str]) -> list[int]:
        return [self.vocabulary[piece] for piece in pieces]

    def _split(self, word: str) -> list[str]:
        if len(word) > MAX_WORD:
            return [UNKNOWN]
        found: list[str] = []
        start = 0
        while start < len(word):
            piece = self._longest(word, start)
            if not piece:
                return [UNKNOWN]
            found.append(piece)
            start += len(piece) - 2 * bool(start)
        return found

    def _longest(self, word: str, start: int) -> str:
        prefix = "##" if start else ""
        for end in range(len(word), start, -1):
            if prefix + word[start:end] in self.vocabulary:
                return prefix + word[start:end]
        return ""


def read_vocabulary(path: str) -> WordPiece:
    """A ``vocab.txt``: one piece a line, numbered from 0. Raises NotFound, MalformedFile."""
    lines = read_text(path, "vocabulary", MAX_VOCABULARY).split("\n")
    if lines and not lines[-1]:
        lines.pop()
    vocabulary = {piece.rstrip("\r"): number for number, piece in enumerate(lines)}
    missing = [mark for mark in (UNKNOWN, CLASS, SEPARATOR, PADDING) if mark not in vocabulary]
    if missing:
        raise MalformedFile(f"is no BERT vocabulary: it lacks {', '.join(missing)}", where=Location(path))
    return WordPiece(vocabulary)


def words(text: str) -> list[str]:
    """Words and punctuation marks of a text, lower case and without accents."""
    cleaned = "".join(_cleaned(text))
    return [part for word in cleaned.split() for part in _punctuated(_plain(word))]


def _cleaned(text: str) -> Iterator[str]:
    for char in text:
        code = ord(char)
        if code in (0, 0xFFFD) or _is_control(char):
            continue
        if any(first <= code <= last for first, last in _CJK):
            yield f" {char} "
        else:
            yield " " if char in " \t\n\r" or unicodedata.category(char) == "Zs" else char


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.lower())
    return "".join(char for char in decomposed if unicodedata.category(char) != "Mn")


def _punctuated(word: str) -> Iterator[str]:
    part = ""
    for char in word:
        if not is_punctuation(char):
            part += char
            continue
        if part:
            yield part
        yield char
        part = ""
    if part:
        yield part


def _is_control(char: str) -> bool:
    return char not in "\t\n\r" and unicodedata.category(char).startswith("C")


def is_punctuation(char: str) -> bool:
    """ASCII that is neither letter, digit nor blank, and what Unicode calls punctuation."""
    code = ord(char)
    ascii_mark = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return ascii_mark or unicodedata.category(char).startswith("P")
