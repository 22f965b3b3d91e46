"""Performance of one scenario: choose a target, run, correct the target when it proves wrong, judge."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import msgspec

from franca.errors import Unavailable
from franca.mlperf.inference import configs, peak, system, targets
from franca.mlperf.inference.advice import advice, causes
from franca.mlperf.inference.bench import Baseline, Bench
from franca.mlperf.inference.profiles import Profile
from franca.mlperf.inference.results import Histogram, Overhead, Performance, read_performance
from franca.mlperf.inference.runner import watchdog_limit
from franca.mlperf.inference.scenarios import Mode, Scenario
from franca.mlperf.inference.search import Budget, Outcome, ServerSearch, Tools

MAX_RUNS = 4  #: of one scenario when its target was found here and proved wrong
MEMORY_SHARE = 0.8  #: of free memory that pre-generated queries may take
MEMORY_TOLD = 256e6  #: bytes from which they are told before the run


class Measurement:
    """One scenario's performance run and the search for its target."""

    def __init__(self, bench: Bench, baseline: Baseline, scenario: Scenario, identity: str = "") -> None:
        self.identity = identity
        self.bench = bench
        self.baseline = baseline
        self.scenario = scenario
        self.final = bench.tree.folder(scenario, Mode.PERFORMANCE)
        self.steps: list[str] = []
        self._told: set[str] = set()

    def run(self, offline_rate: float) -> tuple[str, Performance]:
        """The staged folder of the last run, and its result.

        Args:
            offline_rate: samples/s measured in Offline, 0 when not known; the Server search starts from it.
        """
        spec = self.bench.spec
        self.budget = Budget(spec.search_s or self.bench.profile.search_s)
        asked = targets.asked(self.scenario, spec.targets, self.bench.given, spec.model_key)
        outcome = Outcome(asked) if asked else self._found(offline_rate)
        steady = bool(asked) or not self.bench.profile.search
        staged, performance = outcome.stands or self._repeated(outcome.choice, steady)
        return staged, msgspec.structs.replace(
            performance,
            steps=self.steps,
            advice=advice(self.scenario, performance),
            overhead=self._overhead(performance),
            folder=self.final,
        )

    def _repeated(self, choice: targets.Choice, steady: bool) -> tuple[str, Performance]:
        """The run, again with another target while that may help and time is left."""
        left = 1 if steady else self._runs()
        while True:
            self.steps.append(choice.reason)
            staged, performance = self._once(choice, self.bench.profile)
            left -= 1
            again = None if performance.good or not left else self._corrected(performance)
            if again is None or not self._fits(again):
                return staged, performance
            why = causes(self.scenario, performance)
            self.bench.say(f"{self.scenario.value}: INVALID, and tried again by itself. {why}")
            choice = again
            shutil.rmtree(staged)

    def _fits(self, choice: targets.Choice) -> bool:
        seconds = self._plan(choice, self.bench.profile).expected_s
        if self.budget.fits(seconds):
            return True
        text = (
            f"not tried once more ({choice.reason}): {self.budget.spent_s:.0f} of {self.budget.limit_s:g} s are spent, "
            f"and the run would take {seconds:.0f} s (--max_search_time=SECONDS allows more)"
        )
        self.bench.say(f"{self.scenario.value}: {text}")
        self.steps.append(text)
        return False

    def _runs(self) -> int:
        return peak.MAX_STEPS_DOWN + 1 if self._peaks() else MAX_RUNS

    def _peaks(self) -> bool:
        return self.bench.spec.peak and self.scenario is Scenario.SERVER and self.bench.profile.search

    def _corrected(self, performance: Performance) -> targets.Choice | None:
        if not self._peaks():
            choice = targets.corrected(self.scenario, performance)
            if choice is None or not self.scenario.is_stream:
                return choice
            return targets.bounded_by(performance, self.scenario, self.bench.profile, choice)
        target = performance.target_qps or 0.0
        value = float(f"{target * peak.STEP_DOWN:.4g}")
        return targets.Choice(value, f"{target:g} queries/s was INVALID at full length: 2 % less")

    def _found(self, offline_rate: float) -> Outcome:
        """A target that nobody asked for: fixed, searched, of an earlier run, or from the bare loop."""
        profile = self.bench.profile
        if self.scenario in profile.targets:
            value = profile.targets[self.scenario]
            text = f"{targets.target_key(self.scenario)} = {value:g} in {profile.name} runs"
            return Outcome(targets.Choice(value, text))
        choice = targets.first_choice(self.scenario, self._rates(), offline_rate)
        if self._peaks():
            ceiling = offline_rate or targets.expected_offline(self._rates())
            return self._searched(lambda search: search.highest(choice, ceiling))
        stored = configs.stored_choice(self.bench.spec, self.scenario)
        if self.scenario.is_stream:
            return Outcome(self._bounded(stored or choice))
        if stored is not None:
            return Outcome(stored)
        if self.scenario is Scenario.SERVER and profile.search:
            return self._searched(lambda search: search.careful(choice))
        return Outcome(choice)

    def _bounded(self, choice: targets.Choice) -> targets.Choice:
        bench = self.bench
        rates = self._rates()
        return targets.bounded(self.scenario, bench.profile, choice, rates, bench.given, bench.spec.model_key)

    def _searched(self, go: Callable[[ServerSearch], Outcome]) -> Outcome:
        bench = self.bench
        bench.say(f"Server: a rate that is VALID is searched with short runs, for at most {self.budget.limit_s:g} s")
        tools = Tools(
            self._once,
            lambda choice, profile: self._plan(choice, profile).expected_s,
            bench.say,
            bench.tree.root,
            self.identity,
            bench.spec.rerun,
        )
        search = ServerSearch(tools, bench.profile, bench.bound_ms(self.scenario), self.budget)
        try:
            return go(search)
        finally:
            self.steps += search.steps

    def _once(self, choice: targets.Choice, profile: Profile) -> tuple[str, Performance]:
        plan = self._plan(choice, profile)
        self._check_memory(plan)
        bench = self.bench
        what = "probe" if profile is not bench.profile else "performance"
        likely_s = targets.likely_s(self.scenario, plan, self._rates())
        bench.say(f"{self.scenario.value} {what}, about {max(1.0, likely_s):.0f} s: {choice.reason}")
        staged = bench.tree.stage(f"{self.scenario.slug}-{what}")
        job = bench.loadgen_job(self.scenario, Mode.PERFORMANCE, staged, plan.entries)
        child = bench.child(job, self.final, watchdog_limit(plan.expected_s, plan.queries))
        histogram = child.answer.get("histogram")
        performance = msgspec.structs.replace(
            read_performance(staged, self.scenario, bench.spec.round),
            loadgen_seconds=float(child.answer["loadgen_seconds"]),
            child_seconds=child.seconds,
            peak_memory_bytes=int(child.answer["peak_memory_bytes"]),
            estimated_power_w=child.answer.get("estimated_power_w"),
            host=child.host,
            histogram=msgspec.convert(histogram, Histogram) if histogram else None,
        )
        return staged, performance

    def _plan(self, choice: targets.Choice, profile: Profile) -> targets.Plan:
        spec, given = self.bench.spec, self.bench.given if profile is self.bench.profile else []
        bound_ms = self.bench.bound_ms(self.scenario)
        return targets.plan(self.scenario, profile, choice, bound_ms, given, spec.model_key)

    def _check_memory(self, plan: targets.Plan) -> None:
        """Say what the queries that are made in advance will take; refuse what does not fit."""
        free = system.available_memory()
        text = (
            f"{self.scenario.value}: LoadGen makes {plan.queries:,.0f} queries in advance, about "
            f"{plan.memory_bytes / 1e9:.1f} GB of memory; {free / 1e9:.1f} GB are free"
        )
        if free and plan.memory_bytes > MEMORY_SHARE * free:
            raise Unavailable(
                text,
                hint="a heavier model, a lower rate or a longer expected latency (--singlestream_target_latency and "
                "the like), or shorter runs need less",
            )
        if plan.memory_bytes > MEMORY_TOLD and text not in self._told:
            self._told.add(text)
            tight = (
                "; warning: that is more than half, other programs may have to swap"
                if plan.memory_bytes > free / 2
                else ""
            )
            self.bench.say(text + tight)

    def _rates(self) -> targets.Rates:
        return self.baseline.rates(self.bench.per_query(Scenario.MULTI_STREAM))

    def _overhead(self, performance: Performance) -> Overhead | None:
        """Against the bare loop with the batch that the scenario uses; none for Server, which is paced."""
        if self.scenario is Scenario.SERVER or not performance.duration_s:
            return None
        size = self.bench.per_query(self.scenario)
        loop = self.baseline.loop(size or self.bench.spec.max_batchsize)
        rate = performance.samples / performance.duration_s
        if self.scenario is Scenario.OFFLINE:
            rate, difference = performance.value, None
        else:
            difference = performance.latency.mean / 1e3 - loop.mean_s * 1e6
        return Overhead(loop.samples_per_second, rate, rate / loop.samples_per_second, difference, loop.batch)
