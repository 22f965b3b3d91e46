"""``docker script``: what a dry run shows, and that nothing secret or hostile gets where it does not belong."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import UsageError
from franca.model.dialect import CLASSIC, NEW
from franca.publish.containers.dockerfile import dockerfile
from franca.publish.containers.inner import Inner
from franca.publish.containers.mounts import Places, mounted
from franca.publish.containers.settings import resolve

Run = Callable[..., tuple[int, str, str]]


def dry(store: Any, tags: str = "s", **inputs: Any) -> dict[str, Any]:
    request = {"action": "docker", "automation": "script", "tags": tags, "docker_dry_run": True, **inputs}
    new = bool(inputs.pop("new_dialect", False))
    request.pop("new_dialect", None)
    result: dict[str, Any] = store.cm(new=new).access(request)
    return result


def good(result: dict[str, Any]) -> dict[str, Any]:
    assert result["return"] == 0, result
    return result


def runs_of(text: str) -> list[str]:
    """The shell commands of a Dockerfile's RUN lines."""
    return [json.loads(line[4:])[2] for line in text.splitlines() if line.startswith("RUN ")]


# --- the regenerated command -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"tags": "a,b,_x"}, ["--tags=a,b,_x"]),
        ({"tags": ["a", "b"], "z": 1, "c": True, "n": False}, ["--tags=a,b", "--c", "--n-", "--z=1"]),
        ({"tags": "a", "adr": {"p": {"tags": "_x"}}}, ["--tags=a", "--adr.p.tags=_x"]),
        ({"tags": "a", "l": ["x", "y"]}, ["--tags=a", "--l,=x,y"]),
        ({"tags": "a", "docker_os": "debian", "docker_it": True, "out": "con", "quiet": True}, ["--tags=a"]),
        ({"tags": "a", "env": {"CM_TMP_X": "1", "CM_Y": "it's"}}, ["--tags=a", "--env.CM_Y=it's"]),
        ({"tags": "a", "env": {"CM_Y": "/h/CM/repos/local/cache/1/f", "CM_Z": "/CM/repos/x"}}, ["--tags=a"]),
        (
            {"tags": "a", "data": "/d", "env": {"CM_D": "/d"}},
            ["--tags=a", "--data=/cm-mount/d", "--env.CM_D=/cm-mount/d"],
        ),
        ({"artifact": "my-script", "tags": ""}, ["my-script"]),
    ],
)  # fmt: skip
def test_the_regenerated_command(inputs: dict[str, Any], words: list[str]) -> None:
    mounts = {"CM_D": "/cm-mount/d"} if "data" in inputs else {}
    line = Inner(inputs, CLASSIC, mounted=mounts, mapping={"data": "CM_D"}).line("--quiet")
    assert shlex.split(line) == ["cm", "run", "script", *words, "--quiet"]


def test_the_new_dialect_leaves_host_paths_and_placeholders_out() -> None:
    inputs = {"tags": "a", "input": "/i", "output": "/o", "outdirname": "/d", "env": {"MLC_A": "<<<B>>>", "MLC_C": "c"}}
    assert Inner(inputs, NEW).line() == "mlcr --tags=a --env.MLC_C=c"


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_value_arrives_as_it_is(text: str) -> None:
    words = shlex.split(Inner({"tags": "a", "word": text}, CLASSIC).line())
    assert words == ["cm", "run", "script", "--tags=a", f"--word={text}"]


def test_secrets_travel_in_the_environment() -> None:
    inner = Inner({"tags": "a", "gh_token": "g1", "env": {"MY_API_KEY": "k1"}, "const": {"DB_PASSWORD": "p1"}}, CLASSIC)
    line = inner.line()
    assert not re.search("g1|k1|p1", line)
    assert '--gh_token="$GH_TOKEN"' in line and '--env.MY_API_KEY="$MY_API_KEY"' in line
    assert inner.secrets == {"GH_TOKEN": "g1", "MY_API_KEY": "k1", "DB_PASSWORD": "p1"}


# --- mounts ---------------------------------------------------------------------------------------------------


PLACES = Places(CLASSIC, "cmuser", "/h/CM/repos/local/cache", "/work")


@pytest.mark.parametrize(
    ("wish", "mount", "env"),
    [
        ("${{ CM_D }}:${{ CM_D }}", "/data/x:/cm-mount/data/x:", {"CM_D": "/cm-mount/data/x"}),
        ("${{ CM_D }}", "/data/x:/cm-mount/data/x:", {"CM_D": "/cm-mount/data/x"}),
        ("${{CM_D}}:${{CM_D}}:ro", "/data/x:/cm-mount/data/x:ro", {"CM_D": "/cm-mount/data/x"}),
        (
            "${{ CM_F }}:${{ CM_F }}",
            "/h/CM/repos/local/cache/12ab:/home/cmuser/CM/repos/local/cache/12ab:",
            {"CM_F": "/home/cmuser/CM/repos/local/cache/12ab/sub/file"},
        ),
        ("${{ CM_R }}:${{ CM_R }}", "/work/here:/cm-mount/work/here:", {"CM_R": "/cm-mount/work/here"}),
        ("/etc/conf:/conf:ro", "/etc/conf:/conf:ro", {}),
        ("rel:/conf", "/work/rel:/conf:", {}),
        ("${{ CM_D }}/sub:/conf", "/data/x/sub:/conf:", {"CM_D": "/cm-mount/data/x"}),
    ],
)
def test_what_a_mount_means(wish: str, mount: str, env: dict[str, str]) -> None:
    values = {"CM_D": "/data/x", "CM_F": "/h/CM/repos/local/cache/12ab/sub/file", "CM_R": "here"}
    found = mounted([wish], values, PLACES, files=[], folders=[])
    assert [f"{m.source}:{m.target}:{m.mode}" for m in found.mounts] == [mount]
    assert found.env == env


