"""Checking a whole tree: every rule over every place, all findings in one run, and the accepted results."""

from __future__ import annotations

import msgspec

from franca.errors import MalformedFile
from franca.mlperf.submission.accuracy_checks import check_accuracy
from franca.mlperf.submission.compliance_checks import check_compliance
from franca.mlperf.submission.context import Context, Result, System
from franca.mlperf.submission.design_power import check_design_power
from franca.mlperf.submission.documents import read_object
from franca.mlperf.submission.findings import Finding, Findings
from franca.mlperf.submission.index import Node, index_tree, shown
from franca.mlperf.submission.model import MERGED, Scenario, Submission, submissions
from franca.mlperf.submission.power_checks import check_power
from franca.mlperf.submission.records import Record, make_record
from franca.mlperf.submission.rules import ERROR, SHORT_RULES, SKIPS
from franca.mlperf.submission.run_checks import check_repeats, check_run, open_run, take_result
from franca.mlperf.submission.service import AUDIT, ONLINE, SINCE, is_service
from franca.mlperf.submission.service_checks import check_audits, check_service
from franca.mlperf.submission.structure_checks import (
    check_measurements,
    check_names,
    check_network,
    check_power_fields,
    check_root,
    check_submission,
    check_system,
)
from franca.mlperf.submission.tables import (
    Model,
    canonical_scenario,
    detect_round,
    load_round,
    local_rules,
    official_model,
)

SCENARIO_PLACES = frozenset({"accuracy", "performance"})
PRIVATE_ID = "privateid.json"
ONE_OF, ONE_OF_SINCE = ("Server", "Interactive"), (6, 1)
PERFORMANCE_PLACES = frozenset({"run_1", "power", "ranging"})


