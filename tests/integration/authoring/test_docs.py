"""The commands of the how-to pages about authoring run as they are printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.integration.authoring.conftest import Franca
from tests.integration.engine.conftest import Bench

PAGES = Path(__file__).resolve().parents[3] / "docs" / "how-to"
WORK = """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", default="1")
print(parser.parse_args().epochs)
"""


def lines_of(page: str) -> list[str]:
    text = (PAGES / page).read_text("utf-8")
    return [line for block in re.findall(r"```bash\n(.*?)```", text, re.S) for line in block.splitlines() if line]


def surroundings(bench: Bench) -> None:
    """What the pages take for given: a repository of the reader's own, a project, a checkout."""
    (bench.repo / "cmr.yaml").write_text("alias: my-repo\nuid: '00000000000000c0'\n")
    (bench.home / "my-project").mkdir()
    (bench.home / "my-project" / "main.py").write_text(WORK)
    (bench.home / "my-project" / "work.py").write_text(WORK.replace("--epochs", "--fast"))
    other = bench.work / "path" / "to" / "a" / "repository" / "script" / "x"
    other.mkdir(parents=True)
    (other / "_cm.yaml").write_text("alias: x\nuid: 00000000000000aa\ntags: [x]\n")


@pytest.mark.parametrize("page", ["write-a-script.md", "lock-and-replay.md", "adopt-a-project.md"])
def test_the_page(bench: Bench, franca: Franca, page: str) -> None:
    surroundings(bench)
    lines = lines_of(page)
    assert len(lines) > 5
    for line in lines:
        words, _, target = line.partition(" > ")
        words = words.replace("~/", f"{bench.home}/").replace("--src=/elsewhere/", f"--src={bench.home}/")
        program, *rest = shlex.split(words)
        assert program == "franca"
        got = franca(*rest)
        assert got.status == 0, f"{line}\n{got.out}\n{got.err}"
        if target:
            (bench.work / target).write_text(got.out)
