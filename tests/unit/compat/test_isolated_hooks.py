"""Hooks in a process of their own: the same results as here, and nothing that they do to it reaches the run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from franca.cli.main import main as franca
from franca.compat.access import CM

Run = Callable[..., tuple[int, str, str]]
META = {"new_env_keys": ["CM_X*", "+CM_X*"], "new_state_keys": ["*"]}


def content(store: Any, body: str, **files: str) -> Path:
    """A script ``s`` with hooks, and a script ``other`` that has hooks too."""
    repo: Path = store.repo("r")
    store.script(
        repo,
        "other",
        META,
        hooks="import os\ndef preprocess(i):\n"
        "    i['env']['CM_X_GIVEN'] = i['env'].get('CM_ASK', '') + i['input'].get('word', '')\n"
        "    i['env']['CM_X_OTHER_PID'] = str(os.getpid())\n    i['state']['other'] = {'deep': [1, None, 'x']}\n"
        "    return {'return': 0 if i['input'].get('word') != 'fail' else 7, 'error': 'asked to fail'}\n",
    )
    store.script(repo, "s", META, hooks=body, **files)
    return repo


def cm_of(store: Any, *, isolate: bool) -> CM:
    cm: CM = store.cm()
    cm.isolate_hooks = isolate
    return cm


def run(cm: CM, **more: Any) -> dict[str, Any]:
    result: dict[str, Any] = cm.access({"action": "run", "automation": "script", "tags": "s", "quiet": True, **more})
    return result


#: What hooks do in content. Each leaves its findings in ``env`` and ``state``.
HABITS = {
    "native": (
        "def preprocess(i):\n    i['env']['CM_X_A'] = 'a'\n    i['state']['n'] = 1\n"
        "    r = i['automation'].run_native_script({'run_script_input': i['run_script_input'], 'env': i['env'],"
        " 'script_name': 'two'})\n"
        "    i['env']['CM_X_AFTER'] = i['env']['CM_X_TWO'] + str(i['state']['from_native'])\n    return r\n",
        {"two_sh": 'echo "CM_X_TWO=$CM_X_A-two" > tmp-run-env.out\necho \'{"from_native": 3}\' > tmp-run-state.json\n'},
    ),
    "native with a copy of env": (
        "def preprocess(i):\n    env = dict(i['env'], CM_X_ONLY_COPY='c')\n"
        "    r = i['automation'].run_native_script({'run_script_input': i['run_script_input'], 'env': env,"
        " 'script_name': 'two'})\n"
        "    i['env']['CM_X_SEEN'] = env['CM_X_TWO']\n    return r\n",
        {"two_sh": 'echo "CM_X_TWO=$CM_X_ONLY_COPY" > tmp-run-env.out\n'},
    ),
    "version": (
        "def preprocess(i):\n"
        "    r = i['automation'].run_native_script({'run_script_input': i['run_script_input'], 'env': i['env'],"
        " 'script_name': 'run', 'detect_version': True})\n"
        "    i['env']['CM_X_V'] = r['version'] + i['env']['CM_X_DETECTED']\n    return r\n"
        "def detect_version(i):\n    i['env']['CM_X_DETECTED'] = 'yes'\n    return {'return': 0, 'version': '1.2'}\n",
        {"run_sh": 'echo "CM_X_R=$CM_X_R+" > tmp-run-env.out\n'},
    ),
    "another script": (
        "import cmind, os\ndef preprocess(i):\n"
        "    r = cmind.access({'action': 'run', 'automation': 'script', 'tags': 'other', 'word': 'w', 'quiet': True,"
        " 'env': {'CM_ASK': 'asked '}})\n"
        "    i['env']['CM_X_R'] = r['new_env']['CM_X_GIVEN']; i['state']['got'] = r['new_state']['other']\n"
        "    return {'return': r['return']}\n",
        {},
    ),
    "another script that fails": (
        "def preprocess(i):\n    return i['automation'].cmind.access({'action': 'run', 'automation': 'script',"
        " 'tags': 'other', 'word': 'fail'})\n",
        {},
    ),
    "a search": (
        "from cmind import utils\nimport cmind\ndef preprocess(i):\n"
        "    r = cmind.access({'action': 'find', 'automation': 'script', 'tags': 'other'})\n"
        "    i['env']['CM_X_P'] = r['list'][0].path\n    return {'return': 0}\n",
        {},
    ),
    "its meta": (
        "def preprocess(i):\n    i['meta']['new_env_keys'].append('CM_Y')\n    i['env']['CM_Y'] = 'new'\n"
        "    i['env']['+CM_X_LIST'] = ['a', 'b']\n    return {'return': 0}\n",
        {},
    ),
    "a skip": ("def preprocess(i):\n    return {'return': 0, 'skip': True}\n", {}),
    "text that is no text": (
        "import os\ndef preprocess(i):\n    i['env']['CM_X_RAW'] = os.fsdecode(b'caf\\xe9')\n"
        "    i['state']['u'] = 'é\\n\\u2028'\n    return {'return': 0}\n",
        {},
    ),
    "another directory": (
        "import os\ndef preprocess(i):\n    os.makedirs('sub', exist_ok=True); os.chdir('sub')\n"
        "    return i['automation'].run_native_script({'run_script_input': i['run_script_input'], 'env': i['env'],"
        " 'script_name': 'two'})\n",
        {"two_sh": 'echo "CM_X_WHERE=${PWD##*/}" > tmp-run-env.out\n'},
    ),
    "a mistake": ("def preprocess(i):\n    return i['env']['NO_SUCH_KEY']\n", {}),
    "a wrong answer": ("def preprocess(i):\n    return 5\n", {}),
    "an end": ("import sys\ndef preprocess(i):\n    sys.exit(3)\n", {}),
    "a broken file": ("def preprocess(i:\n    pass\n", {}),
}


@pytest.mark.parametrize("habit", HABITS)
def test_the_result_is_the_same_as_without_isolation(habit: str, store: Any) -> None:
    body, files = HABITS[habit]
    content(store, body, **files)
    here, there = run(cm_of(store, isolate=False)), run(cm_of(store, isolate=True))
    keys = ("return", "error", "new_env", "new_state", "skipped", "hint")
    assert {k: there.get(k) for k in keys} == {k: here.get(k) for k in keys}


def test_one_worker_serves_a_run_and_the_scripts_that_its_hooks_run(store: Any) -> None:
    content(
        store,
        "import os\ndef preprocess(i):\n    i['env']['CM_X_PRE'] = str(os.getpid())\n"
        "    r = i['automation'].cmind.access({'action': 'run', 'automation': 'script', 'tags': 'other'})\n"
        "    i['env']['CM_X_NESTED'] = r['new_env']['CM_X_OTHER_PID']\n    return r\n"
        "def postprocess(i):\n    i['env']['CM_X_POST'] = str(os.getpid())\n    return {'return': 0}\n",
    )
    cm = cm_of(store, isolate=True)
    first, second = run(cm)["new_env"], run(cm)["new_env"]
    assert first["CM_X_PRE"] == first["CM_X_POST"] == first["CM_X_NESTED"] != str(os.getpid())
    assert second["CM_X_PRE"] != first["CM_X_PRE"], "the next run has a worker of its own"


#: What must not reach the run: the body of a hook, and what the error says.
HOSTILE = {
    "os._exit(0)": "ended its process with status 0",
    "os._exit(9)": "ended its process with status 9",
    "os.kill(os.getpid(), 9)": "ended its process with signal 9",
    "import ctypes; ctypes.string_at(0)": "ended its process with signal 11",
    "os.execv('/bin/true', ['true'])": "ended its process with status 0",
    "os.closerange(3, 256)": "ended its process with status",
    "[os.write(n, b'{}\\n') for n in range(3, 1000) if pipe(n)]": "makes no sense",
    "[os.write(n, b'garbage\\n') for n in range(3, 1000) if pipe(n)]": "makes no sense",
    "[os.write(n, b'[' * 100000 + b'\\n') for n in range(3, 1000) if pipe(n)]": "makes no sense",
    "i['state']['k'] = lambda: 0": "cannot leave its process",
    "i['env'][object()] = 1": "cannot leave its process",
    "i['state']['k'] = i['state']": "cannot leave its process",
    "return {'return': 0, 'version': '1', 'script': {'tags': object()}}": "cannot leave its process",
    "time.sleep(60)": "did not come back in 2 s",
    "os.kill(os.getpid(), 19); time.sleep(60)": "did not come back in 2 s",
    "signal.signal(15, signal.SIG_IGN); time.sleep(60)": "did not come back in 2 s",
}
PREAMBLE = (
    "import os, signal, stat, time\n"
    "def pipe(n):\n"
    "    try:\n        os.write(n, b''); return stat.S_ISFIFO(os.fstat(n).st_mode) and n > 2\n"
    "    except OSError:\n        return False\n"
)


@pytest.mark.parametrize("body", HOSTILE)
def test_a_hostile_hook_fails_its_step_and_nothing_else(body: str, store: Any) -> None:
    text = HOSTILE[body]
    store.environ["FRANCA_HOOK_TIMEOUT"] = "2" if "come back" in text else ""
    content(store, f"{PREAMBLE}def preprocess(i):\n    {body}\n    return {{'return': 0}}\n")
    cm = cm_of(store, isolate=True)
    before = time.monotonic()
    failed = run(cm)
    assert (failed["return"], text in failed["error"]) == (1, True), failed
    assert time.monotonic() - before < 30
    (store.home / "content" / "r" / "script" / "s" / "customize.py").write_text(
        "def preprocess(i):\n    return {'return': 0}\n"
    )
    store.environ["FRANCA_HOOK_TIMEOUT"] = ""
    assert run(cm)["return"] == 0, "the next run is none the worse for it"


@pytest.mark.parametrize(
    "body",
    [
        "os.fork()",
        "subprocess.Popen(['sleep', '30'])",
        "threading.Thread(target=time.sleep, args=(30,)).start()",
        "sys.stdout.close()",
        "os.environ.clear()",
        "os.chdir('/')",
    ],
)
def test_what_a_hook_does_to_its_process_stays_there(body: str, store: Any) -> None:
    content(
        store,
        f"import os, subprocess, sys, threading, time\ndef preprocess(i):\n    {body}\n    i['env']['CM_X'] = '1'\n"
        "    return {'return': 0}\n",
    )
    environ, here, before = dict(os.environ), os.getcwd(), time.monotonic()
    result = run(cm_of(store, isolate=True))
    assert (result["return"], result.get("new_env")) == (0, {"CM_X": "1"}), result
    assert (dict(os.environ), os.getcwd()) == (environ, here)
    assert time.monotonic() - before < 20, "nobody waited for what the hook has left behind"


def test_time_in_scripts_that_a_hook_runs_is_not_the_hooks_own(store: Any) -> None:
    store.environ["FRANCA_HOOK_TIMEOUT"] = "4"
    content(
        store,
        "def preprocess(i):\n    return i['automation'].run_native_script("
        "{'run_script_input': i['run_script_input'], 'env': i['env'], 'script_name': 'two'})\n",
        two_sh="sleep 4.5\n",
    )
    assert run(cm_of(store, isolate=True))["return"] == 0


def test_a_limit_that_is_no_number_is_refused(store: Any) -> None:
    store.environ["FRANCA_HOOK_TIMEOUT"] = "soon"
    content(store, "def preprocess(i):\n    return {'return': 0}\n")
    assert "FRANCA_HOOK_TIMEOUT must be a number" in run(cm_of(store, isolate=True))["error"]


PID = "import os\ndef preprocess(i):\n    i['env']['CM_X'] = str(os.getpid())\n    return {'return': 0}\n"


def test_cm_takes_the_flag_and_the_variable(store: Any, run_cm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    content(store, PID)
    words = ("run", "script", "s", "--out=json")
    assert f'"CM_X": "{os.getpid()}"' in run_cm(*words)[1]
    for flag in ("--isolate-hooks", "--isolate_hooks"):
        status, out, err = run_cm(*words, flag)
        assert (status, f'"CM_X": "{os.getpid()}"' in out) == (0, False), err
    monkeypatch.setenv("FRANCA_ISOLATE_HOOKS", "yes")
    assert f'"CM_X": "{os.getpid()}"' not in run_cm(*words)[1]


def test_franca_takes_the_flag(store: Any, capfd: pytest.CaptureFixture[str]) -> None:
    content(store, PID)
    assert franca(["run", "s", "--json"], store.environ) == 0
    assert f'"CM_X": "{os.getpid()}"' in capfd.readouterr().out
    for flag in ("--isolate-hooks", "--isolate_hooks"):
        assert franca(["run", "s", "--json", flag], store.environ) == 0
        out = capfd.readouterr().out
        assert '"CM_X": ' in out and f'"CM_X": "{os.getpid()}"' not in out


def test_a_hook_may_write_to_the_store_while_its_run_holds_a_cache_entry(store: Any) -> None:
    content(
        store,
        "import cmind\ndef preprocess(i):\n"
        "    for request in ({'action': 'add', 'automation': 'script', 'artifact': 'born', 'tags': 'born'},\n"
        "                    {'action': 'run', 'automation': 'script', 'tags': 'kept'},\n"
        "                    {'action': 'rm', 'automation': 'cache', 'tags': 'kept', 'force': True},\n"
        "                    {'action': 'run', 'automation': 'script', 'tags': 'born'}):\n"
        "        r = cmind.access(request)\n        if r['return'] > 0: return r\n"
        "    i['env']['CM_X'] = str(len(cmind.access({'action': 'find', 'automation': 'cache'})['list']))\n"
        "    return {'return': 0}\n",
    )
    repo = store.home / "content" / "r"
    store.script(repo, "kept", {"cache": True}, run_sh="true\n")
    store.script(repo, "top", {"cache": True, "new_env_keys": ["CM_X"], "deps": [{"tags": "s"}]}, run_sh="true\n")
    cm = cm_of(store, isolate=True)
    result = run(cm, tags="top")
    assert (result["return"], result.get("new_env")) == (0, {"CM_X": "0"}), result
    found = cm.access({"action": "find", "automation": "cache"})["list"]
    assert [one.meta["tags"][0] for one in found] == ["top"]