def test_an_unknown_variable_drops_its_mount() -> None:
    found = mounted(["${{ CM_NONE }}:${{ CM_NONE }}"], {}, PLACES, files=[], folders=[])
    assert (found.mounts, found.env, found.unknown) == ((), {}, ("CM_NONE",))


def test_the_folder_around_a_file_is_mounted() -> None:
    places = Places(NEW, "mlcuser", "/h/cache", "/work")
    found = mounted([], {"MLC_F": "/d/e/file.txt"}, places, files=["MLC_F"], folders=[])
    assert [m.source for m in found.mounts] == ["/d/e"]
    assert found.env == {"MLC_F": "/mlc-mount/d/e/file.txt"}


@pytest.mark.parametrize("wish", ["a:b:c:d", ":/x", "${{ CM_COLON }}:/x"])
def test_a_mount_that_no_engine_understands_is_refused(wish: str) -> None:
    with pytest.raises(UsageError, match="mounts:"):
        mounted([wish], {"CM_COLON": "/a:b"}, PLACES, files=[], folders=[])


# --- the Dockerfile -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inputs",
    [
        {"docker_base_image": "ubuntu\nRUN rm -rf /"},
        {"docker_base_image": "ubuntu AS x"},
        {"docker_user": "root; rm"},
        {"docker_extra_sys_deps": "vim;reboot"},
        {"docker_dockerfile_env": {"A B": "1"}},
        {"docker_dockerfile_env": {"A": "1\nRUN x"}},
        {"docker_copy_files": "a b c"},
        {"docker_os": "plan9"},
    ],
)
def test_what_has_no_place_in_a_dockerfile_is_refused(inputs: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="docker_"):
        dockerfile(resolve({}, inputs, CLASSIC, "s"), commands=[])


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_command_stays_one_instruction(command: str) -> None:
    text = dockerfile(resolve({}, {}, CLASSIC, "s"), commands=[command])
    assert runs_of(text)[-1] == command


# --- whole requests -------------------------------------------------------------------------------------------

META = {
    "input_mapping": {"data": "CM_DATA"},
    "variations": {"gpu": {"docker": {"all_gpus": "yes", "shm_size": "8gb"}}},
    "docker": {"mounts": ["${{ CM_DATA }}:${{ CM_DATA }}"], "os": "debian", "os_version": "12", "port_maps": ["80:80"]},
}


def test_a_whole_dry_run(store: Any) -> None:
    store.script(store.repo("r"), "s", META, run_sh="ls $CM_DATA\n")
    result = good(dry(store, "s,_gpu", data="/d/e", docker_extra_run_args="--label 'a b'"))
    assert result["mounts"] == ["/d/e:/cm-mount/d/e"]
    assert result["inner_command"] == (
        "cm run script --tags=s,_gpu --data=/cm-mount/d/e --env.CM_DATA=/cm-mount/d/e --quiet --docker_run_deps"
    )
    words = result["run_command"]
    assert words[:2] == ["docker", "run"]
    assert words[-3:] == ["/bin/bash", "-c", result["inner_command"]]
    assert {"--gpus=all", "--shm-size=8gb", "--publish=80:80", "--rm"} <= set(words)
    assert words[words.index("--label") + 1] == "a b"
    assert words[words.index("--volume") + 1] == "/d/e:/cm-mount/d/e"
    assert "FROM debian:12\n" in result["dockerfile"]
    assert 'ENV CM_RUN_STATE_DOCKER="True"' in result["dockerfile"]
    assert runs_of(result["dockerfile"])[-1] == "cm run script --tags=s,_gpu --fake_run --quiet"
    assert not os.path.exists(result["dockerfile_path"]), "a dry run writes nothing"


def test_the_new_dialect(store: Any) -> None:
    store.script(store.repo("r", new=True), "s", {"docker": {"user": "me", "real_run": True}}, run_sh="true\n")
    result = good(dry(store, new_dialect=True, output="/out"))
    assert result["mounts"] == ["/out:/mlc-mount/out"]
    assert result["inner_command"] == "mlcr --tags=s --env.MLC_OUTPUT=/mlc-mount/out --quiet --docker_run_deps"
    assert "USER me\n" in result["dockerfile"]
    assert runs_of(result["dockerfile"])[-1] == "mlcr --tags=s --quiet"


