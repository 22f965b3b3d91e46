"""Digests from an image registry: names, logins, indexes, and answers that cannot be trusted.

The registry here is a stand-in with logins, which the real one of the engine tests does not have.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from franca.cube.registry import MACHINES, MAX_BYTES, parse_reference, published
from franca.errors import ChecksumMismatch, FrancaError, NotFound, Refused, Unavailable, UsageError

CONFIG = "sha256:" + "ab" * 32
MANIFEST = json.dumps({"schemaVersion": 2, "config": {"digest": CONFIG}}).encode()
OTHER = json.dumps({"schemaVersion": 2, "config": {"digest": "sha256:" + "00" * 32}}).encode()


def digest(data: bytes) -> str:
    return "sha256:" + sha256(data).hexdigest()


def index(machine: str) -> bytes:
    entries = [
        {"digest": digest(OTHER), "platform": {"architecture": "mips", "os": "linux"}},
        {"digest": digest(MANIFEST), "platform": {"architecture": machine, "os": "linux"}},
    ]
    return json.dumps({"schemaVersion": 2, "manifests": entries}).encode()


class Server:
    """Answers by path; ``seen`` has every request with its Authorization header."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.token = ""
        self.seen: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *words: object) -> None:
                return None

            def do_GET(self) -> None:
                status, headers, body = outer.answer(self.path, self.headers.get("Authorization", ""))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, path: str, authorization: str) -> tuple[int, dict[str, str], bytes]:
        self.seen.append((path, authorization))
        if path.startswith("/token"):
            return 200, {}, json.dumps({"token": self.token}).encode()
        if self.token and authorization != f"Bearer {self.token}":
            challenge = f'Bearer realm="http://{self.host}/token",service="s",scope="repository:org/c:pull"'
            return 401, {"WWW-Authenticate": challenge}, b"{}"
        return self.answers.get(path, (404, {}, b"{}"))

    def serve(self, reference: str, body: bytes, status: int = 200, **headers: str) -> None:
        self.answers[f"/v2/org/c/manifests/{reference}"] = (status, headers, body)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("python", ("registry-1.docker.io", "library/python", "latest")),
        ("docker://org/c:1", ("registry-1.docker.io", "org/c", "1")),
        ("docker.io/org/c", ("registry-1.docker.io", "org/c", "latest")),
        ("ghcr.io/a/b/c:v1", ("ghcr.io", "a/b/c", "v1")),
        ("localhost:5000/c", ("localhost:5000", "c", "latest")),
        (f"h.org/c:1@{CONFIG}", ("h.org", "c", CONFIG)),
    ],
)
def test_names_of_images(image: str, expected: tuple[str, str, str]) -> None:
    assert tuple(parse_reference(image)) == expected


@pytest.mark.parametrize("image", ["", "a b", "h.org/", "h.org/../x", "a\nb", "h.org/x?y=1", "user@h.org:x/y;z"])
def test_what_is_no_name_is_refused(image: str) -> None:
    with pytest.raises(UsageError):
        parse_reference(image)


def test_other_machines_are_asked_with_encryption() -> None:
    assert parse_reference("localhost.evil.org/c").base == "https://localhost.evil.org"
    assert parse_reference("127.0.0.1:5000/c").base == "http://127.0.0.1:5000"


def test_a_manifest_names_the_configuration(server: Server) -> None:
    server.serve("1", MANIFEST)
    found = published(f"{server.host}/org/c:1", {})
    assert (found.config, found.manifest) == ("ab" * 32, digest(MANIFEST))


def test_an_index_is_resolved_to_this_machine(server: Server) -> None:
    here = index(MACHINES.get(os.uname().machine, os.uname().machine))
    server.serve("1", here)
    server.serve(digest(MANIFEST), MANIFEST)
    found = published(f"{server.host}/org/c:1", {})
    assert (found.config, found.manifest) == ("ab" * 32, digest(here))


def test_an_index_without_this_machine_says_so(server: Server) -> None:
    server.serve("1", index("pdp11"))
    with pytest.raises(NotFound, match="not published for this machine"):
        published(f"{server.host}/org/c:1", {})


def test_a_login_is_sent_to_the_token_service_only(server: Server, tmp_path: Path) -> None:
    server.serve("1", MANIFEST)
    server.token = "t0"
    auth = base64.b64encode(b"me:secret").decode()
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"auths": {server.host: {"auth": auth}}}))
    assert published(f"{server.host}/org/c:1", {"HOME": str(tmp_path)}).config == "ab" * 32
    manifest = "/v2/org/c/manifests/1"
    token = "/token?service=s&scope=repository%3Aorg%2Fc%3Apull"
    assert server.seen == [(manifest, ""), (token, f"Basic {auth}"), (manifest, "Bearer t0")]


def test_variables_come_before_files(server: Server) -> None:
    server.serve("1", MANIFEST)
    server.token = "t0"
    environ = {"SINGULARITY_DOCKER_USERNAME": "a", "SINGULARITY_DOCKER_PASSWORD": "b"}
    published(f"{server.host}/org/c:1", environ)
    assert server.seen[1][1] == "Basic " + base64.b64encode(b"a:b").decode()


def test_a_redirection_to_another_host_takes_no_login_along(server: Server) -> None:
    other = Server()
    try:
        server.token = "t0"
        server.serve("1", b"", 307, Location=f"http://{other.host}/v2/org/c/manifests/1")
        other.serve("1", MANIFEST)
        assert published(f"{server.host}/org/c:1", {}).config == "ab" * 32
        assert other.seen == [("/v2/org/c/manifests/1", "")]
    finally:
        other.server.shutdown()
        other.server.server_close()


@pytest.mark.parametrize(
    ("reference", "body", "status", "error"),
    [
        ("1", b"not json", 200, Unavailable),
        ("1", b"[]", 200, Unavailable),
        ("1", b'{"config": 3}', 200, Unavailable),
        ("1", b"[" * 100_000, 200, Unavailable),
        ("1", b" " * (MAX_BYTES + 1), 200, Refused),
        ("1", b"", 500, Unavailable),
        ("1", b"", 403, Unavailable),
        ("2", b"", 404, NotFound),
        (CONFIG, MANIFEST, 200, ChecksumMismatch),
    ],
)
def test_answers_that_cannot_be_used(
    server: Server, reference: str, body: bytes, status: int, error: type[FrancaError]
) -> None:
    server.serve(reference, body, status)
    with pytest.raises(error):
        published(f"{server.host}/org/c{'@' if ':' in reference else ':'}{reference}", {})


def test_a_registry_that_does_not_answer(server: Server) -> None:
    host = server.host
    server.server.shutdown()
    server.server.server_close()
    with pytest.raises(Unavailable, match="cannot ask"):
        published(f"{host}/org/c:1", {})


def test_encryption_is_not_given_up_for_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    from franca.cube import registry

    answer: tuple[int, dict[str, Any], bytes] = (401, {"www-authenticate": 'Bearer realm="http://h/token"'}, b"")
    monkeypatch.setattr(registry, "_request", lambda url, headers: answer)
    with pytest.raises(Refused, match="unencrypted"):
        published("h.org/c:1", {})
