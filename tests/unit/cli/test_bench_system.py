"""`franca bench system` prints what a tree would hold of this machine, and runs nothing."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest

from franca.cli.main import main
from franca.mlperf.submission.fields import POWER, REQUIRED, REQUIRED_LATER


def asked(capsys, *words: str) -> dict[str, dict[str, str]]:
    assert main(["bench", "system", "--json", *words]) == 0
    found: dict[str, dict[str, str]] = json.loads(capsys.readouterr().out)
    return found


def test_every_field_of_a_tree_is_there_with_its_source(capsys) -> None:
    found = asked(capsys, "--hw-name=mybox", "--submitter=Acme", "--category=datacenter")
    fields = found["system"]
    assert set(REQUIRED) | set(REQUIRED_LATER) == set(fields) == set(found["sources"])
    assert (fields["system_name"], fields["submitter"]) == ("mybox (auto detected)", "Acme")
    assert (fields["system_type"], fields["accelerators_per_node"]) == ("datacenter", "0")
    assert platform.python_version() in fields["other_software_stack"]
    assert set(found["sources"].values()) <= {"detected", "default", "user"}


def test_power_and_network_bring_their_fields(capsys) -> None:
    found = asked(capsys, "--power", "--division=network")
    assert {*POWER, "system_power_only", "is_network"} <= set(found["system"])


def test_what_the_user_has_written_is_in_it(capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mlperf-results/hardware").mkdir(parents=True)
    Path("mlperf-results/hardware/mybox.json").write_text('{"cooling": "water", "status": "rdi"}', "utf-8")
    Path("more.json").write_text('{"status": "preview"}', "utf-8")
    found = asked(capsys, "--hw-name=mybox", "--system-file=more.json")
    assert (found["system"]["cooling"], found["system"]["status"]) == ("water", "preview")
    assert found["sources"]["cooling"] == "user"


def test_a_gpu_that_no_tool_tells_of_is_undefined_and_said(capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert asked(capsys, "--device=cuda")["undefined"][:2] == ["accelerator_model_name", "accelerators_per_node"]
    assert main(["bench", "system", "--device=cuda"]) == 0
    said = capsys.readouterr()
    text = said.out + said.err
    assert "the closed and network divisions need a value for accelerator_model_name, accelerators_per_node" in text


@pytest.mark.parametrize(
    ("word", "named"), [("linux", "'linux'"), ("--device=tpu", "tpu"), ("--colour=red", "--colour")]
)
def test_what_means_nothing_is_refused(capsys, word, named) -> None:
    assert main(["bench", "system", word]) == 1
    assert named in capsys.readouterr().err
