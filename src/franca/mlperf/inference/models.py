"""Models by the names that users write, and the rules of the benchmarks that they are.

Names: mlperf-inference sections 13.4 and 16.3. Rules: the tables of the rounds, which the checker applies too.
"""

from __future__ import annotations

from typing import NamedTuple

from franca.errors import UsageError
from franca.mlperf.inference.workloads import MODELS, Model
from franca.mlperf.submission import tables

ALIASES = {"resnet": "resnet50", "bert": "bert-99", "": "digits"}
#: Names of the flag whose logs are scored here, and which this harness has no runner for.
NOT_RUN = (
    "3d-unet-99", "3d-unet-99.9", "rnnt", "dlrm-v2-99", "dlrm-v2-99.9", "gptj-99", "gptj-99.9", "sdxl",
    "llama2-70b-99", "llama2-70b-99.9", "mixtral-8x7b", "mobilenet", "efficientnet", "rgat",
)  # fmt: skip
OWN = "docs/how-to/benchmark-inference.md"


def model_named(text: str) -> Model:
    """The model of that name; upper case and the short names are understood.

    Raises:
        UsageError: there is none; the message lists those there are.
    """
    name = text.strip().lower()
    name = ALIASES.get(name, name)
    found = MODELS.get(name)
    if found is not None:
        return found
    known = ", ".join(MODELS)
    if name in NOT_RUN:
        raise UsageError(
            f"--model={text}: this harness has no runner for it; expected {known}",
            hint=f"bring a backend of your own ({OWN}, 'Your own task'); logs of it can be scored: "
            "franca bench accuracy --help",
        )
    raise UsageError(
        f"--model={text}: no task for this model; expected {known}",
        hint=f"any ONNX or PyTorch model without its data: _light --model_file=FILE; your own task: {OWN}",
    )


def is_benchmark(name: str) -> bool:
    """Whether any round knows a benchmark by this name."""
    known = (tables.load_round(one) for one in tables.rounds())
    return any(name in table.models or name in table.aliases for table in known)


class Rules(NamedTuple):
    """What the rounds say of a benchmark. 0 or empty where they say nothing."""

    server_bound_ms: float
    performance_samples: int
    accuracy: float  #: least figure in the closed division, in the unit of its metric
    tests: tuple[str, ...]
    scenarios: tuple[str, ...]  #: that a submission must have


def last_round(benchmark: str) -> str:
    """The last round of a benchmark that was given up; "" for one that the newest round has, or that none has."""
    having = [name for name in tables.rounds() if benchmark in tables.load_round(name).models]
    return having[-1] if having and having[-1] != tables.rounds()[-1] else ""


def rules_of(benchmark: str, round_name: str = "", category: str = "edge") -> Rules:
    """The rules of a round; of the newest that says something, where no round is named or this one is silent.

    Args:
        benchmark: as checkers name it.
        category: of the system, with a hyphen where there are two.
    """
    newest = [tables.load_round(name) for name in reversed(tables.rounds())]
    wished = [one for one in newest if one.round == round_name]
    found = [one.models[benchmark] for one in (*wished, *newest) if benchmark in one.models]

    bounds = (rules.latency_bound_ns.get("Server", 0) / 1e6 for rules in found)
    accuracies = (rules.accuracy[0].target for rules in found if rules.accuracy)
    return Rules(
        server_bound_ms=next(filter(None, bounds), 0.0),
        performance_samples=next((rules.performance_samples for rules in found), 0),
        accuracy=next(accuracies, 0.0),
        tests=next((tuple(rules.tests) for rules in found), ()),
        scenarios=next((tuple(rules.required[category]) for rules in found if category in rules.required), ()),
    )
