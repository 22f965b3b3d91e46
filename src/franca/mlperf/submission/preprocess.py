"""The optional step before the checker: what a tree cannot hold is taken out, moved or made good in a new tree.

Specification 12.3. The tree itself is never changed: the work is done in a copy, which gets its name when it is
whole. The checker decides what is wrong with a result, so there is no second set of rules here.
"""

from __future__ import annotations

import os
import shutil
import tempfile

import msgspec

from franca.catalog.files import write_json_atomic
from franca.errors import AlreadyExists, FrancaError, Location, Refused, UsageError
from franca.mlperf.submission.checker import Options, Verdict, check_tree, guess_round, scenarios_of
from franca.mlperf.submission.documents import join, read_object
from franca.mlperf.submission.findings import Finding
from franca.mlperf.submission.index import index_tree, shown
from franca.mlperf.submission.model import Scenario, Submission
from franca.mlperf.submission.preprocess_tree import (
    Change,
    Workbench,
    copy_result,
    drop_power,
    drop_result,
    move_to_open,
    rename_model,
)
from franca.mlperf.submission.repair import apply_repairs, copy_tree, plan_repairs
from franca.mlperf.submission.rules import BY_ID, ERROR
from franca.mlperf.submission.run_checks import INFERABLE
from franca.mlperf.submission.tables import Round, canonical_scenario, category_key, load_round, official_model

MAX_ROUNDS = 12
"""Checks in a row; each one but the last has changed something, and results only ever lose their place."""

ONLY_STRICT = frozenset({"P8"})
"""Rules of runs that later rounds do not ask in open, although they apply there at first."""


class Preprocessed(msgspec.Struct, frozen=True):
    """A tree that was written ('' after a dry run), what was done, and what the checker says of it."""

    path: str
    changes: list[Change]
    verdict: Verdict


def preprocess_tree(
    root: str, output: str = "", options: Options | None = None, *, clean: bool = True, infer: bool = False
) -> Preprocessed:
    """Write a new tree with the results that can be submitted; without `output` only say what would be done.

    Args:
        clean: remove invalid results and failed power records, move what fails closed to open, correct names.
        infer: copy results to scenarios and to the plain variant of a model that they may stand for (3.8).

    Raises:
        AlreadyExists: the output is there. NotFound: no such tree or round. UsageError: the output lies in the tree.
        Refused: no result is left. FrancaError: something cannot be read or written.
    """
    target = os.path.abspath(output) if output else ""
    _check_output(root, target)
    wanted = options or Options()
    wanted = msgspec.structs.replace(wanted, round=wanted.round or guess_round(root, index_tree(root)))
    try:
        holder = tempfile.mkdtemp(prefix=".franca-", dir=os.path.dirname(target) or None)
    except OSError as error:
        raise FrancaError(f"cannot be written: {error.strerror or error}", where=Location(target)) from None
    try:
        copy = os.path.join(holder, "tree")
        copy_tree(root, copy)
        done = _process(Workbench(copy, wanted.submitter), wanted, clean, infer)
        if not done.verdict.records:
            reasons = "; ".join(change.line() for change in done.changes[:3])
            raise Refused(f"no result of {root!r} can be submitted", hint=reasons or f"franca submission check {root}")
        return _publish(done, copy, target)
    finally:
        shutil.rmtree(holder, ignore_errors=True)


def _check_output(root: str, target: str) -> None:
    if not target:
        return
    if os.path.lexists(target):
        raise AlreadyExists(f"{target!r} exists", hint="give a directory that does not exist yet")
    if not os.path.isdir(os.path.dirname(target)):
        raise UsageError(f"there is no directory {os.path.dirname(target)!r} to write {target!r} in")
    inside = os.path.join(os.path.realpath(root), "")
    if os.path.join(os.path.realpath(target), "").startswith(inside):
        raise UsageError(f"{target!r} lies inside the tree", hint="give a directory beside it")


def _publish(done: Preprocessed, copy: str, target: str) -> Preprocessed:
    """Put the copy in its place, and the list of changes beside it."""
    if not target:
        return done
    write_json_atomic(f"{target}_changes.json", [msgspec.to_builtins(change) for change in done.changes])
    try:
        os.rename(copy, target)
    except OSError as error:
        raise FrancaError(f"cannot be written: {error.strerror or error}", where=Location(target)) from None
    verdict = msgspec.structs.replace(done.verdict, root=target)
    return msgspec.structs.replace(done, path=target, verdict=verdict)


def _process(bench: Workbench, options: Options, clean: bool, infer: bool) -> Preprocessed:
    table = load_round(options.round)
    worker = _Worker(bench, table, options, infer)
    if clean:
        _tidy(bench)
        _correct_names(bench, table, options.mapping_name)
    verdict = check_tree(bench.root, options)
    for _ in range(MAX_ROUNDS):
        before = len(bench.changes)
        if clean and not worker.powers(verdict):
            worker.clean(verdict)
        if infer and len(bench.changes) == before:
            worker.infer(verdict)
        if len(bench.changes) == before:
            break
        verdict = check_tree(bench.root, options)
    if clean:
        _tidy(bench)
        verdict = check_tree(bench.root, options)
    return Preprocessed("", bench.changes, verdict)


