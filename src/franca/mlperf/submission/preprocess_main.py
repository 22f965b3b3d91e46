"""``python -m franca.mlperf.submission.preprocess_main TREE NEW SUBMITTER ROUND yes|no``: for the recipe of that name.

SUBMITTER and ROUND may be empty; the last word says whether results are inferred. Exit status: that of the error.
"""

from __future__ import annotations

import sys

from franca.errors import FrancaError, UsageError
from franca.mlperf.submission.checker import Options
from franca.mlperf.submission.preprocess import preprocess_tree


def main(argv: list[str]) -> int:
    """The program."""
    try:
        if len(argv) != 5:
            raise UsageError(f"expected TREE NEW SUBMITTER ROUND yes|no, {len(argv)} words were given")
        tree, new, submitter, round_name, infer = argv
        done = preprocess_tree(tree, new, Options(submitter=submitter, round=round_name), infer=infer == "yes")
        for change in done.changes:
            print(f"  {change.line()}", flush=True)
        print(f"  {done.verdict.summary}\n  new tree: {done.path}", flush=True)
        return 0
    except FrancaError as error:
        print("franca: error: " + "\n  ".join(error.lines()), file=sys.stderr, flush=True)
        return error.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
