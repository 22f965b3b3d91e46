"""Entries as runs of MLflow, by its own client, into a folder here or to a tracking server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from franca.errors import Unavailable
from franca.publish.exports.entries import Entry

NAME = "mlflow"
_ALLOW_FILES = "MLFLOW_ALLOW_FILE_STORE"
_ALLOWED = str.maketrans(dict.fromkeys("()%", "_"))
MAX_VALUE = 6000  #: MLflow's own limit of a parameter's text


def export(entries: list[Entry], *, project: str, folder: str = "", tracking: str = "") -> list[str]:
    """Record one run for each entry in the experiment ``project``; returns the runs' identifiers.

    Args:
        folder: where the runs go when no ``tracking`` server is given.
        tracking: URI of a server or database; credentials belong in MLflow's own environment variables.

    Raises:
        Unavailable: the client is not installed, or the server refuses or does not answer.
    """
    mlflow = _client()
    if not tracking:
        os.environ.setdefault(_ALLOW_FILES, "true")  # MLflow 3 asks for this before it writes plain files
    client = mlflow.MlflowClient(tracking_uri=tracking or Path(folder).absolute().as_uri())
    try:
        known = client.get_experiment_by_name(project)
        experiment = known.experiment_id if known else client.create_experiment(project)
        return [_run(client, experiment, entry) for entry in entries]
    except mlflow.exceptions.MlflowException as error:
        raise Unavailable(f"MLflow refused the export: {error}", hint="check --tracking and its credentials") from error


def _run(client: Any, experiment: str, entry: Entry) -> str:
    run = str(client.create_run(experiment, run_name=entry.name, tags={"group": entry.group}).info.run_id)
    for name, value in entry.settings.items():
        client.log_param(run, name, value[:MAX_VALUE])
    for name, number in entry.metrics.items():
        client.log_metric(run, metric_name(name), number)
    client.set_terminated(run)
    return run


def metric_name(name: str) -> str:
    """MLflow takes letters, digits and ``_ - . space : /`` only: ``latency p99 (ms)`` is ``latency p99 _ms_``."""
    return name.translate(_ALLOWED)


def _client() -> Any:
    try:
        import mlflow
        import mlflow.exceptions
    except ImportError as error:
        raise Unavailable(
            f"the MLflow client cannot be imported: {error}", hint="pip install 'franca[export]'"
        ) from error
    return mlflow
