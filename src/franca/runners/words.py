"""Option strings to words as a POSIX shell would make them, without a shell (MLCube spec, section 7).

Expanded are ``~`` at the start of a word, ``$NAME``, ``${NAME}``, ``$(id -u)`` and ``$(id -g)``. Every
other character is data: ``;``, ``|``, backticks and other ``$(...)`` arrive in the words as they are.
"""

from __future__ import annotations

from franca.errors import UsageError
from franca.model.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLANK = " \t\n\r"
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")


class Facts(NamedTuple):
    """What expansions read: the environment and the caller's numbers."""

    environ: Mapping[str, str]
    uid: int
    gid: int


def split_command(text: str) -> tuple[str, ...]:
    """The words of a command, with quotes and without any expansion. Raises ValueError for an unclosed quote."""
    if text.isascii() and text.isprintable() and not any(char in text for char in "'\"\\"):
        return tuple(text.split())
    import shlex

    return tuple(shlex.split(text))


def split_options(text: str, facts: Facts, what: str = "options") -> tuple[str, ...]:
    """The words of an option string.

    Args:
        what: names the string in messages, as ``docker.cpu_args``.

    Raises:
        UsageError: an unclosed quote, a variable that is not set.
    """
    return tuple(_Splitter(text, facts, what).words())


def expand(text: str, facts: Facts, what: str = "value") -> str:
    """One word with its expansions; blanks and quotes in it are data."""
    splitter = _Splitter(text, facts, what)
    out = ""
    if text.startswith("~"):
        out = splitter.tilde()
    while splitter.at < len(text):
        out += splitter.dollar() if text[splitter.at] == "$" else splitter.take()
    return out


class _Splitter:
    """One pass over an option string."""

    def __init__(self, text: str, facts: Facts, what: str) -> None:
        if "\0" in text:
            raise UsageError(f"{what}: holds a NUL character")
        self.text, self.facts, self.what, self.at = text, facts, what, 0

    def take(self) -> str:
        char = self.text[self.at]
        self.at += 1
        return char

    def words(self) -> list[str]:
        words: list[str] = []
        word: str | None = None  # None: between words
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in _BLANK:
                self.at += 1
                if word is not None:
                    words.append(word)
                word = None
            elif char == "~" and word is None:
                word = self.tilde()
            elif char == "$":
                word = self._field(words, word)
            else:
                word = (word or "") + self._piece(char)
        return words if word is None else [*words, word]

    def _field(self, words: list[str], word: str | None) -> str | None:
        """An unquoted expansion: its blanks separate words, its quotes do not quote."""
        value = self.dollar()
        parts = value.split()
        if not parts:
            return word if not value or word is None else self._closed(words, word)
        if value[0] in _BLANK and word is not None:
            words.append(word)
            word = None
        words.extend([(word or "") + parts[0], *parts[1:-1]] if len(parts) > 1 else [])
        last = parts[-1] if len(parts) > 1 else (word or "") + parts[0]
        return self._closed(words, last) if value[-1] in _BLANK else last

    @staticmethod
    def _closed(words: list[str], word: str) -> None:
        words.append(word)

    def _piece(self, char: str) -> str:
        self.at += 1
        if char == "'":
            return self._until("'")
        if char == '"':
            return self._double()
        if char == "\\" and self.at < len(self.text):
            return self.take()
        return char

    def _until(self, quote: str) -> str:
        end = self.text.find(quote, self.at)
        if end < 0:
            raise UsageError(f"{self.what}: unclosed {quote} in {self.text!r}", hint="close the quote")
        piece, self.at = self.text[self.at : end], end + 1
        return piece

    def _double(self) -> str:
        out = ""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return out
            if char == "$":
                out += self.dollar()
            elif char == "\\" and self.text[self.at + 1 : self.at + 2] in ('"', "\\", "$", "`"):
                self.at += 1
                out += self.take()
            else:
                out += self.take()
        raise UsageError(f'{self.what}: unclosed " in {self.text!r}', hint="close the quote")

    def tilde(self) -> str:
        self.at += 1
        if self.at < len(self.text) and self.text[self.at] not in "/" + _BLANK:
            return "~"  # ~user is not expanded
        return self.facts.environ.get("HOME", "~")

    def dollar(self) -> str:
        """The expansion that starts here, or a plain ``$``."""
        for command, number in (("$(id -u)", self.facts.uid), ("$(id -g)", self.facts.gid)):
            if self.text.startswith(command, self.at):
                self.at += len(command)
                return str(number)
        self.at += 1
        braced = self.text.startswith("{", self.at)
        start = self.at + braced
        end = start
        while end < len(self.text) and self.text[end] in _NAME:
            end += 1
        name = self.text[start:end]
        if not name or name[0].isdigit() or (braced and not self.text.startswith("}", end)):
            return "$"
        self.at = end + braced
        if name not in self.facts.environ:
            raise UsageError(f"{self.what}: the variable ${name} is not set", hint=f"set it, or remove ${name}")
        return self.facts.environ[name]
