"""What fetching ahead gains: four independent downloads of one run, with and without, from a slow server.

Usage: ``python benchmarks/downloads.py [--runs N] [--files N] [--megabytes X] [--rate X] [--json FILE]``

The server is on this machine and gives every connection ``--rate`` megabytes a second, as mirrors on the internet
do. Runs alternate; printed are the medians of their wall times in seconds and the ratio.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 1 << 16


def serve(content: bytes, rate: float) -> ThreadingHTTPServer:
    """A server that sends ``content`` for any path, at most ``rate`` bytes a second and connection."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            start = time.monotonic()
            for at in range(0, len(content), PIECE):
                self.wfile.write(content[at : at + PIECE])
                ahead = (at + PIECE) / rate - (time.monotonic() - start)
                time.sleep(max(0.0, ahead))

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Place:
    """A home with one repository: a script that depends on several downloads."""

    def __init__(self, folder: str, urls: list[str], sha256: str) -> None:
        self.folder, self.work = folder, os.path.join(folder, "work")
        script = os.path.join(folder, "content", "script", "several")
        os.makedirs(script)
        os.makedirs(os.path.join(folder, "CM"))
        deps = [
            {"tags": "download,file", "url": url, "sha256": sha256, "output_file": f"{n}"} for n, url in enumerate(urls)
        ]
        meta = {"alias": "several", "uid": "5" * 16, "tags": ["several"], "deps": deps, "automation_alias": "script",
                "automation_uid": "5b4e0237da074764"}  # fmt: skip
        for path, value in (
            (os.path.join(script, "_cm.json"), meta),
            (os.path.join(folder, "content", "cmr.yaml"), {"alias": "content", "uid": "6" * 16}),
            (os.path.join(folder, "CM", "repos.json"), [os.path.join(folder, "content")]),
        ):
            with open(path, "w", encoding="utf-8") as stream:
                json.dump(value, stream)

    def seconds(self, *flags: str) -> float:
        """Wall time of one run, from the start of its process to its end. Raises when it fails."""
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work)
        environ = {**os.environ, "HOME": self.folder, "CM_REPOS": os.path.join(self.folder, "CM")}
        code = "import sys; from franca._boot import main; sys.exit(main('franca'))"
        argv = [sys.executable, "-c", code, "run", "script", "several", "--quiet", *flags]
        start = time.monotonic()
        subprocess.run(argv, cwd=self.work, env=environ, check=True, capture_output=True)
        return time.monotonic() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--megabytes", type=float, default=4.0)
    parser.add_argument("--rate", type=float, default=4.0, help="megabytes a second of one connection")
    parser.add_argument("--json", default="")
    given = parser.parse_args()
    content = os.urandom(int(given.megabytes * 1e6))
    server = serve(content, given.rate * 1e6)
    base = f"http://127.0.0.1:{server.server_address[1]}/"
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder, [base + str(n) for n in range(given.files)], hashlib.sha256(content).hexdigest())
        place.seconds()  # the catalog is built
        pairs = [(place.seconds("--no_prefetch"), place.seconds()) for _ in range(given.runs)]
    alone, ahead = (statistics.median(p[n] for p in pairs) for n in (0, 1))
    ratio = statistics.median(a / b for a, b in pairs)
    found = {
        "files": given.files,
        "megabytes": given.megabytes,
        "rate": given.rate,
        "runs": given.runs,
        "one after another": round(alone, 3),
        "fetched ahead": round(ahead, 3),
        "ratio": round(ratio, 2),
    }
    print(
        f"{given.files} files of {given.megabytes} MB at {given.rate} MB/s a connection, median of {given.runs} pairs"
    )
    print(f"  one after another {alone:6.2f} s\n  fetched ahead     {ahead:6.2f} s\n  ratio             {ratio:6.2f}")
    if given.json:
        with open(given.json, "w", encoding="utf-8") as stream:
            json.dump(found, stream, indent=2)


if __name__ == "__main__":
    main()
