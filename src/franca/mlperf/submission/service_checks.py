"""Rules of results of the service form: E (specification 11.2)."""

from __future__ import annotations

from collections.abc import Callable

from franca.errors import FrancaError, MalformedFile
from franca.mlperf.logs.lines import excerpt
from franca.mlperf.submission import service
from franca.mlperf.submission.accuracy_checks import check_extra_files
from franca.mlperf.submission.context import Context, Result
from franca.mlperf.submission.documents import encodable, read_object
from franca.mlperf.submission.index import Node
from franca.mlperf.submission.model import Scenario
from franca.mlperf.submission.run_checks import MIN_DURATION_MS
from franca.mlperf.submission.service import Document, Scores, ServiceRun
from franca.mlperf.submission.tables import Target, canonical_scenario

AUDITS = {
    "TEST01": "accuracy_in_performance_test",
    "TEST04": "output_caching_test",
    "TEST06": "consistency_output_test",
    "TEST07": "accuracy_in_performance_full_test",
    "TEST08": "accuracy_in_performance_dlrmv3_test",
}
"""Names that compliance tests have in the service form; TEST09 has no record, its bounds hold for the run itself."""

AUDIT_REQUIRED = ("TEST04",)
"""Tests whose record must be there; the harness of services cannot run the others yet."""

COMPARED = ("qwen3-vl-235b-a22b",)
"""Models whose score is given in the unit of its target; of others only scores by name are compared."""


OF_CONFIG = ("E3", "E4", "E5")
"""Rules about what a run was told to do: the summary may repeat it, the configuration is where it is changed."""


def check_service(ctx: Context, result: Result, place: Scenario) -> None:
    """All rules of a scenario directory of the service form; keeps value, accuracy and settings."""
    if not result.rules.service:
        known = ", ".join(sorted(name for name, model in ctx.table.models.items() if model.service))
        ctx.findings.add("E2", place.path, "this benchmark is not measured as a service", division=place.division,
                         expected=known, found=result.official)  # fmt: skip
    run = _open_run(ctx, result, place)
    if run is not None:
        _Check(ctx, result, run).all()
    document = _open(ctx, result, place, service.ACCURACY, service.read_summary)
    if document is not None:
        _guarded(ctx, result, "E8", service.ACCURACY, lambda: _check_accuracy(ctx, result, document))
    check_extra_files(ctx, result, place.node.directory("accuracy"))


def _open_run(ctx: Context, result: Result, place: Scenario) -> ServiceRun | None:
    name = next((name for name in service.CONFIGS if place.node.get(name)), service.CONFIGS[0])
    size = node.size if (node := place.node.get(name)) else 0
    config = _open(ctx, result, place, name, lambda path: service.read_config(path, size))
    summary = _open(ctx, result, place, service.SUMMARY, service.read_summary)
    return ServiceRun(summary, config) if summary is not None and config is not None else None


def _open(ctx: Context, result: Result, place: Scenario, name: str, read: Callable[[str], Document]) -> Document | None:
    """E1: the file is there and can be read."""
    path = f"{place.path}/{name}"
    node = place.node.get(name)
    if node is None or node.kind != "file":
        kind = "is missing" if node is None else f"is a {node.kind}, not a file"
        ctx.findings.add("E1", path, kind, division=result.division)
        return None
    try:
        return read(ctx.disk(path))
    except FrancaError as error:
        ctx.findings.refuse("E1", path, error, division=result.division)
        return None


def _guarded(ctx: Context, result: Result, rule: str, name: str, check: Callable[[], None]) -> None:
    """Run one check; a value of the wrong type is a finding."""
    try:
        check()
    except MalformedFile as error:
        ctx.findings.refuse(rule, f"{result.path}/{name}", error, division=result.division)


