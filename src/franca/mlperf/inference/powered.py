"""Power of one scenario: its performance run again, under a director's meter, for ranging and for testing.

The testing run takes the place of the performance run, so that speed and power are of the same minutes
(mlperf-inference sections 7.3 and 10).
"""

from __future__ import annotations

import os
import shutil

import msgspec

from franca.catalog.files import read_json
from franca.errors import StepFailed
from franca.mlperf.inference.bench import Bench
from franca.mlperf.inference.host import Watch
from franca.mlperf.inference.job import Job, job_from_json
from franca.mlperf.inference.results import DETAIL, HostLoad, Performance, Power, read_performance
from franca.mlperf.inference.runner import command_line, watchdog_limit, write_job
from franca.mlperf.inference.scenarios import Mode, Scenario
from franca.mlperf.logs.detail import read_detail
from franca.mlperf.power.client import PHASES, RUN_LOGS, PowerServer, measure
from franca.mlperf.submission.power_records import mean_watts, read_samples
from franca.mlperf.submission.run_checks import measured_window
from franca.mlperf.submission.tables import detect_round, rounds

SAMPLES = "spl.txt"
FOLDERS = ("power", "ranging")
"""Beside ``run_1``."""


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
        self.bench.say(f"{self.scenario.value} power: the same run twice under the director at {where}")
        if self.server.client:
            self._released(staged, out)
        else:
            measure(self.server, lambda phase: self._own(staged, out, phase, limit_s), out)
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

    def _own(self, staged: str, out: str, phase: str, limit_s: float) -> str:
        folder = os.path.join(out, PHASES[phase])
        os.makedirs(folder, exist_ok=True)
        self._host = self.bench.child(_moved(staged, folder), self.final, limit_s).host
        return folder

    def _released(self, staged: str, out: str) -> None:
        """The official client copies LoadGen's logs by itself; the job's other files are added to its copy."""
        from franca.mlperf.power.released import measure_released

        logs = self.bench.tree.stage(f"{self.scenario.slug}-load")
        job = _moved(staged, logs)
        words = command_line(write_job(job), self.bench.interpreter)
        watch = Watch()
        measure_released(self.server, words, logs, out)
        self._host = watch.stop()
        run = os.path.join(out, PHASES["testing"])
        for name in os.listdir(logs):
            if not os.path.exists(os.path.join(run, name)):
                os.replace(os.path.join(logs, name), os.path.join(run, name))
        shutil.rmtree(logs)


def _moved(staged: str, folder: str) -> Job:
    """The job of a staged run, with its files in another folder."""
    with open(os.path.join(staged, "job.json"), encoding="utf-8") as source:
        job = job_from_json(source.read())
    conf, audit = (os.path.join(folder, os.path.basename(path)) for path in (job.user_conf, job.audit_conf))
    shutil.copyfile(job.user_conf, conf)
    return job._replace(outdir=folder, user_conf=conf, audit_conf=audit)


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
