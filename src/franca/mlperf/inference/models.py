"""Models by the names that users write, and the rules of the benchmarks that they are.

Names: mlperf-inference sections 13.4 and 16.3. Rules: the tables of the rounds, which the checker applies too.
"""

from __future__ import annotations

from typing import NamedTuple

from franca.errors import UsageError
from franca.mlperf.inference.workloads import MODELS, Model
from franca.mlperf.submission import tables

ALIASES = {"resnet": "resnet50", "bert": "bert-99", "": "digits"}
#: Names of the flag that this harness has no runner for.
NOT_RUN = ("sdxl", "mixtral-8x7b", "rgat")
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
            hint=f"bring a backend of your own: {OWN}, 'Your own task'",
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
    token_latencies: bool  #: first tokens and tokens are measured
    first_token_ms: int  #: bounds of the 99th percentiles in Server; 0 = none
    each_token_ms: int
    inferred_tokens: bool  #: LoadGen infers rates of tokens from whole answers
    equal_issue: bool  #: every sample is issued equally often (section 1.5)
    offline_samples: int  #: least in the one query of Offline (rule P8)


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
    newest_of_it = found[0] if found else None
    tokens = newest_of_it.token_bounds.get("Server") if newest_of_it else None
    return Rules(
        server_bound_ms=next(filter(None, bounds), 0.0),
        performance_samples=next((rules.performance_samples for rules in found), 0),
        accuracy=next(accuracies, 0.0),
        tests=next((tuple(rules.tests) for rules in found), ()),
        scenarios=next((tuple(rules.required[category]) for rules in found if category in rules.required), ()),
        token_latencies=bool(newest_of_it and newest_of_it.token_latencies),
        first_token_ms=tokens.ttft_ns // 1_000_000 if tokens else 0,
        each_token_ms=tokens.tpot_ns // 1_000_000 if tokens else 0,
        inferred_tokens=any("inferred" in key for key in newest_of_it.result_keys.values()) if newest_of_it else False,
        equal_issue=any(rules.equal_issue for rules in found[:1]),
        offline_samples=newest_of_it.offline_min_samples if newest_of_it else 0,
    )