def test_no_secret_is_on_any_command_line_or_in_the_image(store: Any) -> None:
    store.environ |= {"GH_TOKEN": "sesame-env", "https_proxy": "http://me:sesame-proxy@proxy:3128"}
    store.script(store.repo("r"), "s", {}, run_sh="true\n")
    result = good(dry(store, env={"HF_TOKEN": "sesame-1"}, gh_token="sesame-2"))
    assert "sesame" not in json.dumps(result)
    words = result["run_command"]
    passed = {words[n + 1] for n, word in enumerate(words) if word == "-e"}
    assert passed == {"GH_TOKEN", "HF_TOKEN", "https_proxy"}
    assert "--build-arg=https_proxy" in result["build_commands"][0]


def test_a_pulled_repository_is_pulled_again_inside_and_another_script_is_copied(store: Any) -> None:
    store.script(store.repo("owner@name", git=True), "s", {}, run_sh="true\n")
    store.script(store.repo("mine"), "t", {}, run_sh="true\n")
    assert "cm pull repo owner@name" in runs_of(good(dry(store, "s"))["dockerfile"])
    own = good(dry(store, "t"))["dockerfile"]
    assert 'COPY --chown=cmuser ["script", "/home/cmuser/CM/repos/local/script/t"]' in own
    assert "pull repo" not in own


def test_variables_of_dependencies_on_the_host_that_are_cached_are_known(store: Any) -> None:
    repo = store.repo("r")
    made = {"cache": True, "new_env_keys": ["CM_MODEL"]}
    store.script(repo, "model", made, run_sh='echo m > model.bin; echo "CM_MODEL=$PWD/model.bin" > tmp-run-env.out\n')
    store.script(repo, "s", {"docker": {"deps": [{"tags": "model"}], "mounts": ["${{ CM_MODEL }}:${{ CM_MODEL }}"]}})
    assert good(dry(store))["mounts"] == []
    env = store.cm().access({"action": "run", "automation": "script", "tags": "model"})["new_env"]
    entry = os.path.dirname(env["CM_MODEL"])
    result = good(dry(store))
    inside = "/home/cmuser/CM/repos/local/cache/" + os.path.basename(entry)
    assert result["mounts"] == [f"{entry}:{inside}"]
    assert f"--env.CM_MODEL={inside}/model.bin" in result["inner_command"]


def test_a_script_that_is_not_for_containers_says_so(store: Any, run_cm: Run) -> None:
    store.script(store.repo("r"), "s", {"docker": {"run": False}}, run_sh="true\n")
    status, out, err = run_cm("docker", "script", "s", "--docker_dry_run")
    assert (status, out, "not for containers" in err) == (0, "", True)
    assert "docker run" in run_cm("docker", "script", "s", "--docker_dry_run", "--docker_run_override")[1]


def test_no_engine_is_one_clear_sentence(store: Any, run_cm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    store.script(store.repo("r"), "s", {}, run_sh="true\n")
    monkeypatch.setenv("PATH", "/nowhere")
    status, out, err = run_cm("docker", "script", "s")
    assert (status, out) == (1, "")
    assert "docker is not installed" in err and "--docker_dry_run" in err


def test_the_commands_run_as_printed(store: Any, run_cm: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a program in the place of the engine that writes down what it was called with."""
    store.script(store.repo("r"), "s", {}, run_sh="true\n")
    engine = tmp_path / "bin" / "docker"
    engine.parent.mkdir()
    engine.write_text(
        '#!/bin/sh\nprintf "%s\\0" "$TOP_SECRET" "$@" >> "$CALLS"; printf "\\n" >> "$CALLS"\n[ "$1" != inspect ]\n'
    )
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{engine.parent}:/usr/bin:/bin")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    words = ("docker", "script", "s", "--word=it's", "--env.TOP_SECRET=sesame")
    shown = run_cm(*words, "--docker_dry_run")[1].splitlines()
    assert run_cm(*words)[0] == 0
    calls = [line.split("\0")[:-1] for line in (tmp_path / "calls").read_text().splitlines()]
    assert [["docker", *call[1:]] for call in calls[1:]] == [
        shlex.split(shown[-2].partition(" || ")[2]),
        shlex.split(shown[-1]),
    ]
    assert calls[-1][0] == "sesame" and "sesame" not in "\n".join(shown)
    written = Path(calls[1][calls[1].index("-f") + 1])
    assert written.read_text() in "\n".join(shown)
    assert (written.parent.parent / "context" / "script" / "run.sh").is_file()


def test_dockerfile_writes_the_file_and_nothing_else(store: Any, run_cm: Run, tmp_path: Path) -> None:
    store.script(store.repo("r"), "s", {}, run_sh="true\n")
    status, out, _ = run_cm("dockerfile", "script", "s", f"--docker_path={tmp_path}/d")
    assert (status, out.strip()) == (0, f"{tmp_path}/d/dockerfiles/ubuntu_22.04.Dockerfile")
    assert Path(out.strip()).read_text().startswith("# Generated")
