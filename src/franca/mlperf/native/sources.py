"""LoadGen's source package: fetched from PyPI by the ordinary client, checked, unpacked. Nothing of it is ours.

The wheel has neither headers nor a library to link with (mlperf-inference section 6.1).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile

from franca.catalog.archive import extract
from franca.errors import Refused, Unavailable

PACKAGE = "mlcommons_loadgen"
DEFAULT_VERSION = "6.0.17"
#: SHA-256 of the source packages that this harness is known to build with.
KNOWN = {"6.0.17": "a2e85d09e3cc0c606f89bfe1fbf97537c8b5b238ae0afbd923ad9c710fcf2ca8"}
DOWNLOAD_S = 600


def sources(root: str, python: str, version: str, sha256: str = "") -> str:
    """The folder of LoadGen's sources under ``root``; fetched when it is not there.

    Args:
        python: an interpreter with pip, which fetches.
        sha256: of the package, for a version that is not in :data:`KNOWN`.

    Raises:
        Unavailable: it cannot be fetched. Refused: the file is not the one that is known.
    """
    expected = sha256 or KNOWN.get(version, "")
    if not expected:
        raise Refused(
            f"no checksum is known for {PACKAGE} {version} (known: {', '.join(KNOWN)})", hint="give it with --sha256"
        )
    target = os.path.join(root, f"loadgen-{version}-{expected[:12]}")
    if not os.path.isdir(target):
        with tempfile.TemporaryDirectory(dir=root) as folder:
            archive = _download(folder, python, version)
            _check(archive, expected)
            extract(archive, target, strip=1)
    return target


def _download(folder: str, python: str, version: str) -> str:
    argv = [python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    argv += ["--no-binary", ":all:", "--dest", folder, f"{PACKAGE}=={version}"]
    try:
        # pip builds a source package's metadata first; compiling what that needs would take most of the time.
        environ = {**os.environ, "PIP_NO_COMPILE": "1"}
        done = subprocess.run(argv, capture_output=True, text=True, timeout=DOWNLOAD_S, env=environ)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"LoadGen's source package cannot be fetched: {error}") from error
    found = [name for name in os.listdir(folder) if name.endswith(".tar.gz")]
    if done.returncode or len(found) != 1:
        said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise Unavailable(f"{PACKAGE} {version} cannot be fetched by {python} -m pip: {said}")
    return os.path.join(folder, found[0])


def _check(path: str, expected: str) -> None:
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != expected:
        raise Refused(f"{os.path.basename(path)} has SHA-256 {digest.hexdigest()}, expected {expected}")
