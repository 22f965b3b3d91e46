"""Nothing that a benchmark does by default needs or tries a network (section 20.2, item 16).

Every Python process here has an audit hook that ends what opens a connection or asks for an address; connections
within the machine by file (AF_UNIX) are none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.mlperf_inference.conftest import SRC
from tests.integration.mlperf_inference.inference_cases import request_data

DENY = """
import os, socket, sys

def deny(event, given):
    asks = event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
    opens = event in ("socket.connect", "socket.sendto", "socket.sendmsg")
    if asks or (opens and given[0].family != socket.AF_UNIX):
        with open(os.environ["DENIED"], "a", encoding="utf-8") as out:
            out.write(f"{event} {sys.argv}\\n")
        raise OSError("no network in this test")

sys.addaudithook(deny)
"""
AFTERWARDS = """
import sys
from franca.cli.main import main
from franca.mlperf.inference.finish import finish, read_finish
from franca.publish.report.write import write_report

results, home = sys.argv[1:]
write_report(results + "/results.json")
wishes = read_finish({
    "CM_MLPERF_INFERENCE_RESULTS_DIR": results, "CM_MLPERF_SUBMISSION": "yes", "CM_MLPERF_DASHBOARD": "yes",
    "CM_MLPERF_README": "yes", "CM_MLPERF_INFERENCE_SUBMISSION_DIR": home + "/tree", "CM_MLPERF_SUBMITTER": "Us",
    "CM_MLPERF_RUN_KIND": "submission",
})
done = finish(wishes, results + "/results.json", print)
assert done.built and done.outcome and done.readme and done.records
main(["submission", "check", done.built.path, "--csv=" + home + "/checked.csv", "--html=" + home + "/page.html"])
main(["submission", "report", done.built.path])
sys.exit(main(["results", "import", done.built.path, "--short", "--store=" + home + "/store"]))
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def offline(tmp_path: Path) -> Run:
    """Runs a Python whose processes cannot reach a network; fails when one tried."""
    folder = tmp_path / "deny"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(DENY, "utf-8")
    denied = tmp_path / "denied.txt"
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), str(SRC)]),
        "DENIED": str(denied),
        "HOME": str(tmp_path),
        "CM_REPOS": str(tmp_path / "CM"),
    }

    def run(*words: str, tried: bool = False) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *words], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=300
        )
        assert denied.exists() is tried, denied.read_text("utf-8") if denied.exists() else "no attempt was seen"
        return done

    return run


@pytest.mark.parametrize(
    "code",
    ["import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
     "import socket; socket.create_connection(('127.0.0.1', 9))"],
)  # fmt: skip
def test_the_watch_sees_every_attempt(offline: Run, code: str) -> None:
    done = offline("-c", code, tried=True)
    assert done.returncode == 1 and "no network in this test" in done.stderr


def test_a_run_its_report_its_tree_and_its_verdict_need_no_network(offline: Run, large_parts: Path, tmp_path) -> None:
    results = tmp_path / "results"
    conf = tmp_path / "user.conf"
    conf.write_text("*.*.min_duration = 100\n*.*.min_query_count = 100\n", "utf-8")
    data = request_data(
        large_parts, results, scenarios=["SingleStream", "Offline"], official_model="resnet", user_conf=str(conf),
        python_path=[str(tmp_path / "deny"), str(Path(__file__).parent)],
    )  # fmt: skip
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(data), "utf-8")
    ran = offline("-m", "franca.mlperf.inference.run", "--spec", str(spec))
    assert ran.returncode in (0, 3), ran.stderr  # 3: a busy machine's result is INVALID, which is not the matter here
    done = offline("-c", AFTERWARDS, str(results), str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("results/report.html", "results/README.md", "results/dashboard.jsonl", "checked.csv", "summary.csv"):
        assert (tmp_path / name).is_file(), name


def test_the_self_test_and_plans_need_no_network(offline: Run) -> None:
    code = "import sys; from franca.cli.main import main; sys.exit(main(sys.argv[1:]))"
    for words in (["bench", "selftest"], ["plan", "run mlperf inference _submission"], ["submission", "rules", "P3"]):
        done = offline("-c", code, *words)
        assert done.returncode in (0, 3), done.stdout + done.stderr
