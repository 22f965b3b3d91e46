"""How the catalog grows: first build, finds and one addition at several numbers of artifacts.

    python benchmarks/catalog.py [--sizes 1000,10000] [--rounds 5] [--cmind PYTHON] [--output FILE]

Whole-process figures are CPU seconds beside those of a bare interpreter in the same rounds, with peak memory; the
in-process figures are medians of one call. ``--cmind`` names an interpreter that has ``cmind`` to be measured on a
copy of the same store. The result is JSON with the machine in it.
"""

from __future__ import annotations

import argparse
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

from startup import cpu, environment, launcher, machine, make_scripts, paired, summary

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
        result = franca_figures(environ, size, rounds)
        if cmind:
            result["cmind"] = cmind_figures(environ, size, rounds, cmind)
        return result
    finally:
        shutil.rmtree(home, ignore_errors=True)


def franca_figures(environ: dict[str, str], size: int, rounds: int) -> dict[str, Any]:
    franca = launcher("franca")
    one = f"script-{size // 2}"
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "find by alias": [franca, "find", "script", one],
        "find by tag": [franca, "find", "script", "--tags=group-7"],
        "miss": [franca, "find", "script", "no-such-script"],
    }
    first = cpu([franca, "find", "script", one], environ)
    time.sleep(0.2)
    cpu([franca, "find", "script", one], environ)
    figures: dict[str, Any] = {"first build": {"cpu_s": round(first, 3)}}
    figures.update(summary(paired(commands, environ, rounds), "python -c pass"))
    figures["peak_mib"] = {name: peak_mib(command, environ) for name, command in commands.items()}
    added = [cpu([franca, "add", "script", f"added-{n}", "--tags=x"], environ) for n in range(max(2, rounds // 2))]
    figures["add one"] = {"cpu_s": round(statistics.median(added), 4)}
    figures["find after an addition"] = {"cpu_s": round(cpu(commands["find by alias"], environ), 4)}
    figures["watched"] = watched_figures(environ, commands, rounds)
    inside = subprocess.run(
        [sys.executable, "-c", INSIDE, one], env=environ, capture_output=True, text=True, check=True
    )
    figures["in process"] = json.loads(inside.stdout)
    return figures


def watched_figures(environ: dict[str, str], commands: dict[str, list[str]], rounds: int) -> Any:
    """The same questions while a watcher runs, and what it costs until it can be asked."""
    folder = Path(environ["HOME"], "CM", ".franca")
    watcher = subprocess.Popen([sys.executable, "-m", "franca.catalog.watcher"], env=environ)
    try:
        deadline = time.monotonic() + 120
        while not list(folder.glob("*.watch")):
            if watcher.poll() is not None or time.monotonic() > deadline:
                return "no watcher"
            time.sleep(0.1)
        ticks = Path(f"/proc/{watcher.pid}/stat").read_text().rpartition(")")[2].split()
        started = sum(map(int, ticks[11:13])) / os.sysconf("SC_CLK_TCK")
        return {"start": {"cpu_s": started}, **summary(paired(commands, environ, rounds), "python -c pass")}
    finally:
        watcher.kill()
        watcher.wait()


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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1000,10000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cmind", default="", help="an interpreter that has cmind")
    parser.add_argument("--output")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    report = {
        "machine": machine(),
        "sizes": {str(size): measure_size(size, options.rounds, options.cmind) for size in sizes},
    }
    text = json.dumps(report, indent=2) + "\n"
    if options.output:
        Path(options.output).write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()