def _tidy(bench: Workbench) -> None:
    """Caches, leftovers of desktops and empty directories."""
    repairs = plan_repairs(bench.root, ("F1",))
    apply_repairs(bench.root, repairs)
    for repair in repairs:
        bench.note(repair.action, repair.path, "a cache, a leftover or an empty directory")


def _correct_names(bench: Workbench, table: Round, mapping_name: str) -> None:
    """13.4: directories of models get the official name; names of open that mean something stay."""
    for sub in bench.submissions():
        mapping = _mapping(bench, sub, mapping_name)
        for name in sorted({model.name for _, model in sub.models()}):
            known = official_model(name, table, mapping, sub.division)
            wanted = _official_name(name, table)
            if wanted and wanted != name and not (sub.division == "open" and known):
                rename_model(bench, sub, name, wanted)


def _mapping(bench: Workbench, sub: Submission, name: str) -> dict[str, str]:
    node = sub.node.file(name)
    try:
        raw = read_object(join(bench.root, node.path)) if node else {}
    except FrancaError:
        return {}
    return {key: value for key, value in raw.items() if isinstance(value, str)}


def _official_name(name: str, table: Round) -> str:
    """The official model that a name spells, whatever its case and separators; '' when it spells none."""
    spelt = {_plain(known): known for known in table.models}
    spelt |= {_plain(alias): known for alias, known in table.aliases.items()}
    return spelt.get(_plain(name), "")


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


