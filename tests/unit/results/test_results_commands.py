"""`franca results`: from a real published tree to a comparison."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from franca.cli.main import main

Capture = pytest.CaptureFixture[str]

DATA = Path(__file__).resolve().parents[2] / "data" / "mlperf"


@pytest.fixture
def store(tmp_path: Path, capsys: Capture) -> str:
    place = str(tmp_path / "store")
    assert main(["results", "import", str(DATA / "v3.0"), str(DATA / "v3.0-power"), f"--store={place}"]) == 0
    told = capsys.readouterr().out
    assert f"{DATA / 'v3.0'}: 9 new results, 0 changed, 0 known" in told
    return place


def answer(capsys: Capture, *words: str, status: int = 0) -> dict:
    assert main([*words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_results_of_a_published_tree_are_listed_and_filtered(store: str, capsys: Capture) -> None:
    assert len(answer(capsys, "results", "list", f"--store={store}")["results"]) == 10
    found = answer(capsys, "results", "list", f"--store={store}", "--organization=sima")["results"]
    (one,) = found
    # expected-v3.0-power.csv: 1.202577 ms, 15.285569636160059 mJ
    assert one["metrics"]["result"]["value"] == 1.202577
    assert one["metrics"]["power"]["value"] == 15.285569636160059
    assert one["metrics"]["samples_per_joule"]["value"] == pytest.approx(1000 / 15.285569636160059)


def test_importing_again_finds_everything_known(store: str, capsys: Capture) -> None:
    (source,) = answer(capsys, "results", "import", str(DATA / "v3.0"), f"--store={store}")["sources"]
    assert (source["added"], source["changed"], source["same"]) == (0, 0, 9)


def test_prices_give_costs_to_those_that_have_one(store: str, tmp_path: Path, capsys: Capture) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text('{"currency": "EUR", "per_hour": {"ATOM": 3.6}}', "utf-8")
    found = answer(capsys, "results", "list", f"--store={store}", f"--prices={prices}")["results"]
    cost = {(r["platform"], r["scenario"]): r["metrics"].get("cost_per_million_samples") for r in found}
    assert cost["ATOM", "Offline"]["value"] == pytest.approx(3.6 / 3600 / 7245.87 * 1e6, rel=1e-5)
    assert cost["ATOM", "Offline"]["unit"] == "EUR/million samples"
    assert cost["davinci_dualm2", "SingleStream"] is None
    prices.write_text('{"currency": "EUR", "per_hour": {"ATOM": 0}}', "utf-8")
    assert main(["results", "list", f"--store={store}", f"--prices={prices}"]) != 0
    assert "ATOM costs 0" in capsys.readouterr().err


def test_two_results_that_may_not_be_compared_give_the_reasons(store: str, capsys: Capture) -> None:
    found = answer(capsys, "results", "list", f"--store={store}", "--scenario=Offline", "--division=closed")["results"]
    keys = [one["key"] for one in found]
    words = ["results", "compare", *keys, f"--store={store}"]
    told = answer(capsys, *words, status=1)
    assert "category is datacenter and edge" in told["comparison"]["bars"] and not told["comparable"]
    forced = answer(capsys, *words, "--force")
    assert forced["comparison"]["ratio"] == pytest.approx(7245.87 / 4078.45, rel=1e-4)
    assert main([*words, "--force"]) == 0
    assert "not comparable" in capsys.readouterr().out


def test_ranking_keeps_groups_apart(store: str, capsys: Capture) -> None:
    groups = answer(capsys, "results", "compare", f"--store={store}")["groups"]
    assert sum(len(group["results"]) for group in groups) == 10
    assert len({group["title"] for group in groups}) == len(groups)


@pytest.mark.parametrize(
    ("words", "message"),
    [(["import"], "nothing to import"), (["import", "/nowhere/x"], "does not exist"), (["compare", "ff"], "two keys"),
     (["compare", "zz", "yy"], "no result has the key zz"), (["guess"], "no command 'results guess'")],
)  # fmt: skip
def test_mistakes_have_one_message(words: list[str], message: str, tmp_path: Path, capsys: Capture) -> None:
    assert main(["results", *words, *([] if words == ["guess"] else [f"--store={tmp_path / 's'}"])]) != 0
    told = capsys.readouterr().err
    assert message in told and "Traceback" not in told


def test_by_default_results_are_experiments_that_everybody_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("CM_REPOS", str(tmp_path / "CM"))
    assert main(["results", "import", str(DATA / "v3.0")]) == 0
    assert main(["find", "experiment", "--tags=mlperf-inference,v3.0,singlestream,open"]) == 0
    found = capsys.readouterr().out
    assert "mlperf-inference--v3.0--edge--open--image-classification--singlestream" in found
    assert len(answer(capsys, "results", "list")["results"]) == 9


def test_a_ranking_tells_beside_each_figure_what_the_rules_want_told(store: str, capsys: Capture) -> None:
    words = ["results", "compare", f"--store={store}", "--scenario=SingleStream", "--organization=rebellions"]
    assert main(words) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[1].startswith("  1. 0.238835 Latency (ms)  rebellions ATOM")
    assert (
        told[2] == "     accuracy 76 (target acc 75.6954); weights INT8; 1 x RBLN ATOM a node; 1 node; RBLN SDK v0.2.0"
    )
    key = told[1].rpartition("(")[2].rstrip(")")
    assert main(["results", "compare", key, key, f"--store={store}"]) == 0
    assert capsys.readouterr().out.count(told[2].strip()) == 2


def test_figures_of_the_logs_come_with_the_result(store: str, capsys: Capture) -> None:
    words = [f"--store={store}", "--organization=rebellions", "--scenario=SingleStream"]
    (one,) = answer(capsys, "results", "list", *words)["results"]
    # mlperf_log_detail.txt: "Would discard 251554 highest latency queries"
    assert one["info"]["early_stopping_discards"] == 251554
    assert one["info"]["accuracy_target"] == "acc 75.6954"  # 99 % of 76.46 (mlperf-inference 13)


def test_a_summary_of_short_runs_stays_apart_from_valid_ones(store: str, tmp_path: Path, capsys: Capture) -> None:
    header, *lines = (DATA / "expected-v3.0.csv").read_text("utf-8").splitlines()
    (line,) = (one for one in lines if one.startswith("rebellions") and "Offline" in one)
    table = next(csv.DictReader([header, line]))
    table |= {"notes": "SHORT RUN, no submission. " + table["notes"], "Result": "9999", "Location": "mine"}
    path = tmp_path / "summary.csv"
    path.write_text(",".join(table) + "\n" + ",".join(f'"{value}"' for value in table.values()) + "\n", "utf-8")
    assert main(["results", "import", str(path), f"--store={store}"]) == 0
    capsys.readouterr()
    words = [f"--store={store}", "--organization=rebellions", "--scenario=Offline"]
    keys = [one["key"] for one in answer(capsys, "results", "list", *words)["results"]]
    found = answer(capsys, "results", "compare", *keys, f"--store={store}", status=1)
    assert [bar.partition(" is ")[0] for bar in found["comparison"]["bars"]] == ["length of the run"]
    assert len(answer(capsys, "results", "compare", *words)["groups"]) == 2
