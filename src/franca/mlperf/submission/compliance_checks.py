"""Rules of the compliance tests: C (specification 9)."""

from __future__ import annotations

import math
import re

from franca.errors import MalformedFile
from franca.mlperf.logs.accuracy import AccuracyEntry, read_accuracy
from franca.mlperf.submission.accuracy_checks import ACCURACY_TEXT, check_truncation
from franca.mlperf.submission.context import ACCURACY_LOG, Context, Result
from franca.mlperf.submission.index import Node
from franca.mlperf.submission.model import Scenario
from franca.mlperf.submission.run_checks import Run, check_run, guarded, open_run, take_result
from franca.mlperf.submission.sampled_scores import gaps
from franca.results.derived import samples_per_second

TIMED = ("TEST01", "TEST04", "TEST05")
"""Tests with a performance run of their own."""

PASSED = "TEST PASS"
BASELINE, COMPLIANCE = "baseline_accuracy.txt", "compliance_accuracy.txt"

SAMPLING_SEED = 720381539243781796
"""accuracy_log_rng_seed of TEST01's audit configuration."""

TOKEN_LINES = (
    ("First token check pass: True", "First token check pass: Skipped"),
    ("EOS check pass: True",),
    ("Sample length check pass: True",),
)
"""TEST06: of each group one line must be there."""

FIGURES = {
    "TEST07": re.compile(r"^Accuracy score:[ \t]*([0-9]{1,15}(?:\.[0-9]{1,15})?)[ \t]*$", re.MULTILINE),
    "TEST09": re.compile(r"^Mean output tokens:[ \t]*([0-9]{1,15}(?:\.[0-9]{1,15})?)[ \t]*$", re.MULTILINE),
}
"""Lines of the verification outputs that hold what was judged."""

MAX_ANSWERS = 32 * 1024 * 1024
"""Bytes of the longest log of TEST06 that is read: a hundred answers of 20 000 tokens of 8 bytes, in hexadecimal."""

TOKEN_SIZES = (2, 4, 8)
"""Bytes of a token in a log."""


def check_compliance(ctx: Context, result: Result, place: Scenario) -> None:
    """All tests that the round requires of the model; open has none."""
    if result.division == "open":
        return
    directory = place.compliance()
    if directory is None:
        if result.rules.tests:
            ctx.findings.add("C1", place.compliance_path(), "is missing", division=result.division)
        return
    for name in result.rules.tests:
        test = directory.directory(name)
        if test is None:
            ctx.findings.add("C1", f"{directory.path}/{name}", "is missing", division=result.division)
        elif name in TIMED:
            _check_timed(ctx, result, test, name)
        else:
            _check_verified(ctx, result, test, name)


def _check_timed(ctx: Context, result: Result, test: Node, name: str) -> None:
    _check_pass(ctx, result, test, "verify_performance.txt", "C2")
    directory = test.directory("performance/run_1")
    if directory is None:
        ctx.findings.add("C3", f"{test.path}/performance/run_1", "is missing", division=result.division)
    else:
        _check_test_run(ctx, result, directory, name)
    if name == "TEST01":
        _check_test01(ctx, result, test)


def _check_test_run(ctx: Context, result: Result, directory: Node, name: str) -> None:
    """C3: the run itself; C2: its score against that of the performance run."""
    own = Result(
        result.path, result.division, result.submitter, result.system, result.model, result.official,
        result.scenario, result.rules,
    )  # fmt: skip
    run = open_run(ctx, own, directory, rule="C3")
    if run is None:
        return
    seeds = ctx.table.seeds
    if name == "TEST05" and ctx.table.test05_seeds is not None:
        seeds = ctx.table.test05_seeds
    check_run(run, seeds=seeds, audited=True)
    guarded(run, lambda: _check_settings(run, name))
    take_result(run)
    if own.value and result.value and not own.inferred and not result.inferred:
        _check_score(run, name, result)


