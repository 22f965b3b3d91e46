"""Bring a file before its step has its turn, to where the step looks first.

Only what is certain: one place, http or https, and a checksum, so that nothing but the right file can come of it.
"""

from __future__ import annotations

import importlib.util
import os

#: What decides which file it is.
DECIDING = ("CM_DOWNLOAD_URL", "CM_DOWNLOAD_CHECKSUM", "CM_DOWNLOAD_SHA256")


class Download:
    """One file that may be fetched ahead. ``identity`` is the same for the same place and checksums."""

    def __init__(self, fetch, url, checksums, size, secure):
        self._fetch, self._url, self._checksums = fetch, url, checksums
        self._size, self._secure = size, secure
        self.identity = fetch.partial_path(url, checksums, os.environ)

    def work(self, stopped):
        """Download and check; leaves nothing that could be taken for the file when it fails."""
        self._fetch.fetch_ahead(
            self._url, self._checksums, self._size, secure=self._secure, environ=os.environ, stopped=stopped
        )


def ahead(env, unknown):
    """The download of a step with this environment, or None when there is none or it is not certain."""
    step = load("customize.py")
    fetch = step.helper()
    if any(key in unknown for key in DECIDING) or step.text(env, "CM_DOWNLOAD_LOCAL_FILE_PATH"):
        return None
    try:
        url = step.places(env)[0]
        checksums, size = step.wanted_checksums(fetch, env), step.wanted_size(fetch, env)
        if "<<<" in url or not checksums or fetch.local_source(url) is not None:
            return None
    except (IndexError, ValueError, fetch.DownloadError):
        return None  # the step itself says what is wrong
    return Download(fetch, url, checksums, size, step.secure(env))


def load(name):
    """A module beside this file."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    spec = importlib.util.spec_from_file_location("franca_recipe_" + name.partition(".")[0], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
