"""How the catalog grows: first build, finds and one addition at several numbers of artifacts.

    python benchmarks/catalog.py [--sizes 1000,10000] [--rounds 5] [--cmind PYTHON] [--output FILE]

Whole-process figures are CPU seconds beside those of a bare interpreter in the same rounds, with peak memory; the
in-process figures are medians of one call. First without a watcher (``FRANCA_WATCH=no``), then with one, which the
first question starts by itself in a large store; what it costs is under ``watcher``. ``--cmind`` names an interpreter
that has ``cmind`` to be measured on a copy of the same store. The result is JSON with the machine in it.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from startup import cpu, environment, launcher, machine, make_scripts, paired, publish, question, summary

INSIDE = """
import json, os, resource, statistics, sys, time
from franca.catalog.catalog import Catalog
from franca.model.ids import SCRIPT, ObjectRef, Ref
from franca.model.tags import TagQuery
catalog = Catalog.open(os.environ)
name = sys.argv[1]
def median_ms(question):
    question()
    times = []
    for _ in range(50):
        start = time.perf_counter(); question(); times.append(time.perf_counter() - start)
    return round(statistics.median(times) * 1000, 4)
print(json.dumps({
    "by_alias_ms": median_ms(lambda: catalog.rows(SCRIPT, Ref(ObjectRef(name)))),
    "by_tag_ms": median_ms(lambda: catalog.rows(SCRIPT, tags=TagQuery(("group-7",)))),
    "miss_ms": median_ms(lambda: catalog.rows(SCRIPT, Ref(ObjectRef("no-such-script")))),
    "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
}))
"""


def peak_mib(command: list[str], environ: Mapping[str, str]) -> int:
    """Peak resident memory of a process, from a child of its own."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], env=dict(environ), capture_output=True, text=True)
    return int(done.stdout or 0)


def measure_size(size: int, rounds: int, cmind: str) -> dict[str, Any]:
    home = tempfile.mkdtemp(prefix=f"franca-catalog-{size}-")
    try:
        make_scripts(Path(home, "CM", "repos", "local", "script"), size, yaml=False)
        environ = environment(home)
        result = franca_figures({**environ, "FRANCA_WATCH": "no"}, size, rounds)
        result["watched"] = watched_figures(environ, size, rounds)
        if cmind:
            result["cmind"] = cmind_figures(environ, size, rounds, cmind)
        return result
    finally:
        shutil.rmtree(home, ignore_errors=True)


def questions(size: int) -> dict[str, list[str]]:
    franca = launcher("franca")
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "find by alias": [franca, "find", "script", f"script-{size // 2}"],
        "find by tag": [franca, "find", "script", "--tags=group-7"],
        "miss": [franca, "find", "script", "no-such-script"],
    }


def franca_figures(environ: dict[str, str], size: int, rounds: int) -> dict[str, Any]:
    commands = questions(size)
    first = cpu(commands["find by alias"], environ)
    time.sleep(0.2)
    cpu(commands["find by alias"], environ)
    figures: dict[str, Any] = {"first build": {"cpu_s": round(first, 3)}}
    figures.update(summary(paired(commands, environ, rounds), "python -c pass"))
    figures["peak_mib"] = {name: peak_mib(command, environ) for name, command in commands.items()}
    figures.update(additions(environ, commands, rounds, "added"))
    inside = subprocess.run(
        [sys.executable, "-c", INSIDE, f"script-{size // 2}"], env=environ, capture_output=True, text=True, check=True
    )
    figures["in process"] = json.loads(inside.stdout)
    return figures


