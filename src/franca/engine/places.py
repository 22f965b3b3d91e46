"""Where the engine keeps its own files under the storage root: locks, in-flight marks, journals."""

from __future__ import annotations

import os

STATE_FOLDER = ".franca"


def folder(root: str, *parts: str) -> str:
    return os.path.join(root, STATE_FOLDER, *parts)


def key_digest(*parts: str) -> str:
    """A file name for a key of any text: 32 hexadecimal digits."""
    try:
        from _blake2 import blake2b  # hashlib would load the whole of OpenSSL for this one name
    except ImportError:
        from hashlib import blake2b

    return blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
