"""`franca results choose`: from requirements to systems."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from franca.cli.command import Command, Example, Option
from franca.cli.output import Answer, Table, table_lines
from franca.cli.parsing import Bound, to_repeat
from franca.cli.results_commands import CHOOSING, PRICES, STORE, chosen, open_store
from franca.cli.session import Session
from franca.errors import UsageError
from franca.grammar.shell import command_line

if TYPE_CHECKING:
    from franca.model.result import Result
    from franca.results.choice import Choice, Relaxation

LIMITS = {"min_accuracy": "accuracy", "max_latency": "latency", "min_throughput": "throughput", "max_power": "power",
          "max_cost": "cost"}  # fmt: skip
GROUPS, ROWS = 10, 20  #: shown to a person; --json has everything

CHOOSE = Command(
    name="results",
    group="Benchmark results",
    summary="choose systems by requirements: what meets them, the Pareto front, what would have to give way",
    usage="choose",
    handler="franca.cli.choose_command:choose",
    takes_kind=False,
    options=(
        STORE,
        Option("min_accuracy", "least accuracy, in the unit of the benchmark", metavar="N"),
        Option("max_latency", "greatest latency: ms of a query in the streams, else the 99th percentile", metavar="MS"),
        Option("min_throughput", "least rate, in the unit of the result; in the streams samples/s", metavar="N"),
        Option("max_power", "greatest power: watts, in the streams millijoules of a query", metavar="N"),
        Option("max_cost", "greatest cost of an hour, with --prices", metavar="N"),
        PRICES,
        Option("axes", "what to be the best in, instead of speed, accuracy and what is limited", metavar="A,B,..."),
        Option("spread", "difference in percent below which results tie (2)", metavar="PERCENT"),
        Option("html", "write a page with a picture of each front", metavar="FILE"),
        *CHOOSING,
    ),
    description=(
        "Everything happens inside groups of results that the rules allow to compare. A result that lacks a figure is "
        "kept apart and counted; it is never taken for zero."
    ),
    examples=(
        Example(
            "franca results choose --benchmark=resnet --scenario=Offline --min_throughput=20000 --max_power=500",
            "fast enough within a power budget",
        ),
        Example("franca results choose --benchmark=bert-99 --category=edge --html=choice.html", "with pictures"),
    ),
    statuses=((1, "nothing meets the limits"),),
)  # fmt: skip


def choose(bound: Bound, session: Session) -> Answer:
    """The choice as tables and advice, in full as JSON, and as a page where one is asked for."""
    from franca.results.choice import choose as choices_of

    if bound.words[1:]:
        raise UsageError(f"{bound.words[1]!r} means nothing here", hint="franca results choose --help")
    limits = {axis: number for name, axis in LIMITS.items() if (number := _number(bound, name)) is not None}
    if "cost" in limits and not bound.text("prices"):
        raise UsageError("--max_cost needs what systems cost", hint="a price list of your own: --prices=FILE")
    axes = [name.strip() for name in bound.text("axes").split(",") if name.strip()]
    spread = _number(bound, "spread")
    store = open_store(bound, session)
    results = chosen(bound, store.read().results)
    found = choices_of(results, limits, axes, spread=0.02 if spread is None else spread / 100)
    lines = _lines(found, len(results), store.root)
    if bound.text("html"):
        lines.append(f"page: {_page(bound, found)}")
    offers = any(choice.front for choice in found)
    return Answer({"groups": found, "results": len(results)}, tuple(lines), status=0 if offers else 1)


def _number(bound: Bound, name: str) -> float | None:
    from franca.results.rows import number

    text = bound.text(name)
    value = number(text) if text else None
    if text and (value is None or value < 0):
        raise UsageError(f"--{name}={text}: expected a number from 0")
    return value


def _page(bound: Bound, found: list[Choice]) -> str:
    from franca.catalog.files import write_text_atomic
    from franca.publish.report.choice import render

    path = os.path.abspath(bound.text("html"))
    write_text_atomic(path, render(found, to_repeat(bound)))
    return path


# ---- for people --------------------------------------------------------------------------------------------


def _lines(found: list[Choice], count: int, root: str) -> list[str]:
    if not found:
        return [f"no results to choose from in {root}"]
    offering = [choice for choice in found if choice.front]
    lines = [f"{count} results in {len(found)} groups that may be compared; {len(offering)} have something to offer"]
    shown = (offering or sorted(found, key=lambda choice: not choice.nearest))[:GROUPS]
    for choice in shown:
        lines += ["", *_group_lines(choice)]
    more = len(offering or found) - len(shown)
    return [*lines, *(["", f"{more} more groups (--json has all; --round=, --division= choose)"] if more else [])]


def _group_lines(choice: Choice) -> list[str]:
    from franca.publish.report.choice import counts

    lines = [choice.title, f"  {counts(choice)}"]
    if choice.front:
        lines += [f"  {line}" for line in table_lines(_table(choice))]
        lines += [f"  more: {_rest(choice)} (--json has all)"] if _rest(choice) else []
        lines += _origins(choice)
    lines += [f"  {line}" for line in _missing(choice)]
    lines += [f"  {_relaxation(choice, one)}" for one in choice.relaxations]
    for apart in choice.nearest if not choice.relaxations else ():
        lines.append(f"  nearest: {_told(apart.result, apart.why)}, limits {_limits(choice)}")
    examples = choice.front or [apart.result for apart in choice.nearest]
    here = same_benchmark(examples[0]) if examples else ""
    return [*lines, *([f"  the same benchmark on this machine: {here}"] if here else [])]


def _rest(choice: Choice) -> int:
    return max(0, len(choice.front) + len(choice.dominated) - ROWS)


def _table(choice: Choice) -> Table:
    from franca.publish.report.choice import figure

    places = [(r, "front") for r in choice.front]
    places += [(one.result, f"{'tie with' if one.tie else 'behind'} {one.by[:8]}") for one in choice.dominated]
    rows = tuple(
        (r.key[:8], place, *(figure(r, name) for name in choice.axes), r.organization, r.system or r.platform)
        for r, place in places[:ROWS]
    )
    return Table(("key", "", *choice.axes, "organization", "system"), rows)


def _origins(choice: Choice) -> list[str]:
    """How the results of the front were made: where the way to make them again stands."""
    from franca.results.evidence import readme_of

    found = [(result.key[:8], readme_of(result)) for result in choice.front[:ROWS]]
    return [f"  to make {key} again: {readme}" for key, readme in found if readme]


def _missing(choice: Choice) -> list[str]:
    by_axis: dict[str, list[str]] = {}
    for apart in choice.incomplete:
        by_axis.setdefault(" and ".join(apart.why), []).append(apart.result.key[:8])
    return [
        f"not judged, {axis} unknown: {len(keys)} ({', '.join(keys[:5])}{', ...' if len(keys) > 5 else ''})"
        for axis, keys in by_axis.items()
    ]


def _relaxation(choice: Choice, one: Relaxation) -> str:
    share = f" ({(one.needed - one.bound) / one.bound:+.1%})" if one.bound else ""
    gains = [
        f"{gain.axis} {gain.after:.6g}" + (f" instead of {gain.before:.6g}" if gain.before is not None else "")
        for gain in one.gains
    ]
    new = "1 more result" if one.results == 1 else f"{one.results} more results"
    return f"relax {one.axis} from {one.bound:g} to {one.needed:.6g}{share}: {new}, {', '.join(gains)} ({one.key[:8]})"


def _told(result: Result, axes: list[str]) -> str:
    from franca.publish.report.choice import figure

    figures = ", ".join(f"{name} {figure(result, name)}" for name in axes)
    return f"{result.key[:8]} {result.organization} {result.system or result.platform}: {figures}"


def _limits(choice: Choice) -> str:
    return ", ".join(f"{name} {bound:g}" for name, bound in choice.limits.items())


def same_benchmark(result: Result) -> str:
    """The command that runs a result's benchmark on this machine; '' for a benchmark that we have no runner for."""
    from franca.mlperf.inference.models import model_named

    try:
        model_named(result.benchmark)
    except UsageError:
        return ""
    division = "open" if result.division == "open" else "closed"
    category = result.category.split(",")[0].strip()
    flags = {"model": result.benchmark, "scenario": result.scenario, "category": category, "division": division}
    words = ["franca", "bench", "inference", "--purpose=submission", "--length=full"]
    return command_line([*words, *(f"--{name}={value}" for name, value in flags.items() if value)])
