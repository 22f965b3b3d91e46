"""Three projects as people have them: adopted without a word more, and the script that was proposed runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.authoring.conftest import Franca
from tests.integration.engine.conftest import Bench

FIT = """\
import argparse, csv, json
parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--out", required=True)
args = parser.parse_args()
rows = [(float(row["x"]), float(row["y"])) for row in csv.DictReader(open(args.data))]
x0, y0 = (sum(values) / len(rows) for values in zip(*rows))
slope = sum((x - x0) * (y - y0) for x, y in rows) / sum((x - x0) ** 2 for x, _ in rows)
json.dump({"slope": slope, "at_0": y0 - slope * x0}, open(args.out, "w"))
"""
MAKEFILE = """\
PYTHON ?= python3
DATA ?= data/points.csv
OUT := results

.PHONY: all clean
all: fit

$(OUT):
\tmkdir -p $@

fit: $(OUT)
\t$(PYTHON) src/fit.py --data $(DATA) --out $(OUT)/line.json

clean:
\trm -rf $(OUT)
"""
DOCKERFILE = """\
FROM python:3.11-slim
WORKDIR /opt/app
COPY app/ /opt/app/
ENV GREETING=hello
ENTRYPOINT ["python3", "count.py"]
CMD ["--text", "/opt/app/words.txt"]
"""
COUNT = """\
import argparse, collections, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--text")
parser.add_argument("--top", type=int, default=1)
args = parser.parse_args()
words = collections.Counter(pathlib.Path(args.text).read_text().split())
found = " ".join(word for word, _ in words.most_common(args.top))
pathlib.Path("top.txt").write_text(f"{os.environ['GREETING']}: {found}")
"""
README = """\
# Primes

Finds primes.

## Usage

Build it, then use it:

```sh
$ bash build.sh
$ ./sieve.sh 30 > primes.txt
```
"""
BUILD = """\
cat > sieve.sh <<"END"
#!/bin/bash
for ((n = 2; n <= $1; n++)); do
  for ((d = 2; d * d <= n; d++)); do ((n % d)) || continue 2; done
  echo "$n"
done
END
chmod +x sieve.sh
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a project"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def adopted(franca: Franca, folder: Path) -> None:
    got = franca("adopt", str(folder), "--yes")
    assert got.status == 0, got.err
    assert franca("lint", "script", "a-project", "--strict").status == 0, franca("lint", "script", "a-project").out


def test_a_makefile_with_requirements(bench: Bench, franca: Franca, folder: Path) -> None:
    points = "x,y\n0,1\n1,3\n2,5\n"
    write(folder, {"Makefile": MAKEFILE, "requirements.txt": "# the standard library does\n", "src/fit.py": FIT,
                   "data/points.csv": points, "data/flat.csv": "x,y\n0,4\n1,4\n"})  # fmt: skip
    adopted(franca, folder)
    assert franca("run", "a project", "--quiet").status == 0
    assert json.loads((folder / "results" / "line.json").read_text()) == {"slope": 2.0, "at_0": 1.0}
    assert franca("run", "a project", "--data=data/flat.csv", "--quiet").status == 0
    assert json.loads((folder / "results" / "line.json").read_text()) == {"slope": 0.0, "at_0": 4.0}


def test_nothing_but_a_dockerfile(bench: Bench, franca: Franca, folder: Path) -> None:
    write(folder, {"Dockerfile": DOCKERFILE, "app/count.py": COUNT, "app/words.txt": "a b a c a b"})
    adopted(franca, folder)
    assert franca("run", "a project", "--top=2", "--quiet").status == 0
    assert (folder / "app" / "top.txt").read_text() == "hello: a b"


def test_a_readme_that_builds_before_it_runs(bench: Bench, franca: Franca, folder: Path) -> None:
    write(folder, {"README.md": README, "build.sh": BUILD})
    adopted(franca, folder)
    assert franca("run", "a project", "--quiet").status == 0
    assert (folder / "primes.txt").read_text().split() == ["2", "3", "5", "7", "11", "13", "17", "19", "23", "29"]


def test_a_listing_that_leaves_the_project_is_not_followed(bench: Bench, franca: Franca, folder: Path) -> None:
    listing = "```\nbash build.sh\n./../x.sh\n./sieve.sh 3 > ../out\n./sieve.sh 3 > /tmp/out\n./a.sh; rm x\n```\n"
    write(folder, {"README.md": listing, "build.sh": BUILD})
    got = franca("adopt", str(folder), "--dry-run", "--json")
    assert got.json["evidence"] == ["command: bash build.sh (README.md:2)"]
