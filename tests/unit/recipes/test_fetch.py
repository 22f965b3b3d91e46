"""The downloader against a real server on this machine, well-behaved and not."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Loader = Callable[[str, str], ModuleType]
CONTENT = bytes(range(256)) * 20_000
SHA256 = ("sha256", hashlib.sha256(CONTENT).hexdigest())


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT under names that say how: /good, /norange, /cut (stops half way once), /slow, /broken, /wrong."""

    seen: list[tuple[str, str]] = []

    def do_GET(self) -> None:
        kind = self.path.strip("/").partition("/")[0]
        asked = self.headers.get("Range", "")
        first_time = (kind, "") not in self.seen
        self.seen.append((kind, asked))
        if kind in ("missing", "broken"):
            return self.send_error(404 if kind == "missing" else 503)
        start = self.start_of(asked) if kind != "norange" else 0
        if start >= len(CONTENT):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            return self.end_headers()
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.send_header("ETag", '"1"')
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.end_headers()
        self.send_body(kind, CONTENT[start:], first_time)
        return None

    def start_of(self, asked: str) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", asked)
        same = self.headers.get("If-Range", '"1"') == '"1"'
        return int(found[1]) if found and same else 0

    def send_body(self, kind: str, body: bytes, first_time: bool) -> None:
        if kind == "cut" and first_time:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif kind == "slow" and first_time:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            time.sleep(20)
        else:
            self.wfile.write(body[::-1] if kind == "wrong" else body)

    def log_message(self, *_: Any) -> None:
        """Keep the test output quiet."""


