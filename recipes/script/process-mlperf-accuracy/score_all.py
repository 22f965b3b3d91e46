"""``python score_all.py PYTHON JOBS.json``: each job is the words of ``franca.mlperf.tasks.score``, run in PYTHON."""

from __future__ import annotations

import json
import subprocess
import sys


def main(python, jobs):
    """Exit status of the first job that fails, or 0."""
    from franca.mlperf.inference.boot import boot_argv

    with open(jobs, encoding="utf-8") as source:
        listed = json.load(source)
    for words in listed:
        status = subprocess.run(boot_argv(python, "franca.mlperf.tasks.score", *words), check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
