"""Sources from git, environments with names, and the page about this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.integration.recipes.conftest import ROOT, Site


def git(folder: Path, *words: str) -> str:
    given = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=master"]
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(["git", *given, *words], cwd=folder, env=environ, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def inference(tmp_path: Path) -> tuple[Path, str]:
    """A bare repository shaped like the benchmark's, and its first commit."""
    work = tmp_path / "work tree"
    (work / "vision" / "classification_and_detection").mkdir(parents=True)
    (work / "vision" / "classification_and_detection" / "main.py").write_text("")
    (work / "VERSION.txt").write_text("5.1\n")
    git(work, "init", "-q")
    git(work, "add", ".")
    git(work, "commit", "-qm", "one")
    first = git(work, "rev-parse", "HEAD")
    git(work, "checkout", "-qb", "dev")
    (work / "VERSION.txt").write_text("6.0\n")
    git(work, "commit", "-qam", "two")
    git(work, "checkout", "-q", "master")
    git(tmp_path, "clone", "-q", "--bare", str(work), "bare.git")
    return tmp_path / "bare.git", first


def test_sources_of_the_benchmark(site: Site, inference: tuple[Path, str]) -> None:
    bare, first = inference
    env = site.env("get mlperf inference src", f"--url={bare.as_uri()}", "--new")
    source = Path(env["CM_MLPERF_INFERENCE_SOURCE"])
    assert (source / "VERSION.txt").read_text() == "5.1\n"
    assert (env["CM_MLPERF_INFERENCE_COMMIT"], env["CM_MLPERF_INFERENCE_SOURCE_VERSION"]) == (first, "5.1")
    assert Path(env["CM_MLPERF_INFERENCE_VISION_PATH"]) == source / "vision"
    other = site.env("get mlperf inference src _branch.dev", f"--url={bare.as_uri()}", "--new")
    assert other["CM_MLPERF_INFERENCE_SOURCE_VERSION"] == "6.0"
    exact = site.env(f"get mlperf inference src _sha.{first}", f"--url={bare.as_uri()}", "--new")
    assert exact["CM_MLPERF_INFERENCE_COMMIT"] == first


def test_a_branch_that_is_not_there_leaves_no_entry(site: Site, inference: tuple[Path, str]) -> None:
    done = site.run("get mlperf inference src _branch.none", f"--url={inference[0].as_uri()}", "--new", status=2)
    assert "none" in done.stderr
    found = subprocess.run(
        [sys.executable, str(ROOT / "launchers" / "cm"), "find", "cache", "--tags=inference-src,_branch.none"],
        env=site.environ, cwd=site.work, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout == ""


def test_a_name_gives_a_job_an_environment_of_its_own(site: Site) -> None:
    site.add_package("demo_named", "1.0")
    named = site.env("get generic-python-lib _package.demo_named", "--adr.python.name=mlperf")
    plain = site.env("get python3")
    venv = Path(named["CM_PYTHON_VENV_PATH"])
    assert named["CM_PYTHON_VENV_NAME"] == "mlperf"
    assert Path(named["CM_PYTHON_BIN_WITH_PATH"]).is_relative_to(venv)
    assert list(venv.rglob("demo_named.py"))
    assert "CM_PYTHON_VENV_PATH" not in plain, "a request without a name does not get that environment"
    again = site.env("get python3", "--name=mlperf")
    assert Path(again["CM_PYTHON_VENV_PATH"]) == venv
    assert again["+PATH"][0] == str(venv / "bin")


def test_the_page_is_served_until_it_is_ended(site: Site, tmp_path: Path) -> None:
    site.env("gui", "--no_run", cwd=tmp_path)
    page = (tmp_path / "cm-gui.html").read_text()
    assert "<td>detect-os</td>" in page
    short = [sys.executable, str(ROOT / "launchers" / "cmg"), "--no_run", "--output_file=short.html", "--quiet"]
    subprocess.run(short, env=site.environ, cwd=tmp_path, check=True, capture_output=True)
    assert "<td>detect-os</td>" in (tmp_path / "short.html").read_text()
    argv = [sys.executable, str(ROOT / "launchers" / "cm"), "run", "script", "gui", "--port=0", "--quiet"]
    process = subprocess.Popen(
        argv, env=site.environ, cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    try:
        line = next(line for line in process.stdout if line.startswith("Open http://127.0.0.1:"))
        with urllib.request.urlopen(line.split()[1], timeout=60) as answer:
            served = answer.read().decode()
        assert "<td>detect-os</td>" in served
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
