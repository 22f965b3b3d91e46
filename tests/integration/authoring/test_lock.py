"""franca lock and franca run --locked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.authoring.conftest import Franca, commit_all
from tests.integration.engine.conftest import Bench

SHA = "a" * 64


@pytest.fixture
def head(bench: Bench) -> str:
    bench.script(
        "lib", "tags: [get, lib]\ncache: true\nnew_env_keys: [CM_LIB_VERSION]\nversions: {'1.0': {}, '2.0': {}}\n"
        "default_version: '1.0'\n"
        "env: {CM_LIB_URL: 'https://me:pw@host.example/lib.tgz', CM_LIB_CHECKSUM: " + SHA + "}\n"
        "deps: [{tags: tool}]\n",
        run="echo CM_LIB_VERSION=$CM_VERSION > tmp-run-env.out\n",
    )  # fmt: skip
    bench.script("tool", "new_env_keys: [CM_TOOL]\n", run="echo CM_TOOL=x > tmp-run-env.out\n")
    bench.script(
        "top", "deps:\n- {tags: 'get,lib', names: [lib]}\n- {tags: late, enable_if_env: {CM_LIB_VERSION: ['1.0']}}\n"
        "variations: {a: {group: g, default: true}}\n",
    )  # fmt: skip
    bench.script("late")
    return commit_all(bench.repo)


def locked(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def test_a_lock_has_everything_that_the_request_uses(bench: Bench, franca: Franca, head: str) -> None:
    got = franca("lock", "top", "--quiet")
    assert got.status == 0, got.err
    lock = locked(bench.work / "franca.lock")
    assert lock["franca_lock"] == 1 and lock["command"] == "franca run script top"
    assert lock["repositories"] == [{"alias": "content", "uid": "00000000000000c0", "commit": head}]
    steps = {s["label"]: s for s in lock["steps"]}
    assert list(steps) == ["top", "get,lib", "tool", "late"], "also what is behind the cache, and what was waited for"
    assert steps["top"]["variations"] == ["a"]
    assert steps["get,lib"]["version"] == "1.0" and steps["get,lib"]["names"] == ["lib"]
    assert steps["get,lib"]["sources"] == [
        {"key": "CM_LIB_URL", "url": "https://host.example/lib.tgz", "checksum": SHA}
    ]
    assert lock["pins"] == {"lib": "1.0"}
    assert str(bench.home) not in (bench.work / "franca.lock").read_text()
    first = (bench.work / "franca.lock").read_bytes()
    assert franca("lock", "top", "--quiet").status == 0
    assert (bench.work / "franca.lock").read_bytes() == first, "the same again, from the cache"


@pytest.mark.parametrize("words", [("--locked",), ("--locked", "franca.lock"), ("--locked=franca.lock",)])
def test_a_locked_run_pins_versions(bench: Bench, franca: Franca, head: str, words: tuple[str, ...]) -> None:
    assert franca("lock", "top", "--adr.lib.version=2.0", "--quiet").status == 0
    got = franca("run", *words, "--quiet", "--json")
    assert got.status == 0, got.err
    asked = franca("show", "run", "last", "--json").json["events"]
    assert {e["step"] for e in asked if e["event"] == "step_started"} >= {"top", "get,lib"}
    assert [v["version"] for v in got.json["versions"] if v["tags"] == "get,lib"] == ["2.0"]


def test_a_locked_run_refuses_other_commits_and_changed_scripts(bench: Bench, franca: Franca, head: str) -> None:
    franca("lock", "top", "--quiet")
    (bench.repo / "script" / "lib" / "run.sh").write_text("#!/bin/bash\necho CM_LIB_VERSION=9 > tmp-run-env.out\n")
    got = franca("run", "--locked", "--quiet")
    assert got.status == 1 and "the content of lib is not what the lock has" in got.err
    second = commit_all(bench.repo)
    got = franca("run", "--locked", "--quiet")
    assert got.status == 1
    assert f"repository content is at commit {second[:12]}, the lock wants {head[:12]}" in got.err
    assert f"checkout {head}" in got.err


def test_a_locked_run_names_a_repository_that_is_missing(bench: Bench, franca: Franca, head: str) -> None:
    franca("lock", "top", "--quiet")
    (bench.root / "repos.json").write_text("[]")
    got = franca("run", "--locked", "--quiet")
    assert got.status == 16 and "needs the repository content" in got.err and f"--checkout={head}" in got.err


def test_a_lock_says_when_a_repository_was_changed(bench: Bench, franca: Franca, head: str) -> None:
    with (bench.repo / "script" / "late" / "_cm.yaml").open("a") as stream:
        stream.write("# changed\n")
    got = franca("lock", "top", "--quiet", "--lock-file=x.lock")
    assert "changed since its commit: content" in got.out
    assert locked(bench.work / "x.lock")["repositories"][0]["dirty"] is True
    assert franca("run", "--locked=x.lock", "--quiet").status == 0


def test_bad_lock_files(bench: Bench, franca: Franca, head: str) -> None:
    assert franca("run", "--locked").status == 16
    (bench.work / "franca.lock").write_text("{}")
    got = franca("run", "--locked")
    assert got.status == 4 and "no lock file" in got.err
    franca("lock", "top", "--quiet")
    assert "give no other" in franca("run", "detect os", "--locked").err


def test_addresses_that_an_input_gives_are_locked_with_their_checksums(bench: Bench, franca: Franca, head: str) -> None:
    import hashlib

    (bench.work / "data").write_text("payload")
    url, digest = f"file://{bench.work}/data", hashlib.sha256(b"payload").hexdigest()
    got = franca("lock", "download file", f"--url={url}", f"--sha256={digest}", "--quiet")
    assert got.status == 0, got.err
    (step,) = [s for s in locked(bench.work / "franca.lock")["steps"] if s["label"] == "download,file"]
    assert {"key": "CM_DOWNLOAD_URL", "url": url, "checksum": digest} in step["sources"]
    assert franca("lock", "download file", f"--url={url}", "--quiet", "--lock-file=y.lock").status == 0
    (step,) = [s for s in locked(bench.work / "y.lock")["steps"] if s["label"] == "download,file"]
    assert step["sources"][0]["checksum"] == digest, "the script has found it out"


def test_secrets_do_not_enter_a_lock(bench: Bench, franca: Franca, head: str) -> None:
    franca("lock", "top", "--quiet", "--env.CM_MY_TOKEN=hush", "--env.CM_B=kept")
    text = (bench.work / "franca.lock").read_text()
    assert "hush" not in json.dumps(locked(bench.work / "franca.lock")["inputs"]) and "kept" in text
    assert "hush" not in text
