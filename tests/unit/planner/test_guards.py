"""Conditions: the table of script engine, section 5, row by row."""

from __future__ import annotations

import pytest

from franca.planner.guards import decide


def applies(guard: dict, env: dict, *, new: bool = False, **more: object) -> bool:
    return decide(guard, env, new=new, **more).applies


@pytest.mark.parametrize("listed", ["yes", "on", "true", "1", True])
@pytest.mark.parametrize(
    ("value", "expected"), [("yes", True), ("anything", True), ("no", False), ("", False), ("0", False)]
)
def test_a_truthy_word_matches_everything_that_is_not_false(listed: object, value: str, expected: bool) -> None:
    assert applies({"enable_if_env": {"K": [listed]}}, {"K": value}) is expected


@pytest.mark.parametrize(("value", "expected"), [("no", True), ("off", True), ("", True), ("yes", False), ("x", False)])
def test_a_falsy_word_matches_false_and_empty(value: str, expected: bool) -> None:
    assert applies({"enable_if_env": {"K": ["no"]}}, {"K": value}) is expected


def test_plain_words_are_compared_without_case_and_blanks() -> None:
    guard = {"enable_if_env": {"K": ["Linux", "darwin"]}}
    assert applies(guard, {"K": " linux "})
    assert not applies(guard, {"K": "windows"})


def test_truthy_wins_over_falsy_for_a_set_key() -> None:
    assert applies({"enable_if_env": {"K": ["yes", "no"]}}, {"K": "yes"})
    assert not applies({"enable_if_env": {"K": ["yes", "no"]}}, {"K": "no"})


@pytest.mark.parametrize(
    ("listed", "all_form", "any_form"),
    [
        (["yes"], False, False),
        (["no"], True, False),
        (["x"], False, False),
        (["x", ""], True, False),
        (["yes", "no"], True, False),
    ],
)
def test_an_absent_key(listed: list[str], all_form: bool, any_form: bool) -> None:
    assert applies({"enable_if_env": {"K": listed}}, {}) is all_form
    assert applies({"enable_if_any_env": {"K": listed}}, {}) is any_form


def test_forms_combine_and_any_reason_to_skip_wins() -> None:
    env = {"A": "yes", "B": "no"}
    assert applies({"enable_if_env": {"A": ["yes"]}, "skip_if_env": {"B": ["yes"]}}, env)
    assert not applies({"enable_if_env": {"A": ["yes"]}, "skip_if_env": {"B": ["no"]}}, env)
    assert not applies({"enable_if_env": {"A": ["yes"], "B": ["yes"]}}, env)
    assert applies({"enable_if_any_env": {"A": ["yes"], "B": ["yes"]}}, env)
    assert not applies({"skip_if_any_env": {"A": ["yes"], "B": ["yes"]}}, env)
    assert applies({"skip_if_env": {"A": ["yes"], "B": ["yes"]}}, env)


def test_empty_conditions() -> None:
    assert applies({"enable_if_env": {}}, {})
    assert not applies({"skip_if_env": {}}, {})
    assert not applies({"enable_if_any_env": {}}, {})
    assert applies({"skip_if_any_env": {}}, {})


def test_fake_run_skips_what_says_so() -> None:
    assert not applies({"skip_if_fake_run": True}, {}, fake_run=True)
    assert applies({"skip_if_fake_run": True}, {}, fake_run=False)


def test_an_unresolved_value_counts_as_empty_in_the_new_dialect_only() -> None:
    guard = {"enable_if_env": {"K": ["yes"]}}
    assert not applies(guard, {"K": "<<<OTHER>>>"}, new=True)
    assert applies(guard, {"K": "<<<OTHER>>>"}, new=False)


@pytest.mark.parametrize(
    ("guard", "reason"),
    [
        ({"enable_if_env": {"X": ["1a"], "A": ["no such"]}}, "not enabled: A=b (wants no such)"),
        ({"skip_if_any_env": {"X": ["1a"], "A": ["b"]}}, "skipped by one of: A=b (wants b)"),
        ({"enable_if_env": {"A": ["c"]}, "skip_if_env": {"X": ["1a"]}}, "not enabled: A=b (wants c)"),
        ({"skip_if_env": {"A": ["b"]}, "enable_if_any_env": {"X": ["1a"]}}, "skipped: A=b (wants b)"),
    ],
)
def test_what_is_known_may_decide_before_the_unknown_is_known(guard: dict, reason: str) -> None:
    verdict = decide(guard, {"A": "b"}, new=False, unknown={"X"})
    assert (verdict.applies, verdict.reason, verdict.waits_for) == (False, reason, ())


@pytest.mark.parametrize(
    "guard",
    [
        {"enable_if_env": {"X": ["1a"], "A": ["b"]}},
        {"enable_if_any_env": {"X": ["1a"], "A": ["no such"]}},
        {"skip_if_env": {"X": ["1a"], "A": ["b"]}},
        {"skip_if_any_env": {"X": ["1a"], "A": ["no such"]}},
    ],
)
def test_nobody_can_say_where_the_unknown_decides(guard: dict) -> None:
    assert decide(guard, {"A": "b"}, new=False, unknown={"X"}).waits_for == ("X",)


def test_an_unknown_variable_defers_and_is_named() -> None:
    verdict = decide(
        {"enable_if_env": {"K": ["x"]}, "skip_if_env": {"L": ["x"]}}, {"K": "x"}, new=False, unknown={"L", "Z"}
    )
    assert not verdict.applies
    assert verdict.waits_for == ("L",)
