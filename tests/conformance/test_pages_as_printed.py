"""The pages that teach the language, typed in their order by somebody with an empty home."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conformance.person import BIN, Person, publish, wheel

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(?:bash|console)\n(.*?)^```$", re.S | re.M)
PAGES = ["tutorial.md", "how-to/command-line.md", "how-to/lock-and-replay.md", "how-to/write-a-script.md",
         "how-to/adopt-a-project.md"]  # fmt: skip
#: What is not typed here, and why.
LEFT_OUT = {
    "run mlperf inference": "takes minutes; it has tests of its own",
    'franca run "get ml-model digits"': "trains a model; the recipe has tests of its own",
    "path/to/a/repository": "stands for a path of the reader's",
    "/elsewhere/my-project": "stands for a path of the reader's",
    "franca.catalog.watcher": "runs until it is stopped",
    '--command="python3 -m work': "a program of the reader's",
}

pytestmark = pytest.mark.skipif(not (BIN / "franca").exists(), reason="the commands are not installed beside Python")


def lines_of(page: str) -> list[str]:
    text = (DOCS / page).read_text("utf-8")
    typed = [line.removeprefix("$ ") for block in BLOCK.findall(text) for line in block.splitlines() if line.strip()]
    return [line for line in typed if not any(words in line for words in LEFT_OUT)]


@pytest.fixture
def reader(tmp_path: Path) -> Person:
    """With the content that the pages name on a server, packages on an index, and a project of their own."""
    person = Person(tmp_path)
    publish(person, "mlcommons/cm4mlops")
    wheel(person.wheels, "numpy", "1.26.4")
    project = person.home / "my-project"
    project.mkdir()
    (project / "train.py").write_text(
        "import argparse\nasked = argparse.ArgumentParser()\nasked.add_argument('--epochs', default=3)\n"
        "print('trained for', asked.parse_args().epochs)\n"
    )
    (person.home / "work" / "my-content").mkdir(parents=True)
    return person


@pytest.mark.parametrize("page", PAGES)
def test_each_line_does_what_the_page_has_it_do(page: str, reader: Person) -> None:
    lines = lines_of(page)
    assert len(lines) > 3
    for line in lines:
        done = reader.types(line)
        assert done.status == 0, f"{line}\n{done.out}{done.err}"
        assert "has no input" not in done.err, f"{line}\n{done.err}"
