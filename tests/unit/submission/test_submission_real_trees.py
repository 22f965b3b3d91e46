"""What the checker says about real trees is what the official one says."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from franca.mlperf.submission.checker import check_tree
from franca.mlperf.submission.output import to_csv, to_json, to_summary_json, to_text
from franca.mlperf.submission.page import to_html
from franca.mlperf.submission.rules import BY_ID
from franca.mlperf.submission.tables import load_round, local_rules
from tests.unit.submission.submission_trees import (
    DATA,
    SINGLE,
    SYSTEM,
    broken_rules,
    check,
    copy,
    set_fields,
    set_value,
)


def test_sample_tree_of_v3_0_is_accepted_with_its_nine_results() -> None:
    verdict = check(DATA / "v3.0")
    assert verdict.ok
    assert verdict.round == "v3.0"
    assert (len(verdict.records), verdict.rejected, verdict.missing) == (9, [], 0)
    assert verdict.summary == "OK: Results=9, NoResults=0, round v3.0"


@pytest.mark.parametrize("name", ["v3.0", "v3.0-power"])
def test_summary_equals_that_of_the_official_checker_byte_for_byte(name: str) -> None:
    expected = (DATA / f"expected-{name}.csv").read_bytes().decode("utf-8")
    assert to_csv(check(DATA / name)) == expected


def test_power_tree_has_a_valid_result_but_is_refused_for_what_was_not_copied() -> None:
    verdict = check(DATA / "v3.0-power")
    assert not verdict.ok
    assert broken_rules(verdict) == {"B3", "C1"}
    (record,) = verdict.records
    assert (record.result, record.power) == (1.202577, 15.285569636160059)
    assert (record.power_unit, record.compliant) == ("millijoules", False)


def test_digits_tree_is_accepted_by_v6_1_with_the_data_set_of_its_own() -> None:
    verdict = check(DATA / "digits-v6.1")
    assert verdict.summary == "OK: Results=3, NoResults=0, round v6.1"
    assert {record.mlperf_model for record in verdict.records} == {"resnet"}
    assert {r.scenario: (r.result, r.accuracy) for r in verdict.records} == {
        "SingleStream": (25.86539, {"acc": "96.777"}),
        "MultiStream": (119.038223, {"acc": "96.777"}),
        "Offline": (1946.77, {"acc": "96.777"}),
    }


DIGITS = "open/Franca"


def test_part_of_the_digits_is_not_enough(tmp_path: Path) -> None:
    tree = copy("digits-v6.1", tmp_path / "tree")
    log = tree / DIGITS / "results/digits-host/digits-cnn/Offline/accuracy/mlperf_log_detail.txt"
    set_value(log, "effective_accuracy_sample_count", 1023)
    found = [f for f in check(tree).findings if f.rule == "A5"]
    assert [(f.expected, f.found) for f in found] == [("1024", "1023")]


def test_another_model_is_held_to_the_data_set_that_it_is_mapped_to(tmp_path: Path) -> None:
    tree = copy("digits-v6.1", tmp_path / "tree")
    for place in ("results/digits-host", "src"):
        (tree / DIGITS / place / "digits-cnn").rename(tree / DIGITS / place / "my-cnn")
    set_fields(tree / DIGITS / "model_mapping.json", **{"digits-cnn": None, "my-cnn": "resnet"})
    assert broken_rules(check(tree)) == {"A5"}
    verdict = check(tree, skip=("dataset-size-check",))
    assert verdict.summary == "OK with exceptions (skipped: dataset-size-check): Results=3, NoResults=0, round v6.1"


def test_closed_has_no_data_set_of_its_own_for_digits() -> None:
    rules = load_round("v6.1").models["resnet"]
    assert local_rules("digits-cnn", "open", rules).samples("Offline") == 1024
    assert local_rules("digits-mlp", "closed", rules).samples("Offline") == 50000


@pytest.mark.parametrize("round_name", ["v3.1", "v4.0", "v4.1", "v5.0", "v5.1", "v6.0", "v6.1"])
def test_later_rounds_refuse_the_seeds_and_descriptions_of_v3_0(round_name: str) -> None:
    verdict = check(DATA / "v3.0", round=round_name)
    assert {"P5", "S2", "S3"} <= broken_rules(verdict)
    assert not verdict.records


def test_lenient_mode_follows_the_round_s_own_laxness(tmp_path: object) -> None:
    verdict = check(DATA / "v3.0", round="v3.0", lenient="v3.0")
    assert verdict.ok and len(verdict.records) == 9


def test_only_one_submitter_is_checked_when_asked() -> None:
    verdict = check(DATA / "v3.0", submitter="Deci")
    assert [record.organization for record in verdict.records] == ["Deci"]


def test_derived_metrics_of_real_results() -> None:
    records = {(r.organization, r.scenario): r for r in check(DATA / "v3.0").records}
    single = records["rebellions", "SingleStream"].derived
    assert single.samples_per_second == pytest.approx(1000 / 0.238835)
    assert single.latency_p99_ms == 0.255064
    assert single.queries == 2526649
    assert single.duration_s == pytest.approx(600.001)
    multi = records["rebellions", "MultiStream"].derived
    assert multi.samples_per_second == pytest.approx(8000 / 1.336096)
    eight = records["HPE", "Offline"].derived
    assert eight.samples_per_second_per_accelerator == pytest.approx(2694.57 / 8)
    assert eight.samples_per_second_per_core == pytest.approx(2694.57 / 64)
    none = records["cTuning", "SingleStream"].derived
    assert none.samples_per_second_per_accelerator is None
    (powered,) = check(DATA / "v3.0-power").records
    assert powered.derived.watts == pytest.approx(15.285569636160059 * 506349 / 1000 / 600.001)
    assert powered.derived.samples_per_joule == pytest.approx(1000 / 15.285569636160059)


def test_every_form_of_the_report_holds_the_verdict_and_the_results() -> None:
    verdict = check(DATA / "v3.0-power")
    text, page = to_text(verdict), to_html(verdict)
    assert "error: C1 closed/SiMa/compliance" in text
    assert "next: Run the missing test." in text
    assert "15.2856 millijoules" in text
    assert verdict.summary in page and "davinci_dualm2" in page
    assert "src=" not in page and "href=" not in page  # nothing is loaded from elsewhere
    document = json.loads(to_json(verdict))
    assert document["ok"] is False
    assert {f["rule"] for f in document["findings"] if f["severity"] == "error"} == {"B3", "C1"}
    assert all(f["remedy"] and f["source"] and f["title"] for f in document["findings"])
    assert document["results"][0]["derived"]["watts"] > 0


def test_the_page_tells_a_rule_and_its_remedy_once_over_the_places_that_break_it() -> None:
    verdict = check(DATA / "digits-v6.1", round="v6.0")  # of another round: three seeds in each of three results
    page = to_html(verdict)
    rule = BY_ID["P5"]
    assert page.count(f"P5 {rule.title}") == page.count(rule.remedy) == 1
    assert "error x 9</span>" in page
    assert all(f.path.replace("/", "/<wbr>") in page for f in verdict.findings)
    assert page.index("Not accepted") < page.index("P5 ")


def test_summary_json_and_csv_of_v6_hold_the_same_rows() -> None:
    verdict = check(DATA / "digits-v6.1", skip=("dataset-size-check",))
    rows = list(csv.DictReader(io.StringIO(to_csv(verdict))))
    table = json.loads(to_summary_json(verdict))
    assert len(rows) == len(table) == 3
    for number, row in enumerate(rows):
        assert {key: str(value) for key, value in table[str(number)].items()} == row
    assert rows[0]["total_accelerators"] == "0"
    assert rows[0]["Accuracy"] == "acc: 96.777"
    assert rows[0]["weight_data_types"] == "fp32"


def test_page_escapes_what_the_tree_holds(tmp_path_factory: pytest.TempPathFactory) -> None:
    tree = copy("v3.0", tmp_path_factory.mktemp("t"), ("closed/rebellions",))
    set_fields(tree / SYSTEM, system_name="<script>alert(1)</script>", framework='a","b\nc')
    verdict = check_tree(str(tree))
    assert "<script>" not in to_html(verdict)
    rows = list(csv.DictReader(io.StringIO(to_csv(verdict))))
    assert {row["framework"] for row in rows} == {'a","b\nc'}
    assert {row["Location"] for row in rows if row["Scenario"] == "SingleStream"} == {SINGLE}
