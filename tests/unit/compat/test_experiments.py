"""``experiment script``: a run for each value, each with a record in an artifact."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from franca.compat.experiment_actions import explored, machine_state
from franca.errors import UsageError


@pytest.mark.parametrize(
    ("given", "runs"),
    [
        (None, [{}]),
        (True, [{}]),
        ({}, [{}]),
        ({"a": "x"}, [{"a": "x"}]),
        ({"a": ["1", "2"]}, [{"a": "1"}, {"a": "2"}]),
        ({"a": "2:4"}, [{"a": "2"}, {"a": "3"}, {"a": "4"}]),
        ({"a": "2:10:4"}, [{"a": "2"}, {"a": "6"}, {"a": "10"}]),
        ({"a": "-1:0"}, [{"a": "-1"}, {"a": "0"}]),
        ({"a": ["x", "1:2"]}, [{"a": "x"}, {"a": "1"}, {"a": "2"}]),
        ({"a": "host:80:tcp"}, [{"a": "host:80:tcp"}]),
        ({"a": ["1", "2"], "b": "3"}, [{"a": "1"}, {"a": "2"}, {"b": "3"}]),
    ],
)
def test_what_is_explored(given: Any, runs: list[dict[str, str]]) -> None:
    assert list(explored(given)) == runs


@pytest.mark.parametrize("given", ["word", {"a": {"b": "1"}}, {"a": "5:1"}, {"a": "0:99999999"}])
def test_what_cannot_be_explored(given: Any) -> None:
    with pytest.raises(UsageError):
        list(explored(given))


def records(store: Any) -> list[dict[str, Any]]:
    folder = store.root / "repos" / "local" / "experiment"
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*/run_*/run.json"))]


META = {"input_mapping": {"word": "CM_WORD", "other": "CM_OTHER"}, "new_env_keys": ["CM_RESULT"]}
HOOKS = """
def postprocess(i):
    env = i["env"]
    if env.get("CM_WORD") == "bad":
        return {"return": 3, "error": "a bad word"}
    env["CM_RESULT"] = env.get("CM_WORD", "") + "-" + env.get("CM_OTHER", "") + "-" + env["CM_USER_RUN_DIR"]
    return {"return": 0}
"""


def test_each_value_is_a_run_with_a_record_in_one_artifact(store: Any, run_cm: Any) -> None:
    store.script(store.repo("r"), "s", META, hooks=HOOKS, run_sh='printf %s "$CM_WORD" > word.txt\n')
    here = os.getcwd()
    status, out, err = run_cm("experiment", "script", "s", "--exp.word,=a,b", "--other=o", "--exp_tags=mine")
    assert status == 0, err
    found = records(store)
    assert [(one["explored"], one["new_env"]["CM_RESULT"]) for one in found] == [
        ({"word": "a"}, f"a-o-{here}"), ({"word": "b"}, f"b-o-{here}"),
    ]  # fmt: skip
    paths = [Path(one["path"]) for one in found]
    assert out.splitlines()[-2:] == [str(path) for path in paths]
    assert [(path / "word.txt").read_text() for path in paths] == ["a", "b"]
    assert os.getcwd() == here
    for path in paths:
        before = json.loads((path / "system_state_before.json").read_text())
        assert before.keys() == json.loads((path / "system_state_after.json").read_text()).keys() == {*machine_state()}
    run_cm("experiment", "script", "s", "--exp.word=c", "--exp_tags=mine", "--exp_skip_state_save")
    assert len(records(store)) == 3
    (entry,) = store.cm().access({"action": "find", "automation": "experiment", "tags": "s,mine"})["list"]
    assert {Path(one["path"]).parent for one in records(store)} == {Path(entry.path)}
    assert [entry.meta["script_alias"], entry.meta["tags"]] == ["s", ["s", "mine"]]
    run_cm("experiment", "script", "s", "--exp_tags=others", "--exp_skip_state_save")
    assert len(store.cm().access({"action": "find", "automation": "experiment", "tags": "s"})["list"]) == 2


def test_a_run_that_fails_is_recorded_and_ends_the_exploration(store: Any, run_cm: Any) -> None:
    store.script(store.repo("r"), "s", META, hooks=HOOKS)
    status, _, err = run_cm("experiment", "script", "s", "--exp.word,=a,bad,c", "--exp_skip_state_save")
    assert status != 0 and "a bad word" in err
    assert [(one["explored"]["word"], one["return"] > 0) for one in records(store)] == [("a", False), ("bad", True)]


def test_the_new_dialect_keeps_experiments_in_its_own_storage(store: Any, run_cm: Any) -> None:
    meta = {"input_mapping": {"word": "MLC_WORD"}}
    store.script(store.repo("r", new=True), "s", meta, run_sh="true\n")
    status, out, err = run_cm("s", "--exp.word=1:2", program="mlce")
    assert status == 0, err
    folder = f"{store.home}/MLC/repos/local/experiment/"
    assert [line.startswith(folder) for line in out.splitlines()[-2:]] == [True, True]
    assert run_cm("find", "experiment", "s", program="mlc")[0] == 0
