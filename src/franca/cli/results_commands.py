"""`franca results import|list|compare`: the store of benchmark results from the command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from franca.cli import registry
from franca.cli.command import Command, Example, Option
from franca.cli.output import Answer, Table
from franca.cli.parsing import Bound
from franca.cli.results_view import comparison_lines, figure, group_lines, plain_figure
from franca.cli.session import Session
from franca.cli.submission_commands import MAPPING, ROUND, SHORT, SKIP, SUBMITTER, checking
from franca.errors import NotFound, UsageError
from franca.model.record import replace

if TYPE_CHECKING:
    from franca.model.result import Result
    from franca.results.store import ResultStore

_GROUP = "Benchmark results"
_HERE = "franca.cli.results_commands:"
FILTERS = ("suite", "round", "division", "category", "benchmark", "model", "task", "scenario", "organization",
           "platform", "system", "availability")  # fmt: skip

SHOWN = 20  #: lines about what was left out; --json has them all

STORE = Option("store", "folder of the store; by default experiments of the local repository", metavar="DIR")
PRICES = Option("prices", "price list of your own (JSON or YAML), for costs a sample", metavar="FILE")
METRIC = Option("metric", "compare by this metric, result if absent", metavar="NAME")
FORCE = Option("force", "compare what may not be compared, and say so", short="f")
CHOOSING = tuple(Option(name, f"only results of this {name}", metavar="TEXT") for name in FILTERS)

IMPORT = Command(
    name="results",
    group=_GROUP,
    summary="take the results of a submission tree, or of published summaries, into the store",
    usage="import PATH...",
    handler=_HERE + "take",
    takes_kind=False,
    options=(
        STORE,
        ROUND,
        SUBMITTER,
        SKIP,
        MAPPING,
        SHORT,
        Option("strict", "judge a tree by all checkers together, not only by that of its round"),
        Option("url", "repository that the tree was published in, for links", metavar="URL"),
    ),
    description=(
        "A path is a submission tree, a packed one (.tar.gz), a summary.csv, a folder of CM experiments, or a JSON "
        "file of them. Importing again changes nothing; what a tree's checker refuses is listed and left out."
    ),
    examples=(
        Example("franca results import ./submission", "your own tree"),
        Example("franca results import ./inference_results_v3.0 --round=v3.0", "a published one"),
    ),
)
TREE_IMPORT = replace(
    IMPORT,
    name="submission",
    summary="take the results of trees into the results store, as `results import` does",
    examples=(Example("franca submission import ./submission", "your own tree"),),
)
LIST = Command(
    name="results",
    group=_GROUP,
    summary="list results with what follows from them",
    usage="list",
    handler=_HERE + "show",
    takes_kind=False,
    options=(STORE, PRICES, *CHOOSING),
    examples=(Example("franca results list --benchmark=resnet --scenario=Offline", "all of one benchmark"),),
)
COMPARE = Command(
    name="results",
    group=_GROUP,
    summary="compare two results, or rank all that may be compared",
    usage="compare [KEY KEY]",
    handler=_HERE + "compare",
    takes_kind=False,
    options=(STORE, PRICES, METRIC, FORCE, *CHOOSING),
    description=(
        "Keys are those of `franca results list`; their beginnings will do. Without keys, results are ranked in "
        "groups that the rules allow to compare, never across groups."
    ),
    examples=(
        Example("franca results compare 3f2a 91c0", "what keeps them apart, or which is better"),
        Example("franca results compare --benchmark=resnet --metric=samples_per_joule", "ranked by efficiency"),
    ),
    statuses=((1, "the two results may not be compared"),),
)
RESULTS = Command(
    name="results",
    group=_GROUP,
    summary="benchmark results: import, list, compare, choose",
    usage="import | list | compare | choose",
    handler=_HERE + "overview",
    takes_kind=False,
    examples=(Example("franca results list", "what the store holds"),),
)


def overview(bound: Bound, session: Session) -> Answer:
    """The commands, when none of them is named."""
    if bound.words:
        raise UsageError(f"there is no command 'results {bound.words[0]}'", hint="import, list, compare or choose")
    everything = [command for key, command in registry.all_commands() if key.startswith("results ")]
    lines = tuple(f"franca results {command.usage}: {command.summary}" for command in everything)
    return Answer({"commands": [command.usage.split()[0] for command in everything]}, lines)


def take(bound: Bound, session: Session) -> Answer:
    """Import, and say what was new."""
    paths = bound.words[1:]
    if not paths:
        raise UsageError("nothing to import was named", hint="franca results import ./submission")
    store = open_store(bound, session)
    lines: list[str] = []
    sources = []
    for path in paths:
        entries, left_out = _entries(path, bound)
        stored = store.add(entries)
        sources.append({"source": path, **msgspec.to_builtins(stored), "left_out": left_out})
        lines.append(f"{path}: {stored.added} new results, {stored.changed} changed, {stored.same} known")
        lines += [f"  not taken: {place}" for place in left_out[:SHOWN]]
        if len(left_out) > SHOWN:
            lines.append(f"  not taken: {len(left_out) - SHOWN} more (--json lists them)")
    return Answer({"sources": sources, "store": store.root}, (*lines, f"store: {store.root}"))


def show(bound: Bound, session: Session) -> Answer:
    """The results as a table, or in full as JSON."""
    store = open_store(bound, session)
    reading = store.read()
    results = chosen(bound, reading.results)
    columns = ("key", "round", "division", "organization", "platform", "model", "scenario", "result", "accuracy",
               "per accelerator", "per joule", "per million")  # fmt: skip
    rows = tuple(
        (
            r.key[:8], r.round, r.division, r.organization, r.platform, r.model, r.scenario, figure(r, "result"),
            plain_figure(r, "accuracy"), plain_figure(r, "samples_per_second_per_accelerator"),
            plain_figure(r, "samples_per_joule"), figure(r, "cost_per_million_samples"),
        )
        for r in results
    )  # fmt: skip
    lines = (f"{len(results)} results in {store.root}",) if results else (f"no results in {store.root}",)
    data = {"results": results, "repairs": reading.repairs, "rejected": reading.rejected, "store": store.root}
    return Answer(data, lines, Table(columns, rows) if rows else None)


def compare(bound: Bound, session: Session) -> Answer:
    """Two results beside each other, or groups of results in order."""
    from franca.results.compare import compare as set_against
    from franca.results.compare import ranking

    keys, metric = bound.words[1:], bound.text("metric") or "result"
    results = chosen(bound, open_store(bound, session).read().results)
    if not keys:
        groups = ranking(results, metric)
        return Answer({"groups": groups}, tuple(line for group in groups for line in group_lines(group)))
    if len(keys) != 2:
        raise UsageError(f"two keys are compared, {len(keys)} were given", hint="franca results list shows keys")
    one, other = (_by_key(results, key) for key in keys)
    found = set_against(one, other, metric=metric, force=bound.flag("force"))
    allowed = found.comparable or bound.flag("force")
    data = {"comparison": found, "comparable": found.comparable}
    return Answer(data, tuple(comparison_lines(found)), status=0 if allowed else 1)


# ---- inside, some of it for `choose` too -------------------------------------------------------------------


def open_store(bound: Bound, session: Session) -> ResultStore:
    """The store that was named, or that of the local repository."""
    from franca.results.store import ResultStore

    given = bound.text("store")
    return ResultStore(given or os.path.join(session.catalog.local().content_path, "experiment"))


def _entries(path: str, bound: Bound) -> tuple[list[Any], list[str]]:
    """Entries of one source, and what in it is no result or was refused."""
    from franca.results.sources import is_summary, read_summary

    if not os.path.exists(path):
        raise NotFound(f"{path} does not exist", hint="a submission tree, an archive of one, or a summary")
    if is_summary(path):
        summary = read_summary(path)
        return summary.entries, summary.rejected
    from franca.mlperf.submission.importing import import_source

    taken = import_source(path, checking(bound), strict=bound.flag("strict"), url=bound.text("url"))
    return taken.entries, taken.refused()


def chosen(bound: Bound, everything: list[Result]) -> list[Result]:
    """The results that all filters let through, with costs where prices are given."""
    wanted = {name: bound.text(name) for name in FILTERS if bound.text(name)}
    results = [r for r in everything if all(_matches(getattr(r, n), text) for n, text in wanted.items())]
    if bound.text("prices"):
        from franca.results.prices import priced, read_prices

        results = priced(results, read_prices(bound.text("prices")))
    return sorted(results, key=lambda r: (r.suite, r.round, r.division, r.benchmark, r.scenario, r.organization, r.key))


def _matches(value: str, text: str) -> bool:
    """Equal, whatever the case; of several categories one is enough."""
    return text.lower() in (value.lower(), *(part.strip() for part in value.lower().split(",")))


def _by_key(results: list[Result], key: str) -> Result:
    found = [result for result in results if result.key.startswith(key.lower())]
    if len(found) != 1:
        what = "no result has the key" if not found else f"{len(found)} results have keys that begin with"
        raise NotFound(f"{what} {key}", hint="franca results list shows keys")
    return found[0]
