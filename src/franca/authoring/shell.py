"""Expansions in shell scripts that are not quoted, found by reading the script word by word.

A word that holds an unquoted ``$x`` is split at blanks and its pieces are patterns for file names: a path with a
blank breaks the command, and a value from outside may become options. Where the shell does not split (assignments,
``[[ ]]``, arithmetic, the subject and the patterns of ``case``, here-strings) nothing is said, nor about the list
of a ``for``, which is often split on purpose, nor about a command's name, nor about ``eval``, ``exit`` and ``return``,
which take code and numbers. Two cases are mild: what ``echo`` shows, and variables that are called a list of options.
"""

from __future__ import annotations

import re

import msgspec

_BLANK = " \t"
_META = ";&|<>()\n"
_KEEPS_PLACE = frozenset(("if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "fi", "done", "}"))
_DECLARES = frozenset(("export", "local", "declare", "readonly", "typeset"))
_SAFE = "?#$!-"
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_ALLOWED = ("lint: ok", "shellcheck disable=SC2086", "shellcheck disable=SC2046", "shellcheck disable=SC2068")
#: Commands whose words are code or numbers; splitting is what happens to them anyway.
_TAKES_ANY = frozenset(("eval", "exit", "return", "shift"))
#: The last part of a variable's name that says "several words": splitting it is meant.
_LISTS = frozenset(("ARGS", "CMD", "EXTRA", "FLAG", "FLAGS", "OPT", "OPTION", "OPTIONS", "OPTS", "PARAMS", "SUFFIX"))
#: What gives one number.
_NUMBERS = frozenset(("$(nproc)", "`nproc`", "$(id -u)", "$(id -g)"))
_ALTERNATIVE = re.compile(r"\$\{\w+:?\+(.*)\}", re.S)
_QUOTED = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*\"""", re.S)
MAX_DEPTH = 40


class Expansion(msgspec.Struct, frozen=True):
    """An unquoted expansion, or (``text`` empty) a quotation that has no end."""

    line: int
    column: int
    text: str
    mild: bool = False  #: harmless, or probably meant


class _Word:
    __slots__ = ("assigns", "loose", "plain", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.plain = ""  #: its literal text
        self.loose: list[tuple[int, str]] = []
        self.assigns = False


class _Unclosed(Exception):
    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at


def unquoted(text: str) -> tuple[Expansion, ...]:
    """The unquoted expansions of a script, in order. A line with ``# lint: ok`` (or the one before) is passed over."""
    scanner = _Scanner(text)
    try:
        scanner.commands(0, "", 0)
    except (_Unclosed, RecursionError) as error:
        scanner.found.append((getattr(error, "at", 0), ""))
    lines = text.split("\n")
    out = []
    for at, what in sorted(set(scanner.found)):
        line = text.count("\n", 0, at) + 1
        around = lines[max(0, line - 2) : line]
        if not any(mark in one for one in around for mark in _ALLOWED):
            mild = at in scanner.shown or _names_list(what)
            out.append(Expansion(line, at - (text.rfind("\n", 0, at) + 1) + 1, what, mild))
    return tuple(out)


class _Scanner:
    """Walks over commands; every method takes a position and gives the one after what it has read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[tuple[int, str]] = []
        self.shown: set[int] = set()  #: where of them ``echo`` shows its words
        self.heredocs: list[tuple[str, bool]] = []

    def commands(self, at: int, end: str, depth: int) -> int:
        """Commands up to ``end`` (``)`` or the end of the text). Returns the position after it."""
        if depth > MAX_DEPTH:
            raise _Unclosed(at)
        return _Commands(self, end, depth).read(at)

    # -- words ------------------------------------------------------------------------------------

    def word(self, at: int, depth: int) -> tuple[_Word, int]:
        text, word = self.text, _Word(at)
        while at < len(text) and text[at] not in _BLANK and text[at] not in _META:
            char = text[at]
            if char == "\\":
                word.plain += text[at + 1 : at + 2]
                at += 2
            elif char == "'":
                at = self.until("'", at + 1)
            elif char == '"':
                at = self.quoted(at + 1, depth)
            elif char == "$" and text[at + 1 : at + 2] == "'":
                at = self.ansi(at + 2)
            elif char == "$" and text[at + 1 : at + 2] == '"':
                at = self.quoted(at + 2, depth)
            elif char in "$`":
                at = self.expansion(at, depth, word)
            else:
                if char == "=" and not word.loose and _is_target(word.plain):
                    word.assigns = True
                word.plain += char
                at += 1
                if char == "=" and word.assigns and text[at : at + 1] == "(":
                    at = self.array(at + 1, depth)
        return word, at

    def until(self, mark: str, at: int) -> int:
        end = self.text.find(mark, at)
        if end < 0:
            raise _Unclosed(at - 1)
        return end + len(mark)

    def ansi(self, at: int) -> int:
        while at < len(self.text):
            if self.text[at] == "'":
                return at + 1
            at += 2 if self.text[at] == "\\" else 1
        raise _Unclosed(at - 1)

    def quoted(self, at: int, depth: int) -> int:
        """The rest of a double-quoted text; commands inside it are read, expansions are fine."""
        start = at - 1
        while at < len(self.text):
            char = self.text[at]
            if char == '"':
                return at + 1
            if char == "\\":
                at += 2
            elif char in "$`":
                at = self.expansion(at, depth, None)
            else:
                at += 1
        raise _Unclosed(start)

    def expansion(self, at: int, depth: int, word: _Word | None) -> int:
        """One ``$`` or backtick form; noted in ``word`` when it is not quoted."""
        text, start = self.text, at
        after = text[at + 1 : at + 2]
        safe = False
        if text[at] == "`":
            at = self.backtick(at + 1)
        elif text.startswith("$((", at):
            at, safe = self.balanced(at + 1), True
        elif after == "(":
            at = self.commands(at + 2, ")", depth + 1)
        elif after == "{":
            safe = text[at + 2 : at + 3] == "#" and text[at + 3 : at + 4] != "}"
            at = self.braces(at + 2, depth)
            safe = safe or _only_literal(text[start:at])
        elif after and after in _SAFE:
            at, safe = at + 2, True
        elif after and (after in "@*" or after.isdigit()):
            at += 2
        elif after and after in _NAME:
            at += 1
            while at < len(text) and text[at] in _NAME:
                at += 1
        else:
            at, safe = at + 1, True
        if word is not None and not safe and text[start:at] not in _NUMBERS:
            word.loose.append((start, text[start:at].split("\n")[0]))
        return at

    def backtick(self, at: int) -> int:
        start = at - 1
        while at < len(self.text):
            if self.text[at] == "`":
                return at + 1
            at += 2 if self.text[at] == "\\" else 1
        raise _Unclosed(start)

    def balanced(self, at: int) -> int:
        """Arithmetic: up to the parenthesis that closes the one at ``at``."""
        level = 0
        for index in range(at, len(self.text)):
            if self.text[index] == "(":
                level += 1
            elif self.text[index] == ")":
                level -= 1
                if not level:
                    return index + 1
        raise _Unclosed(at)

    def braces(self, at: int, depth: int) -> int:
        start = at - 2
        while at < len(self.text):
            char = self.text[at]
            if char == "}":
                return at + 1
            if char == "\\":
                at += 2
            elif (
                char == "'"
                and self.text.find("'", at + 1) > 0
                and "\n" not in self.text[at : self.text.find("'", at + 1)]
            ):
                at = self.until("'", at + 1)
            elif char == '"':
                at = self.quoted(at + 1, depth)
            elif char in "$`":
                at = self.expansion(at, depth, None)
            else:
                at += 1
        raise _Unclosed(start)

    def array(self, at: int, depth: int) -> int:
        """``(...)`` of an array assignment: splitting is what it is for."""
        while at < len(self.text):
            char = self.text[at]
            if char == ")":
                return at + 1
            if char in _BLANK or char == "\n":
                at += 1
            elif char == "#":
                at = self.line_end(at)
            elif char in _META:
                at += 1
            else:
                at = self.word(at, depth)[1]
        raise _Unclosed(at - 1)

    # -- lines ------------------------------------------------------------------------------------

    def line_end(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end

    def newline(self, at: int) -> int:
        """After a line's end: pass over the here-documents that it announced."""
        at += 1
        for mark, indented in self.heredocs:
            while at < len(self.text):
                end = self.line_end(at)
                line = self.text[at:end]
                at = min(end + 1, len(self.text))
                if (line.lstrip("\t") if indented else line) == mark:
                    break
        self.heredocs.clear()
        return at


