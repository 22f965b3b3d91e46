"""The logger that content writes to: ``automation.logger`` and ``mlc``'s. Imported when something is logged."""

from __future__ import annotations

import logging
import sys


class ContentLog(logging.Handler):
    """Writes content's log lines to the standard error stream as they are."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


def content_logger(*, silent: bool, verbose: bool) -> logging.Logger:
    """The one logger of content, at the level of this run."""
    logger = logging.getLogger("franca.content")
    if not logger.handlers:
        logger.addHandler(ContentLog())
        logger.propagate = False
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING if silent else logging.INFO)
    return logger
