"""Finding a tool: what is taken, what is searched, and what is said when nothing is there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from franca.hooks.compilers import asked_way, describe_compilers
from franca.hooks.given import anchor_search, from_user, use_given_file
from franca.hooks.tool import Tool

TOOL = Tool("saw", "CM_SAW_PATH", "CM_SAW_VERSION", r"saw (\d[\d.]*)", "saw-tools")


class Engine:
    """Stands for the engine's search; it keeps what it was asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.asked: dict[str, Any] = {}

    def find_artifact(self, i: dict[str, Any]) -> dict[str, Any]:
        self.asked = i
        return self.answer


def wish(env: dict[str, Any], answer: dict[str, Any], platform: str = "linux") -> dict[str, Any]:
    engine = Engine(answer)
    return {
        "env": env, "os_info": {"platform": platform}, "run_script_input": {}, "recursion_spaces": "",
        "automation": engine,
    }  # fmt: skip


def test_a_named_program_is_taken_without_a_search(tmp_path: Path) -> None:
    program = tmp_path / "saw"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    i = wish({"CM_SAW_PATH": str(program)}, {"return": 16})
    assert TOOL.find(i) == {"return": 0}
    assert i["automation"].asked == {}


@pytest.mark.parametrize("kind", ["absent", "folder", "plain file"])
def test_what_cannot_be_started_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "saw"
    if kind == "folder":
        path.mkdir()
    elif kind == "plain file":
        path.write_text("")
        path.chmod(0o644)
    found = TOOL.find(wish({"CM_SAW_PATH": str(path)}, {"return": 0}))
    assert found == {"return": 1, "error": f"CM_SAW_PATH: {path} is not an executable file"}


def test_the_search_starts_where_the_user_is() -> None:
    env = {"CM_TMP_CURRENT_PATH": "/where/the/user/is", "CM_TMP_PATH": os.pathsep.join(["a", "/b", ""])}
    i = wish(env, {"return": 0})
    assert TOOL.find(i) == {"return": 0}
    assert env["CM_TMP_PATH"] == os.pathsep.join(["/where/the/user/is/a", "/b"])
    assert i["automation"].asked["file_name"] == "saw"
    assert "extra_paths" not in i["automation"].asked


def test_windows_programs_end_in_exe() -> None:
    i = wish({}, {"return": 0}, platform="windows")
    TOOL.find(i)
    assert i["automation"].asked["file_name"] == "saw.exe"


def test_a_search_without_a_find_says_what_to_do() -> None:
    found = TOOL.find(wish({}, {"return": 16, "error": "engine's words"}))
    assert found["return"] == 16
    for part in ("saw was not found", "apt-get install saw-tools", "--input=/path/to/saw", "--path=/folder"):
        assert part in found["error"]


def test_other_failures_of_the_search_pass_through() -> None:
    failure = {"return": 1, "error": "disk on fire"}
    assert TOOL.find(wish({}, failure)) is failure


def test_another_program_under_that_name_is_refused() -> None:
    i = wish({"CM_SAW_PATH": "/usr/bin/saw"}, {})
    assert TOOL.chosen(i, {"return": 0, "version": -1}) == {"return": 1, "error": "/usr/bin/saw is not saw"}
    assert TOOL.chosen(i, {"return": 0, "version": "1.2"}) == {"return": 0, "version": "1.2"}
    assert i["env"]["CM_SAW_VERSION"] == "1.2"
    assert i["env"]["CM_GET_DEPENDENT_CACHED_PATH"] == "/usr/bin/saw"


def test_places_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.chdir(tmp_path)
    env = {"CM_TMP_CURRENT_PATH": "/u", "CM_INPUT": "x/../y", "FILE": "~/data.tar"}
    assert from_user(env, "z") == "/u/z"
    assert from_user({}, "z") == str(tmp_path / "z")
    anchor_search(env)
    assert env["CM_INPUT"] == "/u/y"
    use_given_file(env, "FILE")
    assert env["CM_DOWNLOAD_LOCAL_FILE_PATH"] == "/home/me/data.tar"
    other: dict[str, Any] = {}
    use_given_file(other, "FILE")
    assert other == {}


@pytest.mark.parametrize(
    ("asked", "way", "level"),
    [
        ({}, "DEFAULT", "-O2"),
        ({"CM_FAST_COMPILATION": "yes"}, "FAST", "-O3"),
        ({"CM_DEBUG_COMPILATION": "1"}, "DEBUG", "-O0"),
    ],
)
def test_compilers_export_the_flags_that_were_asked_for(asked: dict[str, Any], way: str, level: str) -> None:
    env = dict(asked)
    assert asked_way(env) == way
    describe_compilers(env, "GCC", "/opt/bin/gcc-12", "g++-12", "12.2.0")
    assert env["+ CFLAGS"] == env["+ LDFLAGS"] == [level]
    assert env["CM_CXX_COMPILER_WITH_PATH"] == "/opt/bin/g++-12"
    assert (env["CM_GCC_BIN"], env["CM_COMPILER_VERSION"]) == ("gcc-12", "12.2.0")
