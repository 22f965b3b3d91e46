"""Costs per result from a price list of the reader's own; none ships with Franca (EX-114).

    {"currency": "EUR", "per_hour": {"SYSTEM OR PLATFORM": 3.2}}

A system without a price gets no cost metric.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from franca.catalog.files import read_json, read_yaml
from franca.errors import Location, MalformedFile
from franca.model.result import Result
from franca.results.derived import cost_metrics


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an hour of each system costs."""

    currency: str
    per_hour: dict[str, float]


def read_prices(path: str) -> Prices:
    """The price list in a JSON or YAML file. Raises MalformedFile, NotFound."""
    content = read_json(path) if path.endswith(".json") else read_yaml(path)
    try:
        prices = msgspec.convert(content, Prices)
    except msgspec.ValidationError as error:
        raise MalformedFile(f"not a price list: {error}", where=Location(path)) from error
    for name, price in prices.per_hour.items():
        if not 0 < price < 1e12:
            raise MalformedFile(f"{name} costs {price}, expected more than 0", where=Location(path, key=name))
    return prices


def priced(results: Iterable[Result], prices: Prices) -> list[Result]:
    """The results, those of systems with a price with what their samples cost."""
    return [_priced(result, prices) for result in results]


def _priced(result: Result, prices: Prices) -> Result:
    price = prices.per_hour.get(result.system, prices.per_hour.get(result.platform))
    rate = result.number("samples_per_second")
    if price is None:
        return result
    return msgspec.structs.replace(result, metrics={**result.metrics, **cost_metrics(rate, price, prices.currency)})
