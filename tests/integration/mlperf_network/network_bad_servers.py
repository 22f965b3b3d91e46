"""Servers that misbehave, over the real one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from franca.mlperf.network.body import Batch, pack
from franca.mlperf.network.server import PREDICT, Handler, Server

WELL = 20  #: answers before it goes wrong: those of the bare loop and the warm-up are among them


class Answers:
    """A model that knows its place: payloads are zeros of the type of the label metric."""

    max_batch = 0
    payload = "int64"

    def info(self) -> dict[str, Any]:
        shape = {"payload_dtype": self.payload, "payload_shape": [], "max_batch": 0}
        return {"protocol": 1, "name": "bad", "backend": {"name": "bad", "version": "1", "device": "cpu"}, **shape}

    def answer(self, batch: Batch) -> Any:
        return np.zeros(batch.samples, dtype=np.int64)


class OtherPayload(Answers):
    payload = "float32"


class Raises(Answers):
    def answer(self, batch: Batch) -> Any:
        raise RuntimeError("the accelerator is on fire")


class TooFew(Answers):
    def answer(self, batch: Batch) -> Any:
        return np.zeros(batch.samples + 1, dtype=np.int64)


class Garbage(Handler):
    def _send(self, status: int, kind: str, pieces: list[Any]) -> None:
        super()._send(status, kind, [b"\x80\x04pickled"] if self.path == PREDICT else pieces)


class Huge(Handler):
    def _send(self, status: int, kind: str, pieces: list[Any]) -> None:
        if self.path != PREDICT:
            super()._send(status, kind, pieces)
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(1 << 40))
        self.end_headers()


class Hangs(Handler):
    def _predict(self, body: bytearray) -> None:
        self.server.stuck.wait(60)  # type: ignore[attr-defined]


class Leaves(Handler):
    def _predict(self, body: bytearray) -> None:
        raise ConnectionResetError


class WrongCount(Handler):
    def _send(self, status: int, kind: str, pieces: list[Any]) -> None:
        other = pack(Batch(3, {"": np.zeros(3, dtype=np.int64)}))
        super()._send(status, kind, other if self.path == PREDICT else pieces)


class WrongType(Handler):
    def _send(self, status: int, kind: str, pieces: list[Any]) -> None:
        other = pack(Batch(1, {"": np.zeros(1, dtype=np.float64)}))
        super()._send(status, kind, other if self.path == PREDICT else pieces)


@contextmanager
def serving(model: Any, handler: type[Handler] = Handler) -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), model)
    server.RequestHandlerClass = handler
    server.stuck = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stuck.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()
        thread.join()