class _Worker:
    """One tree on its way: looks at a verdict and changes what it complains about."""

    def __init__(self, bench: Workbench, table: Round, options: Options, infer: bool) -> None:
        self.bench = bench
        self.table = table
        self.options = options
        self.may_infer = infer
        self.copied: set[str] = set()

    def powers(self, verdict: Verdict) -> bool:
        """Drop the power records of measurements that failed; True when there were any."""
        before = len(self.bench.changes)
        for sub in self.bench.submissions():
            for place in _scenarios(sub):
                if place.node.get("performance/power") or place.node.get("performance/ranging"):
                    wrong = [f for f in self._errors(verdict, place) if _about_power(f)]
                    if wrong:
                        drop_power(self.bench, place, f"the power run failed: {_said(wrong)}")
        return len(self.bench.changes) > before

    def clean(self, verdict: Verdict) -> None:
        """Remove what no division takes, and move what only open takes."""
        failing = self._failing(verdict)
        for sub in self.bench.submissions():
            if any(f.rule == "S1" and f.path.startswith(f"{shown(sub.path)}/systems/") for f in verdict.findings):
                continue  # without a description nothing can be said of its results
            for system, model in sub.models():
                places = sub.scenarios(system, model)
                wrong = {place.name: failing[place.path] for place in places if place.path in failing}
                if sub.division == "open":
                    for name, found in wrong.items():
                        drop_result(self.bench, sub, f"{system.name}/{model.name}/{name}", _said(found))
                else:
                    self._strict(verdict, sub, places, wrong, f"{system.name}/{model.name}")

    def _strict(
        self, verdict: Verdict, sub: Submission, places: list[Scenario], wrong: dict[str, list[Finding]], rest: str
    ) -> None:
        """One model of closed or network: parts that are nowhere valid go, the rest stays or moves as a whole."""
        hopeless = {name for name, found in wrong.items() if any(_everywhere(f) for f in found)}
        good = {canonical_scenario(place.name) or "" for place in places if place.name not in wrong}
        system = rest.split("/")[0]
        for name, found in wrong.items():
            if name in hopeless or self._can_infer(sub, system, good, canonical_scenario(name) or ""):
                drop_result(self.bench, sub, f"{rest}/{name}", _said(found))
        left = {name: found for name, found in wrong.items() if self.bench.exists(f"{sub.path}/results/{rest}/{name}")}
        lacking = [] if "required-scenarios" in self.options.skip else self._lacking(verdict, sub, rest, good)
        if lacking and (left or good):
            found = [f for several in left.values() for f in several]
            reason = _said(found) if found else f"a required scenario is missing: {', '.join(lacking)}"
            if self.bench.exists(f"{sub.path}/results/{rest}"):
                move_to_open(self.bench, sub, rest, reason)
        elif not lacking:
            for name, found in left.items():
                move_to_open(self.bench, sub, f"{rest}/{name}", _said(found))

    def _lacking(self, verdict: Verdict, sub: Submission, rest: str, good: set[str]) -> list[str]:
        """Required scenarios that are not there and cannot be copied from one that is; '?' for unknown models."""
        system, model = rest.split("/")
        official = official_model(model, self.table, {}, sub.division)
        category = self._category(sub, system)
        if official is None:
            return ["?"]
        needed = set(self.table.models[official].required.get(category, [])) - good
        needed -= set(self.options.scenarios_to_skip)
        one_of = [
            finding.message
            for finding in verdict.findings
            if (finding.rule, finding.path) == ("B3", shown(f"{sub.path}/results/{rest}"))
            and "one of" in finding.message
        ]
        return [*sorted(name for name in needed if not self._can_infer(sub, system, good, name)), *one_of]

    def _can_infer(self, sub: Submission, system: str, good: set[str], name: str) -> bool:
        edge = self._category(sub, system) in ("edge", "datacenter-edge")
        return self.may_infer and edge and any((source, name) in INFERABLE for source in good)

    def _category(self, sub: Submission, system: str) -> str:
        node = sub.node.file(f"systems/{system}.json")
        try:
            raw = read_object(join(self.bench.root, node.path)) if node else {}
        except FrancaError:
            raw = {}
        return category_key(str(raw.get("system_type", ""))) or ""

    def _failing(self, verdict: Verdict) -> dict[str, list[Finding]]:
        """Scenario directories that are refused, with the errors that are about them."""
        refused = set(verdict.rejected)
        refused |= {record.location for record in verdict.records if not record.compliant and record.division != "open"}
        return {
            place.path: self._errors(verdict, place)
            for sub in self.bench.submissions()
            for place in _scenarios(sub)
            if shown(place.path) in refused
        }

    def _errors(self, verdict: Verdict, place: Scenario) -> list[Finding]:
        homes = {shown(path) for path in (place.path, place.measurements_path(), place.compliance_path())}
        system = shown(f"{place.submission.path}/systems/{place.system}")
        model = shown(place.path.rpartition("/")[0])
        return [
            finding
            for finding in verdict.findings
            if finding.severity == ERROR
            and (
                any(finding.path == home or finding.path.startswith(f"{home}/") for home in homes)
                or (finding.path.startswith(system) and finding.rule in ("S7", "W6"))
                or (finding.path == model and finding.rule == "B1")
            )
        ]

    def infer(self, verdict: Verdict) -> None:
        """Copy accepted results to scenarios that are missing (edge), then to the plain variant of their model."""
        accepted = {record.location for record in verdict.records if record.compliant or record.division == "open"}
        for sub in self.bench.submissions():
            for system, model in sub.models():
                names = {
                    canonical_scenario(place.name) or "": place.name
                    for place in sub.scenarios(system, model)
                    if shown(place.path) in accepted
                }
                self._scenarios(sub, f"{system.name}/{model.name}", names)
                self._variant(sub, system.name, model.name, bool(names))

    def _scenarios(self, sub: Submission, rest: str, names: dict[str, str]) -> None:
        system, model = rest.split("/")
        mapping = _mapping(self.bench, sub, self.options.mapping_name)
        official = official_model(model, self.table, mapping, sub.division)
        if official is None or self._category(sub, system) not in ("edge", "datacenter-edge"):
            return
        there = {canonical_scenario(node.name) for node in sub.node.get(f"results/{rest}").directories()}  # type: ignore[union-attr]
        legal = scenarios_of(self.table.models[official], self._category(sub, system))
        for target in ("MultiStream", "Offline"):
            # What MultiStream measured is nearer to Offline than what one stream did.
            source = next((s for s in ("MultiStream", "SingleStream") if s in names and (s, target) in INFERABLE), "")
            if source and target in legal and target not in there:
                name = target.lower() if names[source].islower() else target
                self._copy(sub, f"{rest}/{names[source]}", f"{rest}/{name}", f"{target} is inferred from {source}")

    def _variant(self, sub: Submission, system: str, model: str, fine: bool) -> None:
        plain = model.removesuffix(".9")
        known = model.endswith("-99.9") and plain in self.table.models
        if fine and known and not self.bench.exists(f"{sub.path}/results/{system}/{plain}"):
            self._copy(sub, f"{system}/{model}", f"{system}/{plain}", f"a result of {model} is one of {plain} as well")

    def _copy(self, sub: Submission, rest: str, other: str, reason: str) -> None:
        if f"{sub.path}/{other}" not in self.copied:
            self.copied.add(f"{sub.path}/{other}")
            copy_result(self.bench, sub, rest, other, reason)


def _scenarios(sub: Submission) -> list[Scenario]:
    return [place for system, model in sub.models() for place in sub.scenarios(system, model)]


def _about_power(finding: Finding) -> bool:
    missing = finding.rule == "P1" and finding.path.endswith("/spl.txt")
    return finding.rule.startswith("W") or finding.rule == "S7" or missing


def _everywhere(finding: Finding) -> bool:
    """True for what refuses a run in open too: the run itself or its description is at fault."""
    rule = BY_ID[finding.rule]
    return rule.id[0] in "PME" and rule.applies("open") and rule.id not in ONLY_STRICT


def _said(findings: list[Finding]) -> str:
    """The errors in words: three of them, and how many there are more."""
    words = "; ".join(f"{finding.rule} {finding.message}" for finding in findings[:3])
    return f"{words}; {len(findings) - 3} more" if len(findings) > 3 else words or "refused by the checker"
