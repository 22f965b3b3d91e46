"""A real HTTP server on this machine that writes down who was connected at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer:
    """Serves ``files`` (path without slash: content). ``before_body`` is called with the path after the headers."""

    def __init__(self, files: dict[str, bytes], before_body: Callable[[str], None] = lambda path: None) -> None:
        self.files, self.before_body = files, before_body
        self.asked: list[str] = []
        self.open = self.most_open = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._serve(self)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{name}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.lstrip("/")
        with self._lock:
            self.asked.append(name)
            self.open += 1
            self.most_open = max(self.open, self.most_open)
        try:
            self._answer(request, name)
        except OSError:
            pass  # the client has gone
        finally:
            with self._lock:
                self.open -= 1

    def _answer(self, request: BaseHTTPRequestHandler, name: str) -> None:
        content = self.files.get(name)
        if content is None:
            request.send_error(404)
            return
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.send_header("ETag", f'"{name}-1"')
        request.end_headers()
        half = len(content) // 2
        request.wfile.write(content[:half])
        request.wfile.flush()
        self.before_body(name)
        request.wfile.write(content[half:])
