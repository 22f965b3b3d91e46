"""``docker script``: what a dry run shows, and that nothing secret or hostile gets where it does not belong."""

from __future__ import annotations

import json
import os
import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import franca
from franca.catalog.files import parse_yaml
from franca.errors import UsageError
from franca.grammar.argv import CM, MLC, Grammar, parse
from franca.model.dialect import CLASSIC, NEW
from franca.publish.containers.definition import definition
from franca.publish.containers.dockerfile import dockerfile
from franca.publish.containers.image import copied_files
from franca.publish.containers.inner import HOST_PLACES, Inner
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


def test_the_new_dialect_leaves_host_paths_and_placeholders_out_of_containers() -> None:
    inputs = {"tags": "a", "input": "/i", "output": "/o", "outdirname": "/d", "env": {"MLC_A": "<<<B>>>", "MLC_C": "c"}}
    assert Inner(inputs, NEW, leave_out=HOST_PLACES).line() == "mlcr --tags=a --env.MLC_C=c"
    assert Inner(inputs, NEW).line() == "mlcr --tags=a --env.MLC_C=c --input=/i --outdirname=/d --output=/o"


@pytest.mark.parametrize(
    ("action", "new", "classic", "kept"),
    [
        ("run", "mlcr", "run", []),
        ("docker", "mlcd", "docker", ["--docker_os=rhel"]),
        ("apptainer", "mlca", "apptainer", ["--apptainer_nv", "--docker_os=rhel"]),
        ("experiment", "mlce", "experiment", ["--exp.word,=1,2", "--exp_tags=t"]),
        ("slurm-run", "mlcsr", "slurm-run", ["--slurm_mem=1"]),
        ("slurm-docker", "mlcsd", "slurm-docker", ["--docker_os=rhel", "--slurm_mem=1"]),
    ],
)
def test_another_action_keeps_the_inputs_that_are_meant_for_it(
    action: str, new: str, classic: str, kept: list[str]
) -> None:
    inputs = {
        "tags": "a", "docker_os": "rhel", "apptainer_nv": True, "slurm_mem": 1, "remote_host": "h",
        "exp": {"word": ["1", "2"]}, "exp_tags": "t",
    }  # fmt: skip
    assert shlex.split(Inner(inputs, NEW, action=action).line()) == [new, "--tags=a", *kept]
    assert shlex.split(Inner(inputs, CLASSIC, action=action).line()) == ["cm", classic, "script", "--tags=a", *kept]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_value_arrives_as_it_is(text: str) -> None:
    words = shlex.split(Inner({"tags": "a", "word": text}, CLASSIC).line())
    assert words == ["cm", "run", "script", "--tags=a", f"--word={text}"]


def test_secrets_travel_in_the_environment_with_the_group_that_they_stand_in() -> None:
    groups = {"gh_token": "g1", "env": {"MY_API_KEY": "k1", "PLAIN": "x"}, "const": {"DB_PASSWORD": "p1"}}
    inner = Inner({"tags": "a", "word": "w", **groups}, CLASSIC)
    assert inner.line() == 'cm run script --tags=a --word=w @<(printf %s "$FRANCA_SECRET_INPUTS")'
    assert inner.secrets.keys() == {"FRANCA_SECRET_INPUTS"}
    assert json.loads(inner.secrets["FRANCA_SECRET_INPUTS"]) == groups
    assert Inner({"hf_token": "h"}, NEW).line() == 'mlcr --mlc_input_file=<(printf %s "$FRANCA_SECRET_INPUTS")'
    assert not Inner({"token": True, "env": {"A_TOKEN": ""}}, CLASSIC).secrets


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_secret_can_be_read_back(text: str) -> None:
    document = Inner({"env": {"MY_TOKEN": text}}, CLASSIC).secrets["FRANCA_SECRET_INPUTS"]
    assert parse_yaml(document, "pipe") == {"env": {"MY_TOKEN": text}}


