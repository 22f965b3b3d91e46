"""Power of one scenario: its performance run again, under a director's meter, for ranging and for testing.

Ranging only finds the meter's ranges: it takes at most 300 s (section 8.2).

The testing run takes the place of the performance run, so that speed and power are of the same minutes
(mlperf-inference sections 7.3 and 10).
"""

from __future__ import annotations

import os
import shutil
import sys

import msgspec

from franca.catalog.files import read_json, write_text_atomic
from franca.errors import StepFailed
from franca.mlperf.inference.bench import Bench
from franca.mlperf.inference.boot import boot_argv
from franca.mlperf.inference.config import Entry, format_config, read_config
from franca.mlperf.inference.host import Watch
from franca.mlperf.inference.job import Job, job_from_json
from franca.mlperf.inference.results import DETAIL, HostLoad, Performance, Power, read_performance
from franca.mlperf.inference.runner import command_line, watchdog_limit, write_job
from franca.mlperf.inference.scenarios import Mode, Scenario
from franca.mlperf.logs.detail import read_detail
from franca.mlperf.power.client import PHASES, RUN_LOGS, PowerServer, measure
from franca.mlperf.power.turns import write_plan
from franca.mlperf.submission.power_records import mean_watts, read_samples
from franca.mlperf.submission.run_checks import measured_window
from franca.mlperf.submission.tables import detect_round, rounds

SAMPLES = "spl.txt"
FOLDERS = ("power", "ranging")
"""Beside ``run_1``."""

RANGING_MS = 300_000
"""Duration of a ranging run whose testing run is longer."""

LEAST_QUERIES = {Scenario.SINGLE_STREAM: 100, Scenario.MULTI_STREAM: 662}
"""That a stream must have answered: LoadGen logs an error when the maximum duration comes first (8.3)."""


class PowerRun:
    """Measures the power of a scenario whose performance run is staged and VALID."""

    def __init__(self, bench: Bench, scenario: Scenario, server: PowerServer) -> None:
        self.bench = bench
        self.scenario = scenario
        self.server = server
        self.final = bench.tree.folder(scenario, Mode.PERFORMANCE)
        self._host: HostLoad | None = None  # of the phase that ran last, which is the one that counts

    def run(self, staged: str, performance: Performance) -> tuple[str, Performance]:
        """The folder that holds ``power``, ``ranging`` and ``run_1``, and the result with its power.

        Args:
            staged: folder of the performance run, whose job is run again.

        Raises:
            Unavailable: no director answers. StepFailed: it refused, or left no usable samples.
        """
        out = self.bench.tree.stage(f"{self.scenario.slug}-power")
        limit_s = watchdog_limit(performance.child_seconds, performance.queries)
        where = f"{self.server.host}:{self.server.port}"
        self.bench.say(
            f"{self.scenario.value} power: twice under the director at {where}, to find ranges and to measure"
        )
        if self.server.client:
            self._released(staged, out, performance)
        else:
            measure(self.server, lambda phase: self._own(staged, out, phase, limit_s, performance), out)
        keep_logs_only(os.path.join(out, "ranging"))
        run = os.path.join(out, PHASES["testing"])
        measured = read_performance(run, self.scenario, self.bench.spec.round)
        return out, msgspec.structs.replace(
            measured,
            steps=[*performance.steps, "measured again with the power meter"],
            overhead=performance.overhead,
            host=self._host,
            folder=self.final,
            power=read_power(out, self.scenario, measured),
        )

    def _own(self, staged: str, out: str, phase: str, limit_s: float, performance: Performance) -> str:
        folder = os.path.join(out, PHASES[phase])
        os.makedirs(folder, exist_ok=True)
        job = _moved(staged, folder)
        if phase == "ranging":
            job = ranging_job(job, folder, self.scenario, performance)
        self._host = self.bench.child(job, self.final, limit_s).host
        return folder

    def _released(self, staged: str, out: str, performance: Performance) -> None:
        """The official client copies LoadGen's logs by itself; the job's other files are added to its copy."""
        from franca.mlperf.power.released import measure_released

        logs = self.bench.tree.stage(f"{self.scenario.slug}-load")
        turns = self.bench.tree.stage(f"{self.scenario.slug}-turns")
        job = _moved(staged, logs)
        words = [command_line(write_job(job), self.bench.interpreter)]
        if not (self.server.max_amps and self.server.max_volts):  # else the client only tests
            shorter = ranging_job(job, turns, self.scenario, performance)
            words.insert(0, command_line(write_job(shorter, turns), self.bench.interpreter))
        plan = os.path.join(turns, "plan.json")
        write_plan(plan, words)
        watch = Watch()
        measure_released(self.server, boot_argv(sys.executable, "franca.mlperf.power.turns", plan), logs, out)
        self._host = watch.stop()
        run = os.path.join(out, PHASES["testing"])
        for name in os.listdir(logs):
            if not os.path.exists(os.path.join(run, name)):
                os.replace(os.path.join(logs, name), os.path.join(run, name))
        shutil.rmtree(logs)
        shutil.rmtree(turns)


