"""CPU time of the ``mlcube`` command against the published tool, on the same cube, in the same run.

    python benchmarks/mlcube.py --peer PATH/TO/published/mlcube --rounds 9 --output result.json

Without ``--peer`` only our own figures are given. The engine is a program that exits at once, so what is
measured is the command's own work. Rounds of the two are interleaved; given are the median CPU times (user and
system, children included) and the median of the rounds' ratios. ``engine`` compares a run with a real engine to
the engine's own command in the same way: the overhead in wall time.
"""

from __future__ import annotations

import argparse
import compileall
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
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CUBE = """name: mnist
docker: {image: org/mnist:1, docker: "true"}
tasks:
  download:
    parameters:
      inputs: {data_config: {type: file, default: data.yaml}}
      outputs: {data_dir: {type: directory, default: data}, log_dir: {type: directory, default: logs}}
"""
COMMANDS = {"help": ["--help"], "describe": ["describe"], "run": ["run", "--task=download"]}
WANTED = 5.0  # times less CPU than the published tool


def cpu_seconds(words: list[str], cwd: Path, env: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(peer: str, rounds: int) -> dict[str, Any]:
    compileall.compile_dir(str(ROOT / "src" / "franca"), quiet=1)
    ours = [sys.executable, str(ROOT / "launchers" / "mlcube")]
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as work:
        cube = Path(work) / "cube"
        (cube / "workspace").mkdir(parents=True)
        (Path(work) / "p").mkdir()
        (cube / "mlcube.yaml").write_text(CUBE)
        (cube / "workspace" / "data.yaml").write_text("a: 1\n")
        env = {"HOME": work, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        for name, words in COMMANDS.items():
            figures: dict[str, list[float]] = {"franca": [], "published": []}
            time.sleep(2.1 if name == "describe" else 0)  # a definition this young is not remembered
            for _ in range(rounds + 1):
                figures["franca"].append(cpu_seconds([*ours, *words], cube, env))
                if peer:
                    figures["published"].append(cpu_seconds([peer, *words], cube, {**env, "HOME": work + "/p"}))
            results[name] = summary(figures)
    return results


def summary(figures: dict[str, list[float]]) -> dict[str, Any]:
    """The first round warms the caches and does not count."""
    kept = {name: values[1:] for name, values in figures.items() if values}
    out: dict[str, Any] = {
        f"{name}_cpu_ms": round(1000 * statistics.median(values), 1) for name, values in kept.items()
    }  # fmt: skip
    if "published" in kept:
        ratios = [theirs / ours for theirs, ours in zip(kept["published"], kept["franca"], strict=True)]
        out["times_less"] = round(statistics.median(ratios), 2)
        out["times_less_at_least"] = round(min(ratios), 2)
        out["wanted"] = WANTED
    return out


def engine_overhead(image: str, rounds: int) -> dict[str, Any] | None:
    """Wall time of a container run through us and of the engine's own command, which is what we would run.

    Once for a task that ends at once, where every millisecond shows, and once for one of two seconds.
    """
    if not shutil.which("docker") or subprocess.run(["docker", "inspect", image], capture_output=True).returncode:
        return None
    return {name: overhead_of(image, task, rounds) for name, task in (("at_once", "true"), ("two_seconds", "sleep 2"))}


def overhead_of(image: str, task: str, rounds: int) -> dict[str, Any]:
    ours = [sys.executable, str(ROOT / "launchers" / "mlcube"), "run", "--user"]
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "mlcube.yaml").write_text(
            f"name: c\ndocker: {{image: '{image}'}}\ntasks: {{t: {{entrypoint: '{task}'}}}}\n"
        )
        env = {**os.environ, "HOME": work}
        wall(ours, work, env)  # the first run of an image asks whether it is there, later ones do not
        plan = subprocess.run([*ours, "--dry-run"], cwd=work, env=env, capture_output=True, text=True, check=True)
        direct = next(line for line in plan.stdout.splitlines() if line.startswith("docker run"))
        times: dict[str, list[float]] = {"franca": [], "docker": []}
        for _ in range(rounds):
            times["franca"].append(wall(ours, work, env))
            times["docker"].append(wall(["/bin/sh", "-c", direct], work, env))
    medians = {name: statistics.median(values) for name, values in times.items()}
    more = statistics.median(ours - theirs for ours, theirs in zip(times["franca"], times["docker"], strict=True))
    return {
        "franca_s": round(medians["franca"], 3), "docker_s": round(medians["docker"], 3),
        "more_ms": round(1000 * more, 1), "overhead_percent": round(100 * more / medians["docker"], 1),
        "wanted_percent": 10,
    }  # fmt: skip


def wall(words: list[str], cwd: str, env: dict[str, str]) -> float:
    started = time.monotonic()
    subprocess.run(words, cwd=cwd, env=env, check=True, capture_output=True)
    return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default="", help="the published mlcube")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--image", default="python:3.11-slim", help="for the overhead of a real engine")
    parser.add_argument("--output", default="")
    words = parser.parse_args()
    result = {
        "machine": {"python": platform.python_version(), "system": platform.platform(), "cpus": os.cpu_count(),
                    "load": os.getloadavg()[0]},
        "cpu": compare(words.peer, words.rounds),
        "engine": engine_overhead(words.image, words.rounds),
    }  # fmt: skip
    text = json.dumps(result, indent=2)
    if words.output:
        Path(words.output).write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
