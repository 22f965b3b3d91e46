"""Broken definitions end in one message with file and remedy: never a traceback, never a started program.

``FRANCA_FUZZ=10000`` runs as many mutations as a release needs; by default there are fewer.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from franca.compat.mlcube_front import main

SEEDS = [
    """name: mnist
version: 1.0
authors:
  - {name: "First Second", email: "a@b.org"}
platform: {accelerator_count: 1, host_memory_gb: 40}
docker: {image: 'org/${name}:1', build_args: {A: b}, env_args: '-e X=y', gpu_args: "--gpus=all", build_strategy: auto}
singularity: {image: mnist.sif, run_args: "-C"}
tasks:
  download:
    parameters:
      inputs: {data_config: {type: file, default: data.yaml, opts: ro}}
      outputs: {data_dir: data/, log_dir: {type: directory, default: logs}}
  train:
    entrypoint: python "train it.py"
    parameters:
      inputs: {data_dir: data/}
      outputs: {model: {type: file, default: 'model/${name}.bin'}}
""",
    "name: c\ndocker: {image: a:1}\ntasks: {t: }\n",
    """base: &base {type: directory}
name: ${oc.env:USER,nobody}
docker:
  image: x
tasks:
  t:
    parameters:
      inputs:
        a: {<<: *base, default: "in dir"}
      outputs:
        b: {<<: *base}
native: {entrypoint: python main.py, requirements: requirements.txt}
""",
    """container_type: DockerImage
image: org/model:1
tasks:
  infer:
    run_args: {command: python3 /project/infer.py, shm_size: 2g}
    input_volumes: {data_path: {mount_path: /mlcommons/volumes/data, type: directory}}
    output_volumes: {output_path: {mount_path: /mlcommons/volumes/predictions, type: directory}}
""",
]
NASTY: list[Any] = [
    None, True, 3, 1.5, "", " ", "~", "/", "..", "../../x", "a b", "a;touch INJECTED", "$(touch INJECTED)", "'", '"',
    "${", "${}", "${x", "${name}${name}", "${.}", "${..a}", "${tasks}", "${oc.env:NO_SUCH}", "${foo:1}", "${a:${b}}",
    "???", [], {}, [1, 2], {"a": {"b": "c"}}, {"type": "file"}, "x" * 5000, "\\", "a\\", "-", "--privileged", "null",
    "\u0000".encode().decode(), "日本", 10**30, float("inf"), "${docker}", "${tasks.t}", "`id`", "$NO_SUCH", "a\nb",
]  # fmt: skip
TOKENS = [":", "- ", "{", "}", "[", "]", "'", '"', "&a ", "*a", "!x ", "<<: ", "\t", "#", "| ", "> ", "%", "@", "`",
          "\x00", "\x07", "\xff", "? ", "---\n", "...\n", "${", "!!python/object:os.system ", "\n\n", "  "]  # fmt: skip


def mutated_text(source: random.Random, text: str) -> str:
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(text) + 1)
        kind = source.randrange(5)
        if kind == 0:
            text = text[:at] + source.choice(TOKENS) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + source.randint(1, 12) :]
        elif kind == 2:
            lines = text.splitlines(keepends=True) or [""]
            line = source.choice(lines)
            text = "".join([*lines[: len(lines) // 2], line, *lines[len(lines) // 2 :]])
        elif kind == 3:
            text = text[:at] + chr(source.randrange(1, 300)) + text[at + 1 :]
        else:
            text = text[:at]
    return text


def mutated_tree(source: random.Random, text: str) -> str:
    tree = yaml.safe_load(text)
    for _ in range(source.randint(1, 3)):
        node, key = source.choice(list(places(tree)))
        action = source.randrange(3)
        if action == 0:
            node[key] = source.choice(NASTY)
        elif action == 1 and isinstance(node, dict):
            value = node.pop(key)
            node[str(source.choice(["x", "a b", "-x", "a,b", "Name", "task", "input", key]))] = value
        elif isinstance(node, dict):
            del node[key]
        if not tree:
            break
    return yaml.safe_dump(tree, allow_unicode=True)


def places(node: Any) -> Any:
    pairs = list(node.items()) if isinstance(node, dict) else list(enumerate(node))
    for key, value in pairs:
        yield node, key
        if isinstance(value, (dict, list)):
            yield from places(value)


COMMANDS = (
    ["describe"], ["validate"], ["show_config", "--resolve"], ["run", "--dry-run", "--task=t"],
    ["run", "--dry-run", "--task=download,train", "--platform=singularity"], ["run", "--dry-run", "--platform=native"],
    ["run", "--dry-run", "--platform=k8s", "--task=train"], ["configure", "--dry-run"],
    ["run", "--dry-run", "--task=infer"],
)  # fmt: skip


def outcome(words: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    return status, out.getvalue(), err.getvalue()


@pytest.fixture
def cube(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "cube"
    root.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FRANCA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "no-engine-is-ever-looked-for"))
    monkeypatch.chdir(root)
    return root


def test_mutated_definitions_end_in_messages(cube: Path) -> None:
    count = int(os.environ.get("FRANCA_FUZZ", "1200"))
    source = random.Random(20261121)
    statuses: dict[int, int] = {}
    for number in range(count):
        seed = SEEDS[number % len(SEEDS)]
        text = (mutated_tree if source.random() < 0.6 else mutated_text)(source, seed)
        (cube / "mlcube.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
        words = [*source.choice(COMMANDS)]
        try:
            status, _, errors = outcome(words)
        except Exception as error:
            pytest.fail(f"number {number}, {words}: {type(error).__name__}: {error}\n{text}")
        statuses[status] = statuses.get(status, 0) + 1
        assert status in (0, 1), (words, text, errors)
        assert "Traceback" not in errors
        if status and words[0] != "validate":
            assert errors.startswith("mlcube: "), (words, text)
    assert sorted(os.listdir(cube)) == ["mlcube.yaml"], "a dry run or an error left something behind"
    assert statuses[0] > count // 20, "hardly any mutation is still sound: the seeds are wrong"
    assert statuses[1] > count // 4, "hardly any mutation breaks anything"


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
        "a: &a [*a]\n",
        "a: " + "[" * 5000 + "]" * 5000,
        "a: " + "{b: " * 3000 + "1" + "}" * 3000,
        "a: &a {<<: *a}\n",
        "name: !!python/object/apply:os.system ['touch INJECTED']\n",
        "? [a, b]\n: c\n",
        "a: 1\na: 2\n",
        "- " * 4000 + "x",
        "\t- a",
        "%YAML 9.9\n---\na: b",
        "a: b\n---\nc: d\n",
        "",
        "name: 0x",
        "a: 1e999999\nb: 0b\nc: 1_000:99:99\n",
        "a: '${b}${b}'\nb: '${c}${c}'\nc: '${d}${d}'\nd: '${e}${e}'\ne: '${f}${f}'\nf: x\nname: '${a}'\n"
        "docker: {image: '${a}'}\ntasks: {t: }",
        "name: ${a}\na: ${b}\nb: ${a}\ndocker: {image: x}\ntasks: {t: }\n",
    ],
    ids=range(17),
)
def test_hostile_yaml_is_bounded(cube: Path, text: str) -> None:
    (cube / "mlcube.yaml").write_text(text)
    for words in (["describe"], ["validate"], ["run", "--dry-run"]):
        assert outcome(words)[0] in (0, 1)
    assert sorted(os.listdir(cube)) == ["mlcube.yaml"]