def _check_settings(run: Run, name: str) -> None:
    """C3: the run was that of the test, not a normal one in its place (9.2)."""
    if name == "TEST04" and not run.log.find_flag("effective_performance_issue_same"):
        run.add(name, "the run did not repeat one sample", expected="performance_issue_same true", found="false")
    if name == "TEST01":
        seed = run.log.find_number("effective_accuracy_log_rng_seed")
        target = run.log.find_number("effective_accuracy_log_sampling_target")
        if seed != SAMPLING_SEED or not target:
            run.add(
                name, "the run did not sample responses", expected=f"accuracy_log_rng_seed {SAMPLING_SEED}", found=seed
            )  # fmt: skip


def _check_score(run: Run, name: str, reference: Result) -> None:
    """C2: thresholds of 9.5 between the two logs. TEST04 may only not be faster; the others bind both ways."""
    if not run.result.value or not reference.value:
        return
    test = samples_per_second(reference.scenario, run.result.value)
    base = samples_per_second(reference.scenario, reference.value)
    share = tolerance(reference)
    if name == "TEST04":
        wrong, expected = test >= base * (1 + share), f"< {base * (1 + share):.6g} samples/s"
    else:
        wrong, expected = abs(test / base - 1) > share, f"{base:.6g} samples/s within {share:.0%}"
    if wrong:
        run.ctx.findings.add(
            "C2", run.directory.path, f"the score of {name} is too far from the performance run's",
            division=reference.division, expected=expected, found=f"{test:.6g} samples/s",
        )  # fmt: skip


def tolerance(reference: Result) -> float:
    """Share by which scores may differ: 10 %, 20 % for very short latencies of the streams (9.5)."""
    short = {"SingleStream": 0.2, "MultiStream": 1.6}.get(reference.scenario)
    return 0.2 if short is not None and reference.value is not None and reference.value <= short else 0.1


def _check_pass(ctx: Context, result: Result, test: Node, name: str, rule: str) -> bool:
    """True when the verification output is there and passes; findings otherwise."""
    node = test.file(name)
    if node is None:
        ctx.findings.add(rule, f"{test.path}/{name}", "is missing", division=result.division)
        return False
    text = ctx.text(node, rule, result.division)
    if text is None:
        return False
    if PASSED not in text or "TEST FAIL" in text:
        ctx.findings.add(rule, node.path, f"does not say {PASSED}", division=result.division)
        return False
    return True


def _check_test01(ctx: Context, result: Result, test: Node) -> None:
    """C4 and C5: payloads of performance and accuracy run are equal, or both score alike."""
    node = test.file("verify_accuracy.txt")
    if node is None:
        ctx.findings.add("C4", f"{test.path}/verify_accuracy.txt", "is missing", division=result.division)
        return
    text = ctx.text(node, "C4", result.division)
    if text is None:
        return
    equal = any(line.strip() == PASSED for line in text.splitlines())
    directory = test.directory("accuracy")
    if directory is None:
        ctx.findings.add("C5", f"{test.path}/accuracy", "is missing", division=result.division)
        return
    scored = () if equal else (BASELINE, COMPLIANCE)
    optional = frozenset({BASELINE, COMPLIANCE}) if equal else frozenset()
    whole = ctx.exact_files("C5", directory, (ACCURACY_LOG, ACCURACY_TEXT, *scored), optional, division=result.division)
    node = directory.file(ACCURACY_TEXT)
    text = ctx.text(node, "C5", result.division) if node else None
    check_truncation(ctx, directory, text, "C5", result.division)
    if not equal:
        if whole:
            _check_fallback(ctx, result, directory)
        else:
            ctx.findings.add("C4", directory.path, "payloads differ and the two scores are not there",
                             division=result.division)  # fmt: skip


