"""`franca submission check|report|diff|fix|pack`: MLPerf submission trees from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from franca.cli import registry
from franca.cli.command import Command, Example, Option
from franca.cli.output import Answer
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import UsageError

if TYPE_CHECKING:
    from franca.mlperf.submission.checker import Options, Verdict

GROUP = "MLPerf submissions"
_HERE = "franca.cli.submission_commands:"

ROUND = Option("round", "rules of this round, v3.0 to v6.1; taken from the seeds of the logs if absent", metavar="vX.Y")
LENIENT = Option("lenient", "follow a round's own laxness: what its checker only logged is a warning", metavar="vX.Y")
SUBMITTER = Option("submitter", "only this submitter", metavar="NAME")
SKIP = Option("skip", "leave rules out (a comma-separated list of names; `list` prints them)", metavar="NAME,...")
MAPPING = Option("mapping", "name of the file that maps models of open, model_mapping.json if absent", metavar="FILE")
SCENARIOS = Option("scenarios_to_skip", "do not demand these scenarios where they are required", metavar="NAME,...")
SHORT = Option("short", "judge short runs: what only their length breaks is a warning")
CSV = Option("csv", "write the official summary columns to this file", metavar="FILE", repeats=True)
HTML = Option("html", "write a report page to this file", metavar="FILE")
QUIET = Option("brief", "the verdict only", repeats=False)
CHECKING = (ROUND, LENIENT, SUBMITTER, SKIP, MAPPING, SHORT, SCENARIOS)
REFUSED = ((1, "the tree is refused"),)
OFFICIAL_SKIPS = (
    "compliance", "power-check", "meaningful-fields-emptiness-check", "check-power-measure-files", "empty-files-check",
    "extra-files-in-root-check", "extra-accuracy-files-check", "all-systems-have-results-check", "calibration-check",
    "dataset-size-check",
)  # fmt: skip
REPLACED = (
    ("input", "give the tree as a word: franca submission check DIRECTORY"),
    ("version", "write --round=vX.Y"),
    ("extra_model_benchmark_map", "write --mapping=FILE"),
    ("submission_exceptions", "nothing is overlooked unless it is named: write --skip=NAME,... (--skip=list)"),
    ("debug", "all findings are printed; --json has each with its rule, source and remedy"),
    ("more_power_check", "all eleven are made; franca submission power DIRECTORY shows them"),
    ("private_ids", "leave it out: privateid.json beside the results is read"),
    *((f"skip_{name.replace('-', '_')}", f"write --skip={name}") for name in OFFICIAL_SKIPS),
)
"""Options of the official checkers (12.2) and what stands for them here."""


CHECK = Command(
    name="submission",
    group=GROUP,
    summary="check a submission tree by every rule of its round",
    usage="check DIRECTORY",
    handler=_HERE + "check",
    takes_kind=False,
    options=(*CHECKING, CSV, HTML, QUIET),
    description="Reads only, follows no links, reports all findings in one run with the rule, its source and a remedy.",
    examples=(
        Example("franca submission check ./submission", "by the round that its logs belong to"),
        Example("franca submission check ./submission --round=v6.1 --csv=summary.csv", "and write the summary"),
    ),
    statuses=REFUSED,
    replaced=REPLACED,
)
REPORT = Command(
    name="submission",
    group=GROUP,
    summary="show the results of a tree with derived metrics",
    usage="report DIRECTORY",
    handler=_HERE + "report",
    takes_kind=False,
    options=(
        *CHECKING,
        CSV,
        HTML,
        Option("rows", "write typed rows with derived columns, one JSON object a result, to this file", metavar="FILE"),
        Option("url", "repository that the tree was published in, for links in these rows", metavar="URL"),
    ),
    description="Status 0 also for a refused tree: what is accepted of it is shown.",
    examples=(Example("franca submission report ./submission --html=report.html", "a page with results and findings"),),
)
DIFF = Command(
    name="submission",
    group=GROUP,
    summary="compare two trees: results, findings, files",
    usage="diff OLD NEW",
    handler=_HERE + "diff",
    takes_kind=False,
    options=CHECKING,
    examples=(Example("franca submission diff ./before ./after", "what changed, and which results may be compared"),),
    statuses=((1, "the trees differ"),),
)
FIX = Command(
    name="submission",
    group=GROUP,
    summary="make mechanical repairs: truncation, junk, fields that follow from the path",
    usage="fix DIRECTORY",
    handler=_HERE + "fix",
    takes_kind=False,
    options=(
        Option("rule", "only repairs of these rules", metavar="ID,..."),
        Option("output", "repair a copy, made here", metavar="DIR"),
        Option("in_place", "repair the tree itself"),
        Option("backup", "keep whole accuracy logs below this directory", metavar="DIR"),
    ),
    description="Without --output or --in-place it only says what it would do.",
    examples=(
        Example("franca submission fix ./submission", "what would be done"),
        Example("franca submission fix ./submission --output=./repaired", "in a copy"),
    ),
    statuses=((1, "something has no mechanical repair"),),
)
PACK = Command(
    name="submission",
    group=GROUP,
    summary="truncate accuracy logs in a copy, check it, and write one archive",
    usage="pack DIRECTORY",
    handler=_HERE + "pack",
    takes_kind=False,
    options=(
        *CHECKING,
        Option("output", "archive to write, DIRECTORY.tar.gz if absent", metavar="FILE"),
        Option("force", "replace an archive, pack a refused tree", short="f"),
    ),
    description="The same tree gives the same archive, byte for byte.",
    examples=(Example("franca submission pack ./submission --output=open.tar.gz", "what is handed in"),),
    statuses=REFUSED,
)
RULES = Command(
    name="submission",
    group=GROUP,
    summary="list the rules of submissions with their sources and remedies",
    usage="rules [ID...]",
    handler=_HERE + "rules",
    takes_kind=False,
    examples=(Example("franca submission rules P3 C4", "what two rules ask, and what to do"),),
)
SUBMISSION = Command(
    name="submission",
    group=GROUP,
    summary="MLPerf submission trees: build, check, report, diff, fix, preprocess, power, import, pack, rules",
    usage="build | check | report | diff | fix | preprocess | power | import | pack | rules",
    handler=_HERE + "overview",
    takes_kind=False,
    examples=(Example("franca submission check ./submission", "what is wrong with a tree"),),
)


def overview(bound: Bound, session: Session) -> Answer:
    """The commands, when none of them is named."""
    if bound.words:
        raise UsageError(
            f"there is no command 'submission {bound.words[0]}'",
            hint="build, check, report, diff, fix, preprocess, power, import, pack or rules",
        )
    everything = [command for key, command in registry.all_commands() if key.startswith("submission ")]
    lines = tuple(f"franca submission {command.usage}: {command.summary}" for command in everything)
    return Answer({"commands": [command.usage.split()[0] for command in everything]}, lines)


def check(bound: Bound, session: Session) -> Answer:
    """Findings, results and the verdict."""
    from franca.mlperf.submission.output import to_text

    if bound.text("skip") == "list":
        return _skips()
    verdict = _verdict(bound, directory(bound, 1))
    _write_files(bound, verdict)
    lines = [verdict.summary] if bound.flag("brief") else to_text(verdict).splitlines()
    return Answer(_document(verdict), tuple(lines), status=0 if verdict.ok else 1)


def report(bound: Bound, session: Session) -> Answer:
    """The accepted results as a table."""
    from franca.cli.output import Table

    verdict = _verdict(bound, directory(bound, 1))
    _write_files(bound, verdict)
    if bound.text("rows"):
        from franca.catalog.files import write_json_atomic
        from franca.mlperf.submission.importing import import_records

        imported = import_records(verdict.records, url=bound.text("url"))
        write_json_atomic(bound.text("rows"), [one.row for one in imported])
    columns = (
        "submitter", "division", "system", "model", "scenario", "result", "unit", "accuracy", "power",
        "per accelerator", "per joule",
    )  # fmt: skip
    rows = tuple(
        (
            r.organization, r.division, r.platform, r.model, r.scenario, f"{r.result:g}", r.unit, r.accuracy_text(),
            "" if r.power is None else f"{r.power:.6g} {r.power_unit}",
            _number(r.derived.samples_per_second_per_accelerator), _number(r.derived.samples_per_joule),
        )
        for r in verdict.records
    )  # fmt: skip
    return Answer(_document(verdict), (verdict.summary,), Table(columns, rows) if rows else None)


def diff(bound: Bound, session: Session) -> Answer:
    """What changed between two trees."""
    import msgspec

    from franca.mlperf.submission.compare import compare_trees

    directory(bound, 2)
    old, new = (_verdict(bound, path) for path in bound.words[1:3])
    difference = compare_trees(old, new)
    changes = [*difference.results, *difference.findings, *difference.files]
    lines = tuple(change.line() for change in changes) or ("no difference",)
    return Answer(msgspec.to_builtins(difference), lines, status=0 if difference.empty else 1)


def fix(bound: Bound, session: Session) -> Answer:
    """The repairs, planned or made."""
    from franca.mlperf.submission.repair import apply_repairs, copy_tree, find_irreparable, plan_repairs

    root, output, in_place = directory(bound, 1), bound.text("output"), bound.flag("in_place")
    if output and in_place:
        raise UsageError("--output and --in-place exclude each other", hint="choose one")
    repairs = plan_repairs(root, names(bound.text("rule")))
    left = find_irreparable(root, names(bound.text("rule")))
    target = root if in_place else output
    if output:
        copy_tree(root, output)
    if target:
        apply_repairs(target, repairs, bound.text("backup"))
    lines = [repair.line() for repair in repairs] or ([] if left else ["nothing to repair"])
    lines += [f"{item.rule} {item.directory}: cannot be repaired: {item.reason}; score the log again" for item in left]
    if repairs and not target:
        lines.append("nothing was changed: add --output=DIR or --in-place")
    data = {
        "repairs": [{"rule": r.rule, "path": r.path, "action": r.action} for r in repairs],
        "made": bool(target and repairs),
        "tree": target or root,
        "irreparable": [{"rule": item.rule, "path": item.directory, "reason": item.reason} for item in left],
    }
    return Answer(data, tuple(lines), status=1 if left else 0)


def pack(bound: Bound, session: Session) -> Answer:
    """The archive that was written."""
    import os

    from franca.mlperf.submission.pack import pack_tree

    root = directory(bound, 1)
    output = bound.text("output") or os.path.normpath(root).rstrip(os.sep) + ".tar.gz"
    force = bound.flag("force")
    packed = pack_tree(root, output, checking(bound), force=force, check=not force)
    data = {
        "archive": packed.path, "sha256": packed.sha256, "size": packed.size, "files": packed.files,
        "truncated": packed.truncated, "ok": packed.verdict.ok, "summary": packed.verdict.summary,
    }  # fmt: skip
    lines = (
        packed.verdict.summary,
        f"{packed.path}: {packed.files} files, {packed.size} bytes, {packed.truncated} logs truncated",
        f"sha256 {packed.sha256}",
    )
    return Answer(data, lines)


def rules(bound: Bound, session: Session) -> Answer:
    """What each rule asks."""
    import msgspec

    from franca.mlperf.submission.rules import BY_ID, RULES

    wanted = bound.words[1:]
    for name in wanted:
        if name not in BY_ID:
            raise UsageError(f"there is no rule {name!r}", hint="franca submission rules lists them")
    chosen = [rule for rule in RULES if not wanted or rule.id in wanted]
    lines: list[str] = []
    for rule in chosen:
        when = "a warning only" if rule.since == "v99.0" else f"from {rule.since} in {', '.join(rule.divisions)}"
        lines += [f"{rule.id}: {rule.title} ({when})", f"    source: {rule.source}", f"    next: {rule.remedy}"]
    return Answer({"rules": msgspec.to_builtins(chosen)}, tuple(lines))


def directory(bound: Bound, count: int) -> str:
    """The first directory; the words hold the action's second word before it."""
    words = bound.words[1:]
    if len(words) != count:
        action, _, wanted = bound.command.usage.partition(" ")
        raise UsageError(
            f"submission {action} takes {wanted}, {len(words)} words were given",
            hint=f"franca submission {action} {wanted}",
        )  # fmt: skip
    return words[0]


