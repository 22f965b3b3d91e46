"""DLRM-DCNv2, the recommendation model of MLPerf (dlrm-v2, since v3.1), in plain PyTorch.

Dense features go through an MLP; each categorical feature looks up its ids in a table and adds the rows up; the
results, dense one first, are crossed by low-rank layers x' = x0 * (W V x + b) + x, and a second MLP gives one logit
(DCN V2, arXiv 2008.13535). Every layer of the MLPs but the last one of all ends in a ReLU.

Names of weights are those of the published checkpoint, that is of torchrec's ``DLRM_DCN`` with tables ``t_cat_0`` ...
``t_cat_25``, with or without something before them (``model.``); all sizes come from the tensors.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from franca.errors import FrancaError
from franca.mlperf.inference.backends.torch_backend import TorchBackend
from franca.mlperf.inference.plugs import Capabilities, PlugError
from franca.mlperf.tasks.criteo import FEATURES
from franca.mlperf.tasks.snapshots import is_snapshot, read_snapshot

BOTTOM = "dense_arch.model._mlp.{}._linear"
CROSS = "inter_arch.crossnet.{}.{}"
TOP = "over_arch.model.0._mlp.{}._linear"
LAST = "over_arch.model.1"
TABLE = "sparse_arch.embedding_bag_collection.embedding_bags.t_cat_{}.weight"
PARTS = ("dense_arch.", "sparse_arch.", "inter_arch.", "over_arch.")


class Linear(NamedTuple):
    weight: Any  #: [out, in]
    bias: Any  #: [out]


class Cross(NamedTuple):
    """A low-rank layer of the cross net."""

    down: Any  #: V, [rank, width]
    up: Any  #: W, [width, rank]
    bias: Any  #: [width]


class Network(NamedTuple):
    """The weights, in the order in which they are used."""

    bottom: tuple[Linear, ...]
    tables: tuple[Any, ...]  #: [rows, length] each
    cross: tuple[Cross, ...]
    top: tuple[Linear, ...]  #: the last one gives the logit


class DlrmBackend(TorchBackend):
    """Probabilities of clicks for batches as ``criteo`` gives them: float32 [rows] for each sample.

    Args:
        model: a file of weights (a state dictionary), or a folder of torchsnapshot, the form of the published ones.
        device, threads: see ``TorchBackend``. All tables are on the device.
    """

    def __init__(self, model: str, device: str = "cpu", threads: int = 0) -> None:
        super().__init__(model, device=device, threads=threads)

    def load(self) -> Capabilities:
        torch = self._started()
        self.network = arranged(self._weights(torch), self.model)
        try:
            self.network = _moved(self.network, self._device)
        except RuntimeError as error:  # of a device without the memory
            raise PlugError(f"model {self.model} does not fit on {self._device}: {_first_line(error)}") from error
        return Capabilities("pytorch", str(torch.__version__), str(self._device))

    def predict(self, batch: Mapping[str, Any]) -> list[Any]:
        """One sample after the other, each with all its rows, as the reference does.

        Matrix products of another number of rows round differently: so answers do not depend on the batch.

        Raises ValueError: the batch has other features than the model, or ids beyond its tables.
        """
        inputs = self._features(batch)
        ends = batch["counts"].cumsum()
        return [
            self._sample([one[end - count : end] for one in inputs])
            for end, count in zip(ends, batch["counts"], strict=True)
        ]

    def _sample(self, inputs: list[Any]) -> Any:
        torch = self._torch
        with torch.inference_mode():
            dense, *ids = (torch.tensor(one, device=self._device) for one in inputs)
            return torch.sigmoid(self._logits(dense.float(), ids)).cpu().numpy()

    def _weights(self, torch: Any) -> Mapping[str, Any]:
        """Tensors by name. Nothing in a file is run: neither way of reading builds anything but tensors."""
        if not os.path.exists(self.model):
            raise PlugError(f"model {self.model} does not exist")
        if os.path.isdir(self.model):
            if not is_snapshot(self.model):
                raise PlugError(f"folder {self.model} has no .snapshot_metadata: it is none that torchsnapshot wrote")
            try:
                return {name: torch.from_numpy(array) for name, array in read_snapshot(self.model).items()}
            except FrancaError as error:
                raise PlugError(f"weights cannot be read: {error}") from error
        try:
            found = torch.load(self.model, map_location="cpu", weights_only=True)
        except Exception as error:  # pickle, zip and system errors of a wrong file alike
            raise PlugError(f"weights {self.model} cannot be read: {_first_line(error)}") from error
        if not isinstance(found, Mapping):
            raise PlugError(f"weights {self.model} are a {type(found).__name__}, expected a dictionary of tensors")
        return found

    def _features(self, batch: Mapping[str, Any]) -> list[Any]:
        """The inputs, checked: dense features, then the ids of each categorical one."""
        names = ["dense", *(f"sparse_{number}" for number in range(FEATURES))]
        missing = [name for name in (*names, "counts") if name not in batch]
        if missing:
            raise ValueError(f"the data set has no {', '.join(missing)}")
        width = self.network.bottom[0].weight.shape[1]
        dense = batch["dense"]
        if dense.ndim != 2 or dense.shape[1] != width:
            raise ValueError(f"dense features have shape {dense.shape}, the model takes (rows, {width})")
        for name, table in zip(names[1:], self.network.tables, strict=True):
            _check_ids(name, batch[name], len(dense), len(table))
        return [batch[name] for name in names]

    def _logits(self, dense: Any, ids: list[Any]) -> Any:
        torch, network = self._torch, self.network
        functional = torch.nn.functional
        for layer in network.bottom:
            dense = functional.linear(dense, *layer).relu()
        sums = [functional.embedding_bag(*pair, mode="sum") for pair in zip(ids, network.tables, strict=True)]
        first = crossed = torch.cat([dense, *sums], dim=1)
        for cross in network.cross:
            low = functional.linear(crossed, cross.down)
            crossed = torch.addcmul(crossed, first, functional.linear(low, cross.up, cross.bias))
        for layer in network.top[:-1]:
            crossed = functional.linear(crossed, *layer).relu()
        return functional.linear(crossed, *network.top[-1]).reshape(-1)


def arranged(weights: Mapping[str, Any], source: str) -> Network:
    """The weights of a checkpoint, checked against each other.

    Raises:
        PlugError: one is missing, no float32 tensor, or of another shape than its neighbours want.
    """
    probe = BOTTOM.format(0) + ".weight"
    names = [name for name in weights if isinstance(name, str)]
    before = next((name[: -len(probe)] for name in names if name.endswith(probe)), "")
    found = _Found({name[len(before) :]: weights[name] for name in names if name.startswith(before)}, source)
    bottom, width = found.chain(BOTTOM, found.width(probe))
    tables = tuple(found.tensor(TABLE.format(number), None, width) for number in range(FEATURES))
    width *= 1 + FEATURES
    cross = tuple(found.cross(number, width) for number in found.numbers(CROSS.format("V_kernels", "{}")))
    top, width = found.chain(TOP, width)
    network = Network(bottom, tables, cross, (*top, found.linear(LAST, width, 1)))
    found.check_all_used()
    return network


class _Found:
    """The tensors of a checkpoint by name."""

    def __init__(self, weights: Mapping[str, Any], source: str) -> None:
        self.weights = weights
        self.source = source
        self.used: set[str] = set()

    def check_all_used(self) -> None:
        """A layer that is left over means another network, or a gap in the numbers."""
        over = sorted(name for name in self.weights if name.startswith(PARTS) and name not in self.used)
        if over:
            raise PlugError(f"model {self.source}: no place for {over[0]} and {len(over) - 1} more tensors")

    def tensor(self, name: str, *shape: int | None) -> Any:
        """The tensor of that shape; None stands for any size."""
        import torch

        tensor = self.weights.get(name)
        self.used.add(name)
        wanted = ", ".join("n" if size is None else str(size) for size in shape)
        if not isinstance(tensor, torch.Tensor):
            raise PlugError(f"model {self.source} has no tensor {name} [{wanted}]")
        fits = tensor.ndim == len(shape) and all(
            have == want or (want is None and have > 0) for have, want in zip(tensor.shape, shape, strict=True)
        )
        plain = tensor.layout == torch.strided and tensor.dtype == torch.float32 and tensor.device.type == "cpu"
        if not fits or not plain or not tensor.is_contiguous():
            kind = f"{tensor.dtype} {list(tensor.shape)}"
            raise PlugError(f"model {self.source}: {name} is {kind}, expected plain torch.float32 [{wanted}]")
        return tensor.detach()

    def width(self, name: str) -> int:
        """Inputs of a layer."""
        return int(self.tensor(name, None, None).shape[1])

    def numbers(self, pattern: str) -> Iterable[int]:
        """0, 1 ... as long as there is a tensor of that name; at least 0."""
        later = itertools.takewhile(lambda number: pattern.format(number) in self.weights, itertools.count(1))
        return itertools.chain([0], later)

    def linear(self, name: str, width: int, height: int | None = None) -> Linear:
        weight = self.tensor(name + ".weight", height, width)
        return Linear(weight, self.tensor(name + ".bias", len(weight)))

    def chain(self, pattern: str, width: int) -> tuple[tuple[Linear, ...], int]:
        """Layers of which each takes what the one before gives, and what the last one gives."""
        layers = []
        for number in self.numbers(pattern + ".weight"):
            layers.append(self.linear(pattern.format(number), width))
            width = len(layers[-1].weight)
        return tuple(layers), width

    def cross(self, number: int, width: int) -> Cross:
        down = self.tensor(CROSS.format("V_kernels", number), None, width)
        up = self.tensor(CROSS.format("W_kernels", number), width, len(down))
        return Cross(down, up, self.tensor(CROSS.format("bias", number), width))


def _moved(network: Network, device: Any) -> Network:
    def layers(given: Iterable[Linear]) -> Iterator[Linear]:
        return (Linear(*(one.to(device) for one in layer)) for layer in given)

    return Network(
        tuple(layers(network.bottom)),
        tuple(table.to(device) for table in network.tables),
        tuple(Cross(*(one.to(device) for one in layer)) for layer in network.cross),
        tuple(layers(network.top)),
    )


def _check_ids(name: str, ids: Any, rows: int, known: int) -> None:
    """Beyond its table a look-up would read foreign memory on some devices."""
    if ids.ndim != 2 or len(ids) != rows or ids.dtype.kind != "i":
        raise ValueError(f"{name} is {ids.dtype} {ids.shape}, expected whole numbers ({rows}, hot)")
    if ids.size and not 0 <= ids.min() <= ids.max() < known:
        raise ValueError(f"{name} has ids from {ids.min()} to {ids.max()}, the model's table has {known} rows")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
