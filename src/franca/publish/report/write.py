"""``python -m franca.publish.report.write RESULTS.json [REPORT.html]``: make the report of a benchmark."""

from __future__ import annotations

import os
import sys

from franca.catalog.files import write_text_atomic
from franca.errors import FrancaError, UsageError
from franca.publish.report.inference import render
from franca.publish.report.records import read_results

NAME = "report.html"


def write_report(results_file: str, report_file: str = "") -> str:
    """Write the report, beside the results unless told otherwise; returns its path.

    Raises:
        MalformedFile: the results file is broken; Unavailable: the report cannot be written.
    """
    target = report_file or os.path.join(os.path.dirname(os.path.abspath(results_file)), NAME)
    write_text_atomic(target, render(read_results(results_file)))
    return target


def main(argv: list[str]) -> int:
    try:
        if len(argv) not in (1, 2):
            raise UsageError("usage: python -m franca.publish.report.write RESULTS.json [REPORT.html]")
        print(write_report(*argv))
    except FrancaError as error:
        print("franca: error: " + "\n  ".join(error.lines()), file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
