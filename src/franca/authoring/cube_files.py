"""Texts of a cube that runs a script: the program of its task, and its Dockerfile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from franca.model.script import Script


class Values(NamedTuple):
    """What is different in every such program."""

    script: Script
    request: Mapping[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    content: tuple[str, ...]  #: folders of repositories in the cube
    pins: tuple[dict[str, str], ...]


def main_text(values: Values) -> str:
    """The program. Everything that varies is a literal of Python in it."""
    dialect = values.script.dialect
    word, root, file_flag = ("mlc", "MLC_REPOS", "--mlc_input_file=") if dialect.is_new else ("cm", "CM_REPOS", "@")
    tags = values.request.get("tags") or ""
    tags = tags if isinstance(tags, str) else ",".join(map(str, tags))
    variations = ",".join(one for one in tags.split(",") if one.startswith("_"))
    constants = {
        "PROGRAM": word,
        "SCRIPT": values.script.uid,
        "VARIATIONS": variations,
        "STORAGE": root,
        "REPOS": "repos.json",
        "FILE_FLAG": file_flag,
        "INPUTS": list(values.inputs),
        "OUTPUTS": list(values.outputs),
        "CONTENT": list(values.content),
        "PINS": [dict(one) for one in values.pins],
    }
    return _MAIN.replace("@VALUES@", "\n".join(f"{name} = {value!r}" for name, value in constants.items()))


_MAIN = '''"""The task of this cube: runs a script that is here or in pinned repositories, and keeps what it exports."""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

@VALUES@
HERE = os.path.dirname(os.path.abspath(__file__))


def words():
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["run"])
    for name in ["parameters_file", "results", *INPUTS, *OUTPUTS]:
        parser.add_argument("--" + name, default="")
    return vars(parser.parse_args())


def storage():
    """A folder of the cube's own for content and cache: it stays for the next run where the home can hold it."""
    with open(os.path.abspath(__file__), "rb") as stream:
        name = hashlib.sha256(stream.read() + HERE.encode()).hexdigest()[:16]
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.path.join(base, "franca", "cubes", name)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        folder = os.path.join(tempfile.gettempdir(), "franca-cube-" + name)
        os.makedirs(folder, exist_ok=True)
    return folder


def front(environ, *arguments, cwd=None):
    """Run a command of Franca; returns its standard output."""
    code = f"from franca._boot import main; main({PROGRAM!r})"
    done = subprocess.run([sys.executable, "-c", code, *arguments], env=environ, cwd=cwd, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def prepare(environ):
    """Make the content known: the folders that came along, or the repositories at their commits."""
    root = environ[STORAGE]
    path = os.path.join(root, REPOS)
    os.makedirs(root, exist_ok=True)
    listed = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as stream:
            listed = json.load(stream)
    missing = [one for one in (os.path.join(HERE, name) for name in CONTENT) if one not in listed]
    if missing:
        temporary = f"{path}.{os.getpid()}"
        with open(temporary, "w", encoding="utf-8") as stream:
            json.dump([*listed, *missing], stream)
        os.replace(temporary, path)
    for pin in PINS:
        mark = os.path.join(root, "pinned-" + hashlib.sha256(json.dumps(pin).encode()).hexdigest()[:16])
        if not os.path.exists(mark):
            front(environ, "pull", "repo", "--url=" + pin["url"], "--checkout=" + pin["commit"])
            open(mark, "w").close()


def is_given(path):
    """Whether the workspace has more than the empty place that the cube came with."""
    if os.path.isdir(path):
        return any(name != ".keep" for name in os.listdir(path))
    return os.path.isfile(path) and os.path.getsize(path) > 0


def has_values(path):
    """Whether the file of parameters sets anything."""
    if not os.path.isfile(path):
        return False
    with open(path, encoding="utf-8") as stream:
        return any(line.strip() and not line.startswith("#") for line in stream)


def main():
    given = words()
    results = os.path.abspath(given["results"] or "results")
    os.makedirs(results, exist_ok=True)
    folder = storage()
    environ = {**os.environ, "CM_REPOS": os.path.join(folder, "CM"), "MLC_REPOS": os.path.join(folder, "MLC")}
    prepare(environ)
    arguments = ["run", "script", SCRIPT, "--quiet", "--json"]
    if VARIATIONS:
        arguments.append("--tags=" + VARIATIONS)
    if has_values(given["parameters_file"]):
        arguments.append(FILE_FLAG + os.path.abspath(given["parameters_file"]))
    arguments += [f"--{name}={os.path.abspath(given[name])}" for name in INPUTS if is_given(given[name])]
    arguments += [f"--{name}={os.path.abspath(given[name])}" for name in OUTPUTS if given[name]]
    done = json.loads(front(environ, *arguments, cwd=results))
    kept = {key: done.get(key, {}) for key in ("new_env", "new_state")}
    with open(os.path.join(results, "result.json"), "w", encoding="utf-8") as stream:
        json.dump(kept, stream, indent=2, sort_keys=True)
        stream.write("\\n")
    for value in kept["new_env"].values():
        if isinstance(value, str) and value.startswith(folder + os.sep) and os.path.isfile(value):
            shutil.copy(value, results)


if __name__ == "__main__":
    main()
'''

DOCKERFILE = """\
FROM {base}
# What scripts take for granted; nothing is installed where it is there.
RUN {{ command -v git && command -v wget; }} > /dev/null || \\
    {{ apt-get update && apt-get install -y git wget && rm -rf /var/lib/apt/lists/*; }}
WORKDIR /cube
COPY requirements.txt /cube/requirements.txt
COPY wheels /cube/wheels
RUN python3 -m venv /opt/cube && /opt/cube/bin/pip install --no-cache-dir -r requirements.txt
ENV PATH=/opt/cube/bin:$PATH
COPY . /cube/
ENTRYPOINT ["/opt/cube/bin/python", "/cube/main.py"]
"""
