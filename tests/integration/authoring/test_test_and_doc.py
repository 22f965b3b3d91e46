"""franca test script, franca doc, and --help of a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.authoring.conftest import Franca
from tests.integration.engine.conftest import Bench

FULL = """\
tags: [say, it]
name: Says | things
cache: true
input_mapping: {text: CM_TEXT, size: CM_SIZE}
input_description:
  text: {desc: What to say, default: hello}
  size: {desc: How loud, choices: [small, big], sort: 10}
default_env: {CM_TEXT: hello}
deps:
- tags: get,one
  names: [one]
- tags: get,two
  enable_if_env: {CM_SIZE: [big, '']}
post_deps:
- tags: 'clean,"up"'
new_env_keys: [CM_SAID, +PATH]
variations:
  plain: {}
  loud: {group: voice, default: true, env: {CM_VOICE: loud}}
  soft: {group: voice, base: [plain], new_env_keys: [CM_SOFT]}
  quiet: {alias: soft}
  loud,plain: {deps: [{tags: 'get,three'}]}
versions: {'1.0': {}, '2.0': {}}
default_version: '2.0'
"""


def test_the_tests_of_a_new_script_pass(bench: Bench, franca: Franca) -> None:
    franca("new", "script", "my-tool")
    got = franca("test", "script", "my-tool", "--json")
    assert got.status == 0, got.out + got.err
    assert [(r["name"], r["state"]) for r in got.json["results"]] == [
        ("run_inputs 1", "passed"), ("run_inputs 2 _loud", "passed"), ("tests folder", "passed"),
    ]  # fmt: skip
    assert list(bench.work.iterdir()) == [], "each case has a folder of its own"


RUNS = """\
tests:
  run_inputs:
  - env: {CM_A: one}
  - {docker: true}
  - {id: vary, variations_list: ['a', 'a,b'], env: {CM_A: two}}
  - {test-all-variations: true}
  - {fail_safe: true, env: {CM_A: bad}}
