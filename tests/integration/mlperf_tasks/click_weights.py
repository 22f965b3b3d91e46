"""Weights of a tiny DLRM-DCNv2 under the names of the published ones, and what it answers, in plain numpy."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

LENGTH, RANK = 4, 3
BOTTOM, TOP = (6, LENGTH), (5, 3)
WIDTH = LENGTH * 27
TABLE = "sparse_arch.embedding_bag_collection.embedding_bags.t_cat_{}.weight"


def shapes() -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {TABLE.format(n): (26 + n % 3, LENGTH) for n in range(26)}
    for part, first, sizes in (("dense_arch.model", 13, BOTTOM), ("over_arch.model.0", WIDTH, TOP)):
        for number, size in enumerate(sizes):
            found[f"{part}._mlp.{number}._linear.weight"] = (size, first)
            found[f"{part}._mlp.{number}._linear.bias"] = (size,)
            first = size
    for number in range(2):
        found[f"inter_arch.crossnet.W_kernels.{number}"] = (WIDTH, RANK)
        found[f"inter_arch.crossnet.V_kernels.{number}"] = (RANK, WIDTH)
        found[f"inter_arch.crossnet.bias.{number}"] = (WIDTH,)
    return {**found, "over_arch.model.1.weight": (1, TOP[-1]), "over_arch.model.1.bias": (1,)}


def weights(before: str = "model.") -> dict[str, Any]:
    """Exact in float32, the same on every machine."""
    return {
        before + name: np.random.RandomState(zlib.crc32(name.encode())).randint(-32, 33, shape).astype(np.float32) / 64
        for name, shape in shapes().items()
    }


def probability(given: Mapping[str, Any], dense: Any, ids: list[Any]) -> float:
    """The answer for one row, in double precision; ``given`` are weights without anything before their names."""

    def mlp(part: str, values: Any, layers: int) -> Any:
        for number in range(layers):
            name = f"{part}._mlp.{number}._linear"
            values = np.maximum(given[name + ".weight"].astype(float) @ values + given[name + ".bias"], 0)
        return values

    parts = [mlp("dense_arch.model", dense.astype(float), len(BOTTOM))]
    for number, hot in enumerate(ids):
        total = np.zeros(LENGTH)
        for row in hot:
            total += given[TABLE.format(number)][row]
        parts.append(total)
    first = crossed = np.concatenate(parts)
    for number in range(2):
        kernel = given[f"inter_arch.crossnet.W_kernels.{number}"].astype(float) @ given[
            f"inter_arch.crossnet.V_kernels.{number}"
        ].astype(float)
        crossed = first * (kernel @ crossed + given[f"inter_arch.crossnet.bias.{number}"]) + crossed
    last = mlp("over_arch.model.0", crossed, len(TOP))
    logit = (given["over_arch.model.1.weight"].astype(float) @ last + given["over_arch.model.1.bias"]).item()
    return float(1 / (1 + np.exp(-logit)))