class _Commands:
    """One sequence of commands, with what has to be remembered from word to word."""

    def __init__(self, scanner: _Scanner, end: str, depth: int) -> None:
        self.scan, self.end, self.depth = scanner, end, depth
        self.first = True  #: the next word is a command's name
        self.command = ""
        self.brackets = False  #: inside [[ ]]
        self.redirect = ""
        self.parens = 0
        self.cases: list[str] = []  #: "subject", "in", "pattern" or "body" of each open case

    def read(self, at: int) -> int:
        text = self.scan.text
        while at < len(text):
            char = text[at]
            if char in _BLANK:
                at += 1
            elif text.startswith("\\\n", at):
                at += 2
            elif char == "\n":
                at = self.scan.newline(at)
                self.separate()
            elif char == "#":
                at = self.scan.line_end(at)
            elif char in _META:
                if char == ")" and self.closes():
                    return at + 1
                at = self.meta(at)
            else:
                at = self.take(*self.scan.word(at, self.depth))
        if self.end:
            raise _Unclosed(at - 1)
        return at

    def closes(self) -> bool:
        if self.cases and self.cases[-1] == "pattern":
            self.cases[-1] = "body"
            return False
        if self.parens:
            self.parens -= 1
            return False
        return self.end == ")"

    def separate(self) -> None:
        if not self.brackets:
            self.first, self.command, self.redirect = True, "", ""

    def meta(self, at: int) -> int:
        """One of the characters that part words."""
        text = self.scan.text
        if self.brackets:
            return at + 1
        if text.startswith("((", at) and self.first:
            return self.scan.balanced(at)
        if text[at] in "<>":
            return self.redirection(at)
        if text[at] == "(" and not (self.cases and self.cases[-1] == "pattern"):
            self.parens += 1
        if text.startswith(";;", at) and self.cases:
            self.cases[-1] = "pattern"
            at += 1
        self.separate()
        return at + 1

    def redirection(self, at: int) -> int:
        text = self.scan.text
        if text[at + 1 : at + 2] == "(":  # process substitution
            return self.scan.commands(at + 2, ")", self.depth + 1)
        if text.startswith("<<<", at):
            self.redirect = "<<<"
            return at + 3
        if text.startswith("<<", at):
            self.redirect = "<<-" if text.startswith("<<-", at) else "<<"
            return at + len(self.redirect)
        self.redirect = ">"
        end = at + 1
        while end < len(text) and text[end] in "<>&|":
            end += 1
        return end

    def take(self, word: _Word, at: int) -> int:
        """A whole word: what it does to the state, and whether its expansions matter."""
        raw = self.scan.text[word.start : at]
        if at == word.start:
            return at + 1
        if self.redirect.startswith("<<") and self.redirect != "<<<":
            self.scan.heredocs.append((_unquote(raw), self.redirect == "<<-"))
        elif self.matters(word, raw):
            self.scan.found += word.loose
            if self.command == "echo" and not self.redirect:
                self.scan.shown.update(place for place, text in word.loose if text[:2] != "$(" and text[:1] != "`")
        self.advance(word, raw)
        return at

    def matters(self, word: _Word, raw: str) -> bool:
        if self.brackets or self.redirect == "<<<":
            return False
        if self.redirect:
            return True
        if self.cases and self.cases[-1] in ("subject", "pattern"):
            return False
        if self.first or self.command in ("for", "select", "case", "[[") or self.command in _TAKES_ANY:
            return False
        return not (word.assigns and self.command in _DECLARES)

    def advance(self, word: _Word, raw: str) -> None:
        if self.redirect:
            self.redirect = ""
        elif self.brackets:
            self.brackets = raw != "]]"
        elif self.cases and self.cases[-1] in ("subject", "in"):
            self.cases[-1] = "in" if self.cases[-1] == "subject" else "pattern"
            self.first = self.cases[-1] == "pattern"
        elif self.cases and raw == "esac" and self.first:
            self.cases.pop()
            self.first = False
        elif self.cases and self.cases[-1] == "pattern":
            self.first = False
        elif self.first:
            self.begin(word, raw)

    def begin(self, word: _Word, raw: str) -> None:
        if raw == "case":
            self.cases.append("subject")
        elif raw == "[[":
            self.brackets = True
        if raw in _KEEPS_PLACE or word.assigns:
            return
        self.first, self.command = False, raw


def _is_target(text: str) -> bool:
    """``name``, ``name+`` or ``name[...]``: what may stand before the ``=`` of an assignment."""
    name = text.removesuffix("+").partition("[")[0]
    return bool(name) and _NAME.issuperset(name) and not name[0].isdigit()


def _only_literal(expansion: str) -> bool:
    """Whether ``${X:+text}`` gives text of the script itself: what is not quoted in it expands nothing."""
    found = _ALTERNATIVE.fullmatch(expansion)
    return found is not None and not set("$`") & set(_QUOTED.sub("", found[1]))


def _names_list(expansion: str) -> bool:
    """Whether ``$X`` or ``${X}`` is called a list of words: ``CXXFLAGS``, ``MLC_RUN_CMD``, ``PIP_EXTRA``."""
    name = expansion.strip("${}")
    return _NAME.issuperset(name) and any(name.upper().rpartition("_")[2].endswith(end) for end in _LISTS)


def _unquote(raw: str) -> str:
    return raw.replace("'", "").replace('"', "").replace("\\", "")