variations: {a: {}, b: {}, c: {exclude-in-test: true}, g1: {group: g}, d.#: {}}
"""


@pytest.fixture
def seen(bench: Bench) -> Path:
    log = bench.home / "seen"
    bench.script("probe", RUNS, run=f'echo "${{CM_A:-}}" >> "{log}"\ntest "${{CM_A:-}}" != bad\n')
    return log


def test_entries_variations_containers_and_failures_that_do_not_count(bench: Bench, franca: Franca, seen: Path) -> None:
    got = franca("test", "script", "probe", "--json")
    assert got.status == 0
    assert [(r["name"], r["state"]) for r in got.json["results"]] == [
        ("run_inputs 1", "passed"), ("run_inputs 2", "skipped"),
        ("run_inputs 3 (vary) _a", "passed"), ("run_inputs 3 (vary) _a,_b", "passed"),
        ("run_inputs 4 _a", "passed"), ("run_inputs 4 _b", "passed"), ("run_inputs 5", "skipped"),
    ]  # fmt: skip
    assert seen.read_text().split("\n") == ["one", "two", "two", "", "", "bad", ""]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--index=1",), ["run_inputs 1"]),
        (("--index=4+",), ["run_inputs 4 _a", "run_inputs 4 _b", "run_inputs 5"]),
        (("--id=vary",), ["run_inputs 3 (vary) _a", "run_inputs 3 (vary) _a,_b"]),
    ],
)
def test_some_entries(bench: Bench, franca: Franca, seen: Path, words: tuple[str, ...], names: list[str]) -> None:
    assert [r["name"] for r in franca("test", "script", "probe", "--json", *words).json["results"]] == names


def test_inputs_of_the_command_override_those_of_the_entry(bench: Bench, franca: Franca, seen: Path) -> None:
    got = franca("test", "script", "probe", "--index=1", "--env.CM_A=bad")
    assert got.status == 1 and "failed  probe: run_inputs 1" in got.out and "log:" in got.out
    assert seen.read_text() == "bad\n"


def test_no_tests_and_no_such_entry_are_errors(bench: Bench, franca: Franca, seen: Path) -> None:
    bench.script("bare")
    assert "bare has no tests" in franca("test", "script", "bare").err
    for words in (("--index=9",), ("--index=x",), ("--id=no",)):
        assert franca("test", "script", "probe", *words).status == 1
    assert franca("test", "script", "no-such").status == 16


def test_a_page_has_everything_and_does_not_change_without_reason(bench: Bench, franca: Franca) -> None:
    folder = bench.script("sayer", FULL, files={"README-extra.md": "## More\n\nBy hand.\n"})
    assert franca("doc", "script", "sayer", "--check").status == 1, "it is missing"
    assert not (folder / "README.md").exists()
    assert franca("doc", "script", "sayer").status == 0
    page = (folder / "README.md").read_text()
    for text in (
        "# sayer\n", "Says | things", "| tags | `say,it` |", "franca run 'say it' --size=...",
        "cm run script --tags=say,it", "| `--size` | `CM_SIZE` | How loud; one of small, big |  |",
        "| `--text` | `CM_TEXT` | What to say | `hello` |", "### Free to combine", "### Group voice: one of",
        "| `_loud` (default) | `CM_VOICE=loud` |  |", "| `_soft` |  | `_plain` |", "another name for `_soft`",
        "`_loud,_plain`", "`1.0`, `2.0` (default)", "top --> d1", 'top -.-> d2', 'd3["clean,#quot;up#quot;"]',
        "| `get,two` | before |  |  | if CM_SIZE is big or empty |", "| `get,three` | before | _loud,plain |  |  |",
        "- `CM_SAID`", "- `+PATH`", "- `CM_SOFT`", "## More\n\nBy hand.",
    ):  # fmt: skip
        assert text in page, text
    assert page.index("--size") < page.index("`--text`"), "sorted inputs come first"
    before = (folder / "README.md").stat().st_mtime_ns
    assert "is current" in franca("doc", "script", "sayer").out
    assert (folder / "README.md").stat().st_mtime_ns == before
    assert franca("doc", "script", "sayer", "--check").status == 0
    (folder / "_cm.yaml").write_text((folder / "_cm.yaml").read_text().replace("What to say", "Words"))
    assert franca("doc", "script", "sayer", "--check").status == 1
    assert franca("doc", "script", "sayer").status == 0 and "Words" in (folder / "README.md").read_text()


def test_a_page_by_hand_is_not_replaced(bench: Bench, franca: Franca) -> None:
    folder = bench.script("sayer", FULL, files={"README.md": "mine\n"})
    bench.script("other")
    got = franca("doc", "script", "sayer")
    assert got.status == 1 and "README-extra.md" in got.err
    got = franca("doc", "repo", "content")
    assert got.status == 0 and "is written by hand and stays" in got.out
    assert (folder / "README.md").read_text() == "mine\n"
    assert (bench.repo / "script" / "other" / "README.md").exists()
    assert franca("doc", "repo", "content", "--check").status == 0
    assert franca("doc", "script", "sayer", "--force").status == 0
    assert "# sayer" in (folder / "README.md").read_text()
    assert "# sayer" in franca("doc", "script", "sayer", "--print").out


def test_help_of_a_script_shows_its_inputs_and_runs_nothing(bench: Bench, franca: Franca) -> None:
    bench.script("sayer", FULL, run="touch ran\n")
    for words in (("sayer",), ("script", "sayer"), ("say it",), ("--tags=say,it,_soft",)):
        got = franca("run", *words, "--help")
        assert got.status == 0, got.err
        for text in ("--size=CM_SIZE  How loud; one of small, big", "[hello]", "_loud  default; CM_VOICE=loud",
                     "--version=V  1.0, 2.0 (default 2.0)", "get,two", "CM_SAID"):  # fmt: skip
            assert text in got.out, (words, text)
    assert not (bench.work / "ran").exists()
    assert franca("run", "no-such-script", "--help").status == 16
