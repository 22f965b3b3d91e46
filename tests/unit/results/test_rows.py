"""Rows of all the forms that published summaries have, as typed results."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.results.derived import samples_per_joule, samples_per_second
from franca.results.rows import key_of, read_rows
from tests.unit.results.result_rows import row


@pytest.mark.parametrize(
    ("scenario", "result", "rate"),
    [("SingleStream", 0.25, 4000), ("MultiStream", 4, 2000), ("Offline", 17, 17), ("Server", 3.5, 3.5)],
)
def test_throughput_of_each_scenario(scenario: str, result: float, rate: float) -> None:
    assert samples_per_second(scenario, result) == rate


@pytest.mark.parametrize(
    ("scenario", "power", "rate", "expected"),
    [("Offline", 50, 1000, 20), ("Server", 50, 1000, 20), ("SingleStream", 20, 100, 50), ("MultiStream", 20, 800, 400),
     ("Offline", 0, 1000, None), ("Offline", 50, None, None)],
)  # fmt: skip
def test_samples_a_joule_of_each_scenario(scenario: str, power: float, rate: float, expected: float) -> None:
    assert samples_per_joule(scenario, power, rate) == expected


def test_a_row_becomes_a_result_with_derived_metrics_and_their_formulas() -> None:
    (result,) = read_rows([row()]).results
    assert (result.organization, result.benchmark, result.scenario, result.value) == ("Acme", "resnet", "Offline", 1000)
    assert result.number("samples_per_second_per_accelerator") == 125  # 2 nodes of 4
    assert result.number("samples_per_second_per_core") == 31.25  # 2 x 2 x 8 cores
    assert result.metrics["samples_per_second_per_core"].formula == "samples_per_second / cores (32)"
    assert result.metrics["result"].better == "higher" and result.info["framework"] == "own 1.0"


def test_latency_is_better_when_lower_and_gives_a_rate() -> None:
    (result,) = read_rows([row(Scenario="MultiStream", Result=4, Units="Latency (ms)")]).results
    assert result.metrics["result"].better == "lower"
    assert result.number("samples_per_second") == 2000


PER_QUERY = "settings.effective_samples_per_query"


@pytest.mark.parametrize(
    ("columns", "rate", "formula"),
    [({PER_QUERY: 2}, 500, "2000 / ms"), ({PER_QUERY: "2"}, 500, "2000 / ms"), ({}, 2000, "8000 / ms"),
     ({PER_QUERY: 1, "inferred": 1}, 2000, "8000 / ms"), ({PER_QUERY: 0}, 2000, "8000 / ms"),
     ({PER_QUERY: "many"}, 2000, "8000 / ms")],
)  # fmt: skip
def test_a_query_of_multistream_has_as_many_samples_as_its_run_says(
    columns: dict[str, object], rate: float, formula: str
) -> None:
    made = row(Scenario="MultiStream", Result=4, Units="Latency (ms)", Result_Power=20, **columns)
    (result,) = read_rows([made]).results
    assert result.number("samples_per_second") == rate
    assert result.metrics["samples_per_second"].formula == formula
    assert result.number("samples_per_joule") == rate * 4 / 20  # a query takes 4 ms and 20 mJ


@pytest.mark.parametrize(
    ("said", "expected"),
    [(75.5, {"accuracy": 75.5}), ("75.5", {"accuracy": 75.5}), ("acc: 75.5", {"accuracy": 75.5}),
     ("ROUGE1: 44.3  ROUGE2: 22.0  GEN_LEN: 3615191", {"accuracy_ROUGE1": 44.3, "accuracy_ROUGE2": 22.0,
                                                       "accuracy_GEN_LEN": 3615191}),
     ("None", {}), ("acc: high", {}), ("acc: 1.2.3", {}), ("", {})],
)  # fmt: skip
def test_accuracy_of_older_and_newer_rounds(said: object, expected: dict[str, float]) -> None:
    (result,) = read_rows([row(Accuracy=said)]).results
    assert {k: m.value for k, m in result.metrics.items() if k.startswith("accuracy")} == expected


def test_tokens_stay_tokens() -> None:
    (result,) = read_rows([row(Units="Tokens/s")]).results
    assert result.number("tokens_per_second") == 1000 and result.number("samples_per_second") is None


def test_power_beside_the_result_and_in_a_row_of_its_own_are_the_same() -> None:
    beside = read_rows([row(Result_Power=50.0)])
    apart = read_rows([row(), row(Result=None, Result_Power=50.0, Units="Watts")])
    for reading in (beside, apart):
        (result,) = reading.results
        assert result.number("power") == 50 and result.metrics["power"].unit == "Watts"
        assert result.number("samples_per_joule") == 20
    assert apart.repairs == {"power rows joined": 1}


def test_duplicates_count_once_whatever_their_uid() -> None:
    reading = read_rows([row(), row(uid="feedfeedfeedfeed"), row(Platform="other")])
    assert len(reading.results) == 2 and reading.repairs["duplicate rows"] == 1


def test_two_runs_at_one_place_are_two_results() -> None:
    rows = [row(**{"settings.test_datetime": when}) for when in ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")]
    assert len({result.key for result in read_rows(rows).results}) == 2


@pytest.mark.parametrize(
    ("bad", "words"),
    [(row(Scenario=None), "no scenario"), (row(Result="fast"), "'fast'"), (row(Result=float("nan")), "nan"),
     (row(Result=None), "None"), (row(Result=True), "True"), ("text", "a str, expected an object"),
     (row(Result=None, Result_Power=5, Units="Watts"), "power without a result")],
)  # fmt: skip
def test_what_is_no_result_is_listed_and_stops_nothing(bad: object, words: str) -> None:
    reading = read_rows([bad, row(Platform="good")])  # type: ignore[list-item]
    assert [result.platform for result in reading.results] == ["good"]
    (told,) = reading.rejected
    assert words in told


def test_texts_in_place_of_numbers_leave_a_metric_out() -> None:
    (result,) = read_rows([row(Accuracy="None", accelerators_per_node="N/A", host_processor_core_count="")]).results
    assert set(result.metrics) == {"result", "samples_per_second"}


TEXTS = st.sampled_from(["", "None", "N/A", "0", "-1", "1e400", "nan", "7", "Offline", "MultiStream", "Watts", "a/b"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.just([1])


@given(st.lists(st.dictionaries(st.sampled_from(sorted(row())), SCALARS), max_size=6))
def test_no_row_is_ever_an_error_and_keys_are_stable(rows: list[dict[str, object]]) -> None:
    reading = read_rows(rows)
    assert len(reading.results) + len(reading.rejected) <= len(rows)
    assert all(key_of(one) == key_of(dict(reversed(one.items()))) for one in rows)
