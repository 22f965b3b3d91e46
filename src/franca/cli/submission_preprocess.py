"""`franca submission preprocess`: a new tree of what can be submitted."""

from __future__ import annotations

from franca.cli.command import Command, Example, Option
from franca.cli.output import Answer
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.cli.submission_commands import CHECKING, GROUP, checking, directory

PREPROCESS = Command(
    name="submission",
    group=GROUP,
    summary="write a new tree of what can be submitted: failed results removed or moved to open",
    usage="preprocess DIRECTORY",
    handler="franca.cli.submission_preprocess:preprocess",
    takes_kind=False,
    options=(
        *CHECKING,
        Option("output", "the new tree; its list of changes goes beside it as DIR_changes.json", metavar="DIR"),
        Option("infer_scenario_results", "copy results to missing scenarios (edge) and from -99.9 to -99 variants"),
    ),
    description="Removes invalid results, moves closed results that fail to open with measurements and code, drops "
    "failed power records, corrects names of model directories and drops empty directories. The tree itself is not "
    "changed. Without --output it only says what it would do. Status 0 also where the new tree is refused: its last "
    "line has the checker's verdict.",
    examples=(
        Example("franca submission preprocess ./submission", "what would be done"),
        Example("franca submission preprocess ./submission --output=./processed", "in a new tree"),
    ),
)


def preprocess(bound: Bound, session: Session) -> Answer:
    """The changes, planned or made, and the verdict over the new tree."""
    import msgspec

    from franca.mlperf.submission.preprocess import preprocess_tree

    infer = bound.flag("infer_scenario_results")
    done = preprocess_tree(directory(bound, 1), bound.text("output"), checking(bound), infer=infer)
    lines = [change.line() for change in done.changes] or ["nothing to change"]
    lines.append(done.verdict.summary)
    lines.append(f"new tree: {done.path}" if done.path else "nothing was written: add --output=DIR")
    data = {
        "changes": [msgspec.to_builtins(change) for change in done.changes],
        "tree": done.path, "ok": done.verdict.ok, "summary": done.verdict.summary,
    }  # fmt: skip
    return Answer(data, tuple(lines))
