"""The live view: what a child writes down, what the parent makes of it."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import pytest

from franca.mlperf.inference import progress
from franca.mlperf.inference.histogram import PER_OCTAVE, LogHistogram
from franca.mlperf.inference.job import Job, PartSpec, write_json
from franca.mlperf.inference.progress import FILE, Follower, reporting

NONE = PartSpec("")


def job(folder: Path, scenario: str) -> Job:
    return Job("loadgen", str(folder), NONE, NONE, NONE, NONE, scenario=scenario, max_batchsize=16)


class Counting:
    """A system under test as far as the view needs one."""

    def __init__(self) -> None:
        self.times = LogHistogram()
        self.read = threading.Event()

    def histogram(self) -> dict[str, object]:
        self.read.set()
        return self.times.to_data("time")


def report(folder: Path, at: float, times: LogHistogram) -> None:
    write_json(str(folder / FILE), {"at": at, "times": times.to_data("time")})


def test_rate_and_tail_are_those_since_the_last_reading(tmp_path: Path) -> None:
    follower, times = Follower(job(tmp_path, "Server"), print), LogHistogram()
    assert follower.read() is None
    for _ in range(1000):
        times.add(50_000_000)  # slow ones, before the first reading
    report(tmp_path, 1.0, times)
    assert follower.read() is None
    for number in range(1000):
        times.add(1_000_000 if number < 980 else 8_000_000)
    report(tmp_path, 3.0, times)
    reading = follower.read()
    assert reading is not None and reading.answers == 1000 and reading.rate == 500
    assert reading.p99_ms == pytest.approx(8, rel=0.05)  # a bucket is 4.4 % wide
    assert follower.read() is None  # nothing new
    assert follower.line(12, reading).startswith("Server, 12 s: 500 queries/s, p99 ")


def test_offline_counts_batches_and_tells_samples(tmp_path: Path) -> None:
    follower = Follower(job(tmp_path, "Offline"), print)
    line = follower.line(60, progress.Reading(10, 100.0, 2.0))
    assert line == "Offline, 60 s: about 1,600 samples/s, slowest batches 2 ms"


def test_a_log_gets_a_line_now_and_then(tmp_path: Path) -> None:
    said: list[str] = []
    follower, times = Follower(job(tmp_path, "SingleStream"), said.append), LogHistogram()
    for second in range(1, 100):
        times.add(1000)
        report(tmp_path, float(second), times)
        follower.tick(float(second))
    follower.close()
    assert 4 <= len(said) <= 7 and all("queries/s" in line for line in said)


def test_the_child_writes_while_it_runs_and_clears_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0.01)
    sut = Counting()
    with reporting(sut, str(tmp_path)):
        assert sut.read.wait(30)
    assert not (tmp_path / FILE).exists()
    with reporting(object(), str(tmp_path)):
        pass  # one that counts nothing has no view


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_half_written_report_is_no_error(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, "utf-8")
    assert Follower(job(tmp_path, "Server"), print).read() is None


def test_times_are_counted_while_another_thread_adds_them() -> None:
    """The live view asks in the middle of a run; a view of the growing array would make the next time fail."""
    histogram = LogHistogram()
    failed: list[BaseException] = []
    ready = threading.Barrier(2)

    def add() -> None:
        ready.wait()
        try:
            for number in range(1, 200_001):
                histogram.add(number)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=add)
    thread.start()
    ready.wait()
    while thread.is_alive():
        histogram.to_data("times")
    thread.join()
    assert not failed
    asked = histogram.to_data("times")
    assert sum(asked["counts"]) == 200_000
    assert asked["first"] == 0 and asked["first"] + len(asked["counts"]) - 1 == int(math.log2(200_000) * PER_OCTAVE)
