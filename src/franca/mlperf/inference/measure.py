"""Performance of one scenario: choose a target, run, correct the target when it proves wrong, judge."""

from __future__ import annotations

import shutil

import msgspec

from franca.errors import Unavailable
from franca.mlperf.inference import system, targets
from franca.mlperf.inference.bench import Baseline, Bench
from franca.mlperf.inference.profiles import Length, Profile
from franca.mlperf.inference.results import Histogram, Overhead, Performance, read_performance
from franca.mlperf.inference.runner import watchdog_limit
from franca.mlperf.inference.scenarios import FACTS, Mode, Scenario

MAX_RUNS = 4  #: of one scenario when its target was found here and proved wrong
MAX_PROBES = 8  #: of the Server search
MEMORY_SHARE = 0.7  #: of free memory that pre-generated queries may take


class Measurement:
    """One scenario's performance run and the search for its target."""

    def __init__(self, bench: Bench, baseline: Baseline, scenario: Scenario) -> None:
        self.bench = bench
        self.baseline = baseline
        self.scenario = scenario
        self.final = bench.tree.folder(scenario, Mode.PERFORMANCE)
        self.steps: list[str] = []

    def run(self, offline_rate: float) -> tuple[str, Performance]:
        """The staged folder of the last run, and its result.

        Args:
            offline_rate: samples/s measured in Offline, 0 when not known; the Server search starts from it.
        """
        spec = self.bench.spec
        asked = targets.asked(self.scenario, spec.targets, self.bench.given, spec.model_key)
        choice = asked or self._found(offline_rate)
        for left in reversed(range(MAX_RUNS)):
            self.steps.append(choice.reason)
            staged, performance = self._once(choice, self.bench.profile)
            good = performance.valid and not performance.errors
            again = None if good or asked or not left else targets.corrected(self.scenario, performance)
            if again is None:
                break
            choice = again
            shutil.rmtree(staged)
        return staged, msgspec.structs.replace(
            performance, steps=self.steps, overhead=self._overhead(performance), folder=self.final
        )

    def _found(self, offline_rate: float) -> targets.Choice:
        choice = targets.first_choice(self.scenario, self.baseline.rates(), offline_rate)
        return self._search(choice) if self.scenario is Scenario.SERVER else choice

    def _search(self, choice: targets.Choice) -> targets.Choice:
        """Halve the Server target until a short probe passes with room to spare."""
        length = Length(self.bench.profile.probe_ms, 500)  # 459 queries are the least that early stopping takes
        probe = self.bench.profile._replace(lengths={Scenario.SERVER: length})
        for _ in range(MAX_PROBES):
            self.steps.append(choice.reason)
            staged, performance = self._once(choice, probe)
            shutil.rmtree(staged)
            tail, bound = performance.latency.percentiles["99.00"] / 1e6, performance.latency_bound_ms or 0.0
            text = f"probe at {choice.value:g} queries/s: p99 {tail:.3g} ms, bound {bound:g} ms"
            if performance.valid and tail <= targets.SERVER_HEADROOM * bound:
                return targets.Choice(choice.value, f"{text}: taken (careful, not the peak)")
            choice = targets.Choice(
                targets.halved(choice.value), f"{text}: too close or not valid, try {targets.halved(choice.value):g}"
            )
        return choice

    def _once(self, choice: targets.Choice, profile: Profile) -> tuple[str, Performance]:
        plan = self._plan(choice, profile)
        bench = self.bench
        what = "probe" if profile is not bench.profile else "performance"
        bench.say(f"{self.scenario.value} {what}, about {plan.expected_s:.0f} s: {choice.reason}")
        staged = bench.tree.stage(f"{self.scenario.slug}-{what}")
        job = bench.loadgen_job(self.scenario, Mode.PERFORMANCE, staged, plan.entries)
        child = bench.child(job, self.final, watchdog_limit(plan.expected_s, plan.queries))
        histogram = child.answer.get("histogram")
        performance = msgspec.structs.replace(
            read_performance(staged, self.scenario),
            loadgen_seconds=float(child.answer["loadgen_seconds"]),
            child_seconds=child.seconds,
            peak_memory_bytes=int(child.answer["peak_memory_bytes"]),
            histogram=msgspec.convert(histogram, Histogram) if histogram else None,
        )
        return staged, performance

    def _plan(self, choice: targets.Choice, profile: Profile) -> targets.Plan:
        spec, given = self.bench.spec, self.bench.given if profile is self.bench.profile else []
        plan = targets.plan(self.scenario, profile, choice, spec.targets.server_bound_ms, given, spec.model_key)
        free = system.available_memory()
        if free and plan.memory_bytes > MEMORY_SHARE * free:
            raise Unavailable(
                f"{self.scenario.value}: LoadGen would generate {plan.queries:,.0f} queries before the run, "
                f"about {plan.memory_bytes / 1e9:.1f} GB of memory; {free / 1e9:.1f} GB are free",
                hint="use a heavier model, a lower target, or the short profile",
            )
        return plan

    def _overhead(self, performance: Performance) -> Overhead | None:
        """Against the bare loop with the batch that the scenario uses; none for Server, which is paced."""
        if self.scenario is Scenario.SERVER or not performance.duration_s:
            return None
        size = FACTS[self.scenario].samples_per_query
        loop = self.baseline.loop(size or self.bench.spec.max_batchsize)
        rate = performance.samples / performance.duration_s
        if self.scenario is Scenario.OFFLINE:
            rate, difference = performance.value, None
        else:
            difference = performance.latency.mean / 1e3 - loop.mean_s * 1e6
        return Overhead(loop.samples_per_second, rate, rate / loop.samples_per_second, difference, loop.batch)
