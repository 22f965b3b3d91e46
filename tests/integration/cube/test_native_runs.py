"""Cubes for real, without a container: files appear, promises are checked, records are kept."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.integration.cube.checks import check_getting_started, check_hello_world, check_matmul

ROOT = Path(__file__).resolve().parents[3]
CUBES = ROOT / "recipes" / "cube"


class Home:
    """A home directory and the ``mlcube`` command in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environ = {"HOME": str(path), "PATH": os.environ["PATH"], "FRANCA_CACHE": str(path / "cache")}

    def mlcube(self, *words: str, cwd: Path, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "franca.compat.mlcube_front", *words], cwd=cwd, env=self.environ, text=True,
            capture_output=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == status, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        return done

    def events(self) -> list[dict[str, object]]:
        journals = sorted(self.path.glob(".local/state/franca/cube/*/journal.jsonl"))
        return [json.loads(line) for journal in journals for line in journal.read_text().splitlines()]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    path = tmp_path / "home"
    path.mkdir()
    return Home(path)


def copy_of(name: str, tmp_path: Path) -> Path:
    target = tmp_path / "the cube" / name
    shutil.copytree(CUBES / name, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def make(tmp_path: Path, definition: str, script: str = "") -> Path:
    root = tmp_path / "c"
    root.mkdir()
    (root / "mlcube.yaml").write_text(definition)
    (root / "main.py").write_text(script)
    return root


def test_hello_world_adds_a_line_for_every_run(home: Home, tmp_path: Path) -> None:
    cube = copy_of("hello_world", tmp_path)
    home.mlcube("run", "--mlcube=.", "--platform=native", "--task=hello,bye", cwd=cube)
    home.mlcube("run", "--platform=native", "--task=hello", "name=names/mary.txt", "chat=chats/mary.txt", cwd=cube)
    check_hello_world(cube / "workspace")
    assert "Mary" in (cube / "workspace/chats/mary.txt").read_text()


def test_matmul_gives_the_product(home: Home, tmp_path: Path) -> None:
    cube = copy_of("matmul", tmp_path)
    home.mlcube("run", "--platform=native", cwd=cube)
    check_matmul(cube / "workspace")


def test_getting_started_finds_the_law_behind_the_table(home: Home, tmp_path: Path) -> None:
    cube = copy_of("getting-started", tmp_path)
    home.mlcube("run", "--platform=native", "--task=download_data,preprocess_data,train", cwd=cube)
    check_getting_started(cube / "workspace")
    assert not list(cube.rglob("__pycache__"))


def test_a_custom_workspace_gets_the_inputs_and_the_outputs(home: Home, tmp_path: Path) -> None:
    cube = copy_of("hello_world", tmp_path)
    home.mlcube("run", "--platform=native", "--task=hello", "--workspace=../w s", cwd=cube)
    other = cube.parent / "w s"
    assert sorted(str(p.relative_to(other)) for p in other.rglob("*") if p.is_file()) == [
        "chats/chat_with_alice.txt", "names/alice.txt",
    ]  # fmt: skip
    assert not (cube / "workspace/chats").exists()


def test_input_directories_are_copied_whole_and_nothing_is_overwritten(home: Home, tmp_path: Path) -> None:
    cube = make(
        tmp_path,
        "name: c\nnative: {entrypoint: python main.py}\n"
        "tasks: {t: {parameters: {inputs: {d: din/, e: {type: file, default: e.txt}}, outputs: {o: out/}}}}\n",
        "import os, sys\nopen(sys.argv[4][4:] + '/x', 'w').write('1')\n",
    )
    (cube / "workspace/din/a").mkdir(parents=True)
    (cube / "workspace/din/a/b.txt").write_text("hi")
    (cube / "workspace/e.txt").write_text("theirs")
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws/e.txt").write_text("mine")
    home.mlcube("run", "--platform=native", f"--workspace={tmp_path}/ws", cwd=cube)
    assert (tmp_path / "ws/din/a/b.txt").read_text() == "hi"
    assert (tmp_path / "ws/e.txt").read_text() == "mine"
    assert (tmp_path / "ws/out/x").read_text() == "1"


STATUS = "name: c\nnative: {entrypoint: python main.py}\ntasks: {a: {parameters: {outputs: {o: {type: file, default: o.txt}}}}, b: }\n"  # noqa: E501


def test_the_first_failure_ends_a_run_with_the_tasks_status(home: Home, tmp_path: Path) -> None:
    cube = make(tmp_path, STATUS, "import sys\nprint('started', sys.argv[1])\nsys.exit(42)\n")
    done = home.mlcube("run", "--platform=native", "--task=a,b", cwd=cube, status=42)
    assert done.stdout.split() == ["started", "a"]
    assert "task a failed" in done.stderr


def test_a_broken_promise_is_a_warning_or_with_strict_an_error(home: Home, tmp_path: Path) -> None:
    cube = make(tmp_path, STATUS)
    assert "o.txt) is missing" in home.mlcube("run", "--platform=native", "--task=a", cwd=cube).stderr
    (cube / "workspace/o.txt").write_text("")
    done = home.mlcube("run", "--platform=native", "--task=a", "--strict", cwd=cube, status=1)
    assert "o.txt) is empty" in done.stderr


def test_runs_are_recorded_with_digests_and_logs(home: Home, tmp_path: Path) -> None:
    cube = make(tmp_path, STATUS, "import sys\nprint('hello log')\nopen(sys.argv[2][4:], 'w').write('data')\n")
    home.mlcube("run", "--platform=native", "--task=a", cwd=cube)
    started, finished = home.events()
    assert started["cube_digest"] == hashlib.sha256((cube / "mlcube.yaml").read_bytes()).hexdigest()
    assert started["run"] == finished["run"]
    assert finished["outputs"]["o"]["sha256"] == hashlib.sha256(b"data").hexdigest()  # type: ignore[index]
    assert Path(str(finished["log"])).read_text() == "hello log\n"
    assert "status 0" in home.mlcube("status", cwd=cube).stdout


HOSTILE = ["a b", "it's", 'say "x"', "x;touch INJECTED", "$(touch INJECTED)", "`touch INJECTED`", "a&b|c>d", "-rf", "*"]


@pytest.mark.parametrize("value", HOSTILE)
def test_values_stay_data(home: Home, tmp_path: Path, value: str) -> None:
    script = "import json, sys\njson.dump(sys.argv, open('argv.json', 'w'))\n"
    cube = make(
        tmp_path,
        "name: c\nnative: {entrypoint: python main.py}\ntasks: {t: {parameters: {outputs: {o: o/}}}}\n",
        script,
    )
    home.mlcube("run", "--platform=native", f"o={value}", cwd=cube)
    assert json.loads((cube / "argv.json").read_text())[1:] == ["t", f"--o={cube}/workspace/{value}"]
    assert not list(tmp_path.rglob("INJECTED"))


def test_the_printed_plan_runs_when_pasted(home: Home, tmp_path: Path) -> None:
    cube = copy_of("hello_world", tmp_path)
    plan = home.mlcube("run", "--platform=native", "--task=hello", "--dry-run", cwd=cube).stdout
    assert not (cube / "workspace/chats").exists()
    subprocess.run(["/bin/sh", "-e"], input=plan, text=True, check=True, cwd="/")
    assert "Alice" in (cube / "workspace/chats/chat_with_alice.txt").read_text()


def test_a_new_cube_is_sound_and_runs(home: Home, tmp_path: Path) -> None:
    home.mlcube("create", "--name", "mine", "--author", "A B", cwd=tmp_path)
    assert "no problems" in home.mlcube("validate", cwd=tmp_path / "mine").stdout
    home.mlcube("run", "--platform=native", cwd=tmp_path / "mine")
    assert (tmp_path / "mine/workspace/result.txt").read_text() == "greeting: hello\n"
    assert "exists already" in home.mlcube("create", "--name", "mine", cwd=tmp_path, status=8).stderr


def test_clean_removes_outputs_and_keeps_inputs(home: Home, tmp_path: Path) -> None:
    cube = copy_of("hello_world", tmp_path)
    home.mlcube("run", "--platform=native", "--task=hello", cwd=cube)
    assert "chat_with_alice.txt" in home.mlcube("clean", cwd=cube).stdout
    assert sorted(p.name for p in (cube / "workspace").rglob("*.txt")) == ["alice.txt", "mary.txt"]


def test_requirements_go_into_an_environment_of_their_own_made_once(home: Home, tmp_path: Path) -> None:
    package = tmp_path / "pkg"
    (package / "tiny").mkdir(parents=True)
    with zipfile.ZipFile(package / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "WORD = 'from the environment'\n")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    cube = make(
        tmp_path,
        "name: c\nnative: {entrypoint: python main.py, requirements: needs.txt}\n"
        "tasks: {t: {parameters: {outputs: {o: {type: file, default: o.txt}}}}}\n",
        "import sys, tiny\nopen(sys.argv[2][4:], 'w').write(tiny.WORD)\n",
    )
    (cube / "needs.txt").write_text(f"{package}/tiny-1.0-py3-none-any.whl\n")
    home.mlcube("configure", "--platform=native", cwd=cube)
    shutil.rmtree(package)
    home.mlcube("run", "--platform=native", cwd=cube)
    assert (cube / "workspace/o.txt").read_text() == "from the environment"
    assert len([p for p in (home.path / "cache/cube/environments").iterdir() if p.is_dir()]) == 1


def test_the_command_is_derived_from_the_dockerfile(home: Home, tmp_path: Path) -> None:
    cube = make(tmp_path, "name: c\ntasks: {t: {parameters: {outputs: {o: {type: file, default: o.txt}}}}}\n")
    (cube / "src").mkdir()
    (cube / "src/run.py").write_text("import os, sys\nopen(sys.argv[2][4:], 'w').write(os.getcwd())\n")
    (cube / "Dockerfile").write_text('FROM x AS a\nENTRYPOINT ["wrong"]\nFROM python\nWORKDIR /app\nCOPY src /app\n'
                                     'ENTRYPOINT ["python3", \\\n "/app/run.py"]\n')  # fmt: skip
    home.mlcube("run", "--platform=native", cwd=cube)
    assert (cube / "workspace/o.txt").read_text() == str(cube / "src")


@pytest.mark.parametrize(
    ("definition", "words", "message"),
    [
        ("name: c\ntasks: {t: }\n", ["--platform=native"], "without a container"),
        ("name: c\ntasks: {t: }\n", [], "docker.image is required"),
        ("name: c\ndocker: {image: x, buld_args: y}\ntasks: {t: }\n", [], "did you mean 'build_args'"),
        ("name: c\nnative: {entrypoint: no-such-program-at-all}\ntasks: {t: }\n", ["--platform=native"], "not found"),
        ("name: c\nnative: {entrypoint: x}\ntasks: {t: }\n", ["--platform=native", "--memory=4g"], "--memory"),
        ("name: c\nnative: {entrypoint: x, requirements: no.txt}\ntasks: {t: }\n", ["--platform=native"], "no.txt"),
        ("name: c\nnative: {entrypoint: x, python: '<3'}\ntasks: {t: }\n", ["--platform=native"], "no Python <3"),
        ("name: c\ndocker: {image: x}\ntasks: {t: }\n", ["--platform=nope"], "unknown platform 'nope'"),
        ("name: c\ndocker: {image: x}\ntasks: {t: }\n", ["--platform=docker+podman"], "not a launcher"),
        ("name: c\ndocker: {image: x}\ntasks: {t: }\n", ["--platform=gcp"], "not supported"),
        ("name: c\ndocker: {image: x}\ntasks: {t: }\n", ["--platform=ssh+docker"], "needs the host"),
        ("name: c\ndocker: {image: x}\ntasks: {t: }\n", ["--task=u"], "Unknown tasks"),
    ],
)
def test_what_cannot_run_says_why_and_what_next(
    home: Home, tmp_path: Path, definition: str, words: list[str], message: str
) -> None:
    cube = make(tmp_path, definition)
    done = subprocess.run(
        [sys.executable, "-m", "franca.compat.mlcube_front", "run", *words], cwd=cube, text=True, capture_output=True,
        env={**home.environ, "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode in (1, 127)
    assert message in done.stderr
    assert "next:" in done.stderr or "did you mean" in done.stderr
