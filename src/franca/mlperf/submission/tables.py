"""The numbers of each round: seeds, models, scenarios, targets and bounds, read from `rounds/*.json`.

Sources: MLPerf inference rules and policies of each round, specification 2.5, 2.6 and 13.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache

import msgspec

from franca.errors import NotFound

SCENARIOS = ("SingleStream", "MultiStream", "Server", "Offline", "Interactive")
EARLY_STOPPING = ("SingleStream", "MultiStream", "Server", "Interactive")
"""Scenarios whose validity LoadGen proves by early stopping."""

LATENCY_PERCENTILE = {"SingleStream": 0.9, "MultiStream": 0.99, "Server": 0.99, "Interactive": 0.99}
"""Share of latencies that the result or the bound is about (specification 2.5)."""

_HERE = os.path.dirname(os.path.abspath(__file__))


class Target(msgspec.Struct, frozen=True):
    """One line of accuracy: the metric, the least value for closed, and the greatest where there is one."""

    metric: str
    target: float = 0.0
    limit: float | None = None


class TokenBound(msgspec.Struct, frozen=True):
    """Bounds of the 99th percentiles, ns: time to first token, time per output token."""

    ttft_ns: int
    tpot_ns: int


class OutputTokens(msgspec.Struct, frozen=True):
    """Bounds of the mean length of answers, tokens (TEST09)."""

    least: float
    most: float


class Seeds(msgspec.Struct, frozen=True):
    """The random seeds that every run of a round uses."""

    qsl_rng_seed: int
    sample_index_rng_seed: int
    schedule_rng_seed: int


class Model(msgspec.Struct, frozen=True):
    """What a round asks of one benchmark. `required` and `optional` map a category to scenarios.

    `latency_percentile`: where it is another one than the scenario's.
    `service`: it may be measured behind an endpoint instead of by LoadGen.
    """

    required: dict[str, list[str]]
    accuracy: list[Target]
    performance_samples: int
    offline_min_samples: int
    optional: dict[str, list[str]] = {}
    accuracy_by_scenario: dict[str, list[Target]] = {}
    accuracy_samples: int = 0
    accuracy_samples_by_scenario: dict[str, int] = {}
    accuracy_extra_files: dict[str, list[str]] = {}
    test01_delta_percent: dict[str, float] = {}
    latency_bound_ns: dict[str, int] = {}
    latency_percentile: dict[str, float] = {}
    min_queries: dict[str, int] = {}
    tests: list[str] = []
    output_tokens: OutputTokens | None = None
    test07_score: float = 0.0
    service: bool = False
    token_latencies: bool = False
    token_bounds: dict[str, TokenBound] = {}
    equal_issue: bool = False
    free_duration: bool = False
    result_keys: dict[str, str] = {}
    units: dict[str, str] = {}

    def targets(self, scenario: str) -> list[Target]:
        """Accuracy lines of a scenario."""
        return self.accuracy_by_scenario.get(scenario, self.accuracy)

    def samples(self, scenario: str) -> int:
        """Samples of the whole accuracy run; 0 when the round does not say."""
        return self.accuracy_samples_by_scenario.get(scenario, self.accuracy_samples)


LOCAL_SAMPLES = {"digits-mlp": 1024, "digits-cnn": 1024}
"""This project's own benchmarks and the samples of their data set (13.4). Open only, and mapped to an official one
as any model of a submitter's own: other checkers hold them to that one's data set."""


def local_rules(name: str, division: str, rules: Model) -> Model:
    """The rules of a model directory: those of its official benchmark, with the own data set of a local one."""
    if division != "open" or name not in LOCAL_SAMPLES:
        return rules
    return msgspec.structs.replace(rules, accuracy_samples=LOCAL_SAMPLES[name], accuracy_samples_by_scenario={})


class Round(msgspec.Struct, frozen=True):
    """Everything that differs between rounds."""

    round: str
    seeds: Seeds
    result_keys: dict[str, str]
    aliases: dict[str, str]
    models: dict[str, Model]
    test05_seeds: Seeds | None = None

    @property
    def number(self) -> tuple[int, int]:
        """The round as numbers that compare: v3.0 is (3, 0)."""
        return round_number(self.round)

    def result_key(self, model: str, scenario: str) -> str:
        """Key of the detail log that holds the official result; '' for what is no scenario."""
        return self.models[model].result_keys.get(scenario) or self.result_keys.get(scenario, "")

    def unit(self, model: str, scenario: str) -> str:
        """Unit of that result in the summary (14.1)."""
        special = self.models[model].units.get(scenario) if model in self.models else None
        return special or UNITS[scenario]


UNITS = {
    "SingleStream": "Latency (ms)",
    "MultiStream": "Latency (ms)",
    "Server": "Queries/s",
    "Interactive": "Queries/s",
    "Offline": "Samples/s",
}
POWER_UNITS = {
    "SingleStream": "millijoules",
    "MultiStream": "millijoules",
    "Server": "Watts",
    "Interactive": "Watts",
    "Offline": "Watts",
}


def round_number(name: str) -> tuple[int, int]:
    """`v4.1` as (4, 1). Raises NotFound for anything else."""
    match = re.fullmatch(r"v?(\d+)\.(\d+)", name)
    if not match:
        raise NotFound(f"no MLPerf Inference round {name!r}", hint="known: " + ", ".join(rounds()))
    return int(match.group(1)), int(match.group(2))


@lru_cache(maxsize=1)
def rounds() -> tuple[str, ...]:
    """Names of the rounds that have a table, oldest first."""
    names = (name[:-5] for name in os.listdir(os.path.join(_HERE, "rounds")) if name.endswith(".json"))
    return tuple(sorted(names, key=lambda name: tuple(int(part) for part in name[1:].split("."))))


@lru_cache(maxsize=16)
def load_round(name: str) -> Round:
    """The table of a round ("v3.0" or "3.0"). Raises NotFound."""
    wanted = name if name.startswith("v") else "v" + name
    if wanted not in rounds():
        raise NotFound(f"no rules for MLPerf Inference round {name!r}", hint="known: " + ", ".join(rounds()))
    with open(os.path.join(_HERE, "rounds", wanted + ".json"), "rb") as stream:
        return msgspec.json.decode(stream.read(), type=Round)


def detect_round(qsl_seed: int) -> str | None:
    """The round whose seeds a log carries, or None."""
    return next((name for name in rounds() if load_round(name).seeds.qsl_rng_seed == qsl_seed), None)


def official_model(name: str, table: Round, mapping: dict[str, str], division: str) -> str | None:
    """The benchmark that a model directory stands for (13.4), or None.

    Order: official name, the round's aliases, then for open the submitter's mapping and a guess by parts of
    the name.
    """
    if name in table.models:
        return name
    if name in table.aliases:
        return table.aliases[name]
    if division != "open":
        return None
    chosen = mapping.get(name)
    if chosen is not None:
        return table.aliases.get(chosen, chosen) if table.aliases.get(chosen, chosen) in table.models else None
    return _guess(name, table)


_GUESSES = (
    ("mobilenet", "resnet"),
    ("efficientnet", "resnet"),
    ("resnet50", "resnet"),
    ("bert-99.9", "bert-99.9"),
    ("bert-99", "bert-99"),
)


def _guess(name: str, table: Round) -> str | None:
    lowered = name.lower()
    return next((model for part, model in _GUESSES if part in lowered and model in table.models), None)


def canonical_scenario(name: str) -> str | None:
    """`offline` as `Offline`, whatever its case; None for no scenario."""
    return next((scenario for scenario in SCENARIOS if scenario.lower() == name.lower()), None)


def category_key(system_type: str) -> str | None:
    """`datacenter`, `edge` or `datacenter-edge` for a `system_type`; None when it is not legal (11.3)."""
    parts = [part.strip() for part in system_type.lower().split(",")]
    if parts in (["datacenter"], ["edge"]):
        return parts[0]
    return "datacenter-edge" if sorted(parts) == ["datacenter", "edge"] else None
