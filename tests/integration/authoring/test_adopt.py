"""franca adopt: what it makes of projects, that the result runs, and that looking executes nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.integration.authoring.conftest import Franca
from tests.integration.engine.conftest import Bench

TRAIN = """\
import argparse, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=3, help="How many   rounds")
parser.add_argument("-l", "--log-file", default="out.txt")
parser.add_argument("--mode", choices=["a", "b"], default="a")
parser.add_argument("--loud", action="store_true")
parser.add_argument("--name")
parser.add_argument("positional", nargs="?")
args = parser.parse_args()
pathlib.Path(args.log_file).write_text(f"{args.epochs} {args.mode} {args.loud} {args.name}")
"""
README = """\
# Digits trainer

Trains a small model on digits. It takes a minute.

```bash
pip install -r requirements.txt
cd src
$ python3 train.py \\
    --mode b
```

```python
python3 never.py
```
"""


def project(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def trainer(tmp_path: Path) -> Path:
    return project(tmp_path / "My Trainer", **{"train.py": TRAIN, "README.md": README})


def proposal(franca: Franca, path: Path, *words: str) -> Any:
    got = franca("adopt", str(path), "--dry-run", "--json", *words)
    assert got.status == 0, got.err
    return got.json


def test_a_python_project_is_adopted_and_runs(bench: Bench, franca: Franca, trainer: Path) -> None:
    got = franca("adopt", str(trainer), "--yes")
    assert got.status == 0, got.err
    assert "command: python3 train.py --mode b (README.md:8)" in got.out
    assert franca("lint", "script", "my-trainer", "--strict").status == 0, franca("lint", "script", "my-trainer").out
    done = franca("run", "my-trainer", "--epochs=7", "--log_file=a b.txt", "--loud", "--arg_name=x y", "--quiet")
    assert done.status == 0, done.err
    assert (trainer / "a b.txt").read_text() == "7 b True x y"
    assert franca("run", "run my trainer", "--quiet").status == 0
    assert (trainer / "out.txt").read_text() == "3 b False None"
    other = project(bench.home / "copy", **{"train.py": TRAIN})
    assert franca("run", "my-trainer", f"--src={other}", "--quiet").status == 0 and (other / "out.txt").exists()
    help_text = franca("run", "my-trainer", "--help").out
    assert "--epochs=CM_MY_TRAINER_EPOCHS" in help_text and "How many rounds [3]" in help_text
    assert "--mode" not in help_text, "the command of the README has it already"


def test_a_makefile_with_variables(bench: Bench, franca: Franca, tmp_path: Path) -> None:
    text = "WORD ?= hello\nOTHER ?= $(shell date)\nrun:\n\techo $(WORD) > said\nclean:\n\trm -f said\n"
    folder = project(tmp_path / "maker", Makefile=text)
    assert franca("adopt", str(folder), "--yes", "--name=content:make-it", "--tags=make,it").status == 0
    assert (bench.repo / "script" / "make-it" / "run.sh").exists()
    assert franca("run", "make it", "--word=two words").status == 0
    assert (folder / "said").read_text() == "two words\n"
    assert franca("lint", "script", "make-it", "--strict").status == 0


def test_needs_are_taken_over(bench: Bench, franca: Franca, tmp_path: Path) -> None:
    requirements = (
        "numpy>=1.26,<=2.1  # arrays\nscipy == 1.11.4 \\\n  --hash=sha256:abc\nold; python_version < '3'\n"
        "torch~=2.2\nrequests[socks]\n-r more.txt\ngit+https://host.example/x.git\n???\n"
    )
    dockerfile = "FROM x\nRUN apt-get update && apt-get install -y --no-install-recommends git \\\n  gcc-12 && true\n"
    folder = project(tmp_path / "needy", **{"requirements.txt": requirements, "Dockerfile": dockerfile, "main.py": ""})
    made = proposal(franca, folder)
    from franca.catalog.files import parse_yaml

    deps = parse_yaml(made["meta"], "x")["deps"]
    assert deps[0]["tags"] == "get,python3"
    bounds = ("version", "version_min", "version_max")
    assert [(d["tags"].rpartition(".")[2], *(d.get(b) for b in bounds)) for d in deps[1:]] == [
        ("numpy", None, "1.26", "2.1"), ("scipy", "1.11.4", None, None), ("torch", None, "2.2", None),
        ("requests", None, None, None),
    ]  # fmt: skip
    notes = "\n".join(made["notes"])
    for text in ("'-r more.txt' is not taken over", "git+https", "'???'", "extras", "~=2.2", "git, gcc-12"):
        assert text in notes, text
    assert made["files"]["run.sh"].endswith('"${CM_PYTHON_BIN_WITH_PATH}" main.py\n')


def test_pyproject_and_python_version(bench: Bench, franca: Franca, tmp_path: Path) -> None:
    text = (
        "[build-system]\nrequires = ['x']\n[project]\nname = 'p'\nrequires-python = '>=3.9'\n"
        "dependencies = [\n  'packaging>=20',  # why\n  \"rich[a]\",\n]\n[tool.x]\ndependencies = ['no']\n"
    )
    made = proposal(
        franca, project(tmp_path / "p", **{"pyproject.toml": text, "p__main.py": "", "run.sh": "echo hi\n"})
    )
    assert '"get,generic-python-lib,_package.packaging"' in made["meta"] and "_package.no" not in made["meta"]
    assert 'version_min: "3.9"' in made["meta"]
    assert made["files"]["run.sh"].endswith("\nbash run.sh\n")


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"Dockerfile": 'FROM x\nENTRYPOINT ["python3", "/app/go.py"]\nCMD ["--n", "1 2"]\n', "go.py": ""},
         "python3 go.py --n '1 2'"),
        ({"README.md": "```\n./start.sh fast\n```\n", "start.sh": ""}, "./start.sh fast"),
        ({"README.md": "```sh\npython -m pkg.cli --x\n```\n", "pkg__cli.py": ""}, "python -m pkg.cli --x"),
        ({"README.md": "```sh\nmake nothing\nmake all\n```\n", "Makefile": "all:\n\ttrue\n"}, "make all"),
        ({"train.py": "", "main.py": ""}, "python3 main.py"),
        ({"work.sh": ""}, "bash work.sh"),
    ],
)  # fmt: skip
def test_where_the_command_is_found(
    bench: Bench, franca: Franca, tmp_path: Path, files: dict[str, str], command: str
) -> None:
    made = proposal(franca, project(tmp_path / "x", **files))
    assert made["evidence"][0].startswith(f"command: {command} (")


def test_an_installable_project_runs_without_being_installed(bench: Bench, franca: Franca, tmp_path: Path) -> None:
    toml = "[project]\nname = 'tool'\n\n[project.scripts]\nmytool = 'tool.cli:main'\nbad = 'a b:c'\n"
    cli = TRAIN.replace("args = parser", "def main():\n  args = parser").replace("pathlib.Path(", "  pathlib.Path(")
    files = {"pyproject.toml": toml, "src__tool__cli.py": cli, "src__tool__helper.txt": ""}
    folder = project(tmp_path / "tool", **files)
    (folder / "src" / "tool" / "__init__.py").write_text("")
    got = franca("adopt", str(folder), "--yes")
    assert got.status == 0, got.err
    assert "(pyproject.toml: mytool)" in got.out
    assert franca("lint", "script", "tool", "--strict").status == 0
    done = franca("run", "tool", "--epochs=2", "--quiet")
    assert done.status == 0, done.err
    assert (folder / "out.txt").read_text() == "2 a False None"
    (folder / "README.md").write_text("```\nmytool --mode b\nothertool\n```\n")
    made = proposal(franca, folder)
    assert made["evidence"][0].endswith("--mode b (README.md:2)")


def test_a_command_can_be_given_and_a_project_without_one_is_refused(
    bench: Bench, franca: Franca, tmp_path: Path
) -> None:
    folder = project(tmp_path / "bare", **{"notes.txt": "x"})
    got = franca("adopt", str(folder), "--dry-run")
    assert got.status == 16 and "--command" in got.err
    assert franca("adopt", str(folder), "--yes", "--command=printf '%s' done > result").status == 0
    assert franca("run", "bare").status == 0 and (folder / "result").read_text() == "done"


def test_hostile_projects_are_only_read(bench: Bench, franca: Franca, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    folder = project(
        tmp_path / "evil",
        **{
            "setup.py": f"open({str(mark)!r}, 'w')", "main.py": f"open({str(mark)!r}, 'w')",
            "Makefile": f"X ?= $(shell touch {mark})\nrun: ; touch {mark}\n",
            "README.md": f"```\npython3 main.py; touch {mark}\n$(touch {mark})\npython3 'main.py\n"
            "python3 ../../etc/x.py\n```\n"
            "alias: \x1b[2J\n",
            "requirements.txt": "a\n" * 5 + "x" * 5000,
        },
    )  # fmt: skip
    (folder / "run.sh").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "train.sh")
    made = proposal(franca, folder)
    assert not mark.exists() and made["evidence"][0] == "command: make run (Makefile: run)"
    assert "root:" not in made["meta"] + str(made["files"])
    assert "X" not in made["meta"].partition("input_mapping")[2].partition("default_env")[0]


def test_nothing_is_written_without_a_yes(bench: Bench, franca: Franca, trainer: Path) -> None:
    got = franca("adopt", str(trainer))
    assert got.status == 1 and "--yes" in got.err
    assert "--- run.sh" in franca("adopt", str(trainer), "--dry-run").out
    assert franca("find", "script", "my-trainer").out == ""
    assert franca("adopt", str(trainer), "--yes").status == 0
    assert franca("adopt", str(trainer), "--yes").status == 8
    assert franca("adopt", "/nowhere/at/all").status == 16
    assert franca("adopt").status == 1
