"""``customize.py`` as the engine calls it: what it is given, what it may answer, how its errors look."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from franca.compat.access import CM

Run = Callable[..., tuple[int, str, str]]

LOOK = """
import json, os
def look(i):
    seen = {key: type(value).__name__ for key, value in i.items()}
    with open(os.environ['SEEN'], 'a') as f:
        f.write(json.dumps({'keys': sorted(seen), 'variations': i['variation_tags']}) + chr(10))
    return {'return': 0}
def preprocess(i):
    i['env']['P_FROM_PRE'] = 'pre'
    return look(i)
def postprocess(i):
    given = i['run_script_input']
    i['automation'].run_native_script({'run_script_input': given, 'env': i['env'], 'detect_version': True})
    return look(i)
def detect_version(i):
    look(i)
    return {'return': 0, 'version': '3.1'}
"""
KEYS = [
    "artifact", "automation", "customize", "env", "input", "meta", "os_info", "recursion_spaces",
    "run_script_input", "script_tags", "state", "variation_tags",
]  # fmt: skip


@pytest.mark.parametrize("new", [False, True], ids=["classic", "new"])
def test_a_hook_is_given_exactly_the_documented_keys(store: Any, tmp_path: Path, monkeypatch: Any, new: bool) -> None:
    seen = tmp_path / "seen"
    monkeypatch.setenv("SEEN", str(seen))
    repo = store.repo("r", new=new)
    meta = {"variations": {"v": {}, "d": {"group": "g", "default": True}}}
    store.script(repo, "s", meta, hooks=LOOK, run_sh="true\n")
    assert store.cm(new=new).access({"action": "run", "automation": "script", "tags": "s,_v"})["return"] == 0
    pre, detect, post = [json.loads(line) for line in seen.read_text().splitlines()]
    assert pre["keys"] == KEYS
    assert detect["keys"] == [key for key in KEYS if key != "run_script_input"]
    assert post["keys"] == (sorted([*KEYS, "const", "const_state"]) if new else KEYS)
    assert pre["variations"] == (["v", "d"] if new else ["v"])


def hooked(store: Any, body: str, **files: str) -> CM:
    store.script(
        store.repo("r"), "s", {"new_env_keys": ["CM_X*", "+CM_X*"], "new_state_keys": ["*"]}, hooks=body, **files
    )
    return store.cm()


def run(cm: CM, **more: Any) -> dict[str, Any]:
    return cm.access({"action": "run", "automation": "script", "tags": "s", "quiet": True, **more})


def test_env_state_and_meta_are_live(store: Any) -> None:
    cm = hooked(
        store,
        "def preprocess(i):\n"
        "    i['env']['CM_X1'] = 'a'\n    i['state']['k'] = [1]\n    i['input']['tags'] = 'changed'\n"
        "    return {'return': 0}\n"
        "def postprocess(i):\n    i['env']['CM_X2'] = i['env']['CM_X1'] + i['input']['tags']\n"
        "    return {'return': 0}\n",
    )
    result = run(cm)
    assert result["new_env"] == {"CM_X1": "a", "CM_X2": "as"}
    assert result["new_state"]["k"] == [1]


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ("return {'return': 5, 'error': 'my own words'}", 5, "my own words"),
        ("return None", 1, "a dictionary with a 'return' key was expected, got None"),
        ("return {}", 1, "a dictionary with a 'return' key was expected, got {}"),
        ("raise KeyError('fx')", 1, "preprocess of customize.py raised KeyError: 'fx'"),
        ("import sys; sys.exit(3)", 1, "ended the process with 3"),
        ("import no_such_module_zz.x", 1, "the Python module 'no_such_module_zz' is needed and not installed"),
    ],
)
def test_what_goes_wrong_in_a_hook_is_one_clear_error(store: Any, body: str, code: int, text: str) -> None:
    result = run(hooked(store, f"def preprocess(i):\n    {body}\n"))
    assert result["return"] == code
    assert text in result["error"]
    assert "Traceback" not in result["error"]
    if "raise" in body or "import" in body:
        assert "customize.py:2: " in result["error"], "the line of content is named"


def test_a_missing_module_names_the_command_and_installs_nothing(store: Any) -> None:
    result = run(hooked(store, "import no_such_module_zz\ndef preprocess(i):\n    return {'return': 0}\n"))
    assert "python -m pip install no_such_module_zz" in result["hint"]
    assert "customize.py:1: " in result["error"]


def test_a_syntax_error_names_file_line_and_interpreter(store: Any) -> None:
    result = run(hooked(store, "x = 1\ndef preprocess(i:\n"))
    assert "customize.py:2" in result["error"]
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in result["hint"]


def test_a_native_failure_handed_up_by_a_hook_keeps_its_code_and_log(store: Any) -> None:
    cm = hooked(
        store,
        "def preprocess(i):\n    return i['automation'].run_native_script("
        "{'run_script_input': i['run_script_input'], 'env': i['env'], 'script_name': 'bad'})\n",
        bad_sh="exit 3\n",
    )
    result = run(cm)
    assert result["return"] == 2
    assert "return code = 768" in result["error"]


def test_results_of_native_scripts_reach_the_env_that_was_passed(store: Any) -> None:
    cm = hooked(
        store,
        "def preprocess(i):\n    e = i['env']\n    e['CM_X0'] = 'before'\n"
        "    r = i['automation'].run_native_script("
        "{'run_script_input': i['run_script_input'], 'env': e, 'script_name': 'two'})\n"
        "    e['CM_X3'] = r['env_tmp']['CM_X2']\n    return r\n",
        two_sh='echo "CM_X2=$CM_X0-two=2" > tmp-run-env.out\n',
    )
    assert run(cm)["new_env"] == {"CM_X0": "before", "CM_X2": "before-two=2", "CM_X3": "before-two=2"}


FIND = """
def preprocess(i):
    r = i['automation'].find_artifact({'file_name': 'fxt', 'env': i['env'], 'os_info': i['os_info'],
        'default_path_env_key': 'PATH', 'detect_version': True, 'env_path_key': 'CM_X_BIN',
        'run_script_input': i['run_script_input'], 'recursion_spaces': '', 'extra_paths': {'lib': '+CM_X_LIB'},
        'hook': lambda j: {'return': 0, 'skip': 'skipme' in j['file']}})
    if r['return'] > 0: return r
    i['env']['CM_X_FOUND'] = r['found_path']
    return {'return': 0}
