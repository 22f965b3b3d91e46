"""A verdict as text, CSV, JSON and HTML."""

from __future__ import annotations

import csv
import html
import io

import msgspec

from franca.mlperf.submission.checker import Verdict
from franca.mlperf.submission.findings import Finding
from franca.mlperf.submission.records import Record, columns, rows
from franca.mlperf.submission.rules import BY_ID
from franca.mlperf.submission.tables import round_number


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
            row["notes"] = f"SHORT RUN, no submission. {row['notes']}".rstrip()
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


_STYLE = """
:root{color-scheme:light dark;--line:#8886;--bad:#b3261e;--warn:#8a5a00;--good:#1a7f37}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:90rem;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{border-bottom:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}
.error{color:var(--bad)}.warning{color:var(--warn)}.ok{color:var(--good)}
code{font-size:.9em;overflow-wrap:anywhere}.wide{overflow-x:auto}
"""


def to_html(verdict: Verdict) -> str:
    """A page that needs nothing else: verdict, results, findings with their remedies."""
    state = "ok" if verdict.ok else "error"
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>Submission report, {_h(verdict.round)}</title><style>{_STYLE}</style>",
        f'<h1>{_title(verdict)}</h1><p class="{state}"><strong>{_h(verdict.summary)}</strong></p>',
        _results_table(verdict.records),
        _findings_table(verdict.findings),
    ]
    return "\n".join(parts) + "\n"


def _title(verdict: Verdict) -> str:
    return "Report on short runs, no submission" if verdict.short else "Submission report"


_HEADS = (
    "Submitter", "Division", "System", "Model", "Scenario", "Result", "Unit", "Accuracy", "Power",
    "Samples/s per accelerator", "Samples/J", "p99 ms",
)  # fmt: skip


EMPTY = ("<td></td>", '<td class="n"></td>')


def _results_table(records: list[Record]) -> str:
    if not records:
        return "<p>No result was accepted.</p>"
    rows = [_cells(record) for record in records]
    # A column that nobody fills says nothing.
    used = [n for n in range(len(_HEADS)) if any(row[n] not in EMPTY for row in rows)]
    head = "".join(f"<th>{_h(_HEADS[n])}</th>" for n in used)
    body = "".join(f"<tr>{''.join(row[n] for n in used)}</tr>" for row in rows)
    return f'<h2>Results</h2><div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cells(record: Record) -> list[str]:
    derived = record.derived
    texts = [record.organization, record.division, record.system_name, record.model, record.scenario]
    power = "" if record.power is None else f"{record.power:.6g} {record.power_unit}"
    return [
        *(f"<td>{_h(text)}</td>" for text in texts),
        _number(record.result),
        *(f"<td>{_h(text)}</td>" for text in (record.unit, record.accuracy_text(), power)),
        _number(derived.samples_per_second_per_accelerator),
        _number(derived.samples_per_joule),
        _number(derived.latency_p99_ms),
    ]


def _number(value: float | None) -> str:
    return f'<td class="n">{"" if value is None else f"{value:.6g}"}</td>'


def _findings_table(findings: list[Finding]) -> str:
    if not findings:
        return '<h2>Findings</h2><p class="ok">None.</p>'
    body = "".join(
        f'<tr><td class="{_h(f.severity)}">{_h(f.severity)}</td><td>{_h(f.rule)}</td>'
        f"<td><code>{_h(f.path)}</code><br>{_h(f.message)}{_detail(f)}</td>"
        f"<td>{_h(BY_ID[f.rule].title)}<br>{_h(f.remedy)}<br><small>{_h(BY_ID[f.rule].source)}</small></td></tr>"
        for f in sorted(findings, key=lambda f: f.severity)
    )
    head = "<tr><th>Severity</th><th>Rule</th><th>Finding</th><th>Rule and remedy</th></tr>"
    return f'<h2>Findings</h2><div class="wide"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'


def _detail(finding: Finding) -> str:
    if not finding.expected and not finding.found:
        return ""
    return f"<br>expected {_h(finding.expected)}, found {_h(finding.found)}"


def _h(text: str) -> str:
    return html.escape(text.encode("utf-8", "backslashreplace").decode("utf-8"))
