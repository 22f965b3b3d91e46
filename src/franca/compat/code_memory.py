"""The compiled code of content's Python files, kept from process to process.

Nothing is written beside content, which may be read-only or under version control, so its code lies in the store, for
this user alone. A file whose stamps have changed is compiled again.
"""

from __future__ import annotations

import marshal
import os
import sys

from franca import _boot, _packed
from franca.catalog.files import write_bytes_atomic
from franca.catalog.memo import forget_the_oldest
from franca.catalog.scan import Watch, stamp_of
from franca.errors import FrancaError
from franca.model.light import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType


_here: dict[str, tuple[tuple[object, ...], CodeType]] = {}  #: of this process


def compiled(path: str, folder: str = "") -> CodeType:
    """The code of a Python file; ``folder`` is where code is kept for other processes, "" for nowhere.

    Raises:
        OSError, SyntaxError, UnicodeDecodeError: as reading and compiling raise them.
    """
    found = os.stat(path)
    known = (path, *stamp_of(found))
    if path in _here and _here[path][0] == known:
        return _here[path][1]
    place = os.path.join(folder, _file_name(path)) if folder else ""
    code = _kept(place, known) if place else None
    if code is None:
        with open(path, "rb") as stream:
            source = stream.read()  # as bytes: the compiler heeds a coding line itself
        code = compile(source, path, "exec", dont_inherit=True)
        if place and Watch().sure(stamp_of(found)) != _packed.UNSURE:
            _keep(place, known, code)
    _here[path] = known, code
    return code


def _file_name(path: str) -> str:
    """Another one for each interpreter, since the form of code differs among them."""
    return _packed.checksum(f"{sys.version}\0{path}".encode("utf-8", "surrogateescape")).hex() + ".bin"


def _kept(place: str, known: tuple[object, ...]) -> CodeType | None:
    try:
        with _boot.open_own(place) as stream:
            data = stream.read()
    except (OSError, ValueError):
        return None
    if data[:8] != _packed.checksum(data[8:]):
        return None
    before, code = marshal.loads(data[8:])  # noqa: S302 - a file that only this user can write, and whole
    return code if before == known else None


def _keep(place: str, known: tuple[object, ...], code: CodeType) -> None:
    folder = os.path.dirname(place)
    data = marshal.dumps((known, code))  # type: ignore[arg-type]
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        write_bytes_atomic(place, _packed.checksum(data) + data, mode=0o600)
        forget_the_oldest(folder)
    except (OSError, FrancaError):
        pass  # it is only compiled once more
