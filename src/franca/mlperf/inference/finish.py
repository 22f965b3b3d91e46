"""After the runs: the submission tree with its verdict, the README, the dashboard's records.

Read from the environment of the benchmark recipes, checked before anything is run, carried out at the end
(mlperf-inference sections 16.2 to 16.7, 17.2). Nothing here uses a network.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping

import msgspec

from franca.catalog.files import write_text_atomic
from franca.errors import FrancaError, Location, MalformedFile, Refused
from franca.mlperf.inference import asked
from franca.mlperf.inference.dashboard import Dashboard, record_lines, records_of, write_records
from franca.mlperf.inference.flags import FLAGS, OFF
from franca.mlperf.inference.results import BenchmarkResult
from franca.mlperf.inference.wishes import Wishes, read_wishes
from franca.mlperf.submission.build import Built, build_tree, check_target, check_writable
from franca.mlperf.submission.build_options import BuildOptions, checked_options
from franca.mlperf.submission.build_texts import dependency_lines
from franca.mlperf.submission.build_verdict import Outcome, conclude, judge, skips_for
from franca.mlperf.submission.preprocess_step import preprocess_built

DEFAULT_TREE = os.path.join("~", "mlperf_submission")
SUBMITTER = "TheCommunity"
#: Inputs that no result has, for the dashboard's records: official name -> environment key.
RECORDED = {
    name: FLAGS[name].key
    for name in ("lang", "rerun", "hw_name", "test_query_count", "run_checker", "skip_truncation", "status")
}


class FinishWishes(msgspec.Struct, frozen=True, kw_only=True):
    """What a user wants after the runs. Paths are absolute."""

    tree: BuildOptions | None
    check: bool
    summary: str
    archive: str
    readme: bool
    dashboard: Dashboard | None
    folder: str
    """Where summary and archive go: the folder that the user stands in."""
    strict: bool
    clean: bool
    results_dir: str
    style: str
    preprocess: bool = False


class Finished(msgspec.Struct, frozen=True):
    """What was made; ``built`` and ``outcome`` are None when no tree was wanted or no check."""

    built: Built | None = None
    outcome: Outcome | None = None
    readme: str = ""
    records: str = ""


def read_finish(env: Mapping[str, object]) -> FinishWishes:
    """The wishes in ``env``.

    Raises:
        UsageError: a value that no submission can have; the flag is named. Refused: the folder of the tree
            holds something else.
    """
    wishes = read_wishes(env)
    tree = _tree(env, wishes) if asked.is_on(env, "CM_MLPERF_SUBMISSION") else None
    if tree is not None and asked.is_on(env, "CM_MLPERF_SKIP_SUBMISSION_GENERATION"):
        tree = None
    if tree is not None:
        check_target(checked_options(tree))
    check = asked.text(env, "CM_RUN_SUBMISSION_CHECKER").lower() or "yes"
    folder = os.getcwd()
    summary = _place(env, "MLPERF_INFERENCE_SUBMISSION_SUMMARY", "output_summary", folder, "summary")
    archive = _place(
        env, "MLPERF_INFERENCE_SUBMISSION_TAR_FILE", "output_tar", folder, f"{tree.division if tree else 'open'}.tar.gz"
    )
    return FinishWishes(
        tree=tree,
        check=check not in OFF,
        summary=summary,
        archive=archive,
        readme=asked.is_on(env, "CM_MLPERF_README"),
        dashboard=_dashboard(env),
        folder=folder,
        strict=wishes.strict,
        clean=asked.is_on(env, "CM_MLPERF_CLEAN_ALL"),
        results_dir=wishes.output,
        style=wishes.style,
        preprocess=asked.is_on(env, "CM_RUN_MLPERF_SUBMISSION_PREPROCESSOR"),
    )


def _place(env: Mapping[str, object], key: str, flag: str, folder: str, default: str) -> str:
    """Path of a file that is written at the end. Raises Refused: its folder cannot take it."""
    path = os.path.join(folder, os.path.expanduser(asked.text(env, key) or default))
    if os.path.isdir(path):
        raise Refused(f"--{flag}: {path} is a folder", hint="name a file")
    check_writable(os.path.dirname(path), flag)
    return path


def clean(wishes: FinishWishes) -> None:
    """``--clean``: remove the results of this style before the run (16.3); the tree is replaced at its end."""
    if wishes.clean:
        shutil.rmtree(os.path.join(wishes.results_dir, f"{wishes.style}_results"), ignore_errors=True)


def finish(wishes: FinishWishes, results: str, say: Callable[[str], None]) -> Finished:
    """Everything that was wished for, over the ``results.json`` of the run.

    Raises:
        Refused: ``--strict``, and the checker refuses the tree. FrancaError: see ``build_tree``.
    """
    result = read_results(results)
    readme = write_readme(result, wishes.results_dir) if wishes.readme else ""
    built = outcome = None
    if wishes.tree is not None:
        options = msgspec.structs.replace(wishes.tree, command=result.command)
        built = build_tree(options, say)
        say(f"submission tree: {built.path} ({built.layout} layout, round {built.round}, {len(built.results)} results)")
        built = preprocess_built(built, say, clean=wishes.preprocess, infer=False)
        outcome = _checked(wishes, built, say) if wishes.check else None
    records = _recorded(wishes, result, say)
    finished = Finished(built, outcome, readme, records)
    if wishes.strict and outcome is not None and not outcome.accepted:
        rules = ", ".join([*outcome.broken, *outcome.short])
        raise Refused(
            f"the submission tree is refused by {rules}", hint=f"franca submission check {outcome_path(finished)}"
        )
    return finished


def outcome_path(finished: Finished) -> str:
    return finished.built.path if finished.built else ""


def read_results(path: str) -> BenchmarkResult:
    """The record of the run. Raises MalformedFile."""
    try:
        with open(path, "rb") as stream:
            return msgspec.json.decode(stream.read(), type=BenchmarkResult)
    except OSError as error:
        raise MalformedFile(f"cannot be read: {error.strerror}", where=Location(path)) from error
    except msgspec.DecodeError as error:
        raise MalformedFile(f"not a benchmark result: {error}", where=Location(path)) from error


def write_readme(result: BenchmarkResult, folder: str) -> str:
    """``README.md`` beside the results: the command, its dependencies, the figures; the file's path."""
    record = msgspec.to_builtins(result)
    lines = [f"# {result.benchmark}: {result.model} on {result.sut}", "", "```bash", result.command, "```", ""]
    lines += ["## Dependencies", "", *dependency_lines(record), ""]
    lines += [f"- {name} {version}" for name, version in sorted(result.software.items())]
    lines += ["", "## Results", ""]
    for one in result.scenarios:
        if one.performance:
            word = "VALID" if one.performance.valid else "INVALID"
            lines.append(f"- {one.scenario}: {one.performance.value:.6g} {one.performance.unit} ({word})")
        if one.accuracy:
            lines.append(f"- {one.scenario}: `{one.accuracy.line}`")
    path = os.path.join(folder, "README.md")
    write_text_atomic(path, "\n".join([*lines, "", result.note, ""]))
    return path


