"""franca new script, and franca lint over what it made, over faulty content and over our recipes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from franca.authoring.findings import RULES
from tests.integration.authoring.conftest import Franca
from tests.integration.engine.conftest import Bench

ROOT = Path(__file__).resolve().parents[3]


def rules(got: object) -> list[tuple[str, int]]:
    return [(f["rule"], f["line"]) for f in got.json["findings"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("dialect", ["classic", "new"])
def test_a_new_script_runs_and_is_clean(bench: Bench, franca: Franca, dialect: str) -> None:
    made = franca("new", "script", "my-tool.x", "--tags=my,yes", f"--dialect={dialect}", "--json")
    assert made.status == 0, made.err
    key = ("MLC" if dialect == "new" else "CM") + "_MY_TOOL_X_RESULT"
    assert "my-tool.x" in franca("find", "script", "--tags=my,yes").out
    assert franca("run", "my-tool.x", "--text=a  'b' \"c", "--json").json["new_env"] == {key: "a  'b' \"c"}
    assert franca("run", "my yes", "--tags=_loud", "--json").json["new_env"] == {key: "HELLO"}
    got = franca("lint", "script", "my-tool.x", "--strict")
    assert got.status == 0, got.out


def test_new_refuses_names_and_what_is_there(bench: Bench, franca: Franca) -> None:
    for name in ("Bad", "a b", "../x", "-x", "a;b"):
        assert franca("new", "script", name).status != 0, name
    assert franca("new", "script", "once").status == 0
    assert franca("new", "script", "once").status == 8
    assert franca("new", "cache", "x").status == 4, "an action that the automation does not have"
    assert franca("new", "script").status == 1


def test_new_goes_to_a_named_repository_of_its_dialect(bench: Bench, franca: Franca) -> None:
    assert franca("new", "script", "content:fresh").status == 0
    assert (bench.repo / "script" / "fresh" / "_cm.yaml").is_file()
    assert "has the classic dialect" in franca("new", "script", "content:other", "--dialect=new").err


META = """\
default_env: {CM_A: 1}
new_env_keys:
- CM_GONE
- CM_LIB_X
- CM_A
deps:
- tags: get,flib
  names: [lib]
  updats_tags_from_env_with_prefix: {_x.: [CM_A]}
  force-cache: true
- tags: get,flib,_slwo
- tags: get,flob
- tags: get,flib,_v.<<<CM_A>>>
  size: 1
  version_max1: '2'
postdeps: []
variations:
  a: {group: g, default: true, env: {CM_X: 1, MLC_Y: 2}}
  b: {group: g, default: true, base: [nothing]}
  c: {alis: a, default-variations: {g: a}}
  a,zz: {env: {}}
  d: {default_variations: {h: a, g: c}, ad: {libb: {tags: _fast}}, adr: {lib: {tags: _fsat}}}
versions:
  '1.0': {enw: {}}
input_description:
  x: {dsec: about x}
