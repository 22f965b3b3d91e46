"""Hooks of fetched content run only after consent; the classic programs take a pull for consent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.integration.engine.conftest import Bench


def franca(bench: Bench, *argv: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from franca.cli.main import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, *argv], cwd=bench.work, env=bench.environ(), text=True, capture_output=True,
        stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip


def published(bench: Bench, tmp_path: Path) -> str:
    """A git repository elsewhere whose only script has a hook that leaves a trace."""
    source = tmp_path / "published"
    script = source / "script" / "hooked"
    script.mkdir(parents=True)
    (source / "cmr.yaml").write_text("alias: someone@content\nuid: '00000000000000d1'\ngit: true\n")
    (script / "_cm.yaml").write_text(
        "alias: hooked\nuid: '00000000000000d2'\nautomation_alias: script\n"
        "automation_uid: 5b4e0237da074764\ntags: [hooked]\n"
    )
    (script / "customize.py").write_text(
        "def preprocess(i):\n    open('trace', 'w').close()\n    return {'return': 0}\n"
    )
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=source, check=True)
    return str(source)


def test_hooks_of_pulled_content_wait_for_consent(bench: Bench, tmp_path: Path) -> None:
    pulled = franca(bench, "pull", "repo", "someone@content", f"--url={published(bench, tmp_path)}")
    assert pulled.returncode == 0, pulled.stderr
    refused = franca(bench, "run", "script", "hooked")
    assert refused.returncode == 1
    assert "franca trust someone@content" in refused.stderr and "Traceback" not in refused.stderr
    assert not (bench.work / "trace").exists()
    assert franca(bench, "trust", "someone@content").returncode == 0
    assert franca(bench, "run", "script", "hooked").returncode == 0
    assert (bench.work / "trace").exists()


def test_consent_may_come_with_the_run(bench: Bench, tmp_path: Path) -> None:
    franca(bench, "pull", "repo", "someone@content", f"--url={published(bench, tmp_path)}")
    assert franca(bench, "run", "script", "hooked", "--trust").returncode == 0
    assert (bench.work / "trace").exists()


def test_a_pull_by_the_classic_program_is_consent(bench: Bench, tmp_path: Path) -> None:
    assert bench.cm("pull", "repo", "someone@content", f"--url={published(bench, tmp_path)}").returncode == 0
    done = bench.cm("run", "script", "--tags=hooked")
    assert done.returncode == 0, done.stderr
    assert (bench.work / "trace").exists()
