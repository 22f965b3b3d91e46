"""The page of a choice of systems: each group's picture, its front, what is behind it and what is not judged."""

from __future__ import annotations

from collections.abc import Sequence

from franca.model.result import Result
from franca.publish.report.markup import Content, Markup, join, table, tag
from franca.publish.report.scatter import Dot, scatter
from franca.publish.report.style import CSS
from franca.results.axes import AXES
from franca.results.choice import Choice
from franca.results.evidence import readme_of

SHOWN = 200  #: rows of a group; the command's --json has all


def render(choices: Sequence[Choice], asked: str) -> str:
    """The page of all groups that have something to offer. ``asked``: the command that made it."""
    offering = [choice for choice in choices if choice.front]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content="default-src 'none'; style-src 'unsafe-inline'"),
        tag("title", "Choice of systems"),
        tag("style", Markup(CSS)),
    )
    top = tag("header", tag("h1", "Choice of systems"), tag("p", tag("code", asked), class_="lead"), class_="top")
    rest = len(choices) - len(offering)
    note = tag("p", f"{rest} more groups of comparable results have nothing that meets the limits.", class_="muted")
    words = "Rates in the streams, costs and other figures that follow from official ones are derived and unofficial."
    foot = tag("footer", tag("p", words))
    body = [top, tag("main", *(_group(choice) for choice in offering), *([note] if rest else [])), foot]
    return "<!DOCTYPE html>\n" + tag("html", head, tag("body", *body), lang="en") + "\n"


def _group(choice: Choice) -> Markup:
    parts: list[Content] = [tag("h2", choice.title), tag("p", counts(choice))]
    if len(choice.axes) > 1:
        parts.append(tag("figure", _picture(choice)))
    return tag("section", *parts, _table(choice), class_="panel")


def counts(choice: Choice) -> str:
    """How many results are where, in words."""
    ties = sum(one.tie for one in choice.dominated)
    words = [f"{len(choice.front)} on the front", f"{len(choice.dominated)} behind it ({ties} within the spread)"]
    words += [f"{len(choice.excluded)} miss a limit"] if choice.excluded else []
    words += [f"{len(choice.incomplete)} lack a figure and are not judged"] if choice.incomplete else []
    return ", ".join(words)


def drawn_axes(choice: Choice) -> tuple[str, str]:
    """The first axis, and of the others the one on which the results differ most, relative to its values."""
    results = [*choice.front, *(one.result for one in choice.dominated)]

    def width(name: str) -> float:
        values = [value for value in (AXES[name].value(result) for result in results) if value is not None]
        return (max(values) - min(values)) / (max(map(abs, values)) or 1.0) if values else 0.0

    return choice.axes[0], max(choice.axes[1:], key=width)


def _picture(choice: Choice) -> Markup:
    """Two axes; the front may go on in further ones."""
    first, second = drawn_axes(choice)
    kinds = [(r, "front") for r in choice.front] + [(d.result, "tie" if d.tie else "behind") for d in choice.dominated]
    dots = []
    for result, kind in kinds:
        x, y = AXES[first].value(result), AXES[second].value(result)
        if x is not None and y is not None:
            dots.append(Dot(x, y, f"{result.organization} {result.platform}: {figure(result, first)}", kind))
    names = [axis_label(choice.front[0], name) for name in (first, second)]
    return scatter(dots, names[0], names[1], f"{second} by {first}: {choice.title}")


def axis_label(result: Result, name: str) -> str:
    """An axis with its unit and the better direction."""
    metric = AXES[name].read(result)
    unit = f", {metric.unit}" if metric and metric.unit else ""
    return f"{name}{unit} ({AXES[name].better} is better)"


def figure(result: Result, name: str) -> str:
    """A figure on an axis, with its unit."""
    metric = AXES[name].read(result)
    return f"{metric.value:.6g} {metric.unit}".rstrip() if metric else ""


def _table(choice: Choice) -> Markup:
    rows = [_row(choice, result, "front") for result in choice.front]
    for one in choice.dominated:
        rows.append(_row(choice, one.result, f"{'tie with' if one.tie else 'behind'} {one.by[:8]}"))
    head = ["key", "", *choice.axes, "system", "how it was made"]
    more = f" The first {SHOWN} of {len(rows)}." if len(rows) > SHOWN else ""
    return table(f"What meets the limits, the best first.{more}", head, rows[:SHOWN])


def _row(choice: Choice, result: Result, place: str) -> list[Content]:
    readme = readme_of(result)
    how: Content = tag("a", "README", href=readme) if readme.startswith("https://") else tag("code", readme)
    system = join([result.organization, tag("br"), result.system or result.platform])
    return [result.key[:8], place, *(figure(result, name) for name in choice.axes), system, how]
