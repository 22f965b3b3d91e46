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
    ssh = ("ssh", "-o", "BatchMode=yes", "-p", "2222")
    rsync = ("rsync", "-a", "-s", "-e", " ".join(ssh))
    assert make.words == (*ssh, "u@h", "mkdir -p -- mlc-remote-artifacts")
    assert copy.words == (*rsync, "x.txt", "u@h:mlc-remote-artifacts/")
    assert run.words == (*ssh, "u@h", "bash", "-s")
    assert run.stdin == "export A='a b'\ncm pull repo o@n && cm run script --tags=a --quiet\n"
    assert back.words == (*rsync, "u@h:out.txt", ".")


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
    told = """#!/bin/sh
for word; do shift; case $word in @*) cat "${word#@}" > "$TOLD.secret" ;; *) set -- "$@" "$word" ;; esac; done
printf '%s\\0' "$@" > "$TOLD"
"""
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
    quoted = run_cm(*words[:-1], "--env.MY_TOKEN=qzx\"qzx'qzx", f"--{where}_dry_run")[1]
    assert "cm run script" in quoted and "qzx" not in quoted
    status, _, err = run_cm(*words)
    assert status == 0, err
    told = (cluster / "told").read_text().split("\0")[:-1]
    assert told == ["run", "script", "--tags=a,_b", "--word=two words", "--quiet"]
    assert json.loads((cluster / "told.secret").read_text()) == {"env": {"MY_TOKEN": "sesame"}}
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


# --- other actions, and what goes along -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("run", ["cm", "run", "script", "--tags=a", "--quiet"]),
        ("docker", ["cm", "docker", "script", "--tags=a", "--docker_os=rhel", "--quiet"]),
        ("apptainer", ["cm", "apptainer", "script", "--tags=a", "--docker_os=rhel", "--quiet"]),
        ("experiment", ["cm", "experiment", "script", "--tags=a", "--exp.w,=1,2", "--quiet"]),
    ],
)
def test_the_job_step_does_the_action(action: str, words: list[str]) -> None:
    inputs = {"tags": "a", "docker_os": "rhel", "exp": {"w": ["1", "2"]}}
    made = slurm_run(inputs, CLASSIC, FACTS, action)
    assert shlex.split(made.inner) == words
    assert made.commands[0].words[-1] == made.inner


def test_secrets_reach_the_step_whatever_else_is_exported() -> None:
    def exported(value: str) -> str:
        step = slurm_run({"tags": "a", "gh_token": "x", "slurm_export": value}, NEW, FACTS).commands[0]
        return next(word for word in step.words if word.startswith("--export"))

    assert exported("") == "--export=ALL"
    assert exported("NONE") == "--export=FRANCA_SECRET_INPUTS"
    assert exported("PATH,HOME") == "--export=PATH,HOME,FRANCA_SECRET_INPUTS"
    assert exported("ALL,X=1") == "--export=ALL,X=1"


def test_an_isolated_step_has_a_storage_of_its_own_and_may_keep_its_cache(cluster: Path, run_cm: Run) -> None:
    fake = '#!/bin/sh\nmkdir -p "$CM_REPOS/repos/local/cache/1"; echo x > "$CM_REPOS/repos/local/cache/1/f"\n'
    (cluster / "bin" / "cm").write_text(fake + 'echo "$CM_REPOS" > "$TOLD"\n')
    status, _, err = run_cm(
        "slurm-run", "script", "a", "--slurm_isolated", f"--slurm_isolated_base_dir={cluster}/i s",
        "--slurm_copy_back_mlc_cache", f"--slurm_copy_back_mlc_cache_path={cluster}/k'ept",
    )  # fmt: skip
    assert status == 0, err
    root = Path((cluster / "told").read_text().strip())
    assert root.parent == cluster / "i s" and not root.exists()
    assert (cluster / "k'ept" / "1" / "f").read_text() == "x\n"


def test_a_script_names_variables_whose_files_are_sent(store: Any, run_cm: Run, tmp_path: Path) -> None:
    file = tmp_path / "weights.bin"
    file.write_text("w")
    meta = {
        "input_mapping": {"weights": "CM_WEIGHTS", "other": "CM_OTHER"},
        "remote_run": {"env_keys_to_copy": ["CM_WEIGHTS", "CM_OTHER"]},
    }
    store.script(store.repo("r"), "s", meta, run_sh="true\n")
    out = run_cm("remote-run", "script", "s", f"--weights={file}", "--other=/nowhere", "--remote_dry_run")[1]
    make, copy, *run = out.splitlines()
    assert shlex.split(make)[-1] == "mkdir -p -- mlc-remote-artifacts"
    assert shlex.split(copy)[-2:] == [str(file), "localhost:mlc-remote-artifacts/"]
    words = shlex.split(run[1])
    there = "mlc-remote-artifacts/weights.bin"
    assert f"--env.CM_WEIGHTS={there}" in words and f"--weights={there}" in words and "--other=/nowhere" in words


def test_repositories_go_along_and_are_registered_there(store: Any, run_cm: Run) -> None:
    path = store.repo("r")
    store.script(path, "s", {}, run_sh="true\n")
    out = run_cm("remote-run", "script", "s", "--remote_copy_mlc_repos=r", "--remote_dry_run")[1]
    assert f" {path} localhost:CM/repos/" in out
    assert "cm add repo CM/repos/r && cm run script s --quiet" in out
    status, _, err = run_cm("remote-run", "script", "s", "--remote_copy_mlc_repos=none", "--remote_dry_run")
    assert status > 0 and "no repository none" in err


def test_every_action_of_a_machine_elsewhere_is_served(store: Any, run_cm: Run) -> None:
    programs = {
        "mlcrr": "mlcr", "mlcrd": "mlcd", "mlcre": "mlce", "mlcrs": "mlcsr", "mlcres": "mlcse", "mlcrse": "mlcse",
        "mlcsr": "mlcr", "mlcsd": "mlcd", "mlcsa": "mlca", "mlcse": "mlce",
    }  # fmt: skip
    for program, inner in programs.items():
        status, out, err = run_cm("some,tags", "--dry_run", program=program)
        assert status == 0, err
        assert f"{inner} --tags=some,tags --quiet" in out, program


@pytest.mark.parametrize(
    "inputs",
    [
        {"remote_shell": "zsh"},
        {"remote_action": "rm"},
        {"remote_client_refresh": "often"},
        {"remote_no_internet": True, "remote_pull_mlc_repos": "o@n"},
        {"remote_isolated": True, "remote_copy_back_mlc_cache": True},
    ],
)
def test_wishes_that_cannot_be_met_are_refused(inputs: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        remote_run({"tags": "a", **inputs}, CLASSIC, FACTS, str(inputs.get("remote_action", "run")))