class _Check:
    """The rules of one performance run."""

    def __init__(self, ctx: Context, result: Result, run: ServiceRun) -> None:
        self.ctx = ctx
        self.result = result
        self.run = run
        self.scenario = result.scenario

    def all(self) -> None:
        """Every rule, each whatever the others found; then the result."""
        for rule, check in (
            ("E3", self.kind), ("E4", self.seeds), ("E5", self.duration), ("E6", self.bounds), ("E6", self.tokens),
            ("E7", self.counts), ("P15", self.take),
        ):  # fmt: skip
            _guarded(self.ctx, self.result, rule, service.SUMMARY, check)

    def add(self, rule: str, message: str, *, expected: object = "", found: object = "", warn: bool = False) -> None:
        name = service.CONFIGS[0] if rule in OF_CONFIG else service.SUMMARY
        self.ctx.findings.add(
            rule, f"{self.result.path}/{name}", message, division=self.result.division, expected=expected,
            found="nothing" if found is None else found, warn=warn,
        )  # fmt: skip

    def kind(self) -> None:
        """E3: the run is of the scenario of its directory; services have no results that follow from others."""
        claimed, written = self.result.scenario, self.run.kind
        if scenario_of(written, claimed) != claimed:
            self.add("E3", "the run was configured for another scenario", expected=claimed, found=written or "nothing")

    def seeds(self) -> None:
        """E4: both seeds of a service are the round's."""
        seeds = self.ctx.table.seeds
        for name, expected, found in (
            ("dataloader_random_seed", seeds.sample_index_rng_seed, self.run.sample_index_seed),
            ("scheduler_random_seed", seeds.schedule_rng_seed, self.run.schedule_seed),
        ):
            if found != expected:
                self.add("E4", f"{name} is not the round's", expected=expected, found=found)

    def duration(self) -> None:
        """E5: configured for 600 s; a shorter run is only told, as its samples may have run out."""
        if self.result.rules.free_duration:
            return
        asked, took = self.run.min_duration_ms, self.run.duration_ns
        if asked is None or asked < MIN_DURATION_MS:
            self.add("E5", "min_duration_ms is below 600 s", expected=f">= {MIN_DURATION_MS}", found=asked)
        if took is not None and took < MIN_DURATION_MS * 1e6 - 5e8:
            self.add("E5", "the run was shorter than 600 s", expected=">= 600 s", found=f"{took / 1e9} s", warn=True)

    def bounds(self) -> None:
        """E6: the 99th percentile of the latency, of models that are not judged by tokens."""
        bound = self.result.rules.latency_bound_ns.get(self.result.scenario)
        if bound is None or self.result.rules.token_latencies:
            return
        found = self.run.percentile("latency", "99.0")
        if found is None or not found <= bound:
            self.add("E6", "the 99th percentile of latency is above its bound", expected=f"<= {bound} ns", found=found)

    def tokens(self) -> None:
        """E6: 99th percentiles of first and further tokens."""
        bounds = self.result.rules.token_bounds.get(self.result.scenario)
        if bounds is None:
            return
        for what, bound in (("ttft", bounds.ttft_ns), ("tpot", bounds.tpot_ns)):
            found = self.run.percentile(what, "99.0")
            if found is None or not found < bound:
                self.add("E6", f"the 99th percentile of {what} is not below its bound", expected=f"< {bound} ns",
                         found=found)  # fmt: skip

    def counts(self) -> None:
        """E7: no sample failed, and the counts can be of one run."""
        failed, issued, completed = self.run.failed, self.run.issued, self.run.completed
        if failed:
            self.add("E7", "samples failed", expected=0, found=failed)
        if issued is not None and completed is not None and completed != issued:
            self.add("E7", "completed samples are not those issued", expected=issued, found=completed,
                     warn=completed < issued)  # fmt: skip

    def take(self) -> None:
        """P15: the result, in the unit of the round."""
        result = self.result
        value, unit = self._value()
        result.log = service.settings_log(self.run, self.scenario)
        if value is None or not value > 0:
            self.add("P15", "the run holds no result", expected="> 0", found=value)
            return
        result.value, result.unit = value, unit

    def _value(self) -> tuple[float | None, str]:
        """Streams: a latency; else tokens/s where the round wants them and the run has them, samples/s otherwise."""
        if self.scenario in ("SingleStream", "MultiStream"):
            ninety = "90.00" in self.result.rules.result_keys.get(self.scenario, "")
            found = self.run.percentile("latency", "90.0") if ninety else self.run.number(("latency", "avg"))
            seconds = self.result.rules.units.get(self.scenario) == "Latency (s)"
            return None if found is None else found / (1e9 if seconds else 1e6), ""
        unit = self.ctx.table.unit(self.result.official, self.scenario)
        tokens = self.run.number(("tps",)) if unit == "Tokens/s" else None
        if tokens is not None:
            return tokens, unit
        given = None if self.scenario == "Offline" else self.run.number(("qps",))
        rate = self.run.rate if given is None else given
        return rate, "Samples/s" if self.scenario == "Offline" else "Queries/s"


def scenario_of(written: str, claimed: str) -> str:
    """The scenario of a run from its configuration and its directory, which alone tells streams and Interactive."""
    online = written.lower() == service.ONLINE
    if written and (claimed == "SingleStream" or (online and claimed == "Interactive")):
        return claimed
    return "Server" if online else canonical_scenario(written) or written


