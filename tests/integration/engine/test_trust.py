"""Programs of fetched content run only after consent; the classic programs take a pull for consent."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.integration.engine.conftest import Bench


def franca(bench: Bench, *argv: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from franca.cli.main import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, *argv], cwd=bench.work, env=bench.environ(), text=True, capture_output=True,
        stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip


def published(bench: Bench, tmp_path: Path) -> str:
    """A git repository elsewhere whose only script has a hook that leaves a trace."""
    source = tmp_path / "published"
    script = source / "script" / "hooked"
    script.mkdir(parents=True)
    (source / "cmr.yaml").write_text("alias: someone@content\nuid: '00000000000000d1'\ngit: true\n")
    (script / "_cm.yaml").write_text(
        "alias: hooked\nuid: '00000000000000d2'\nautomation_alias: script\n"
        "automation_uid: 5b4e0237da074764\ntags: [hooked]\n"
    )
    (script / "customize.py").write_text(
        "def preprocess(i):\n    open('trace', 'w').close()\n    return {'return': 0}\n"
    )
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=source, check=True)
    return str(source)


def test_hooks_of_pulled_content_wait_for_consent(bench: Bench, tmp_path: Path) -> None:
    pulled = franca(bench, "pull", "repo", "someone@content", f"--url={published(bench, tmp_path)}")
    assert pulled.returncode == 0, pulled.stderr
    refused = franca(bench, "run", "script", "hooked")
    assert refused.returncode == 1
    assert "franca trust someone@content" in refused.stderr and "Traceback" not in refused.stderr
    assert not (bench.work / "trace").exists()
    assert franca(bench, "trust", "someone@content").returncode == 0
    assert franca(bench, "run", "script", "hooked").returncode == 0
    assert (bench.work / "trace").exists()


def test_consent_may_come_with_the_run(bench: Bench, tmp_path: Path) -> None:
    franca(bench, "pull", "repo", "someone@content", f"--url={published(bench, tmp_path)}")
    assert franca(bench, "run", "script", "hooked", "--trust").returncode == 0
    assert (bench.work / "trace").exists()


def test_a_pull_by_the_classic_program_is_consent(bench: Bench, tmp_path: Path) -> None:
    assert bench.cm("pull", "repo", "someone@content", f"--url={published(bench, tmp_path)}").returncode == 0
    done = bench.cm("run", "script", "--tags=hooked")
    assert done.returncode == 0, done.stderr
    assert (bench.work / "trace").exists()


#: Parts of a repository that ask for something without any customize.py.
WAYS = {
    "a native script": ({"script/x/run.sh": "touch trace\n"}, ["run", "x"]),
    "files to clear away": ({"script/x/_cm.yaml": "clean_output_files: [mine.txt]\n"}, ["run", "x"]),
    "variables for its caller": ({"script/x/_cm.yaml": "env: {CM_X: '1'}\nnew_env_keys: [CM_X]\n"}, ["run", "x"]),
    "a tests folder": ({"script/x/tests/test_x.py": "open('{trace}', 'w').close()\n"}, ["test", "script", "x"]),
    "an automation": ({"automation/auto/module.py": "open('{trace}', 'w').close()\n"}, ["greet", "auto"]),
}


def untrusted(bench: Bench, tmp_path: Path, files: dict[str, str]) -> Path:
    """A packed repository, unpacked by ``franca unpack``: its meta and these files, ``{trace}`` being a path."""
    top = tmp_path / "packed"
    head = "automation_alias: {kind}\nautomation_uid: {uid}\ntags: [{alias}]\nalias: {alias}\nuid: {own}\n"
    metas = {
        "script/x/_cm.yaml": head.format(kind="script", uid="5b4e0237da074764", alias="x", own="00000000000000e1"),
        "automation/auto/_cm.yaml": head.format(
            kind="automation", uid="bbeb15d8f0a944a4", alias="auto", own="00000000000000e2"
        ),
    }
    for name in {*metas, *files}:
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(metas.get(name, "") + files.get(name, "").replace("{trace}", str(bench.work / "trace")))
    (top / "cmr.yaml").write_text("alias: someone@packed\nuid: '00000000000000e0'\n")
    with zipfile.ZipFile(bench.work / "cm.zip", "w") as archive:
        for path in sorted(p for p in top.rglob("*") if p.is_file()):
            archive.write(path, path.relative_to(top))
    done = franca(bench, "unpack", "cm.zip")
    assert done.returncode == 0, done.stderr
    return bench.root / "repos" / "someone@packed"


@pytest.mark.parametrize("way", WAYS)
def test_no_part_of_fetched_content_does_anything_before_consent(way: str, bench: Bench, tmp_path: Path) -> None:
    files, command = WAYS[way]
    untrusted(bench, tmp_path, files)
    (bench.work / "mine.txt").write_text("precious")
    refused = franca(bench, *command, "--json")
    assert refused.returncode == 1, refused.stdout
    assert "franca trust someone@packed" in refused.stderr and "Traceback" not in refused.stderr
    assert not (bench.work / "trace").exists()
    assert (bench.work / "mine.txt").read_text() == "precious"


def test_cached_results_that_fetched_content_brings_are_not_believed(bench: Bench, tmp_path: Path) -> None:
    uid = bench.script("lib", "cache: true\nnew_env_keys: [CM_LIB]\nenv: {CM_LIB: ours}\n") and f"{bench.count:016x}"
    entry = {
        "alias": "", "uid": "00000000000000e3", "automation_alias": "cache", "automation_uid": "541d6f712a6b464e",
        "tags": ["lib", "script-artifact-" + uid], "associated_script_artifact": f"lib,{uid}",
    }  # fmt: skip
    forged = {
        "cache/e3/_cm.json": json.dumps(entry),
        "cache/e3/cm-cached-state.json": json.dumps({"new_env": {"CM_LIB": "forged"}, "new_state": {}, "deps": []}),
    }
    untrusted(bench, tmp_path, forged)
    assert bench.new_env("--tags=lib") == {"CM_LIB": "ours"}


def test_a_plan_of_fetched_content_says_that_consent_is_missing(bench: Bench, tmp_path: Path) -> None:
    untrusted(bench, tmp_path, {})
    assert "franca trust someone@packed" in franca(bench, "plan", "x").stdout
    assert franca(bench, "trust", "someone@packed").returncode == 0
    assert "trust" not in franca(bench, "plan", "x").stdout
