"""Records as runs append them, a served dashboard, and a plain client."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from franca.playground.records import Source
from franca.playground.server import Dashboard

RECORD: dict[str, Any] = {
    "run": "Acme(box)", "when": "2026-01-01T00:00:00Z", "Organization": "Acme", "Availability": "available",
    "Division": "open", "SystemType": "edge", "SystemName": "box", "Model": "digits-cnn", "Scenario": "Offline",
    "performance": 100.0, "Units": "Samples/s", "qps": 100.0, "valid": True, "accuracy": 0.9,
    "cm_misc_input_max_batchsize": 8,
}  # fmt: skip


def record(**changes: Any) -> dict[str, Any]:
    """A record with other values; a None removes the field."""
    return {name: value for name, value in {**RECORD, **changes}.items() if value is not None}


def write(path: Path, *records: dict[str, Any]) -> Path:
    """Append records, as runs do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as out:
        out.writelines(json.dumps(one) + "\n" for one in records)
    return path


@contextmanager
def served(path: Path) -> Iterator[Dashboard]:
    """A dashboard of a file or folder at a free port."""
    with Dashboard(("127.0.0.1", 0), Source(str(path))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(
    server: Dashboard, path: str = "/", *, method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, str]:
    """Status, headers and text of a request."""
    client = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
    try:
        client.request(method, path, headers=headers)
        answer = client.getresponse()
        return answer.status, answer.headers, answer.read().decode("utf-8")
    finally:
        client.close()
