"""`franca export`: results for experiment trackers."""

from __future__ import annotations

import os

from franca.cli.command import Command, Example, Option
from franca.cli.output import Answer
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import UsageError

TRACKERS = ("wandb", "mlflow")

EXPORT = Command(
    name="export",
    group="Benchmarks",
    summary="hand a benchmark's results to an experiment tracker",
    usage="RESULTS.json --to=wandb|mlflow",
    handler="franca.cli.export_commands:export",
    takes_kind=False,
    options=(
        Option("to", "Weights & Biases or MLflow", metavar="TRACKER", choices=TRACKERS),
        Option("project", "project or experiment that the runs belong to, `franca` if absent", metavar="NAME"),
        Option("folder", "where runs are kept here, a folder beside the results if absent", metavar="DIRECTORY"),
        Option("entity", "team at Weights & Biases", metavar="NAME"),
        Option("online", "send to Weights & Biases now; without it, `wandb sync` does so later"),
        Option("tracking", "MLflow server or database instead of a folder", metavar="URI"),
    ),
    description="One run for each scenario, with settings, metrics, validity and accuracy. Needs franca[export]. "
    "Nothing leaves the machine without --online or --tracking.",
    examples=(
        Example("franca export results.json --to=mlflow", "write MLflow runs into mlruns beside the results"),
        Example("franca export results.json --to=wandb --project=digits", "keep runs that `wandb sync` can send"),
    ),
)


def export(bound: Bound, session: Session) -> Answer:
    """Write the runs; says where they are."""
    from franca.publish.exports.entries import entries_of
    from franca.publish.report.records import read_results

    if not bound.words:
        raise UsageError("export needs a results file", hint="franca export results.json --to=mlflow")
    path, tracker = bound.words[0], bound.text("to")
    if tracker not in TRACKERS:
        raise UsageError(f"--to={tracker}: expected one of {', '.join(TRACKERS)}")
    entries = entries_of(read_results(path))
    beside = os.path.dirname(os.path.abspath(path))
    project = bound.text("project") or "franca"
    if tracker == "wandb":
        from franca.publish.exports import weights_and_biases

        folder = bound.text("folder") or beside
        runs = weights_and_biases.export(
            entries, project=project, folder=folder, entity=bound.text("entity"), online=bound.flag("online")
        )
        last = f"wandb sync {folder}/wandb/*" if not bound.flag("online") else ""
    else:
        from franca.publish.exports import mlflow_runs

        folder = bound.text("tracking") or bound.text("folder") or os.path.join(beside, "mlruns")
        runs = mlflow_runs.export(entries, project=project, folder=folder, tracking=bound.text("tracking"))
        last = f"mlflow ui --backend-store-uri {folder}"
    lines = (f"{len(runs)} runs in {folder}", *((f"next: {last}",) if last else ()))
    return Answer({"tracker": tracker, "project": project, "folder": folder, "runs": runs}, lines)
