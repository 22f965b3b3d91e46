"""One line of `mlperf_log_detail.txt`."""

from __future__ import annotations

from typing import NamedTuple


class DetailEntry(NamedTuple):
    """One line of the log. `time_ms` counts from the start of the test; `line` from 1."""

    key: str
    value: object
    time_ms: float
    line: int
    is_error: bool
    is_warning: bool
