"""Where answers and messages go: text or JSON on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys

from franca.errors import FrancaError
from franca.grammar.terminal import harmless
from franca.model.light import TYPE_CHECKING, Any, contextmanager
from franca.model.record import Record, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TextIO


class Table(Record):
    """Rows of text under headings; a person's view of a list."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Answer(Record):
    """What a command has to say: ``data`` for programs, ``lines`` and ``table`` for people."""

    data: dict[str, Any] = {}
    lines: tuple[str, ...] = ()
    table: Table | None = None
    status: int = 0
    raw: str = ""  #: text that is the answer itself (completion scripts, diagrams), printed as it is


def plain(text: object) -> str:
    """One line that cannot move a terminal's cursor: control characters are shown, not sent."""
    text = str(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text)


def table_lines(table: Table) -> list[str]:
    """Aligned columns; the last one is not padded."""
    rows = [table.columns, *table.rows]
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(len(row[n]) for row in cells) for n in range(len(table.columns))]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]


def json_text(data: Any) -> str:
    """A JSON document: indented, ASCII, with text for what JSON cannot hold."""
    import json

    import msgspec

    return json.dumps(msgspec.to_builtins(data, enc_hook=_plain_data), indent=2, default=str) + "\n"


def _plain_data(value: object) -> object:
    """What msgspec does not know as something that it does."""
    return fields_of(value) if isinstance(value, Record) else str(value)


class Output:
    """The streams of one command. ``as_json`` decides the form of everything on standard output."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None, *, as_json: bool = False) -> None:
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        self.as_json = as_json

    def terminal(self, stream: TextIO | None = None) -> bool:
        stream = stream or self.out
        return bool(getattr(stream, "isatty", bool)())

    def answer(self, answer: Answer) -> int:
        """Print an answer; returns its status."""
        if self.as_json:
            self._write(self.out, json_text({"status": answer.status, **answer.data}))
        elif answer.raw:
            self._write(self.out, answer.raw)
        else:
            for line in answer.lines:
                self._write(self.out, line + "\n")
            if answer.table is not None:
                self._table(answer.table)
        self.out.flush()
        return answer.status

    def _table(self, table: Table) -> None:
        if not self.terminal():
            self._write(self.out, "".join(line + "\n" for line in table_lines(table)))
            return
        from rich import box
        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text

        view = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
        for number, column in enumerate(table.columns):
            short = max((len(row[number]) for row in table.rows), default=0) <= 30
            view.add_column(column, overflow="fold", no_wrap=short)
        for row in table.rows:
            view.add_row(*(Text(plain(cell)) for cell in row))
        Console(file=self.out).print(view)

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """With ``--json``, keep everything but the answer off standard output while this lasts.

        Hooks and native scripts write to the stream or to the descriptor itself, so both are turned to
        standard error for the time being.
        """
        if not self.as_json:
            yield
            return
        stream, real = sys.stdout, os.dup(1)
        stream.flush()
        os.dup2(2, 1)
        sys.stdout = self.err
        try:
            yield
        finally:
            sys.stdout = stream
            self.err.flush()
            os.dup2(real, 1)
            os.close(real)

    def note(self, *lines: str) -> None:
        """Lines for the user that are not part of the answer."""
        for line in lines:
            self._write(self.err, line + "\n")
        self.err.flush()

    def warn(self, warnings: Iterable[str]) -> None:
        self.note(*(f"warning: {plain(text)}" for text in warnings))

    def error(self, error: FrancaError) -> int:
        """Print an error; returns its status."""
        if self.as_json:
            self._write(self.out, json_text(error_data(error)))
            self.out.flush()
        first, *more = error.lines()
        self.note(f"franca: {first}", *(f"  {line}" for line in more))
        return error.status

    def _write(self, stream: TextIO, text: str) -> None:
        text = harmless(text)
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def error_data(error: FrancaError) -> dict[str, Any]:
    """An error as JSON: ``{"error": {...}, "status": N}``."""
    found: dict[str, Any] = {"kind": type(error).__name__, "message": error.message}
    if error.where is not None:
        where = error.where
        found["where"] = {"path": where.path, "line": where.line, "column": where.column, "key": where.key}
    for name in ("hint", "log", "step"):
        if value := getattr(error, name, ""):
            found[name] = value
    if chain := getattr(error, "chain", ()):
        found["chain"] = list(chain)
    return {"error": found, "status": error.status}


def columns_of(pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """``name  value`` lines with the values under each other."""
    width = max((len(name) for name, _ in pairs), default=0)
    return tuple(f"{name.ljust(width)}  {value}".rstrip() for name, value in pairs)
