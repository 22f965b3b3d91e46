"""Rules of the accuracy directory: A."""

from __future__ import annotations

import hashlib
import re

from franca.errors import MalformedFile
from franca.mlperf.submission.context import ACCURACY_LOG, DETAIL, MAX_TRUNCATED, SUMMARY, Context, Result
from franca.mlperf.submission.documents import find_counts, find_hashes, find_metric, read_bytes
from franca.mlperf.submission.index import Node
from franca.mlperf.submission.run_checks import INFERABLE, Run, check_clock, check_errors, check_mode, check_repeats

ACCURACY_TEXT = "accuracy.txt"
CUT = b"\n\n...\n\n"
"""What stands for the middle of a truncated log."""
_SHA256 = re.compile("[0-9a-fA-F]{64}")
FILES = (SUMMARY, DETAIL, ACCURACY_LOG, ACCURACY_TEXT)
ESSENTIAL = (DETAIL, ACCURACY_LOG, ACCURACY_TEXT)
"""Those that the checker of v3.0 asked for."""


def check_accuracy(ctx: Context, result: Result, directory: Node | None) -> None:
    """All rules of results/<system>/<model>/<scenario>/accuracy; keeps the metrics found."""
    if directory is None:
        ctx.findings.add("A1", f"{result.path}/accuracy", "is missing", division=result.division)
        return
    extra = frozenset(result.rules.accuracy_extra_files)
    ctx.exact_files("A1", directory, FILES, extra, division=result.division, essential=ESSENTIAL)
    check_extra_files(ctx, result, directory)
    node = directory.file(ACCURACY_TEXT)
    text = ctx.text(node, "A2", result.division) if node else None
    if node is not None and text is not None:
        check_targets(ctx, result, node, text)
        check_counts(ctx, result, node, text)
        check_owner(ctx, result, node, text)
    check_truncation(ctx, directory, text, "A3", result.division)
    _check_log(ctx, result, directory, text)


def check_extra_files(ctx: Context, result: Result, directory: Node | None) -> None:
    """A8: pictures or videos that some benchmarks must show."""
    for name, stems in result.rules.accuracy_extra_files.items():
        folder = directory.directory(name) if directory else None
        there = {child.name.rsplit(".", 1)[0] for child in folder.files()} if folder else set()
        for stem in sorted(set(stems) - there):
            ctx.findings.add("A8", f"{result.path}/accuracy/{name}/{stem}.*", "is missing", division=result.division)


def check_targets(ctx: Context, result: Result, node: Node, text: str) -> None:
    """A2: each metric is there; closed and network results reach their targets."""
    for wanted in result.rules.targets(result.scenario):
        found = find_metric(text, wanted.metric)
        if found is None:
            open_here = result.division == "open" and bool(result.accuracy)
            ctx.findings.add(
                "A2", node.path, f"no line with {wanted.metric}", division=result.division, warn=open_here
            )  # fmt: skip
            continue
        result.accuracy[wanted.metric] = found
        if result.division == "open":
            continue
        value = float(found)
        if value < wanted.target:
            ctx.findings.add(
                "A2", node.path, f"{wanted.metric} is below its target",
                division=result.division, expected=f">= {wanted.target}", found=found,
            )  # fmt: skip
        if wanted.limit is not None and value > wanted.limit:
            ctx.findings.add(
                "A2", node.path, f"{wanted.metric} is above its limit",
                division=result.division, expected=f"<= {wanted.limit}", found=found,
            )  # fmt: skip


def check_counts(ctx: Context, result: Result, node: Node, text: str) -> None:
    """A7: the percentage follows from the counts beside it."""
    counts = find_counts(text)
    if counts is None:
        return
    percent, good, total = counts
    if total == 0 or good > total or abs(100 * good / total - percent) > 0.0006:
        ctx.findings.add(
            "A7", node.path, "accuracy does not follow from good and total", division=result.division,
            expected=f"{100 * good / total:.3f}" if total else "a total above 0", found=percent,
        )  # fmt: skip


def check_owner(ctx: Context, result: Result, node: Node, text: str) -> None:
    """A7: two submitters or two models have no accuracy log in common, byte for byte; systems of one may.

    The plain and the high-accuracy variant of a benchmark are one model: a result of -99.9 may be shown as -99 too.
    """
    for digest in find_hashes(text)[-1:]:
        first = ctx.digests.setdefault(digest, result)
        if (first.submitter, _plain(first.model)) != (result.submitter, _plain(result.model)):
            ctx.findings.add(
                "A7", node.path, f"the digest is that of another result's accuracy log: {first.path}",
                division=result.division, found=digest,
            )  # fmt: skip


