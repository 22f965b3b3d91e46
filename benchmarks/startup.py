"""How long the command line takes to answer, as ratios to a bare interpreter start.

    python benchmarks/startup.py [--rounds 15] [--scripts 300] [--repo DIRECTORY ...] [--output FILE]

Figures are CPU seconds (user + system) of whole processes, medians over rounds in which every command runs once,
so that a busy machine disturbs all of them alike. The store is made afresh in a temporary directory, with synthetic
scripts, or with the content repositories given. The result is JSON with the machine in it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

TARGETS = {
    "find all scripts": 1.5, "find one script": 1.5, "find by tags": 1.5, "find nothing": 1.5, "show a script": 1.5,
    "show nothing": 1.5, "run, all cached": 1.5, "cm find": 1.5, "help": 6.0,
}  # fmt: skip


def cpu(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """CPU seconds of a process with its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        check=False,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def paired(commands: Mapping[str, Sequence[str]], environ: Mapping[str, str], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of every command in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            seconds[name].append(cpu(command, environ))
    return seconds


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = next((line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if "model name" in line), "")
    return {
        "python": platform.python_version(), "system": platform.platform(), "cpus": os.cpu_count(), "cpu": model,
        "load": os.getloadavg()[0], "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }  # fmt: skip


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def environment(home: str) -> dict[str, str]:
    """An empty home directory; bytecode is kept, as installed programs do."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("CM_", "MLC_", "FRANCA_"))}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**environ, "HOME": home}


def make_scripts(folder: Path, count: int, *, yaml: bool = True) -> None:
    """Synthetic scripts of about the size of real ones."""
    for number in range(count):
        spot = folder / f"script-{number}"
        spot.mkdir(parents=True)
        meta: dict[str, Any] = {
            "alias": f"script-{number}", "uid": f"{number:016x}", "automation_alias": "script",
            "automation_uid": "5b4e0237da074764", "tags": ["synthetic", f"group-{number % 50}", f"n{number}"],
        }  # fmt: skip
        if yaml:
            meta["deps"] = [{"tags": f"get,thing-{n}", "names": [f"thing-{n}"], "enable_if_env": {"CM_X": ["yes"]}}
                            for n in range(8)]  # fmt: skip
            meta["variations"] = {f"v{n}": {"env": {f"CM_V{n}": "yes"}, "group": "g"} for n in range(8)}
        (spot / ("_cm.yaml" if yaml else "_cm.json")).write_text(json.dumps(meta))  # JSON is YAML


def launcher(name: str) -> str:
    """An installed command of the interpreter that runs this."""
    path = os.path.join(os.path.dirname(sys.executable), name)
    if not os.path.exists(path):
        raise SystemExit(f"{path} is not there: install franca into this environment first")
    return path


def summary(seconds: Mapping[str, list[float]], base: str) -> dict[str, dict[str, float]]:
    floor = statistics.median(seconds[base])
    return {
        name: {"cpu_s": round(statistics.median(all_), 5), "ratio": round(statistics.median(all_) / floor, 3)}
        for name, all_ in seconds.items()
    }


def question(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """The options that the measurements of stores share."""
    parser = argparse.ArgumentParser(description=str(description).splitlines()[0])
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--output", help="a file for the report; it goes to standard output as well")
    return parser


def publish(reports: Iterable[Any], output: str | None) -> None:
    """Write a report, each time as far as it has got, and print it when it is whole."""
    text = ""
    for report in reports:
        text = json.dumps(report, indent=2) + "\n"
        if output:
            Path(output).write_text(text)
    sys.stdout.write(text)


def main() -> None:
    parser = question(__doc__, rounds=15)
    parser.add_argument("--scripts", type=int, default=300)
    parser.add_argument("--repo", action="append", default=[], help="a content repository to register")
    options = parser.parse_args()
    home = tempfile.mkdtemp(prefix="franca-startup-")
    try:
        report = measure(options, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    publish([report], options.output)


def measure(options: argparse.Namespace, home: str) -> dict[str, Any]:
    environ, franca = environment(home), launcher("franca")
    if options.repo:
        Path(home, "CM").mkdir()
        Path(home, "CM", "repos.json").write_text(json.dumps([os.path.abspath(repo) for repo in options.repo]))
    else:
        make_scripts(Path(home, "CM", "repos", "local", "script"), options.scripts)
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "find all scripts": [franca, "find", "script"],
        "find one script": [franca, "find", "script", "detect-os"],
        "find by tags": [franca, "find", "script", "--tags=get,python3"],
        "find nothing": [franca, "find", "script", "no-such-script"],
        "show a script": [franca, "show", "script", "detect-os"],
        "show nothing": [franca, "show", "script", "no-such-script"],
        "run, all cached": [franca, "run", "script", "get python3", "--quiet"],
        "cm find": [launcher("cm"), "find", "script", "detect-os"],
        "help": [franca, "--help"],
    }
    first = cpu(commands["find all scripts"], environ)
    for _ in range(4):  # fill the cache, let stamps grow old, remember answers
        for command in commands.values():
            cpu(command, environ)
        time.sleep(0.1)
    found = summary(paired(commands, environ, options.rounds), "python -c pass")
    return {
        "machine": machine(),
        "scripts": options.repo or options.scripts,
        "first use, index built": {"cpu_s": round(first, 4)},
        "commands": {
            name: {**figures, "target": TARGETS.get(name), "met": figures["ratio"] <= TARGETS.get(name, 1e9)}
            for name, figures in found.items()
        },
    }


if __name__ == "__main__":
    main()
