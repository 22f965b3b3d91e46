"""What programs of users read at the end of a run: the table's columns and marks, the state, the official line.

The cells that are expected come from the rules of the format (sections 7.7 and 16.4), by hand.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from franca.mlperf.inference import figures
from franca.mlperf.inference import results as written

SCRIPTS = Path(__file__).resolve().parents[3] / "recipes" / "script"
LATENCY = written.Latency(1e6, 2e6, 9e6, {"50.00": 2e6, "99.00": 8e6})
POWER = written.Power(watts=50.0, value=50.0, unit="W", samples_per_joule=2.34567)


def performance(value: float, valid: bool = True, **more: Any) -> written.Performance:
    return written.Performance(
        metric="m", title="t", unit="u", value=value, samples_per_second=1.0, valid=valid, queries=1, samples=1,
        dataset_samples=1, duration_s=1.0, min_duration_s=1.0, flags=[], errors=[], warnings=[], latency=LATENCY, **more
    )  # fmt: skip


def accuracy(value: float, line: str = "accuracy=x", target: float = 0.0) -> written.Accuracy:
    return written.Accuracy(
        name="acc", value=value, good=1, total=1, line=line, equals_direct=True, direct=value, target=target
    )


def audit(name: str, passed: bool) -> written.Compliance:
    return written.Compliance(test=name, passed=passed, valid=True, reference=1.0, score=1.0, details=[])


def result(*scenarios: written.ScenarioResult, model: str = "m", **more: Any) -> written.BenchmarkResult:
    return written.BenchmarkResult(
        benchmark="b", model=model, model_sha256="", dataset="d", dataset_sha256="", samples=1,
        sut="box-default_config",
        profile="test", note="", submission_grade=False, round="", started="2026-01-01T00:00:00Z",
        finished="2026-01-01T00:01:00Z", command="", ingredients=[],
        scenarios=list(scenarios), loadgen_seconds=1.0, franca_seconds=1.0,
        **{"folder": "", "system": {}, "software": {}, "settings": {}, **more},
    )  # fmt: skip


def cells(one: written.BenchmarkResult) -> list[list[str]]:
    text = figures.render(figures.state_of(one))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[0] == "|"]


HEADS = [
    "Model", "Scenario", "Accuracy", "Throughput", "Latency (in ms)", "Power Efficiency (in samples/J)", "TEST01",
    "TEST04",
]  # fmt: skip
S = written.ScenarioResult
ROWS = [
    (S("Offline", performance(123.45678)), ["-", "123.457", "-", "-", "-", "-"]),
    (S("Server", performance(77.0, valid=False)), ["-", "X 77.0", "-", "-", "-", "-"]),
    (S("SingleStream", performance(4.0)), ["-", "250.0", "4.0", "-", "-", "-"]),
    (S("MultiStream", performance(3.0, valid=False)), ["-", "X 2666.667", "X 3.0", "-", "-", "-"]),
    (S("SingleStream", performance(0.0)), ["-", "-", "0.0", "-", "-", "-"]),
    (S("Offline", None, accuracy(98.2241954)), ["98.2242", "-", "-", "-", "-", "-"]),
    (S("Offline", None, accuracy(98.1, target=99.0)), ["X 98.1", "-", "-", "-", "-", "-"]),
    (S("Offline", performance(10.0, power=POWER)), ["-", "10.0", "-", "2.346", "-", "-"]),
    (S("Offline", performance(10.0, False, power=POWER)), ["-", "X 10.0", "-", "X 2.346", "-", "-"]),
    (S("Offline", performance(1.0), None, [audit("TEST04", False)]), ["-", "1.0", "-", "-", "-", "failed"]),
    (S("Offline", performance(1.0), None, [audit("TEST01", True)]), ["-", "1.0", "-", "-", "passed", "-"]),
]


@pytest.mark.parametrize(("one", "expected"), ROWS, ids=[f"{e[0].scenario}-{k}" for k, e in enumerate(ROWS)])
def test_the_table_has_the_columns_and_marks_that_programs_read(one: written.ScenarioResult, expected: list) -> None:
    assert cells(result(one)) == [HEADS, ["m", one.scenario, *expected]]


def test_the_figures_stand_below_system_model_and_scenario() -> None:
    one = S("Offline", performance(10.0, power=POWER), accuracy(97.5), [audit("TEST01", True), audit("TEST06", False)])
    assert figures.state_of(result(one)) == {
        "box-default_config": {
            "m": {
                "Offline": {
                    "performance": "10.0", "performance_valid": True, "power": "50.0", "power_valid": True,
                    "power_efficiency": "2.346", "accuracy": "97.5", "accuracy_valid": True,
                    "TEST01": "passed", "TEST06": "failed",
                }
            }
        }
    }  # fmt: skip


def test_a_benchmark_of_several_metrics_shows_all_of_them() -> None:
    line = "{'rouge1': 42.9865, 'rouge2': 20.1235, 'rougeL': 29.9881, 'gen_len': 4016878}"
    found = cells(result(S("Offline", None, accuracy(42.9865, line)), model="gptj-99"))
    assert found[1][2] == "(42.9865, 20.1235, 29.9881, 4016878.0)"


@pytest.mark.parametrize("recipe", ["app-mlperf-inference", "run-mlperf-inference-app"])
def test_the_recipes_hand_the_figures_on_and_print_what_is_read(recipe: str, tmp_path: Path, capsys) -> None:
    line = "mAP=37.550%"
    one = result(S("Offline", performance(10.0), accuracy(37.55, line)), model="retinanet", folder=str(tmp_path))
    (tmp_path / "results.json").write_bytes(msgspec.json.encode(one))
    after = {
        "tree": None, "check": False, "summary": "", "archive": "", "readme": False, "dashboard": None,
        "folder": str(tmp_path), "strict": False, "clean": False, "results_dir": str(tmp_path), "style": "test",
    }  # fmt: skip
    env = {
        "CM_MLPERF_INFERENCE_RESULTS_DIR": str(tmp_path),
        "CM_MLPERF_INFERENCE_RESULTS_FILE": str(tmp_path / "results.json"),
        "CM_MLPERF_FINISH": msgspec.json.encode(after).decode(),
    }
    state: dict[str, Any] = {}
    code = runpy.run_path(str(SCRIPTS / recipe / "customize.py"))
    assert code["postprocess"]({"env": env, "state": state}) == {"return": 0}
    assert state["cm-mlperf-inference-results"]["box-default_config"]["retinanet"]["Offline"]["accuracy"] == "37.55"
    said = capsys.readouterr().out
    assert (line in said.splitlines()) if recipe.startswith("app") else ("Latency (in ms)" in said)
    meta = yaml.safe_load((SCRIPTS / recipe / "_cm.yaml").read_text("utf-8"))
    assert "cm-mlperf-inference-results" in meta["new_state_keys"]
