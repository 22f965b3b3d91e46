"""Compliance tests of a finished scenario: run with an audit file, verify, write what is submitted.

Which tests there are, their audit entries and their thresholds: mlperf-inference sections 9.1 to 9.5. The audit
file lives in the run's own folder and is passed by path, so that no later run can find it by accident (9.3).
"""

from __future__ import annotations

import os
import shutil
from math import isfinite
from typing import Any, NamedTuple

import msgspec

from franca.catalog.files import write_text_atomic
from franca.errors import Location, MalformedFile, Refused
from franca.mlperf.inference import targets, token_audit
from franca.mlperf.inference.accuracy import ACCURACY_LOG, ACCURACY_TXT
from franca.mlperf.inference.bench import Baseline, Bench
from franca.mlperf.inference.config import ANY, Entry, format_config, number_text
from franca.mlperf.inference.results import DETAIL, Compliance, Performance, read_performance
from franca.mlperf.inference.rounds import TEST05_SEEDS
from franca.mlperf.inference.runner import Child, watchdog_limit
from franca.mlperf.inference.scenarios import Mode, Scenario, throughput
from franca.mlperf.inference.tokens import SWITCH, uses_tokens
from franca.mlperf.logs.accuracy import first_per_sample, read_accuracy
from franca.mlperf.logs.detail import read_detail
from franca.mlperf.submission import tables
from franca.mlperf.submission.sampled_scores import Gap, delta_percent, gaps, usual_percent

SAMPLING_SEED = 720381539243781796
SAMPLING_TARGET = 4096  #: where a benchmark has no number of its own, section 9.2
NEEDS_ACCURACY = ("TEST01", "TEST07", "TEST09")  #: answers are held to those of the accuracy run
SAME_INDEX = 3
RUN_LOGS = ("mlperf_log_summary.txt", DETAIL)
SHARE, SHORT_SHARE = 0.1, 0.2
SHORT_MS = {Scenario.SINGLE_STREAM: 0.2, Scenario.MULTI_STREAM: 1.6}  #: at most this score: the wider share
SERVER_SHARE = {"TEST01": 0.96, "TEST04": 0.97}  #: of the reference run's rate (section 8.2)
PASS, FAIL = "TEST PASS", "TEST FAIL"


class Comparison(NamedTuple):
    """Counts of TEST01: entries of both logs, sampled payloads that differ, sampled samples that are missing."""

    accuracy_entries: int
    performance_entries: int
    mismatches: int
    missing: int

    @property
    def equal(self) -> bool:
        return bool(self.performance_entries) and not self.mismatches and not self.missing


def audit_entries(test: str, scenario: Scenario, sampling_target: int = 0, count: int = 0) -> list[Entry]:
    """The audit file of a test; LoadGen counts wildcard models only (section 2.4). ``count``: of the data set."""
    if test == "TEST01":
        return [
            Entry(ANY, ANY, "mode", "2"),
            Entry(ANY, ANY, "accuracy_log_rng_seed", str(SAMPLING_SEED)),
            Entry(ANY, ANY, "accuracy_log_sampling_target", str(sampling_target or SAMPLING_TARGET)),
        ]
    if test == "TEST04":
        pairs = {"performance_issue_unique": "0", "performance_issue_same": "1"}
        pairs["performance_issue_same_index"] = str(SAME_INDEX)
        return [Entry(ANY, ANY, "mode", "2"), *(Entry(ANY, scenario.value, k, v) for k, v in pairs.items())]
    if test in token_audit.TESTS:
        seed = Entry(ANY, ANY, "accuracy_log_rng_seed", str(SAMPLING_SEED))
        return [Entry(ANY, ANY, "mode", "2"), seed, *token_audit.entries_of(test, count)]
    return [Entry(ANY, ANY, "mode", "2")]


def effects_of(test: str, round_name: str = "") -> dict[str, int | bool]:
    """What the log of a test's run must show."""
    if test == "TEST04":
        return {"effective_performance_issue_same": True}
    if test == "TEST05":
        seeds = TEST05_SEEDS[round_name]._asdict()
        return {f"effective_{name}_rng_seed": value for name, value in seeds.items()}
    return {"effective_accuracy_log_rng_seed": SAMPLING_SEED}


def check_tests(bench: Bench) -> None:
    """See beforehand that the tests can be run and judged; runs of hours come before them.

    Raises:
        Refused: an accuracy run is missing and not asked for, token latencies are off, or the round has no TEST05.
    """
    wanted = bench.spec.wanted()
    for scenario in [s for s, mode in wanted if mode is Mode.PERFORMANCE]:
        for test in bench.spec.compliance:
            _check_test(bench, scenario, test, accuracy=(scenario, Mode.ACCURACY) in wanted)