def additions(environ: dict[str, str], commands: dict[str, list[str]], rounds: int, name: str) -> dict[str, Any]:
    """One addition, and the first find after it."""
    added, found = [], []
    for number in range(max(3, rounds // 2)):
        added.append(cpu([launcher("franca"), "add", "script", f"{name}-{number}", "--tags=x"], environ))
        found.append(cpu(commands["find by alias"], environ))
    return {
        "add one": {"cpu_s": round(statistics.median(added), 4)},
        "find after an addition": {"cpu_s": round(statistics.median(found), 4)},
    }


def watcher_of(environ: Mapping[str, str]) -> dict[str, Any]:
    """What the watcher says about itself."""
    command = [launcher("franca"), "watch", "--json"]
    done = subprocess.run(command, env=dict(environ), capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout)["watchers"][0])


def watched_figures(environ: dict[str, str], size: int, rounds: int) -> dict[str, Any]:
    """The same questions with a watcher, and what it costs."""
    commands = questions(size)
    cpu(commands["find by alias"], {**environ, "FRANCA_WATCH": "no"})  # what was added before
    time.sleep(0.2)
    cpu(commands["find by alias"], {**environ, "FRANCA_WATCH": "no"})
    itself = size >= watch_from(environ)
    environ = environ if itself else {**environ, "FRANCA_WATCH": "yes"}
    question = cpu(commands["find by alias"], environ)
    try:
        if not wait_for(environ):
            return {"watcher": watcher_of(environ)}
        start = watcher_of(environ)
        figures: dict[str, Any] = summary(paired(commands, environ, rounds), "python -c pass")
        figures["peak_mib"] = {name: peak_mib(command, environ) for name, command in commands.items()}
        asked = watcher_of(environ)
        figures.update(additions(environ, commands, rounds, "watched"))
        changed = watcher_of(environ)
        figures["watcher"] = {
            "started": "by itself" if itself else "by FRANCA_WATCH=yes",
            "the question that started it": {"cpu_s": round(question, 4)},
            "until it vouches": {"cpu_s": start["cpu_s"]},
            "a question": {"cpu_s": _each(asked, start)},
            "an addition and a question": {"cpu_s": _each(changed, asked)},
            "resident_mib": changed["resident_bytes"] >> 20,
            "directories": changed["directories"],
            "state": changed,
        }
        return figures
    finally:
        subprocess.run([launcher("franca"), "watch", "stop"], env=environ, stdout=subprocess.DEVNULL, check=True)


def _each(after: Mapping[str, Any], before: Mapping[str, Any]) -> float:
    return round((after["cpu_s"] - before["cpu_s"]) / max(1, after["answers"] - before["answers"]), 5)


def watch_from(environ: Mapping[str, str]) -> int:
    """The number of artifacts from which a watcher starts by itself."""
    command = [launcher("franca"), "watch", "--json"]
    done = subprocess.run(command, env=dict(environ), capture_output=True, text=True, check=True)
    return int(json.loads(done.stdout)["starts_at"])


def wait_for(environ: Mapping[str, str]) -> bool:
    """Until the watcher vouches; False when there is none."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if watcher_of(environ)["vouches_for"]:
            return True
        time.sleep(0.2)
    return False


def cmind_figures(environ: dict[str, str], size: int, rounds: int, python: str) -> dict[str, Any]:
    cm = [python, "-m", "cmind"]
    one = f"script-{size // 2}"
    first = cpu([*cm, "find", "script", one], environ)
    commands = {
        "python -c pass": [python, "-c", "pass"],
        "find by alias": [*cm, "find", "script", one],
        "find by tag": [*cm, "find", "script", "--tags=group-7"],
        "miss": [*cm, "find", "script", "no-such-script"],
    }
    return {
        "first build": {"cpu_s": round(first, 3)},
        **summary(paired(commands, environ, min(rounds, 3)), "python -c pass"),
    }


def main() -> None:
    parser = question(__doc__, rounds=5)
    parser.add_argument("--sizes", default="1000,10000")
    parser.add_argument("--cmind", default="", help="an interpreter that has cmind")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    report = {
        "machine": machine(),
        "sizes": {str(size): measure_size(size, options.rounds, options.cmind) for size in sizes},
    }
    publish([report], options.output)


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()
