"""From runs over the real LoadGen to a submission tree, judged by the strict checker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from franca.errors import NotFound, Refused, UsageError
from franca.mlperf.inference.campaign import run
from franca.mlperf.inference.finish import clean, finish, read_finish
from franca.mlperf.inference.flags import FLAGS
from franca.mlperf.submission.build import BuildOptions, build_tree
from franca.mlperf.submission.build_verdict import conclude, judge, skips_for
from franca.mlperf.submission.checker import Options, check_tree
from franca.mlperf.submission.rules import SHORT_RULES
from tests.integration.mlperf_inference.full_length import lengthen
from tests.integration.mlperf_inference.inference_cases import request

EDGE = ["SingleStream", "MultiStream", "Offline"]  # no bound that a busy machine could miss
CONF = """*.*.min_duration = 200
*.*.min_query_count = 100
*.MultiStream.min_query_count = 700
*.Offline.min_query_count = 24576
"""


@pytest.fixture(scope="module")
def results(large_parts, tmp_path_factory) -> Path:
    """A finished benchmark over 1024 samples: all scenarios and modes, and the compliance tests."""
    out = tmp_path_factory.mktemp("runs")
    conf = out / "user.conf"
    conf.write_text(CONF, "utf-8")
    spec = request(
        large_parts, out / "r", scenarios=EDGE, user_conf=str(conf), official_model="resnet",
        compliance=["TEST01", "TEST04"], sampling_target=64, system_fields={"cooling": "water"},
        weights={"retraining": "no", "origin": "made by the test"},
    )  # fmt: skip
    for _ in range(3):  # a busy machine may miss the 10 % of a compliance test once; what is good is kept
        if run(spec, lambda line: None).all_valid:
            break
    return out / "r"


def options(results: Path, target: Path, **changes) -> BuildOptions:
    given = {"results_dir": str(results), "submission_dir": str(target), "submitter": "Community", **changes}
    return BuildOptions(**given)


def rules(verdict) -> set[str]:
    return {finding.rule for finding in verdict.findings if finding.severity == "error"}


@pytest.mark.parametrize(("layout", "code"), [("v6", "src"), ("classic", "code")])
def test_a_short_tree_breaks_the_rules_of_length_and_no_other(results, tmp_path, layout, code) -> None:
    said: list[str] = []
    built = build_tree(options(results, tmp_path / "tree", layout=layout), said.append)
    verdict = judge(built, skips_for(built))
    assert rules(verdict) <= SHORT_RULES and "P7" in rules(verdict)
    assert [Path(place).name for place in sorted(built.results)] == sorted(EDGE)
    assert (tmp_path / "tree/open/Community" / code / "linear/README.md").is_file()
    mapping = json.loads((tmp_path / "tree/open/Community/model_mapping.json").read_text("utf-8"))
    assert mapping == {"linear": "resnet"}


@pytest.mark.parametrize("layout", ["v6", "classic"])
def test_with_logs_of_full_length_the_same_tree_is_accepted(results, tmp_path, layout) -> None:
    shutil.copytree(results, tmp_path / "long")
    for log in (tmp_path / "long").glob("*_results/*/*/*/performance/run_1"):
        lengthen(log)
    built = build_tree(options(tmp_path / "long", tmp_path / "tree", layout=layout), lambda line: None)
    verdict = judge(built, skips_for(built))
    assert rules(verdict) == set() and verdict.ok
    assert sorted(record.scenario for record in verdict.records) == sorted(EDGE)
    outcome = conclude(built, verdict, str(tmp_path), lambda line: None, archive="open.tar.gz")
    assert outcome.accepted
    rows = (tmp_path / "summary.csv").read_text("utf-8").splitlines()
    assert len(rows) == 1 + len(EDGE) and rows[0].startswith("Organization,")
    assert len(json.loads((tmp_path / "summary.json").read_text("utf-8"))) == len(EDGE)
    with tarfile.open(tmp_path / "open.tar.gz") as archive:
        names = archive.getnames()
    assert any(name.endswith("Offline/performance/run_1/mlperf_log_detail.txt") for name in names)
    assert not any("trace" in name or "part.json" in name for name in names)


def test_a_tree_of_a_round_that_wants_the_rules_as_a_file_has_them(results, tmp_path) -> None:
    built = build_tree(options(results, tmp_path / "tree", round="v4.1"), lambda line: None)
    found = rules(check_tree(built.path, Options(round="v4.1")))
    assert "P5" in found and "M1" not in found  # run with the seeds of the newest round
    conf = next((tmp_path / "tree").glob("**/Offline/mlperf.conf")).read_text("utf-8").splitlines()
    assert "*.Offline.min_query_count = 1" in conf and "*.Offline.qsl_rng_seed = 2085463073848966840" in conf


def test_a_trial_over_fewer_samples_beside_the_results_is_left_out_and_named(results, tmp_path) -> None:
    shutil.copytree(results, tmp_path / "r")
    sut = next((tmp_path / "r").glob("*_results/*"))
    trial = sut.with_name("trial-" + sut.name)
    shutil.copytree(sut, trial)
    for log in trial.glob("*/*/performance/run_1/mlperf_log_detail.txt"):
        text = log.read_text("utf-8").replace(
            '"effective_performance_sample_count", "value": 1024', '"effective_performance_sample_count", "value": 901'
        )
        log.write_text(text, "utf-8")
    said: list[str] = []
    built = build_tree(options(tmp_path / "r", tmp_path / "tree"), said.append)
    assert len(built.results) == len(EDGE) and not any("trial-" in place for place in built.results)
    left_out = [line for line in said if line.startswith("left out: trial-")]
    assert len(left_out) == len(EDGE) and "901 samples, resnet asks for 1024" in left_out[0]
    shutil.rmtree(sut)
    alone = build_tree(options(tmp_path / "r", tmp_path / "tree"), lambda line: None)
    assert len(alone.results) == len(EDGE)  # nothing but trials: they are wanted, and the checker says what they lack
    assert "P6" in rules(check_tree(alone.path, Options(round=alone.round)))


def test_without_the_skip_the_size_of_the_data_set_is_the_only_complaint(results, tmp_path) -> None:
    shutil.copytree(results, tmp_path / "long")
    for log in (tmp_path / "long").glob("*_results/*/*/*/performance/run_1"):
        lengthen(log)
    built = build_tree(options(tmp_path / "long", tmp_path / "tree"), lambda line: None)
    assert rules(check_tree(built.path, Options(round=built.round))) == {"A5"}


def test_compliance_outputs_pass_the_rules_of_the_closed_division(results, tmp_path) -> None:
    """The same runs as those of an official model: what is left are lengths, accuracy and data-set size."""
    shutil.copytree(results, tmp_path / "official")
    for model in (tmp_path / "official").glob("*_results/*/linear"):
        model.rename(model.with_name("resnet50"))
    fields = {"host_memory_configuration": "1 module"}
    target = tmp_path / "tree"
    built = build_tree(options(tmp_path / "official", target, division="closed", system=fields), lambda line: None)
    verdict = check_tree(built.path, Options(round=built.round))
    found = rules(verdict)
    assert "C1" not in found and "C4" not in found and "C5" not in found
    assert found <= SHORT_RULES | {"A2", "A5", "B3"}
    offline = target / "closed/Community/results"
    test = next(offline.glob("*/resnet50/Offline/TEST01"))
    assert "TEST PASS" in (test / "verify_accuracy.txt").read_text("utf-8").splitlines()
    assert "hash=" in (test / "accuracy/accuracy.txt").read_text("utf-8")


def test_compliance_runs_say_what_else_the_machine_did(results) -> None:
    stored = json.loads((results / "results.json").read_text("utf-8"))
    tests = [test for one in stored["scenarios"] for test in one["compliance"]]
    assert len(tests) == 2 * len(EDGE) and all(test["host"]["cores"] > 0 for test in tests)


def test_accuracy_logs_are_short_and_the_whole_ones_kept(results, tmp_path) -> None:
    built = build_tree(options(results, tmp_path / "tree"), lambda line: None)
    logs = list((tmp_path / "tree").glob("**/mlperf_log_accuracy.json"))
    assert logs and all(log.stat().st_size <= 10240 for log in logs)
    for log in logs:
        whole = Path(built.logs) / log.relative_to(tmp_path / "tree")
        assert whole.read_bytes()[:4096] == log.read_bytes()[:4096] and b"..." not in whole.read_bytes()
    assert any("..." in log.read_text("utf-8") for log in logs)
    text = next((tmp_path / "tree").glob("**/Offline/accuracy/accuracy.txt")).read_text("utf-8")
    assert text.startswith("accuracy=") and "hash=" in text


def test_the_system_description_is_filled_and_its_sources_are_told(results, tmp_path) -> None:
    build_tree(options(results, tmp_path / "tree", hw_notes="on a desk"), lambda line: None)
    root = tmp_path / "tree/open/Community"
    fields = json.loads(next((root / "systems").glob("*.json")).read_text("utf-8"))
    assert all(isinstance(value, str) for value in fields.values())
    assert (fields["cooling"], fields["submitter"], fields["system_type"]) == ("water", "Community", "edge")
    assert fields["framework"].startswith("onnxruntime v") and "on a desk" in fields["hw_notes"]
    told = (root / "documentation/system-fields.md").read_text("utf-8")
    assert "- cooling: user" in told and "- host_processor_model_name: detected" in told


def test_documents_hold_the_command_but_no_place_of_this_machine(results, tmp_path) -> None:
    command = f"franca run script 'run mlperf inference' --output={tmp_path}/x --scenario=Offline"
    build_tree(options(results, tmp_path / "tree", command=command), lambda line: None)
    readmes = [path.read_text("utf-8") for path in (tmp_path / "tree").glob("**/README.md")]
    assert any("--scenario=Offline" in text for text in readmes)
    assert not any(str(tmp_path) in text for text in readmes)


def test_a_former_tree_is_kept_unless_clean_is_asked_for(results, tmp_path) -> None:
    said: list[str] = []
    target = tmp_path / "tree"
    build_tree(options(results, target), said.append)
    (target / "open/Community/NOTES.md").write_text("mine", "utf-8")
    built = build_tree(options(results, target), said.append)
    assert (Path(built.kept) / "open/Community/NOTES.md").read_text("utf-8") == "mine"
    assert any("kept in" in line for line in said)
    assert build_tree(options(results, target, clean=True), said.append).kept == ""


def test_a_folder_that_holds_something_else_is_never_touched(results, tmp_path) -> None:
    target = tmp_path / "tree"
    (target / "thesis").mkdir(parents=True)
    with pytest.raises(Refused, match="holds more than the submission"):
        build_tree(options(results, target, clean=True), lambda line: None)
    assert (target / "thesis").is_dir()
    assert not list(tmp_path.glob(".tree.partial*"))


def test_names_that_no_tree_can_have_are_refused(results, tmp_path) -> None:
    for changes in ({"submitter": "a b"}, {"submitter": "../x"}, {"division": "ajar"}, {"category": "cloud"}):
        with pytest.raises(UsageError):
            build_tree(options(results, tmp_path / "tree", **changes), lambda line: None)
    with pytest.raises(NotFound):
        build_tree(options(tmp_path, tmp_path / "tree"), lambda line: None)
    assert not (tmp_path / "tree").exists()


@pytest.fixture
def env(results, tmp_path, monkeypatch) -> dict[str, str]:
    """The environment of the documented command, over a copy of the results."""
    shutil.copytree(results, tmp_path / "r")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return {
        "CM_MLPERF_INFERENCE_RESULTS_DIR": str(tmp_path / "r"),
        "CM_MLPERF_INFERENCE_SUBMISSION_DIR": str(tmp_path / "tree"),
        "CM_MLPERF_SUBMITTER": "Community",
        "CM_MLPERF_SUBMISSION": "yes",
        "CM_MLPERF_RUN_KIND": "submission",
    }


def test_the_end_of_a_submission_run_leaves_tree_summary_and_archive(env, tmp_path) -> None:
    said: list[str] = []
    done = finish(read_finish(env), str(tmp_path / "r" / "results.json"), said.append)
    assert done.outcome is not None and done.outcome.short_only and not done.outcome.accepted
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["open.tar.gz", "summary.csv", "summary.json"]
    text = "\n".join(said)
    assert "breaks the rules of length and size, and nothing else" in text and "  P7 " in text
    assert said[-2] == "SUMMARY: submission looks OK (short run)" and "Results=3, NoResults=0" in text
    rows = (tmp_path / "here/summary.csv").read_text("utf-8").splitlines()
    assert len(rows) == 4 and all("SHORT RUN, no submission" in row for row in rows[1:])
    assert done.readme == "" and done.records == ""


def test_strict_makes_a_refused_tree_an_error_that_names_the_rules(env, tmp_path) -> None:
    with pytest.raises(Refused, match="P7"):
        finish(
            read_finish({**env, "CM_MLPERF_INFERENCE_STRICT": "yes"}),
            str(tmp_path / "r" / "results.json"),
            lambda line: None,
        )
    assert (tmp_path / "tree").is_dir()


def test_preprocessing_goes_on_with_a_second_tree_and_checks_and_packs_that_one(env, tmp_path) -> None:
    said: list[str] = []
    wanted = {**env, "CM_RUN_MLPERF_SUBMISSION_PREPROCESSOR": "yes"}
    done = finish(read_finish(wanted), str(tmp_path / "r" / "results.json"), said.append)
    assert done.built.path.endswith("_processed") and done.outcome.verdict.root == done.built.path
    assert os.path.isfile(f"{done.built.path}_changes.json")
    assert any(line.startswith("preprocessed tree: ") for line in said)


def test_the_dashboard_shows_its_records_and_sends_nothing(env, tmp_path) -> None:
    said: list[str] = []
    wanted = {**env, "CM_MLPERF_DASHBOARD": "yes", "CM_MLPERF_SUBMISSION": "no", "CM_MLPERF_README": "yes"}
    wanted["CM_MLPERF_DASHBOARD_WANDB_PROJECT"] = "mine"
    done = finish(read_finish(wanted), str(tmp_path / "r" / "results.json"), said.append)
    records = [json.loads(line) for line in Path(done.records).read_text("utf-8").splitlines()]
    assert [record["Scenario"] for record in records] == EDGE
    assert all(record["accuracy"] == pytest.approx(819 / 1024) for record in records)
    assert all(record["run"].startswith("Community(") for record in records)
    assert "nothing was sent" in said[0] and "W&B cmind/mine" in said[1]
    assert "onnxruntime" in Path(done.readme).read_text("utf-8")
    assert done.built is None and not (tmp_path / "tree").exists()


def test_clean_removes_the_results_of_this_length_and_nothing_else(env, tmp_path) -> None:
    (tmp_path / "r" / "valid_results").mkdir()
    (tmp_path / "r" / "notes.txt").write_text("mine", "utf-8")
    clean(read_finish(env))
    assert (tmp_path / "r" / "test_results").is_dir()
    clean(read_finish({**env, "CM_MLPERF_CLEAN_ALL": "yes"}))
    assert not (tmp_path / "r" / "test_results").exists()
    assert (tmp_path / "r" / "valid_results").is_dir() and (tmp_path / "r" / "notes.txt").is_file()


def test_mistakes_are_found_before_anything_is_run(env, tmp_path) -> None:
    with pytest.raises(UsageError, match="--submitter="):
        read_finish({**env, "CM_MLPERF_SUBMITTER": "a/b"})
    with pytest.raises(UsageError, match="at most 100"):
        read_finish({**env, "CM_MLPERF_SUBMITTER": "a" * 300})
    for key in ("CM_MLPERF_INFERENCE_SUBMISSION_DIR", "MLPERF_INFERENCE_SUBMISSION_TAR_FILE"):
        with pytest.raises(Refused, match="nothing can be written in /proc"):
            read_finish({**env, key: "/proc/nowhere"})
    for flag in ("power_settings_file", "analyzer_settings_file", "calibration_file"):
        with pytest.raises(NotFound, match=f"--{flag}: no file /nowhere"):
            read_finish({**env, FLAGS[flag].key: "/nowhere/file"})
    with pytest.raises(Refused, match="is a folder"):
        read_finish({**env, "MLPERF_INFERENCE_SUBMISSION_TAR_FILE": str(tmp_path)})
    (tmp_path / "tree" / "other").mkdir(parents=True)
    with pytest.raises(Refused, match="holds more than"):
        read_finish(env)


def test_the_program_of_the_recipe_builds_and_judges(results, tmp_path) -> None:
    data = {"results_dir": str(results), "submission_dir": str(tmp_path / "tree"), "submitter": "Community"}
    data |= {"folder": str(tmp_path), "archive": "a.tar.gz", "summary": "sum"}
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3] / "src")}
    for strict, status in ((False, 0), (True, 3)):
        path = tmp_path / "options.json"
        path.write_text(json.dumps({**data, "strict": strict, "clean": True}), "utf-8")
        argv = [sys.executable, "-m", "franca.mlperf.submission.build_main", str(path)]
        done = subprocess.run(argv, capture_output=True, text=True, env=environ, timeout=60)
        assert done.returncode == status, done.stderr
        assert "breaks the rules of length and size, and nothing else" in done.stdout
    assert (tmp_path / "a.tar.gz").is_file() and (tmp_path / "sum.csv").is_file()
    path.write_text(json.dumps({**data, "colour": "red"}), "utf-8")
    done = subprocess.run(argv, capture_output=True, text=True, env=environ, timeout=60)
    assert done.returncode != 0 and "unknown option colour" in done.stderr and "Traceback" not in done.stderr
