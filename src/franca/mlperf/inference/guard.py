"""Keeps a failing system under test from killing the run: what LoadGen calls never raises (section 1.8).

An exception that leaves a callback aborts the process or corrupts it; a query never answered hangs for ever;
a sample answered twice fills the log with errors. Here the first failure is written down at once (the parent
watches for the file), and outstanding samples are completed with empty responses.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from franca.mlperf.inference.job import Failure, write_json


class Failures:
    """The first failure of a run, kept in a file from the moment it happens. Safe from any thread."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.first: Failure | None = None
        self.empty_responses = 0

    def record(self, where: str, error: BaseException, empty: int = 0) -> None:
        with self._lock:
            self.empty_responses += empty
            if self.first is not None:
                return
            text = f"{type(error).__name__}: {error}"
            trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            self.first = Failure(where, text, trace, empty)
            if not os.path.exists(self._path):  # another process of the run may have been first
                write_json(self._path, self.first._asdict())

    @property
    def text(self) -> str:
        return self.first.error if self.first else ""


def guarded(where: str, call: Callable[..., Any], failures: Failures) -> Callable[..., None]:
    """``call`` as a callback that cannot raise."""

    def safe(*args: Any) -> None:
        try:
            call(*args)
        except BaseException as error:
            failures.record(where, error)

    return safe


class ResponseError(Exception):
    """A plug-in SUT answered something that LoadGen must not see."""


class CheckedResponder:
    """Gives a plug-in SUT its ``complete`` and watches over it: no double, unknown or mis-sized answers.

    ``responder`` has ``send(ids, payloads)`` and ``send_empty(ids)``. Costs about 0.3 us a sample;
    the harness's own SUTs do without (their answers are right by construction).
    """

    def __init__(self, responder: Any, failures: Failures, itemsize: int) -> None:
        self._responder = responder
        self._failures = failures
        self._itemsize = itemsize
        self._open: set[int] = set()
        self._lock = threading.Lock()

    def issued(self, ids: Sequence[int]) -> None:
        with self._lock:
            self._open.update(ids)

    def complete(self, ids: Sequence[int], payloads: Any) -> None:
        """Answer ``ids`` with ``payloads`` [len(ids), ...], a contiguous array; wrong answers become empty ones."""
        mine = self._take(ids)
        problem = self._problem(ids, mine, payloads)
        if problem:
            self._failures.record("response", ResponseError(problem), len(mine))
            self._empty(mine)
            return
        self._responder.send(ids, payloads)

    def abandon(self, ids: Sequence[int]) -> None:
        """Complete those of ``ids`` that are still open without an answer."""
        self._empty(self._take(ids))

    def abandon_all(self) -> None:
        with self._lock:
            left = list(self._open)
            self._open.clear()
        self._empty(left)

    def _take(self, ids: Sequence[int]) -> list[int]:
        with self._lock:
            mine = []
            for one in ids:
                if one in self._open:
                    self._open.discard(one)
                    mine.append(one)
            return mine

    def _problem(self, ids: Sequence[int], mine: list[int], payloads: Any) -> str:
        if len(mine) != len(ids):
            return f"{len(ids) - len(mine)} of {len(ids)} samples were answered twice or never asked"
        if not hasattr(payloads, "__len__"):
            return f"the answers are a {type(payloads).__name__}, expected one for each of {len(ids)} samples"
        if len(payloads) != len(ids):
            return f"{len(payloads)} answers were given to {len(ids)} samples"
        if not self._itemsize:
            return ""  # each has its own size
        if not hasattr(payloads, "nbytes"):
            return f"the answers are a {type(payloads).__name__}, expected one contiguous array"
        if payloads.nbytes != len(ids) * self._itemsize:
            found = payloads.nbytes // max(1, len(ids))
            return f"an answer has {found} bytes, the metric wants {self._itemsize}"
        if not payloads.flags.c_contiguous:
            return "the answers are not one contiguous array"
        return ""

    def _empty(self, ids: Sequence[int]) -> None:
        if ids:
            self._responder.send_empty(ids)


def watched(sut: Any, checked: CheckedResponder, failures: Failures) -> tuple[Callable[..., None], Callable[[], None]]:
    """``issue`` and ``flush`` of a plug-in SUT as callbacks that cannot raise and leave no sample open."""

    def issue(ids: list[int], indices: list[int]) -> None:
        checked.issued(ids)
        try:
            sut.issue(ids, indices)
        except BaseException as error:
            failures.record("issue", error, len(ids))
            checked.abandon(ids)

    def flush() -> None:
        try:
            sut.flush()
        except BaseException as error:
            failures.record("flush", error)
            checked.abandon_all()

    return issue, flush
