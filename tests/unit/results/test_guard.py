"""Which results may be compared: each bar alone, remarks that forbid nothing, groups that never mix."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import Refused, UsageError
from franca.model.result import Result
from franca.results.compare import compare, improvement, ranking
from franca.results.groups import MAX_GROUPS, comparable_groups
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
    ({LENGTH: 3000}, "length of the run is official and short"),
    ({"notes": "SHORT RUN, no submission. Fans at full speed"}, "length of the run is official and short"),
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
    assert bars(result(**{SEED: 1}), result(**{SEED: 2})) == ["qsl_rng_seed is 1 and 2"]
    assert bars(result(**{SEED: 1}), result()) == []


def test_the_order_of_two_categories_is_nothing() -> None:
    assert bars(result(SystemType="edge,datacenter"), result(SystemType="datacenter, edge")) == []


def test_open_results_need_the_same_model() -> None:
    one = result(Division="open", Model="mine")
    assert bars(one, result(Division="open", Model="yours")) == ["open results: model is mine and yours"]
    assert bars(one, result(Division="open", Model="mine", Platform="other")) == []


OPEN_BARS = [
    ("weight_data_types", "fp32", "int8", "weight_data_types is fp32 and int8"),
    ("accuracy_metric", "acc", "mAP", "accuracy_metric is acc and mAP"),
    ("Accuracy", "acc: 75", "F1: 75", "accuracy_metric is acc and F1"),
    ("accuracy_target", "acc 75.7", "acc 70", "accuracy_target is acc 75.7 and acc 70"),
    ("settings.qsl_reported_total_count", 1024, 50000, "samples of the data set is 1024 and 50000"),
]


@pytest.mark.parametrize(("column", "mine", "theirs", "reason"), OPEN_BARS, ids=[bar[0] for bar in OPEN_BARS])
def test_open_results_need_what_both_state_to_be_equal(column: str, mine: object, theirs: object, reason: str) -> None:
    one, other = (result(Division="open", **{column: value}) for value in (mine, theirs))
    assert bars(one, other) == [reason]
    assert bars(one, result(Division="open")) == []
    assert bars(*(result(**{column: value}) for value in (mine, theirs))) == [], "closed: the rules fix these"


def test_data_types_are_the_same_in_small_and_large_letters() -> None:
    assert bars(*(result(Division="open", weight_data_types=name) for name in ("INT8", "int8"))) == []


def test_what_differs_and_forbids_nothing_is_told() -> None:
    found = compare(result(), result(Platform="p", framework="own 2.0", Result=2000.0, Accuracy=75.9))
    assert found.comparable and found.ratio == 2
    assert "framework: own 1.0 and own 2.0" in found.remarks and "accuracy: 76 and 75.9" in found.remarks


def test_a_number_is_the_same_in_a_table_of_texts_and_in_a_tree() -> None:
    assert compare(result(number_of_nodes="2"), result(number_of_nodes=2)).remarks == []
    huge = 10003631887983097364
    assert bars(result(**{SEED: huge}), result(**{SEED: str(huge)})) == []
    assert bars(result(**{SEED: huge}), result(**{SEED: huge + 1}))


TOLD = [
    ("measurements.max_batchsize", 1, 32), ("settings.qsl_reported_total_count", 1024, 50000), ("queries", 10, 20),
    ("duration_s", 600.5, 700), ("early_stopping_discards", 5, 9),
    ("settings.effective_performance_sample_count", 1, 2),
    ("settings.effective_target_latency_ns", 1, 2), ("settings.loadgen_version", "3", "4"),
    ("operating_system", "a", "b"), ("measurements.starting_weights_filename", "a.onnx", "b.pt"),
    ("settings.effective_samples_per_query", 8, 4),
]  # fmt: skip


@pytest.mark.parametrize(("column", "mine", "theirs"), TOLD, ids=[told[0] for told in TOLD])
def test_each_thing_that_must_be_told_is_told(column: str, mine: object, theirs: object) -> None:
    found = compare(result(**{column: mine}), result(**{column: theirs}))
    name = column.rpartition(".")[2]
    assert found.comparable and found.remarks == [f"{name}: {mine} and {theirs}"]


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


STATES = {SEED: (None, 1, 2), "settings.effective_schedule_rng_seed": (None, 5, 6), LENGTH: (None, 600000, 9),
          "Division": ("closed", "open"), "weight_data_types": (None, "fp32", "int8"), "version": ("v3.0", "v3.1"),
          "settings.qsl_reported_total_count": (None, 7, 8)}  # fmt: skip
ROWS = st.lists(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in STATES.items()}), max_size=9)


@given(ROWS)
def test_two_results_share_a_group_exactly_where_the_two_alone_may_be_compared(rows: list[dict[str, object]]) -> None:
    results = read_rows(row(Platform=f"p{n}", **one) for n, one in enumerate(rows)).results
    groups = comparable_groups(results)
    together = {pair for group in groups for pair in itertools.permutations([r.platform for r in group.results], 2)}
    for one, other in itertools.permutations(results, 2):
        assert ((one.platform, other.platform) in together) == (not bars(one, other))
    assert {r.key for group in groups for r in group.results} == {r.key for r in results}
    members = [frozenset(r.platform for r in group.results) for group in groups]
    assert not any(one < other for one in members for other in members), "each group is as large as it can be"


def test_a_published_result_is_ranked_beside_an_own_one_and_seeds_part_two_own_ones() -> None:
    rows = [row(Platform="published"), row(Platform="mine", **{SEED: 1}), row(Platform="other", **{SEED: 2})]
    groups = ranking(read_rows(rows).results)
    assert [sorted(r.platform for r in group.results) for group in groups] == [
        ["mine", "published"], ["other", "published"],
    ]  # fmt: skip
    assert ["(qsl_rng_seed 1)" in groups[0].title, "(qsl_rng_seed 2)" in groups[1].title] == [True, True]


def test_groups_that_only_statements_part_are_bounded() -> None:
    results = read_rows(row(Platform=f"p{n}", **{SEED: n}) for n in range(MAX_GROUPS + 1)).results
    with pytest.raises(Refused, match="qsl_rng_seed"):
        comparable_groups(results)
