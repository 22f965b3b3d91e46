"""Compliance tests of language models over logged answers: what passes, what is caught, what the files say."""

from __future__ import annotations

import struct

import pytest

from franca.errors import MalformedFile, Refused
from franca.mlperf.inference.compliance import audit_entries
from franca.mlperf.inference.config import format_config, parse_config
from franca.mlperf.inference.scenarios import Scenario
from franca.mlperf.inference.spec import Part
from franca.mlperf.inference.token_audit import around, check_answers, end_tokens, lengths_of, score_lines
from franca.mlperf.logs.accuracy import AccuracyEntry, read_accuracy
from franca.mlperf.submission.tables import OutputTokens, load_round

END = 2


def packed(tokens: list[int], code: str = "i") -> bytes:
    return struct.pack(f"<{len(tokens)}{code}", *tokens)


def answer(tokens: list[int], first: list[int] | None = None, count: int | None = None) -> AccuracyEntry:
    told = tokens[:1] if first is None else first
    return AccuracyEntry(0, 0, packed(tokens), len(tokens) if count is None else count, packed(told))


GOOD = answer([5, 6, END])
ANSWERS = [
    # what is logged, then (first token, end, length) wrong or not
    ("ends with the end token", GOOD, (0, 0, 0)),
    ("was cut at its greatest length", answer([5, 6, 7]), (0, 0, 0)),
    ("is empty, in the two tokens that LoadGen wants", answer([END, END]), (0, 0, 0)),
    ("ends twice", answer([5, END, END]), (0, 1, 0)),
    ("goes on behind the end", answer([5, END, 6]), (0, 1, 0)),
    ("starts with the end", answer([END, 5, 6]), (0, 1, 0)),
    ("has another first token", answer([5, 6, END], first=[6]), (1, 0, 0)),
    ("has no first token", answer([5, 6, END], first=[]), (1, 0, 0)),
    ("has more first tokens than tokens", answer([5], first=[5, 6]), (1, 0, 0)),
    ("was counted too high", answer([5, 6, END], count=30), (0, 0, 1)),
    ("was counted too low", answer([5, 6, END], count=2), (0, 0, 1)),
    ("has nothing in it", answer([], count=0), (1, 0, 1)),
    ("holds half a token", AccuracyEntry(0, 0, b"\1\0\0\0\2", 1, b"\1\0\0\0"), (1, 0, 1)),
]


@pytest.mark.parametrize(("why", "one", "wrong"), ANSWERS, ids=[case[0] for case in ANSWERS])
def test_an_answer_is_held_to_the_rules_of_test06(why, one, wrong) -> None:
    found = check_answers([GOOD, one], "int32", [END], firsts=True)
    assert (found.first, found.end, found.length) == wrong
    assert found.passed is not any(wrong)
    checks = [f"{name} pass: {not bad}" for name, bad in zip(CHECKS, wrong, strict=True)]
    assert found.lines() == [*checks, f"TEST06 verification {'failed' if any(wrong) else 'complete'}"]


CHECKS = ("First token check", "EOS check", "Sample length check")


def test_offline_has_no_first_tokens() -> None:
    found = check_answers([answer([5, 6], first=[])], "int32", [END], firsts=False)
    assert found.passed and found.lines()[0] == "First token check pass: Skipped"


def test_a_log_without_answers_proves_nothing() -> None:
    found = check_answers([], "int32", [END], firsts=True)
    assert not found.passed
    assert found.lines() == [*(f"{name} pass: False" for name in CHECKS), "TEST06 verification failed"]


@pytest.mark.parametrize(("dtype", "code"), [("int16", "h"), ("int32", "i"), ("int64", "q"), ("float32", "f")])
def test_tokens_are_read_in_the_type_of_the_log(dtype, code) -> None:
    one = AccuracyEntry(0, 0, packed([5, 6, END], code), 3, packed([5], code))
    assert check_answers([one], dtype, [END], firsts=True).passed
    assert lengths_of([one], dtype).mean == 3


def test_what_is_no_token_is_refused() -> None:
    with pytest.raises(MalformedFile, match="are no tokens"):
        check_answers([GOOD], "uint8", [END], firsts=True)


def test_a_log_that_loadgen_wrote_has_its_first_tokens(tmp_path) -> None:
    path = tmp_path / "log.json"
    path.write_text(
        '[\n{ "seq_id" : 0, "qsl_idx" : 3, "data" : "050000000200", "token_data" : "0500", "token_count" : 3 }\n]\n'
    )
    [entry] = read_accuracy(str(path))
    assert (entry.token_data, entry.token_count) == (b"\5\0", 3)
    path.write_text('[\n{ "seq_id" : 0, "qsl_idx" : 3, "data" : "05", "token_data" : 7, "token_count" : 3 }\n]\n')
    with pytest.raises(MalformedFile, match="token_data strings"):
        list(read_accuracy(str(path)))


