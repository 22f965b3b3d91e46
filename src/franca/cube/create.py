"""A new cube from a few answers: definition, script, Dockerfile, requirements and workspace."""

from __future__ import annotations

import os

from franca.catalog.marked import dump
from franca.cube.files import write_atomic
from franca.errors import AlreadyExists, UsageError
from franca.model.light import IO, NamedTuple

QUESTIONS = (
    ("name", "Name of the cube", "my_cube"), ("description", "Description", "A machine learning task"),
    ("author", "Author", ""), ("email", "E-mail", ""), ("org", "Organisation", ""),
)  # fmt: skip


class Answers(NamedTuple):
    """What a new cube is made from."""

    name: str
    description: str = ""
    author: str = ""
    email: str = ""
    org: str = ""


def answers(given: dict[str, str], stdin: IO[str]) -> Answers:
    """Given answers, the others asked for on a terminal; without a terminal the defaults hold."""
    out = {}
    for key, question, default in QUESTIONS:
        value = given.get(key, "")
        if not value and stdin.isatty():
            print(f"{question} [{default}]: ", end="", flush=True)
            value = stdin.readline().strip()
        out[key] = value or default
    return Answers(**out)


def create(wanted: Answers, directory: str) -> str:
    """Write the cube below ``directory`` and return its path. Raises AlreadyExists, UsageError."""
    name = wanted.name
    if not name or name.startswith(".") or any(c in name for c in "/\\\0") or name != name.strip():
        raise UsageError(f"{name!r} cannot be the name of a directory", hint="use letters, digits, '_' and '-'")
    root = os.path.join(directory, name)
    if os.path.exists(root):
        raise AlreadyExists(f"{root} exists already", hint="choose another name")
    for path, text in files(wanted).items():
        write_atomic(os.path.join(root, path), text)
    return root


def files(wanted: Answers) -> dict[str, str]:
    """Path and text of every file of a new cube."""
    plain = "".join(c if c.isalnum() else "-" for c in wanted.name.lower()).strip("-") or "cube"
    author = {k: v for k, v in (("name", wanted.author), ("email", wanted.email), ("org", wanted.org)) if v}
    definition = {
        "name": wanted.name, "description": wanted.description, "version": "0.1.0",
        **({"authors": [author]} if author else {}),
        "platform": {"accelerator_count": 0},
        "docker": {"image": f"local/{plain}:0.1.0", "build_strategy": "auto"},
        "native": {"entrypoint": "python main.py", "requirements": "requirements.txt"},
        "tasks": {"main": {"parameters": {
            "inputs": {"config": {"type": "file", "default": "config.yaml"}},
            "outputs": {"result": {"type": "file", "default": "result.txt"}},
        }}},
    }  # fmt: skip
    return {
        "mlcube.yaml": dump(definition),
        "main.py": _SCRIPT,
        "requirements.txt": "",
        "Dockerfile": _DOCKERFILE,
        ".dockerignore": "workspace/\n",
        "workspace/config.yaml": "greeting: hello\n",
    }


_SCRIPT = '''"""The tasks of this cube: the first word names the task, the others give its files."""

import argparse


def main(config: str, result: str) -> None:
    with open(config) as source, open(result, "w") as target:
        target.write(source.read())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["main"])
    parser.add_argument("--config", required=True)
    parser.add_argument("--result", required=True)
    words = parser.parse_args()
    main(words.config, words.result)
'''
_DOCKERFILE = """FROM python:3.11-slim
WORKDIR /project
COPY requirements.txt /project/
RUN test ! -s requirements.txt || pip install --no-cache-dir -r requirements.txt
COPY main.py /project/
ENTRYPOINT ["python3", "/project/main.py"]
"""
