"""What goes wrong in real life: failures, kills, races, hostile values. Real processes throughout."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.integration.engine.conftest import Bench

SLOW = 'echo started >> "$MARK"\nsleep 3\necho done > result.txt\necho "CM_OUT=$PWD/result.txt" > tmp-run-env.out\n'
QUICK = 'echo started >> "$MARK"\nsleep 0.3\necho done > result.txt\necho "CM_OUT=$PWD/result.txt" > tmp-run-env.out\n'
CACHED = "cache: true\nnew_env_keys: [CM_OUT]\n"


def wait_for(path: Path, lines: int = 1) -> None:
    for _ in range(1200):  # a busy machine starts programs slowly
        if path.exists() and len(path.read_text().splitlines()) >= lines:
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not get {lines} lines")


def test_a_failing_native_script_names_step_status_and_log(bench: Bench) -> None:
    bench.script("bad", run="echo this is what went wrong >&2\nexit 3\n")
    bench.script("top", "deps: [{tags: bad}]\n")
    done = bench.cm("run", "script", "--tags=top")
    assert done.returncode == 2
    assert "Portable CM script failed (name = bad, return code = 768)" in done.stderr
    assert "Traceback" not in done.stderr
    log = next(line.split("log: ", 1)[1] for line in done.stderr.splitlines() if "log: " in line).rstrip("!")
    assert "this is what went wrong" in Path(log).read_text()


def test_a_killed_native_script_is_told_by_its_signal(bench: Bench) -> None:
    bench.script("bad", run="kill -9 $$\n")
    done = bench.cm("run", "script", "--tags=bad")
    assert done.returncode == 2 and "SIGKILL" in done.stderr and "Traceback" not in done.stderr


def test_a_hook_that_raises_is_told_with_file_and_line(bench: Bench) -> None:
    bench.script("bad", customize="def preprocess(i):\n    x = 1\n    raise ValueError('no good')\n")
    done = bench.cm("run", "script", "--tags=bad")
    assert done.returncode != 0
    assert "customize.py:3" in done.stderr and "no good" in done.stderr and "Traceback" not in done.stderr


def test_the_status_of_a_hook_passes_through(bench: Bench) -> None:
    bench.script("bad", customize="def preprocess(i):\n    return {'return': 5, 'error': 'five'}\n")
    done = bench.cm("run", "script", "--tags=bad")
    assert done.returncode == 5 and "five" in done.stderr


def test_a_failed_run_leaves_no_entry_and_a_rerun_goes_on_from_what_was_finished(bench: Bench) -> None:
    mark = bench.work / "mark"
    bench.script("first", CACHED, run=QUICK)
    bench.script("second", "cache: true\ndeps: [{tags: first}]\n", run='[ -e "$OK" ] || exit 1\n')
    failed = bench.cm("run", "script", "--tags=second", MARK=str(mark), OK="/nonexistent/x")
    assert failed.returncode == 2
    assert len(bench.entries()) == 1 and len(bench.folders()) == 1, "only the finished dependency remains"
    again = bench.cm("run", "script", "--tags=second", MARK=str(mark), OK=str(bench.home))
    assert again.returncode == 0, again.stderr
    assert mark.read_text().splitlines() == ["started"], "the dependency was not made twice"
    assert len(bench.entries()) == 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_ended_leaves_nothing_half_done(bench: Bench, number: signal.Signals) -> None:
    mark = bench.work / "mark"
    bench.script("slow", CACHED, run=SLOW)
    process = bench.start("run", "script", "--tags=slow", MARK=str(mark))
    wait_for(mark)
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=120)
    assert process.returncode != 0 and "Traceback" not in err
    assert bench.entries() == [], "no entry is visible"
    done = bench.cm("find", "cache")
    assert done.returncode == 0 and done.stdout.strip() == ""
    assert Path(str(bench.new_env("--tags=slow", MARK=str(mark))["CM_OUT"])).read_text() == "done\n"
    assert len(bench.entries()) == 1
    assert len(bench.folders()) == 1, "the folder of the ended run was removed"


def test_two_runs_at_once_do_the_work_once(bench: Bench) -> None:
    mark = bench.work / "mark"
    bench.script("slow", CACHED, run=QUICK)
    runs = [bench.start("run", "script", "--tags=slow", "--out=json", MARK=str(mark)) for _ in range(4)]
    outs = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0, 0], outs
    assert mark.read_text().splitlines() == ["started"]
    assert len(bench.entries()) == 1
    paths = {json.loads(out[out.index("{\n") :])["new_env"]["CM_OUT"] for out, _ in outs}
    assert len(paths) == 1 and Path(paths.pop()).read_text() == "done\n"


HOSTILE = [
    "two words", "semi; touch hacked", 'double "quoted"', "single 'quoted'", "tab\tand\nnewline", "naïve Ünïcode 日本",
    "back\\slash", "glob * ? [a]", "a=b=c", "-dash", "#hash", "tilde~", "percent%20", "pipe|and&amp", "trailing ",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_values_pass_through_native_scripts_unharmed(bench: Bench, value: str) -> None:
    bench.script("echo", "input_mapping: {val: CM_VAL}\n", run='printf "%s" "$CM_VAL" > seen.txt\n')
    (bench.work / "in.json").write_text(json.dumps({"val": value}))
    done = bench.cm("run", "script", "--tags=echo", "@in.json")
    assert done.returncode == 0, done.stderr
    assert (bench.work / "seen.txt").read_text() == value
    assert not (bench.work / "hacked").exists()


def test_dollar_and_backticks_expand_because_content_relies_on_it(bench: Bench) -> None:
    bench.script("echo", "input_mapping: {val: CM_VAL}\n", run='printf "%s" "$CM_VAL" > seen.txt\n')
    (bench.work / "in.json").write_text(json.dumps({"val": "$HOME/x"}))
    assert bench.cm("run", "script", "--tags=echo", "@in.json").returncode == 0
    assert (bench.work / "seen.txt").read_text() == f"{bench.home}/x"


def test_malformed_meta_is_told_with_file_and_line_and_stops_nothing_else(bench: Bench) -> None:
    bench.script("good", run="echo fine\n")
    broken = bench.script("broken")
    (broken / "_cm.yaml").write_text("alias: broken\ntags: [a, b\nuid: x\n")
    done = bench.cm("run", "script", "--tags=good")
    assert done.returncode == 0 and "fine" in done.stdout
    assert str(broken / "_cm.yaml") in done.stderr


def test_unknown_script_and_variation(bench: Bench) -> None:
    bench.script("lib", "tags: [get, library]\nvariations: {fast: {}}\n")
    missing = bench.cm("run", "script", "--tags=get,librari")
    assert missing.returncode == 1 and "closest" in missing.stderr and "library" in missing.stderr
    variation = bench.cm("run", "script", "--tags=get,library,_fsat")
    assert variation.returncode == 16 and "_fast" in variation.stderr


def test_paths_with_blanks_and_quotes(tmp_path: Path) -> None:
    bench = Bench(tmp_path / 'it\'s a "folder" with $HOME')
    bench.script("lib", CACHED, run=QUICK)
    out = Path(str(bench.new_env("--tags=lib", MARK=str(bench.work / "mark"))["CM_OUT"]))
    assert out.read_text() == "done\n"


def test_a_full_disk_is_one_clear_message(bench: Bench) -> None:
    bench.script("lib", CACHED, run=QUICK)
    code = (
        "import resource, sys, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0));"
        "from franca.compat.cm_front import main; sys.exit(main('cm', sys.argv[1:]))"
    )
    import subprocess
    import sys

    assert bench.cm("find", "script").returncode == 0  # the root exists
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "script", "--tags=lib"], cwd=bench.work, text=True, capture_output=True,
        env=bench.environ(MARK=str(bench.work / "mark")), timeout=60,
    )  # fmt: skip
    assert done.returncode not in (0, None) and "Traceback" not in done.stderr, done.stderr
    assert bench.entries() == []


def test_two_equal_runs_in_one_folder_take_turns(bench: Bench) -> None:
    bench.script(
        "plain", "new_env_keys: [CM_N]\n",
        run="n=$(cat counter 2>/dev/null || echo 0)\nsleep 0.3\n"
        'echo $((n+1)) > counter\necho "CM_N=$((n+1))" > tmp-run-env.out\n',
    )  # fmt: skip
    runs = [bench.start("run", "script", "--tags=plain", "--out=json") for _ in range(4)]
    outs = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0] * 4, outs
    seen = sorted(json.loads(out[out.index("{\n") :])["new_env"]["CM_N"] for out, _ in outs)
    assert seen == ["1", "2", "3", "4"]


def test_different_runs_in_one_folder_do_not_take_each_others_files(bench: Bench) -> None:
    for name in ("a", "b", "c"):
        bench.script(name, run=f"sleep 0.2; echo ran {name}\n")
    runs = [bench.start("run", "script", f"--tags={name}") for _ in range(3) for name in ("a", "b", "c")]
    outs = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0] * 9, outs