def test_lengths_are_bounded_on_both_sides() -> None:
    found = lengths_of([answer([1] * 4), answer([1] * 8)], "int32")
    assert found[:4] == (2, 6.0, 4, 8) and found.deviation == 2.0
    for bounds, passed in (((5.4, 6.6), True), ((6.1, 9), False), ((1, 5.9), False)):
        lines = found.lines(OutputTokens(*bounds))
        assert found.within(OutputTokens(*bounds)) is passed
        assert lines[-1] == ("TEST PASS" if passed else "TEST FAIL") and "Mean output tokens: 6.00" in lines
    assert not lengths_of([], "int32").within(OutputTokens(0, 10))
    assert (around(10).least, around(10).most) == (pytest.approx(9), pytest.approx(11))


def test_a_score_passes_from_its_threshold_on() -> None:
    assert score_lines("accuracy=99.0%", 60.698, 60.698)[-1] == "TEST PASS"
    lines = score_lines("accuracy=1.0%", 60.697, 60.698)
    assert lines[0] == "accuracy=1.0%" and lines[-3:] == [
        "Accuracy threshold: 60.698", "Accuracy check pass: False", "TEST FAIL",
    ]  # fmt: skip


def test_audit_files_of_language_models_hold_the_official_entries() -> None:
    sixth = {entry.name: entry.value for entry in audit_entries("TEST06", Scenario.SERVER, count=24576)}
    assert sixth == {
        "*.*.mode": "2",
        "*.*.accuracy_log_rng_seed": "720381539243781796",
        "*.*.accuracy_log_sampling_target": "100",
        "*.*.min_query_count": "100",
        "*.*.min_duration": "0",
        "*.*.sample_concatenate_permutation": "0",
    }
    ninth = {entry.name: entry.value for entry in audit_entries("TEST09", Scenario.OFFLINE, count=6396)}
    assert ninth == sixth | {
        "*.*.accuracy_log_sampling_target": "10000",
        "*.*.min_query_count": "6396",
        "*.*.performance_issue_unique": "1",
    }
    for test in ("TEST06", "TEST07", "TEST09"):
        parse_config(format_config(audit_entries(test, Scenario.OFFLINE, count=50)), "audit.config")


def test_bounds_and_thresholds_are_those_of_the_rounds() -> None:
    for name in ("v6.0", "v6.1"):
        rules = load_round(name).models["gpt-oss-120b"]
        assert rules.output_tokens == OutputTokens(1150.38, 1406.02) and rules.test07_score == 60.698
    assert load_round("v6.1").models["e2e-rag-qna"].output_tokens == OutputTokens(246.43, 301.19)


class Request:
    """The three fields that say which token ends an answer."""

    def __init__(self, end_token=None, backend=None, metric=None) -> None:
        self.end_token = end_token
        self.backend, self.metric = Part("b", backend or {}), Part("m", metric or {})


def test_the_end_tokens_come_from_the_request_or_what_was_loaded() -> None:
    assert end_tokens(Request(3, {"end": 4}, {"end": 5}), [6]) == [3]
    assert end_tokens(Request(None, {"end": 4}, {"end": 5}), [6]) == [4]
    assert end_tokens(Request(None, {}, {"end": -1})) == []
    assert end_tokens(Request(None, {"end": -1}), [6, 7]) == [6, 7], "-1 of a backend is the model's own"
    assert end_tokens(Request(-1, {"end": 4}), [6]) == [], "nothing ends an answer, as the request says"
    assert end_tokens(Request(), [6, 7]) == [6, 7]
    with pytest.raises(Refused, match="ends an answer"):
        end_tokens(Request())


def test_a_model_with_several_end_tokens_is_held_to_each() -> None:
    for tokens, wrong in (([5, 8], 0), ([5, 9], 0), ([8, 5], 1), ([5, 9, 8], 1), ([9, 9], 0)):
        assert check_answers([answer(tokens)], "int32", [8, 9], firsts=True).end == wrong, tokens


def test_without_reported_tokens_only_the_end_is_looked_at() -> None:
    found = check_answers([answer([5, 6, END], [], 0)], "int32", [END], firsts=False, counted=False)
    assert found.passed and found.lines()[0] == "First token check pass: Skipped"
    assert not check_answers([answer([5, END, 6], [], 0)], "int32", [END], firsts=False, counted=False).passed
