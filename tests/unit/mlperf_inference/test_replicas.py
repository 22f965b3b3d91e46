"""Copies of a model behind one call: as many callers never share one, and the warm-up reaches all."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from franca.mlperf.inference.backends.replicas import behind_one

COUNT = 4


def test_as_many_callers_never_share_a_copy() -> None:
    together = threading.Barrier(COUNT)
    seen: list[tuple[int, int]] = []

    def copy(number: int) -> Callable[[int], int]:
        def call(given: int) -> int:
            together.wait(timeout=30)  # passes only when all copies are in use at once
            seen.append((number, given))
            return number

        return call

    call = behind_one([copy(number) for number in range(COUNT)])
    threads = [threading.Thread(target=call, args=(given,)) for given in range(COUNT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number for number, _ in seen} == {given for _, given in seen} == set(range(COUNT))


def test_copies_take_turns_in_one_thread() -> None:
    call = behind_one([lambda number=number: number for number in range(COUNT)])
    assert [call() for _ in range(2 * COUNT)] == [*range(COUNT), *range(COUNT)]


def test_a_copy_that_fails_is_used_again() -> None:
    def fails() -> None:
        raise ValueError("no")

    call = behind_one([fails, fails])
    for _ in range(5):
        with pytest.raises(ValueError, match="no"):
            call()


def test_one_copy_is_called_directly() -> None:
    assert behind_one([len]) is len
