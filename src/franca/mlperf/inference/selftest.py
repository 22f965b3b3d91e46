"""LoadGen alone: a system that answers at once with nothing, in all four scenarios (section 20.1, ``selftest``).

Every result must be VALID: what is INVALID here is wrong with the installation or with the machine, not with a model.
"""

from __future__ import annotations

import os

import msgspec

from franca.mlperf.inference.config import ANY, Entry, format_config
from franca.mlperf.inference.job import Job, PartSpec
from franca.mlperf.inference.results import DETAIL, read_performance
from franca.mlperf.inference.rounds import SEEDS, Seeds
from franca.mlperf.inference.runner import Interpreter, run_job
from franca.mlperf.inference.scenarios import Mode, Scenario
from franca.mlperf.logs.detail import DetailLog, read_detail

LIMIT_S = 60.0  #: of one scenario; it takes about a second
#: Enough for early stopping. Expected rates are above, expected latencies below, what any machine reaches, so that the
#: shortest duration is met; the bound of Server is one that no load of the machine breaks.
ENTRIES = {
    Scenario.SINGLE_STREAM: {"min_duration": "300", "min_query_count": "500", "target_latency": "0.001"},
    Scenario.MULTI_STREAM: {"min_duration": "300", "min_query_count": "700", "target_latency": "0.004"},
    Scenario.SERVER: {
        "min_duration": "1000", "min_query_count": "1000", "target_qps": "1000", "target_latency": "5000",
    },
    Scenario.OFFLINE: {"min_duration": "100", "min_query_count": "1", "target_qps": "5000000"},
}  # fmt: skip


class Rate(msgspec.Struct, frozen=True):
    """One scenario: whether LoadGen found it VALID, its figure, and the samples a second that it stands for."""

    scenario: str
    valid: bool
    value: float
    unit: str
    samples_per_second: float
    seconds: float  #: that LoadGen took
    problems: list[str]


class SelfTest(msgspec.Struct, frozen=True):
    """The rates, and which LoadGen it was. ``round``: the round whose seeds it has embedded, "" = none known."""

    loadgen: str
    round: str
    seeds: dict[str, int]
    rates: list[Rate]

    @property
    def valid(self) -> bool:
        return all(rate.valid for rate in self.rates)


def self_test(interpreter: str, folder: str) -> SelfTest:
    """Run all four scenarios; the logs stay in ``folder``.

    Raises:
        StepFailed: LoadGen cannot be imported by ``interpreter``, crashed or hung; the message has the log.
    """
    rates = [_rate(scenario, Interpreter(interpreter), os.path.join(folder, scenario.slug)) for scenario in Scenario]
    log = read_detail(os.path.join(folder, Scenario.OFFLINE.slug, DETAIL))
    seeds = _seeds(log)
    known = next((name for name, found in SEEDS.items() if found == seeds), "")
    return SelfTest(log.text("loadgen_version"), known, seeds._asdict(), rates)


def _rate(scenario: Scenario, interpreter: Interpreter, folder: str) -> Rate:
    os.makedirs(folder)
    conf = os.path.join(folder, "user.conf")
    entries = [Entry(ANY, scenario.value, key, value) for key, value in ENTRIES[scenario].items()]
    with open(conf, "w", encoding="utf-8") as out:
        out.write(format_config(entries, "self-test, written by Franca"))
    none = PartSpec("")
    job = Job("null", folder, none, none, none, none)._replace(
        scenario=scenario.value,
        mode=Mode.PERFORMANCE.loadgen_name,
        user_conf=conf,
        audit_conf=os.path.join(folder, "no-audit.config"),
    )
    child = run_job(job, interpreter, limit_s=LIMIT_S)
    found = read_performance(folder, scenario)
    problems = [flag.reason or flag.name for flag in found.flags if flag.met is False] + found.errors
    return Rate(
        scenario.value,
        found.good,
        found.value,
        found.unit,
        found.samples_per_second,
        float(child.answer["loadgen_seconds"]),
        problems,
    )


def _seeds(log: DetailLog) -> Seeds:
    return Seeds(*(log.integer(f"effective_{name}_rng_seed") for name in Seeds._fields))
