"""`franca serve sut` as a command."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.integration.mlperf_inference.test_inference_faults import children_of, gone

LAUNCHER = Path(__file__).resolve().parents[3] / "launchers" / "franca"


def serve(environ, *options: str) -> subprocess.Popen[str]:
    argv = [sys.executable, str(LAUNCHER), "serve", "sut", *options]
    return subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)


def test_it_serves_until_it_is_stopped_and_leaves_nothing(parts, environ) -> None:
    process = serve(environ, f"--model={parts / 'model.onnx'}", "--port=0", "--name=mine")
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        url = next(word.rstrip(";") for word in said.split() if word.startswith("http://"))
        connection = http.client.HTTPConnection(str(urlsplit(url).netloc), timeout=30)
        connection.request("GET", "/v1/info")
        assert json.loads(connection.getresponse().read())["name"] == "mine"
        family = children_of(process.pid)
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=120)[1]
    finally:
        process.kill()
    assert process.returncode == 130 and "Traceback" not in rest
    assert family and all(gone(pid) for pid in family)


def test_a_missing_model_is_one_message(environ) -> None:
    process = serve(environ, "--model=/nowhere.onnx")
    said = process.communicate(timeout=120)[1]
    assert process.returncode != 0
    assert "model file /nowhere.onnx does not exist" in said and "Traceback" not in said