def _plain(model: str) -> str:
    """The plain variant of a high-accuracy one."""
    return model[:-2] if model.endswith("-99.9") else model


def check_truncation(ctx: Context, directory: Node, text: str | None, rule: str, division: str) -> None:
    """A3 (C5) and A7: the log is truncated, its digest recorded, and both agree where that can be seen."""
    log = directory.file(ACCURACY_LOG)
    if log is not None and log.size > MAX_TRUNCATED:
        ctx.findings.add(
            rule, log.path, "is not truncated", division=division,
            expected=f"<= {MAX_TRUNCATED} bytes", found=f"{log.size} bytes",
        )  # fmt: skip
    if text is None:
        return
    hashes = find_hashes(text)
    path = f"{directory.path}/{ACCURACY_TEXT}"
    if not hashes:
        ctx.findings.add(rule, path, "no hash= line", division=division)
    elif not _SHA256.fullmatch(hashes[-1]):
        ctx.findings.add(
            rule, path, "the digest is no SHA-256", division=division,
            expected="64 hexadecimal digits", found=hashes[-1],
        )  # fmt: skip
    elif log is not None and log.size <= MAX_TRUNCATED:
        _check_digest(ctx, directory, log, hashes, division)


def _check_digest(ctx: Context, directory: Node, log: Node, hashes: list[str], division: str) -> None:
    """A log that was small enough to stay whole must have the digest that is recorded."""
    try:
        content = read_bytes(ctx.disk(log.path), MAX_TRUNCATED)
    except MalformedFile as error:
        ctx.findings.refuse("A3", log.path, error, division=division)
        return
    if not content.lstrip().startswith(b"["):
        ctx.findings.add("A3", log.path, "is no accuracy log: it does not start with '['", division=division)
    if CUT in content or not content.strip():
        return
    digest = hashlib.sha256(content).hexdigest()
    if digest not in hashes:
        ctx.findings.add(
            "A7", f"{directory.path}/{ACCURACY_TEXT}", "the digest is not that of the whole log beside it",
            division=division, expected=digest, found=hashes[-1],
        )  # fmt: skip


def _check_log(ctx: Context, result: Result, directory: Node, text: str | None) -> None:
    """A4 to A7: the detail log of the accuracy run; the summary must be readable."""
    node = directory.file(SUMMARY)
    summary = ctx.summary(node, "P2", result.division) if node else None
    if node is not None and summary is not None and summary.errors != 0:
        found = "nothing" if summary.errors < 0 else f"{summary.errors} errors"
        ctx.findings.add(
            "A4", node.path, "the summary does not say that there were no errors",
            division=result.division, expected="No errors encountered during test.", found=found,
        )  # fmt: skip
    node = directory.file(DETAIL)
    log = ctx.detail(node, "P2", result.division) if node else None
    if log is None:
        return
    run = Run(ctx, result, directory, log)
    try:
        check_mode(run, "AccuracyOnly", "A6")
        check_errors(run, "A4")
        check_clock(run)
        check_repeats(run)
        _check_scenario(run)
        _check_coverage(run)
        _check_total(run, text or "")
    except MalformedFile as error:
        run.add("P2", error.message)


def _check_scenario(run: Run) -> None:
    """A6: the accuracy run is of the scenario of the directory, or of one that may stand for it."""
    logged, claimed = run.scenario, run.result.scenario
    if logged != claimed and (logged, claimed) not in INFERABLE:
        run.add("A6", "the accuracy log is of another scenario", expected=claimed, found=logged or "none")


def _check_coverage(run: Run) -> None:
    """A5: all samples of the data set of the official benchmark, also for a model that is mapped to it."""
    key = "effective_accuracy_sample_count"
    found = run.log.integer(key if key in run.log else "qsl_reported_total_count")
    expected = run.result.rules.samples(run.result.scenario)
    if expected and found != expected:
        run.add("A5", "the run does not cover the data set", expected=expected, found=found)


def _check_total(run: Run, text: str) -> None:
    """A7: accuracy.txt counts the samples of this run, and not those of a run over other data."""
    counts = find_counts(text)
    key = "qsl_reported_total_count"
    if counts is not None and key in run.log and counts[2] != run.log.integer(key):
        run.ctx.findings.add(
            "A7", f"{run.directory.path}/{ACCURACY_TEXT}", "total is not the number of samples of the run beside it",
            division=run.result.division, expected=run.log.integer(key), found=counts[2],
        )  # fmt: skip
