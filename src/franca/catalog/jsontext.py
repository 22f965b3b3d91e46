"""JSON text without importing anything: the fast lane prints with it, too.

The text of :func:`to_json` equals ``json.dumps(value, indent=2, sort_keys=True)``, that of :func:`to_line` is one line
for a file of lines. What JSON cannot hold becomes its ``str``.
"""

from __future__ import annotations

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def quoted(text: str) -> str:
    """``text`` as a JSON string in ASCII."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    short = _ESCAPES.get(char)
    if short:
        return short
    code = ord(char)
    if 32 <= code < 127:
        return char
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 | code >> 10:04x}\\u{0xDC00 | code & 0x3FF:04x}"


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _number(value)
    return quoted(str(value))


def _number(value: float) -> str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return float.__repr__(value)


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, (bool, float, int)) or key is None:
        return _scalar(key)
    return str(key)


def _items(value: dict[object, object]) -> list[tuple[object, object]]:
    try:
        return sorted(value.items(), key=lambda item: item[0])  # type: ignore[arg-type, return-value]
    except TypeError:  # keys of several types: by their text
        return sorted(value.items(), key=lambda item: _key(item[0]))


def to_json(value: object, margin: str = "\n") -> str:
    """JSON text of ``value``: indent 2, sorted keys, ASCII, no final newline."""
    if isinstance(value, dict):
        if not value:
            return "{}"
        inner = margin + "  "
        parts = [f"{quoted(_key(k))}: {to_json(v, inner)}" for k, v in _items(value)]
        return "{" + inner + ("," + inner).join(parts) + margin + "}"
    if isinstance(value, (list, tuple, set, frozenset)):
        if not value:
            return "[]"
        inner = margin + "  "
        return "[" + inner + ("," + inner).join(to_json(v, inner) for v in value) + margin + "]"
    return _scalar(value)


def to_line(value: object) -> bytes:
    """JSON of ``value`` in UTF-8 without blanks, in the order of its keys. No number is what JSON lacks: NaN is null.

    Text need not be Unicode, as paths are: what is none becomes question marks.
    """
    return _compact(value).encode("utf-8", "replace")


def _compact(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ",".join([f"{_unicode(_key(k))}:{_compact(v)}" for k, v in value.items()]) + "}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ",".join(map(_compact, value)) + "]"
    if isinstance(value, str):
        return _unicode(value)
    if isinstance(value, float):
        return float.__repr__(value) if value - value == 0 else "null"
    return _scalar(value)


def _unicode(text: str) -> str:
    """``text`` as a JSON string in which only what must be is escaped."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join([_escaped(char) if char < " " or char in '"\\' else char for char in text]) + '"'
