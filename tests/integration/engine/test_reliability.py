"""Many processes on one store at once, and runs killed at random moments: nothing lost, doubled or half done.

The default amounts keep the suite quick; FRANCA_STRESS=yes runs 2,000 operations and 200 kills.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from franca.catalog.catalog import Catalog
from franca.engine import Engine
from franca.errors import FrancaError
from franca.model.ids import CACHE, ObjectRef, Ref
from franca.model.tags import TagQuery
from tests.integration.engine.conftest import Bench

STRESS = os.environ.get("FRANCA_STRESS") == "yes"
PROCESSES = 8
OPERATIONS = 2000 if STRESS else 240
KILLS = 200 if STRESS else 12
DEMO = ObjectRef("demo", "00000000000000de")


def worker(environ: dict[str, str], work: str, number: int, count: int, results: multiprocessing.Queue) -> None:
    """Add, remove and find artifacts, and run cached scripts, shared and own. Reports what should be there."""
    os.chdir(work)
    rng = random.Random(number)
    kept: set[str] = set()
    problems: list[str] = []
    for step in range(count):
        catalog = Catalog.open(environ)
        try:
            action = rng.choice(("add", "add", "rm", "find", "run", "run own"))
            if action == "add":
                name = f"w{number}-{step}"
                catalog.add(DEMO, Ref(ObjectRef(name)), {}, tags=(f"worker-{number}",))
                kept.add(name)
            elif action == "rm" and kept:
                name = rng.choice(sorted(kept))
                catalog.delete(catalog.load(DEMO, Ref(ObjectRef(name))))
                kept.discard(name)
            elif action == "find":
                found = {a.ref.alias for a in catalog.find(DEMO, Ref(), TagQuery((f"worker-{number}",)))}
                if found != kept:
                    problems.append(f"step {step}: found {sorted(found)}, should be {sorted(kept)}")
            else:
                tags = f"lib{rng.randrange(3)}" if action == "run" else f"own,_n.{number}"
                out = Engine(catalog, environ=environ).run({"tags": tags, "quiet": True}).new_env["CM_OUT"]
                if Path(out).read_text() != "whole\n":
                    problems.append(f"step {step}: {out} is not whole")
        except (FrancaError, OSError) as error:
            problems.append(f"step {step} {action}: {type(error).__name__}: {error}")
    results.put((number, sorted(kept), problems))


RUN = (
    'echo x >> "$MARK"\nprintf who > out.txt; sleep 0.05; echo whole > out.txt\n'
    'echo "CM_OUT=$PWD/out.txt" > tmp-run-env.out\n'
)


def pair(bench: Bench) -> None:
    """A cached script that needs another one."""
    bench.script("base", "cache: true\nnew_env_keys: [CM_OUT]\n", run=RUN)
    bench.script("top", "cache: true\nnew_env_keys: [CM_OUT]\ndeps: [{tags: base}]\n", run=RUN)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_eight_processes_lose_and_double_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = bench.work / "mark"
    monkeypatch.setenv("MARK", str(mark))
    for number in range(3):
        bench.script(f"lib{number}", "cache: true\nnew_env_keys: [CM_OUT]\n", run=RUN)
    bench.script("own", "cache: true\nnew_env_keys: [CM_OUT]\nvariations: {n.#: {}}\n", run=RUN)
    environ = bench.environ(MARK=str(mark))
    Catalog.open(environ).add(ObjectRef("automation", "bbeb15d8f0a944a4"), Ref(DEMO), {})
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue = context.Queue()
    share = OPERATIONS // PROCESSES
    workers = [
        context.Process(target=worker, args=(environ, str(bench.work), n, share, results)) for n in range(PROCESSES)
    ]
    for process in workers:
        process.start()
    reports = [results.get(timeout=800) for _ in workers]
    for process in workers:
        process.join(30)
    assert [p for _, _, problems in reports for p in problems] == []
    kept = {name for _, names, _ in reports for name in names}
    assert {a.ref.alias for a in Catalog.open(environ).find(DEMO)} == kept
    entries = Catalog.open(environ).find(CACHE)
    made = len(mark.read_text().splitlines())
    assert len(entries) == made <= 3 + PROCESSES, "each cached result was made once"
    for path in (bench.root / "repos.json", *bench.root.rglob("_cm.json")):
        json.loads(path.read_text())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_runs_killed_at_random_moments_leave_no_half_entry(bench: Bench) -> None:
    mark = bench.work / "mark"
    pair(bench)
    code = "import sys; from franca.compat.cm_front import main; sys.exit(main('cm', sys.argv[1:]))"
    argv = [sys.executable, "-c", code, "run", "script", "--tags=top", "--quiet"]
    environ = bench.environ(MARK=str(mark))
    rng = random.Random(1)
    ended = 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            argv, cwd=bench.work, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        time.sleep(rng.uniform(0.02, 0.6))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            ended += 1
        process.wait()
        for entry in bench.entries():
            state = json.loads((entry / "cm-cached-state.json").read_text())
            assert Path(state["new_env"]["CM_OUT"]).read_text() == "whole\n", "a visible entry is whole"
        if len(bench.entries()) == 2:
            assert bench.cm("rm", "cache", "-f").returncode == 0
    assert ended > KILLS // 4, "most runs were killed before their end"
    whole_again(bench, mark)


def whole_again(bench: Bench, mark: Path) -> None:
    """The rerun succeeds, and nothing of what was half made is left."""
    assert Path(str(bench.new_env("--tags=top", MARK=str(mark))["CM_OUT"])).read_text() == "whole\n"
    assert len(bench.folders()) == len(bench.entries()) == 2
    for path in (bench.root / "repos.json", *bench.root.rglob("_cm.json")):
        json.loads(path.read_text())


#: Counts what is about to change below the storage root, and ends the process before change number sys.argv[2].
COUNTED = """
import os, signal, sys
root, last = sys.argv[1], int(sys.argv[2])
changes = 0
def heard(event, args):
    global changes
    writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
    if writes or event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "subprocess.Popen"):
        if event == "subprocess.Popen" or str(args[0]).startswith(root):
            changes += 1
            if changes == last:
                os.killpg(0, signal.SIGKILL)
sys.addaudithook(heard)
from franca.compat.cm_front import main
sys.exit(main("cm", ["run", "script", "--tags=top", "--quiet"]))
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_killed_before_any_of_its_changes_to_the_store_leaves_nothing(bench: Bench) -> None:
    """Every moment that matters, not only those that chance picks."""
    mark = bench.work / "mark"
    pair(bench)
    environ = bench.environ(MARK=str(mark))
    status, last = -signal.SIGKILL, 0
    while status == -signal.SIGKILL:
        last += 1 if STRESS else 3
        argv = [sys.executable, "-c", COUNTED, str(bench.root), str(last)]
        status = subprocess.run(
            argv, cwd=bench.work, env=environ, stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True
        ).returncode
        whole_again(bench, mark)
        assert bench.cm("rm", "cache", "-f").returncode == 0
    assert status == 0
    assert last > 30, "it was killed at all of them, and came to its end at last"
