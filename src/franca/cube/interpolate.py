"""Interpolation in configuration trees: ``${name}``, ``${.sibling}``, ``${oc.env:VAR,default}``, nested.

The notation is OmegaConf's, which the published tool used (MLCube spec, section 4). Text is resolved on
demand, so a broken reference in a part that nobody asks for does no harm. Nothing is executed.
"""

from __future__ import annotations

from franca.errors import Location, MalformedFile
from franca.model.light import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple[str, ...]
MAX_DEPTH = 50
MAX_TEXT = 1 << 20
MAX_STEPS = 20_000
MISSING = "???"


class _Call(NamedTuple):
    """The text between ``${`` and its ``}``: a reference or ``resolver:arguments``."""

    text: str


def split(text: str) -> list[str | _Call]:
    """``text`` as literal pieces and the insides of its outermost ``${...}``; ``\\${`` is a literal.

    Raises ValueError when a ``${`` is not closed.
    """
    pieces: list[str | _Call] = []
    literal = ""
    i = 0
    while i < len(text):
        if text.startswith("\\${", i):
            literal, i = literal + "${", i + 3
        elif text.startswith("${", i):
            end = _closing(text, i + 2)
            if literal:
                pieces.append(literal)
            pieces.append(_Call(text[i + 2 : end]))
            literal, i = "", end + 1
        else:
            literal, i = literal + text[i], i + 1
    if literal:
        pieces.append(literal)
    return pieces


def _closing(text: str, start: int) -> int:
    depth = 1
    i = start
    while i < len(text):
        if text[i] == "{":
            depth += 1
        elif text[i] == "}":
            depth -= 1
            if not depth:
                return i
        i += 1
    raise ValueError("'${' without its '}'")


class Resolver:
    """Resolves values of one tree.

    Args:
        tree: the configuration.
        environ: what ``${oc.env:...}`` reads.
        where: gives the file position of a key, for messages.
    """

    def __init__(self, tree: dict[str, Any], environ: Mapping[str, str], where: Any = None) -> None:
        self._tree = tree
        self._environ = environ
        self._where = where or (lambda key: Location("", key=".".join(key)))
        self._steps = 0

    def get(self, key: Path, default: Any = None) -> Any:
        """The resolved value at ``key``, maps and lists resolved throughout; ``default`` when absent."""
        found, value = _look(self._tree, key)
        return self.value(value, key) if found else default

    def value(self, value: Any, key: Path, trail: tuple[Path, ...] = ()) -> Any:
        """``value``, which stands at ``key``, with every interpolation in it resolved."""
        if isinstance(value, dict):
            return {name: self.value(child, (*key, name), trail) for name, child in value.items()}
        if isinstance(value, list):
            return [self.value(child, (*key, str(i)), trail) for i, child in enumerate(value)]
        if isinstance(value, str):
            return self._text(value, key, trail)
        return value

    def _text(self, text: str, key: Path, trail: tuple[Path, ...]) -> Any:
        if text == MISSING:
            raise self._bad(f"the value of {'.'.join(key)} is mandatory and missing ('???')", key)
        if "${" not in text:
            return text
        try:
            pieces = split(text)
        except ValueError as error:
            raise self._bad(f"{error} in {text!r}", key) from None
        if len(pieces) == 1 and isinstance(pieces[0], _Call):
            return self._call(pieces[0].text, key, trail)
        words = [p if isinstance(p, str) else _as_text(self._call(p.text, key, trail)) for p in pieces]
        joined = "".join(words)
        if len(joined) > MAX_TEXT:
            raise self._bad("the interpolated text grows beyond all bounds", key)
        return joined

    def _call(self, inside: str, key: Path, trail: tuple[Path, ...]) -> Any:
        self._steps += 1
        if len(trail) >= MAX_DEPTH or self._steps > MAX_STEPS:
            raise self._bad("interpolations are nested too deeply", key)
        name, colon, rest = inside.partition(":")
        if colon and "${" not in name:
            return self._function(name.strip(), rest, key, trail)
        if "${" in inside:
            inside = _as_text(self._text(inside, key, (*trail, ("${}", *key))))
        target = _absolute(inside.strip(), key)
        if target is None:
            raise self._bad(f"'${{{inside}}}' is not a reference", key)
        if target in trail or target == key:
            raise self._bad(f"'${{{inside}}}' refers to itself", key)
        found, value = _look(self._tree, target)
        if not found:
            raise self._bad(f"Interpolation key '{'.'.join(target)}' not found", key, hint=_nearest(self._tree, target))
        return self.value(value, target, (*trail, key))

    def _function(self, name: str, rest: str, key: Path, trail: tuple[Path, ...]) -> Any:
        arguments = [self._argument(word, key, trail) for word in _arguments(rest)]
        if name in ("oc.env", "env") and 1 <= len(arguments) <= 2:
            variable = _as_text(arguments[0])
            if variable in self._environ:
                return self._environ[variable]
            if len(arguments) == 2:
                return None if arguments[1] is None else _as_text(arguments[1])
            raise self._bad(
                f"environment variable {variable!r} is not set", key,
                hint=f"set it, or write ${{oc.env:{variable},DEFAULT}}",
            )  # fmt: skip
        if name == "oc.select" and 1 <= len(arguments) <= 2:
            found, value = _look(self._tree, _absolute(_as_text(arguments[0]), key) or ())
            fallback = arguments[1] if len(arguments) == 2 else None
            return self.value(value, key, (*trail, key)) if found else fallback
        raise self._bad(f"unknown function {name!r} with {len(arguments)} arguments in an interpolation", key,
                        hint="known: oc.env:VARIABLE[,DEFAULT], oc.select:KEY[,DEFAULT]")  # fmt: skip

    def _argument(self, word: str, key: Path, trail: tuple[Path, ...]) -> Any:
        word = word.strip()
        if len(word) >= 2 and word[0] == word[-1] and word[0] in "'\"":
            return word[1:-1]
        if word == "null":
            return None
        return self._text(word, key, (*trail, ("${}", *key))) if "${" in word else word

    def _bad(self, message: str, key: Path, hint: str = "") -> MalformedFile:
        return MalformedFile(message, where=self._where(key), hint=hint)


def _arguments(text: str) -> list[str]:
    """Comma separated, commas inside braces and quotes kept."""
    words, word, depth, quote = [], "", 0, ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "{[":
            depth += 1
        elif char in "}]":
            depth -= 1
        if char == "," and not depth and not quote:
            words.append(word)
            word = ""
        else:
            word += char
    return [*words, word]


def _absolute(reference: str, key: Path) -> Path | None:
    """``a.b[c]`` and ``.sibling`` as key paths; None when it is neither."""
    dots = len(reference) - len(reference.lstrip("."))
    rest = reference[dots:].replace("[", ".").replace("]", "")
    parts = tuple(rest.split(".")) if rest else ()
    if not all(parts) or (not parts and not dots) or dots > len(key):
        return None
    return (*key[: len(key) - dots], *parts) if dots else parts


def _look(tree: Any, key: Path) -> tuple[bool, Any]:
    node = tree
    for part in key:
        if isinstance(node, dict) and part in node:
            node = node[part]
        elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return False, None
    return True, node


def _nearest(tree: Any, key: Path) -> str:
    from difflib import get_close_matches

    found, parent = _look(tree, key[:-1])
    names = list(parent) if found and isinstance(parent, dict) else []
    close = get_close_matches(key[-1], names, 1) if key else []
    return f"did you mean {'.'.join((*key[:-1], close[0]))}?" if close else ""


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
