"""What a report reads from ``results.json``: the fields that it shows, everything else ignored.

The file is the contract (``franca.mlperf.inference.results`` writes it); the two packages do not import each
other, so that a report can be made from anybody's results file of the same schema.
"""

from __future__ import annotations

from typing import Any

import msgspec

from franca.errors import Location, MalformedFile
from franca.results.noise import busy_words

SCHEMA = "franca-inference-result-1"
MAX_BYTES = 64 << 20


class Flag(msgspec.Struct, frozen=True):
    name: str
    met: bool | None
    reason: str = ""


class Latency(msgspec.Struct, frozen=True):
    """Nanoseconds."""

    minimum: float
    mean: float
    maximum: float
    percentiles: dict[str, float]


class Histogram(msgspec.Struct, frozen=True):
    """Bucket k counts times in ``[2**(k/per_octave), 2**((k+1)/per_octave))`` ns, k from ``first``."""

    what: str
    per_octave: int
    first: int
    counts: list[int]


class Overhead(msgspec.Struct, frozen=True):
    bare_rate: float
    rate: float
    ratio: float
    latency_difference_us: float | None
    bare_batch: int


class Power(msgspec.Struct, frozen=True, kw_only=True):
    watts: float
    value: float
    unit: str
    samples_per_joule: float
    simulated: bool = False


class Tokens(msgspec.Struct, frozen=True):
    per_second: float | None
    first: Latency | None
    each: Latency | None


class HostLoad(msgspec.Struct, frozen=True, kw_only=True):
    cores: int
    others: float
    steal: float
    load_after: float

    @property
    def noise(self) -> str:
        """What else the machine did; '' when it was quiet."""
        return busy_words(self.cores, self.others, self.steal, self.load_after)


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    title: str
    unit: str
    value: float
    samples_per_second: float
    valid: bool
    flags: list[Flag]
    errors: list[str]
    warnings: list[str]
    queries: int
    samples: int
    duration_s: float
    latency: Latency
    target_qps: float | None = None
    latency_bound_ms: float | None = None
    tokens: Tokens | None = None
    histogram: Histogram | None = None
    overhead: Overhead | None = None
    power: Power | None = None
    steps: list[str] = []
    advice: list[str] = []
    peak_memory_bytes: int = 0
    host: HostLoad | None = None
    reused: bool = False
    folder: str = ""

    @property
    def good(self) -> bool:
        return self.valid and not self.errors

    @property
    def noise(self) -> str:
        return self.host.noise if self.host else ""


class Accuracy(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    value: float
    good: int
    total: int
    line: str
    equals_direct: bool
    direct: float
    target: float = 0.0
    errors: list[str] = []
    folder: str = ""

    @property
    def shown(self) -> str:
        """The figure: a percentage, but for the Dice score, which the rules state as a fraction."""
        return f"{self.value:.5f}" if self.name == "DICE" else f"{self.value:.3f} %"

    @property
    def counted(self) -> str:
        """What it is made of: answers that were right, where the task counts such, else the official line."""
        return f"{self.good:,} of {self.total:,} right" if self.good else self.line

    @property
    def passed(self) -> bool:
        return self.equals_direct and self.value >= self.target and not self.errors


class Compliance(msgspec.Struct, frozen=True, kw_only=True):
    test: str
    passed: bool
    reference: float
    score: float
    details: list[str]


class Scenario(msgspec.Struct, frozen=True):
    scenario: str
    performance: Performance | None = None
    accuracy: Accuracy | None = None
    compliance: list[Compliance] = []


class Results(msgspec.Struct, frozen=True, kw_only=True):
    schema: str
    benchmark: str
    model: str
    model_sha256: str
    dataset: str
    dataset_sha256: str
    samples: int
    sut: str
    profile: str
    note: str
    submission_grade: bool
    round: str
    started: str
    finished: str
    command: str
    system: dict[str, dict[str, Any]]
    software: dict[str, str]
    ingredients: list[dict[str, str]]
    settings: dict[str, Any]
    scenarios: list[Scenario]
    loadgen_seconds: float
    franca_seconds: float
    folder: str


def read_results(path: str) -> Results:
    """Read a results file.

    Raises:
        MalformedFile: it cannot be read, is not JSON, lacks a field, or has another schema.
    """
    try:
        with open(path, "rb") as source:
            raw = source.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise MalformedFile(f"larger than {MAX_BYTES} bytes", where=Location(path))
        results = msgspec.json.decode(raw, type=Results)
    except OSError as error:
        raise MalformedFile(f"cannot be read: {error.strerror}", where=Location(path)) from error
    except msgspec.DecodeError as error:
        raise MalformedFile(f"not a results file: {error}", where=Location(path)) from error
    if results.schema != SCHEMA:
        raise MalformedFile(f"schema is {results.schema!r}, expected {SCHEMA!r}", where=Location(path))
    return results