class Options(msgspec.Struct, frozen=True):
    """What to check by. `round` '' takes it from the seeds of the first log of the tree.

    `skip` holds names of `rules.SKIPS`; any skip makes the verdict one with exceptions.
    `scenarios_to_skip` are not demanded where the rules require them; that too makes it one with exceptions.
    `short` judges runs for trying out: what only their length breaks is a warning, and the verdict says so.
    """

    round: str = ""
    lenient: str = ""
    submitter: str = ""
    skip: tuple[str, ...] = ()
    mapping_name: str = "model_mapping.json"
    short: bool = False
    scenarios_to_skip: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True):
    """What checking a tree gave."""

    root: str
    round: str
    findings: list[Finding]
    records: list[Record]
    rejected: list[str]
    """Result directories that were not accepted."""
    missing: int
    """Required scenarios that are not there or not valid."""
    skipped: tuple[str, ...]
    counts: dict[str, int]
    short: bool = False
    scenarios_skipped: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True when nothing refuses the tree."""
        return not any(finding.severity == ERROR for finding in self.findings) and bool(self.records)

    @property
    def summary(self) -> str:
        """The last line of a report: OK or not, and how many results."""
        word = "OK" if self.ok else "REFUSED"
        exceptions = [*self.skipped, *(f"scenario {name}" for name in self.scenarios_skipped)]
        if self.ok and exceptions:
            word = "OK with exceptions (skipped: " + ", ".join(exceptions) + ")"
        if self.ok and self.short:
            word += " as short runs, no submission"
        results = len(self.records)
        return f"{word}: Results={results}, NoResults={len(self.rejected) + self.missing}, round {self.round}"


def check_tree(root: str, options: Options | None = None) -> Verdict:
    """Check a submission tree. Reads only; follows no links; never fails on what the tree holds.

    Raises:
        NotFound: no such directory, or no such round.
        Refused: the directory has more entries than any submission.
    """
    chosen = options or Options()
    top = index_tree(root)
    table = load_round(chosen.round or guess_round(root, top))
    lenient = load_round(chosen.lenient).round if chosen.lenient else ""
    rules = frozenset(rule for name in chosen.skip for rule in SKIPS[name])
    findings = Findings(table.round, lenient, rules, SHORT_RULES if chosen.short else frozenset())
    ctx = Context(root, top, table, findings, chosen.mapping_name, "power-check" not in chosen.skip)
    check_names(ctx)
    check_root(ctx)
    walk = _Walk(ctx, chosen.scenarios_to_skip)
    for sub in submissions(top, chosen.submitter):
        walk.submission(sub)
    if not walk.seen:
        findings.add("F3", ".", "holds no result of any division", expected="closed/, open/ or network/")
    return Verdict(
        root, table.round, findings.all, sorted(walk.records, key=Record.sort_key), walk.rejected,
        walk.missing, chosen.skip, findings.counts, chosen.short, chosen.scenarios_to_skip,
    )  # fmt: skip


def guess_round(root: str, top: Node) -> str:
    """The round whose seeds the first readable performance log carries; the newest one if none does."""
    from franca.mlperf.logs.detail import read_detail
    from franca.mlperf.submission.documents import join
    from franca.mlperf.submission.tables import rounds

    for node in top.walk():
        if node.path.endswith("performance/run_1/mlperf_log_detail.txt") and node.kind == "file":
            try:
                found = detect_round(read_detail(join(root, node.path)).integer("effective_qsl_rng_seed"))
            except MalformedFile:
                continue
            if found:
                return found
    return rounds()[-1]


class _Walk:
    """The state of one check: what was accepted, rejected and missed so far."""

    def __init__(self, ctx: Context, not_required: tuple[str, ...] = ()) -> None:
        self.ctx = ctx
        self.not_required = not_required
        self.records: list[Record] = []
        self.rejected: list[str] = []
        self.missing = 0
        self.seen = False

    def submission(self, sub: Submission) -> None:
        """Everything of one submitter in one division."""
        check_submission(self.ctx, sub)
        mapping = self._mapping(sub)
        described = {node.name: check_system(self.ctx, sub, node.name) for node in sub.systems()}
        for node in self._undescribed(sub, described):
            check_system(self.ctx, sub, node)
        for name, system in described.items():
            if system is not None:
                check_network(self.ctx, sub, system)
            results = sub.node.directory(f"results/{name}")
            for model in results.directories() if results else []:
                self._model(sub, name, system, model, mapping)

    def _undescribed(self, sub: Submission, described: dict[str, System | None]) -> list[str]:
        systems = sub.node.directory("systems")
        names = [node.name[:-5] for node in systems.files() if node.name.endswith(".json")] if systems else []
        return [name for name in names if name not in described]

    def _mapping(self, sub: Submission) -> dict[str, str]:
        """The submitter's model_mapping.json (open)."""
        node = sub.node.file(self.ctx.mapping_name)
        if node is None or sub.division != "open":
            return {}
        try:
            raw = read_object(self.ctx.disk(node.path))
        except MalformedFile as error:
            self.ctx.findings.refuse("B1", node.path, error, division=sub.division)
            return {}
        for key, value in raw.items():
            if not isinstance(value, str):
                self.ctx.findings.add("B1", node.path, f"{key} is not mapped to a name", division=sub.division)
        return {key: value for key, value in raw.items() if isinstance(value, str)}

    def _model(self, sub: Submission, name: str, system: System | None, node: Node, mapping: dict[str, str]) -> None:
        places = sub.scenarios(Node(name, f"{sub.path}/results/{name}", "directory"), node)
        self.seen = self.seen or bool(places)
        official = official_model(node.name, self.ctx.table, mapping, sub.division)
        if official is None:
            known = ", ".join(sorted(self.ctx.table.models))
            self.ctx.findings.add("B1", node.path, "is no benchmark of this round", division=sub.division,
                                  expected=known, found=node.name)  # fmt: skip
        if official is None or system is None:
            self.rejected += [shown(place.path) for place in places]
            return
        accepted = set()
        for stray in node.files():
            if canonical_scenario(stray.name) is not None:
                self.ctx.findings.add("B2", stray.path, "is no directory", division=sub.division)
        for place in places:
            scenario = canonical_scenario(place.name) or _online(place)
            if scenario is None or not self._legal(sub, system, official, scenario, place):
                if scenario is None:
                    self.ctx.findings.add("B2", place.path, "is no scenario", division=sub.division)
                self.rejected.append(shown(place.path))
            elif self._scenario(sub, system, official, scenario, place):
                accepted.add(scenario)
        self._required(sub, system, official, node, accepted)

    def _legal(self, sub: Submission, system: System, official: str, scenario: str, place: Scenario) -> bool:
        """B2: closed and network results only in scenarios of the category; open in any."""
        model = self.ctx.table.models[official]
        if sub.division == "open" or system.category is None:
            return True
        legal = scenarios_of(model, system.category)
        if scenario in legal:
            return True
        self.ctx.findings.add(
            "B2", place.path, f"is no scenario of {official} for {system.category}", division=sub.division,
            expected=", ".join(legal) or "none", found=scenario,
        )  # fmt: skip
        return False

    def _required(self, sub: Submission, system: System, official: str, node: Node, accepted: set[str]) -> None:
        """B3: what a closed or network benchmark must show."""
        if sub.division == "open" or system.category is None:
            return
        required = self.ctx.table.models[official].required.get(system.category, [])
        if not required and not scenarios_of(self.ctx.table.models[official], system.category):
            self.ctx.findings.add("B1", node.path, f"is no benchmark of {system.category}", division=sub.division)
        there = {canonical_scenario(child.name) for child in node.directories()}
        for scenario in required:
            if scenario not in accepted and scenario not in self.not_required:
                word = "was not accepted" if scenario in there else "is missing"
                self.missing += scenario not in there
                self.ctx.findings.add("B3", node.path, f"required scenario {scenario} {word}", division=sub.division)
        self._one_served(sub, self.ctx.table.models[official].optional.get(system.category, []), node, there, accepted)

    def _one_served(
        self, sub: Submission, optional: list[str], node: Node, there: set[str | None], accepted: set[str]
    ) -> None:
        """B3, since v6.1: of Server and Interactive, where both are optional, one must be there."""
        both = set(ONE_OF) <= set(optional) and self.ctx.table.number >= ONE_OF_SINCE
        if not both or accepted & set(ONE_OF) or set(ONE_OF) & set(self.not_required):
            return
        word = "was not accepted" if there & set(ONE_OF) else "is missing"
        self.missing += not there & set(ONE_OF)
        self.ctx.findings.add("B3", node.path, f"one of {' and '.join(ONE_OF)} {word}", division=sub.division)

    def _scenario(self, sub: Submission, system: System, official: str, scenario: str, place: Scenario) -> bool:
        """One result directory; True when it is accepted."""
        before = self.ctx.findings.error_count
        result = Result(
            place.path, sub.division, sub.submitter, system, place.model, official, scenario,
            local_rules(place.model, sub.division, self.ctx.table.models[official]),
        )  # fmt: skip
        served = self.ctx.table.number >= SINCE and is_service(place.node)
        self._places(place, served)
        result.measurements = check_measurements(self.ctx, place, service=served)
        result.private_id = self._private_id(sub, system)
        if served:
            check_service(self.ctx, result, place)
        else:
            self._performance(sub, result, place)
            check_accuracy(self.ctx, result, place.node.directory("accuracy"))
        check_power(self.ctx, result, place)
        check_design_power(self.ctx, sub, result)
        result.accepted = self.ctx.findings.error_count == before and result.value is not None
        marker = self.ctx.findings.error_count
        (check_audits if served else check_compliance)(self.ctx, result, place)
        result.compliant = self.ctx.findings.error_count == marker
        if result.accepted:
            self.records.append(make_record(result, self.ctx.table))
        else:
            self.rejected.append(shown(place.path))
        return result.accepted and result.compliant

    def _private_id(self, sub: Submission, system: System) -> str:
        """The id under which a system is reviewed, from privateid.json beside its results; '' without one."""
        node = sub.node.file(f"results/{system.name}/{PRIVATE_ID}")
        if node is None:
            return ""
        try:
            value = read_object(self.ctx.disk(node.path)).get(system.name)
        except MalformedFile as error:
            self.ctx.findings.refuse("F1", node.path, error, division=sub.division)
            return ""
        return value if isinstance(value, str) else ""

    def _places(self, place: Scenario, served: bool) -> None:
        """P1: directories that belong to no part of a result."""
        tests = {name for name in place.node.children if name.startswith("TEST")} if place.layout == MERGED else set()
        tests |= {AUDIT} if served else set()
        strays = [n for n in place.node.directories() if n.name not in SCENARIO_PLACES | tests]
        performance = place.node.directory("performance")
        if performance is not None and not served:
            strays += [n for n in performance.children.values() if n.name not in PERFORMANCE_PLACES
                       and n.name not in (".gitkeep",)]  # fmt: skip
        for node in strays:
            self.ctx.findings.add("P1", node.path, "belongs to no part of a result", division=place.division, mild=True)

    def _performance(self, sub: Submission, result: Result, place: Scenario) -> None:
        result.has_power = place.node.directory("performance/power") is not None
        if result.has_power:
            check_power_fields(self.ctx, sub, result.system)
        directory = place.node.directory("performance/run_1")
        if directory is None:
            self.ctx.findings.add("P1", f"{place.path}/performance/run_1", "is missing", division=place.division)
            return
        run = open_run(self.ctx, result, directory, power=result.has_power)
        if run is None:
            return
        result.log = run.log
        check_run(run, seeds=self.ctx.table.seeds)
        check_repeats(run)
        take_result(run)


def _online(place: Scenario) -> str | None:
    """Server by the name that open results of the service form may give it."""
    online = place.name.lower() == ONLINE and place.division == "open" and is_service(place.node)
    return "Server" if online else None


def scenarios_of(model: Model, category: str) -> list[str]:
    """Scenarios that a benchmark may show in a category."""
    return [*model.required.get(category, []), *model.optional.get(category, [])]
