"""Environment values as lines of a POSIX shell script (script engine, section 11.4).

Content relies on bash expanding ``$HOME``, ``${VAR}``, ``$(cmd)`` and backticks in values, so those
stay alive inside double quotes, and a backslash before one keeps it from expanding. Everything else,
double quotes, newlines, backslashes, text of any script, arrives unharmed (section 20, defect 9).
:func:`quote` is for values that must not expand at all.
"""

from __future__ import annotations

from franca.errors import UsageError
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_SAFE = _NAME | frozenset("@%+=:,./-")


def is_name(key: str) -> bool:
    """Whether a shell can export a variable of this name."""
    return bool(key) and _NAME.issuperset(key) and key[0] not in "0123456789"


def quote(value: str) -> str:
    """The value as one shell word that expands to itself."""
    _refuse_nul(value)
    if value and _SAFE.issuperset(value):
        return value
    return "'" + value.replace("'", "'\"'\"'") + "'"


def command_line(argv: list[str] | tuple[str, ...]) -> str:
    """An argument list as it would be typed; plain words stay bare."""
    return " ".join(quote(word) for word in argv)


def expanding(value: str, *, new: bool = True) -> str:
    """The value in double quotes, in which the shell still expands ``$`` and backticks.

    Classic content writes ``\\"`` where it wants a quote, since the classic engine escaped none: with
    ``new=False`` that stays a quote. The new engine escaped them itself.
    """
    _refuse_nul(value)
    if "\\" not in value and '"' not in value:
        return f'"{_balanced(value)}"'
    return f'"{_balanced(_escaped(value, new))}"'


def export_lines(env: Mapping[str, Any], *, new: bool, separator: str = ":", literals: bool = False) -> list[str]:
    """One ``export KEY="VALUE"`` for each key, sorted, so that ``+PATH`` comes before what uses it.

    ``+K: [a, b]`` puts the items before the present value of K, joined by ``separator`` (the
    platform's) or by the character after the ``+``. A plain list is Python's text of it in the classic
    dialect and joined in the new one. Keys that no shell can export are left out
    (:func:`unexportable` names them): writing them would run their text as code.

    Args:
        literals: quote values so that nothing in them expands.
    """
    lines = []
    for key in sorted(env):
        name, mark = _split_key(key, separator)
        if not is_name(name):
            continue
        value = env[key]
        if not key.startswith("+"):
            text = _text(value, new, separator)
            lines.append(f"export {name}={quote(text) if literals else expanding(text, new=new)}")
        elif items := _items(value):
            front, present = mark.join(items) + mark, "${" + name + "}"
            text = f'{quote(front)}"{present}"' if literals else f'{expanding(front, new=new)[:-1]}{present}"'
            lines.append(f"export {name}={text}")
    return lines


def unexportable(env: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of ``env`` that are no shell variable names, sorted."""
    return tuple(key for key in sorted(env) if not is_name(_split_key(key, ":")[0]))


def join_path(key: str, value: Any, present: str, separator: str = ":") -> tuple[str, str]:
    """What ``+K: [a, b]`` makes of K in a process environment: (K, ``a:b:present``)."""
    name, mark = _split_key(key, separator)
    items = _items(value)
    return name, mark.join([*items, present] if present else items)


def _split_key(key: str, separator: str) -> tuple[str, str]:
    """``+PATH`` -> (PATH, separator); ``+ CFLAGS`` -> (CFLAGS, " ")."""
    if not key.startswith("+"):
        return key, separator
    name = key[1:]
    if name and not name[0].isalnum() and name[0] != "_":
        return name[1:], name[0]
    return name, separator


def _items(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]


def _text(value: Any, new: bool, separator: str) -> str:
    if new and isinstance(value, (list, tuple)):
        return separator.join(_items(value))
    return str(value)


def _refuse_nul(value: str) -> None:
    if "\0" in value:
        raise UsageError(f"the value {value!r} holds a NUL character, which no environment can carry")


def _escaped(value: str, new: bool) -> str:
    """Escape quotes and those backslashes that the shell would eat; leave ``\\$`` alone."""
    out = []
    at = 0
    while at < len(value):
        end = at
        while end < len(value) and value[end] == "\\":
            end += 1
        run = end - at
        after = value[end : end + 1]
        out.append("\\" * _backslashes(run, after, new) + after)
        at = end + 1
    return "".join(out)


def _backslashes(run: int, after: str, new: bool) -> int:
    """How many backslashes to write for ``run`` of them before the character ``after``."""
    if after in ("$", "`") and after:
        return run  # the author escapes an expansion, or a backslash before one
    if after == '"':
        if new:
            return run * 2 + 1
        return run if run % 2 else run + 1  # an odd run has escaped the quote already
    return run * 2


def _balanced(value: str) -> str:
    """Escape expansions that are opened and never closed: they would break the whole script."""
    if value.count("`") - value.count("\\`") & 1:
        value = value.replace("\\`", "`").replace("`", "\\`")
    for opened, closing in (("${", "}"), ("$(", ")")):
        last = value.rfind(opened)
        if last >= 0 and closing not in value[last:] and value[last - 1 : last] != "\\":
            value = value[:last] + "\\" + value[last:]
    return value
