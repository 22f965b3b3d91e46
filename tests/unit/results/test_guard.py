"""Which results may be compared: each bar alone, remarks that forbid nothing, groups that never mix."""

from __future__ import annotations

import pytest

from franca.errors import UsageError
from franca.model.result import Result
from franca.results.compare import compare, improvement, ranking
from franca.results.guard import bars, comparison_key
from franca.results.rows import read_rows
from tests.unit.results.result_rows import row

SEED = "settings.effective_qsl_rng_seed"
LENGTH = "settings.effective_min_duration_ms"


def result(**changes: object) -> Result:
    (found,) = read_rows([row(**changes)]).results
    return found


BARRED = [
    ({"version": "v3.1"}, "round is v3.0 and v3.1"),
    ({"Division": "open", "Model": "resnet50"}, "division is closed and open"),
    ({"SystemType": "datacenter"}, "category is edge and datacenter"),
    ({"MlperfModel": "bert-99"}, "benchmark is resnet and bert-99"),
    ({"Scenario": "Server"}, "scenario is Offline and Server"),
    ({"Units": "Tokens/s"}, "unit is Samples/s and Tokens/s"),
    ({"Availability": "preview"}, "availability is available and preview"),
    ({"inferred": 1}, "inferred is False and True"),
    ({LENGTH: 3000}, "official length"),
]


@pytest.mark.parametrize(("changes", "reason"), BARRED, ids=[reason for _, reason in BARRED])
def test_one_difference_keeps_two_results_apart_and_is_named(changes: dict[str, object], reason: str) -> None:
    one, other = result(), result(**changes)
    assert any(reason in bar for bar in bars(one, other)), bars(one, other)
    assert comparison_key(one) != comparison_key(other)
    found = compare(one, other)
    assert not found.comparable and found.ratio is None
    assert compare(one, other, force=True).bars == found.bars


def test_accuracy_classes_are_different_benchmarks() -> None:
    assert bars(result(MlperfModel="bert-99"), result(MlperfModel="bert-99.9"))


def test_seeds_keep_apart_where_both_are_known() -> None:
    assert bars(result(**{SEED: 1}), result(**{SEED: 2})) == ["qsl_rng_seed differs"]
    assert bars(result(**{SEED: 1}), result()) == []


def test_the_order_of_two_categories_is_nothing() -> None:
    assert bars(result(SystemType="edge,datacenter"), result(SystemType="datacenter, edge")) == []


def test_open_results_need_the_same_model() -> None:
    one = result(Division="open", Model="mine")
    assert bars(one, result(Division="open", Model="yours")) == ["open results: model is mine and yours"]
    assert bars(one, result(Division="open", Model="mine", Platform="other")) == []


def test_what_differs_and_forbids_nothing_is_told() -> None:
    found = compare(result(), result(Platform="p", framework="own 2.0", Result=2000.0, Accuracy=75.9))
    assert found.comparable and found.ratio == 2
    assert "framework: own 1.0 and own 2.0" in found.remarks and "accuracy: 76 and 75.9" in found.remarks


def test_power_is_compared_only_where_both_have_it() -> None:
    one, other = result(), result(Platform="p", Result_Power=50)
    assert bars(one, other) == []
    assert bars(one, other, metric="samples_per_joule") == ["box has no samples_per_joule"]


def test_better_follows_the_direction_of_the_metric() -> None:
    slow, fast = (result(Scenario="SingleStream", Units="Latency (ms)", Result=ms) for ms in (4.0, 2.0))
    assert improvement(slow, fast) == 2 and improvement(fast, slow) == 0.5


def test_ranking_never_mixes_what_may_not_be_compared() -> None:
    rows = [row(Platform="a", Result=1.0), row(Platform="b", Result=3.0), row(Platform="c", Result=2.0, version="v3.1")]
    groups = ranking(read_rows(rows).results)
    assert [[one.platform for one in group.results] for group in groups] == [["b", "a"], ["c"]]
    with pytest.raises(UsageError, match="no result has the metric beauty"):
        ranking(read_rows(rows).results, "beauty")
