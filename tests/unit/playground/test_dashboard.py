"""The live dashboard over a plain HTTP client: what it shows, that it only reads, and that texts stay texts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from franca.cli.main import main
from franca.mlperf.inference.dashboard import Dashboard as Where
from franca.mlperf.inference.dashboard import records_of, write_records
from franca.mlperf.inference.results import ScenarioResult
from franca.playground import records as reading
from franca.playground.records import Source
from franca.playground.server import Dashboard
from franca.playground.view import picture, view_of
from tests.unit.mlperf_inference.test_inference_report import accuracy, benchmark, performance
from tests.unit.playground.dashboards import ask, record, served, write

SRC = Path(__file__).resolve().parents[3] / "src"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


class Page(HTMLParser):
    """What a browser would make of a page: elements with attributes, and the cells of its table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in_cell = tag in ("td", "th")
        if self._in_cell:
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells[-1] += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def kinds(self) -> list[str]:
        return sorted(str(circle["class"]).split()[0] for circle in self.named("circle"))


def page(server: Dashboard, **query: str) -> Page:
    status, _, text = ask(server, "/?" + urlencode(query))
    assert status == 200
    return Page(text)


def test_the_front_of_the_records_is_drawn_on_the_server(tmp_path: Path) -> None:
    write(tmp_path / "dashboard.jsonl", record(), record(qps=200.0, accuracy=0.8), record(qps=90.0, accuracy=0.5))
    with served(tmp_path) as server:
        found = page(server)
    assert found.kinds() == ["behind", "front", "front"]
    assert len(found.named("polyline")) == 1
    assert [one["selected"] for one in found.named("option") if one["value"] == "qps" and "selected" in one] == [""]


def test_what_a_benchmark_writes_is_what_is_shown(tmp_path: Path) -> None:
    scenarios = [
        ScenarioResult(scenario=name, performance=performance(), accuracy=accuracy()) for name in ("Offline", "Server")
    ]
    written = records_of(benchmark(*scenarios), Where("entity", "project", "Acme"))
    write_records(written, str(tmp_path))
    with served(tmp_path) as server:
        assert len(json.loads(ask(server, "/records.json")[2])) == 2
        found = page(server)
    assert found.kinds() == ["front", "front"] and {"Offline", "Server"} <= set(found.cells)


def test_axes_colours_and_scenario_stand_in_the_address(tmp_path: Path) -> None:
    write(tmp_path / "dashboard.jsonl", record(), record(Scenario="Server", Model="other", accuracy=None))
    with served(tmp_path) as server:
        found = page(server, x="cm_misc_input_max_batchsize", y="performance", c="Scenario", s="Server")
        chosen = {one["value"] for one in found.named("option") if "selected" in one}
        assert {"cm_misc_input_max_batchsize", "performance", "Scenario", "Server"} <= chosen
        assert found.kinds() == ["front"] and "other" in found.cells and "digits-cnn" not in found.cells
        assert page(server).kinds() == ["front"], "the one without accuracy is not drawn"
        assert "1 records lack qps or accuracy" in ask(server)[2]
        assert page(server, x="nothing", c="nothing").kinds() == []


def kinds(*records: dict[str, Any], **query: str) -> list[str]:
    return [dot.kind for dot in picture(records, view_of(query)).dots]


def test_only_records_that_may_be_compared_are_on_one_front() -> None:
    best = record(qps=900.0, accuracy=0.99)
    assert kinds(best, record()) == ["front", "behind"]
    others = {"Model": "b", "Scenario": "Server", "Division": "closed", "Units": "Queries/s", "version": "v6.1",
              "SystemType": "datacenter", "cm_misc_input_run_style": "test"}  # fmt: skip
    for name, value in others.items():
        assert kinds(best, record(**{name: value})) == ["front", "front"], name


def test_a_run_that_is_not_valid_beats_nobody() -> None:
    assert kinds(record(qps=900.0, valid=False), record()) == ["behind", "front"]


def test_what_is_lower_is_better_by_the_name_of_the_field_or_as_the_address_says() -> None:
    slow, fast = record(latency_ms=9.0), record(latency_ms=2.0)
    assert kinds(slow, fast, x="latency_ms") == ["behind", "front"]
    assert kinds(slow, fast, x="latency_ms", d="higher") == ["front", "behind"]
    assert kinds(record(), record(qps=99.0)) == ["front", "tie"]


def test_new_records_appear_and_a_line_that_is_being_written_waits(tmp_path: Path) -> None:
    path = write(tmp_path / "a/b/dashboard.jsonl", record())
    with served(tmp_path) as server:
        assert len(json.loads(ask(server, "/records.json")[2])) == 1
        with path.open("a") as out:
            out.write('{"run": "half')
        assert len(json.loads(ask(server, "/records.json")[2])) == 1
        with path.open("a") as out:
            out.write('"}\n')
        write(tmp_path / "c/dashboard.jsonl", record(when="2025-01-01"))
        found = json.loads(ask(server, "/records.json")[2])
    assert [one["run"] for one in found] == ["half", "Acme(box)", "Acme(box)"], "by time; who says none comes first"


def test_it_refreshes_itself_unless_told_not_to(tmp_path: Path) -> None:
    write(tmp_path / "dashboard.jsonl", record())
    with served(tmp_path) as server:
        assert ask(server)[1]["Refresh"] == "10"
        assert ask(server, "/?refresh=60")[1]["Refresh"] == "60"
        assert ask(server, "/?refresh=0")[1]["Refresh"] is None
        assert ask(server, "/?refresh=1e9")[1]["Refresh"] == "10"