def _moved(staged: str, folder: str) -> Job:
    """The job of a staged run, with its files in another folder."""
    with open(os.path.join(staged, "job.json"), encoding="utf-8") as source:
        job = job_from_json(source.read())
    conf, audit = (os.path.join(folder, os.path.basename(path)) for path in (job.user_conf, job.audit_conf))
    shutil.copyfile(job.user_conf, conf)
    return job._replace(outdir=folder, user_conf=conf, audit_conf=audit)


def ranging_job(job: Job, folder: str, scenario: Scenario, performance: Performance) -> Job:
    """The job with the settings of a ranging run, whose file goes to ``folder``; the same job when it is short."""
    if performance.min_duration_s * 1000 <= RANGING_MS:
        return job
    settings = {"min_duration": RANGING_MS}
    expected = performance.queries / performance.duration_s * RANGING_MS / 1000 if performance.duration_s else 0
    if scenario.is_stream and expected >= 2 * LEAST_QUERIES[scenario]:
        settings["max_duration"] = RANGING_MS
    if scenario is Scenario.OFFLINE and performance.target_qps:
        settings["max_query_count"] = max(1, round(RANGING_MS / 1000 * performance.target_qps))
    kept = [entry for entry in read_config(job.user_conf) if entry.key not in settings]
    entries = [*kept, *(Entry(job.model_key, scenario.value, key, str(value)) for key, value in settings.items())]
    path = os.path.join(folder, "ranging.conf")
    write_text_atomic(path, format_config(entries, "Settings of the ranging run of a power measurement"))
    return job._replace(user_conf=path)


def keep_logs_only(folder: str) -> None:
    """The ranging folder of a submission holds LoadGen's logs and the samples, nothing else (W1)."""
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        if name not in (*RUN_LOGS, SAMPLES):
            os.unlink(os.path.join(folder, name))


def read_power(folder: str, scenario: Scenario, performance: Performance) -> Power:
    """Mean power inside LoadGen's window, and the metrics made from it (section 10.4).

    Raises:
        StepFailed: not one sample lies inside the window.
    """
    log = read_detail(os.path.join(folder, PHASES["testing"], DETAIL))
    window = measured_window(log)
    path = os.path.join(folder, PHASES["testing"], SAMPLES)
    round_name = detect_round(log.integer("effective_qsl_rng_seed")) or rounds()[-1]
    watts = mean_watts(read_samples(path), *window, round_name) if window else None
    if not watts or window is None:
        raise StepFailed(
            f"{scenario.value}: the meter gave no sample inside the measured time",
            step="power", log=path, hint="make the run longer than a few samples, and synchronise the clocks",
        )  # fmt: skip
    value, unit = watts, "W"
    if scenario.is_stream:
        seconds = (window[1] - window[0]).total_seconds()
        value, unit = watts * seconds * 1000 / performance.queries, "mJ/query"
    per_query = performance.samples / performance.queries
    return Power(
        watts=watts,
        value=value,
        unit=unit,
        samples_per_joule=per_query * 1000 / value if scenario.is_stream else performance.value / watts,
        simulated=bool(read_json(os.path.join(folder, "power", "server.json")).get("simulated")),
    )