def checking(bound: Bound) -> Options:
    """The options of a check, as given. Raises UsageError."""
    from franca.grammar.suggest import closest
    from franca.mlperf.submission.checker import Options
    from franca.mlperf.submission.rules import SKIPS

    skip = names(bound.text("skip"))
    for name in skip:
        if name not in SKIPS:
            near = ", ".join(closest(name, list(SKIPS))) or ", ".join(SKIPS)
            raise UsageError(f"no rules are skipped as {name!r}", hint=f"closest: {near}")
    return Options(
        round=bound.text("round"),
        lenient=bound.text("lenient"),
        submitter=bound.text("submitter"),
        skip=skip,
        mapping_name=bound.text("mapping") or "model_mapping.json",
        short=bound.flag("short"),
        scenarios_to_skip=tuple(_scenario(name) for name in names(bound.text("scenarios_to_skip"))),
    )


def _scenario(name: str) -> str:
    from franca.mlperf.submission.tables import canonical_scenario

    found = canonical_scenario(name)
    if found is None:
        raise UsageError(f"--scenarios-to-skip={name}: no such scenario")
    return found


def names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _verdict(bound: Bound, path: str) -> Verdict:
    from franca.mlperf.submission.checker import check_tree

    return check_tree(path, checking(bound))


def _document(verdict: Verdict) -> dict[str, object]:
    import json

    from franca.mlperf.submission.output import to_json

    document: dict[str, object] = json.loads(to_json(verdict))
    return document


def _write_files(bound: Bound, verdict: Verdict) -> None:
    from franca.catalog.files import write_text_atomic
    from franca.mlperf.submission.output import to_csv
    from franca.mlperf.submission.page import to_html

    for name, make in (("csv", to_csv), ("html", to_html)):
        if bound.text(name):
            write_text_atomic(bound.text(name), make(verdict))


def _skips() -> Answer:
    from franca.mlperf.submission.rules import SKIPS

    lines = tuple(f"{name}: {', '.join(rules)}" for name, rules in SKIPS.items())
    return Answer({"skips": {name: list(rules) for name, rules in SKIPS.items()}}, lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
