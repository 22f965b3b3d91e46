"""franca runs, show run, replay."""

from __future__ import annotations

from pathlib import Path

from tests.integration.authoring.conftest import Franca, commit_all
from tests.integration.engine.conftest import Bench


def content(bench: Bench) -> None:
    bench.script(
        "lib", "cache: true\nnew_env_keys: [CM_LIB*]\n",
        run="echo CM_LIB=$(cat ~/value) > tmp-run-env.out\necho CM_LIB_SHA256=$(cat ~/value) >> tmp-run-env.out\n",
    )  # fmt: skip
    bench.script("top", "deps: [{tags: lib}]\n", run="echo hello from top\n")
    bench.script("bad", "deps: [{tags: lib}]\n", run="echo deep trouble; exit 3\n")
    (bench.home / "value").write_text("one")


def test_runs_lists_newest_first_with_status_and_command(bench: Bench, franca: Franca) -> None:
    content(bench)
    assert franca("runs").out.split() == ["run", "started", "status", "took", "command"]
    assert franca("run", "top", "--env.CM_X=a b").status == 0
    assert franca("run", "bad").status == 2
    listed = franca("runs", "--json").json
    assert listed["total"] == 2
    assert [(r["status"], r["command"]) for r in listed["runs"]] == [
        (2, "franca run script bad"), (0, "franca run script top '--env.CM_X=a b'"),
    ]  # fmt: skip
    assert "failed (2)" in franca("runs", "bad").out and "top" not in franca("runs", "bad").out
    assert len(franca("runs", "--limit=1", "--json").json["runs"]) == 1
    assert franca("runs", "--limit=x").status == 1


def test_a_killed_run_has_no_end(bench: Bench, franca: Franca) -> None:
    content(bench)
    franca("run", "top")
    journal = next(bench.root.glob(".franca/runs/*/journal.jsonl"))
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    assert "no end" in franca("runs").out
    assert franca("show", "run", "last").status == 0


def test_show_run_has_steps_and_logs_and_with_verbose_every_event(bench: Bench, franca: Franca) -> None:
    content(bench)
    franca("run", "top")
    got = franca("show", "run", "last")
    assert got.status == 0, got.err
    assert [line.split()[:2] for line in got.out.splitlines() if line.strip().startswith(">")] == [
        [">", "top"],
        [">", "lib"],
    ]
    logs = [line.removeprefix("log: ") for line in got.out.splitlines() if line.startswith("log: ")]
    assert len(logs) == 2 and "hello from top" in Path(logs[1]).read_text()
    detail = franca("show", "run", "last", "--verbose").out
    assert "end of the run, status 0" in detail and "run.sh" in detail
    run = franca("runs", "--json").json["runs"][0]["run"]
    assert franca("show", "run", run[:4], "--json").json["run"]["run"] == run
    assert franca("show", "run", "zz").status == 16


def test_replay_of_the_same_thing_is_the_same(bench: Bench, franca: Franca) -> None:
    content(bench)
    franca("run", "top")
    got = franca("replay", "last")
    assert got.status == 0 and "the same as" in got.out


def test_replay_reports_exports_and_digests_that_differ_and_why(bench: Bench, franca: Franca) -> None:
    content(bench)
    commit_all(bench.repo)
    franca("run", "lib")
    first = franca("runs", "--json").json["runs"][0]["run"]
    assert franca("replay", first).status == 0, "the cache answers"
    (bench.home / "value").write_text("two")
    got = franca("replay", first, "--new", "--explain", "--json").json
    assert [(d["kind"], d["before"], d["after"]) for d in got["differences"]] == [
        ("export", "one", "two"), ("digest", "one", "two"),
    ]  # fmt: skip
    assert "same commit" in got["differences"][0]["because"]
    (bench.repo / "new-file").write_text("x")
    commit_all(bench.repo)
    again = franca("replay", first, "--new", "--explain")
    assert again.status == 1 and "because repository content was at" in again.out


def test_replay_reports_steps_that_came_and_went(bench: Bench, franca: Franca) -> None:
    content(bench)
    franca("run", "top")
    meta = bench.repo / "script" / "top" / "_cm.yaml"
    meta.write_text(meta.read_text().replace("{tags: lib}", "{tags: other}"))
    bench.script("other")
    got = franca("replay", "last", "--json").json
    assert {(d["where"], d["after"]) for d in got["differences"]} == {
        ("top > other", "added"),
        ("top > lib", "removed"),
    }


def test_secrets_are_not_in_a_journal_and_a_replay_asks_for_them(bench: Bench, franca: Franca) -> None:
    bench.script("s", "new_env_keys: [CM_SEEN]\n", run="echo CM_SEEN=${#CM_MY_TOKEN} > tmp-run-env.out\n")
    assert franca("run", "s", "--env.CM_MY_TOKEN=hush", "--env.CM_MAX_TOKENS=7").status == 0
    text = next(bench.root.glob(".franca/runs/*/journal.jsonl")).read_text()
    assert "hush" not in text and '"CM_MAX_TOKENS":"7"' in text.replace(": ", ":").replace('":7', '":"7"')
    got = franca("replay", "last")
    assert got.status == 1 and "add --env.CM_MY_TOKEN=..." in got.err
    assert franca("replay", "last", "--env.CM_MY_TOKEN=hush").status == 0
    again = franca("runs", "--json").json["runs"][-1]["run"]
    assert "CM_SEEN: 4 -> 2" in franca("replay", again, "--env.CM_MY_TOKEN=xx").out
