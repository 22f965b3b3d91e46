"""Comparison of version texts in both dialects (script engine, section 8)."""

from __future__ import annotations

_EARLY = {"dev": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "c": 3, "pre": 3, "preview": 3, "rc": 3}
_Part = tuple[int, int, tuple[tuple[int, str], ...]]
_ZERO: _Part = (0, 0, ())


def compare(a: str, b: str, *, new: bool = False) -> int:
    """-1, 0 or 1 as ``a`` is older than, the same as, or newer than ``b``; missing parts count as 0.

    Classic: parts that are all digits compare as numbers. Where upstream compared texts or raised
    (``1.0rc1`` against ``1.0``), the leading digits decide, then what follows them: ``dev``,
    ``a1``, ``b1``, ``rc1`` come before the release, other suffixes (``post1``, ``f``) after it.
    New: only the leading digits of each part count (section 8.3).
    """
    parts = _leading if new else _parts
    left, right = parts(str(a).strip()), parts(str(b).strip())
    size = max(len(left), len(right))
    left += [_ZERO] * (size - len(left))
    right += [_ZERO] * (size - len(right))
    return (left > right) - (left < right)


def in_range(version: str, minimum: str = "", maximum: str = "", *, new: bool = False) -> bool:
    """Whether ``minimum`` <= ``version`` <= ``maximum``; an empty bound does not bind."""
    if minimum and compare(version, minimum, new=new) < 0:
        return False
    return not (maximum and compare(version, maximum, new=new) > 0)


def clamp(version: str, minimum: str = "", maximum: str = "", max_usable: str = "", *, new: bool = False) -> str:
    """A default version raised to the minimum, then lowered to ``max_usable`` or else the maximum (8.4)."""
    if version and minimum and compare(version, minimum, new=new) < 0:
        version = minimum
    top = max_usable or maximum
    if version and top and compare(version, top, new=new) > 0:
        version = top
    return version


def agrees(detected: str, wanted: str, *, new: bool = False) -> bool:
    """Whether a detected version is the one that was asked for (8.7).

    Classic wants equal texts; new wants agreement in the components that ``wanted`` has, so that
    ``3.11.7`` satisfies ``3.11``. An empty ``wanted`` accepts everything.
    """
    if not wanted or detected == wanted:
        return True
    if not new:
        return False
    asked = wanted.split(".")
    return detected.split(".")[: len(asked)] == asked


def _digits(text: str) -> tuple[str, str]:
    """The text split after its leading ASCII digits."""
    end = 0
    while end < len(text) and text[end] in "0123456789":
        end += 1
    return text[:end], text[end:]


def _number(digits: str) -> int:
    # Python refuses to convert more than 4300 digits; no real version has a part that long.
    return int(digits[:4000] or "0")


def _leading(version: str) -> list[_Part]:
    return [(_number(_digits(part)[0]), 0, ()) for part in version.split(".")]


def _parts(version: str) -> list[_Part]:
    """The parts as keys; a part of text alone, as in ``1.0.dev3``, belongs to the number before it."""
    out: list[_Part] = []
    for text in version.split("."):
        number, stage, pieces = _part(text)
        if out and stage and not text.lstrip()[:1].isdigit() and not out[-1][1]:
            out[-1] = (out[-1][0], stage, pieces)
        else:
            out.append((number, stage, pieces))
    return out


def _part(part: str) -> _Part:
    digits, suffix = _digits(part.strip())
    suffix = suffix.lstrip("-_").lower()
    if not suffix:
        return (_number(digits), 0, ())
    pieces = _pieces(suffix)
    stage = _EARLY.get(pieces[0][1])
    # "1.0a1" is an alpha, "1.1.1a" (as OpenSSL counts) comes after "1.1.1".
    if stage is not None and (len(pieces) > 1 or len(pieces[0][1]) > 1):
        return (_number(digits), -1, ((stage, ""), *pieces[1:]))
    return (_number(digits), 1, pieces)


def _pieces(text: str) -> tuple[tuple[int, str], ...]:
    """``rc10x`` -> ((0, "rc"), (10, ""), (0, "x")): runs of text and of digits that compare naturally."""
    out: list[tuple[int, str]] = []
    while text:
        digits, text = _digits(text)
        if digits:
            out.append((_number(digits), ""))
        end = next((n for n, char in enumerate(text) if char in "0123456789"), len(text))
        if end:
            out.append((0, text[:end]))
        text = text[end:]
    return tuple(out)
