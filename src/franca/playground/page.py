"""The dashboard as one page without scripts: selectors, the scatter plot and the latest records.

Everything that a reader chooses stands in the address, so a link shows what its sender saw. The page asks for its style
sheet and for nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from franca.playground import view as views
from franca.playground.records import Record, Records
from franca.playground.view import View
from franca.publish.report.markup import Content, Markup, table, tag
from franca.publish.report.scatter import scatter
from franca.publish.report.style import CSS

ROWS = 300  #: of the table, the newest
COLUMNS = ("when", "run", "Model", "Scenario", "Division", "performance", "Units", "qps", "accuracy", "valid")
_HUES = ("#1f77b4", "#d95f02", "#2ca02c", "#9467bd", "#b8860b", "#e377c2", "#17a2b8", "#7f7f7f")
STYLE = CSS + """
form.choose { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: end; margin: 1rem 0; }
form.choose label { display: block; font-size: .82rem; color: var(--soft); }
form.choose select, form.choose button { font: inherit; padding: .25rem .4rem; max-width: 14rem; }
ul.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; font-size: .87rem; }
ul.legend span { display: inline-block; width: .8rem; height: .8rem; border-radius: 50%; margin-right: .4rem; }
svg circle.behind, svg circle.tie { opacity: .55; }
svg circle.tie { stroke: var(--ink); } svg circle.front { stroke: var(--ink); stroke-width: 1.5; }
""" + "".join(f"svg circle.colour{n} {{ fill: {hue}; }} span.colour{n} {{ background: {hue}; }}\n"
              for n, hue in enumerate(_HUES))  # fmt: skip


def render(found: Records, view: View) -> str:
    """The whole page."""
    records = views.shown(found.records, view)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", "Dashboard"),
        tag("link", rel="stylesheet", href="style.css"),
        tag("link", rel="icon", href="data:,"),
    )
    main: list[Content] = [_form(found.records, view)]
    main += [_figure(records, view), _table(records)] if records else [_nothing(found)]
    top = tag("header", tag("h1", "Dashboard"), tag("p", _lead(found), class_="lead"), class_="top")
    return "<!DOCTYPE html>\n" + tag("html", head, tag("body", top, tag("main", *main)), lang="en") + "\n"


def _lead(found: Records) -> str:
    words = [f"{len(found.records)} records in {found.files} files"]
    if found.records:
        words.append(f"the latest of {views.text(found.records[-1].get('when')) or 'an unknown time'}")
    if found.dropped:
        words.append(f"{found.dropped} older ones are not shown")
    if found.broken:
        words.append(f"{found.broken} lines are no records")
    return "; ".join(words)


def _nothing(found: Records) -> Markup:
    hint = "Runs with the variation _dashboard append to dashboard.jsonl; this page shows them as they come."
    return tag("p", "No record has this scenario." if found.records else f"No records yet. {hint}", class_="note")


def _form(records: Sequence[Record], view: View) -> Markup:
    numbers = views.numeric_fields(records)
    scenarios = sorted({views.text(record.get("Scenario")) for record in records} - {""})
    ways = [("", "by its name"), *((way, way) for way in views.DIRECTIONS)]
    pauses = [(n, "off" if n == "0" else f"{n} s") for n in views.REFRESHES]
    parts = [
        _select("x", "X axis", [(n, n) for n in numbers], view.x),
        _select("d", "better on X", ways, view.d),
        _select("y", "Y axis", [(n, n) for n in numbers], view.y),
        _select("e", "better on Y", ways, view.e),
        _select("c", "colour", [(n, n) for n in views.text_fields(records)], view.c),
        _select("s", "scenario", [("", "all"), *((n, n) for n in scenarios)], view.s),
        _select("refresh", "refresh", pauses, str(view.refresh)),
        tag("button", "Show", type="submit"),
    ]
    return tag("form", *parts, method="get", action="./", class_="choose")


def _select(name: str, words: str, options: Sequence[tuple[str, str]], chosen: str) -> Markup:
    """A selector; what is chosen stands in it even if no record has it now."""
    known = list(options) if any(value == chosen for value, _ in options) else [(chosen, chosen), *options]
    made = [tag("option", says, value=value, selected="" if value == chosen else None) for value, says in known]
    return tag("div", tag("label", words, for_=name), tag("select", *made, name=name, id=name))


def _figure(records: Sequence[Record], view: View) -> Markup:
    picture = views.picture(records, view)
    names = [f"{name} ({view.better(axis)} is better)" for axis, name in (("x", view.x), ("y", view.y))]
    fronts = sum(dot.kind == "front" for dot in picture.dots)
    says = f"{len(picture.dots)} points, {fronts} of them on the front of their group (joined by lines)"
    says += f"; {picture.lacking} records lack {view.x} or {view.y}" if picture.lacking else ""
    legend = [
        tag("li", tag("span", class_=f"colour{n}"), name or "not stated") for n, name in enumerate(picture.legend)
    ]
    plot = scatter(picture.dots, names[0], names[1], f"{view.y} by {view.x}")
    return tag("figure", tag("figcaption", says), plot, tag("ul", *legend, class_="legend"), id="plot")


def _table(records: Sequence[Record]) -> Markup:
    newest = list(reversed(records[-ROWS:]))
    more = sorted({name for record in newest for name in record} - set(COLUMNS))
    columns = ([name for name in COLUMNS if any(name in record for record in newest)] + more)[: views.MAX_FIELDS]
    rows: list[list[Content]] = [[views.text(record.get(name)) for name in columns] for record in newest]
    return table(f"Records, the newest first: {len(newest)} of {len(records)}", columns, rows)
