"""What a benchmark asks of LoadGen beside lengths and targets, token latencies above all: entries of ``user.conf``."""

from __future__ import annotations

from collections.abc import Sequence

from franca.errors import UsageError
from franca.mlperf.inference.config import Entry, lookup
from franca.mlperf.inference.profiles import TEST
from franca.mlperf.inference.scenarios import Scenario
from franca.mlperf.inference.spec import RunSpec

SWITCH = "use_token_latencies"
#: Entries for a benchmark whose tokens are inferred, as LoadGen 6.0.17 has them for gptj (section 2.5).
INFERRED = {"infer_token_latencies": 1, "token_latency_scaling_factor": 69}
EQUAL_ISSUE = "sample_concatenate_permutation"
#: Models for which the configuration inside LoadGen 6.0.17 switches token latencies on (section 2.5).
EMBEDDED = frozenset(
    {
        "llama2-70b",
        "llama2-70b-interactive",
        "mixtral-8x7b",
        "llama3_1-405b",
        "llama3_1-405b-interactive",
        "llama3_1-8b",
        "llama3_1-8b-edge",
        "llama3_1-8b-interactive",
        "deepseek-r1",
        "deepseek-r1-interactive",
        "whisper",
        "gpt-oss-120b",
        "gpt-oss-120b-interactive",
    }
)


def uses_tokens(spec: RunSpec, given: Sequence[Entry], scenario: Scenario) -> bool:
    """Whether runs of a scenario have token latencies: by the request, the user's configuration, or LoadGen's own."""
    if spec.targets.token_latencies:
        return True
    entry = lookup(given, spec.model_key, scenario, SWITCH)
    return entry.value == "1" if entry else spec.model_key in EMBEDDED


def token_entries(spec: RunSpec, scenario: Scenario) -> list[Entry]:
    """Entries for what was asked; the bounds of first and further tokens exist in Server alone."""
    targets = spec.targets
    wanted = {SWITCH: int(targets.token_latencies), **(INFERRED if targets.inferred_tokens else {})}
    if spec.profile != TEST:  # there LoadGen is asked for so many queries and no more (section 8.2)
        wanted[EQUAL_ISSUE] = int(targets.equal_issue)
    if scenario is Scenario.SERVER:
        wanted |= {"ttft_latency": targets.ttft_ms, "tpot_latency": targets.tpot_ms}
    # Under the model's own name: LoadGen's embedded bounds have it too, and would else win (section 2.1).
    return [Entry(spec.model_key, scenario.value, key, str(value)) for key, value in wanted.items() if value]


def check_tokens(spec: RunSpec, given: Sequence[Entry]) -> None:
    """Raises UsageError: bounds without token latencies, or an engine that tells no first tokens."""
    on = any(uses_tokens(spec, given, scenario) for scenario, _ in spec.wanted())
    if (spec.targets.ttft_ms or spec.targets.tpot_ms) and not on:
        raise UsageError("bounds of token latencies were given, and token latencies are off", hint=f"--{SWITCH}=yes")
    if on and (spec.engine or spec.servers):
        who = f"the engine {spec.engine}" if spec.engine else "a model behind servers"
        raise UsageError(f"token latencies are on, and {who} tells no first tokens", hint="run it in this process")
