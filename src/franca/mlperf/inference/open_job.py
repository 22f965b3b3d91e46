"""What answers samples: a model in this process, or servers behind a network."""

from __future__ import annotations

from typing import Any

from franca.mlperf.inference.job import Job
from franca.mlperf.inference.plugs import Capabilities, build
from franca.mlperf.inference.predictor import Predictor


def data_parts(job: Job) -> tuple[Any, Any]:
    """The data set of ``job``, open, and its metric, which has the truth if it asks for it."""
    dataset = build("dataset", job.dataset)
    dataset.open()
    metric = build("metric", job.metric)
    if hasattr(metric, "use"):
        metric.use(dataset.labels())
    return dataset, metric


def predictor_for(job: Job, dataset: Any, metric: Any) -> tuple[Predictor, Capabilities]:
    """The predictor of ``job``, ready, and what its backend says of itself.

    Raises:
        PlugError: the backend cannot be loaded, or a server cannot be used.
    """
    if job.servers:
        from franca.mlperf.network.client import RemotePredictor

        remote = RemotePredictor(job.servers, dataset, metric)
        return remote, remote.capabilities
    backend = build("backend", job.backend)
    capabilities = backend.load()
    return Predictor(backend, dataset, metric), capabilities