class Server(ThreadingHTTPServer):
    """A client that is killed in the middle of an answer is part of the tests, not an error to print."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    Handler.seen = []
    with Server(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture
def fetch(recipe: Loader) -> ModuleType:
    return recipe("download-file", "fetch")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.mark.parametrize("kind", ["good", "norange", "cut"])
def test_file_arrives_whole(fetch: ModuleType, server: str, tmp_path: Path, environ: dict[str, str], kind: str) -> None:
    target = tmp_path / "o ut é.bin"
    digest = fetch.fetch([f"{server}/{kind}"], str(target), [SHA256], len(CONTENT), environ=environ)
    assert digest == SHA256[1]
    assert target.read_bytes() == CONTENT
    assert not [path for path in (tmp_path / "cache/franca/partial").iterdir() if path.suffix != ".lock"]


def test_interrupted_transfer_goes_on_where_it_stopped(
    fetch: ModuleType, server: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    fetch.fetch([f"{server}/cut"], str(tmp_path / "f"), environ=environ)
    assert Handler.seen == [("cut", ""), ("cut", f"bytes={len(CONTENT) // 2}-")]


def test_killed_download_goes_on_in_the_next_run(
    fetch: ModuleType, server: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    program = textwrap.dedent(
        f"""
        import sys; sys.path.insert(0, {os.path.dirname(str(fetch.__file__))!r}); sys.dont_write_bytecode = True
        import fetch; fetch.fetch([{server + "/slow"!r}], {str(tmp_path / "f")!r}, environ={environ!r})
        """
    )
    child = subprocess.Popen([sys.executable, "-c", program])
    folder = tmp_path / "cache/franca/partial"
    while not (folder.exists() and any(p.suffix == "" and p.stat().st_size >= 1 << 20 for p in folder.iterdir())):
        assert child.poll() is None
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "f").exists()
    fetch.fetch([f"{server}/slow"], str(tmp_path / "f"), [], environ=environ)
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert re.fullmatch(r"bytes=[1-9]\d*-", Handler.seen[-1][1])


def test_a_changed_file_on_the_server_is_not_glued_to_the_old_part(
    fetch: ModuleType, server: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    partial = partial_of(fetch, environ, f"{server}/good")
    Path(partial).write_bytes(b"old content")
    Path(partial + ".tag").write_text('"0"')
    fetch.fetch([f"{server}/good"], str(tmp_path / "f"), environ=environ)
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_complete_part_is_not_fetched_again(
    fetch: ModuleType, server: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    partial = partial_of(fetch, environ, f"{server}/good")
    Path(partial).write_bytes(CONTENT)
    Path(partial + ".tag").write_text('"1"')
    fetch.fetch([f"{server}/good"], str(tmp_path / "f"), environ=environ)
    assert Handler.seen == [("good", f"bytes={len(CONTENT)}-")]
    assert (tmp_path / "f").read_bytes() == CONTENT


def partial_of(fetch: ModuleType, environ: dict[str, str], url: str) -> str:
    folder = fetch.partial_folder(environ)
    os.makedirs(folder)
    return os.path.join(folder, hashlib.sha256(url.encode()).hexdigest()[:32])


def test_mirrors_are_tried_in_order(fetch: ModuleType, server: str, tmp_path: Path, environ: dict[str, str]) -> None:
    urls = [f"{server}/missing", f"{server}/wrong", f"{server}/good", f"{server}/norange"]
    fetch.fetch(urls, str(tmp_path / "f"), [SHA256], environ=environ)
    assert [kind for kind, _ in Handler.seen] == ["missing", "wrong", "good"]


def test_message_names_every_place_and_its_fault(
    fetch: ModuleType, server: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    with pytest.raises(fetch.DownloadError) as caught:
        fetch.fetch([f"{server}/missing", f"{server}/wrong"], str(tmp_path / "f"), [SHA256], environ=environ)
    assert "/missing: the server answers 404" in str(caught.value)
    assert f"expected {SHA256[1]}" in str(caught.value)
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1])
def test_other_size_is_refused(
    fetch: ModuleType, server: str, tmp_path: Path, environ: dict[str, str], size: int
) -> None:
    with pytest.raises(fetch.DownloadError, match=f"expected {size}"):
        fetch.fetch([f"{server}/good"], str(tmp_path / "f"), [], size, environ=environ)
    assert not (tmp_path / "f").exists()


def test_right_file_is_not_fetched_again(fetch: ModuleType, server: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(CONTENT)
    assert fetch.fetch([f"{server}/good"], str(tmp_path / "f"), [SHA256]) == SHA256[1]
    assert Handler.seen == []


def test_wrong_file_is_replaced(fetch: ModuleType, server: str, tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "f").write_bytes(b"other")
    fetch.fetch([f"{server}/good"], str(tmp_path / "f"), [SHA256], environ=environ)
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_local_files_and_file_urls(fetch: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "da ta.bin"
    source.write_bytes(CONTENT)
    for number, url in enumerate([str(source), source.as_uri()]):
        target = tmp_path / str(number)
        assert fetch.fetch([url], str(target), [SHA256]) == SHA256[1]
        assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "url", ["ftp://example.org/x", "gopher://x/y", "file://elsewhere/etc/passwd", "/no/such/file", "data://x"]
)
def test_other_places_are_refused(fetch: ModuleType, tmp_path: Path, url: str) -> None:
    with pytest.raises(fetch.DownloadError):
        fetch.fetch([url], str(tmp_path / "f"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [("0" * 32, "md5"), ("A" * 40, "sha1"), ("sha256:" + "b" * 64, "sha256"), (" " + "c" * 128, "sha512")],
)
def test_checksum_kinds(fetch: ModuleType, text: str, kind: str) -> None:
    assert fetch.checksum_kind(text)[0] == kind


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "md5:" + "0" * 64, "crc32:12345678"])
def test_bad_checksums_are_refused(fetch: ModuleType, text: str) -> None:
    with pytest.raises(fetch.DownloadError):
        fetch.checksum_kind(text)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x/a/b.tgz?dl=1", "b.tgz"),
        ("https://x/", "index.html"),
        ("https://x/a%2F..%2Fpasswd", "passwd"),
        ("https://x/..", "index.html"),
        ("/data/some file.bin", "some file.bin"),
    ],
)
def test_names_stay_in_their_folder(fetch: ModuleType, url: str, name: str) -> None:
    assert fetch.file_name(url) == name


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "..", "", "a/b", "a\0b"])
def test_given_names_stay_in_their_folder(fetch: ModuleType, name: str) -> None:
    with pytest.raises(fetch.DownloadError):
        fetch.check_name(name)
