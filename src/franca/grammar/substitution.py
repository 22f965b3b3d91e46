"""Placeholders in texts, lists and nested dictionaries.

Four spellings are in use, all replaced in one pass, so that an inserted value is never read again:

========== ============================================= =========================
spelling   where                                         section
========== ============================================= =========================
<<<KEY>>>  env, tags, dependency values of scripts       script engine 6.3
${{ KEY }} mounts of containers                          script engine 6.3
{{NAME}}   commands of experiments                       experiments 8.4
${a.b}     parameters of cubes and of experiment records experiments 8.4
========== ============================================= =========================
"""

from __future__ import annotations

from franca.errors import UsageError
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    _Resolve = Callable[[str], object]

_MISSING = object()


def expand(value: Any, lookup: Mapping[str, Any]) -> Any:
    """``value`` with each ``<<<KEY>>>`` that ``lookup`` knows replaced by its text; others stay."""
    return _walk(value, "<<<", ">>>", lambda name: lookup.get(name, _MISSING))


def unresolved(value: Any) -> tuple[str, ...]:
    """Names of the ``<<<KEY>>>`` placeholders still in ``value``, each once, in order of appearance."""
    names: dict[str, None] = {}

    def note(name: str) -> object:
        names[name] = None
        return _MISSING

    _walk(value, "<<<", ">>>", note)
    return tuple(names)


def expand_env(env: Mapping[str, Any], extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An environment with its own placeholders expanded, key after key, as one pass of the engines.

    Values already expanded in this pass are what later keys see. ``extra`` (the environment local to a
    dependency) serves names that ``env`` lacks.

    Raises:
        UsageError: a key that starts with ``+`` holds something other than a list.
    """
    out = dict(env)
    for key, value in env.items():
        if key.startswith("+") and not isinstance(value, list):
            raise UsageError(f"env key {key!r} starts with '+', so its value must be a list, not {value!r}")
        if isinstance(value, (str, list, dict)):
            out[key] = expand(value, out if not extra else {**extra, **out})
    return out


def expand_mount(text: str, lookup: Mapping[str, Any]) -> str:
    """``${{ KEY }}`` in a container mount."""
    return _replace(text, "${{", "}}", lambda name: lookup.get(name.strip(), _MISSING))


def expand_curly(value: Any, lookup: Mapping[str, Any]) -> Any:
    """``{{NAME}}`` in commands and values of an experiment."""
    return _walk(value, "{{", "}}", lambda name: lookup.get(name.strip(), _MISSING))


def expand_dotted(value: Any, tree: Mapping[str, Any]) -> Any:
    """``${a.b}``: the entry ``b`` of the mapping ``a`` of ``tree``; a key may itself hold dots."""
    return _walk(value, "${", "}", lambda name: lookup_dotted(tree, name.strip()))


def lookup_dotted(tree: Mapping[str, Any], name: str) -> object:
    """The value at a dotted path; the whole name as one key comes first. A sentinel when absent."""
    if name in tree:
        return tree[name]
    head, dot, tail = name.partition(".")
    below = tree.get(head)
    if dot and isinstance(below, dict):
        return lookup_dotted(below, tail)
    return _MISSING


def _walk(value: Any, start: str, end: str, resolve: _Resolve) -> Any:
    if isinstance(value, str):
        return _replace(value, start, end, resolve) if start in value else value
    if isinstance(value, list):
        return [_walk(item, start, end, resolve) for item in value]
    if isinstance(value, dict):
        return {key: _walk(item, start, end, resolve) for key, item in value.items()}
    return value


def _replace(text: str, start: str, end: str, resolve: _Resolve) -> str:
    """Replace every ``start name end``; the innermost ``start`` before an ``end`` counts."""
    out: list[str] = []
    at = 0
    while (close := text.find(end, at)) >= 0:
        opened = text.rfind(start, at, close)
        if opened >= 0:
            found = resolve(text[opened + len(start) : close])
            if found is not _MISSING:
                out += (text[at:opened], str(found))
                at = close + len(end)
                continue
        out.append(text[at : close + len(end)])
        at = close + len(end)
    out.append(text[at:])
    return "".join(out)
