"""Served as ``cmind.cli``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from franca.compat.dispatch import request_of
from franca.compat.results import Result, failure
from franca.errors import FrancaError


def parse(cmd: str | Sequence[str]) -> Result:
    """A command line as an input dictionary: ``{'return': 0, 'cm_input': {...}}``."""
    try:
        return {"return": 0, "cm_input": request_of(cmd)}
    except FrancaError as error:
        return failure(error)


def run(argv: Sequence[str] | None = None) -> int:
    """Run a command line as the program ``cm`` does; returns its exit status."""
    from franca.compat.cm_front import main

    return main("cm", list(sys.argv[1:] if argv is None else argv))


__all__ = ["parse", "run"]
