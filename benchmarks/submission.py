"""How long checking a tree of 1,000 real results takes, and how fast detail logs are read.

The tree is made by copying one real submitter (three closed results with all compliance runs) under other
names, with the submitter changed in its system description and the digests of accuracy logs made its own (rule A7):
every file is read anew for every copy. The logs are truncated, so that no digest can be compared with its log.
Floors: checking under 10 s per 1,000 results; reading at least 20 MB/s. Prints one JSON object.

    python benchmarks/submission.py [--results 1000] [--tree DIR]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from franca.mlperf.logs.detail import read_detail
from franca.mlperf.submission.checker import check_tree

SOURCE = Path(__file__).resolve().parents[1] / "tests" / "data" / "mlperf" / "v3.0" / "closed" / "rebellions"
RESULTS_EACH = 3
LIMIT_S_PER_1000 = 10.0
FLOOR_MB_PER_S = 20.0


def build(tree: Path, results: int) -> int:
    """Fill a directory with enough copies of the submitter; returns the number of results."""
    copies = -(-results // RESULTS_EACH)
    for number in range(copies):
        target = tree / "closed" / f"submitter{number:04}"
        shutil.copytree(SOURCE, target)
        description = target / "systems" / "ATOM.json"
        fields = json.loads(description.read_text("utf-8"))
        description.write_text(json.dumps({**fields, "submitter": target.name}), "utf-8")
        for text in target.rglob("accuracy.txt"):
            own = hashlib.sha256(str(text).encode()).hexdigest()
            text.write_text(re.sub("hash=[0-9a-f]{64}", f"hash={own}", text.read_text("utf-8")), "utf-8")
    return copies * RESULTS_EACH


def measure_check(tree: Path) -> tuple[float, float, int, bool]:
    """Wall and CPU seconds of one check, results accepted, and the verdict."""
    wall, cpu = time.perf_counter(), time.process_time()
    verdict = check_tree(str(tree))
    return time.perf_counter() - wall, time.process_time() - cpu, len(verdict.records), verdict.ok


def measure_reading() -> float:
    """Megabytes a second of detail logs, the files being in the page cache."""
    logs = sorted(SOURCE.rglob("mlperf_log_detail.txt"))
    size = sum(path.stat().st_size for path in logs)
    rounds, start = 0, time.perf_counter()
    while time.perf_counter() - start < 1.0:
        for path in logs:
            read_detail(str(path))
        rounds += 1
    return size * rounds / (time.perf_counter() - start) / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=int, default=1000)
    parser.add_argument("--tree", help="where to build the tree (kept); a temporary directory otherwise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(options.tree or os.path.join(scratch, "tree"))
        count = build(tree, options.results) if not tree.exists() else options.results
        wall, cpu, accepted, ok = measure_check(tree)
    rate = measure_reading()
    report = {
        "benchmark": "submission check",
        "machine": {"cpus": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()},
        "results": count,
        "accepted": accepted,
        "verdict_ok": ok,
        "check_wall_s": round(wall, 3),
        "check_cpu_s": round(cpu, 3),
        "check_wall_s_per_1000": round(wall / count * 1000, 3),
        "limit_s_per_1000": LIMIT_S_PER_1000,
        "detail_mb_per_s": round(rate, 1),
        "floor_mb_per_s": FLOOR_MB_PER_S,
        "within": wall / count * 1000 < LIMIT_S_PER_1000 and rate >= FLOOR_MB_PER_S and ok and accepted == count,
    }
    print(json.dumps(report, indent=2))
    return 0 if report["within"] else 1


if __name__ == "__main__":
    sys.exit(main())
