"""Addresses of servers. Standard library only: both sides of a run read them."""

from __future__ import annotations

from urllib.parse import urlsplit

EXPECTED = "http://HOST:PORT"


def is_address(url: str) -> bool:
    """Whether ``url`` names a server: http or https, a host, a port, and no path."""
    try:
        parts = urlsplit(url)
        return bool(parts.scheme in ("http", "https") and parts.hostname and parts.port) and parts.path in ("", "/")
    except ValueError:
        return False
