"""The benchmark from one command: checks the wishes, hands them to the runs, then report, tree and verdict."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys

import msgspec

from franca.errors import FrancaError
from franca.hooks.flags import misspelt
from franca.mlperf.inference.devices import check_device
from franca.mlperf.inference.figures import STATE, render, state_of
from franca.mlperf.inference.finish import FinishWishes, clean, explain, finish, read_finish, read_results
from franca.mlperf.inference.flags import with_aliases, without_effect
from franca.mlperf.inference.light import implied_by_file
from franca.mlperf.inference.power_wishes import power_inputs
from franca.mlperf.inference.wishes import read_wishes
from franca.mlperf.inference.workloads import workload_of
from franca.mlperf.inference.workloads.given import check_given
from franca.mlperf.power.client import reach
from franca.publish.report.write import write_report

# The command is written into documents that are handed on.
SECRET = re.compile(r"secret|token(?!_latenc)|password|passwd|client_id|api_key", re.IGNORECASE)
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
        "clean",
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
    env.update(with_aliases(env))
    adr = i["run_script_input"].get("add_deps_recursive")
    misspelled = misspelt(i)
    if misspelled:
        return {"return": 1, "error": misspelled}
    for line in without_effect(env, adr):
        say(line)
    try:
        env.update(power_inputs(adr))
        told = {**env, **implied_by_file(env)}  # the recipe of such runs finds the backend out by a step of its own
        wishes = read_wishes(told)
        check_given(workload_of(wishes.model), wishes.model, told)
        for note in wishes.notes:
            say(note)
        if not wishes.servers:
            check_device(wishes.device)
        if wishes.power is not None:
            reach(wishes.power)
        after = read_finish(told)
        clean(after)
        os.makedirs(wishes.output, exist_ok=True)
    except FrancaError as error:
        return {"return": error.status, "error": explain(error)}
    except OSError as error:
        return {"return": 1, "error": f"results folder {wishes.output} cannot be made: {error.strerror}"}
    env["CM_MLPERF_INFERENCE_RESULTS_DIR"] = wishes.output  # absolute: relative to where the user stands
    env["CM_MLPERF_INFERENCE_COMMAND"] = command(i, wishes.output)
    env["CM_MLPERF_FINISH"] = msgspec.json.encode(after).decode()
    if workload_of(wishes.model).name == "digits":
        # Each part by name: what is left open would be any kind and split that an earlier run has left in the cache.
        env["CM_MLPERF_DIGITS_KIND"] = wishes.model.kind or "mlp"
        env["CM_MLPERF_DIGITS_FORMAT"] = "torchscript" if wishes.backend == "pytorch" else "onnx"
        env["CM_MLPERF_DIGITS_SPLIT"] = "submission" if env.get("CM_MLPERF_RUN_KIND") else "study"
    return {"return": 0}


def postprocess(i):
    """Make the report beside the results, the table of their figures, then what was wished for after the runs."""
    env = i["env"]
    try:
        env["CM_MLPERF_INFERENCE_REPORT"] = write_report(env["CM_MLPERF_INFERENCE_RESULTS_FILE"])
        i["state"][STATE] = state_of(read_results(env["CM_MLPERF_INFERENCE_RESULTS_FILE"]))
        print(render(i["state"][STATE]), flush=True)
        after = msgspec.convert(json.loads(env["CM_MLPERF_FINISH"]), FinishWishes)
        done = finish(after, env["CM_MLPERF_INFERENCE_RESULTS_FILE"], say)
    except FrancaError as error:
        return {"return": error.status, "error": explain(error)}
    if done.readme:
        env["CM_MLPERF_INFERENCE_README"] = done.readme
    if done.built:
        env["CM_MLPERF_INFERENCE_SUBMISSION_TREE"] = done.built.path
    if done.outcome:
        short = f"short run ({', '.join(done.outcome.short)})"
        word = "OK" if done.outcome.accepted else short if done.outcome.short_only else "REFUSED"
        env["CM_MLPERF_INFERENCE_SUBMISSION_VERDICT"] = word
    return {"return": 0}


def say(line):
    """Progress for people."""
    print(f"  {line}", file=sys.stderr, flush=True)


def command(i, output):
    """The command line that repeats the run, whatever way it was asked for."""
    chosen = ["_" + str(name).removeprefix("_") for name in i.get("variation_tags", [])]
    parts = ["franca", "run", "script", " ".join(["run mlperf inference", *chosen]), f"--output={output}"]
    for key, value in i.get("input", {}).items():
        if key not in NOT_REPEATED and not SECRET.search(key) and isinstance(value, (str, int, float)):
            parts.append(f"--{key}={value}")
    return " ".join(shlex.quote(part) for part in [*parts, "--rerun"])
