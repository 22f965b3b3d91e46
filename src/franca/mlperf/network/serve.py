"""The server's process, in the interpreter that has the runtime. Started by ``launch``; ends when its parent does.

Prints ``ready URL`` when it listens. Standard library and numpy only.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import Any

from franca.mlperf.inference.job import PartSpec
from franca.mlperf.inference.plugs import PlugError, build
from franca.mlperf.network.batching import Gatherer
from franca.mlperf.network.server import Model, Server

SETUP_FAILED = 65


def main(argv: list[str]) -> int:
    """``argv``: one JSON object with backend, metric, host, port, name, max_batchsize, workers, max_body."""
    asked = json.loads(argv[0])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the parent, who then lets go of us
    try:
        server = Server((asked["host"], asked["port"]), _model(asked), asked["max_body"])
    except OSError as error:
        print(f"cannot listen on {asked['host']}:{asked['port']}: {error.strerror or error}", file=sys.stderr)
        return SETUP_FAILED
    except Exception as error:  # a backend may raise anything while it loads
        text = str(error) if isinstance(error, PlugError) else f"{type(error).__name__}: {error}"
        print(text, file=sys.stderr)
        return SETUP_FAILED
    threading.Thread(target=_until_parent_ends, args=(server,), daemon=True).start()
    print(f"ready {server.url}", flush=True)
    server.serve_forever()
    return 0


def _model(asked: dict[str, Any]) -> Gatherer:
    backend = build("backend", PartSpec(**asked["backend"]))
    metric = build("metric", PartSpec(**asked["metric"]))
    if metric.payload_shape is None:
        raise PlugError(f"metric {asked['metric']['name']!r} has answers with sizes of their own; not over a network")
    model = Model(backend, metric, name=asked["name"])
    most = asked["max_batchsize"]
    return Gatherer(model, min(most, model.max_batch) if model.max_batch else most, asked["workers"])


def _until_parent_ends(server: Server) -> None:
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    server.shutdown()


def run_and_exit(argv: list[str]) -> None:
    """The process's whole life."""
    status = main(argv)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
