"""What the example cubes must have made, wherever they ran."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def check_hello_world(workspace: Path) -> None:
    """After the tasks hello and bye."""
    alice = (workspace / "chats/chat_with_alice.txt").read_text().splitlines()
    assert [line.partition("]  ")[2] for line in alice] == [
        "Hi, Alice! Nice to meet you.", "Bye, Alice! It was great talking to you.",
    ]  # fmt: skip


def check_matmul(workspace: Path) -> None:
    rows = [[int(x) for x in line.split()] for line in (workspace / "matmul.txt").read_text().splitlines()]
    numpy = pytest.importorskip("numpy")
    left = numpy.fromfunction(lambda i, j: (3 * i + 5 * j) % 7 - 3, (100, 50))
    right = numpy.fromfunction(lambda i, j: (2 * i + 7 * j) % 5 - 2, (50, 30))
    assert (numpy.array(rows) == left @ right).all()


def check_getting_started(workspace: Path) -> None:
    """After its three tasks."""
    metrics = json.loads((workspace / "metrics.json").read_text())
    assert metrics["test_rmse"] < 3.5, "the noise has standard deviation 3"
    assert metrics["coefficients"] == pytest.approx([20, 0.9, 4, -0.5], rel=0.05)
