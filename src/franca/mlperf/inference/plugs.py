"""The three plug-in points of a benchmark: one small class each for the backend, the data set, the metric.

A plug-in is named in the request either by a built-in name (``onnxruntime``, ``digits``, ``label``) or as
``package.module:Class``; the class is called with the options of the request as keywords. The harness uses
its own parts through the same door. A fourth, rarer one replaces the system under test itself (:class:`Sut`).
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from franca.mlperf.inference.job import PartSpec


class Capabilities(NamedTuple):
    """What a backend can do, so that the harness can choose before it runs anything."""

    name: str
    version: str
    device: str  #: as the runtime names it, e.g. ``CPUExecutionProvider``
    max_batch: int = 0  #: largest batch the model takes; 0 = any
    releases_lock: bool = True  #: whether several worker threads help
    ends: Sequence[int] = ()  #: tokens that end an answer, of a model that knows its own


class Backend(Protocol):
    """Runs the model. One object per child process; ``predict`` may be called from several threads.

    A model that answers token by token has ``generate(batch, first)`` as well, or instead: it returns what
    ``predict`` would, and calls ``first(places, tokens)`` from the same thread as soon as the first tokens of the
    samples at these places of the batch (counted from 0) are there, once for each sample. Runs with token
    latencies need it in every scenario but Offline.
    """

    def load(self) -> Capabilities:
        """Open the model; raise with a plain message when it cannot be read."""

    def predict(self, batch: Any) -> Any:
        """Outputs of the model for ``batch`` [n, ...]; the first axis of the answer is n as well."""


class Dataset(Protocol):
    """Owns the samples. ``load``/``unload`` run outside the timed section (section 1.4).

    One that makes its samples itself has ``facts()`` as well: what they are made from, as JSON holds it.
    """

    count: int  #: samples in all
    performance_count: int  #: samples that LoadGen may ask to have in memory at once

    def open(self) -> None:
        """Check that everything needed is there; raise with a plain message when not."""

    def load(self, indices: Sequence[int]) -> None:
        """Bring samples into memory, pre-processed."""

    def unload(self, indices: Sequence[int]) -> None:
        """Let go of them."""

    def batch(self, indices: Sequence[int]) -> Any:
        """Model input [len(indices), ...] of loaded samples, in this order."""

    def labels(self) -> Any:
        """The truth, [count, ...], for the metric."""


class Score(NamedTuple):
    """An accuracy figure: the official line for ``accuracy.txt`` and the numbers in it."""

    name: str  #: as the checkers call it: ``acc``, ``F1``, ``mAP`` ...
    value: float  #: in percent where the metric is a share
    good: int
    total: int
    line: str
    more: dict[str, float] = {}  #: further figures of the task, by name


class Metric(Protocol):
    """Turns model outputs into what the accuracy log stores, and that into a score (section 8.4).

    Where every sample has a payload of its own length, ``payload_shape`` is None, and instead of ``encode`` the
    metric has ``pack(outputs, indices)``, which returns one contiguous array of one axis for each sample; ``score``
    then gets the list of payloads. For runs with token latencies ``tokens(payload)`` counts the tokens in a payload,
    whose values are tokens of type ``payload_dtype``. A metric that writes the truth into its payloads has
    ``use(labels)``, which is called before the run.
    """

    payload_dtype: str  #: numpy dtype of one sample's payload
    payload_shape: tuple[int, ...] | None  #: of one sample; () = one value; None = its own for each

    def encode(self, outputs: Any, out: Any) -> None:
        """Write the payloads of ``outputs`` [n, ...] into ``out`` [n, *payload_shape]. Timed: keep it cheap."""

    def score(self, payloads: Any, labels: Any) -> Score:
        """Judge payloads [count, *payload_shape] in the order of the data set."""


class Sut(Protocol):
    """Answers queries. The harness has its own for every scenario; a plug-in replaces it.

    It is made with ``predictor`` (indices in, payloads out) and ``complete(ids, payloads)``, and in a run with token
    latencies also with ``first_token(ids, tokens)``: to be called once for each sample, before ``complete`` and
    from the same thread. ``complete`` then takes ``n_tokens`` as well, one for each sample; without them the
    metric counts.
    """

    def start(self) -> None:
        """Warm up and start threads, before LoadGen starts its clock."""

    def issue(self, ids: list[int], indices: list[int]) -> None:
        """Take a query. Must not block longer than the scenario allows."""

    def flush(self) -> None:
        """No more queries will come in this series: push out what is held back."""

    def stop(self) -> None:
        """End threads, after the last response."""


BUILT_IN: dict[tuple[str, str], str] = {
    ("backend", "onnxruntime"): "franca.mlperf.inference.backends.ort:OrtBackend",
    ("backend", "onnxruntime-generic"): "franca.mlperf.inference.backends.generic:GenericOrtBackend",
    ("backend", "pytorch"): "franca.mlperf.inference.backends.torch_backend:TorchBackend",
    ("backend", "pytorch-generic"): "franca.mlperf.inference.backends.generic_torch:GenericTorchBackend",
    ("dataset", "random"): "franca.mlperf.inference.datasets.random_inputs:RandomInputs",
    ("dataset", "sample"): "franca.mlperf.inference.datasets.given_sample:GivenSample",
    ("metric", "none"): "franca.mlperf.inference.metrics:NoMetric",
    ("dataset", "digits"): "franca.mlperf.inference.datasets.digits:DigitsDataset",
    ("dataset", "tabular"): "franca.mlperf.inference.datasets.tabular:TabularDataset",
    ("metric", "binary-auc"): "franca.mlperf.tasks.tabular:BinaryMetric",
    ("metric", "r2"): "franca.mlperf.tasks.tabular:RegressionMetric",
    ("metric", "label"): "franca.mlperf.inference.metrics:LabelMetric",
    ("backend", "onnxruntime-tensors"): "franca.mlperf.inference.backends.tensors:TensorsBackend",
    ("backend", "onnxruntime-greedy"): "franca.mlperf.tasks.greedy:GreedyBackend",
    ("backend", "onnxruntime-volumes"): "franca.mlperf.tasks.volumes:SlidingWindowBackend",
    ("backend", "pytorch-clicks"): "franca.mlperf.tasks.dlrm:DlrmBackend",
    ("backend", "pytorch-causal"): "franca.mlperf.tasks.causal:CausalBackend",
    ("backend", "pytorch-transducer"): "franca.mlperf.tasks.transducer:TransducerBackend",
    ("dataset", "imagenet"): "franca.mlperf.tasks.imagenet:ImageNet",
    ("dataset", "coco"): "franca.mlperf.tasks.coco:CocoDetection",
    ("dataset", "squad"): "franca.mlperf.tasks.squad:Squad",
    ("dataset", "texts"): "franca.mlperf.tasks.texts:Texts",
    ("dataset", "librispeech"): "franca.mlperf.tasks.librispeech:LibriSpeech",
    ("dataset", "kits19"): "franca.mlperf.tasks.kits:Kits19",
    ("dataset", "criteo"): "franca.mlperf.tasks.criteo:Criteo",
    ("metric", "detections"): "franca.mlperf.tasks.detection:DetectionMetric",
    ("metric", "answers"): "franca.mlperf.tasks.answers:AnswerMetric",
    ("metric", "rouge"): "franca.mlperf.tasks.rouge:RougeMetric",
    ("metric", "word-errors"): "franca.mlperf.tasks.speech:WordErrorMetric",
    ("metric", "dice"): "franca.mlperf.tasks.kits:DiceMetric",
    ("metric", "auc"): "franca.mlperf.tasks.clicks:ClickMetric",
}


class PlugError(Exception):
    """A plug-in cannot be loaded or refuses its options; the message names it."""


def resolve(kind: str, name: str) -> Any:
    """The class behind a plug-in name.

    Raises:
        PlugError: no such built-in, module or attribute.
    """
    target = BUILT_IN.get((kind, name), name)
    module, _, attribute = target.partition(":")
    if not attribute:
        known = ", ".join(sorted(n for k, n in BUILT_IN if k == kind))
        expected = f"built in: {known}; or write package.module:Class" if known else "expected package.module:Class"
        raise PlugError(f"no {kind} is called {name!r} ({expected})")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        raise PlugError(f"the {kind} {name!r} cannot be imported: {error}") from error
    except AttributeError as error:
        raise PlugError(f"the {kind} {name!r}: module {module} has no {attribute}") from error


def build(kind: str, spec: PartSpec, **extra: Any) -> Any:
    """An instance of the plug-in, its options passed as keywords."""
    made = resolve(kind, spec.name)
    try:
        return made(**spec.options, **extra)
    except TypeError as error:
        raise PlugError(f"the {kind} {spec.name!r} does not take these options: {error}") from error