def _check_test(bench: Bench, scenario: Scenario, test: str, *, accuracy: bool) -> None:
    spec, log = bench.spec, os.path.join(bench.tree.folder(scenario, Mode.ACCURACY), ACCURACY_LOG)
    if test in NEEDS_ACCURACY and not accuracy and not os.path.isfile(log):
        raise Refused(f"{test} of {scenario.value} needs the accuracy run", hint="run with --mode=accuracy")
    if test == "TEST06" and not (spec.targets.inferred_tokens or uses_tokens(spec, bench.given, scenario)):
        raise Refused("TEST06 needs token latencies, and they are off", hint=f"--{SWITCH}=yes")
    if test == "TEST05" and spec.round not in TEST05_SEEDS:
        rounds = ", ".join(sorted(TEST05_SEEDS))
        raise Refused(f"TEST05 exists for rounds {rounds} only", hint="choose one with --round")


def outputs_of(test: str) -> tuple[str, ...]:
    """Files of a test that was run and judged."""
    judged = token_audit.OUTPUTS.get(test, "verify_performance.txt")
    sampled = ("verify_accuracy.txt",) if test == "TEST01" else ()
    logs = [os.path.join("performance", "run_1", name) for name in RUN_LOGS]
    answers = (os.path.join("accuracy", ACCURACY_LOG),) if test == "TEST01" or test in token_audit.OUTPUTS else ()
    return (*logs, judged, *sampled, *answers)


