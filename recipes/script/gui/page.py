"""Make a page from collected facts, and show it to a browser until Control-C ends it."""

from __future__ import annotations

import argparse
import html
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_STYLE = (
    "body{font:15px sans-serif;margin:2em;max-width:80em}table{border-collapse:collapse}"
    "td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left;overflow-wrap:anywhere}"
)
_WIDTH, _HEIGHT, _MARGIN = 640, 400, 50


def main():
    """Write the page and serve it, if asked for."""
    options = parse()
    with open(options.facts, encoding="utf-8") as stream:
        text = page(json.load(stream))
    with open(options.page + ".part", "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(options.page + ".part", options.page)
    return 0 if options.only_write else serve(text, options.address, options.port)


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("facts")
    parser.add_argument("page")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--only-write", action="store_true")
    return parser.parse_args()


def page(facts):
    """The whole page; every text of the facts is escaped."""
    title = html.escape(facts["title"])
    parts = [f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title><style>{_STYLE}</style>"]
    parts.append(f"<h1>{title}</h1>")
    if facts.get("points"):
        parts.append(graph(facts["points"]))
    for section in facts["sections"]:
        parts.append(f"<h2>{html.escape(section['title'])} ({len(section['rows'])})</h2><table>")
        parts.append(row("th", section["head"]))
        parts += [row("td", cells) for cells in section["rows"]]
        parts.append("</table>")
    return "\n".join([*parts, "</html>", ""])


def row(tag, cells):
    """One line of a table."""
    return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"


def graph(points):
    """The points as a picture with its axes named."""
    xs, ys = [p[1] for p in points["list"]], [p[2] for p in points["list"]]
    dots = []
    for name, x, y in points["list"]:
        left = _MARGIN + (_WIDTH - 2 * _MARGIN) * share(x, xs)
        top = _HEIGHT - _MARGIN - (_HEIGHT - 2 * _MARGIN) * share(y, ys)
        about = html.escape(f"{name}: {x}, {y}")
        dots.append(f"<circle cx='{left:.1f}' cy='{top:.1f}' r='4'><title>{about}</title></circle>")
    names = (
        f"<text x='{_WIDTH / 2}' y='{_HEIGHT - 10}'>{html.escape(points['x'])}</text>"
        f"<text x='10' y='20'>{html.escape(points['y'])}</text>"
    )
    return f"<svg width='{_WIDTH}' height='{_HEIGHT}' role='img'>{''.join(dots)}{names}</svg>"


def share(value, values):
    """Where a value lies between the least (0) and the greatest (1)."""
    low, high = min(values), max(values)
    return (value - low) / (high - low) if high > low else 0.5


def serve(text, address, port):
    """Answer every request with the page."""
    body = text.encode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            """Send the page, whatever the path."""
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    try:
        server = ThreadingHTTPServer((address, port), Page)
    except OSError as error:
        print(f"cannot listen at {address}:{port}: {error.strerror}; choose another with --port=", file=sys.stderr)
        return 1
    print(f"Open http://{address}:{server.server_port} in a browser; Control-C ends it", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
