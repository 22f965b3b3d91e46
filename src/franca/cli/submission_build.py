"""`franca submission build`: a submission tree from benchmark results."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from franca.cli.command import Command, Example, Option
from franca.cli.output import Answer
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.cli.submission_commands import GROUP, REFUSED, ROUND, directory, names
from franca.errors import UsageError

if TYPE_CHECKING:
    from franca.mlperf.submission.build_options import BuildOptions

BUILD = Command(
    name="submission",
    group=GROUP,
    summary="make a submission tree from benchmark results, and check it",
    usage="build RESULTS",
    handler="franca.cli.submission_build:" + "build",
    takes_kind=False,
    options=(
        Option("output", "folder of the tree, mlperf_submission if absent", metavar="DIR"),
        Option("submitter", "who submits, the name of a folder", metavar="NAME"),
        Option("division", "open if absent", metavar="WORD", choices=("open", "closed", "network")),
        Option("category", "category of the system, edge if absent", metavar="WORD"),
        Option("hw_name", "name of the system where the results have none", metavar="NAME"),
        Option("style", "results of this length: valid, fast or test; the first that is there if absent",
               metavar="WORD", choices=("valid", "fast", "test")),
        Option("layout", "classic or v6; that of the round if absent", metavar="WORD", choices=("classic", "v6")),
        ROUND,
        Option("map", "model of your own to the benchmark that it stands for (open), NAME=OFFICIAL", metavar="N=O,..."),
        Option("system_file", "JSON file with fields of the system description", metavar="FILE"),
        Option("status", "status of the system", metavar="WORD", choices=("available", "preview", "rdi")),
        Option("power_settings", "settings of the power measurement, copied beside power runs", metavar="FILE"),
        Option("analyzer_table", "table of the power analyzers, copied beside power runs", metavar="FILE"),
        Option("calibration_file", "document on how weights were quantised (closed, network)", metavar="FILE"),
        Option("hw_notes", "text for hw_notes", metavar="TEXT"),
        Option("sw_notes", "text for sw_notes", metavar="TEXT"),
        Option("clean", "remove a former tree of this submitter instead of keeping it beside"),
        Option("whole_logs", "leave accuracy logs whole"),
        Option("archive", "pack the tree into this file when it is accepted", metavar="FILE"),
    ),
    description="Results are those of `franca bench inference` or of tools that keep the same folder names.",
    examples=(
        Example("franca submission build ./mlperf-results --submitter=Community", "a tree of all that was run"),
        Example("franca submission build ./mlperf-results --map=digits-cnn=resnet", "with a model of one's own"),
    ),
    statuses=REFUSED,
)  # fmt: skip


def build(bound: Bound, session: Session) -> Answer:
    """The tree that was written, and the checker's verdict."""
    from franca.mlperf.submission.build import build_tree
    from franca.mlperf.submission.build_verdict import conclude, judge, skips_for

    notes: list[str] = []
    built = build_tree(_build_options(bound), notes.append)
    notes.append(f"submission tree: {built.path} ({built.layout} layout, round {built.round})")
    verdict = judge(built, skips_for(built))
    archive = bound.text("archive")
    folder = os.path.dirname(os.path.abspath(archive)) if archive else os.getcwd()
    outcome = conclude(built, verdict, folder, notes.append, archive=os.path.basename(archive))
    data = {
        "tree": built.path, "round": built.round, "results": built.results, "ok": outcome.accepted,
        "short": outcome.short, "broken": outcome.broken, "archive": outcome.archive, "summary": verdict.summary,
    }  # fmt: skip
    return Answer(data, tuple(notes), status=0 if outcome.accepted or outcome.short_only else 1)


def _build_options(bound: Bound) -> BuildOptions:
    from franca.mlperf.inference.wishes import system_fields
    from franca.mlperf.submission.build_options import BuildOptions

    return BuildOptions(
        results_dir=directory(bound, 1),
        submission_dir=os.path.abspath(bound.text("output") or "mlperf_submission"),
        submitter=bound.text("submitter") or "TheCommunity",
        division=bound.text("division") or "open",
        category=(bound.text("category") or "edge").replace(" ", ""),
        hw_name=bound.text("hw_name") or "default",
        style=bound.text("style"),
        round=bound.text("round"),
        layout=bound.text("layout"),
        clean=bound.flag("clean"),
        truncate=not bound.flag("whole_logs"),
        hw_notes=bound.text("hw_notes"),
        sw_notes=bound.text("sw_notes"),
        system={**_status(bound), **system_fields(bound.text("system_file"))},
        power_settings=bound.text("power_settings"),
        analyzer_table=bound.text("analyzer_table"),
        calibration=bound.text("calibration_file"),
        mapping=_pairs(bound.text("map")),
    )


def _status(bound: Bound) -> dict[str, str]:
    return {"status": bound.text("status")} if bound.text("status") else {}


def _pairs(text: str) -> dict[str, str]:
    """``a=b,c=d``. Raises UsageError for a part that is no pair."""
    found = {}
    for part in names(text):
        name, _, official = part.partition("=")
        if not (name and official):
            raise UsageError(f"--map={part}: expected NAME=OFFICIAL")
        found[name.strip()] = official.strip()
    return found
