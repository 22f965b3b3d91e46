"""The cases that every recipe carries in its tests folder, run as commands."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.recipes.conftest import ROOT, Site

CASES = sorted((ROOT / "recipes" / "script").glob("*/tests/cases.yaml"))


def read() -> list[Any]:
    found = []
    for path in CASES:
        for number, case in enumerate(yaml.safe_load(path.read_text("utf-8"))):
            name = f"{path.parents[1].name}-{number}"
            marks = [pytest.mark.slow] if case.get("slow") else []
            found.append(pytest.param(case, id=name, marks=marks))
    return found


@pytest.mark.parametrize("case", read())
def test_case(site: Site, tmp_path: Path, case: dict[str, Any]) -> None:
    if case.get("slow") and not os.environ.get("FRANCA_SLOW_TESTS"):
        pytest.skip("installs large packages; set FRANCA_SLOW_TESTS=1 to run it")
    for program in case.get("needs", []):
        if not shutil.which(program):
            pytest.skip(f"{program} is not here")
    prepare(site, tmp_path, case)
    site = site.with_real_index() if case.get("slow") else site
    if "error" in case:
        done = site.run(*case["run"], cwd=tmp_path, status=case["status"])
        assert re.search(case["error"], done.stderr), done.stderr
        assert "Traceback" not in done.stderr
        return
    env = site.env(*case["run"], cwd=tmp_path)
    for key, pattern in case["env"].items():
        assert re.fullmatch(pattern, str(env[key]), re.S), f"{key} is {env[key]!r}, expected {pattern!r}"


def prepare(site: Site, folder: Path, case: dict[str, Any]) -> None:
    for name, content in case.get("files", {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        path.chmod(0o755)
    for name, version in case.get("packages", {}).items():
        site.add_package(name, version)


def test_every_recipe_has_cases() -> None:
    recipes = {path.parent.name for path in (ROOT / "recipes" / "script").glob("*/_cm.yaml")}
    fronts = {
        "app-mlperf-inference",
        "run-mlperf-inference-app",
        "run-cube",
    }  # tested elsewhere
    assert {path.parents[1].name for path in CASES} - fronts == recipes - fronts
