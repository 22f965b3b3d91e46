"""The recorded command lines of the published ``mlcube``: same engine words, same exit statuses.

``data/mlcube-cases.json`` says where the records come from. Stand-ins for the engines write down what they
are called with; the order of the engine's options is free, mounts and task words are not.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from franca.compat.mlcube_front import main

CASES = json.loads((Path(__file__).parent / "data" / "mlcube-cases.json").read_text("utf-8"))
CHECKED = [case for case in CASES["cases"] if "expect" in case]
ENGINES = ("docker", "podman", "mydocker", "singularity", "sudo", "ssh", "rsync")

RECORDER = """#!{python} -IS
import json, os, sys
name = os.path.basename(sys.argv[0])
words = sys.argv[1:]
with open(os.environ["RECORD"], "a") as file:
    file.write(json.dumps([name, *words]) + "\\n")
verb = next((w for w in words if not w.startswith("-")), "")
if "--version" in words:
    print("singularity version 3.11.4")
elif name == "sudo":
    os.execvp(words[0], words)
elif name == "singularity":
    if verb == "build":
        open(words[-2], "w").close()
    sys.exit(int(os.environ.get("FAKE_BUILD_RC" if verb == "build" else "FAKE_RUN_RC", 0)))
elif name in ("ssh", "rsync"):
    sys.exit(int(os.environ.get("FAKE_" + name.upper() + "_RC", 0)))
else:
    status = int(os.environ.get("FAKE_" + verb.upper() + "_RC", 0))
    if verb == "inspect" and not status:
        print('[{{"Id": "sha256:0123456789abcdef"}}]')
    sys.exit(status)
"""


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("engines")
    recorder = directory / "recorder"
    recorder.write_text(RECORDER.format(python=sys.executable))
    recorder.chmod(0o755)
    for name in ENGINES:
        (directory / name).symlink_to(recorder)
    return directory


def prepare(case: dict[str, Any], root: Path) -> None:
    for directory in ("home", "cube"):
        (root / directory).mkdir()
    for path, content in case["files"].items():
        text = CASES["texts"][content["text"]] if isinstance(content, dict) else content
        file = root / path
        if path.endswith("/"):
            file.mkdir(parents=True, exist_ok=True)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("{ROOT}", str(root)))


def run(case: dict[str, Any], words: list[str], root: Path, engines: Path) -> tuple[int, list[list[str]], str]:
    record = root / "record"
    record.write_text("")
    environ = {
        "HOME": str(root / "home"), "PATH": f"{engines}:/usr/bin:/bin", "RECORD": str(record), "LANG": "C.UTF-8",
        "USER": "root", **{k: v.replace("{ROOT}", str(root)) for k, v in case.get("env", {}).items()},
    }  # fmt: skip
    status, errors = started_here(
        [w.replace("{ROOT}", str(root)) for w in words], environ, root / case.get("cwd", "cube")
    )
    calls = [json.loads(line) for line in record.read_text().splitlines()]
    started = [[w.replace(str(root), "{ROOT}") for w in call] for call in calls if "--version" not in call[:3]]
    return status, started, errors


@contextlib.contextmanager
def inside(directory: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


def started_here(words: list[str], environ: dict[str, str], directory: Path) -> tuple[int, str]:
    """The command in this process: 130 interpreter starts would cost most of the suite's time."""
    before, errors = dict(os.environ), io.StringIO()
    os.environ.clear()
    os.environ.update(environ)
    try:
        with inside(directory), contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            return main(words), errors.getvalue()
    finally:
        os.environ.clear()
        os.environ.update(before)


def canonical(words: list[str]) -> tuple[str, list[str], list[str], list[str]]:
    mounts = [b for a, b in itertools.pairwise(words) if a in ("--volume", "-v", "--bind", "-B")]
    return words[0], sorted(words[1:]), mounts, [w for w in words if "=/mlcube_io" in w]


