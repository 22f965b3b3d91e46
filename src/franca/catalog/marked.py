"""YAML with positions: the plain values, and where in the file each of them stands.

For formats that people write by hand and get wrong (``mlcube.yaml``). Words follow YAML 1.1, except
that dates stay text and keys keep the spelling they have in the file. Duplicate keys, unknown tags and
documents beyond the limits are refused.
"""

from __future__ import annotations

from franca.errors import Location, MalformedFile
from franca.model.light import Any, NamedTuple

MAX_BYTES = 4 << 20
MAX_NODES = 200_000  # after expansion of aliases
MAX_DEPTH = 60

Path = tuple[str, ...]
_YAML_WORDS = frozenset(("y", "n", "yes", "no", "true", "false", "on", "off", "null", "_"))


class Marked(NamedTuple):
    """A document: its values, and line and column (from 1) by key path."""

    path: str
    value: Any
    marks: dict[Path, tuple[int, int]]

    def where(self, key: Path) -> Location:
        """The position of ``key``, or of its closest ancestor that is in the file."""
        for length in range(len(key), -1, -1):
            mark = self.marks.get(key[:length])
            if mark:
                return Location(self.path, *mark, key=".".join(key))
        return Location(self.path, key=".".join(key))


def parse_marked(text: str, path: str) -> Marked:
    """The one document in ``text``. Raises MalformedFile with the position of what is wrong."""
    import yaml

    if len(text) > MAX_BYTES:
        raise MalformedFile(f"the file has more than {MAX_BYTES >> 20} MiB", where=Location(path))
    loader = _loader_class()(text)
    try:
        node = loader.get_single_node()
        walk = _Walk(path, loader)
        value = None if node is None else walk.value(node, (), 0)
    except yaml.YAMLError as error:
        raise _malformed(error, path) from None
    except (ValueError, RecursionError, OverflowError, UnicodeError) as error:
        raise MalformedFile(f"not valid YAML: {error}", where=Location(path)) from None
    finally:
        loader.dispose()
    return Marked(path, value, walk.marks)


def parse_value(text: str) -> Any:
    """A scalar, list or map as it stands on a command line (``-Pkey=VALUE``); raises MalformedFile."""
    if text.isidentifier() and text.lower() not in _YAML_WORDS:
        return text
    return parse_marked(text, "<command line>").value


def dump(value: Any) -> str:
    """Block YAML in the order of the mapping, as ``show_config`` prints it."""
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True, width=4096)
    return text.removesuffix("...\n") if not isinstance(value, (dict, list)) else text


_CLASS: Any = None


def _loader_class() -> Any:
    global _CLASS
    if _CLASS is None:
        import yaml

        class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
            """Dates stay text, as OmegaConf reads them."""

        Loader.yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(":timestamp")]
            for first, rules in Loader.yaml_implicit_resolvers.items()
        }
        _CLASS = Loader
    return _CLASS


def _malformed(error: Any, path: str) -> MalformedFile:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    where = Location(path, mark.line + 1, mark.column + 1) if mark else Location(path)
    return MalformedFile(f"not valid YAML: {problem}", where=where, hint="check indentation, quotes and colons here")


class _Walk:
    """Turns a node tree into plain values, noting positions and counting what aliases multiply."""

    def __init__(self, path: str, loader: Any) -> None:
        self.path = path
        self.loader = loader
        self.marks: dict[Path, tuple[int, int]] = {}
        self.nodes = 0

    def value(self, node: Any, key: Path, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise self._bad("too deep or too large", node, key)
        if key not in self.marks:
            self.marks[key] = (node.start_mark.line + 1, node.start_mark.column + 1)
        kind = node.id
        if kind == "mapping":
            return self._mapping(node, key, depth)
        if kind == "sequence":
            return [self.value(item, (*key, str(i)), depth + 1) for i, item in enumerate(node.value)]
        return self.loader.construct_object(node)

    def _mapping(self, node: Any, key: Path, depth: int) -> dict[str, Any]:
        written = [k.value for k, _ in node.value if k.id == "scalar" and not k.tag.endswith(":merge")]
        if len(written) != len(set(written)):
            twice = next(name for name in written if written.count(name) > 1)
            at = [k for k, _ in node.value if k.id == "scalar" and k.value == twice][-1]
            raise self._bad(f"the key {twice!r} is given twice", at, (*key, twice))
        out: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for name, child in node.value:
            if name.id != "scalar":
                raise self._bad("a key must be a word", name, key)
            if name.tag.endswith(":merge"):
                merged = {**self._merged(child, key, depth), **merged}
                continue
            path = (*key, name.value)
            self.marks[path] = (name.start_mark.line + 1, name.start_mark.column + 1)
            out[name.value] = self.value(child, path, depth + 1)
        return {**merged, **out} if merged else out

    def _merged(self, node: Any, key: Path, depth: int) -> dict[str, Any]:
        """What a ``<<`` key brings in; earlier maps of a list win (YAML merge key)."""
        value = self.value(node, (*key, "<<"), depth + 1)
        maps = value if isinstance(value, list) else [value]
        out: dict[str, Any] = {}
        for one in maps:
            if not isinstance(one, dict):
                raise self._bad("'<<' takes a map or a list of maps", node, key)
            out = {**one, **out}
        return out

    def _bad(self, message: str, node: Any, key: Path) -> MalformedFile:
        mark = node.start_mark
        return MalformedFile(message, where=Location(self.path, mark.line + 1, mark.column + 1, ".".join(key)))
