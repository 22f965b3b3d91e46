"""Accuracy targets of every benchmark and round as a page: ``python -m franca.mlperf.tasks.targets``.

The figures are those of the submission rules (``submission/rounds/*.json``), which the checker applies.
"""

from __future__ import annotations

from franca.mlperf.submission.tables import Target, load_round, rounds
from franca.mlperf.tasks.catalog import TASKS

HEAD = """# Accuracy targets

What a result of the closed division must reach, by benchmark and round: the figure of the reference model, less what
the rules allow (99 % of it, or 99.9 % for names that end so). Lengths of generated texts have a range. The tables are
written by `python -m franca.mlperf.tasks.targets`; the checker applies the same data.

`franca.mlperf.tasks.score` names the task whose data set and metric score such a log. Where it says -, the log of that
benchmark is checked but not scored here.

| benchmark | rounds | task | metric | at least | at most |
|---|---|---|---|---|---|
"""


def page() -> str:
    """The page, one row for each metric of a benchmark and each span of rounds with the same figures."""
    rows = [row for name in _benchmarks() for row in _rows(name)]
    return HEAD + "\n".join(rows) + "\n"


def _benchmarks() -> list[str]:
    return sorted({model for name in rounds() for model in load_round(name).models})


def _rows(benchmark: str) -> list[str]:
    task = next((task.name for task in TASKS.values() if benchmark in task.benchmarks), "-")
    rows = []
    for names, targets in spans(benchmark):
        span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        for scenario, target in targets:
            least = f"{target.target:.10g}" if target.target else ""
            most = "" if target.limit is None else f"{target.limit:.10g}"
            metric = f"{target.metric} ({scenario})" if scenario else target.metric
            rows.append(f"| {benchmark} | {span} | {task} | {metric} | {least} | {most} |")
    return rows


def spans(benchmark: str) -> list[tuple[list[str], list[tuple[str, Target]]]]:
    """Rounds in a row with the same targets, and these: scenario ("" = all of them) and figure."""
    found: list[tuple[list[str], list[tuple[str, Target]]]] = []
    for name in rounds():
        model = load_round(name).models.get(benchmark)
        if model is None:
            continue
        own = [(scenario, one) for scenario, many in model.accuracy_by_scenario.items() for one in many]
        targets = own or [("", one) for one in model.accuracy]
        if found and found[-1][1] == targets:
            found[-1][0].append(name)
        else:
            found.append(([name], targets))
    return found


if __name__ == "__main__":
    print(page(), end="")
