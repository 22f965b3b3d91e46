"""``franca new cube --from-script``: a cube that runs a script where neither the script nor its content is known.

Its program runs here with the interpreter of the tests; environments and containers are in
``tests/integration/runners/test_scripts_elsewhere.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.integration.authoring.conftest import Franca, commit_all, git
from tests.integration.engine.conftest import Bench

MAIN = """input_mapping:
  word: CM_WORD
  data_dir: CM_DATA
  weights: CM_WEIGHTS
  output: CM_OUT
file_path_env_keys: [CM_WEIGHTS]
input_description:
  word: {desc: What to say, default: hello}
new_env_keys: [CM_SAID, CM_TOOL, CM_MADE_FILE]
deps:
- tags: tool
- tags: seldom
  enable_if_env: {CM_WORD: ['rare']}
variations:
  loud: {env: {CM_LOUD: '!'}}
"""
RUN = """
mkdir -p "${CM_OUT:-.}"
printf '%s%s' "$CM_WORD" "$CM_LOUD" > "${CM_OUT:-.}/said.txt"
cat "${CM_DATA:-/dev/null}"/* "${CM_WEIGHTS:-/dev/null}" > read.txt 2> /dev/null
echo "CM_SAID=$CM_WORD$CM_LOUD$CM_SELDOM" > tmp-run-env.out
"""
TOOL = "tags: [tool]\ncache: true\nnew_env_keys: [CM_TOOL, CM_MADE_FILE]\n"


@pytest.fixture
def content(bench: Bench) -> Bench:
    bench.script("say", MAIN, run=RUN)
    made = 'echo tool > made.bin\nprintf "CM_TOOL=found\\nCM_MADE_FILE=%s\\n" "$PWD/made.bin" > tmp-run-env.out\n'
    bench.script("tool", TOOL, run=made)
    seldom = "tags: [seldom]\nnew_env_keys: [CM_SELDOM]\n"
    bench.script("seldom", seldom, run="echo CM_SELDOM=-seldom > tmp-run-env.out\n")
    bench.script("not-needed", "tags: [not-needed]\n", run="true")
    return bench


def task(cube: Path, tmp_path: Path, *words: str) -> dict[str, str]:
    """Run the cube's task with a home in which nothing is known; the exports that it kept."""
    home = tmp_path / "elsewhere"
    home.mkdir(exist_ok=True)
    kept = {key: os.environ[key] for key in ("PATH", "GIT_CONFIG_GLOBAL") if key in os.environ}
    results = tmp_path / "results"
    words = ("run", f"--parameters_file={cube}/workspace/parameters.yaml", f"--results={results}", *words)
    done = subprocess.run([sys.executable, cube / "main.py", *words], env={**kept, "HOME": str(home)}, cwd=home,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    exported: dict[str, str] = json.loads((results / "result.json").read_text())["new_env"]
    return exported


def test_the_script_comes_along_with_all_that_it_may_call_for(content: Bench, franca: Franca, tmp_path: Path) -> None:
    made = franca("new", "cube", "talk", "--from-script=say,_loud", "--json").json
    cube = content.work / "talk"
    assert made["path"] == str(cube)
    scripts = cube / "content" / "content" / "script"
    assert sorted(path.name for path in scripts.iterdir()) == ["say", "seldom", "tool"]
    assert franca("lint", "cube", "talk").status == 0
    assert task(cube, tmp_path)["CM_SAID"] == "!"
    assert (tmp_path / "results" / "made.bin").read_text() == "tool\n", "files that are exported are results"
    (cube / "workspace" / "parameters.yaml").write_text("word: rare\n")
    assert task(cube, tmp_path)["CM_SAID"] == "rare!-seldom"
    assert not (content.root / "repos" / "local" / "cache").exists(), "the maker's store is not used"


def test_path_inputs_are_parameters_of_the_task(content: Bench, franca: Franca, tmp_path: Path) -> None:
    assert franca("new", "cube", "talk", "--from-script=say").status == 0
    cube = content.work / "talk"
    text = (cube / "mlcube.yaml").read_text()
    for line in ("data_dir:", "weights:", "output:", "results:"):
        assert f"        {line}\n" in text
    assert "default: data_dir/\n" in text and "default: weights\n" in text and "word" not in text
    assert "# What to say\n# word: hello\n" in (cube / "workspace" / "parameters.yaml").read_text()
    (cube / "workspace" / "data_dir" / "a.txt").write_text("[data]")
    (cube / "workspace" / "weights").write_text("[weights]")
    task(cube, tmp_path, f"--data_dir={cube}/workspace/data_dir", f"--weights={cube}/workspace/weights",
         f"--output={tmp_path}/out put")  # fmt: skip
    assert (tmp_path / "results" / "read.txt").read_text() == "[data][weights]"
    assert (tmp_path / "out put" / "said.txt").read_text() == ""


def test_inputs_and_outputs_can_be_named(content: Bench, franca: Franca) -> None:
    assert franca("new", "cube", "talk", "--from-script=say", "--inputs=word/", "--outputs=data_dir").status == 0
    text = (content.work / "talk" / "mlcube.yaml").read_text()
    inputs, outputs = text.partition("      outputs:\n")[::2]
    assert "default: word/\n" in inputs and "data_dir" not in inputs
    assert "data_dir:\n          type: file\n" in outputs
    refused = franca("new", "cube", "other", "--from-script=say", "--inputs=nothing")
    assert refused.status != 0 and "has no input 'nothing'" in refused.err
    assert not (content.work / "other").exists()


def test_a_pinned_repository_is_fetched_at_its_commit(
    content: Bench, franca: Franca, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = commit_all(content.repo)
    refused = franca("new", "cube", "talk", "--from-script=say", "--pin")
    assert refused.status != 0 and "without --pin" in refused.err
    address = "https://git.example.org/owner/content.git"
    git(content.repo, "remote", "add", "origin", address)
    assert franca("new", "cube", "talk", "--from-script=say", "--pin").status == 0
    cube = content.work / "talk"
    assert not (cube / "content").exists()
    assert repr({"url": address, "commit": commit}) in (cube / "main.py").read_text()
    settings = tmp_path / "gitconfig"  # the address leads here
    settings.write_text(f'[url "file://{content.repo}"]\n\tinsteadOf = {address}\n[safe]\n\tdirectory = *\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    (content.repo / "script" / "say" / "run.sh").write_text("exit 1\n")
    commit_all(content.repo, "newer and broken")
    assert task(cube, tmp_path)["CM_TOOL"] == "found"
    (content.repo / "script" / "say" / "run.sh").write_text("exit 2\n")
    refused = franca("new", "cube", "other", "--from-script=say", "--pin")
    assert refused.status != 0 and "has changes that are in no commit" in refused.err


def test_the_cube_has_this_franca_as_a_wheel(content: Bench, franca: Franca) -> None:
    assert franca("new", "cube", "os", "--from-script=detect os").status == 0
    cube = content.work / "os"
    (wheel,) = (cube / "wheels").iterdir()
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        assert packed.testzip() is None
    assert {"franca/_boot.py", "franca/_recipes/script/detect-os/_cm.yaml"} <= set(names)
    assert any(name.endswith(".data/scripts/cm") for name in names)
    assert not any("__pycache__" in name for name in names)
    assert not (cube / "content").exists(), "what ships with Franca is in the wheel"
    first = wheel.read_bytes()
    assert franca("new", "cube", "again", "--from-script=detect os").status == 0
    assert (content.work / "again" / "wheels" / wheel.name).read_bytes() == first


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("talk", "--from-script=nobody,has,this"), "nobody"),
        (("../talk", "--from-script=say"), "cannot be the name of a directory"),
        (("taken", "--from-script=say"), "exists already"),
        (("--from-script=say",), "needs one name"),
    ],
)
def test_what_is_refused(content: Bench, franca: Franca, words: tuple[str, ...], message: str) -> None:
    (content.work / "taken").mkdir()
    done = franca("new", "cube", *words)
    assert done.status != 0 and message in done.err
    assert sorted(path.name for path in content.work.iterdir()) == ["taken"]


def test_a_script_of_the_new_dialect(content: Bench, franca: Franca, tmp_path: Path) -> None:
    repo = tmp_path / "newer"
    (repo / "script" / "say-new").mkdir(parents=True)
    (repo / "meta.yaml").write_text("alias: newer\nuid: '00000000000000d0'\n")
    (repo / "script" / "say-new" / "meta.yaml").write_text(
        "alias: say-new\nuid: '00000000000000d1'\nautomation_alias: script\nautomation_uid: 5b4e0237da074764\n"
        "tags: [say, new]\ninput_mapping: {word: MLC_WORD}\nnew_env_keys: [MLC_SAID]\n"
        "variations: {loud: {env: {MLC_LOUD: '!'}}}\n"
    )
    (repo / "script" / "say-new" / "run.sh").write_text('echo "MLC_SAID=$MLC_WORD$MLC_LOUD" > tmp-run-env.out\n')
    (tmp_path / "MLC").mkdir()
    (tmp_path / "MLC" / "repos.json").write_text(json.dumps([str(repo)]))
    made = franca("new", "cube", "talk", "--from-script=say,new,_loud")
    assert made.status == 0, made.err
    cube = content.work / "talk"
    (cube / "workspace" / "parameters.yaml").write_text("word: it's me\n")
    assert task(cube, tmp_path) == {"MLC_SAID": "it's me!"}