class ComplianceRun:
    """Runs and verifies one test against a reference run that is already there."""

    def __init__(self, bench: Bench, baseline: Baseline, scenario: Scenario, test: str) -> None:
        self.bench = bench
        self.baseline = baseline
        self.scenario = scenario
        self.test = test
        self.final = os.path.join(bench.tree.root, scenario.slug, test)
        self.accuracy_folder = ""  #: of the accuracy run that answers are held to

    def run(self, reference: Performance, accuracy_folder: str) -> tuple[str, Compliance]:
        """The staged folder and the result; ``check_tests`` has seen before that it can be had.

        Raises:
            Refused: the reference is not VALID.
        """
        self._require(reference, accuracy_folder)
        staged = self.bench.tree.stage(f"{self.scenario.slug}-{self.test}")
        run_folder = os.path.join(staged, "performance", "run_1")
        os.makedirs(run_folder)
        performance, dtype = self._measure(run_folder, reference)
        if self.test in token_audit.TESTS:
            return staged, self._judged_by_answers(staged, dtype, reference, performance)
        passed, lines = verify_performance(self.test, self.scenario, reference, performance)
        write_text_atomic(os.path.join(staged, "verify_performance.txt"), "\n".join(lines) + "\n")
        details = [lines[-1] + f": {performance.samples_per_second:.6g} against {reference.samples_per_second:.6g}"]
        if self.test == "TEST01":
            equal, more = self._verify_accuracy(staged, run_folder, accuracy_folder)
            passed, details = passed and equal, [*details, more]
        return staged, Compliance(
            test=self.test,
            passed=passed and performance.good,
            reference=reference.samples_per_second,
            score=performance.samples_per_second,
            valid=performance.good,
            details=details,
            host=performance.host,
            folder=self.final,
        )

    def _judged_by_answers(
        self, staged: str, dtype: str, reference: Performance, performance: Performance
    ) -> Compliance:
        """TEST06, TEST07, TEST09: too short for a VALID run, so that only LoadGen's errors count (section 9.1)."""
        place = os.path.join(staged, "accuracy")
        os.makedirs(place)
        log = os.path.join(place, ACCURACY_LOG)
        os.replace(os.path.join(staged, "performance", "run_1", ACCURACY_LOG), log)
        judge = {"TEST06": self._single_answers, "TEST07": self._scored_answers, "TEST09": self._long_answers}
        passed, lines, words = judge[self.test](log, dtype)
        logged = len({entry.qsl_idx for entry in read_accuracy(log)})
        if self.test != "TEST06" and logged < self.baseline.count:
            words = f"only {logged} of {self.baseline.count} samples were logged: all must fit into memory at once"
            passed, lines = False, [*lines[:-1], words, FAIL]
        write_text_atomic(os.path.join(staged, token_audit.OUTPUTS[self.test]), "\n".join(lines) + "\n")
        return Compliance(
            test=self.test,
            passed=passed and not performance.errors,
            reference=reference.samples_per_second,
            score=performance.samples_per_second,
            valid=not performance.errors,
            details=[words, *(f"LoadGen error: {text}" for text in performance.errors[:3])],
            host=performance.host,
            folder=self.final,
        )

    def _single_answers(self, log: str, dtype: str) -> tuple[bool, list[str], str]:
        told = uses_tokens(self.bench.spec, self.bench.given, self.scenario)
        firsts = told and self.scenario is not Scenario.OFFLINE
        ends = token_audit.end_tokens(self.bench.spec, self.baseline.ends)
        found = token_audit.check_answers(read_accuracy(log), dtype, ends, firsts=firsts, counted=told)
        return found.passed, found.lines(), found.words()

    def _scored_answers(self, log: str, dtype: str) -> tuple[bool, list[str], str]:
        """Every answer scored; without a threshold of the round the accuracy run's figure is the measure."""
        base, test = self._scores(os.path.dirname(log), self.accuracy_folder)
        least = self._rules().test07_score or token_audit.KEPT_SHARE * float(base["value"])
        score = float(test["value"])
        words = f"{score:.5g} of all answers, at least {least:.5g}"
        return score >= least, token_audit.score_lines(test["line"], score, least), words

    def _long_answers(self, log: str, dtype: str) -> tuple[bool, list[str], str]:
        found = token_audit.lengths_of(read_accuracy(log), dtype)
        bounds = self._rules().output_tokens
        if bounds is None:
            whole = first_per_sample(read_accuracy(os.path.join(self.accuracy_folder, ACCURACY_LOG)))
            bounds = token_audit.around(token_audit.lengths_of(whole, dtype).mean)
        words = f"{found.mean:.2f} tokens an answer, {bounds.least:.2f} to {bounds.most:.2f} expected"
        return found.within(bounds), found.lines(bounds), words

    def _rules(self) -> tables.Model:
        """Rules of the round for the benchmark that the model is or stands for; empty ones where there are none."""
        return self._table().models.get(self._official()) or tables.Model({}, [], 0, 0)

    def _official(self) -> str:
        name = self.bench.spec.official_model or self.bench.spec.model
        return self._table().aliases.get(name, name)

    def _table(self) -> tables.Round:
        return tables.load_round(self.bench.spec.round or tables.rounds()[-1])

    def _require(self, reference: Performance, accuracy_folder: str) -> None:
        if not reference.good:
            raise Refused(
                f"{self.test} of {self.scenario.value} waits for a VALID performance run",
                hint="run the scenario again until it is VALID",
            )
        self.accuracy_folder = accuracy_folder

    def _measure(self, folder: str, reference: Performance) -> tuple[Performance, str]:
        """The run, and the type of the values in its log."""
        bench, scenario = self.bench, self.scenario
        choice = self.choice(reference)
        spec = bench.spec
        plan = targets.plan(scenario, bench.profile, choice, bench.bound_ms(scenario), bench.given, spec.model_key)
        length = "every sample" if self.test in token_audit.TESTS else f"about {plan.expected_s:.0f} s"
        length = f"{token_audit.SAMPLED} answers" if self.test == "TEST06" else length
        bench.say(f"{scenario.value} {self.test}, {length}: {choice.reason}")
        job = bench.loadgen_job(scenario, Mode.PERFORMANCE, folder, plan.entries)
        audit = os.path.join(folder, "audit.config")
        entries = audit_entries(self.test, scenario, spec.sampling_target, self.baseline.count)
        with open(audit, "w", encoding="utf-8") as out:
            out.write(format_config(entries, f"{self.test}, written by Franca"))
        seeds = tuple(TEST05_SEEDS[spec.round]) if self.test == "TEST05" else job.seeds
        child: Child = bench.child(
            job._replace(audit_conf=audit, seeds=seeds), self.final, watchdog_limit(plan.expected_s, plan.queries)
        )
        os.unlink(audit)
        performance = read_performance(folder, scenario, spec.round, audited=True)
        self._check_audit(folder)
        return msgspec.structs.replace(performance, host=child.host), str(child.answer.get("payload_dtype", ""))

    def choice(self, reference: Performance) -> targets.Choice:
        """What LoadGen is told to expect, from what the performance run measured."""
        if self.scenario.is_stream:
            value = float(f"{reference.latency.mean / 1e6 * targets.STREAM_MARGIN:.3g}")
            choice = targets.Choice(value, f"expected latency {value:g} ms, from the performance run")
            return targets.bounded_by(reference, self.scenario, self.bench.profile, choice)
        target = reference.target_qps or 0.0
        if self.scenario is Scenario.SERVER:
            target = float(f"{target * SERVER_SHARE.get(self.test, 1.0):.6g}")
        return targets.Choice(target, f"target_qps = {number_text(target)}, from the performance run")

    def _check_audit(self, folder: str) -> None:
        """LoadGen takes an audit file it cannot use without a word: the log must show its effect."""
        log = read_detail(os.path.join(folder, DETAIL))
        for key, wanted in effects_of(self.test, self.bench.spec.round).items():
            if log.get(key) != wanted:
                raise MalformedFile(
                    f"{self.test} had no effect: {key} is {log.get(key)}", where=Location(log.path, key=key)
                )

    def _verify_accuracy(self, staged: str, run_folder: str, accuracy_folder: str) -> tuple[bool, str]:
        """Payloads bit for bit; where they differ, both scores over the sampled responses (section 9.5)."""
        place = os.path.join(staged, "accuracy")
        os.makedirs(place)
        sampled = os.path.join(place, ACCURACY_LOG)
        os.replace(os.path.join(run_folder, ACCURACY_LOG), sampled)
        compared = compare_logs(os.path.join(accuracy_folder, ACCURACY_LOG), sampled)
        write_text_atomic(os.path.join(staged, "verify_accuracy.txt"), "\n".join(comparison_lines(compared)) + "\n")
        shutil.copyfile(os.path.join(accuracy_folder, ACCURACY_TXT), os.path.join(place, ACCURACY_TXT))
        text = f"{compared.performance_entries} responses compared, {compared.mismatches} differ"
        if compared.equal:
            return True, text
        base, test = self._sampled_scores(place, accuracy_folder)
        found = f"{text}; scores of the same samples: {base['value']:.5g} and {test['value']:.5g}"
        apart = [gap for gap in self.gaps(base, test) if not gap.small]
        words = [f"{gap.metric} differs by {gap.percent:.3g} %, at most {gap.allowed:g} % are allowed" for gap in apart]
        return not apart, "; ".join([found, *words])

    def gaps(self, base: dict[str, Any], test: dict[str, Any]) -> list[Gap]:
        """By the metrics of the benchmark; a task of one's own, which has no such lines, by its figure."""
        name = self._official()
        found = gaps(self._rules(), name, self.scenario.value, base["line"], test["line"])
        if found and any(isfinite(gap.percent) for gap in found):
            return found
        percent = delta_percent(str(base["value"]), str(test["value"]))
        return [Gap(str(test["name"]), percent, usual_percent(name))]

    def _sampled_scores(self, place: str, accuracy_folder: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Scores of the sampled responses of both logs; writes the two files that show them."""
        base, test = self._scores(place, accuracy_folder)
        for name, score in (("baseline_accuracy.txt", base), ("compliance_accuracy.txt", test)):
            write_text_atomic(os.path.join(place, name), score["line"] + "\n")
        return base, test

    def _scores(self, place: str, accuracy_folder: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Scores of the responses in ``place``, and before them of the accuracy run's to the same samples."""
        job = self.bench.job("subset", place)._replace(compare=(accuracy_folder, place))
        answer = self.bench.child(job, self.final, watchdog_limit(30, 0)).answer
        for name in ("child.json", "child.log", "job.json"):
            if os.path.exists(os.path.join(place, name)):
                os.unlink(os.path.join(place, name))
        return answer["base"], answer["test"]


def verify_performance(
    test: str, scenario: Scenario, reference: Performance, performance: Performance
) -> tuple[bool, list[str]]:
    """Whether the scores are close enough, and ``verify_performance.txt`` as lines (sections 9.4, 9.5)."""
    base, found = throughput(scenario, reference.value), throughput(scenario, performance.value)
    share = SHORT_SHARE if reference.value <= SHORT_MS.get(scenario, -1.0) else SHARE
    good = base > 0 and (found < base * (1 + share) if test == "TEST04" else abs(found / base - 1) <= share)
    lines = [
        "Verifying performance.",
        f"reference score = {reference.value:.9g}",
        f"test score = {performance.value:.9g}",
        PASS if good else FAIL,
    ]
    return good, lines


def compare_logs(accuracy_log: str, sampled_log: str) -> Comparison:
    """Every response that the performance run sampled, against that of the accuracy run to the same sample."""
    truth = {entry.qsl_idx: entry.data for entry in first_per_sample(read_accuracy(accuracy_log))}
    entries = mismatches = missing = 0
    for entry in read_accuracy(sampled_log):
        entries += 1
        expected = truth.get(entry.qsl_idx)
        missing += expected is None
        mismatches += expected is not None and expected != entry.data
    return Comparison(len(truth), entries, mismatches, missing)


def comparison_lines(compared: Comparison) -> list[str]:
    """``verify_accuracy.txt``."""
    return [
        f"num_acc_log_entries = {compared.accuracy_entries}",
        f"num_perf_log_entries = {compared.performance_entries}",
        f"num_perf_log_data_mismatch = {compared.mismatches}",
        f"num_missing_qsl_idxs = {compared.missing}",
        PASS if compared.equal else FAIL,
    ]