@pytest.mark.parametrize(("grammar", "word"), [(CM, "@/dev/fd/63"), (MLC, "--mlc_input_file=/dev/fd/63")])
def test_inputs_can_come_through_a_pipe_of_the_shell(grammar: Grammar, word: str) -> None:
    found = parse(["run", "script", word], {"/dev/fd/63": {"env": {"A": "b"}}}.__getitem__, grammar=grammar)
    assert found.options["env"] == {"A": "b"}


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
        settings = resolve({}, inputs, CLASSIC, "s")
        copied_files(settings)
        dockerfile(settings, commands=[])


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
    assert passed == {"GH_TOKEN", "FRANCA_SECRET_INPUTS", "https_proxy", "HOME=/home/cmuser"}
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
        '#!/bin/sh\nprintf "%s\\0" "$FRANCA_SECRET_INPUTS" "$@" >> "$CALLS"; printf "\\n" >> "$CALLS"\n'
        '[ "$1" != inspect ]\n'
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
    assert json.loads(calls[-1][0]) == {"env": {"TOP_SECRET": "sesame"}} and "sesame" not in "\n".join(shown)
    written = Path(calls[1][calls[1].index("-f") + 1])
    assert written.read_text() in "\n".join(shown)
    assert (written.parent.parent / "context" / "script" / "run.sh").is_file()
    assert zipfile.is_zipfile(written.parent.parent / "context" / f"franca-{franca.__version__}-py3-none-any.whl")


def test_dockerfile_writes_the_file_and_nothing_else(store: Any, run_cm: Run, tmp_path: Path) -> None:
    store.script(store.repo("r"), "s", {}, run_sh="true\n")
    status, out, _ = run_cm("dockerfile", "script", "s", f"--docker_path={tmp_path}/d")
    assert (status, out.strip()) == (0, f"{tmp_path}/d/dockerfiles/ubuntu_22.04.Dockerfile")
    assert Path(out.strip()).read_text().startswith("# Generated")


def test_a_copied_file_is_the_script_s_own_or_one_here_and_must_be_there(store: Any) -> None:
    path = store.script(store.repo("r"), "s", {"docker": {"copy_files": ["own.txt:/a"]}}, own_txt="x")
    own = good(dry(store))["dockerfile"]
    assert 'COPY --chown=cmuser ["0-own.txt", "/a"]' in own
    Path("here.txt").write_text("y")
    assert '["0-here.txt", "/b"]' in good(dry(store, docker_copy_files="here.txt:/b"))["dockerfile"]
    (path / "own.txt").unlink()
    missing = dry(store)
    assert (missing["return"], "there is no own.txt" in missing["error"]) == (1, True)


def test_what_the_script_may_call_for_comes_along_from_its_repository(store: Any) -> None:
    repo = store.repo("mine")
    meta = {"deps": [{"tags": "tool"}, {"tags": "seldom", "enable_if_env": {"CM_X": ["yes"]}}]}
    for name, block in (("s", meta), ("tool", {}), ("seldom", {}), ("other", {})):
        store.script(repo, name, block, run_sh="true\n")
    text = good(dry(store))["dockerfile"]
    home = "/home/cmuser/CM/repos/local/script"
    copies = [
        json.loads(line.split(" ", 2)[2]) for line in text.splitlines() if line.startswith("COPY") and home in line
    ]
    assert copies == [["script", f"{home}/s"], ["script-seldom", f"{home}/seldom"], ["script-tool", f"{home}/tool"]]


def test_a_wheel_of_this_machine_is_copied_and_installed(store: Any) -> None:
    store.script(store.repo("r"), "s", {}, run_sh="true\n")
    own = good(dry(store))["dockerfile"]
    name = f"franca-{franca.__version__}-py3-none-any.whl"
    assert f'["{name}", "/opt/wheels/{name}"]' in own and f"pip install --no-cache-dir /opt/wheels/{name}" in own
    text = good(dry(store, docker_package="sub/franca-9-py3-none-any.whl extra==1"))["dockerfile"]
    assert '["franca-9-py3-none-any.whl", "/opt/wheels/franca-9-py3-none-any.whl"]' in text
    assert "pip install --no-cache-dir /opt/wheels/franca-9-py3-none-any.whl extra==1" in "\n".join(runs_of(text))


def test_the_caller_s_numbers_are_those_of_the_container_unless_its_account_is_root(store: Any) -> None:
    store.script(store.repo("r"), "s", {}, run_sh="true\n")
    numbers = f"--user={os.getuid()}:{os.getgid()}"
    assert numbers in good(dry(store))["run_command"]
    assert numbers not in good(dry(store, docker_user="root"))["run_command"]
    assert numbers not in good(dry(store, docker_use_host_user_id="no"))["run_command"]


def test_a_configuration_gives_inputs(store: Any) -> None:
    repo = store.repo("r")
    store.script(repo, "s", {}, run_sh="true\n")
    store.cm().access({"action": "add", "automation": "cfg,88dce9c160324c5d", "artifact": "r:mine",
                       "tags": "basic,docker,configurations",
                       "meta": {"input": {"docker_os": "fedora"}}})  # fmt: skip
    assert "FROM fedora:41\n" in good(dry(store, docker_cfg="mine"))["dockerfile"]
    assert "FROM fedora:41\n" in good(dry(store, docker_cfg="yes"))["dockerfile"]
    missing = dry(store, docker_cfg="other")
    assert missing["return"] > 0 and "no configuration of containers other" in missing["error"]


