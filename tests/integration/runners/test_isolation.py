"""``--isolate`` in real containers: an input file without the files beside it, and nobody writes to inputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.runners.conftest import IMAGE

CODE = """
import json, os, sys
found = dict(word[2:].split("=", 1) for word in sys.argv[1:])
def refused(path):
    try:
        open(path, "a").close()
    except OSError:
        return True
    return False
json.dump({
    "text": open(found["cfg"]).read(), "beside": os.listdir(os.path.dirname(found["cfg"])),
    "file": refused(found["cfg"]), "directory": refused(found["data"] + "/new"),
}, open(found["seen"], "w"))
"""


def cube(root: Path, image: str) -> Path:
    tree = {
        "name": "c", **json.loads(image),
        "tasks": {"t": {"entrypoint": "python3 /mlcube_io1/task.py", "parameters": {
            "inputs": {"cfg": {"type": "file", "default": "cfg.txt"}, "data": "data/"},
            "outputs": {"seen": {"type": "file", "default": "out/seen.json"}},
        }}},
    }  # fmt: skip
    (root / "workspace/data").mkdir(parents=True)
    (root / "workspace/data/task.py").write_text(CODE)
    (root / "workspace/cfg.txt").write_text("the text")
    (root / "workspace/secret.txt").write_text("nobody's business")
    (root / "mlcube.yaml").write_text(json.dumps(tree))
    return root


def seen(root: Path, environ: dict[str, str], *words: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "franca.compat.mlcube_front", "run", *words], cwd=root, text=True, capture_output=True,
        env={**os.environ, "HOME": str(root / "home"), **environ},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads((root / "workspace/out/seen.json").read_text()))


ALONE = {"text": "the text", "beside": ["cfg.txt"], "file": True, "directory": True}


@pytest.mark.engine("docker")
def test_docker(docker: dict[str, str], tmp_path: Path) -> None:
    root = cube(tmp_path, f'{{"docker": {{"image": "{IMAGE}"}}}}')
    assert seen(root, docker, "--isolate", "--user") == ALONE
    open_to_all = seen(root, docker)
    assert "secret.txt" in str(open_to_all["beside"])
    assert not open_to_all["directory"]


@pytest.mark.engine("podman")
def test_podman(podman: tuple[str, ...], tmp_path: Path) -> None:
    root = cube(tmp_path, f'{{"docker": {{"image": "{IMAGE}", "docker": "{" ".join(podman)}"}}}}')
    assert seen(root, {}, "--isolate", "--user") == ALONE


@pytest.mark.engine("apptainer")
def test_apptainer(apptainer: Path, tmp_path: Path) -> None:
    section = {"image": apptainer.name, "image_dir": str(apptainer.parent)}
    root = cube(tmp_path, json.dumps({"singularity": section}))
    assert seen(root, {}, "--isolate", "--user", "--platform=apptainer") == ALONE
