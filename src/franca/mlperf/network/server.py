"""A model behind HTTP.

    GET  /v1/info      JSON: name, backend, payload type and shape, largest batch
    POST /v1/predict   a batch of inputs (``body``) -> a batch with one array, the payloads

Standard library only, one thread for each connection, connections are kept open. It listens on this machine only
unless told otherwise: there is no authentication.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from franca.mlperf.network.body import CONTENT_TYPE, BadBody, Batch, pack, size_of, unpack

PREDICT, INFO = "/v1/predict", "/v1/info"
DEFAULT_PORT = 8457
DEFAULT_MAX_BODY = 256 << 20
MAX_CONNECTIONS = 256
IDLE_S = 600  #: a connection on which nothing comes is closed


class Model:
    """Backend and metric as one step, and what is known of them."""

    def __init__(self, backend: Any, metric: Any, *, name: str = "", max_batch: int = 0) -> None:
        self.capabilities = backend.load()
        self.name = name or self.capabilities.name
        self.metric = metric
        self._predict = backend.predict
        self.max_batch = max_batch or self.capabilities.max_batch

    def info(self) -> dict[str, Any]:
        return {
            "protocol": 1,
            "name": self.name,
            "backend": self.capabilities._asdict(),
            "payload_dtype": self.metric.payload_dtype,
            "payload_shape": list(self.metric.payload_shape),
            "max_batch": self.max_batch,
        }

    def answer(self, batch: Batch) -> Any:
        """Payloads of ``batch`` [count, ...].

        Raises:
            ValueError: the model answered another number of samples. Whatever the model raises.
        """
        import numpy as np

        whole = batch.arrays.get("")
        outputs = self._predict(whole if whole is not None else batch.arrays)
        if len(outputs) != batch.samples:
            raise ValueError(f"the backend answered {len(outputs)} samples to a batch of {batch.samples}")
        out = np.empty((batch.samples, *self.metric.payload_shape), dtype=self.metric.payload_dtype)
        self.metric.encode(outputs, out)
        return out


class Server(ThreadingHTTPServer):
    """The listening side. ``serve_forever`` runs it, ``shutdown`` from another thread ends it."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], model: Any, max_body: int = DEFAULT_MAX_BODY) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.model = model
        self.max_body = max_body
        self.places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(address, Handler)

    @property
    def url(self) -> str:
        host = self.server_address[0]
        name = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{name}:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients come and go; a broken connection is no event."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server
    timeout = IDLE_S
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together

    def handle(self) -> None:
        if not self.server.places.acquire(blocking=False):
            return  # closes the connection: too many of them
        try:
            super().handle()
        finally:
            self.server.places.release()

    def do_GET(self) -> None:
        if self.path == INFO:
            self._json(200, self.server.model.info())
        else:
            self._refuse(404, f"there is no {self.path[:200]}; try {INFO}")

    def do_POST(self) -> None:
        if self.path != PREDICT:
            self._refuse(404, f"there is no {self.path[:200]}; try {PREDICT}")
            return
        body = self._body()
        if body is not None:
            self._predict(body)

    def _body(self) -> bytearray | None:
        """What the client sent, after looking at its length; None when it was refused."""
        text = self.headers.get("Content-Length", "")
        if not text.isdigit() or len(text) > 15:
            self._refuse(411, "the request has no Content-Length")
            return None
        if int(text) > self.server.max_body:
            self._refuse(413, f"a body of {text} bytes; this server takes {self.server.max_body}")
            return None
        body = bytearray(int(text))
        view = memoryview(body)
        at = 0
        while at < len(body):
            got = self.rfile.readinto(view[at:])
            if not got:
                raise ConnectionResetError("the client went away")
            at += got
        return body

    def _predict(self, body: bytearray) -> None:
        try:
            batch = unpack(body)
            self._fits(batch)
        except BadBody as error:
            self._refuse(400, str(error))
            return
        try:
            pieces = pack(Batch(batch.samples, {"": self.server.model.answer(batch)}))
        except Exception as error:  # whatever the model raises is told to the client, and the server goes on
            self._json(500, {"error": f"{type(error).__name__}: {error}"})
            return
        self._send(200, CONTENT_TYPE, pieces)

    def _fits(self, batch: Batch) -> None:
        limit = self.server.model.max_batch
        if limit and batch.samples > limit:
            raise BadBody(f"a batch of {batch.samples}; this server takes {limit}")
        for name, array in batch.arrays.items():
            if not array.ndim or len(array) != batch.samples:
                raise BadBody(f"the array {name!r} does not have {batch.samples} samples")

    def _refuse(self, status: int, text: str) -> None:
        self.close_connection = True  # what is left of the request is not read
        self._json(status, {"error": text})

    def _json(self, status: int, content: dict[str, Any]) -> None:
        self._send(status, "application/json", [json.dumps(content).encode()])

    def _send(self, status: int, kind: str, pieces: list[Any]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size_of(pieces)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: at these rates it would be all that happens."""
