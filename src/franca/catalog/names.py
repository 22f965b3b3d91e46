"""Names that artifacts and repositories may have."""

from __future__ import annotations

import os

from franca.errors import Refused

_FORBIDDEN = frozenset('/\\*?:,"<>|')


def new_uid() -> str:
    """A fresh uid: 16 lower-case hexadecimal digits of the system's randomness."""
    return os.urandom(8).hex()


def check_alias(alias: str, what: str = "artifact") -> str:
    """``alias`` when it can name a directory and be addressed again (CM core, section 3.3). Raises Refused."""
    reason = ""
    if not alias.strip() or alias != alias.strip():
        reason = "it is blank or begins or ends with a space"
    elif alias.startswith("."):
        reason = "names with a leading dot are work in progress and never found"
    elif alias == "__pycache__":
        reason = "the name belongs to Python"
    elif _FORBIDDEN.intersection(alias):
        reason = 'it contains one of / \\ * ? : , " < > |'
    elif not alias.isprintable():
        reason = "it contains a control character"
    elif len(alias.encode("utf-8", "surrogateescape")) > 200:
        reason = "it is longer than 200 bytes"
    if reason:
        article = "an" if what[0] in "aeiou" else "a"
        raise Refused(f"{alias!r} is not a name for {article} {what}: {reason}")
    return alias
