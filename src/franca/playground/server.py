"""The dashboard over HTTP: read-only, on this machine, nothing from elsewhere.

    GET  /              the page; what is shown stands in the address: ?x=qps&y=accuracy&c=Model&s=Offline&refresh=10
    GET  /style.css     its style sheet
    GET  /records.json  the records

A request that names another host than this one is refused, so that no page elsewhere reads through a browser here.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from franca.playground.page import STYLE, render
from franca.playground.records import Source
from franca.playground.view import view_of

DEFAULT_PORT = 8460
IDLE_S = 30  #: a connection on which nothing comes is closed
MAX_CONNECTIONS = 64
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Dashboard(ThreadingHTTPServer):
    """The listening side. ``serve_forever`` runs it, ``shutdown`` from another thread ends it."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], source: Source) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.source = source
        self.reading = threading.Lock()
        self.places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(address, _Handler)
        self.local = _is_loopback(str(self.server_address[0]))

    @property
    def url(self) -> str:
        host = str(self.server_address[0])
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_address[1]}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Browsers come and go; a broken connection is no event."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Dashboard
    timeout = IDLE_S
    wbufsize = -1

    def handle(self) -> None:
        if not self.server.places.acquire(blocking=False):
            return  # closes the connection: too many of them
        try:
            super().handle()
        finally:
            self.server.places.release()

    def do_GET(self) -> None:
        if self.server.local and not _names_this_host(self.headers.get("Host", "")):
            self._send(403, "text/plain", "this server is for browsers on its own machine\n")
            return
        where = urlsplit(self.path)
        if where.path == "/":
            self._page(where.query)
        elif where.path == "/style.css":
            self._send(200, "text/css", STYLE)
        elif where.path == "/records.json":
            self._send(200, "application/json", json.dumps(self._read().records))
        else:
            self._send(404, "text/plain", "there is /, /style.css and /records.json\n")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _read(self) -> Any:
        with self.server.reading:
            return self.server.source.read()

    def _page(self, query: str) -> None:
        try:
            said = {name: values[-1] for name, values in parse_qs(query, max_num_fields=40).items()}
        except ValueError:
            said = {}
        view = view_of(said)
        more = {"Refresh": str(view.refresh)} if view.refresh else {}
        self._send(200, "text/html", render(self._read(), view), more)

    def _send(self, status: int, kind: str, text: str, more: dict[str, str] | None = None) -> None:
        body = text.encode("utf-8", "backslashreplace")
        self.send_response(status)
        for name, value in {**HEADERS, **(more or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        return "franca"

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: a page that refreshes itself would be all that is said."""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


def _names_this_host(header: str) -> bool:
    """Whether a Host header means this machine; a page elsewhere that resolves to it has a name of its own."""
    try:
        return _is_loopback(urlsplit(f"//{header}").hostname or "")
    except ValueError:
        return False