"""


def test_lint_finds_what_is_wrong_with_file_and_line(bench: Bench, franca: Franca) -> None:
    bench.script("lib", "tags: [get, flib]\nnew_env_keys: [CM_LIB_*]\ninput_mapping: {siz: CM_S}\n"
                 "variations: {slow: {}, fast: {}, v.#: {}}\n", run="echo CM_LIB_X=1 > tmp-run-env.out\n")  # fmt: skip
    folder = bench.script("faulty", META, run='cp $CM_A "$CM_A"\n', customize="def f(:\n")
    got = franca("lint", "script", "faulty", "--json", "--strict")
    assert got.status == 1
    lines = (folder / "_cm.yaml").read_text().split("\n")

    def line(text: str) -> int:
        return next(n for n, one in enumerate(lines, 1) if text in one)

    assert set(rules(got)) == {
        ("never-set", line("CM_GONE")),
        ("misspelt-key", line("updats")),
        ("misspelt-key", line("force-cache")),
        ("unknown-variation", line("_slwo")),
        ("unknown-tags", line("get,flob")),
        ("unknown-key", line("size: 1")),
        ("misspelt-key", line("version_max1")),
        ("misspelt-key", line("postdeps")),
        ("wrong-prefix", line("MLC_Y")),
        ("unknown-group", line("  b:")),
        ("unknown-variation", line("  b:")),
        ("misspelt-key", line("  c:")),
        ("unknown-variation", line("a,zz")),
        ("unknown-group", line("  d:")),
        ("unknown-name", line("  d:")),
        ("unknown-variation", line("  d:")),
        ("misspelt-key", line("enw")),
        ("misspelt-key", line("dsec")),
        ("unquoted", 2),
        ("python-syntax", 1),
    }
    text = franca("lint", "script", "faulty").out
    message = "warning: nothing reads 'force-cache' of a dependency (is force_cache meant?)"
    assert f"_cm.yaml:{line('force-cache')}:3: {message}" in text
    assert "no script has the tags get,flob (closest: flob -> flib)" in text
    assert "run.sh:2:4: warning: $CM_A is not quoted" in text
    assert franca("lint", "script", "faulty", "--rule=python-syntax").out.count("\n") == 2
    assert "closest: unquoted" in franca("lint", "script", "faulty", "--rule=unqoted").err


def test_lint_of_files_that_cannot_be_read_and_of_doubles(bench: Bench, franca: Franca) -> None:
    one = bench.script("one")
    two = bench.script("two")
    (two / "_cm.yaml").write_text((one / "_cm.yaml").read_text().replace("alias: one", "alias: Two"))
    (bench.script("three") / "_cm.yaml").write_text("a: [\n")
    (bench.script("four") / "_cm.yaml").open("a").write("cache: true\ncache: false\n")
    got = franca("lint", str(bench.repo), "--json")
    assert got.status == 1 and {rule for rule, _ in rules(got)} == {
        "duplicate-identity", "malformed-file", "duplicate-key",
    }  # fmt: skip
    places = {f["rule"]: (Path(f["path"]).parent.name, f["line"]) for f in got.json["findings"]}
    assert places["duplicate-key"] == ("four", 7) and places["duplicate-identity"] == ("two", 2)
    assert franca("lint", "/nowhere/at/all").status == 16
    assert franca("lint", "script", "nothing-like-it").status == 16


ODD = """\
deps: [1, {tags: 5}, {tags: {a: b}}]
variations: [a]
versions: x
new_env_keys: 7
adr: [x]
input_description: {a: {choices: 5, sort: x}, b: 1}
update_meta_if_env: {a: b}
tests: {run_inputs: 5}
default_env: []
"""


def test_hostile_content_is_reported_and_read_to_its_end(bench: Bench, franca: Franca) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    bench.script("bomb", bomb)
    bench.script("tagged", "deps: !!python/object/apply:os.system ['true']\n")
    odd = bench.script("odd", ODD)
    os.mkfifo(odd / "pipe.sh")
    (odd / "zero.sh").symlink_to("/dev/zero")
    (odd / "customize.py").write_bytes(b"\xff\x00" * 10)
    got = franca("lint", str(bench.repo), "--json", "--strict")
    assert got.status == 1, got.err
    rules = {(f["script"], f["rule"]) for f in got.json["findings"]}
    for words in (("doc", "script", "odd"), ("run", "odd", "--help"), ("test", "script", "odd")):
        assert franca(*words).status in (0, 1), words
    assert {("bomb", "malformed-file"), ("tagged", "malformed-file"), ("odd", "wrong-form")} <= rules


def test_a_folder_that_is_not_registered_is_its_own_world(bench: Bench, franca: Franca, tmp_path: Path) -> None:
    for name, meta in (("a", "deps: [{tags: 'only,here'}]"), ("b", "tags: [only, here]")):
        folder = tmp_path / "elsewhere" / "script" / name
        folder.mkdir(parents=True)
        head = f"alias: {name}\nuid: 00000000000000a{len(name + meta) % 10}\n"
        (folder / "meta.yaml").write_text(head + ("tags: [a]\n" if name == "a" else "") + meta + "\n")
    got = franca("lint", str(tmp_path / "elsewhere"))
    assert got.status == 0 and "2 scripts" in got.out
    assert "1 scripts" in franca("lint", str(tmp_path / "elsewhere" / "script" / "a")).out


def test_folders_may_be_named_from_where_one_is(bench: Bench, franca: Franca, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bench.script("one")
    for place, word in ((folder, "."), (bench.repo, "."), (bench.repo, "./script/one"), (folder.parent, "one/")):
        monkeypatch.chdir(place)
        assert "# 1 scripts" in franca("lint", word).out, (place, word)
    monkeypatch.chdir(bench.repo)
    assert franca("doc", "script", "./script/one").status == 0 and (folder / "README.md").exists()
    assert franca("doc", "script", "./script/two").status == 16
    monkeypatch.chdir(folder)
    assert franca("doc", "script", ".").status == 0


def test_lint_of_the_local_repository_is_the_default(bench: Bench, franca: Franca) -> None:
    assert franca("lint").out == "# 0 scripts: nothing found\n"
    franca("new", "script", "mine")
    assert "# 1 scripts" in franca("lint").out
    assert "# 1 scripts" in franca("lint", "repo", "local").out


def test_our_recipes_are_clean(bench: Bench, franca: Franca) -> None:
    got = franca("lint", str(ROOT / "recipes"))
    assert got.status == 0, got.out


def test_rules_are_documented() -> None:
    page = (ROOT / "docs" / "how-to" / "write-a-script.md").read_text("utf-8")
    for rule in RULES:
        assert f"`{rule}`" in page, rule


def test_findings_are_data(bench: Bench, franca: Franca) -> None:
    bench.script("x", "dpes: []\n")
    got = json.loads(franca("lint", "script", "x", "--json").out)
    (one,) = got["findings"]
    assert one["severity"] == "warning" and one["script"] == "x" and one["hint"] == "is deps meant?"
    assert got["counts"] == {"warning": 1} and got["scripts"] == 1 and got["status"] == 1