def _checked(wishes: FinishWishes, built: Built, say: Callable[[str], None]) -> Outcome:
    verdict = judge(built, skips_for(built))
    return conclude(built, verdict, wishes.folder, say, summary=wishes.summary, archive=wishes.archive)


def _recorded(wishes: FinishWishes, result: BenchmarkResult, say: Callable[[str], None]) -> str:
    """The dashboard's records: kept in a local file, shown, and sent nowhere."""
    if wishes.dashboard is None:
        return ""
    records = records_of(result, wishes.dashboard)
    path = write_records(records, wishes.results_dir)
    for line in record_lines(records, wishes.dashboard, path):
        say(line)
    return path


def _tree(env: Mapping[str, object], wishes: Wishes) -> BuildOptions:
    path = asked.text(env, "CM_MLPERF_INFERENCE_SUBMISSION_DIR") or DEFAULT_TREE
    return BuildOptions(
        results_dir=wishes.output,
        submission_dir=os.path.abspath(os.path.expanduser(path)),
        submitter=asked.text(env, "CM_MLPERF_SUBMITTER") or SUBMITTER,
        division=asked.text(env, "CM_MLPERF_SUBMISSION_DIVISION").lower() or "open",
        category=(asked.text(env, "CM_MLPERF_SUBMISSION_SYSTEM_TYPE").lower() or "edge").replace(" ", ""),
        hw_name=wishes.hw_name,
        style=wishes.style,
        round=wishes.round,
        layout=asked.text(env, "CM_MLPERF_SUBMISSION_LAYOUT").lower(),
        clean=asked.is_on(env, "CM_MLPERF_CLEAN_ALL"),
        truncate=not asked.is_on(env, "CM_SKIP_TRUNCATE_ACCURACY"),
        hw_notes=asked.text(env, "CM_MLPERF_SUT_HW_NOTES_EXTRA"),
        sw_notes=asked.text(env, "CM_MLPERF_SUT_SW_NOTES_EXTRA"),
        system=wishes.system_fields,
        power_settings=asked.path(env, "CM_MLPERF_POWER_SETTINGS_FILE_PATH"),
        calibration=asked.path(env, "CM_MLPERF_CALIBRATION_FILE"),
        analyzer_table=asked.path(env, "CM_MLPERF_POWER_ANALYZER_SETTINGS_FILE_PATH"),
    )


def _dashboard(env: Mapping[str, object]) -> Dashboard | None:
    if not asked.is_on(env, "CM_MLPERF_DASHBOARD"):
        return None
    return Dashboard(
        entity=asked.text(env, "CM_MLPERF_DASHBOARD_WANDB_USER") or "cmind",
        project=asked.text(env, "CM_MLPERF_DASHBOARD_WANDB_PROJECT") or "cm-mlperf-dse-testing",
        submitter=asked.text(env, "CM_MLPERF_SUBMITTER") or SUBMITTER,
        division=asked.text(env, "CM_MLPERF_SUBMISSION_DIVISION").lower() or "open",
        category=asked.text(env, "CM_MLPERF_SUBMISSION_SYSTEM_TYPE").lower() or "edge",
        inputs={name: asked.text(env, key) for name, key in RECORDED.items() if asked.text(env, key)},
    )


def explain(error: FrancaError) -> str:
    """An error as the text that a recipe hands back."""
    return "\n".join(error.lines())
