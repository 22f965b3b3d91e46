"""Franca beside cmind and mlcflow: scripts, content repositories, and stores of growing size.

    python benchmarks/script_peers.py [--classic CLONE] [--new CLONE] [--sizes 1000,10000] [--rounds 5] [--limit 120]
                                      [--peers VENV] [--output FILE]

``--classic`` and ``--new`` name clones of content repositories (cm4mlops, mlperf-automations); they are copied, so
nothing is written into them. The published tools come from PyPI into a fresh environment, unless ``--peers`` names
one that has them. Every figure is CPU seconds of a whole process with its children, the median of rounds in which
all contestants take their turn, with bytecode caching on for all. A process that needs more than ``--limit`` seconds
of CPU time is stopped, and the result says so; points that took long are measured once.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from startup import environment, launcher, machine, make_scripts, publish, question

PEERS = ("cmind==4.2.0", "mlcflow==1.3.8")
SCRIPT_UID = "5b4e0237da074764"
CHAIN = 5
LONG_S = 10.0  #: a point that takes longer than this is measured once


@dataclass
class Contestant:
    """A tool with its home directory and its words for each question."""

    name: str
    home: Path
    words: Mapping[str, list[str]]
    seconds: dict[str, list[float]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def take(self, point: str, limit: float) -> None:
        """One turn at a point, unless it took too long before."""
        done = self.seconds.setdefault(point, [])
        if point in self.notes or (done and done[0] > LONG_S):
            return
        cpu, status = cpu_within([word.replace("%", str(len(done))) for word in self.words[point]], self.home, limit)
        if status is None:
            self.notes[point] = f"over {limit:g} s of CPU time"
        elif status and point != "miss":
            self.notes[point] = f"exit status {status}"
        else:
            done.append(cpu)

    def result(self, floor: float) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for point, seconds in self.seconds.items():
            if point in self.notes:
                out[point] = self.notes[point]
            elif seconds:
                median = statistics.median(seconds)
                out[point] = {"cpu_s": round(median, 4), "ratio": round(median / floor, 2), "turns": len(seconds)}
        return out


def cpu_within(command: Sequence[str], home: Path, limit: float) -> tuple[float, int | None]:
    """CPU seconds of a process with its children, and its exit status; None when it was stopped at the limit."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        command, env=environment(str(home)), cwd=home, start_new_session=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit))),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        status = process.wait(limit * 20)  # one that waits for ever uses no CPU time
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    stopped = status in (-signal.SIGKILL, -signal.SIGXCPU)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, None if stopped else status


def match(contestants: Sequence[Contestant], points: Sequence[str], rounds: int, limit: float) -> dict[str, Any]:
    """All contestants at all points, turn by turn."""
    bare: list[float] = []
    for _ in range(rounds):
        for point in points:
            bare.append(cpu_within([sys.executable, "-c", "pass"], contestants[0].home, limit)[0])
            for one in contestants:
                one.take(point, limit)
    floor = statistics.median(bare)
    return {"python -c pass": {"cpu_s": round(floor, 4)}, **{one.name: one.result(floor) for one in contestants}}


# Stores


def classic_home(home: Path, repos: Sequence[Path]) -> Path:
    (home / "CM").mkdir(parents=True)
    (home / "CM" / "repos.json").write_text(json.dumps([str(repo) for repo in repos]))
    return home


def new_home(home: Path, repos: Sequence[Path]) -> Path:
    local = home / "MLC" / "repos" / "local"
    local.mkdir(parents=True)
    (local / "meta.yaml").write_text("alias: local\nname: local\nuid: 1234567890abcdef\n")
    listed = [str(local), *(str(repo) for repo in repos)]
    (local.parent / "repos.json").write_text(json.dumps(listed))
    return home


