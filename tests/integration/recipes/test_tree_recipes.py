"""The recipes around a submission tree, over the published sample tree and a short one made by hand."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.integration.recipes.conftest import ROOT, Site

SAMPLE = ROOT / "tests" / "data" / "mlperf" / "v3.0"
CHECKER = "run mlperf inference submission checker"


def state(site: Site, *words: str, cwd: Path) -> Any:
    target = cwd / "whole.json"
    site.run(*words, f"--save_to_json={target}", cwd=cwd)
    return json.loads(target.read_text("utf-8"))["new_state"]


def test_the_checker_judges_summarizes_and_packs_a_published_tree(site: Site, tmp_path: Path) -> None:
    words = (CHECKER, f"--input={SAMPLE}", "--src_version=v3.0", "--tar=yes", "--output_tar=handed-in.tar.gz")
    done = site.run(*words, cwd=tmp_path)
    assert "Results=9, NoResults=0" in done.stdout + done.stderr
    assert "SUMMARY: submission looks OK" in done.stdout + done.stderr
    with open(tmp_path / "summary.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len({row["Location"] for row in rows}) == 9
    assert len(json.loads((tmp_path / "summary.json").read_text("utf-8"))) == len(rows)
    with tarfile.open(tmp_path / "handed-in.tar.gz") as archive:
        assert any(name.endswith("mlperf_log_summary.txt") for name in archive.getnames())


def test_a_tree_that_its_rules_refuse_fails_the_script(site: Site, tmp_path: Path) -> None:
    done = site.run(CHECKER, f"--submission_dir={SAMPLE}", "--src_version=r6.1", cwd=tmp_path, status=1)
    assert f"the submission tree {SAMPLE} is refused" in done.stderr
    assert (tmp_path / "summary.csv").is_file()


def test_a_tree_is_preprocessed_first_on_request_and_the_new_one_is_judged(site: Site, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(SAMPLE, tree)
    env = site.env(CHECKER, f"--input={tree}", "--preprocess=yes", "--src_version=v3.0", cwd=tmp_path)
    assert env["CM_MLPERF_INFERENCE_SUBMISSION_TREE"] == f"{tree}_processed"
    assert env["CM_MLPERF_INFERENCE_SUBMISSION_VERDICT"] == "OK"
    with open(tmp_path / "summary.csv", newline="", encoding="utf-8") as stream:
        models = {row["Model"] for row in csv.DictReader(stream)}
    assert "resnet" in models and "resnet50" not in models  # preprocessing gives models their official names


def test_options_of_the_official_checker_have_their_meaning(site: Site, tmp_path: Path) -> None:
    line = "--version v3.0 --csv=other.csv --skip-dataset-size-check --submitter nobody"
    done = site.run(CHECKER, f"--input={SAMPLE}", f"--extra_args={line}", cwd=tmp_path, status=1)
    assert "Results=0" in done.stdout + done.stderr
    assert (tmp_path / "other.csv").is_file() and not (tmp_path / "summary.csv").exists()


def log(folder: Path, division: str, submitter: str, size: int) -> bytes:
    place = folder / division / submitter / "results" / "box" / "resnet" / "offline" / "accuracy"
    place.mkdir(parents=True)
    content = b"[" + b"x" * (size - 2) + b"]"
    (place / "mlperf_log_accuracy.json").write_bytes(content)
    (place / "accuracy.txt").write_text("accuracy=76.5%\n", "utf-8")
    return content


def test_logs_are_truncated_once_and_kept_whole_beside_the_tree(site: Site, tmp_path: Path) -> None:
    whole = log(tmp_path / "tree", "open", "Us", 50_000)
    log(tmp_path / "tree", "open", "Them", 50_000)
    words = ("truncate mlperf inference accuracy log", "--input=tree", "--submitter=Us")
    for _ in range(2):
        site.run(*words, cwd=tmp_path)
    relative = "open/Us/results/box/resnet/offline/accuracy"
    cut = (tmp_path / "tree" / relative / "mlperf_log_accuracy.json").read_bytes()
    assert cut == whole[:4096] + b"\n\n...\n\n" + whole[-4096:]
    said = (tmp_path / "tree" / relative / "accuracy.txt").read_text("utf-8")
    assert said == f"accuracy=76.5%\nhash={hashlib.sha256(whole).hexdigest()}\n"
    assert (tmp_path / "tree_logs" / relative / "mlperf_log_accuracy.json").read_bytes() == whole
    theirs = tmp_path / "tree" / relative.replace("Us", "Them") / "mlperf_log_accuracy.json"
    assert theirs.stat().st_size == 50_000


def test_the_description_of_a_machine_keeps_what_its_owner_wrote(site: Site, tmp_path: Path) -> None:
    (tmp_path / "hardware").mkdir()
    (tmp_path / "hardware" / "box.json").write_text('{"cooling": "water", "host_memory_configuration": "2x8GB"}')
    found = state(site, "get sut description", "--name=box", "--submitter=Us", "--backend=onnxruntime", cwd=tmp_path)
    meta = found["CM_SUT_META"]
    assert (meta["cooling"], meta["host_memory_configuration"], meta["submitter"]) == ("water", "2x8GB", "Us")
    assert meta["host_processor_model_name"] and meta["operating_system"] and meta["framework"] == "onnxruntime"
    written = json.loads((tmp_path / "suts" / "box-onnxruntime.json").read_text("utf-8"))
    assert written == meta


def test_the_targets_of_a_system_come_into_the_state(site: Site, tmp_path: Path) -> None:
    place = tmp_path / "t" / "box" / "cpp-implementation" / "cuda-device" / "tensorrt-framework"
    place.mkdir(parents=True)
    (place / "default-config.yaml").write_text("resnet50: {Offline: {target_qps: 12.5}}", "utf-8")
    words = ("--hw_name=box", "--implementation=cpp", "--device=cuda", "--backend=tensorrt")
    found = state(site, "get sut configs", "--repo_path=t", *words, cwd=tmp_path)
    name = found["CM_SUT_CONFIG_NAME"]
    assert name == "box-cpp-cuda-tensorrt-vdefault-default_config"
    assert found["CM_SUT_CONFIG"][name] == {"resnet50": {"Offline": {"target_qps": 12.5}}}
    assert found["CM_SUT_CONFIG_PATH"][name] == str(place / "default-config.yaml")
    other = state(site, "get sut configs", "--repo_path=t", *words, "--run_config=50_samples", cwd=tmp_path)
    assert other["CM_SUT_CONFIG"] == {other["CM_SUT_CONFIG_NAME"]: {}}
    assert next(iter(other["CM_SUT_CONFIG_PATH"].values())) == str(place / "50_samples-config.yaml")


@pytest.mark.parametrize("skip", [False, True], ids=["tree", "summary"])
def test_results_become_experiments(site: Site, tmp_path: Path, skip: bool) -> None:
    name = "import mlperf inference to experiment"
    if skip:
        site.run(CHECKER, f"--input={SAMPLE}", "--src_version=v3.0", cwd=tmp_path)
        done = site.run(f"{name} _skip_checker", cwd=tmp_path)
    else:
        done = site.run(name, f"--input={SAMPLE}", cwd=tmp_path)
    assert "9 new results" in done.stdout + done.stderr or "9 known" in done.stdout + done.stderr
