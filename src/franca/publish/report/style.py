"""The report's style sheet: system fonts, light and dark by the reader's setting, plain on paper."""

from __future__ import annotations

CSS = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #17212b; --soft: #566573; --line: #dde3e9; --grid: #e9edf1;
  --accent: #1f5fa8; --accent-soft: #7fa9d6; --good: #17693f; --good-bg: #e2f3e9; --bad: #a2231d;
  --bad-bg: #fbe6e4; --warn: #7a4d00; --warn-bg: #fdf1d8; --code: #eef1f5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11161c; --card: #192029; --ink: #e4eaf0; --soft: #9fadba; --line: #2d3742; --grid: #27303a;
    --accent: #6cabee; --accent-soft: #3c6594; --good: #74d3a0; --good-bg: #173526; --bad: #ff938b;
    --bad-bg: #401d1b; --warn: #f2c572; --warn-bg: #3a2d12; --code: #222b35;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); line-height: 1.5;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; z-index: 1; }
main, header.top, footer { max-width: 1120px; margin: 0 auto; padding: 0 1.5rem; }
header.top { padding-top: 2.2rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .8rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .5rem; }
p { margin: .4rem 0; max-width: 75ch; }
a { color: var(--accent); }
.lead { color: var(--soft); margin: 0; max-width: none; }
.eyebrow { color: var(--soft); font-size: .8rem; letter-spacing: .06em; text-transform: uppercase;
  margin: 0 0 .4rem; }
.note { border-left: 4px solid currentColor; border-radius: 4px; padding: .7rem 1rem; margin: 1.3rem 0 0;
  background: var(--warn-bg); color: var(--warn); max-width: none; }
.note.bad { background: var(--bad-bg); color: var(--bad); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(225px, 1fr)); gap: 1rem;
  margin: 1.5rem 0 0;
  padding: 0; list-style: none; }
.card, section.panel { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.card { padding: 1rem 1.15rem 1.1rem; }
.card .name { display: flex; justify-content: space-between; align-items: center; font-weight: 600;
  gap: .5rem; }
.card .value { font-size: 1.65rem; white-space: nowrap; font-weight: 650; line-height: 1.15;
  margin: .65rem 0 0; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.card .unit { font-size: .95rem; font-weight: 500; color: var(--soft); letter-spacing: 0; }
.card .what { color: var(--soft); font-size: .87rem; margin: 0; }
.card .facts { font-size: .87rem; margin: .75rem 0 0; padding-top: .65rem;
  border-top: 1px solid var(--line); }
.badge { font-size: .74rem; font-weight: 650; letter-spacing: .03em; padding: .13rem .5rem;
  border-radius: 99px;
  white-space: nowrap; }
.badge.good { color: var(--good); background: var(--good-bg); }
.badge.bad { color: var(--bad); background: var(--bad-bg); }
.badge.none { color: var(--soft); background: var(--code); }
section.panel { padding: .4rem 1.4rem 1.4rem; margin: 1.2rem 0; }
section.panel h2 { display: flex; align-items: center; gap: .7rem; margin: 1rem 0 .2rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); gap: 1rem 1.6rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); gap: 0 2rem;
  align-items: start; }
figure { margin: .8rem 0 0; min-width: 0; }
figure.narrow { max-width: 600px; }
figcaption { font-size: .87rem; color: var(--soft); margin-bottom: .2rem; }
figcaption strong { color: var(--ink); font-weight: 600; }
svg { width: 100%; height: auto; display: block; overflow: visible; }
svg text { font-size: 11px; fill: var(--soft); font-family: inherit; font-variant-numeric: tabular-nums; }
svg .label { font-size: 13px; fill: var(--ink); } svg .value { font-size: 12px; }
svg .axis { stroke: var(--soft); } svg .grid { stroke: var(--grid); }
svg .bar, svg .through { fill: var(--accent); } svg .bare { fill: var(--accent-soft); }
svg .curve { fill: none; stroke: var(--accent); stroke-width: 2; } svg .dot { fill: var(--card);
  stroke: var(--accent);
  stroke-width: 2; }
svg .mark { stroke: var(--ink); stroke-dasharray: 3 3; } svg .mark-label { fill: var(--ink);
  font-weight: 600; }
svg .bound { stroke: var(--bad); stroke-width: 1.5; } svg .bound-label { fill: var(--bad); font-weight: 600; }
svg .pareto { fill: none; stroke: var(--accent); stroke-width: 1.5; stroke-dasharray: 5 3; }
svg .front { fill: var(--accent); stroke: var(--card); } svg .tie { fill: var(--accent-soft); stroke: var(--accent); }
svg .behind { fill: var(--grid); stroke: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .9rem 0 .35rem; }
th, td { text-align: left; padding: .36rem .8rem .36rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; font-size: .82rem; white-space: nowrap; }
tbody th { font-weight: 500; white-space: nowrap; }
table.facts tbody th { white-space: normal; color: var(--soft); width: 40%; }
table.numbers td, table.numbers thead th + th { text-align: right; padding-right: 0; padding-left: 1rem; }
table.numbers td { white-space: nowrap; }
ol.steps { margin: .2rem 0 0; padding-left: 1.3rem; font-size: .92rem; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .87rem; }
pre { background: var(--code); border-radius: 8px; padding: .8rem 1rem; overflow-x: auto;
  white-space: pre-wrap;
  overflow-wrap: anywhere; margin: .5rem 0; }
td code { overflow-wrap: anywhere; }
.yes { color: var(--good); font-weight: 600; } .no { color: var(--bad); font-weight: 600; }
.muted { color: var(--soft); }
footer { color: var(--soft); font-size: .85rem; padding-top: 1.5rem; padding-bottom: 3rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb;
  --grid: #e4e4e4;
    --accent: #1f5fa8; --accent-soft: #9dbbdc; --good: #17693f; --good-bg: #fff; --bad: #a2231d;
  --bad-bg: #fff;
    --warn: #5b3a00; --warn-bg: #fff; --code: #f3f3f3; }
  body { font-size: 11pt; } main, header.top, footer { max-width: none; padding: 0; }
  section.panel, .card, figure, tr { break-inside: avoid; } .badge { border: 1px solid currentColor; }
.skip { display: none; }
}
"""
