"""Checks a submission tree with Franca's own checker, under the names of the official front end."""

from __future__ import annotations

import os
import shlex

from franca.catalog.files import write_text_atomic
from franca.errors import FrancaError, Refused, UsageError
from franca.mlperf.inference.asked import is_on, path, text
from franca.mlperf.submission.checker import Options, check_tree
from franca.mlperf.submission.output import to_csv, to_summary_json, to_text
from franca.mlperf.submission.pack import pack_tree
from franca.mlperf.submission.rules import SKIPS

DEFAULT_TREE = os.path.join("~", "mlperf_submission")
PREPROCESS = "CM_TMP_MLPERF_INFERENCE_PREPROCESS_SUBMISSION"
#: Options of the official checker that have a value, and the field each sets.
VALUES = {
    "version": "round",
    "submitter": "submitter",
    "extra-model-benchmark-map": "mapping_name",
    "csv": "csv",
    "scenarios-to-skip": "scenarios_to_skip",
}


def preprocess(i):
    """The verdict, the summary beside it, and the archive where one is wanted."""
    env = i["env"]
    try:
        return checked(env)
    except FrancaError as error:
        return {"return": error.status, "error": "\n".join(error.lines())}


def checked(env):
    """Check the tree that ``env`` names."""
    refuse(env)
    made = path(env, "CM_MLPERF_INFERENCE_SUBMISSION_TREE") if is_on(env, PREPROCESS) else ""
    root = made or path(env, "CM_MLPERF_INFERENCE_SUBMISSION_DIR") or os.path.expanduser(DEFAULT_TREE)
    options, csv = wanted(env)
    verdict = check_tree(root, options)
    summary = text(env, "MLPERF_INFERENCE_SUBMISSION_SUMMARY") or "summary"
    write_text_atomic(os.path.abspath(csv or f"{summary}.csv"), to_csv(verdict))
    write_text_atomic(os.path.abspath(f"{summary}.json"), to_summary_json(verdict))
    print(to_text(verdict), end="", flush=True)
    env["CM_MLPERF_INFERENCE_SUBMISSION_DIR"] = root
    env["CM_MLPERF_INFERENCE_SUBMISSION_VERDICT"] = "OK" if verdict.ok else "REFUSED"
    if not verdict.ok:
        raise Refused(f"the submission tree {root} is refused", hint=f"franca submission check {shlex.quote(root)}")
    if is_on(env, "CM_TAR_SUBMISSION_DIR"):
        archive = text(env, "MLPERF_INFERENCE_SUBMISSION_TAR_FILE") or os.path.basename(root) + ".tar.gz"
        packed = pack_tree(root, os.path.abspath(os.path.expanduser(archive)), options, force=True)
        env["CM_MLPERF_INFERENCE_SUBMISSION_TAR_FILE"] = packed.path
        print(f"archive: {packed.path}", flush=True)
    print("SUMMARY: submission looks OK" + (" (short run)" if verdict.short else ""), flush=True)
    return {"return": 0}


def refuse(env):
    """Raise for a wish that cannot be met."""
    if is_on(env, "CM_MLPERF_RESULT_PUSH_TO_GITHUB"):
        raise UsageError("--push_to_github: nothing is published from here", hint="push the tree with git")


def wanted(env):
    """The options of the check, and the file of the summary where the official checker's options name one."""
    found = {
        "submitter": text(env, "CM_MLPERF_SUBMITTER"),
        "mapping_name": text(env, "CM_MLPERF_EXTRA_MODEL_MAPPING") or "model_mapping.json",
        "round": text(env, "CM_MLPERF_SUBMISSION_CHECKER_VERSION"),
        "csv": "",
        "scenarios_to_skip": "",
    }
    skip = ["compliance"] if is_on(env, "CM_MLPERF_SKIP_COMPLIANCE") else []
    skip += ["power-check"] if is_on(env, "CM_MLPERF_SKIP_POWER_CHECK") else []
    skip += extra(text(env, "CM_MLPERF_SUBMISSION_CHECKER_EXTRA_ARGS"), found)
    csv = found.pop("csv")
    found["round"] = round_of(found["round"])
    found["scenarios_to_skip"] = tuple(filter(None, found["scenarios_to_skip"].split(",")))
    return Options(skip=tuple(dict.fromkeys(skip)), short=is_on(env, "CM_MLPERF_SHORT_RUN"), **found), csv


def extra(line, found):
    """Names of the rules that options of the official checker leave out; options with a value change ``found``."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"--extra_args={line}: {error}") from None
    skip = []
    while words:
        word = words.pop(0)
        name, equals, _ = word.lstrip("-").replace("_", "-").partition("=")
        if name in VALUES and (equals or words):
            found[VALUES[name]] = word.partition("=")[2] if equals else words.pop(0)
        elif name.removeprefix("skip-") in SKIPS and name.startswith("skip-"):
            skip.append(name.removeprefix("skip-"))
        elif name != "debug":
            known = ", ".join(f"--skip-{one}" for one in SKIPS)
            raise UsageError(f"--extra_args: {word} is no option of the checker", hint=f"expected {known}")
    return skip


def round_of(version):
    """A round's name: v4.1 for v4.1, r4.1 and 4.1; nothing for the newest source."""
    plain = version.strip().lower().removesuffix("-dev")
    return "" if plain in ("", "master", "dev") else "v" + plain.lstrip("rv")
