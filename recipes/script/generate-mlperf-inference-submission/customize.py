"""A submission tree from the results of earlier runs: writes the options, the program does the work."""

from __future__ import annotations

import json
import os
import sys

from franca.hooks.own import with_newer_names

ON = ("yes", "true", "on", "1")
# Understood, and refused when switched on: this writes trees and sends nothing.
REFUSED = {
    "CM_MLPERF_DASHBOARD": "--dashboard: records are made by the run itself (variation _dashboard)",
}
STATUSES = ("", "available", "preview", "rdi")
STYLES = ("", "test", "fast", "valid")


def preprocess(i):
    """Collect the options; folders are relative to where the user stands."""
    env = i["env"]
    with_newer_names(env)
    refused = next((words for key, words in REFUSED.items() if is_on(env, key)), "")
    if refused:
        return {"return": 1, "error": refused}
    style = text(env, "CM_MLPERF_RUN_STYLE")
    if style not in STYLES:
        return {"return": 1, "error": f"--run_style={style}: expected test, fast or valid"}
    system = {}
    if text(env, "CM_MLPERF_SYSTEM_FILE"):
        try:
            with open(place(env, "CM_MLPERF_SYSTEM_FILE", ""), encoding="utf-8") as stream:
                system = {key: str(value) for key, value in json.load(stream).items()}
        except (OSError, ValueError, AttributeError) as error:
            return {"return": 1, "error": f"--system_file={env['CM_MLPERF_SYSTEM_FILE']}: {error}"}
    status = text(env, "CM_MLPERF_SUBMISSION_SYSTEM_STATUS").lower()
    if status not in STATUSES:
        return {"return": 1, "error": f"--status={status}: expected available, preview or rdi"}
    if status:
        system.setdefault("status", status)
    mapping, wrong = pairs(text(env, "CM_MLPERF_MODEL_MAPPING"))
    if wrong:
        return {"return": 1, "error": f"--model_mapping={wrong}: expected name=official, several with commas"}
    options = {
        "results_dir": place(env, "CM_MLPERF_INFERENCE_RESULTS_DIR", text(env, "OUTPUT_BASE_DIR") or "mlperf-results"),
        "submission_dir": place(env, "CM_MLPERF_INFERENCE_SUBMISSION_DIR", os.path.join("~", "mlperf_submission")),
        "submitter": text(env, "CM_MLPERF_SUBMITTER") or "TheCommunity",
        "division": text(env, "CM_MLPERF_SUBMISSION_DIVISION").lower() or "open",
        "category": text(env, "CM_MLPERF_SUBMISSION_SYSTEM_TYPE").lower() or "edge",
        "hw_name": text(env, "CM_HW_NAME") or "default",
        "style": style,
        "round": text(env, "CM_MLPERF_INFERENCE_ROUND"),
        "layout": text(env, "CM_MLPERF_SUBMISSION_LAYOUT"),
        "clean": is_on(env, "CM_MLPERF_CLEAN_SUBMISSION_DIR"),
        "truncate": not is_on(env, "CM_SKIP_TRUNCATE_ACCURACY"),
        "hw_notes": text(env, "CM_MLPERF_SUT_HW_NOTES_EXTRA"),
        "sw_notes": text(env, "CM_MLPERF_SUT_SW_NOTES_EXTRA"),
        "system": system,
        "mapping": mapping,
        "power_settings": given_place(env, "CM_MLPERF_POWER_SETTINGS_FILE_PATH"),
        "analyzer_table": given_place(env, "CM_MLPERF_POWER_ANALYZER_SETTINGS_FILE_PATH"),
        "calibration": given_place(env, "CM_MLPERF_CALIBRATION_FILE"),
        "check": text(env, "CM_RUN_SUBMISSION_CHECKER").lower() not in ("no", "false", "off", "0"),
        "strict": is_on(env, "CM_MLPERF_INFERENCE_STRICT"),
        "preprocess": is_on(env, "CM_RUN_MLPERF_SUBMISSION_PREPROCESSOR"),
        "infer": is_on(env, "CM_MLPERF_DUPLICATE_SCENARIO_RESULTS"),
        "summary": os.path.basename(text(env, "MLPERF_INFERENCE_SUBMISSION_SUMMARY") or "summary"),
        "folder": os.getcwd(),
    }
    wants_archive = text(env, "CM_TAR_SUBMISSION_DIR").lower() not in ("no", "false", "off", "0")
    name = text(env, "MLPERF_INFERENCE_SUBMISSION_TAR_FILE") or f"{options['division']}.tar.gz"
    options["archive"] = name if wants_archive else ""
    env["CM_MLPERF_SUBMISSION_OPTIONS"] = os.path.join(os.getcwd(), "mlperf-submission-options.json")
    with open(env["CM_MLPERF_SUBMISSION_OPTIONS"], "w", encoding="utf-8") as stream:
        json.dump(options, stream, indent=2, sort_keys=True)
    env["CM_MLPERF_FRANCA_PYTHON"] = sys.executable
    processed = "_processed" if options["preprocess"] or options["infer"] else ""
    env["CM_MLPERF_INFERENCE_SUBMISSION_TREE"] = options["submission_dir"] + processed
    return {"return": 0}


def postprocess(i):
    """Remove the file of options."""
    os.unlink(i["env"]["CM_MLPERF_SUBMISSION_OPTIONS"])
    return {"return": 0}


def pairs(text):
    """``a=b,c=d`` as a dictionary, and the first part that is no pair."""
    found = {}
    for part in filter(None, text.split(",")):
        name, equals, official = part.partition("=")
        if not (name and equals and official):
            return {}, part
        found[name.strip()] = official.strip()
    return found, ""


def text(env, key):
    """A value as text, '' when it is not there."""
    return str(env.get(key) or "").strip()


def is_on(env, key):
    """True for the usual words for yes."""
    return text(env, key).lower() in ON


def given_place(env, key):
    """An absolute path, '' when none was given."""
    return place(env, key, "") if text(env, key) else ""


def place(env, key, default):
    """An absolute path."""
    return os.path.abspath(os.path.expanduser(text(env, key) or default))