def copy_clone(clone: str, work: Path) -> Path:
    """A copy without history and compiled files, so that every contestant starts from the same."""
    target = work / Path(clone).name
    shutil.copytree(clone, target, symlinks=True, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    return target


def add_chain(scripts: Path, meta: str) -> None:
    """A script with five trivial dependencies, each with a shell script of its own."""
    for number in range(CHAIN + 1):
        spot = scripts / f"chain-{number}"
        spot.mkdir(parents=True)
        deps = [{"tags": f"bench,chain-{n}"} for n in range(1, CHAIN + 1)] if number == 0 else []
        content = {
            "alias": spot.name, "uid": f"c{number:015x}", "automation_alias": "script", "automation_uid": SCRIPT_UID,
            "tags": ["bench", spot.name], "deps": deps,
        }  # fmt: skip
        (spot / meta).write_text(json.dumps(content))  # JSON is YAML
        (spot / "run.sh").write_text("#!/bin/bash\necho $PWD > /dev/null\n")


# Content repositories


def classic_words(program: str) -> dict[str, list[str]]:
    return {
        "register": [program, "find", "script", "detect-os"],
        "find one": [program, "find", "script", "detect-os"],
        "find by tags": [program, "find", "script", "--tags=get,python3"],
        "load": [program, "load", "script", "mlcommons@cm4mlops:detect-os"],
        "miss": [program, "find", "script", "no-such-script"],
        "list all": [program, "find", "script"],
        "run, uncached": [program, "run", "script", "--tags=detect,os", "--quiet"],
        "run, cached": [program, "run", "script", "--tags=get,python3", "--quiet"],
        "run, five dependencies": [program, "run", "script", "--tags=bench,chain-0", "--quiet"],
    }


def new_words(program: str, runner: str) -> dict[str, list[str]]:
    return {
        "register": [program, "find", "script", "--tags=detect,os"],
        "find by tags": [program, "find", "script", "--tags=get,python3"],
        "miss": [program, "find", "script", "--tags=no-such-tag"],
        "list all": [program, "list", "script"],
        "run, uncached": [runner, "detect,os", "--quiet"],
        "run, cached": [runner, "get,python3", "--quiet"],
        "run, five dependencies": [runner, "bench,chain-0", "--quiet"],
    }


def content(contestants: list[Contestant], fresh: Callable[[Contestant], None], rounds: int, limit: float) -> Any:
    """Registration in a fresh home each time, then everything else in a warm one."""
    bare: list[float] = []
    for _ in range(min(rounds, 3)):
        bare.append(cpu_within([sys.executable, "-c", "pass"], contestants[0].home.parent, limit)[0])
        for one in contestants:
            shutil.rmtree(one.home, ignore_errors=True)
            fresh(one)
            one.take("register", limit)
    points = [point for point in contestants[0].words if point != "register"]
    for one in contestants:
        warm_up(one, points, limit)
    return match(contestants, points, rounds, limit)


def warm_up(one: Contestant, points: Sequence[str], limit: float) -> None:
    """Fill caches; Franca also waits for stamps to grow old, and remembers answers."""
    for _ in range(3 if one.name == "franca" else 1):
        for point in points:
            cpu_within(one.words[point], one.home, limit)
        time.sleep(0.2)


def classic_content(clone: str, work: Path, peers: Path, options: argparse.Namespace) -> Any:
    repo = copy_clone(clone, work)

    def fresh(one: Contestant) -> None:
        add_chain(classic_home(one.home, [repo]) / "CM" / "repos" / "local" / "script", "_cm.json")
        local = {"alias": "local", "name": "local CM repository", "uid": "9a3280b14a4285c9"}
        (one.home / "CM" / "repos" / "local" / "cmr.json").write_text(json.dumps(local))

    contestants = [
        Contestant("franca", work / "classic-franca", classic_words(launcher("franca"))),
        Contestant("cmind", work / "classic-cmind", classic_words(str(peers / "bin" / "cm"))),
    ]
    return content(contestants, fresh, options.rounds, options.limit)


def own_recipe(clone: str, work: Path, peers: Path, options: argparse.Namespace) -> Any:
    """``detect os`` by our own recipe, in a store without content, beside cmind with the content that it needs for it.

    The content's own script starts some 35 programs, for both tools, so that "run, uncached" measures these as well.
    """
    repo = copy_clone(clone, work / "own")
    words = classic_words(launcher("franca")), classic_words(str(peers / "bin" / "cm"))
    contestants = [
        Contestant("franca", classic_home(work / "own" / "franca", []), words[0]),
        Contestant("cmind", classic_home(work / "own" / "cmind", [repo]), words[1]),
    ]
    for one in contestants:
        warm_up(one, ["run, uncached"], options.limit)
    return match(contestants, ["run, uncached"], options.rounds, options.limit)


def new_content(clone: str, work: Path, peers: Path, options: argparse.Namespace) -> Any:
    repo = copy_clone(clone, work)

    def fresh(one: Contestant) -> None:
        add_chain(new_home(one.home, [repo]) / "MLC" / "repos" / "local" / "script", "meta.yaml")

    contestants = [
        Contestant("franca", work / "new-franca", new_words(launcher("mlc"), launcher("mlcr"))),
        Contestant("mlcflow", work / "new-mlcflow", new_words(str(peers / "bin" / "mlc"), str(peers / "bin" / "mlcr"))),
    ]
    return content(contestants, fresh, options.rounds, options.limit)


# The curve


def curve(size: int, work: Path, peers: Path, options: argparse.Namespace) -> Any:
    """One store of ``size`` artifacts for each contestant."""
    contestants = [
        Contestant("franca", classic_home(work / f"franca-{size}", []), curve_words(launcher("franca"), size)),
        Contestant("cmind", classic_home(work / f"cmind-{size}", []), curve_words(str(peers / "bin" / "cm"), size)),
        Contestant("mlcflow", new_home(work / f"mlcflow-{size}", []), curve_words(str(peers / "bin" / "mlc"), size)),
    ]
    franca, cmind, mlcflow = contestants
    # cmind knows no kind that it has not been told of.
    cpu_within([cmind.words["add one"][0], "add", "automation", f"script,{SCRIPT_UID}"], cmind.home, options.limit)
    (cmind.home / "CM" / "index.json").unlink(missing_ok=True)
    for one in (franca, cmind):
        make_scripts(one.home / "CM" / "repos" / "local" / "script", size, yaml=False)
    make_new(mlcflow.home / "MLC" / "repos" / "local" / "script", size)
    mlcflow.words["add one"].append("--template_tags=synthetic,n0")

    match(contestants, ["first build"], 1, options.limit)
    for one in contestants:  # a tool without an index would build it at every point
        if "first build" in one.notes:
            one.notes.update(dict.fromkeys(one.words, one.notes["first build"]))
    time.sleep(0.2)
    cpu_within(franca.words["find by alias"], franca.home, options.limit)
    match(contestants, ["find by alias", "find by tag", "miss"], options.rounds, options.limit)
    result = match(contestants, ["add one"], min(3, options.rounds), options.limit)
    for one in contestants:
        shutil.rmtree(one.home, ignore_errors=True)
    return result


def curve_words(program: str, size: int) -> dict[str, list[str]]:
    one = f"script-{size // 2}"
    return {
        "first build": [program, "find", "script", one],
        "find by alias": [program, "find", "script", one],
        "find by tag": [program, "find", "script", "--tags=group-7"],
        "miss": [program, "find", "script", "no-such-script"],
        "add one": [program, "add", "script", "added-%", "--tags=x"],
    }


def make_new(folder: Path, size: int) -> None:
    """The scripts of :func:`startup.make_scripts` in the new dialect."""
    make_scripts(folder, size, yaml=False)
    for spot in folder.iterdir():
        os.rename(spot / "_cm.json", spot / "meta.yaml")


def install_peers(path: Path) -> Path:
    venv.create(path, with_pip=True)
    subprocess.run([str(path / "bin" / "pip"), "install", "--quiet", *PEERS], check=True)
    return path


def measure(options: argparse.Namespace, work: Path) -> Iterator[dict[str, Any]]:
    """The report, again and again as it grows: a part of it is worth having when the rest takes too long."""
    peers = Path(options.peers).absolute() if options.peers else install_peers(work / "peers")
    report: dict[str, Any] = {"machine": machine(), "peers": PEERS, "limit_s": options.limit}
    if options.classic:
        report["classic content"] = classic_content(options.classic, work, peers, options)
        yield report
        report["own recipe"] = own_recipe(options.classic, work, peers, options)
        yield report
    if options.new:
        report["new content"] = new_content(options.new, work, peers, options)
        yield report
    for size in filter(None, options.sizes.split(",")):
        report.setdefault("artifacts", {})[size] = curve(int(size), work, peers, options)
        yield report
    report["load at the end"] = os.getloadavg()[0]
    yield report


def main() -> None:
    parser = question(__doc__, rounds=5)
    parser.add_argument("--classic", default="", help="a clone of cm4mlops")
    parser.add_argument("--new", default="", help="a clone of mlperf-automations")
    parser.add_argument("--sizes", default="1000,10000")
    parser.add_argument("--limit", type=float, default=120.0, help="CPU seconds that a process may take")
    parser.add_argument("--peers", default="", help="a virtual environment that has both tools")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="franca-peers-") as work:
        publish(measure(options, Path(work)), options.output)


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()