def test_hostile_values_stay_words(tmp_path: Path) -> None:
    write(tmp_path / "dashboard.jsonl", record(run=HOSTILE, Model=HOSTILE, Scenario=HOSTILE, **{HOSTILE: 1.5}))
    with served(tmp_path) as server:
        found = page(server, x=HOSTILE, c=HOSTILE, s=HOSTILE, y=HOSTILE)
        assert not found.named("script") and not found.named("img")
        found = page(server)
    assert not found.named("script") and not found.named("img")
    assert HOSTILE in found.cells
    assert not [name for _, attributes in found.elements for name in attributes if name.startswith("on")]


def test_nothing_may_come_from_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "dashboard.jsonl", record())
    with served(tmp_path) as server:
        _, headers, text = ask(server)
        assert ask(server, "/style.css")[1].get_content_type() == "text/css"
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["style-src"] == "'self'" and "script-src" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and "http" not in text
    assert " style=" not in text and "<style" not in text


BROKEN = [b"{", b"[1]", b"null", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000, b'{"qps": ' + b"9" * 5000 + b"}", b"5"]


def test_lines_that_are_no_records_are_counted_and_stop_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "dashboard.jsonl", record())
    with path.open("ab") as out:
        out.write(b"\n".join(BROKEN) + b"\n")
    write(path, record(qps="many", accuracy={"a": 1}, when=5, valid="yes", Model=["x"], performance=1e308))
    found = Source(str(path)).read()
    assert (len(found.records), found.broken) == (2, len(BROKEN))
    with served(tmp_path) as server:
        assert f"{len(BROKEN)} lines are no records" in ask(server)[2]


def test_bounds_keep_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "dashboard.jsonl", *(record(when=f"{n:03}") for n in range(50)))
    monkeypatch.setattr(reading, "MAX_RECORDS", 10)
    found = Source(str(path)).read()
    assert [one["when"] for one in found.records] == [f"{n:03}" for n in range(40, 50)] and found.dropped == 40
    monkeypatch.setattr(reading, "MAX_BYTES", 1000)
    found = Source(str(path)).read()
    assert found.records[-1]["when"] == "049" and found.broken == 0


def test_what_is_near_is_found_first_when_there_is_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(9):
        write(tmp_path / f"{n}/deep/dashboard.jsonl", record(run=f"deep {n}"))
    write(tmp_path / "z/dashboard.jsonl", record(run="near"))
    assert Source(str(tmp_path)).read().files == 10
    for name, bound in (("MAX_FILES", 1), ("MAX_FOLDERS", 11)):
        with monkeypatch.context() as patch:
            patch.setattr(reading, name, bound)
            assert [one["run"] for one in Source(str(tmp_path)).read().records] == ["near"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "outside/dashboard.jsonl", record())
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/link").symlink_to(tmp_path / "outside")
    (tmp_path / "in/sub/dashboard.jsonl").symlink_to(tmp_path / "outside/dashboard.jsonl")
    assert Source(str(tmp_path / "in")).read().files == 0


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/dashboard.jsonl", "//x/", "/%2e%2e/", "/records.json/"])
def test_other_paths_are_not_there(tmp_path: Path, path: str) -> None:
    write(tmp_path / "dashboard.jsonl", record())
    with served(tmp_path) as server:
        assert ask(server, path)[0] in (200, 404)
        assert "root:" not in ask(server, path)[2]
        assert ask(server, "/nowhere")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_it_only_reads(tmp_path: Path, method: str) -> None:
    path = write(tmp_path / "dashboard.jsonl", record())
    before = path.read_bytes()
    with served(tmp_path) as server:
        assert ask(server, method=method)[0] == 501
        assert ask(server, method="HEAD")[0::2] == (200, "")
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["dashboard.jsonl"]


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("127.0.0.1:8460", 200), ("[::1]:8460", 200), ("evil.example", 403), ("", 403),
     ("127.0.0.1.evil.example", 403), ("[", 403)],
)  # fmt: skip
def test_a_page_elsewhere_cannot_read_through_a_name_of_its_own(tmp_path: Path, host: str, status: int) -> None:
    write(tmp_path / "dashboard.jsonl", record())
    with served(tmp_path) as server:
        assert ask(server, Host=host)[0] == status


def test_the_page_of_no_records_says_where_they_come_from(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        assert "No records yet" in ask(server)[2]
        assert "_dashboard" in ask(server, "/?x=&y=&c=&&&=")[2]


def test_the_command_serves_until_it_is_stopped(tmp_path: Path) -> None:
    write(tmp_path / "dashboard.jsonl", record())
    environ = {**os.environ, "PYTHONPATH": str(SRC), "CM_REPOS": str(tmp_path / "CM")}
    code = "import sys; from franca.cli.main import main; sys.exit(main(sys.argv[1:]))"
    argv = [sys.executable, "-c", code, "serve", "dashboard", str(tmp_path), "--port=0"]
    process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, env=environ)
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        (url,) = [word for word in said.split() if word.startswith("http://127.0.0.1:")]
        import urllib.request

        with urllib.request.urlopen(url, timeout=60) as answer:
            assert b"digits-cnn" in answer.read()
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert process.returncode == 130 and "Traceback" not in rest


@pytest.mark.parametrize(
    ("words", "message"),
    [(["/nowhere/x"], "/nowhere/x does not exist"), (["--port=99999"], "--port=99999"),
     (["a", "b"], "'b' means nothing"), (["--host=256.1.1.1"], "nothing can listen on 256.1.1.1")],
)  # fmt: skip
def test_mistakes_have_one_message(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "dashboard", *words]) != 0
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said
