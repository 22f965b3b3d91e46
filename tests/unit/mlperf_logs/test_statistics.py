"""Early stopping and percentiles against the rule's own table, exact sums and real logs."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franca.mlperf.logs.detail import read_detail
from franca.mlperf.logs.statistics import (
    early_stopping_estimate,
    early_stopping_passes,
    max_discarded,
    min_queries,
    percentile,
    tpot_ns,
    ttft_ns,
)

DATA = Path(__file__).resolve().parents[2] / "data" / "mlperf"
TABLE = {  # h(t) + t, specification 3.7
    0.90: (44, 64, 81, 97, 127, 197, 325, 681, 1246),
    0.95: (90, 130, 165, 198, 259, 398, 656, 1372, 2504),
    0.97: (152, 219, 277, 332, 433, 667, 1097, 2293, 4182),
    0.99: (459, 662, 838, 1001, 1307, 2010, 3304, 6898, 12571),
    0.999: (4603, 6636, 8403, 10042, 13105, 20140, 33097, 69058, 125826),
}
DISCARDS = (0, 1, 2, 3, 5, 10, 20, 50, 100)


@pytest.mark.parametrize(
    ("p", "t", "expected"),
    [(p, t, n) for p, row in TABLE.items() for t, n in zip(DISCARDS, row, strict=True)],
)
def test_min_queries_is_the_table_of_the_rules(p: float, t: int, expected: int) -> None:
    assert min_queries(t, p) == expected
    assert max_discarded(expected, p) == t
    assert max_discarded(expected - 1, p) == t - 1


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 25), st.sampled_from([Fraction(9, 10), Fraction(99, 100)]))
def test_min_queries_is_the_smallest_count_by_exact_arithmetic(t: int, p: Fraction) -> None:
    def cdf(n: int) -> Fraction:
        return sum((math.comb(n, i) * (1 - p) ** i * p ** (n - i) for i in range(t + 1)), Fraction(0))

    n = min_queries(t, float(p))
    assert cdf(n) < Fraction(1, 100) <= cdf(n - 1)


def real_streams() -> list[Path]:
    return [p for p in sorted(DATA.rglob("run_1/mlperf_log_detail.txt")) if b"Would discard" in p.read_bytes()]


@pytest.mark.parametrize("path", real_streams(), ids=lambda p: "/".join(p.parts[-6:-1]))
def test_discards_equal_what_loadgen_logged(path: Path) -> None:
    log = read_detail(str(path))
    logged = re.search(r"Would discard (\d+) highest", log.text("early_stopping_result"))
    assert logged
    count, p = log.integer("result_query_count"), log.number("effective_target_latency_percentile")
    assert max_discarded(count, p) - 1 == int(logged.group(1))


def test_estimate_with_the_minimum_count_is_the_maximum() -> None:
    assert early_stopping_estimate(list(range(63)), 0.9) is None
    assert early_stopping_estimate(list(range(64)), 0.9) == (0, 63)
    assert early_stopping_estimate(list(range(81)), 0.9) == (1, 79)
    assert early_stopping_estimate(list(range(662)), 0.99) == (0, 661)


@settings(max_examples=50, deadline=None)
@given(st.integers(64, 20_000))
def test_estimate_never_lies_below_the_plain_percentile(count: int) -> None:
    latencies = list(range(count))
    estimate = early_stopping_estimate(latencies, 0.9)
    assert estimate is not None
    assert estimate.value >= percentile(latencies, 0.9)
    assert latencies[count - 1 - estimate.discarded] == estimate.value


@pytest.mark.parametrize(
    ("count", "over", "passes"),
    [
        (458, 0, False),
        (459, 0, True),
        (661, 1, False),
        (662, 1, True),
        (0, 0, False),
        (5, 5, False),
        (12571, 100, True),
    ],
)
def test_server_rule(count: int, over: int, passes: bool) -> None:
    assert early_stopping_passes(count, over, 0.99) is passes


@pytest.mark.parametrize(
    ("n", "p", "index"),
    [(100, 0.9, 90), (100, 0.99, 99), (1, 0.99, 0), (1000, 0.999, 999), (7, 0.5, 3), (10, 0.97, 9)],
)
def test_percentile_takes_the_element_at_floor_of_np(n: int, p: float, index: int) -> None:
    assert percentile(list(range(n)), p) == index


@pytest.mark.parametrize(("values", "p"), [([], 0.5), ([1], 1.0), ([1], -0.1)])
def test_percentile_of_nothing_or_beyond_is_refused(values: list[int], p: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, p)


def test_token_latencies() -> None:
    assert ttft_ns(1500, 1000) == 500
    assert tpot_ns(10_500, 500, 11) == 1000
    with pytest.raises(ValueError, match="at least 2"):
        tpot_ns(10, 5, 1)
