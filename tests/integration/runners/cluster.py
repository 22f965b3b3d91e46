"""A Kubernetes API server of the smallest kind: discovery, Jobs, Pods and logs, enough for kubectl.

The Job's container is not run; ``results`` says, by task, with which exit code it "ends" and what it printed.
Every request is kept in ``requests``.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

GROUPS = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/api/v1": {
        "kind": "APIResourceList", "groupVersion": "v1",
        "resources": [
            {"name": "pods", "singularName": "", "namespaced": True, "kind": "Pod", "verbs": ["get", "list"]},
            {"name": "pods/log", "singularName": "", "namespaced": True, "kind": "Pod", "verbs": ["get"]},
        ],
    },
    "/apis": {
        "kind": "APIGroupList", "apiVersion": "v1",
        "groups": [{"name": "batch", "versions": [{"groupVersion": "batch/v1", "version": "v1"}],
                    "preferredVersion": {"groupVersion": "batch/v1", "version": "v1"}}],
    },
    "/apis/batch/v1": {
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "batch/v1",
        "resources": [{"name": "jobs", "singularName": "job", "namespaced": True, "kind": "Job",
                       "verbs": ["create", "delete", "get", "list", "watch"]}],
    },
}  # fmt: skip


class Cluster:
    """Serves until closed; the address is ``url``."""

    def __init__(self, results: dict[str, tuple[int, str]]) -> None:
        self.results = results
        self.jobs: dict[str, dict[str, Any]] = {}
        self.looks: dict[str, int] = {}
        self.deleted: list[str] = []
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *words: object) -> None:
                return None

            def do_GET(self) -> None:
                self.answer(*cluster.get(self.path))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.answer(*cluster.post(self.path, body))

            def do_DELETE(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.answer(*cluster.delete(self.path))

            def answer(self, status: int, value: Any) -> None:
                text = value if isinstance(value, str) else json.dumps(value)
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain" if isinstance(value, str) else "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        assert urlsplit(path).path.endswith("/jobs"), path
        name = body["metadata"]["name"]
        if name in self.jobs:
            return 409, status(409, "AlreadyExists", f"jobs {name!r} already exists")
        self.jobs[name] = body
        return 201, {**body, "metadata": {**body["metadata"], "uid": "u-" + name}}

    def get(self, path: str) -> tuple[int, Any]:
        parts = urlsplit(path)
        if parts.path in GROUPS:
            return 200, GROUPS[parts.path]
        last = parts.path.rsplit("/", 1)[-1]
        if parts.path.endswith("/pods"):
            selector = parse_qs(parts.query).get("labelSelector", [""])[0]
            names = [name for name in self.jobs if f"job-name={name}" in selector or f"u-{name}" in selector]
            return 200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [self.pod(n) for n in names]}
        if last == "log":
            return 200, self.result(parts.path.split("/")[-2].removesuffix("-pod"))[1]
        if "/pods/" in parts.path:
            return 200, self.pod(last.removesuffix("-pod"))
        if "/jobs/" in parts.path and last in self.jobs:
            return 200, self.job(last)
        return 404, status(404, "NotFound", f"the server has no {parts.path}")

    def delete(self, path: str) -> tuple[int, Any]:
        name = urlsplit(path).path.rsplit("/", 1)[-1]
        self.deleted.append(name)
        self.jobs.pop(name, None)
        return 200, {"kind": "Status", "apiVersion": "v1", "status": "Success", "metadata": {}}

    def result(self, name: str) -> tuple[int, str]:
        container = self.jobs[name]["spec"]["template"]["spec"]["containers"][0]
        return self.results[container["args"][0]]

    def job(self, name: str) -> dict[str, Any]:
        """Runs at the first look, ended at the second."""
        self.looks[name] = self.looks.get(name, 0) + 1
        kind = "Complete" if self.result(name)[0] == 0 else "Failed"
        done = [{"type": kind, "status": "True"}] if self.looks[name] > 1 else []
        labels = {"controller-uid": "u-" + name, "job-name": name}
        spec = {**self.jobs[name]["spec"], "selector": {"matchLabels": labels}}
        return {**self.jobs[name], "spec": spec, "status": {"conditions": done}}

    def pod(self, name: str) -> dict[str, Any]:
        state = {"terminated": {"exitCode": self.result(name)[0]}}
        return {
            "kind": "Pod", "apiVersion": "v1",
            "metadata": {"name": f"{name}-pod", "namespace": "default", "labels": {"job-name": name}},
            "spec": {"containers": [{"name": "mlcube-container", "image": "x"}]},
            "status": {"phase": "Succeeded",
                       "containerStatuses": [{"name": "mlcube-container", "state": state, "ready": False,
                                              "restartCount": 0, "image": "x", "imageID": "x"}]},
        }  # fmt: skip


def status(code: int, reason: str, message: str) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
            "reason": reason, "code": code}  # fmt: skip
