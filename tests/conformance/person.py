"""Somebody with an empty home who types commands, and what others have published for them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import msgspec

BIN = Path(sys.executable).parent
SCRIPT = {"automation_alias": "script", "automation_uid": "5b4e0237da074764"}
SECONDS = 120


class Done(msgspec.Struct, frozen=True):
    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Person:
    """A home directory, a working directory and a shell in it."""

    def __init__(self, top: Path) -> None:
        self.home, self.work, self.remotes, self.wheels = (top / n for n in ("home", "work", "remotes", "wheels"))
        for folder in (self.home, self.work, self.remotes, self.wheels):
            folder.mkdir()
        (self.home / ".gitconfig").write_text(
            f'[url "file://{self.remotes}/"]\n\tinsteadOf = https://github.com/\n'
            '[user]\n\tname = T\n\temail = t@example.org\n[protocol "file"]\n\tallow = always\n'
        )
        nowhere = "http://127.0.0.1:9"  # the port that discards
        self.environ = {
            "HOME": str(self.home),
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
            "USER": "someone",
            "LC_ALL": "C.UTF-8",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), nowhere),
            "no_proxy": "127.0.0.1",
            "NO_PROXY": "127.0.0.1",
        }

    @property
    def repos(self) -> Path:
        return self.home / "CM" / "repos"

    def types(self, line: str) -> Done:
        """What a command line does in a shell without a terminal."""
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.work, env=self.environ, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def types_and_answers(self, line: str, answer: str) -> int:
        """The status of a command line at a terminal, where ``answer`` is typed at the first question."""
        ours, theirs = pty.openpty()
        child = subprocess.Popen(
            ["bash", "-c", line], cwd=self.work, env=self.environ, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        os.write(ours, answer.encode() + b"\n")
        try:
            while os.read(ours, 4096):
                pass
        except OSError:  # the other side has closed
            pass
        os.close(ours)
        return child.wait(SECONDS)

    def entry(self, done: Done) -> dict[str, Any]:
        assert done.status == 0, done.err
        data: dict[str, Any] = done.data
        return data


def publish(person: Person, name: str) -> None:
    """A repository as others have put it on a server, with the scripts that the commands name."""
    top = person.remotes / name
    write(
        top / "cmr.yaml",
        {"alias": name.replace("/", "@"), "uid": "a4705959af8e447a", "git": True, "prefix": "cm-mlops"},
    )
    model = top / "cm-mlops" / "script" / "get-ml-model-resnet50"
    write(
        model / "_cm.yaml",
        {
            "alias": "get-ml-model-resnet50",
            "uid": "56203e4e998b4bc0",
            **SCRIPT,
            "cache": True,
            "tags": ["get", "raw", "ml-model", "resnet50", "ml-model-resnet50"],
            "new_env_keys": ["CM_ML_MODEL_*"],
            "default_env": {"CM_ML_MODEL_PRECISION": "fp32"},
            "variations": {
                "fp32": {"default": True, "group": "precision", "env": {"CM_ML_MODEL_PRECISION": "fp32"}},
                "onnx": {"default": True, "group": "framework", "env": {"CM_ML_MODEL_FRAMEWORK": "onnx"}},
                "pytorch": {"group": "framework", "env": {"CM_ML_MODEL_FRAMEWORK": "pytorch"}},
            },
        },
    )
    (model / "run.sh").write_text(
        '#!/bin/bash\necho weights > "$PWD/resnet50.$CM_ML_MODEL_FRAMEWORK"\n'
        'echo "CM_ML_MODEL_FILE_WITH_PATH=$PWD/resnet50.$CM_ML_MODEL_FRAMEWORK" > tmp-run-env.out\n'
    )
    git = ["git", "-c", "init.defaultBranch=main", "-C", str(top)]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "content"]):
        subprocess.run([*git, *words], env=person.environ, check=True)


def write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def wheel(folder: Path, name: str, version: str) -> None:
    """A package that does nothing, as the package index would give it."""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}/__init__.py", f"__version__ = '{version}'\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