def detect_version(i):
    r = i['automation'].parse_version({'match_text': r'fxt ([\\d.]+)', 'group_number': 1, 'env_key': 'CM_X_VERSION',
                                       'which_env': i['env']})
    return r
"""


def tools(store: Any) -> list[Path]:
    out = []
    for directory, version in (("skipme", "7.0"), ("a", "1.0"), ("b", "2.0")):
        path = store.home / directory / "bin" / "fxt"
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/bash\necho fxt {version}\n")
        path.chmod(0o755)
        out.append(path)
    (store.home / "b" / "lib").mkdir()
    return out


@pytest.mark.parametrize(
    ("flags", "index"), [({}, 1), ({"version": "2.0"}, 2), ({"version_min": "1.5"}, 2), ({"version_max": "1.5"}, 1)]
)
def test_find_artifact_obeys_paths_filter_and_versions(store: Any, flags: dict[str, str], index: int) -> None:
    found = tools(store)
    cm = hooked(store, FIND, run_sh="$CM_X_BIN > tmp-ver.out\n")
    result = run(cm, path=":".join(str(path.parent) for path in found), **flags)
    assert result["return"] == 0, result
    env = result["new_env"]
    assert (env["CM_X_BIN"], env["CM_X_FOUND"]) == (str(found[index]), str(found[index].parent))
    assert env["CM_X_VERSION"] == f"{index}.0"
    assert env.get("+CM_X_LIB", []) == ([str(store.home / "b" / "lib")] if index == 2 else [])


def test_a_tool_that_is_nowhere_is_16(store: Any) -> None:
    cm = hooked(store, FIND, run_sh="$CM_X_BIN > tmp-ver.out\n")
    result = run(cm)
    assert (result["return"], result["error"]) == (16, "fxt not found")
    assert run(cm, input="/none/fxt")["return"] == 1
    assert "doesn't exist" in run(cm, path="/none")["error"]


def test_update_deps_changes_the_entries_of_a_joined_list(store: Any) -> None:
    repo = store.repo("r")
    store.script(repo, "dep", {"input_mapping": {"val": "CM_X_VAL"}, "new_env_keys": ["CM_X*"]})
    store.script(
        repo,
        "s",
        {"prehook_deps": [{"tags": "dep", "names": ["d"]}], "posthook_deps": [], "new_env_keys": ["CM_X*"]},
        hooks="def preprocess(i):\n    m = i['meta']\n    return i['automation'].update_deps("
        "{'deps': m['prehook_deps'] + m['posthook_deps'], "
        "'update_deps': {'d': {'val': 'v'}, 'unknown': {'val': 'w'}}})\n",
    )
    assert run(store.cm())["new_env"] == {"CM_X_VAL": "v"}


def test_content_reaches_the_same_world_through_access(store: Any) -> None:
    repo = store.repo("r")
    store.script(repo, "other", {"env": {"CM_X_O": "1"}, "new_env_keys": ["CM_X*"]})
    store.script(
        repo,
        "s",
        {"new_env_keys": ["CM_X*"]},
        hooks="import cmind\nfrom cmind import utils\n"
        "def preprocess(i):\n"
        "    r = cmind.access({'action': 'find', 'automation': 'script', 'tags': 'other'})\n"
        "    i['env']['CM_X_N'] = len(r['list'])\n"
        "    r = i['automation'].cmind.access({'action': 'run', 'automation': 'script', 'tags': 'other'})\n"
        "    i['env']['CM_X_O'] = r['new_env']['CM_X_O']\n"
        "    i['env']['CM_X_U'] = utils.is_cm_uid(utils.gen_uid()['uid'])\n"
        "    r = cmind.access({'action': 'get_host_os_info', 'automation': 'utils,dc2743f8450541e3'})\n"
        "    i['env']['CM_X_P'] = r['info']['platform']\n"
        "    return {'return': 0}\n",
    )
    env = run(store.cm())["new_env"]
    assert env == {
        "CM_X_N": 1,
        "CM_X_O": "1",
        "CM_X_U": True,
        "CM_X_P": "linux" if sys.platform == "linux" else "darwin",
    }


def test_the_new_surface(store: Any, capfd: pytest.CaptureFixture[str]) -> None:
    repo = store.repo("r", new=True)
    store.script(repo, "other", {"env": {"MLC_X_O": "1"}, "new_env_keys": ["MLC_X*"]})
    store.script(
        repo,
        "s",
        {"new_env_keys": ["MLC_X*"]},
        hooks="import mlc\nfrom mlc import utils\nfrom utils import *\n"
        "def preprocess(i):\n"
        "    a = i['automation']\n"
        "    a.logger.info('said by content')\n"
        "    r = mlc.access({'action': 'find', 'target': 'script', 'tags': 'other'})\n"
        "    i['env']['MLC_X_PATH'] = r['list'][0].path\n"
        "    i['env']['MLC_X_REPO'] = r['list'][0].repo.meta['alias']\n"
        "    r = a.action_object.access({'action': 'run', 'automation': 'script', 'tags': 'other'})\n"
        "    i['env']['MLC_X_T'] = is_true(r['new_env']['MLC_X_O'])\n"
        "    return {'return': utils.load_txt('none')['return'] - 1}\n",
    )
    result = store.cm(new=True).access({"action": "run", "automation": "script", "tags": "s"})
    assert result["return"] == 0, result
    assert result["new_env"]["MLC_X_PATH"].endswith("script/other")
    assert (result["new_env"]["MLC_X_REPO"], result["new_env"]["MLC_X_T"]) == ("r", True)
    assert "said by content" in capfd.readouterr().err


def isolated(store: Any, body: str, **files: str) -> CM:
    cm = hooked(store, body, **files)
    cm.isolate_hooks = True
    return cm


def test_isolated_hooks_change_what_they_may_and_nothing_else(store: Any) -> None:
    cm = isolated(
        store,
        "import os, sys\n"
        "def preprocess(i):\n"
        "    os.environ['LEAKED'] = 'yes'; sys.path.insert(0, '/leaked')\n"
        "    i['env']['CM_X1'] = os.getpid(); i['state']['k'] = [1]\n"
        "    r = i['automation'].run_native_script("
        "{'run_script_input': i['run_script_input'], 'env': i['env'], 'script_name': 'two'})\n"
        "    return r\n"
        "def postprocess(i):\n    i['env']['CM_X4'] = os.environ.get('LEAKED', 'no')\n"
        "    return {'return': 0, 'version': '7'}\n",
        two_sh='echo "CM_X2=two" > tmp-run-env.out\n',
    )
    result = run(cm)
    env = result["new_env"]
    assert (env["CM_X2"], env["CM_X4"]) == ("two", "no")
    assert env["CM_X1"] != os.getpid()
    assert result["new_state"]["k"] == [1]
    assert "LEAKED" not in os.environ
    assert "/leaked" not in sys.path


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ("return {'return': 5, 'error': 'my own words'}", 5, "my own words"),
        ("raise KeyError('fx')", 1, "raised KeyError: 'fx'"),
        ("import os; os._exit(9)", 1, "ended its process with status 9"),
        ("import os; os.kill(os.getpid(), 9)", 1, "ended its process with signal 9"),
        ("i['state']['k'] = lambda: 0; return {'return': 0}", 1, "cannot leave its process"),
    ],
)
def test_what_goes_wrong_in_an_isolated_hook_fails_its_step_only(store: Any, body: str, code: int, text: str) -> None:
    result = run(isolated(store, f"def preprocess(i):\n    {body}\n"))
    assert result["return"] == code
    assert text in result["error"]


def test_hooks_of_a_repository_that_is_held_wait_for_consent(store: Any) -> None:
    from franca.catalog.register import hold, trust
    from franca.compat.hook_surface import ContentHooks
    from franca.engine import Engine
    from franca.errors import FrancaError

    cm = hooked(store, "def preprocess(i):\n    i['env']['CM_X'] = '1'\n    return {'return': 0}\n")
    assert run(cm)["return"] == 0, "what a user has listed by hand is the user's choice"
    (repo,) = [one for one in cm.catalog.repos() if one.ref.alias == "r"]
    hold(cm.catalog, repo.path)
    refused = run(cm)
    assert refused["return"] == 1
    assert "franca trust r" in refused["hint"]
    asked: list[str] = []

    def engine(answer: bool) -> Engine:
        def consent(repo: Any) -> bool:
            asked.append(repo.ref.alias)
            return answer

        return Engine(cm.catalog, environ=store.environ, surface=ContentHooks(cm, store.environ, consent=consent))

    with pytest.raises(FrancaError, match="before you trust their repository r"):
        engine(False).run({"tags": "s"})
    assert engine(True).run({"tags": "s"}).new_env == {"CM_X": "1"}
    assert asked == ["r", "r"], "once for each engine"
    trust(cm.catalog, repo)
    assert run(cm)["return"] == 0
