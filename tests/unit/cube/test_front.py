"""Facts of the ``mlcube`` command line that no recorded case has (MLCube spec, sections 3, 7 and 10 to 14)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from franca.compat.mlcube_front import COMMANDS, main

CUBE = """docker: {image: a:1}
native: {entrypoint: x}
tasks:
  a: {entrypoint: null, parameters: {outputs: {o: out/}}}
  b: {parameters: {inputs: {i: in/}}}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("MLCUBE_SYSTEM_SETTINGS", "FRANCA_CACHE", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlcube.yaml.settings").write_text("platforms: {}\n")
    monkeypatch.setenv("MLCUBE_SYSTEM_SETTINGS", str(tmp_path / "mlcube.yaml.settings"))
    (tmp_path / "mlcube.yaml").write_text(CUBE)
    return tmp_path


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main(["run", "--dry-run", *words]) == 0
    return capsys.readouterr().out


def test_without_a_command_there_is_help_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    text = capsys.readouterr().out
    assert main(["-h"]) == main(["--help"]) == 0
    assert capsys.readouterr().out == text * 2
    assert all(f"  {name} " in text for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_every_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in COMMANDS[command][1])


@pytest.mark.parametrize(("words", "status"), [
    (["--log_level=info", "describe"], 0), (["--log-level", "debug", "describe"], 0), (["--log-level=loud", "x"], 2),
    (["describe", "--nothing"], 2), (["run", "--mount=rx"], 2), (["run", "--task"], 2), (["nothing"], 2),
])  # fmt: skip
def test_spellings_and_usage_errors(
    home: Path, words: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == status
    assert ("Error: " in capsys.readouterr().err) == (status == 2)


def test_a_cube_without_name_and_version_is_described(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe"]) == 0
    text = capsys.readouterr().out
    assert "  name = unnamed:latest\n" in text
    assert "    name = a, outputs = ['o']\n    name = b, inputs = ['i']\n" in text


def test_the_last_task_option_counts(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = planned(capsys, "--task=a", "--task=b,a,b")
    assert [line for line in text.splitlines() if line.startswith("#")] == ["# task b", "# task a", "# task b"]


def test_a_workspace_in_the_home_directory(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"--volume {home}/w/out:/mlcube_io0 a:1 a --o=/mlcube_io0" in planned(capsys, "--task=a", "--workspace=~/w")


def test_an_entry_point_of_null_is_the_images_and_lint_says_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--entrypoint" not in planned(capsys, "--task=a")
    assert main(["validate"]) == 0
    assert "warning: " in (text := capsys.readouterr().out)
    assert "mlcube.yaml:4:7 (key 'tasks.a.entrypoint')" in text


@pytest.mark.parametrize("engine", ["nvidia-docker", "sudo docker", "podman --log-level=error"])
def test_the_engine_may_be_several_words(home: Path, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"\n{engine} run " in planned(capsys, "--task=a", f"-Pdocker.docker={engine}")


def test_settings_take_both_spellings_and_say_where_they_are(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = f"System settings file path = {home}/mlcube.yaml.settings\n"
    edits = (
        ["--create_platform", "docker", "p1"], ["--create-platform=docker", "p2"], ["--copy_platform", "p1", "p3"],
        ["--rename-platform", "p3", "p4"], ["--remove_platform=p1"], ["--get=platforms.p4.runner"],
    )  # fmt: skip
    for words in edits:
        assert main(["config", *words]) == 0
        text = capsys.readouterr().out
        assert text.startswith(first)
    assert text == first + "docker\n"
    platforms = yaml.safe_load((home / "mlcube.yaml.settings").read_text())["platforms"]
    assert {name for name in platforms if name[0] == "p" and name[1:].isdigit()} == {"p2", "p4"}


def test_inspect_writes_the_format_that_was_asked_for(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["inspect", "--platform=native"])
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["hash"]) == len(shown["mlcube_yaml_sha256"]) == 64
    assert main(["inspect", "--platform=native", "--format=yaml", "--output_file=workspace/i.yaml"]) == 0
    assert yaml.safe_load((home / "workspace/i.yaml").read_text())["mlcube_yaml_sha256"] == shown["mlcube_yaml_sha256"]


def test_a_job_has_the_published_fields(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = planned(capsys, "--task=b", "--platform=k8s", "-Prunner.pvc=claim")
    job = json.loads(text.split("<<'FRANCA_END'\n")[1].split("FRANCA_END")[0])
    pod = job["spec"]["template"]["spec"]
    assert (job["apiVersion"], job["kind"], job["spec"]["backoffLimit"]) == ("batch/v1", "Job", 4)
    assert job["spec"]["template"]["metadata"]["labels"] == {"app": "mlcube", "app-name": "unnamed"}
    assert pod["restartPolicy"] == "Never"
    assert pod["containers"][0]["args"] == ["b", "--i=/mnt/mlcube/claim/in"]
    assert pod["volumes"] == [{"name": "claim", "persistentVolumeClaim": {"claimName": "claim"}}]


@pytest.mark.parametrize("key", ["identify_file", "identity_file"])
def test_both_spellings_of_the_key_file(home: Path, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    ssh = ("-Pssh.host=n1", "-Pssh.remote_root=/r", f"-Pssh.authentication.{key}=/k")
    assert "ssh -o StrictHostKeyChecking=no -i /k n1 " in planned(capsys, "--task=a", "--platform=ssh", *ssh)


@pytest.mark.parametrize("missing", ["host", "remote_root"])
def test_ssh_needs_to_know_where(home: Path, missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = {"host": "n1", "remote_root": "/r"}
    words = [f"-Pssh.{key}={'' if key == missing else value}" for key, value in given.items()]
    assert main(["run", "--task=a", "--platform=ssh", *words]) == 1
    assert missing in capsys.readouterr().err


def test_what_is_asked_of_a_run_is_asked_over_there_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ssh = ("--platform=ssh", "-Pssh.host=n1", "-Pssh.remote_root=/r")
    words = ("--strict", "--isolate", "--network=none", "-Pdocker.image=b:1", "i=/x y")
    (home / "mlcube.yaml").write_text(CUBE.replace("in/", "/"))
    line = next(line for line in planned(capsys, "--task=b", *ssh, *words).splitlines() if "mlcube run" in line)
    for word in ("--task=b", "--strict", "--isolate", "--network=none", "-Pdocker.image=b:1", "i=/x y"):
        assert word in line
