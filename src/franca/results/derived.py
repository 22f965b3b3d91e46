"""Metrics computed from a result: rate, per accelerator, per core, per joule, per unit of money.

A metric whose inputs are missing is left out, never guessed. All are derived and unofficial: each carries its formula
(mlperf-inference sections 3.8, 10.4, 14.4).
"""

from __future__ import annotations

from franca.model.result import Metric

MULTI_STREAM_SAMPLES = 8
"""Samples in a query of MultiStream by the rules; a run may be told another number (3.3)."""
STREAMS = ("SingleStream", "MultiStream")
HIGHER, LOWER = "higher", "lower"


def samples_per_second(scenario: str, result: float, per_query: int = MULTI_STREAM_SAMPLES) -> float:
    """Throughput of a result in the unit of its scenario: ms for the streams, else a rate (3.8).

    ``per_query``: samples in a query of MultiStream.
    """
    if scenario == "SingleStream":
        return 1000 / result
    if scenario == "MultiStream":
        return 1000 * per_query / result
    return result


def samples_per_joule(
    scenario: str, power: float, rate: float | None, per_query: int = MULTI_STREAM_SAMPLES
) -> float | None:
    """Rate over watts, or for the streams the samples of a query over its energy in millijoules (10.4)."""
    if power <= 0:
        return None
    if scenario in STREAMS:
        return (per_query if scenario == "MultiStream" else 1) * 1000 / power
    return rate / power if rate else None


def derived_metrics(
    scenario: str,
    result: Metric,
    *,
    power: float | None = None,
    accelerators: int = 0,
    cores: int = 0,
    per_query: int = MULTI_STREAM_SAMPLES,
) -> dict[str, Metric]:
    """What follows from the official figure. Rates of tokens stay tokens: nothing per sample follows from them."""
    if result.value <= 0:
        return {}
    found: dict[str, Metric] = {}
    noun = "tokens" if result.unit.lower().startswith("tokens") else "samples"
    rate = samples_per_second(scenario, result.value, per_query)
    unit = f"{noun}/s"
    found[f"{noun}_per_second"] = Metric(rate, unit, HIGHER, _rate_formula(scenario, per_query))
    for name, count in (("accelerator", accelerators), ("core", cores)):
        if count:
            text = f"{noun}_per_second / {name}s ({count})"
            found[f"{noun}_per_second_per_{name}"] = Metric(rate / count, f"{unit} per {name}", HIGHER, text)
    efficiency = samples_per_joule(scenario, power, rate, per_query) if power is not None else None
    if efficiency is not None:
        text = "samples of a query * 1000 / mJ" if scenario in STREAMS else f"{noun}_per_second / W"
        found[f"{noun}_per_joule"] = Metric(efficiency, f"{noun}/J", HIGHER, text)
    return found


def _rate_formula(scenario: str, per_query: int) -> str:
    return {"SingleStream": "1000 / ms", "MultiStream": f"{1000 * per_query} / ms"}.get(scenario, "the result")


def cost_metrics(rate: float | None, per_hour: float, currency: str) -> dict[str, Metric]:
    """Cost of a system that gives ``rate`` samples/s for ``per_hour`` of ``currency`` (14.4); alone without a rate."""
    hourly = {"cost_per_hour": Metric(per_hour, f"{currency}/h", LOWER, "price list")}
    if not rate:
        return hourly
    per_million = per_hour / 3600 / rate * 1e6
    return {
        **hourly,
        "cost_per_million_samples": Metric(
            per_million, f"{currency}/million samples", LOWER, "cost_per_hour / 3600 / samples_per_second * 1e6"
        ),
        "samples_per_currency_unit": Metric(
            1e6 / per_million, f"samples/{currency}", HIGHER, "1e6 / cost_per_million_samples"
        ),
    }
