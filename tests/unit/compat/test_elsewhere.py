"""``remote-run`` and ``slurm-run``: the command lines, and that they run as they are shown."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from franca.errors import UsageError
from franca.model.dialect import CLASSIC, NEW
from franca.publish.containers.elsewhere import remote_run, slurm_run
from franca.runners.words import Facts

Run = Callable[..., tuple[int, str, str]]
FACTS = Facts({}, 1000, 1000)


def test_a_job_step_has_the_options_of_the_same_names() -> None:
    inputs = {
        "tags": "a,_b", "word": "it's", "slurm_partition": "p", "slurm_cpus_per_task": 4, "slurm_exclusive": True,
        "slurm_pre_run_cmds": ["module load x"], "slurm_python_venv": "venv", "slurm_srun_extra_args": "--mpi none",
    }  # fmt: skip
    (step,) = slurm_run(inputs, NEW, FACTS).commands
    assert step.words[:-3] == (
        "srun", "--partition=p", "--nodes=1", "--ntasks=1", "--cpus-per-task=4", "--export=ALL", "--exclusive",
        "--mpi", "none",
    )  # fmt: skip
    assert step.words[-3:-1] == ("bash", "-c")
    parts = step.words[-1].split(" && ")
    assert parts[:2] == [". venv/bin/activate", "module load x"]
    assert shlex.split(parts[2]) == ["mlcr", "--tags=a,_b", "--word=it's", "--quiet"]


def test_a_remote_run_copies_runs_and_brings_back() -> None:
    inputs = {
        "tags": "a", "remote_host": "h", "remote_user": "u", "remote_port": 2222, "remote_env": {"A": "a b"},
        "remote_files_to_copy": ["x.txt"], "files_to_copy_back": ["out.txt"], "remote_pull_mlc_repos": "o@n",
    }  # fmt: skip
    make, copy, run, back = remote_run(inputs, CLASSIC, FACTS).commands
    options = ("-o", "BatchMode=yes", "-o", "Port=2222")
    assert make.words == ("ssh", *options, "u@h", "mkdir", "-p", "--", "mlc-remote-artifacts")
    assert copy.words == ("scp", "-r", *options, "--", "x.txt", "u@h:mlc-remote-artifacts/")
    assert run.words == ("ssh", *options, "u@h", "bash", "-s")
    assert run.stdin == "export A='a b'\ncm pull repo o@n && cm run script --tags=a --quiet\n"
    assert back.words == ("scp", "-r", *options, "--", "u@h:out.txt", ".")


@pytest.mark.parametrize(
    "inputs",
    [
        {"remote_password": "x"},
        {"remote_host": "-oProxyCommand=reboot"},
        {"remote_user": "-l"},
        {"remote_port": "22;reboot"},
        {"remote_env": {"A B": "1"}},
        {"remote_no_internet": True, "remote_mlcflow_upgrade": True},
    ],
)
def test_what_is_refused(inputs: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="remote_"):
        remote_run({"tags": "a", **inputs}, CLASSIC, FACTS)


TOOL = """#!/bin/sh
printf '%s\\n' "$0 $*" >> "$CALLS"
[ "${0##*/}" = ssh ] && exec bash -s
while [ "$1" != bash ]; do shift; done
exec "$@"
"""


@pytest.fixture
def cluster(store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``ssh`` and ``srun`` that stay on this machine and write down how they were called; ``cm`` that tells."""
    tools = tmp_path / "bin"
    tools.mkdir()
    told = '#!/bin/sh\nprintf "%s\\0" "$MY_TOKEN" "$@" > "$TOLD"\n'
    for name, text in (("ssh", TOOL), ("srun", TOOL), ("cm", told)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    return tmp_path


@pytest.mark.parametrize("where", ["remote", "slurm"])
def test_the_request_arrives_and_its_secrets_are_nowhere_to_be_read(where: str, cluster: Path, run_cm: Run) -> None:
    words = (f"{where}-run", "script", "a,_b", "--word=two words", "--env.MY_TOKEN=sesame")
    assert "sesame" not in run_cm(*words, f"--{where}_dry_run")[1]
    status, _, err = run_cm(*words)
    assert status == 0, err
    token, *told = (cluster / "told").read_text().split("\0")[:-1]
    assert told == ["run", "script", "--tags=a,_b", "--env.MY_TOKEN=sesame", "--word=two words", "--quiet"]
    assert token == "sesame"
    assert "sesame" not in (cluster / "calls").read_text()


@pytest.mark.parametrize(("where", "tool"), [("remote", "ssh"), ("slurm", "srun")])
def test_a_missing_tool_is_one_clear_sentence(
    where: str, tool: str, run_cm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    status, out, err = run_cm(f"{where}-run", "script", "a,_b")
    assert (status, out) == (1, "")
    assert f"{tool} is not installed" in err


def test_a_failure_there_is_a_failure_here(cluster: Path, run_cm: Run) -> None:
    (cluster / "bin" / "cm").write_text("#!/bin/sh\nexit 3\n")
    status, _, err = run_cm("slurm-run", "script", "a")
    assert (status, "srun ended with status 3" in err) == (1, True), json.dumps(err)
