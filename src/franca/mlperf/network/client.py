"""The client's side: sends batches of inputs to servers, and believes nothing that comes back unchecked."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from franca.mlperf.inference.plugs import Capabilities, PlugError
from franca.mlperf.inference.predictor import Predictor
from franca.mlperf.network.address import EXPECTED, is_address
from franca.mlperf.network.body import CONTENT_TYPE, BadBody, Batch, pack, size_of, unpack
from franca.mlperf.network.server import INFO, PREDICT

TIMEOUT_S = 60.0
MAX_ANSWER = 256 << 20
MAX_INFO = 1 << 20
NAME = "Franca Network SUT"  #: checkers want "Network SUT" in the name of the network division (section 12, S6)
_JOIN = 1 << 16  #: bodies up to this go out in one piece, with the headers


class NetworkError(Exception):
    """A server could not be reached, or answered something that is no answer; the message names it."""


class Connection:
    """One kept-open connection to one server, for one thread."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url
        if not is_address(url):
            raise PlugError(f"{url!r} is no address of a server; expected {EXPECTED}")
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._http = kind(str(parts.hostname), parts.port, timeout=timeout_s)
        self._timeout_s = timeout_s

    def info(self) -> dict[str, Any]:
        """What the server says of itself."""
        answer = self._ask("GET", INFO, b"", MAX_INFO, "application/json")
        try:
            found = json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise NetworkError(f"{self.url}{INFO} is not JSON") from error
        if not isinstance(found, dict) or found.get("protocol") != 1:
            raise NetworkError(f"{self.url} does not speak protocol 1 of Franca's network servers")
        return found

    def predict(self, batch: Batch) -> Any:
        """The payloads of ``batch`` [count, ...]."""
        try:
            pieces = pack(batch)
        except BadBody as error:
            raise NetworkError(str(error)) from error
        body: Any = b"".join(pieces) if size_of(pieces) <= _JOIN else pieces
        answer = self._ask("POST", PREDICT, body, MAX_ANSWER, CONTENT_TYPE)
        try:
            found = unpack(answer)
        except BadBody as error:
            raise NetworkError(f"{self.url} answered a body that cannot be read: {error}") from error
        if list(found.arrays) != [""] or found.samples != batch.samples or len(found.arrays[""]) != batch.samples:
            raise NetworkError(f"{self.url} answered {found.samples} samples to a batch of {batch.samples}")
        return found.arrays[""]

    def close(self) -> None:
        self._http.close()

    def _ask(self, method: str, path: str, body: Any, limit: int, kind: str) -> bytes:
        reused = self._http.sock is not None
        try:
            return self._exchange(method, path, body, limit, kind)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
            self._http.close()
            if not reused:
                raise NetworkError(f"{self.url} closed the connection without an answer") from error
        # A kept connection may have been closed while nothing was sent: once more on a fresh one.
        try:
            return self._exchange(method, path, body, limit, kind)
        except (http.client.RemoteDisconnected, ConnectionError) as error:
            self._http.close()
            raise NetworkError(f"{self.url} is gone: {error}") from error

    def _exchange(self, method: str, path: str, body: Any, limit: int, kind: str) -> bytes:
        headers = {"Content-Type": CONTENT_TYPE, "Accept": kind}
        if isinstance(body, list):
            headers["Content-Length"] = str(size_of(body))
        try:
            self._http.request(method, path, body or None, headers)
            response = self._http.getresponse()
            return self._read(response, limit, kind)
        except TimeoutError as error:
            self._http.close()
            raise NetworkError(f"{self.url} did not answer within {self._timeout_s:g} s") from error
        except ConnectionRefusedError as error:
            raise NetworkError(f"{self.url} refuses connections: is the server running?") from error
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            raise
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            raise NetworkError(f"{self.url} cannot be asked: {type(error).__name__} {error}".rstrip()) from error

    def _read(self, response: http.client.HTTPResponse, limit: int, kind: str) -> bytes:
        if response.length is None or response.length > limit:
            self._http.close()
            raise NetworkError(
                f"{self.url} answered with {response.length or 'unknown'} bytes; at most {limit} are read"
            )
        answer = response.read()
        if response.status != 200:
            raise NetworkError(f"{self.url} answered {response.status}: {_error_text(answer)}")
        if response.headers.get_content_type() != kind:
            raise NetworkError(f"{self.url} answered {response.headers.get_content_type()}, expected {kind}")
        return answer


def _error_text(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["error"])[:1000]
    except (ValueError, KeyError, TypeError, RecursionError):
        return repr(answer[:200])


class RemotePredictor(Predictor):
    """Stands where the model would: sample indices in, payloads out, over one connection for each thread."""

    def __init__(self, servers: Sequence[str], dataset: Any, metric: Any, timeout_s: float = TIMEOUT_S) -> None:
        if metric.payload_shape is None:
            raise PlugError("answers with sizes of their own cannot be asked over the network")
        self.metric = metric
        self._varied = False
        self._batch = dataset.batch
        self._samples = int(getattr(dataset, "count", 0))
        self._servers = [server.rstrip("/") for server in servers]
        self._timeout_s = timeout_s
        self._local = threading.local()
        self._lock = threading.Lock()
        self._made = 0
        self.infos = [self._checked(server) for server in self._servers]
        limits = [info["max_batch"] for info in self.infos if info.get("max_batch")]
        self._most = min(limits, default=0)  # a query beyond it crosses in parts

    def __call__(self, indices: Sequence[int], out: Any) -> None:
        connection, most = self._connection(), self._most or len(indices)
        for at in range(0, len(indices), most):
            some, places = indices[at : at + most], out[at : at + most]
            inputs = self._batch(some)
            found = connection.predict(Batch(len(some), inputs if isinstance(inputs, dict) else {"": inputs}))
            if found.shape != places.shape or found.dtype != out.dtype:
                wanted = f"{out.dtype} {places.shape}"
                raise NetworkError(f"{connection.url} answered {found.dtype} {found.shape}, expected {wanted}")
            places[:] = found

    @property
    def capabilities(self) -> Capabilities:
        """Of the first server's backend."""
        given = self.infos[0].get("backend")
        known = {name: given[name] for name in Capabilities._fields if name in given} if isinstance(given, dict) else {}
        return Capabilities(**{"name": "remote", "version": "", "device": "remote", **known})

    def name(self) -> str:
        """The name of the system under test, asked over the network each time, as LoadGen wants it."""
        return f"{NAME} {self._connection().info().get('name', '')}".strip()

    def _checked(self, server: str) -> dict[str, Any]:
        """The server's own words, if its answers are of the metric's kind. Raises PlugError."""
        connection = Connection(server, self._timeout_s)
        try:
            info = connection.info()
        except NetworkError as error:
            raise PlugError(str(error)) from error
        finally:
            connection.close()
        if type(info.get("max_batch", 0)) is not int or info.get("max_batch", 0) < 0:
            raise PlugError(f"{server} names no number of samples as its largest batch")
        wanted = [self.metric.payload_dtype, list(self.metric.payload_shape)]
        if [info.get("payload_dtype"), info.get("payload_shape")] != wanted:
            found = f"{info.get('payload_dtype')} {info.get('payload_shape')}"
            raise PlugError(f"{server} answers {found}, the metric wants {wanted[0]} {wanted[1]}")
        return info

    def _connection(self) -> Connection:
        mine: Connection | None = getattr(self._local, "connection", None)
        if mine is None:
            with self._lock:
                server = self._servers[self._made % len(self._servers)]
                self._made += 1
            mine = self._local.connection = Connection(server, self._timeout_s)
        return mine
