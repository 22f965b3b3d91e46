"""The tutorial ``docs/mlcube.md``: its files are written and its commands run, in the order of the page."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "mlcube.md"
BLOCK = re.compile(r"^```(bash|yaml|python)\n(.*?)^```$", re.S | re.M)
FILE = re.compile(r"[Pp]ut this into `([^`]+)`[^`]*(?:`[^`]*`[^`]*)*\Z")


def steps(text: str) -> list[tuple[str, str]]:
    """(file name or "", contents or commands) of every block that the reader acts on."""
    found, end = [], 0
    for match in BLOCK.finditer(text):
        named = FILE.search(text[end : match.start()])
        end = match.end()
        if match[1] == "bash":
            found.append(("", match[2]))
        elif named:
            found.append((named[1], match[2]))
    return found


def needs_engine(line: str) -> bool:
    return "--platform=docker" in line and "--dry-run" not in line and "show_config" not in line


def shell(text: str, place: Path, *, engine: bool) -> str:
    """One script of the whole page; its /tmp is ``place``."""
    lines = ["set -e"]
    for name, content in steps(text):
        if name:
            lines.append(f"printf %s {shlex.quote(content)} > {shlex.quote(name)}")
        else:
            lines += [line for line in content.splitlines() if engine or not needs_engine(line)]
    return "\n".join(lines).replace("/tmp/", f"{place}/")


def follow(place: Path, more: dict[str, str], *, engine: bool) -> str:
    programs = place / "bin"
    programs.mkdir()
    for name in ("mlcube", "franca"):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/launchers/{name} "$@"\n')
        (programs / name).chmod(0o755)
    environ = {"HOME": str(place), "PATH": f"{programs}:{os.environ['PATH']}", **more}
    script = shell(PAGE.read_text("utf-8"), place, engine=engine)
    done = subprocess.run(["bash", "-c", script], cwd=place, env=environ, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "no problems" in done.stdout
    assert "\n3 to\n" in done.stdout
    assert "\n2 a\n1 b\n" in done.stdout
    assert "count: status 0" in done.stdout
    assert sorted(p.name for p in (place / "word_count/workspace").rglob("*") if p.is_file()) == ["text.txt"]
    return done.stdout


def test_the_page_has_steps_of_each_kind() -> None:
    kinds = [name for name, _ in steps(PAGE.read_text("utf-8"))]
    assert kinds.count("mlcube.yaml") == kinds.count("main.py") == 1
    assert kinds.count("") > 6


def test_the_tutorial_without_an_engine(tmp_path: Path) -> None:
    out = follow(tmp_path, {}, engine=False)
    assert "docker build" in out, "the dry run of step 5 shows how the image is made"


@pytest.mark.engine("docker")
def test_the_tutorial_with_docker(docker: dict[str, str], tmp_path: Path) -> None:
    follow(tmp_path, docker, engine=True)
    listing = ["docker", "ps", "-aq", "--filter=ancestor=local/word-count:0.1.0"]
    left = subprocess.run(listing, env={**os.environ, **docker}, capture_output=True, check=True)
    assert left.stdout == b"", "--user removes containers"