def test_a_script_that_makes_its_container_itself_is_just_run(store: Any) -> None:
    seen = 'printf %s "$CM_DOCKER" > seen.txt\n'
    meta = {"input_mapping": {"docker": "CM_DOCKER"}, "docker": {"pass_docker_to_script": True}}
    store.script(store.repo("r"), "s", meta, run_sh=seen)
    assert dry(store)["return"] == 0
    assert Path("seen.txt").read_text() == "True"


# --- Apptainer ------------------------------------------------------------------------------------------------


def apptainer(store: Any, tags: str = "s", **inputs: Any) -> dict[str, Any]:
    request = {"action": "apptainer", "automation": "script", "tags": tags, "apptainer_dry_run": True, **inputs}
    return good(store.cm().access(request))


def test_apptainer_has_inputs_and_a_block_of_its_own_before_those_of_docker(store: Any) -> None:
    meta = {
        "docker": {"os": "debian", "os_version": "11", "mounts": ["/etc/conf:/conf:ro"]},
        "apptainer": {"os_version": "12"},
        "variations": {"rh": {"apptainer": {"os": "rhel", "os_version": "9"}}},
    }
    store.script(store.repo("r"), "s", meta, run_sh="true\n")
    result = apptainer(store)
    assert result["dockerfile"].splitlines()[1:3] == ["Bootstrap: docker", "From: debian:12"]
    words = result["run_command"]
    assert words[words.index("--bind") + 1] == "/etc/conf:/conf:ro"
    assert words[-3:] == ["/bin/bash", "-c", result["inner_command"]]
    assert "From: registry.access.redhat.com/ubi9:9" in apptainer(store, "s,_rh")["dockerfile"]
    assert "From: ubuntu:20.04" in apptainer(store, docker_os="ubuntu", apptainer_os_version="20.04")["dockerfile"]


def test_a_secret_is_handed_to_apptainer_by_its_environment(store: Any) -> None:
    store.script(store.repo("r"), "s", {}, run_sh="true\n")
    result = apptainer(store, env={"MY_TOKEN": "sesame"})
    assert "sesame" not in json.dumps(result)
    assert '@<(printf %s "$FRANCA_SECRET_INPUTS")' in result["inner_command"]


def test_apptainer_starts_with_the_secrets_and_tokens_that_the_container_is_to_have(
    store: Any, run_cm: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.script(store.repo("r"), "s", {}, run_sh="true\n")
    engine = tmp_path / "bin" / "apptainer"
    engine.parent.mkdir()
    engine.write_text('#!/bin/sh\n[ "$1" = build ] || env > "$SEEN"; printf "%s " "$@" >> "$SEEN.words"\n')
    engine.chmod(0o755)
    for key, value in (
        ("PATH", f"{engine.parent}:/usr/bin:/bin"),
        ("SEEN", f"{tmp_path}/seen"),
        ("HF_TOKEN", "sesame2"),
    ):
        monkeypatch.setenv(key, value)
    status, _, err = run_cm("apptainer", "script", "s", "--env.MY_TOKEN=sesame")
    assert status == 0, err
    seen = (tmp_path / "seen").read_text()
    assert 'APPTAINERENV_FRANCA_SECRET_INPUTS={"env": {"MY_TOKEN": "sesame"}}' in seen
    assert "APPTAINERENV_HF_TOKEN=sesame2" in seen
    assert "sesame" not in (tmp_path / "seen.words").read_text()


@pytest.mark.parametrize(
    "given",
    [
        {"docker_base_image": "ubuntu\n%post\nreboot"},
        {"docker_base_image": "/a b"},
        {"docker_user": "root; rm"},
        {"docker_dockerfile_env": {"A": "1\n%post"}},
    ],
)
def test_what_has_no_place_in_a_definition_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        definition(resolve({}, given, CLASSIC, "s"), commands=[])


@pytest.mark.parametrize(("command", "copy"), [("a\nb", "x"), ("%post", "x"), ("a", "x y"), ("a", "x\n%post")])
def test_lines_and_paths_that_would_end_a_section_are_refused(command: str, copy: str) -> None:
    with pytest.raises(UsageError, match="no place"):
        definition(resolve({}, {}, CLASSIC, "s"), commands=[command], copies=[(copy, "/t")])