def _check_accuracy(ctx: Context, result: Result, document: Document) -> None:
    """E7 to E9: no failed sample, a score that reaches its target, over the whole data set."""
    scores = service.read_scores(document)
    path = f"{result.path}/{service.ACCURACY}"
    if scores.failed:
        ctx.findings.add("E7", path, "samples failed", division=result.division, expected=0, found=scores.failed)
    expected = result.rules.samples(result.scenario)
    if expected and scores.samples != expected:
        found = "nothing" if scores.samples is None else scores.samples
        ctx.findings.add("E9", path, "the run does not cover the data set", division=result.division,
                         expected=expected, found=found)  # fmt: skip
    metrics = service.metrics_of(scores.first)
    if not metrics:
        ctx.findings.add("E8", path, "no score", division=result.division, expected="accuracy_scores with a score")
        return
    targets = result.rules.targets(result.scenario)
    named = targets[0].metric if targets else "score"
    result.accuracy = {encodable(name or named): f"{value:.9g}" for name, value in metrics.items()}
    if result.division != "open":
        for target in targets:
            _check_target(ctx, result, path, scores, metrics, target)


def _check_target(
    ctx: Context, result: Result, path: str, scores: Scores, metrics: dict[str, float], target: Target
) -> None:
    found = _score_of(metrics, target.metric)
    sure = result.official in COMPARED or (found is not None and "" not in metrics)
    if found is None or (not sure and scores.sets > 1):
        ctx.findings.add("E8", path, f"no score named {target.metric}: it was not compared with its target",
                         division=result.division, expected=f">= {target.target}", warn=not sure)  # fmt: skip
        return
    if found < target.target:
        ctx.findings.add("E8", path, f"{target.metric} is below its target", division=result.division,
                         expected=f">= {target.target}", found=found, warn=not sure)  # fmt: skip
    if target.limit is not None and found > target.limit:
        ctx.findings.add("E8", path, f"{target.metric} is above its limit", division=result.division,
                         expected=f"<= {target.limit}", found=found, warn=not sure)  # fmt: skip


def _score_of(metrics: dict[str, float], metric: str) -> float | None:
    """A score by the name of its metric; F1_HIERARCHICAL is also written f1, and any alone score or accuracy."""
    names = {name.lower(): value for name, value in metrics.items()}
    for name in ("", metric.lower(), metric.rpartition("_")[2].lower() if metric.startswith("F1_") else ""):
        if name in names:
            return names[name]
    wanted = [metric.split("_")[0].lower(), "score", "accuracy"]
    return next((names[name] for name in wanted if name in names), None)


def check_audits(ctx: Context, result: Result, place: Scenario) -> None:
    """E10: records of compliance tests pass; TEST09 bounds the tokens of the run itself."""
    if result.division == "open":
        return
    for test in result.rules.tests:
        if test == "TEST09":
            _check_length(ctx, result, place)
        if test in AUDITS:
            name = f"{service.AUDIT}/audit_{AUDITS[test]}.json"
            _check_audit(ctx, result, place.node.get(name), f"{place.path}/{name}", test)


def _check_audit(ctx: Context, result: Result, node: Node | None, path: str, test: str) -> None:
    if node is None:
        if test in AUDIT_REQUIRED:
            ctx.findings.add("E10", path, "is missing", division=result.division)
        return
    if node.kind != "file":
        ctx.findings.add("E10", path, f"is a {node.kind}, not a file", division=result.division)
        return
    try:
        record = read_object(ctx.disk(path))
    except MalformedFile as error:
        ctx.findings.refuse("E10", path, error, division=result.division)
        return
    for key, wanted in (("test", AUDITS[test]), ("passed", True)):
        found = record.get(key)
        if found is not wanted and not (isinstance(found, str) and found == wanted):
            shown = "nothing" if found is None else excerpt(repr(found), 60)
            ctx.findings.add("E10", path, f"{key} of {test} is not what a test that passed has",
                             division=result.division, expected=wanted, found=shown)  # fmt: skip


def _check_length(ctx: Context, result: Result, place: Scenario) -> None:
    bounds = result.rules.output_tokens
    node = place.node.file(service.SUMMARY)
    if bounds is None or node is None:
        return
    try:
        mean = service.read_summary(ctx.disk(node.path)).number(("output_sequence_lengths", "avg"))
    except MalformedFile:
        return  # E1 says so
    if mean is None or not bounds.least <= mean <= bounds.most:
        ctx.findings.add("E10", node.path, "TEST09: output_sequence_lengths.avg is outside its bounds",
                         division=result.division, expected=f"{bounds.least} to {bounds.most}",
                         found="nothing" if mean is None else mean)  # fmt: skip
