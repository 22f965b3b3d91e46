"""A script in a container of a real engine: built, run, and its results in a mounted folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.integration.runners.conftest import IMAGE

CHECKOUT = Path(__file__).resolve().parents[3]
META = {
    "alias": "s",
    "uid": "00112233445566aa",
    "automation_alias": "script",
    "automation_uid": "5b4e0237da074764",
    "tags": ["in", "box"],
    "input_mapping": {"data": "CM_DATA", "word": "CM_WORD"},
    "docker": {"mounts": ["${{ CM_DATA }}:${{ CM_DATA }}"], "user": "root"},
}
RUN = 'printf "%s|" "$CM_WORD" "$CM_RUN_STATE_DOCKER" "$CM_DATA" "$MY_TOKEN" > "$CM_DATA/out.txt"'


@pytest.mark.engine("docker")
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the image has Python 3.11, and borrows our packages")
def test_a_script_runs_in_its_container(docker: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "home" / "CM" / "repos" / "local" / "script" / "s"
    script.mkdir(parents=True)
    (script / "_cm.json").write_text(json.dumps(META))
    (script / "run.sh").write_text(RUN)
    folder, data, bin_folder = tmp_path / "d", tmp_path / "my data", tmp_path / "bin"
    for path in (folder / "dockerfiles", data, bin_folder):
        path.mkdir(parents=True)
    (folder / "dockerfiles" / "ubuntu_22.04.Dockerfile").write_text(
        f'FROM {IMAGE}\nENV CM_RUN_STATE_DOCKER="True"\nENV HOME="/root"\nENV PYTHONPATH="/franca/src:/site"\n'
        "COPY script /root/CM/repos/local/script/s\n"
    )
    (bin_folder / "cm").write_text("#!/usr/bin/python3\nfrom franca._boot import main\n\nmain('cm')\n")
    (bin_folder / "cm").chmod(0o755)
    lent = [
        (CHECKOUT / "src", "/franca/src"),
        (CHECKOUT / "recipes", "/franca/recipes"),
        (sysconfig.get_path("purelib"), "/site"),
        (bin_folder, "/usr/local/bin"),
    ]
    extra = " ".join(f"-v '{source}:{target}:ro'" for source, target in lent)
    done = subprocess.run(
        [
            Path(sys.executable).parent / "cm", "docker", "script", "--tags=in,box", f"--data={data}", "--word=it's me",
            "--env.MY_TOKEN=sesame", f"--docker_path={folder}", "--docker_noregenerate",
            f"--docker_extra_run_args=--network=none {extra}",
        ],
        env={**os.environ, **docker, "HOME": str(tmp_path / "home"), "CM_REPOS": "", "MLC_REPOS": ""},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (data / "out.txt").read_text() == f"it's me|True|/cm-mount{data}|sesame|"
    history = subprocess.run(
        ["docker", "history", "--no-trunc", "local/cm-script-s:ubuntu-22.04-latest"],
        env={**os.environ, **docker}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "sesame" not in history.stdout
