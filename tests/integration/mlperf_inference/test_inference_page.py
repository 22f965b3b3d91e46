"""The tutorial ``docs/inference.md``: its commands run in the order of the page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from franca.mlperf.inference.campaign import run
from tests.integration.mlperf_inference.inference_cases import request

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "inference.md"
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.S | re.M)
CONF = "*.*.min_duration = 200\n*.*.min_query_count = 100\n"


def commands() -> list[str]:
    return [line for block in BLOCK.findall(PAGE.read_text("utf-8")) for line in block.splitlines()]


def follow(place: Path, lines: list[str], **more: str) -> str:
    """Run lines of the page in one shell; what they print."""
    programs = place / "bin"
    programs.mkdir()
    (programs / "franca").write_text(f'#!/bin/sh\nexec {sys.executable} -m franca.cli.main "$@"\n')
    (programs / "franca").chmod(0o755)
    environ = {
        "HOME": str(place), "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src"),
        "LANG": "C.UTF-8", **more,
    }  # fmt: skip
    script = "\n".join(["set -e -o pipefail", *lines])
    done = subprocess.run(["bash", "-c", script], cwd=place, env=environ, text=True, capture_output=True, timeout=850)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def check_the_end(out: str, place: Path) -> None:
    """What the page promises from step 4 on."""
    assert "P7: The run was configured for" in out and "refused, as it must be" in out
    assert "as short runs, no submission: Results=2, NoResults=0" in out
    assert "Offline/performance/run_1/mlperf_log_detail.txt" in out
    assert "packed.tar.gz: 2 new results, 0 changed, 0 known" in out
    assert "no submission" in (place / "tree.html").read_text("utf-8")
    assert len(list((place / "store").glob("*v6.1*/*/cm-result.json"))) == 2


def test_the_page_shows_its_pictures_and_names_known_files() -> None:
    text = PAGE.read_text("utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert sum(link.endswith(".png") for link in links) >= 2
    for link in links:
        path = PAGE.parent / link
        assert path.is_file(), link
        assert path.suffix != ".png" or path.stat().st_size < 200_000


def test_the_questions_and_plans_of_the_page(tmp_path: Path) -> None:
    lines = [line for line in commands() if "--dry-run" in line or "--plan" in line]
    out = follow(tmp_path, lines)
    assert "cmr 'run mlperf inference generate-run-cmds _submission _short' --model=digits-cnn" in out
    assert "app,mlperf,inference" in out
    assert not (tmp_path / "mlperf-results").exists()


def test_from_results_of_loadgen_to_a_packed_and_imported_tree(large_parts: Path, tmp_path: Path) -> None:
    """Steps 4 to 7 over a tree of real runs; the benchmark itself is run by the harness of this test's own Python."""
    conf = tmp_path / "user.conf"
    conf.write_text(CONF + "*.Offline.min_query_count = 24576\n", "utf-8")
    spec = request(
        large_parts, tmp_path / "mlperf-results", scenarios=["SingleStream", "Offline"], user_conf=str(conf),
        official_model="resnet", hw_name="mybox",
    )  # fmt: skip
    assert run(spec, lambda line: None).all_valid
    build = "franca submission build mlperf-results --submitter=Community --output=tree"
    lines = [line for line in commands() if "bench inference" not in line]
    assert len(lines) >= 8
    check_the_end(follow(tmp_path, [build, *lines]), tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_command_of_the_page_from_an_empty_home(tmp_path: Path) -> None:
    if not os.environ.get("FRANCA_SLOW_TESTS"):
        pytest.skip("installs packages; set FRANCA_SLOW_TESTS=1 to run it")
    kept = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    out = follow(tmp_path, commands(), **kept)
    check_the_end(out, tmp_path)
    assert (tmp_path / "mlperf-results/report.html").is_file() and shutil.which("tar")
