"""Run a command several times and write down time and memory; ``measure.py REQUEST.json``."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time


def main(argv):
    """Measure, print and hand the numbers to the engine; the exit status is 1 when the command fails."""
    with open(argv[1], encoding="utf-8") as stream:
        request = json.load(stream)
    runs = []
    for number in range(request["warmup"] + request["repeat"]):
        run = measure(request["command"], request["folder"])
        if run["status"] != 0:
            print(f"the command ended with status {run['status']}: {request['command']}", file=sys.stderr)
            return 1
        if number >= request["warmup"]:
            runs.append(run)
    summary = summarise(runs)
    with open("tmp-run-state.json", "w", encoding="utf-8") as stream:
        json.dump({"benchmark": {"command": request["command"], "runs": runs, **summary}}, stream)
    with open("tmp-run-env.out", "w", encoding="utf-8") as stream:
        stream.writelines(f"CM_BENCHMARK_{key.upper()}={value}\n" for key, value in summary.items())
    return 0


def measure(command, folder):
    """One run: wall-clock seconds, CPU seconds and peak memory in KiB of the command with its children."""
    start = time.perf_counter()
    child = subprocess.Popen(["bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss // 1024 if sys.platform == "darwin" else usage.ru_maxrss
    return {
        "status": child.returncode,
        "seconds": round(seconds, 6),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 6),
        "peak_kib": peak,
    }


def summarise(runs):
    """The numbers that tell most."""
    seconds = [run["seconds"] for run in runs]
    return {
        "seconds_median": statistics.median(seconds),
        "seconds_least": min(seconds),
        "seconds_most": max(seconds),
        "cpu_seconds_median": statistics.median(run["cpu_seconds"] for run in runs),
        "peak_kib": max(run["peak_kib"] for run in runs),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv))
