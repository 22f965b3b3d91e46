"""What goes wrong between client and server is told in one message, on both sides."""

from __future__ import annotations

import http.client
import socket

import pytest

np = pytest.importorskip("numpy")

from franca.errors import FrancaError, NotFound, StepFailed, UsageError  # noqa: E402
from franca.mlperf.inference.metrics import LabelMetric  # noqa: E402
from franca.mlperf.inference.plugs import PlugError  # noqa: E402
from franca.mlperf.network.batching import Gatherer  # noqa: E402
from franca.mlperf.network.body import CONTENT_TYPE, Batch, pack  # noqa: E402
from franca.mlperf.network.client import Connection, NetworkError, RemotePredictor  # noqa: E402
from franca.mlperf.network.launch import Served, ServeOptions, read_options  # noqa: E402
from franca.mlperf.network.server import INFO, PREDICT  # noqa: E402
from tests.integration.mlperf_network import network_bad_servers as bad  # noqa: E402


class Rows:
    """Sample k is a row of k."""

    def batch(self, indices):
        return np.array([[k, k] for k in indices], dtype=np.float32)


def predict(server, timeout_s: float = 20.0):
    predictor = RemotePredictor([server.url], Rows(), LabelMetric(), timeout_s)
    out = predictor.buffer(1)
    predictor([5], out)
    return out


CASES = [
    (bad.Raises, bad.Handler, "answered 500: RuntimeError: the accelerator is on fire"),
    (bad.TooFew, bad.Handler, "cannot be read|answered 1 samples"),
    (bad.Answers, bad.Garbage, "a body that cannot be read: does not begin with FRB1"),
    (bad.Answers, bad.Huge, "answered with 1099511627776 bytes"),
    (bad.Answers, bad.Hangs, "did not answer within 0.5 s"),
    (bad.Answers, bad.Leaves, "closed the connection without an answer"),
    (bad.Answers, bad.WrongCount, "answered 3 samples to a batch of 1"),
    (bad.Answers, bad.WrongType, "answered float64"),
]


@pytest.mark.parametrize(("model", "handler", "words"), CASES, ids=[f"{c[0].__name__}-{c[1].__name__}" for c in CASES])
def test_a_wrong_answer_is_named(model, handler, words) -> None:
    with bad.serving(model(), handler) as server, pytest.raises(NetworkError, match=words) as caught:
        predict(server, timeout_s=0.5 if handler is bad.Hangs else 20.0)
    assert server.url in str(caught.value)


def test_a_server_for_another_metric_is_refused_before_the_run() -> None:
    with bad.serving(bad.OtherPayload()) as server, pytest.raises(PlugError, match="answers float32"):
        predict(server)


def test_a_server_that_died_is_named() -> None:
    with bad.serving(bad.Answers()) as server:
        predictor = RemotePredictor([server.url], Rows(), LabelMetric())
        predictor([1], predictor.buffer(1))
        predictor._connection().close()
    with pytest.raises(NetworkError, match="refuses connections: is the server running"):
        predictor([1], predictor.buffer(1))


def test_nobody_at_the_address_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(PlugError, match=f"127.0.0.1:{port} refuses connections"):
        RemotePredictor([f"http://127.0.0.1:{port}"], Rows(), LabelMetric())


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:80", "ftp://a:1", "http://host", "http://a:99999", "http://a:1/x", "http://[::1"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(PlugError, match="no address of a server"):
        Connection(url)


# -- the server's side ---------------------------------------------------------------------------------


def ask(server, method: str, path: str, body: bytes = b"", headers: dict | None = None):
    connection = http.client.HTTPConnection(*server.server_address, timeout=20)
    connection.request(method, path, body or None, headers or {})
    response = connection.getresponse()
    return response.status, response.read().decode("utf-8", "replace")


REFUSED = [
    ("GET", "/", b"", {}, 404, "there is no /"),
    ("POST", INFO, b"x", {}, 404, "there is no"),
    ("POST", PREDICT, b"x", {}, 400, "shorter than a header"),
    ("POST", PREDICT, b"cos\nsystem\n(S'true'\ntR.", {}, 400, "does not begin with FRB1"),
    ("POST", PREDICT, b"", {"Content-Length": "many"}, 411, "no Content-Length"),
    ("POST", PREDICT, b"", {"Content-Length": str(1 << 40)}, 413, "this server takes"),
    ("POST", PREDICT, b"", {"Content-Length": "-5"}, 411, "no Content-Length"),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status", "words"), REFUSED)
def test_a_bad_request_is_refused_and_the_server_goes_on(method, path, body, headers, status, words) -> None:
    with bad.serving(bad.Answers()) as server:
        found, text = ask(server, method, path, body, headers)
        assert found == status and words in text
        assert ask(server, "GET", INFO)[0] == 200


def test_a_batch_beyond_the_limit_or_of_uneven_arrays_is_refused() -> None:
    with bad.serving(Gatherer(bad.Answers(), 4)) as server:
        many = b"".join(pack(Batch(5, {"": np.zeros((5, 2), dtype="float32")})))
        uneven = b"".join(pack(Batch(2, {"a": np.zeros(2), "b": np.zeros(3)})))
        scalar = b"".join(pack(Batch(2, {"a": np.array(1.0)})))
        kind = {"Content-Type": CONTENT_TYPE}
        assert "this server takes 4" in ask(server, "POST", PREDICT, many, kind)[1]
        assert "does not have 2 samples" in ask(server, "POST", PREDICT, uneven, kind)[1]
        assert "does not have 2 samples" in ask(server, "POST", PREDICT, scalar, kind)[1]


OPTIONS = [
    (["--port=99999"], UsageError, "expected 0 to 65535"),
    (["--port=high"], UsageError, "port"),
    (["--workers=0"], UsageError, "--workers=0"),
    (["--colour=red"], UsageError, "colour"),
    (["port"], UsageError, "unexpected 'port'"),
    (["--model=/nowhere.onnx"], NotFound, "does not exist"),
    (["--backend=mystery"], StepFailed, "no backend is called 'mystery'"),
    (["--metric=mystery"], StepFailed, "no metric is called 'mystery'"),
    (["--host=256.1.1.1"], StepFailed, "cannot listen on 256.1.1.1"),
]


@pytest.mark.parametrize(("words", "kind", "text"), OPTIONS, ids=[case[0][0] for case in OPTIONS])
def test_options_that_mean_nothing_are_refused(parts, words, kind: type[FrancaError], text: str) -> None:
    with pytest.raises(kind, match=text):
        Served(read_options([f"--model={parts / 'model.onnx'}", "--port=0", *words])).close()


def test_it_listens_on_this_machine_only_unless_told_otherwise() -> None:
    assert ServeOptions(model="m").host == "127.0.0.1"
