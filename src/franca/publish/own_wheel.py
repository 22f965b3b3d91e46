"""A wheel of the Franca that is running: what goes into an image or a cube is then the same program as here.

It is packed from the files in use, an installation or a checkout, and its bytes depend on nothing else, so that an
engine that caches layers by content finds them again.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from franca import __version__
from franca.errors import NotFound

if TYPE_CHECKING:
    import zipfile
    from importlib.metadata import Distribution

    from franca.catalog.catalog import Catalog

NAME = f"franca-{__version__}-py3-none-any.whl"
_INFO = f"franca-{__version__}.dist-info"
_WHEEL = "Wheel-Version: 1.0\nGenerator: franca\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_LAUNCHER = '#!python\nfrom franca._boot import main\n\nmain("{}")\n'
_MLCUBE = "#!python\nimport sys\n\nfrom franca.compat.mlcube_front import main\n\nsys.exit(main())\n"
_REMEDY = "install it with pip, or name what is to be installed: --docker_package=..."


def pack(path: str, catalog: Catalog) -> str:
    """Write the wheel to ``path``; returns the SHA-256 of its bytes. Raises NotFound without the package's metadata.

    Args:
        catalog: knows where the recipes are that ship with this Franca.
    """
    import io
    import zipfile

    from franca.catalog.files import make_directory, write_bytes_atomic

    data = io.BytesIO()
    record = []
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as wheel:
        recipes = [path for path in catalog.roots.recipes if os.path.isdir(path)]
        for name, content in sorted(_members(recipes[:1])):
            _add(wheel, name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(content)}")
        _add(wheel, f"{_INFO}/RECORD", "\n".join([*record, f"{_INFO}/RECORD,,", ""]).encode())
    make_directory(os.path.dirname(path))
    write_bytes_atomic(path, data.getvalue())
    return hashlib.sha256(data.getvalue()).hexdigest()


def _members(recipes: list[str]) -> Iterator[tuple[str, bytes]]:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    yield from _tree(package, "franca", ("_recipes",))
    for path in recipes:
        yield from _tree(path, "franca/_recipes")
    for name in _programs():
        text = _MLCUBE if name == "mlcube" else _LAUNCHER.format(name)
        yield f"franca-{__version__}.data/scripts/{name}", text.encode()
    yield f"{_INFO}/METADATA", _metadata().encode()
    yield f"{_INFO}/WHEEL", _WHEEL.encode()


def _tree(root: str, name: str, left_out: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
    for folder, folders, files in os.walk(root):
        folders[:] = [one for one in folders if one not in ("__pycache__", *left_out) and not one.startswith("tmp-")]
        below = os.path.relpath(folder, root).replace(os.sep, "/")
        for file in files:
            path = os.path.join(folder, file)
            if os.path.isfile(path) and not file.endswith(".pyc"):
                with open(path, "rb") as stream:
                    yield (f"{name}/{file}" if below == "." else f"{name}/{below}/{file}"), stream.read()


def _programs() -> list[str]:
    """The commands that this installation has."""
    found = {os.path.basename(str(file)) for file in _installed().files or () if "/bin/" in f"/{file}"}
    if not found:
        raise NotFound("the installation of this Franca does not say which commands it has", hint=_REMEDY)
    return sorted(found)


def _metadata() -> str:
    """Name, version and needs, as they were when this Franca was installed."""
    needs = _installed().requires or []
    lines = ["Metadata-Version: 2.1", "Name: franca", f"Version: {__version__}"]
    lines += [f"Requires-Dist: {need}" for need in needs if "extra ==" not in need]
    return "\n".join([*lines, ""])


def _installed() -> Distribution:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution("franca")
    except PackageNotFoundError:
        text = "this Franca was not installed, so nobody has written down what it needs"
        raise NotFound(text, hint=_REMEDY) from None


def _add(wheel: zipfile.ZipFile, name: str, content: bytes) -> None:
    import zipfile

    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (0o100755 if "/scripts/" in name else 0o100644) << 16  # a regular file and its mode
    wheel.writestr(info, content)
