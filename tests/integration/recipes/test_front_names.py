"""The benchmark's front end answers to the names that published commands and papers use (section 16.1)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.integration.recipes.conftest import ROOT, Site

NAME, UID = "run-mlperf-inference-app", "4a5d5b13fd7e4ac8"
TAGS = (
    "run, common, generate-run-cmds, run-mlperf, run-mlperf-inference, vision, mlcommons, mlperf, inference, reference"
)
NAMES = [
    NAME,
    UID,
    "run-mlperf-inference",
    "run mlperf inference",
    "run mlperf inference generate-run-cmds",
    "generate-run-cmds inference",
]


def test_the_front_has_the_published_identity_and_every_published_tag() -> None:
    meta = yaml.safe_load((ROOT / "recipes" / "script" / NAME / "_cm.yaml").read_text("utf-8"))
    assert (meta["alias"], meta["uid"]) == (NAME, UID)
    assert set(TAGS.split(", ")) <= set(meta["tags"])


def steps(site: Site, *words: str, cwd: Path) -> list[str]:
    """What would be run, by labels."""
    done = site.program("franca", "plan", "script", *words, "--json", cwd=cwd)
    found: list[str] = []

    def walk(part: object) -> None:
        if isinstance(part, dict):
            if part.get("action") == "run" and "label" in part:
                found.append(part["label"])
            part = list(part.values())
        for one in part if isinstance(part, list) else ():
            walk(one)

    walk(json.loads(done.stdout)["plan"])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_published_name_selects_the_front(site: Site, tmp_path: Path, name: str) -> None:
    assert any("ml-model,digits" in label for label in steps(site, name, cwd=tmp_path))


ROUNDS = ["r5.0", "r5.0-dev", "r5.1", "r5.1-dev", "r6.0", "r6.0-dev", "r6.1", "r6.1-dev"]


@pytest.mark.parametrize("name", ROUNDS)
def test_a_round_of_the_newer_front_end_sets_its_round(name: str) -> None:
    meta = yaml.safe_load((ROOT / "recipes" / "script" / NAME / "_cm.yaml").read_text("utf-8"))
    block = meta["variations"][name]
    assert block["group"] == "round"
    assert block["env"]["CM_MLPERF_INFERENCE_ROUND"] == "v" + name[1:].removesuffix("-dev")


def test_the_newer_command_line_as_printed_plans_a_full_run_of_its_round(site: Site, tmp_path: Path) -> None:
    words = ("run-mlperf,inference,_full,_r5.1-dev", "--quiet")
    reached = site.program("mlcr", *words, "--scenario=Nothing", cwd=tmp_path, status=1)  # ends before anything runs
    assert "--scenario=Nothing: expected SingleStream" in reached.stdout + reached.stderr
    found = steps(site, "run-mlperf,inference,_full,_r5.1-dev", cwd=tmp_path)
    assert any("mlperf,inference,loadgen" in label for label in found)


def test_content_that_was_pulled_comes_before_the_built_in_front(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "pulled"
    script = folder / "script" / NAME
    script.mkdir(parents=True)
    (folder / "cmr.yaml").write_text("alias: some@one\nuid: '1111111111111111'\n", "utf-8")
    theirs = {
        "alias": NAME, "uid": UID, "automation_alias": "script", "automation_uid": "5b4e0237da074764",
        "tags": TAGS.split(", "), "env": {"THEIRS": "yes"}, "new_env_keys": ["THEIRS"],
    }  # fmt: skip
    (script / "_cm.yaml").write_text(yaml.safe_dump(theirs), "utf-8")
    site.program("franca", "import", "repo", f"--path={folder}", cwd=tmp_path)
    try:
        for name in NAMES:
            assert site.env(name, cwd=tmp_path) == {"THEIRS": "yes"}, name
    finally:
        site.program("franca", "rm", "repo", "some@one", "--force", cwd=tmp_path)
