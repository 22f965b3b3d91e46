"""The benchmark from one command: checks the wishes, hands them to ``app,mlperf,inference``, writes the report."""

from __future__ import annotations

import difflib
import os
import shlex

from franca.errors import FrancaError
from franca.mlperf.inference.wishes import read_wishes
from franca.publish.report.write import write_report

# Keys of the input that are no wish about the benchmark, or that the command says by itself.
NOT_REPEATED = frozenset(
    [
        "action",
        "automation",
        "tags",
        "artifact",
        "out",
        "parsed_automation",
        "quiet",
        "rerun",
        "json",
        "j",
        "output",
        "output_dir",
        "results_dir",
    ]
)


def preprocess(i):
    """Refuse mistakes before anything is installed; fix the folder of results and record the command."""
    env = i["env"]
    misspelled = misspelled_flag(i)
    if misspelled:
        return {"return": 1, "error": misspelled}
    try:
        wishes = read_wishes(env)
        os.makedirs(wishes.output, exist_ok=True)
    except FrancaError as error:
        return {"return": error.status, "error": "\n".join(error.lines())}
    except OSError as error:
        return {"return": 1, "error": f"results folder {wishes.output} cannot be made: {error.strerror}"}
    env["CM_MLPERF_INFERENCE_RESULTS_DIR"] = wishes.output  # absolute: relative to where the user stands
    env["CM_MLPERF_INFERENCE_COMMAND"] = command(i, wishes.output)
    return {"return": 0}


def postprocess(i):
    """Make the report beside the results."""
    env = i["env"]
    try:
        env["CM_MLPERF_INFERENCE_REPORT"] = write_report(env["CM_MLPERF_INFERENCE_RESULTS_FILE"])
    except FrancaError as error:
        return {"return": error.status, "error": "\n".join(error.lines())}
    return {"return": 0}


def misspelled_flag(i):
    """Free flags are allowed, but one that is nearly ours is a mistake that would go unnoticed."""
    known = list(i["meta"].get("input_mapping", {}))
    for key in i.get("input", {}):
        near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.8)
        if near and key not in known:
            return f"no flag --{key}; closest: --{near[0]}"
    return ""


def command(i, output):
    """The command line that repeats the run, whatever way it was asked for."""
    chosen = ["_" + str(name).removeprefix("_") for name in i.get("variation_tags", [])]
    parts = ["franca", "run", "script", " ".join(["run mlperf inference", *chosen]), f"--output={output}"]
    for key, value in i.get("input", {}).items():
        if key not in NOT_REPEATED and isinstance(value, (str, int, float)):
            parts.append(f"--{key}={value}")
    return " ".join(shlex.quote(part) for part in [*parts, "--rerun"])