def _check_fallback(ctx: Context, result: Result, directory: Node) -> None:
    """C4: scores of the sampled responses of both runs differ by at most 1 % (0.1 % for -99.9)."""
    texts = {}
    for name in (BASELINE, COMPLIANCE):
        node = directory.file(name)
        text = ctx.text(node, "C4", result.division) if node else None
        if text is None:
            return
        texts[name] = text
    for gap in gaps(result.rules, result.official, result.scenario, texts[BASELINE], texts[COMPLIANCE]):
        if not gap.small:
            ctx.findings.add(
                "C4", directory.path, f"{gap.metric} of baseline and compliance run differ too much",
                division=result.division, expected=f"<= {gap.allowed} %", found=f"{gap.percent:.4g} %",
            )  # fmt: skip


def _check_verified(ctx: Context, result: Result, test: Node, name: str) -> None:
    """C6: tests that are judged by their verification output, and by the log that it is of."""
    if name != "TEST06":
        output = "verify_output_len.txt" if name == "TEST09" else "verify_accuracy.txt"
        if _check_pass(ctx, result, test, output, "C6"):
            _check_figure(ctx, result, test.file(output), name)
        return
    _check_answers(ctx, result, test)
    node = test.file("verify_accuracy.txt")
    if node is None:
        ctx.findings.add("C6", f"{test.path}/verify_accuracy.txt", "is missing", division=result.division)
        return
    text = ctx.text(node, "C6", result.division)
    lines = {line.strip() for line in (text or "").splitlines()}
    for group in TOKEN_LINES:
        if text is not None and not lines & set(group):
            ctx.findings.add("C6", node.path, "a check did not pass", division=result.division, expected=group[0])


def _check_figure(ctx: Context, result: Result, node: Node | None, name: str) -> None:
    """C6: the figure of TEST07 or TEST09 keeps what the round asks, whatever the threshold that was written."""
    bounds, least = result.rules.output_tokens, result.rules.test07_score
    ranges = {"TEST07": (least, math.inf), "TEST09": (bounds.least, bounds.most) if bounds else (0.0, math.inf)}
    text = ctx.text(node, "C6", result.division) if node and name in ranges else None
    found = FIGURES[name].search(text) if text is not None and name in FIGURES else None
    if node is None or found is None:
        return
    low, high = ranges[name]
    if not low <= float(found.group(1)) <= high:
        ctx.findings.add("C6", node.path, f"the figure of {name} is outside what the round asks",
                         division=result.division, expected=f"{low:g} to {high:g}", found=found.group(1))  # fmt: skip


def _check_answers(ctx: Context, result: Result, test: Node) -> None:
    """C6: answers of TEST06 that can still be read have their first tokens and numbers of tokens."""
    node = test.file(f"accuracy/{ACCURACY_LOG}")
    if node is None or not result.rules.token_latencies:
        return  # no official checker asks for it; LoadGen counts no tokens where it infers their rate
    if node.size > MAX_ANSWERS:
        ctx.findings.add("C6", node.path, "is longer than a hundred answers", division=result.division, warn=True,
                         expected=f"<= {MAX_ANSWERS} bytes", found=node.size)  # fmt: skip
        return
    try:
        entries = list(read_accuracy(ctx.disk(node.path)))
    except MalformedFile as error:
        ctx.findings.add("C6", node.path, f"cannot be read: {error.message}", division=result.division, warn=True)
        return
    wrong = [entry for entry in entries if not _whole(entry, firsts=result.scenario != "Offline")]
    if wrong or not entries:
        what = f"{len(wrong)} of {len(entries)} answers lack their first token or have another number of tokens"
        ctx.findings.add("C6", node.path, what if entries else "holds no answer", division=result.division)


def _whole(entry: AccuracyEntry, *, firsts: bool) -> bool:
    """As many tokens of 2, 4 or 8 bytes as were counted, and the first ones are those that were told."""
    size, rest = divmod(len(entry.data), entry.token_count) if entry.token_count > 0 else (0, 1)
    told = not firsts or (bool(entry.token_data) and entry.data.startswith(entry.token_data))
    return not rest and size in TOKEN_SIZES and told
