"""``python -m franca.mlperf.inference.run --spec SPEC.json``: run a benchmark request and print its table.

Exit status: 0 all results are VALID and right, 3 a result is INVALID or an accuracy is off, else that of the
error (see ``franca.errors``). Progress goes to standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from franca.errors import FrancaError, Interrupted, UsageError
from franca.runners import endings

if TYPE_CHECKING:
    from franca.mlperf.inference.results import BenchmarkResult
    from franca.mlperf.inference.spec import RunSpec

    After = Callable[[BenchmarkResult], None]  #: what is done with a result before it is shown

NOT_VALID = 3
USAGE = "usage: python -m franca.mlperf.inference.run --spec SPEC.json"


def main(argv: list[str]) -> int:
    def read() -> RunSpec:
        from franca.mlperf.inference.spec import read_spec

        return read_spec(_spec_path(argv))

    return _guarded(read)


def run_spec(spec: RunSpec, after: After | None = None) -> int:
    """Run a request that is made already, then call ``after``; errors are printed, the exit status is returned."""
    return _guarded(lambda: spec, after)


def _guarded(make: Callable[[], RunSpec], after: After | None = None) -> int:
    endings.heed()
    return endings.status(_performed(make, after))


def _performed(make: Callable[[], RunSpec], after: After | None) -> int:
    try:
        return _run(make(), after)
    except FrancaError as error:
        print("franca: error: " + "\n  ".join(error.lines()), file=sys.stderr, flush=True)
        return error.status
    except BrokenPipeError:  # whoever started us is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        return Interrupted.status
    except KeyboardInterrupt:
        print(f"franca: {endings.word()}; finished parts are kept", file=sys.stderr, flush=True)
        return Interrupted.status


def _run(spec: RunSpec, after: After | None) -> int:
    from franca.mlperf.inference import campaign, table

    result = campaign.run(spec, _say)
    if after:
        after(result)
    print(table.render(result), flush=True)
    return 0 if result.all_valid else NOT_VALID


def _spec_path(argv: list[str]) -> str:
    if len(argv) == 2 and argv[0] == "--spec":
        return argv[1]
    if len(argv) == 1 and argv[0].startswith("--spec="):
        return argv[0].partition("=")[2]
    raise UsageError(f"expected one option --spec, found {argv}", hint=USAGE)


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
