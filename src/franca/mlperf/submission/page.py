"""A verdict as one page that needs nothing else: verdict, results, and findings under the rules they break."""

from __future__ import annotations

import html

from franca.mlperf.submission.checker import Verdict
from franca.mlperf.submission.findings import Finding
from franca.mlperf.submission.records import Record
from franca.mlperf.submission.rules import BY_ID, ERROR

_STYLE = """
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#17212b;--soft:#566573;--line:#dde3e9;
--good:#17693f;--good-bg:#e2f3e9;--bad:#a2231d;--bad-bg:#fbe6e4;--warn:#7a4d00;--warn-bg:#fdf1d8}
@media (prefers-color-scheme:dark){:root{--page:#11161c;--card:#192029;--ink:#e4eaf0;--soft:#9fadba;--line:#2d3742;
--good:#74d3a0;--good-bg:#173526;--bad:#ff938b;--bad-bg:#401d1b;--warn:#f2c572;--warn-bg:#3a2d12}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1280px;margin:0 auto;padding:2.2rem 1.5rem 3rem}
.eyebrow{color:var(--soft);font-size:.8rem;letter-spacing:.06em;text-transform:uppercase;margin:0 0 .4rem}
h1{font-size:1.75rem;line-height:1.2;margin:0}h2{font-size:1.1rem;margin:.4rem 0 .6rem}
h3{font-size:1rem;margin:1.3rem 0 .2rem}p{margin:.3rem 0}
.note{border-left:4px solid currentColor;border-radius:4px;padding:.7rem 1rem;margin:1.3rem 0 0;font-weight:600}
.note.ok{background:var(--good-bg);color:var(--good)}.note.error{background:var(--bad-bg);color:var(--bad)}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.9rem 1.4rem 1.2rem;
margin:1.2rem 0}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--line);padding:.36rem .8rem .36rem 0;text-align:left;vertical-align:top}
th{color:var(--soft);font-size:.82rem;white-space:nowrap}
.n{text-align:right;white-space:nowrap}th.n{white-space:normal}.w{min-width:12rem}.s{white-space:nowrap}.unit,.soft{color:var(--soft)}
.tag{font-size:.74rem;font-weight:650;padding:.13rem .5rem;border-radius:99px;white-space:nowrap}
.tag.error{color:var(--bad);background:var(--bad-bg)}.tag.warning{color:var(--warn);background:var(--warn-bg)}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.85rem;
overflow-wrap:anywhere}
@media (max-width:640px){main{padding:1.2rem .8rem}section{padding:.7rem .9rem}.places td{display:block;border:0;
padding:.1rem 0}
.places tr{display:block;border-bottom:1px solid var(--line);padding:.4rem 0}.places thead{display:none}}
"""


def to_html(verdict: Verdict) -> str:
    """The page. Every text of the tree is escaped; nothing is loaded from elsewhere."""
    title = "Report on short runs, no submission" if verdict.short else "Submission report"
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{title}, {_h(verdict.round)}</title><style>{_STYLE}</style><main>",
        f'<p class="eyebrow">MLPerf inference, round {_h(verdict.round)}</p><h1>{title}</h1>',
        f'<p class="note {"ok" if verdict.ok else "error"}">{_h(verdict.summary)}</p>',
        _results(verdict.records),
        _rejected(verdict.rejected),
        _findings(verdict),
        "</main>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


_HEADS = (
    "Model", "Scenario", "Result", "p99 latency", "Accuracy", "Power", "Samples/s per accelerator", "Samples/J",
    "System", "Submitter", "Division",
)  # fmt: skip
"""What a narrow screen shows without scrolling comes first."""

_NUMBERS = frozenset({"Result", "p99 latency", "Power", "Samples/s per accelerator", "Samples/J"})


def _results(records: list[Record]) -> str:
    if not records:
        return "<section><h2>Results</h2><p>No result was accepted.</p></section>"
    rows = [_cells(record) for record in records]
    # A column that nobody fills says nothing.
    used = [n for n in range(len(_HEADS)) if any(row[n] for row in rows)]
    kinds = [_kind(_HEADS[n]) for n in used]
    head = "".join(f"<th{kind}>{_h(_HEADS[n])}</th>" for n, kind in zip(used, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{row[n]}</td>" for n, kind in zip(used, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<section><h2>Results</h2>{_table(head, body)}</section>"


def _kind(head: str) -> str:
    kind = "n" if head in _NUMBERS else {"Scenario": "s", "System": "w"}.get(head, "")
    return f' class="{kind}"' if kind else ""


def _cells(record: Record) -> list[str]:
    """One row, as HTML; the unit of the official summary stands behind the result."""
    derived = record.derived
    return [
        _h(record.model),
        _h(record.scenario),
        _amount(record.result, record.unit),
        _amount(derived.latency_p99_ms, "ms"),
        _h(record.accuracy_text()),
        _amount(record.power, record.power_unit),
        _amount(derived.samples_per_second_per_accelerator, ""),
        _amount(derived.samples_per_joule, ""),
        *(_h(text) for text in (record.system_name, record.organization, record.division)),
    ]


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f'{value:.6g} <span class="unit">{_h(unit)}</span>' if unit else f"{value:.6g}"


def _rejected(paths: list[str]) -> str:
    if not paths:
        return ""
    items = "".join(f"<li>{_path(path)}</li>" for path in paths)
    return f"<section><h2>Not accepted</h2><ul>{items}</ul></section>"


def _findings(verdict: Verdict) -> str:
    if not verdict.findings:
        return "<section><h2>Findings</h2><p>None.</p></section>"
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in sorted(verdict.findings, key=lambda f: f.severity != ERROR):
        groups.setdefault((finding.severity, finding.rule), []).append(finding)
    parts = [_group(severity, rule, found) for (severity, rule), found in groups.items()]
    more = "".join(
        f'<p class="soft">{_h(rule)}: {count - shown} more findings are not listed.</p>'
        for rule, count in sorted(verdict.counts.items())
        if count > (shown := sum(f.rule == rule for f in verdict.findings))
    )
    return f"<section><h2>Findings</h2>{''.join(parts)}{more}</section>"


def _group(severity: str, rule_id: str, findings: list[Finding]) -> str:
    """A rule once, with its remedy and source, and the places that break it."""
    rule = BY_ID[rule_id]
    rows = "".join(f"<tr><td>{_path(f.path)}</td><td>{_h(f.message)}{_detail(f)}</td></tr>" for f in findings)
    return (
        f'<h3>{_h(rule_id)} {_h(rule.title)} <span class="tag {_h(severity)}">{_h(severity)}'
        f"{f' x {len(findings)}' if len(findings) > 1 else ''}</span></h3>"
        f'<p>{_h(rule.remedy)} <span class="soft">({_h(rule.source)})</span></p>'
        + _table("<th>Place</th><th>What is wrong</th>", rows, "places")
    )


def _table(head: str, body: str, kind: str = "") -> str:
    return f'<div class="wide"><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _detail(finding: Finding) -> str:
    detail = finding.detail()
    return f'<br><span class="soft">{_h(detail)}</span>' if detail else ""


def _path(path: str) -> str:
    """A path that may be broken behind its slashes."""
    return f"<code>{_h(path).replace('/', '/<wbr>')}</code>"


def _h(text: str) -> str:
    return html.escape(text.encode("utf-8", "backslashreplace").decode("utf-8"))
