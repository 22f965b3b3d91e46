"""TEST06, TEST07 and TEST09 through the real LoadGen: a fair system passes, one that lies is caught."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import pytest

from franca.errors import Refused
from franca.mlperf.inference import campaign, table
from franca.mlperf.inference.results import BenchmarkResult
from franca.mlperf.inference.spec import RunSpec, checked
from franca.mlperf.logs.accuracy import read_accuracy
from franca.mlperf.submission.build import BuildOptions, build_tree

CONF = """*.*.min_duration = 100
*.*.min_query_count = 100
*.Offline.min_query_count = 2000
*.SingleStream.target_latency = 0.01
"""
END = 999


def run(folder: Path, tests: list[str], scenario: str = "SingleStream", **changes) -> BenchmarkResult:
    (folder / "user.conf").write_text(CONF, "utf-8")
    (folder / "model").write_text("speaker", "utf-8")
    data = {
        "benchmark": "numbers",
        "model": "numbers",
        "model_file": str(folder / "model"),
        "dataset_name": "numbers",
        "backend": {"name": "token_parts:Speaker", "options": {"how": "ended"}},
        "dataset": {"name": "token_parts:Numbers"},
        "metric": {"name": "token_parts:Following"},
        "output": str(folder / "results"),
        "interpreter": sys.executable,
        "python_path": [str(Path(__file__).parent)],
        "user_conf": str(folder / "user.conf"),
        "targets": {"token_latencies": True},
        "scenarios": [scenario],
        "compliance": tests,
        "end_token": END,
        "official_model": "llama3.1-8b-edge",
        "max_batchsize": 8,
        **changes,
    }
    return campaign.run(checked(msgspec.convert(data, RunSpec)), lambda line: None)


@pytest.mark.parametrize("scenario", ["SingleStream", "Offline"])
def test_a_fair_language_model_passes(tmp_path, scenario) -> None:
    result = run(tmp_path, ["TEST06", "TEST07", "TEST09"], scenario)
    found = {test.test: test for test in result.scenarios[0].compliance}
    assert {name for name, test in found.items() if test.passed} == {"TEST06", "TEST07", "TEST09"}
    assert "TEST06: passed: 100 answers looked at, none wrong" in table.render(result)

    place = Path(found["TEST06"].folder)
    first = "Skipped" if scenario == "Offline" else "True"
    assert (place / "verify_accuracy.txt").read_text("utf-8").splitlines() == [
        f"First token check pass: {first}", "EOS check pass: True", "Sample length check pass: True",
        "TEST06 verification complete",
    ]  # fmt: skip
    entries = list(read_accuracy(str(place / "accuracy" / "mlperf_log_accuracy.json")))
    assert len(entries) == 100 and all(entry.token_count == 6 for entry in entries)
    assert not (place / "performance" / "run_1" / "audit.config").exists()

    whole = Path(found["TEST09"].folder)
    logged = {e.qsl_idx for e in read_accuracy(str(whole / "accuracy" / "mlperf_log_accuracy.json"))}
    assert logged == set(range(40))
    assert "Mean output tokens: 6.00" in (whole / "verify_output_len.txt").read_text("utf-8")
    assert (Path(found["TEST07"].folder) / "verify_accuracy.txt").read_text("utf-8").endswith("TEST PASS\n")

    options = BuildOptions(
        results_dir=str(tmp_path / "results"), submission_dir=str(tmp_path / "tree"), submitter="Acme", round="v6.1"
    )
    tree = Path(build_tree(options, lambda line: None).path)
    assert {str(path.relative_to(path.parents[1])) for path in tree.rglob("verify_*.txt")} == {
        "TEST06/verify_accuracy.txt", "TEST07/verify_accuracy.txt", "TEST09/verify_output_len.txt",
    }  # fmt: skip


LIARS = [
    ({"backend": {"name": "token_parts:Speaker", "options": {"how": "another"}}}, "First token check"),
    ({"backend": {"name": "token_parts:Speaker", "options": {"how": "goes on"}}}, "EOS check"),
    ({"backend": {"name": "token_parts:Speaker", "options": {"how": "ends twice"}}}, "EOS check"),
    ({"sut": {"name": "token_parts:TokenSut", "options": {"how": "many"}}}, "Sample length check"),
]


@pytest.mark.parametrize(("changes", "check"), LIARS, ids=["first token", "text behind", "two ends", "count"])
def test_a_system_that_lies_is_caught(tmp_path, changes, check) -> None:
    result = run(tmp_path, ["TEST06"], **changes)
    [test] = result.scenarios[0].compliance
    assert not test.passed and not result.all_valid
    lines = (Path(test.folder) / "verify_accuracy.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if line.endswith("False")] == [f"{check} pass: False"]
    assert lines[-1] == "TEST06 verification failed"
    assert "TEST06: NOT passed: 100 answers looked at: 100 with" in " ".join(table.render(result).split())


def test_answers_to_some_samples_are_not_all_answers(tmp_path) -> None:
    result = run(tmp_path, ["TEST09"], dataset={"name": "token_parts:Crowded"})
    [test] = result.scenarios[0].compliance
    assert not test.passed and "of 40 samples were logged" in test.details[0]
    assert (Path(test.folder) / "verify_output_len.txt").read_text("utf-8").endswith("at once\nTEST FAIL\n")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"end_token": None}, "id of the token that ends an answer"),
        ({"targets": {}}, "needs token latencies"),
        ({"compliance": ["TEST09"], "modes": ["performance"]}, "needs the accuracy run"),
    ],
)
def test_what_cannot_be_verified_is_refused_with_the_reason(tmp_path, changes, said) -> None:
    with pytest.raises(Refused, match=said):
        run(tmp_path, changes.pop("compliance", ["TEST06"]), **changes)
    assert not list(tmp_path.rglob("run_1")), "said before hours are spent"


def test_the_end_token_may_be_the_backends_own(tmp_path) -> None:
    speaker = {"name": "token_parts:Speaker", "options": {"how": "ended", "ends": [END]}}
    result = run(tmp_path, ["TEST06"], end_token=None, backend=speaker)
    assert result.scenarios[0].compliance[0].passed


def test_a_benchmark_whose_tokens_are_inferred_has_its_answers_looked_at(tmp_path) -> None:
    result = run(tmp_path, ["TEST06"], "Offline", targets={"inferred_tokens": True})
    [test] = result.scenarios[0].compliance
    assert test.passed, test.details
    lines = (Path(test.folder) / "verify_accuracy.txt").read_text("utf-8").splitlines()
    assert lines[0] == "First token check pass: Skipped" and lines[-1] == "TEST06 verification complete"


def test_the_version_of_a_plug_in_is_what_it_says_once_it_was_loaded(tmp_path) -> None:
    result = run(tmp_path, [])
    again = run(tmp_path, [])
    for one in (result, again):  # the second is made of finished parts
        assert one.software["Speaker"] == "1"
        # The folder keeps its name: finished parts are found by it before the backend is loaded.
        assert one.sut == "default-franca-cpu-Speaker-vunknown-default_config"
        described = json.loads((Path(one.folder).parent / "cm-sut-info.json").read_text("utf-8"))
        assert (described["framework"], described["framework_version"]) == ("Speaker", "v1")
    assert again.scenarios[0].performance.reused
