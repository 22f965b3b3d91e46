"""The workloads that the benchmark command can run: one module for each, with everything that is its own.

A module says which models there are, which runtimes they need, what a user may give, and which backend, data set and
metric they are run with. To add one, write a module with one :class:`~.base.Workload`, name it below, and give the
recipe ``app-mlperf-inference`` its models and what it depends on.
"""

from __future__ import annotations

from franca.mlperf.inference.workloads.base import Model, Parts, Workload
from franca.mlperf.inference.workloads.cnndm import CnnDailyMail
from franca.mlperf.inference.workloads.counting import Counting
from franca.mlperf.inference.workloads.criteo import Criteo
from franca.mlperf.inference.workloads.digits import Digits
from franca.mlperf.inference.workloads.imagenet import ImageNet
from franca.mlperf.inference.workloads.kits19 import Kits19
from franca.mlperf.inference.workloads.librispeech import LibriSpeech
from franca.mlperf.inference.workloads.openimages import OpenImages
from franca.mlperf.inference.workloads.openorca import OpenOrca
from franca.mlperf.inference.workloads.squad import Squad
from franca.mlperf.inference.workloads.tabular import Tabular

__all__ = ["MODELS", "WORKLOADS", "Model", "Parts", "Workload", "workload_of"]

WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        Digits(),
        Counting(),
        ImageNet(),
        OpenImages(),
        Squad(),
        Kits19(),
        LibriSpeech(),
        Criteo(),
        CnnDailyMail(),
        OpenOrca(),
        Tabular(),
    )
}
MODELS: dict[str, Model] = {model.name: model for workload in WORKLOADS.values() for model in workload.models}
_OF = {model.name: workload for workload in WORKLOADS.values() for model in workload.models}


def workload_of(model: Model) -> Workload:
    """What ``model`` is run as."""
    return _OF[model.name]
