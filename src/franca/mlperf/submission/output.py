"""A verdict as text, CSV and JSON; the page is in `page`."""

from __future__ import annotations

import csv
import io

import msgspec

from franca.mlperf.submission.checker import Verdict
from franca.mlperf.submission.findings import Finding
from franca.mlperf.submission.records import Record, columns, rows
from franca.mlperf.submission.rules import BY_ID
from franca.mlperf.submission.tables import round_number
from franca.results.rows import SHORT_NOTE


def to_csv(verdict: Verdict) -> str:
    """summary.csv with the official columns of the round, fields quoted where RFC 4180 asks for it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns(round_number(verdict.round)), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(_table(verdict))
    return text.getvalue()


def _table(verdict: Verdict) -> list[dict[str, object]]:
    """The rows; those of short runs say so in their notes, so that nobody takes one for a result."""
    table = rows(verdict.records)
    if verdict.short:
        for row in table:
            row["notes"] = f"{SHORT_NOTE} {row['notes']}".rstrip()
    return table


def to_summary_json(verdict: Verdict) -> str:
    """summary.json: row number to row (14.3)."""
    names = columns(round_number(verdict.round))
    table = {str(n): {name: row[name] for name in names} for n, row in enumerate(_table(verdict))}
    return _pretty(table)


class FindingView(msgspec.Struct, frozen=True):
    """A finding with what its rule says, for JSON."""

    rule: str
    severity: str
    path: str
    message: str
    expected: str
    found: str
    title: str
    source: str
    remedy: str


def view(finding: Finding) -> FindingView:
    """A finding and its rule in one."""
    rule = BY_ID[finding.rule]
    return FindingView(
        finding.rule, finding.severity, finding.path, finding.message, finding.expected, finding.found,
        rule.title, rule.source, rule.remedy,
    )  # fmt: skip


def to_json(verdict: Verdict) -> str:
    """The whole verdict: findings with their rules, and results with derived metrics."""
    document = {
        "ok": verdict.ok,
        "summary": verdict.summary,
        "round": verdict.round,
        "skipped": list(verdict.skipped),
        "findings": [msgspec.to_builtins(view(finding)) for finding in verdict.findings],
        "rejected": verdict.rejected,
        "missing": verdict.missing,
        "results": msgspec.to_builtins(verdict.records),
    }
    return _pretty(document)


def _pretty(document: object) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode("utf-8", "replace") + "\n"


def to_text(verdict: Verdict, *, remedies: bool = True) -> str:
    """Findings, each rule's remedy once, the results and the verdict."""
    lines = []
    told: set[str] = set()
    for finding in sorted(verdict.findings, key=lambda f: f.severity):
        lines.append(finding.line())
        if remedies and finding.rule not in told and finding.severity == "error":
            told.add(finding.rule)
            lines.append(f"    next: {finding.remedy}")
    for rule, count in sorted(verdict.counts.items()):
        shown = sum(finding.rule == rule for finding in verdict.findings)
        if count > shown:
            lines.append(f"    {rule}: {count - shown} more")
    lines += [_result_line(record) for record in verdict.records]
    lines += [f"not accepted: {path}" for path in verdict.rejected]
    lines.append(verdict.summary)
    return "\n".join(lines) + "\n"


def _result_line(record: Record) -> str:
    text = f"result: {record.location}: {record.result:g} {record.unit}, accuracy {record.accuracy_text() or 'none'}"
    if record.power is not None:
        text += f", power {record.power:g} {record.power_unit}"
    return text
