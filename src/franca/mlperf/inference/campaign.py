"""A whole benchmark: measure the bare loop, run every scenario and mode, judge, record.

Finished parts of the same identity are reused, so a run that was stopped goes on where it was
(mlperf-inference section 7.5).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from typing import Any

import msgspec

from franca.catalog.files import write_bytes_atomic
from franca.catalog.locks import locked
from franca.errors import NotFound, Unavailable
from franca.mlperf.inference import configs, profiles, system, targets
from franca.mlperf.inference.accuracy import ACCURACY_LOG, write_accuracy_txt
from franca.mlperf.inference.bench import USER_CONF, Baseline, Bench
from franca.mlperf.inference.compliance import RUN_LOGS, ComplianceRun, check_tests, outputs_of
from franca.mlperf.inference.config import ANY, own_entries, read_config
from franca.mlperf.inference.measure import Measurement
from franca.mlperf.inference.powered import FOLDERS, PowerRun
from franca.mlperf.inference.predictor import WARM_UP_RUNS, warm_sizes
from franca.mlperf.inference.rescore import rescored
from franca.mlperf.inference.results import (
    DETAIL,
    Accuracy,
    BenchmarkResult,
    Compliance,
    Performance,
    ScenarioResult,
    read_accuracy_errors,
)
from franca.mlperf.inference.runner import Interpreter, watchdog_limit
from franca.mlperf.inference.scenarios import Mode, Scenario
from franca.mlperf.inference.sidecars import write_sidecars, write_sut_info
from franca.mlperf.inference.spec import RunSpec
from franca.mlperf.inference.store import (
    Tree,
    file_sha256,
    folder_sha256,
    has_all,
    identity_of,
    place_sha256,
    read_part,
    write_part,
)
from franca.mlperf.inference.token_audit import end_tokens
from franca.mlperf.inference.tokens import check_tokens
from franca.mlperf.inference.tools import package_of, plain_name, runtime_version, versions
from franca.mlperf.native.libraries import onnxruntime_library
from franca.mlperf.network.facts import network_facts
from franca.mlperf.power.client import PHASES, reach

RESULTS = "results.json"
#: Files without which a part is not finished, whatever its record says (section 7.5).
WHOLE = {Mode.PERFORMANCE: (*RUN_LOGS, USER_CONF), Mode.ACCURACY: (*RUN_LOGS, ACCURACY_LOG, USER_CONF)}


class Campaign:
    """Runs one request. ``say`` gets a line for people before each thing that takes time."""

    def __init__(self, spec: RunSpec, say: Callable[[str], None]) -> None:
        self.spec = spec
        self.say = say
        self.profile = spec.length()
        self.offline_rate = 0.0
        self.baseline: Baseline | None = None

    def run(self) -> BenchmarkResult:
        """Do what is missing, reuse the rest, write ``results.json``.

        Raises:
            FrancaError: see ``runner.run_job``; finished parts stay and are reused by the next run.
        """
        self._prepare()
        with locked(self._lock_file(), on_wait=self.say):
            began, started = time.monotonic(), _utc()
            self.bench.tree.make()
            write_sut_info(self.bench.tree.sut_folder, self.spec, self.software)
            scenarios = self._scenarios()
            self._note_version()
            result = self._result(scenarios, started, time.monotonic() - began)
            raw = msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"
            write_bytes_atomic(os.path.join(self.bench.tree.root, RESULTS), raw)
            write_bytes_atomic(os.path.join(self.spec.output, RESULTS), raw)
        return result

    def _prepare(self) -> None:
        spec = self.spec
        if spec.power is not None:
            reach(spec.power)
        if not os.path.exists(spec.model_file):
            raise NotFound(
                f"model {spec.model_file} does not exist",
                hint="get it again: run its recipe with --new, or give a place of yours with --model_file",
            )
        given = own_entries(read_config(spec.user_conf), _config_name(spec), spec.user_conf) if spec.user_conf else []
        check_tokens(spec, given)
        self.software = versions(Interpreter(spec.interpreter, tuple(spec.python_path)), spec.backend.name)
        spec = self._with_library(spec)
        self.system = system.describe(spec.device) | (network_facts(spec.workers) if spec.servers else {})
        backend = plain_name(spec.backend.name)
        framework = f"{backend}-v{runtime_version(spec.backend.name, self.software)}"
        sut = f"{spec.hw_name}-{spec.implementation}-{spec.device}-{framework}-{spec.run_config}"
        self.bench = Bench(spec, Tree(spec.output, self.profile.run_style, sut, spec.model), given, self.say)
        self.bench.per_query(Scenario.MULTI_STREAM)  # refused before anything runs
        check_tests(self.bench)
        self.facts = self._facts()

    def _with_library(self, spec: RunSpec) -> RunSpec:
        """The request with the library that engine onnxruntime opens; its version counts, not the package's."""
        if spec.engine == "onnxruntime":
            library = onnxruntime_library(spec.interpreter, spec.library)
            self.software["onnxruntime"] = library.version
            self.spec = spec = msgspec.structs.replace(spec, library=library.path)
        return spec

    def _lock_file(self) -> str:
        try:
            os.makedirs(self.spec.output, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                f"results folder {self.spec.output} cannot be made: {error.strerror}",
                hint="choose another place with --output=FOLDER",
            ) from error
        return os.path.join(self.spec.output, ".franca.lock")

    def _facts(self) -> dict[str, Any]:
        """Everything that decides a result, whatever the scenario."""
        spec = self.spec
        self.model_sha256 = place_sha256(spec.model_file)
        path = str(spec.dataset.options.get("path", ""))
        self.dataset_sha256 = folder_sha256(path) if os.path.isdir(path) else ""
        return {
            "model": self.model_sha256,
            "dataset": self.dataset_sha256,
            "parts": msgspec.to_builtins([spec.backend, spec.dataset, spec.metric, spec.sut]),
            "sizes": [spec.max_batchsize, spec.workers, spec.batch_timeout_ms, spec.coalesce],
            "targets": msgspec.to_builtins(spec.targets),
            "given": [list(e) for e in self.bench.given],
            "profile": repr(self.profile),
            "round": spec.round,
            "engine": [spec.engine, file_sha256(spec.harness) if spec.harness else "", *spec.servers],
            **({"library": file_sha256(spec.library)} if spec.library else {}),
            "peak": spec.peak,
            "power": msgspec.to_builtins(spec.power),
            "software": self.software,
            **({"accelerators": gpu["value"]} if (gpu := self.system.get("accelerator_model_name")) else {}),
            "cpu": [self.system[k] for k in ("host_processor_model_name", "host_processor_usable_threads")],
        }

    # -- the parts ---------------------------------------------------------------------------------

    def _scenarios(self) -> list[ScenarioResult]:
        if "TEST06" in self.spec.compliance:
            end_tokens(self.spec, self._measured_baseline().ends)  # refused before the runs
        found: dict[Scenario, dict[Mode, Any]] = {}
        for scenario, mode in self.spec.wanted():
            found.setdefault(scenario, {})[mode] = self._part(scenario, mode)
        return [
            ScenarioResult(
                s.value, found[s].get(Mode.PERFORMANCE), found[s].get(Mode.ACCURACY), self._compliance(s, found[s])
            )
            for s in Scenario
            if s in found
        ]

    def _compliance(self, scenario: Scenario, parts: dict[Mode, Any]) -> list[Compliance]:
        """The compliance tests of a scenario that has a VALID performance run; later runs make older tests void."""
        reference: Performance | None = parts.get(Mode.PERFORMANCE)
        if reference is None or not self.spec.compliance:
            return []
        if not reference.good:
            self.say(f"{scenario.value}: compliance tests wait for a VALID performance run")
            return []
        return [self._test(scenario, test, reference) for test in self.spec.compliance]

    def _test(self, scenario: Scenario, test: str, reference: Performance) -> Compliance:
        marks: dict[str, Any] = {"scenario": scenario.value, "test": test, "sampling": self.spec.sampling_target}
        marks |= {"end": self.spec.end_token} if test == "TEST06" else {}
        log = file_sha256(os.path.join(reference.folder, DETAIL))
        identity = identity_of({**self.facts, **marks, "reference": log})
        job = ComplianceRun(self.bench, self._measured_baseline(), scenario, test)
        kept = None if self.spec.rerun else read_part(job.final, identity, Compliance)
        if kept is not None and kept.passed and has_all(job.final, outputs_of(test)):
            self.say(f"{scenario.value} {test}: kept from an earlier run")
            return msgspec.structs.replace(kept, reused=True, folder=job.final)
        staged, result = job.run(reference, self.bench.tree.folder(scenario, Mode.ACCURACY))
        write_part(staged, identity, result)
        self.bench.tree.publish(staged, job.final)
        return result

    def _part(self, scenario: Scenario, mode: Mode) -> Performance | Accuracy:
        identity = identity_of({**self.facts, "scenario": scenario.value, "mode": mode.value})
        part = None if self.spec.rerun else self._finished(scenario, mode, identity)
        if part is not None:
            self.say(f"{scenario.value} {mode.value}: kept from an earlier run")
        else:
            baseline = self._measured_baseline()
            make = self._performance if mode is Mode.PERFORMANCE else self._accuracy
            part = make(scenario, baseline, identity)
        if scenario is Scenario.OFFLINE and isinstance(part, Performance):
            self.offline_rate = part.value
        return part

    def _finished(self, scenario: Scenario, mode: Mode, identity: str) -> Performance | Accuracy | None:
        """A part that needs no run: complete, of the same identity, and VALID or right."""
        folder = self.bench.tree.folder(scenario, mode)
        if not has_all(folder, WHOLE[mode]):
            return None
        if mode is Mode.ACCURACY:
            accuracy = read_part(folder, identity, Accuracy)
            if accuracy is None or not accuracy.equals_direct or accuracy.errors:
                return None
            if self.spec.rescore:
                accuracy = rescored(self.bench, folder, accuracy)
                write_part(folder, identity, accuracy)
            write_sidecars(folder, self.spec, self.system, self.software)
            write_accuracy_txt(folder, accuracy.line)  # restored when somebody has removed it
            return msgspec.structs.replace(accuracy, reused=True, folder=folder)
        performance = read_part(folder, identity, Performance)
        if performance is None or not performance.good:
            return None
        if performance.power is not None and not os.path.isdir(os.path.join(os.path.dirname(folder), FOLDERS[0])):
            return None
        write_sidecars(folder, self.spec, self.system, self.software)
        return msgspec.structs.replace(performance, reused=True, folder=folder)

    def _measured_baseline(self) -> Baseline:
        if self.baseline is None:
            identity = identity_of({**self.facts, "what": "baseline"})
            final = os.path.join(self.bench.tree.root, "baseline")
            kept = None if self.spec.rerun else read_part(final, identity, Baseline)
            self.baseline = kept or self._measure_baseline(final, identity)
            self.bench.warm_up_s = self._warm_up_s(self.baseline)
        return self.baseline

    def _warm_up_s(self, baseline: Baseline) -> float:
        """Seconds of the first batches of each size, at the bare model's speed with single samples."""
        sizes = warm_sizes(self.spec.max_batchsize, baseline.count)
        return self.spec.workers * WARM_UP_RUNS * sum(sizes) / baseline.loop(1).samples_per_second

    def _measure_baseline(self, final: str, identity: str) -> Baseline:
        batches = tuple(sorted({1, self.bench.per_query(Scenario.MULTI_STREAM), self.spec.max_batchsize}))
        self.say("the bare model, no LoadGen: sizes the runs and evaluates the model directly")
        staged = self.bench.tree.stage("baseline")
        seconds = self.profile.baseline_s
        job = self.bench.job("baseline", staged)._replace(baseline_batches=batches, baseline_s=seconds)
        limit_s = self.spec.patience_s or watchdog_limit(5 + len(batches) * seconds, 0)
        child = self.bench.child(job, final, limit_s)
        baseline = msgspec.convert(child.answer, Baseline)
        write_part(staged, identity, baseline)
        self.bench.tree.publish(staged, final)
        return baseline

    def _performance(self, scenario: Scenario, baseline: Baseline, identity: str) -> Performance:
        staged, performance = Measurement(self.bench, baseline, scenario, identity).run(self.offline_rate)
        if self.spec.power is not None:
            staged, performance = self._powered(scenario, staged, performance)
        write_part(staged, identity, performance)
        write_sidecars(staged, self.spec, self.system, self.software)
        self.bench.tree.publish(staged, performance.folder)
        if self.profile.search and (performance.good or scenario is not Scenario.SERVER):
            path = configs.store(self.spec, scenario, performance)
            if path:
                self.say(f"{scenario.value}: measured target kept in {path}")
        return performance

    def _powered(self, scenario: Scenario, staged: str, performance: Performance) -> tuple[str, Performance]:
        """The run again with its power; the director's records are put in place before the run's own folder."""
        if self.spec.power is None or not performance.good:
            self.say(f"{scenario.value}: power waits for a VALID performance run")
            return staged, performance
        out, measured = PowerRun(self.bench, scenario, self.spec.power).run(staged, performance)
        shutil.rmtree(staged)
        for name in FOLDERS:
            place = os.path.join(out, name)
            if os.path.isdir(place):  # no ranging when the ranges were given
                self.bench.tree.publish(place, os.path.join(os.path.dirname(measured.folder), name))
        return os.path.join(out, PHASES["testing"]), measured

    def _accuracy(self, scenario: Scenario, baseline: Baseline, identity: str) -> Accuracy:
        final = self.bench.tree.folder(scenario, Mode.ACCURACY)
        self.say(f"{scenario.value} accuracy: every sample once")
        staged = self.bench.tree.stage(f"{scenario.slug}-accuracy")
        rates = baseline.rates(self.bench.per_query(Scenario.MULTI_STREAM))
        entries, expected = targets.accuracy_entries(scenario, rates, baseline.count)
        job = self.bench.loadgen_job(scenario, Mode.ACCURACY, staged, entries)
        child = self.bench.child(job, final, watchdog_limit(expected, baseline.count))
        score = child.answer["score"]
        accuracy = Accuracy(
            **{key: score[key] for key in ("name", "value", "good", "total", "line", "more")},
            equals_direct=child.answer["payloads_sha256"] == baseline.payloads_sha256,
            direct=baseline.score["value"],
            target=self.spec.accuracy_target,
            loadgen_seconds=float(child.answer["loadgen_seconds"]),
            child_seconds=child.seconds,
            host=child.host,
            errors=read_accuracy_errors(staged, scenario),
            folder=final,
        )
        write_accuracy_txt(staged, accuracy.line)
        write_part(staged, identity, accuracy)
        write_sidecars(staged, self.spec, self.system, self.software)
        self.bench.tree.publish(staged, final)
        return accuracy

    def _note_version(self) -> None:
        """What a plug-in backend says of its version, once it was loaded.

        The folder keeps ``vunknown``: finished parts are looked for in it before any backend is loaded, and the
        records inside name it.
        """
        if package_of(self.spec.backend.name):
            return
        version = str(self._measured_baseline().capabilities.get("version") or "unknown")
        self.software = {**self.software, plain_name(self.spec.backend.name): version}
        write_sut_info(self.bench.tree.sut_folder, self.spec, self.software)

    # -- the record --------------------------------------------------------------------------------

    def _result(self, scenarios: list[ScenarioResult], started: str, seconds: float) -> BenchmarkResult:
        spec = self.spec
        counts = [r.performance.dataset_samples for r in scenarios if r.performance]
        counts += [r.accuracy.total for r in scenarios if r.accuracy]
        asked = [r.performance.min_duration_s for r in scenarios if r.performance]
        official = min(asked, default=0.0) * 1000 >= profiles.OFFICIAL_MIN_DURATION_MS
        return BenchmarkResult(
            benchmark=spec.benchmark,
            model=spec.model,
            model_sha256=self.model_sha256,
            dataset=spec.dataset_name,
            dataset_sha256=self.dataset_sha256,
            samples=max(counts),
            sut=os.path.basename(self.bench.tree.sut_folder),
            profile=self.profile.name,
            note=self.profile.note if official or not self.profile.submission_grade else profiles.SHORTENED,
            submission_grade=self.profile.submission_grade and official,
            round=spec.round or "that of the LoadGen in use",
            started=started,
            finished=_utc(),
            command=spec.command,
            system=self.system,
            software=self.software,
            ingredients=[msgspec.to_builtins(i) for i in spec.ingredients],
            settings=self._settings(),
            scenarios=scenarios,
            loadgen_seconds=self.bench.loadgen_s,
            franca_seconds=seconds - self.bench.loadgen_s,
            folder=self.bench.tree.root,
        )

    def _settings(self) -> dict[str, Any]:
        spec = self.spec
        return {
            "backend": spec.backend.name,
            "engine": spec.engine or "python",
            "device": spec.device,
            "max_batchsize": spec.max_batchsize,
            "workers": spec.workers,
            "batch_timeout_ms": spec.batch_timeout_ms,
            "coalesce_queries": spec.coalesce,
            "backend_options": {k: v for k, v in spec.backend.options.items() if k != "model"},
        }


def run(spec: RunSpec, say: Callable[[str], None]) -> BenchmarkResult:
    """Run a request; see ``Campaign``."""
    return Campaign(spec, say).run()


def _config_name(spec: RunSpec) -> str:
    """The name in entries of ``user.conf`` that are about this model and no other."""
    return spec.config_name or (spec.model if spec.model_key == ANY else spec.model_key)


def _utc() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
