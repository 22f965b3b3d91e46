"""Downloads that a plan knows are fetched side by side, and nothing else about the run changes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.engine.conftest import Bench
from tests.integration.engine.file_server import FileServer

FILES = {name: name.encode() * 40_000 for name in ("one.bin", "two.bin", "three.bin")}
OFF = {"FRANCA_NO_PREFETCH": "1"}
LONG = 40.0  #: seconds that nothing should ever wait

Serve = Callable[..., FileServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[FileServer] = []

    def make(before_body: Callable[[str], None] = lambda name: None) -> FileServer:
        servers.append(FileServer(FILES, before_body))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def dep(server: FileServer, name: str, sha256: str = "", more: str = "") -> str:
    digest = sha256 or hashlib.sha256(FILES[name]).hexdigest()
    return f"- {{tags: 'download,file', url: '{server.url(name)}', sha256: '{digest}'{more}}}\n"


def top(bench: Bench, deps: str, meta: str = "") -> None:
    bench.script("top", "deps:\n" + deps + meta)


def events(bench: Bench) -> list[dict[str, object]]:
    """The journal of the last run, without what differs between any two runs."""
    path = max((bench.root / ".franca" / "runs").glob("*/journal.jsonl"), key=lambda p: p.stat().st_mtime_ns)
    dropped = ("at", "seconds", "run", "inputs", "command")
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [{k: v for k, v in event.items() if k not in dropped} for event in found]


def plain(text: str) -> str:
    return re.sub(r"127\.0\.0\.1:\d+|/\S*/(?=work|home)|\d\d\d\d\d\d\d\d-\d+-[0-9a-f]+", "", text)


def ready_files(bench: Bench) -> list[Path]:
    return list((bench.home / ".cache" / "franca" / "partial").glob("*.ready"))


def clear(bench: Bench) -> None:
    for path in bench.work.glob("*.bin"):
        path.unlink()


@pytest.mark.parametrize("environ", [{}, {"FRANCA_ISOLATE_HOOKS": "yes"}], ids=["hooks here", "hooks in a worker"])
def test_two_downloads_are_under_way_at_the_same_time(bench: Bench, serve: Serve, environ: dict[str, str]) -> None:
    barrier = threading.Barrier(2)
    server = serve(lambda name: barrier.wait(LONG) and None)  # nobody gets a whole file before both have asked
    top(bench, dep(server, "one.bin") + dep(server, "two.bin"))
    done = bench.cm("run", "script", "top", "--quiet", **environ)
    assert done.returncode == 0, done.stderr
    assert server.most_open == 2 and sorted(server.asked) == ["one.bin", "two.bin"]
    assert (bench.work / "one.bin").read_bytes() == FILES["one.bin"]
    assert (bench.work / "two.bin").read_bytes() == FILES["two.bin"]
    assert ready_files(bench) == []


@pytest.mark.parametrize("how", ["variable", "flag"])
def test_it_can_be_turned_off(bench: Bench, serve: Serve, how: str) -> None:
    server = serve()
    top(bench, "".join(dep(server, name) for name in FILES))
    flags, environ = (["--no_prefetch"], {}) if how == "flag" else ([], OFF)
    assert bench.cm("run", "script", "top", "--quiet", *flags, **environ).returncode == 0
    assert server.most_open == 1 and server.asked == list(FILES)


def test_steps_events_and_results_are_the_same(bench: Bench, serve: Serve) -> None:
    server = serve()
    top(bench, "".join(dep(server, name) for name in FILES), "new_env_keys: [CM_DOWNLOAD_*]\n")
    seen = []
    for environ in (OFF, {}):
        env = bench.new_env("top", **environ)
        seen.append((env, events(bench)))
        clear(bench)
    assert seen[0] == seen[1]
    assert sorted(server.asked) == sorted([*FILES, *FILES])


@pytest.mark.parametrize(
    ("name", "sha256"),
    [("missing.bin", "0" * 64), ("two.bin", "0" * 64)],
    ids=["the server lacks it", "wrong checksum"],
)
def test_what_goes_wrong_is_told_by_the_step_as_without(bench: Bench, serve: Serve, name: str, sha256: str) -> None:
    server = serve()
    top(bench, dep(server, "one.bin") + dep(server, name, sha256))
    told = []
    for environ in (OFF, {}):
        done = bench.cm("run", "script", "top", "--quiet", **environ)
        told.append((done.returncode, plain(done.stderr)))
        clear(bench)
    assert told[0] == told[1] and told[0][0] == 1
    assert "Traceback" not in told[1][1] and ready_files(bench) == []


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "http://[bad/x", "http://127.0.0.1:99999/x", "-o/etc/x"])
def test_a_hostile_address_is_refused_as_without(bench: Bench, serve: Serve, url: str) -> None:
    server = serve()
    top(bench, dep(server, "one.bin") + f"- {{tags: 'download,file', url: '{url}', sha256: '{'0' * 64}'}}\n")
    told = []
    for environ in (OFF, {}):
        done = bench.cm("run", "script", "top", "--quiet", **environ)
        told.append((done.returncode, plain(done.stderr)))
        clear(bench)
    assert told[0] == told[1] and told[0][0] != 0


def test_what_a_condition_may_still_forbid_is_not_fetched(bench: Bench, serve: Serve) -> None:
    server = serve()
    code = "def preprocess(i):\n    i['env']['CM_WANT'] = 'no'\n    return {'return': 0}\n"
    bench.script("chooser", "new_env_keys: [CM_WANT]\n", customize=code)
    conditional = dep(server, "two.bin", more=", enable_if_env: {CM_WANT: ['yes']}")
    top(bench, dep(server, "one.bin") + "- tags: chooser\n" + conditional + dep(server, "three.bin"))
    assert bench.cm("run", "script", "top", "--quiet").returncode == 0
    assert sorted(server.asked) == ["one.bin", "three.bin"]


def test_cached_downloads_ask_nobody(bench: Bench, serve: Serve) -> None:
    server = serve()
    top(bench, "".join(dep(server, name, more=", force_cache: true, extra_cache_tags: " + name) for name in FILES))
    assert bench.cm("run", "script", "top", "--quiet").returncode == 0
    assert bench.cm("run", "script", "top", "--quiet").returncode == 0
    assert sorted(server.asked) == sorted(FILES)


def test_a_killed_run_leaves_nothing_that_is_taken_for_whole(bench: Bench, serve: Serve) -> None:
    both, go_on = threading.Barrier(3), threading.Event()

    def hold(name: str) -> None:
        if not go_on.is_set():
            both.wait(LONG)
            go_on.wait(LONG)

    server = serve(hold)
    top(bench, dep(server, "one.bin") + dep(server, "two.bin"))
    process = bench.start("run", "script", "top", "--quiet")
    both.wait(LONG)  # half of each file has been sent
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    go_on.set()
    assert ready_files(bench) == [] and list(bench.work.glob("*.bin")) == []
    assert bench.cm("run", "script", "top", "--quiet").returncode == 0
    assert (bench.work / "two.bin").read_bytes() == FILES["two.bin"]


def test_an_interrupt_does_not_wait_for_what_is_under_way(bench: Bench, serve: Serve) -> None:
    both, end = threading.Barrier(3), threading.Event()

    def hold(name: str) -> None:
        both.wait(LONG)
        end.wait(LONG)

    top(bench, dep(server := serve(hold), "one.bin") + dep(server, "two.bin"))
    process = bench.start("run", "script", "top", "--quiet")
    both.wait(LONG)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LONG / 2)  # the server still holds both connections
    end.set()
    assert process.returncode == 130 and "Traceback" not in err, err
