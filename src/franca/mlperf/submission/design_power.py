"""Design power of a system: what its power supplies can deliver (specification 10.7, from v6.0)."""

from __future__ import annotations

from franca.errors import Location, MalformedFile
from franca.mlperf.submission.context import Context, Result
from franca.mlperf.submission.model import Submission

SINCE = (6, 0)
MAX_LEVELS = 20


def check_design_power(ctx: Context, sub: Submission, result: Result) -> None:
    """W6: the nameplate file of a power submission can be read; keeps the watts that it amounts to."""
    if ctx.table.number < SINCE or not result.has_power:
        return
    stated = result.system.get("system_power_capacity")
    if stated:
        result.design_power = stated
        return
    path = f"{sub.path}/systems/{result.system.name}_power.yaml"
    if ctx.top.file(path) is None:
        ctx.findings.add("W6", path, "is missing", division=result.division, warn=True)
        return
    try:
        result.design_power = f"{nameplate_watts(ctx.disk(path)):g}"
    except MalformedFile as error:
        ctx.findings.refuse("W6", path, error, division=result.division)


def nameplate_watts(path: str) -> float:
    """Sum over all components of the capacities of the power supplies that each needs. Raises MalformedFile."""
    from franca.catalog.files import read_yaml

    return _sum(read_yaml(path), path, MAX_LEVELS)


def _sum(node: object, path: str, levels: int) -> float:
    """A mapping with `PSUs` and `Min PSUs Needed` is a component; others are searched."""
    if levels == 0:
        raise MalformedFile(f"nested deeper than {MAX_LEVELS} levels", where=Location(path))
    if isinstance(node, list):
        return sum(_sum(child, path, levels - 1) for child in node)
    if not isinstance(node, dict):
        return 0.0
    keys = {str(key).lower(): key for key in node}
    if "psus" in keys and "min psus needed" in keys:
        return _component(node[keys["psus"]], node[keys["min psus needed"]], path)
    return sum(_sum(child, path, levels - 1) for child in node.values())


def _component(supplies: object, needed: object, path: str) -> float:
    """The first of the supplies, largest first, as many as are needed; spare ones do not count.

    The official checker sorts them so; its figure is the one in the summary.
    """
    if not isinstance(supplies, list) or not isinstance(needed, int) or needed < 0:
        raise MalformedFile("PSUs must be a list and Min PSUs Needed a count", where=Location(path))
    watts = []
    for supply in supplies:
        capacity = supply.get("PowerCapacityWatts", 0) if isinstance(supply, dict) else None
        if isinstance(capacity, bool) or not isinstance(capacity, int | float):
            raise MalformedFile("PowerCapacityWatts must be a number of watts", where=Location(path))
        watts.append(float(capacity))
    return sum(sorted(watts, reverse=True)[:needed])