@pytest.mark.parametrize("case", CHECKED, ids=lambda case: case["id"])
def test_engine_words_and_status_are_as_recorded(case: dict[str, Any], tmp_path: Path, engines: Path) -> None:
    root = Path(os.path.realpath(tmp_path))
    prepare(case, root)
    for words, expected in zip(case["runs"], case["expect"], strict=True):
        status, started, errors = run(case, words, root, engines)
        assert "Traceback" not in errors
        assert status == expected["exit"] or {status, expected["exit"]} == {1, 2}, errors
        if "commands" in expected:
            assert [canonical(c) for c in started] == [canonical(c) for c in expected["commands"]]


def case(name: str) -> dict[str, Any]:
    return next(case for case in CASES["cases"] if case["id"] == name)


def started_by(name: str, root: Path, engines: Path, index: int = -1) -> list[list[str]]:
    """What the run number ``index`` of a case started; earlier runs are done before."""
    prepare(case(name), root)
    results = [run(case(name), words, root, engines) for words in case(name)["runs"]]
    assert results[index][0] == 0, results[index][2]
    return results[index][1]


def test_a_backslash_marks_a_directory_and_is_no_part_of_its_name(tmp_path: Path, engines: Path) -> None:
    commands = started_by("A08", tmp_path, engines)
    assert "{ROOT}/cube/workspace/model:/mlcube_io0" in commands[-1]
    assert sorted(os.listdir(tmp_path / "cube" / "workspace")) == ["model"]


def test_a_list_of_gpus_is_a_device_list(tmp_path: Path, engines: Path) -> None:
    assert "--gpus=device=0,1" in started_by("D15", tmp_path, engines)[-1]


def test_options_follow_the_runner_not_the_platforms_name(tmp_path: Path, engines: Path) -> None:
    words = started_by("D18", tmp_path, engines)[-1]
    assert "--network=none" in words
    assert "--gpus=all" in words


def test_a_copied_platform_equals_its_original(tmp_path: Path, engines: Path) -> None:
    import yaml

    started_by("K04", tmp_path, engines)
    platforms = yaml.safe_load((tmp_path / "home" / "mlcube.yaml").read_text())["platforms"]
    assert platforms["dcopy"] == platforms["docker"]


def test_log_levels_in_any_case(tmp_path: Path, engines: Path) -> None:
    prepare(case("K14"), tmp_path)
    assert run(case("K14"), case("K14")["runs"][0], tmp_path, engines)[0] == 0


def test_the_image_does_not_follow_the_workspace(tmp_path: Path, engines: Path) -> None:
    commands = started_by("L11", tmp_path, engines)
    assert [words[1] for words in commands] == ["run"]
    assert "{ROOT}/cube/workspace/.image/mnist.sif" in commands[0]


def test_ssh_configure_copies_the_whole_cube_with_the_key_inside_the_ssh_words(tmp_path: Path, engines: Path) -> None:
    commands = started_by("M01", tmp_path, engines)
    rsync = next(words for words in commands if words[0] == "rsync")
    assert "-a" in rsync
    assert rsync[rsync.index("-e") + 1].endswith("-i /keys/id")
    assert rsync[-2:] == ["{ROOT}/cube/", "bob@node1:/remote/cubes/cube/"]
    assert commands[-1][-1].endswith("cd /remote/cubes/cube && mlcube configure --mlcube=. --platform=docker")


def test_ssh_run_brings_results_back(tmp_path: Path, engines: Path) -> None:
    commands = started_by("M02", tmp_path, engines)
    assert [words[0] for words in commands] == ["ssh", "rsync"]
    assert commands[1][-2:] == ["bob@node1:/remote/cubes/cube/workspace/", "{ROOT}/cube/workspace/"]


def test_ssh_run_passes_on_overrides_and_values(tmp_path: Path, engines: Path) -> None:
    line = started_by("M04", tmp_path, engines)[0][-1]
    assert line.endswith("--task=download -Pdocker.image=z:1 data_dir=/x/y")
