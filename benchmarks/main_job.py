"""The main job from a fresh clone, and again: how long, and how much of it is Franca's own.

Makes a clone of this checkout in a temporary folder with an empty HOME, runs ``scripts/demo.sh``, then the same
benchmark again with ``--rerun`` (everything cached, all scenarios measured anew). "Own" seconds are the whole wall time
of the second command less the time that LoadGen itself ran. Downloads of packages are part of the first figure, so it
depends on the network. Prints JSON with the machine in it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from startup import machine

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the result there too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="franca-main-job-") as folder:
        result = measure(Path(folder))
    text = json.dumps(result, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")
    return 0


def measure(folder: Path) -> dict[str, Any]:
    clone, home = folder / "clone", folder / "home"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    kept = {k: v for k, v in os.environ.items() if k == "PATH" or k.startswith("PIP_")}
    environ = {**kept, "HOME": str(home), "LANG": "C.UTF-8"}
    first = timed(["bash", "scripts/demo.sh"], clone, environ)
    franca = str(clone / ".venv" / "bin" / "franca")
    again = [franca, "run", "script", "run mlperf inference", "--quiet", "--rerun"]
    second = timed(again, clone, environ)
    results = json.loads((clone / "mlperf-results" / "results.json").read_text())
    loadgen = float(results["loadgen_seconds"])
    return {
        "machine": machine(),
        "fresh_clone_s": round(first, 1),
        "second_run_s": round(second, 1),
        "loadgen_s": round(loadgen, 1),
        "own_s": round(second - loadgen, 1),
        "valid": {s["scenario"]: s["performance"]["valid"] for s in results["scenarios"]},
        "largest_process_mib": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }


def timed(argv: list[str], where: Path, environ: dict[str, str]) -> float:
    started = time.monotonic()
    done = subprocess.run(argv, cwd=where, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main())
