"""The report in a real browser: it renders, nothing of it runs, nothing leaves the machine."""

from __future__ import annotations

import http.server
import json
import shutil
import struct
import subprocess
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from franca.mlperf.inference import results as written
from franca.publish.report.inference import render
from franca.publish.report.records import read_results
from tests.unit.mlperf_inference.test_inference_report import HOSTILE, accuracy, benchmark, performance

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine (apt-get install chromium)")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report whose every text is hostile, as a file."""
    folder = tmp_path_factory.mktemp("report")
    scenarios = [
        written.ScenarioResult(scenario=name, performance=performance(), accuracy=accuracy())
        for name in ("SingleStream", "Offline")
    ]
    (folder / "results.json").write_bytes(msgspec.json.encode(benchmark(*scenarios)))
    json.loads((folder / "results.json").read_text())
    path = folder / "report.html"
    path.write_text(render(read_results(str(folder / "results.json"))), encoding="utf-8")
    return path


def browse(url: str, folder: Path, *more: str) -> str:
    """What headless Chromium prints for a page, with a profile of its own and all its own traffic off."""
    done = subprocess.run(
        [
            str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
            f"--user-data-dir={folder / 'profile'}", "--window-size=1200,900", *more, url,
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout


def test_texts_of_the_results_stay_texts(page: Path, tmp_path: Path) -> None:
    dom = browse(page.as_uri(), tmp_path, "--dump-dom")
    assert "digits" in dom and "VALID" in dom and "<svg" in dom
    assert "<script>alert" not in dom
    assert HOSTILE.split("<")[1].split(">")[1][:8] in dom  # the words are there, as words


def test_it_draws_something_on_a_light_and_a_dark_page(page: Path, tmp_path: Path) -> None:
    shades = []
    for mode in ("light", "dark"):
        shot = tmp_path / f"{mode}.png"
        force = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if mode == "dark" else []
        browse(page.as_uri(), tmp_path, f"--screenshot={shot}", *force)
        shades.append(colours(shot))
    assert min(map(len, shades)) > 20, "a blank page has one colour"
    assert shades[0] != shades[1]


@pytest.fixture
def served(page: Path) -> Iterator[tuple[str, list[str]]]:
    """The page over HTTP, and the paths that a browser asks for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = page.read_bytes() if self.path == "/report.html" else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/report.html", asked
    server.shutdown()


def test_it_asks_for_nothing_but_itself(served: tuple[str, list[str]], tmp_path: Path) -> None:
    url, asked = served
    assert "VALID" in browse(url, tmp_path, "--dump-dom")
    assert [path for path in asked if path != "/favicon.ico"] == ["/report.html"]


def colours(path: Path) -> set[bytes]:
    """The different pixels of a PNG as Chromium writes it: 8 bits a channel, no interlace."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, header, packed = 8, b"", b""
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        header = body if kind == b"IHDR" else header
        packed += body if kind == b"IDAT" else b""
        at += size + 12
    width, height, _, colour_type = struct.unpack(">IIBB", header[:10])
    depth = {2: 3, 6: 4}[colour_type]
    raw = zlib.decompress(packed)
    assert len(raw) == height * (1 + width * depth)
    return {raw[i : i + depth] for i in range(1, len(raw) - depth, depth * 7)}
