"""How results look to a person: figures, rankings and comparisons as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from franca.model.result import Result
    from franca.results.compare import Comparison, Group


def comparison_lines(found: Comparison) -> list[str]:
    """Two results, what keeps them apart or which is better, and what else differs."""
    lines = []
    for r in (found.one, found.other):
        lines.append(f"{r.key[:8]} {r.organization} {r.platform} {r.model} {r.scenario}: {figure(r, found.metric)}")
        lines.append("     " + "; ".join(beside(r)))
    if found.bars:
        lines += ["not comparable:", *(f"  {bar}" for bar in found.bars)]
    if found.ratio is not None:
        word = "better" if found.ratio > 1 else "worse" if found.ratio < 1 else "the same"
        forced = " (forced: not comparable)" if found.bars else ""
        lines.append(f"the second is {found.ratio:.4g} x the first: {word}{forced}")
    return [*lines, *(f"  differs: {remark}" for remark in found.remarks)]


def group_lines(group: Group) -> list[str]:
    """A ranking: each result with what the rules want told beside its figure."""
    lines = [group.title]
    for place, result in enumerate(group.results, 1):
        lines.append(f"  {place}. {figure(result, group.metric)}  {result.organization} {result.platform} "
                     f"({result.key[:8]})")  # fmt: skip
        lines.append("     " + "; ".join(beside(result)))
    return lines


def beside(result: Result) -> list[str]:
    """What the rules want told beside a figure (mlperf-inference 15.1)."""
    from franca.results.guard import UNKNOWN
    from franca.results.rows import number

    named = [(name, metric) for name, metric in result.metrics.items() if name.startswith("accuracy")]
    accuracy = " ".join(f"{metric.unit} {metric.value:.6g}".strip() for _, metric in named)
    target = result.info.get("accuracy_target")
    told = [f"accuracy {accuracy or UNKNOWN}" + (f" (target {target})" if target else "")]
    told.append(f"weights {result.info.get('weight_data_types') or UNKNOWN}")
    each, nodes = (result.info.get(name) for name in ("accelerators_per_node", "number_of_nodes"))
    what = result.info.get("accelerator_model_name") or "accelerators"
    told.append(f"{each} x {what} a node" if number(each) else "no accelerators")
    told.append(f"{nodes or UNKNOWN} nodes" if str(nodes) != "1" else "1 node")
    return [*told, str(result.info.get("framework") or f"framework {UNKNOWN}")]


def figure(result: Result, name: str) -> str:
    """A metric with its unit; '' where there is none."""
    metric = result.metrics.get(name)
    return "" if metric is None else f"{metric.value:.6g} {metric.unit}".rstrip()


def plain_figure(result: Result, name: str) -> str:
    """A metric without its unit."""
    value = result.number(name)
    return "" if value is None else f"{value:.6g}"
