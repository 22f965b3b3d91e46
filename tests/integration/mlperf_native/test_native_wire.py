"""The program believes nothing that a worker says: here the worker is the test."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from pathlib import Path

import pytest

from franca.mlperf.native import wire

SAMPLES = 8
CONF = "*.Offline.min_duration = 1\n*.Offline.min_query_count = 8\n*.Offline.target_qps = 1\n"
CONFIG = """engine bridge
scenario Offline
mode AccuracyOnly
user_conf {folder}/user.conf
audit_conf {folder}/none
outdir {folder}
sample_count 8
performance_count 8
max_batch 4
item_bytes 8
worker_fds {worker}
report_fd {report}
"""


class Program:
    """The harness with one worker: this process."""

    def __init__(self, program: str, folder: Path, **changes) -> None:
        (folder / "user.conf").write_text(CONF, "utf-8")
        self.folder = folder
        self.mine, theirs = socket.socketpair()
        self.mine.settimeout(60)
        self.lines, report = os.pipe()
        text = CONFIG.format(folder=folder, worker=theirs.fileno(), report=report)
        for key, value in changes.items():
            text += f"{key} {value}\n"
        (folder / "harness.conf").write_text(text, "utf-8")
        self.process = subprocess.Popen(
            [program, str(folder / "harness.conf")], stdin=subprocess.PIPE, pass_fds=[theirs.fileno(), report]
        )
        theirs.close()
        os.close(report)
        self.wire = wire.Wire(self.mine)

    def begin(self) -> None:
        """Be ready, and load."""
        self.wire.send(wire.READY)
        self.take(wire.LOAD)
        self.wire.send(wire.DONE)

    def take(self, kind: int) -> tuple[int, list[int]]:
        """The next message, which must be of this kind: its batch and its indices."""
        found, count, batch, _ = self.wire.receive()
        assert found == kind
        body = bytearray(4 * count)
        assert self.wire.fill(memoryview(body))
        return batch, list(struct.unpack(f"={count}I", body))

    def end(self) -> None:
        """Let go of the samples."""
        self.take(wire.UNLOAD)
        self.wire.send(wire.DONE)

    def told(self) -> dict[str, list[str]]:
        """Everything that the program says until its end."""
        with os.fdopen(self.lines, encoding="utf-8") as lines:
            found = {line.split("\t")[0]: line.rstrip("\n").split("\t")[1:] for line in lines}
        self.process.wait(60)
        return found

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.mine.close()
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()


def answer(indices: list[int]) -> bytes:
    return struct.pack(f"={len(indices)}q", *(10 * index for index in indices))


def test_batches_of_the_right_size_come_and_answers_reach_the_log(harness, tmp_path) -> None:
    with Program(harness.program, tmp_path) as program:
        program.begin()
        for _ in range(2):
            batch, indices = program.take(wire.BATCH)
            assert len(indices) == 4
            program.wire.send(wire.ANSWER, 4, batch, 8, answer(indices))
        program.end()
        told = program.told()
    assert "failure" not in told and told["done"][1] == "0"
    log = (tmp_path / "mlperf_log_accuracy.json").read_text("utf-8")
    for index in range(SAMPLES):
        assert f'"qsl_idx" : {index}, "data" : "{struct.pack("=q", 10 * index).hex().upper()}"' in log


def test_answers_in_any_order_one_by_one_are_taken(harness, tmp_path) -> None:
    with Program(harness.program, tmp_path, whole_batches=0) as program:
        program.begin()
        tokens = {}
        for _ in range(2):
            batch, indices = program.take(wire.BATCH)
            tokens.update({batch << wire.TOKEN_BITS | k: index for k, index in enumerate(indices)})
        program.take(wire.FLUSH)
        for token, index in reversed(tokens.items()):
            program.wire.send(wire.SOME, 1, wire.NO_BATCH, 8, struct.pack("=Q", token), answer([index]))
        program.end()
        assert "failure" not in program.told()


WRONG = {
    "too few": (wire.ANSWER, 3, None, 8, b"x" * 24, "gave 3 answers of 8 bytes to 4 samples"),
    "too many": (wire.ANSWER, 5, None, 8, b"x" * 40, "gave 5 answers of 8 bytes to 4 samples"),
    "another size": (wire.ANSWER, 4, None, 2, b"x" * 8, "answers of 2 bytes to 4 samples, expected 8 bytes each"),
    "sizes of their own": (wire.ANSWER, 0, None, wire.OWN_SIZES, b"", "gave 0 answers"),
    "another batch": (wire.ANSWER, 4, 77, 8, b"x" * 32, "answered batch 77, which is not open"),
    "an unknown kind": (99, 4, None, 8, b"", "unknown kind 99"),
    "a huge count": (wire.ANSWER, 1 << 31, None, 8, b"", "a message about 2147483648 samples"),
    "a huge body": (wire.ANSWER, 1 << 20, None, 1 << 20, b"", "a message of 1099511627776 bytes"),
    "a token of nobody": (wire.SOME, 1, None, 8, b"\xff" * 8 + b"x" * 8, "one that was never asked"),
    "a failure": (wire.FAILED, 4, None, 0, b"oops", "worker 0 failed: oops"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_message_is_named_and_the_run_ends(harness, tmp_path, case) -> None:
    kind, count, batch, size, body, words = case
    with Program(harness.program, tmp_path) as program:
        program.begin()
        real, _ = program.take(wire.BATCH)
        program.wire.send(kind, count, real if batch is None else batch, size, body)
        program.mine.shutdown(socket.SHUT_WR)  # and no more
        told = program.told()
    assert words in told["failure"][1]
    assert int(told["done"][1]) == SAMPLES  # all of them are answered by nothing, and LoadGen's logs are whole
    assert (tmp_path / "mlperf_log_detail.txt").stat().st_size > 1000


@pytest.mark.parametrize("when", ["before it is ready", "while loading", "in the middle of a message"])
def test_a_worker_that_goes_away_is_named(harness, tmp_path, when) -> None:
    with Program(harness.program, tmp_path) as program:
        if when == "while loading":
            program.wire.send(wire.READY)
            program.take(wire.LOAD)
        elif when != "before it is ready":
            program.begin()
            batch, _ = program.take(wire.BATCH)
            program.wire.send(wire.ANSWER, 4, batch, 8, b"half")
        program.mine.close()
        told = program.told()
    assert told["failure"] == ["gone", "worker 0 ended before the run did"]


def test_it_ends_with_the_process_that_started_it(harness, tmp_path) -> None:
    with Program(harness.program, tmp_path) as program:
        program.begin()
        assert program.process.stdin is not None
        program.process.stdin.close()
        assert program.process.wait(60) == 66


BAD_CONFIGS = [
    ("colour red\n", "unknown key: colour red"),
    ("sample_count many\n", "not a list of numbers: many"),
    ("workers 1 2\n", "not a number: 1 2"),
    ("performance_count 0\n", "no samples"),
    ("max_batch 0\n", "max_batch is 0"),
    ("seeds 1 2\n", "expected three seeds"),
]


@pytest.mark.parametrize(("more", "words"), BAD_CONFIGS, ids=[words for _, words in BAD_CONFIGS])
def test_a_wrong_configuration_is_refused(harness, tmp_path, more: str, words: str) -> None:
    path = tmp_path / "harness.conf"
    path.write_text(CONFIG.format(folder=tmp_path, worker=0, report=2) + more, "utf-8")
    # Standard input stays open: when it closes, the program ends for that reason.
    with subprocess.Popen(
        [harness.program, str(path)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as one:
        assert one.stderr is not None
        assert words in one.stderr.read() and one.wait(60) == 65
