"""YAML text to values and back.

PyYAML's C parser composes the document; the values are built here because its own constructor is several
times slower, shares no limit on alias expansion, and turns a uid of digits into a number.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from franca.errors import Location, MalformedFile

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML without libyaml: slower, same values
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

#: More values than this after expansion of aliases is an attack, not a document.
MAX_VALUES = 1_000_000
MAX_DEPTH = 200
MAX_DIGITS = 1000  #: of a number; Python itself refuses to write one of more than 4,300
_LONG_PREFIX = re.compile(rf"^[ \t?-]{{{MAX_DEPTH},}}", re.MULTILINE)

_TAG = "tag:yaml.org,2002:"
_STR, _MAP, _SEQ, _MERGE, _NULL = _TAG + "str", _TAG + "map", _TAG + "seq", _TAG + "merge", _TAG + "null"
_SCALARS = {_TAG + "int": "construct_yaml_int", _TAG + "float": "construct_yaml_float",
            _TAG + "bool": "construct_yaml_bool", _TAG + "timestamp": "construct_yaml_timestamp",
            _TAG + "binary": "construct_yaml_binary"}  # fmt: skip
# Scalars under these keys are names: 0123456789012345 is a uid and 3.10 a version (CM core, section 1.5).
_NAMES = frozenset(
    ("uid", "alias", "automation_uid", "automation_alias", "version", "version_min", "version_max",
     "version_max_usable", "default_version", "tags")
)  # fmt: skip


class _Builder:
    """Turns one composed document into values; counts them, aliases expanded."""

    def __init__(self, loader: Any, path: str) -> None:
        self.loader = loader
        self.path = path
        self.total = 0
        self.done: dict[int, tuple[Any, int]] = {}
        self.open: set[int] = set()

    def fail(self, node: Node, reason: str) -> MalformedFile:
        return MalformedFile(reason, where=_location(self.path, node.start_mark))

    def build(self, node: Node) -> Any:
        tag = node.tag
        if tag == _STR:
            self.total += 1
            return node.value
        if isinstance(node, ScalarNode):
            self.total += 1
            return self.scalar(node, tag)
        return self.collection(node)

    def scalar(self, node: ScalarNode, tag: str) -> Any:
        if tag == _NULL:
            return None
        if tag == _TAG + "value":  # a lone "="
            return node.value
        method = _SCALARS.get(tag)
        if method is None:
            raise self.fail(node, f"the YAML tag {tag!r} is not accepted")
        if len(node.value) > MAX_DIGITS and tag in (_TAG + "int", _TAG + "float"):
            raise self.fail(node, f"a number of {len(node.value)} digits")
        try:
            return getattr(self.loader, method)(node)
        except (ValueError, ArithmeticError, LookupError, AttributeError, yaml.YAMLError) as error:
            # PyYAML looks up and matches what a tag like !!bool promises without looking whether it is there
            raise self.fail(node, f"{node.value[:80]!r} is not a value: {error!s:.200}") from None

    def collection(self, node: Node) -> Any:
        known = self.done.get(id(node))
        if known is None:
            if id(node) in self.open:
                raise self.fail(node, "this value contains itself")
            self.open.add(id(node))
            before = self.total
            value = self.sequence(node) if isinstance(node, SequenceNode) else self.mapping(node)
            self.open.discard(id(node))
            self.done[id(node)] = (value, self.total - before)
        else:
            value = known[0]
            self.total += known[1]
        if self.total > MAX_VALUES:
            raise self.fail(node, f"expands to more than {MAX_VALUES} values")
        return value

    def sequence(self, node: SequenceNode) -> Any:
        if node.tag not in (_SEQ, _TAG + "omap", _TAG + "pairs"):
            raise self.fail(node, f"the YAML tag {node.tag!r} is not accepted")
        self.total += 1
        values = [self.build(child) for child in node.value]
        if node.tag == _SEQ:
            return values
        return [(key, value) for pair in values if isinstance(pair, dict) for key, value in pair.items()]

    def mapping(self, node: Node) -> Any:
        if not isinstance(node, MappingNode) or node.tag not in (_MAP, _TAG + "set"):
            raise self.fail(node, f"the YAML tag {node.tag!r} is not accepted")
        self.total += 1
        merged: dict[Any, Any] = {}
        own: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                self.merge(value_node, merged)
                continue
            key = key_node.value if key_node.tag == _STR else self.key(key_node)
            if key in _NAMES:
                own[key] = self.name(value_node)
            else:
                own[key] = self.build(value_node)
        if merged:
            merged.update(own)
            own = merged
        return set(own) if node.tag == _TAG + "set" else own

    def key(self, node: Node) -> Any:
        if not isinstance(node, ScalarNode):
            raise self.fail(node, "a key must be a single word, number or text")
        return self.build(node)

    def merge(self, node: Node, into: dict[Any, Any]) -> None:
        """``<<: *a`` and ``<<: [*a, *b]``; the first that has a key wins."""
        value = self.build(node)
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            raise self.fail(node, "only mappings can be merged with <<")
        for part in parts:
            for key, item in part.items():
                into.setdefault(key, item)

    def name(self, node: Node) -> Any:
        if isinstance(node, ScalarNode) and node.tag in _SCALARS:
            self.total += 1
            return node.value
        if isinstance(node, SequenceNode) and node.tag == _SEQ and id(node) not in self.done:
            self.total += 1
            return [self.name(child) if isinstance(child, ScalarNode) else self.build(child) for child in node.value]
        return self.build(node)


def _check_size(text: str, path: str) -> None:
    """Refuse what cannot be anything but too many values, before each costs microseconds and a kilobyte.

    A value has a line or a comma of its own.
    """
    if text.count("\n") + text.count(",") > MAX_VALUES:
        raise MalformedFile(f"holds more than {MAX_VALUES} values", where=Location(path))


def _check_depth(text: str, path: str) -> None:
    """Refuse nesting that would overflow the stack of the C composer, which recurses without a limit.

    Only a text that could nest that deep (many brackets, or a long run of indentation and dashes) is parsed
    into events, whose parser does not recurse.
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH and not _LONG_PREFIX.search(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                where = _location(path, event.start_mark)
                raise MalformedFile(f"not valid YAML: nested more than {MAX_DEPTH} deep", where=where)
        elif isinstance(event, CollectionEndEvent):
            depth -= 1


def parse(text: str, path: str) -> Any:
    """The value of the one document in ``text`` (None when empty). Raises MalformedFile with line and column."""
    loader = None
    try:
        _check_size(text, path)
        _check_depth(text, path)
        loader = Loader(text)
        node = loader.get_single_node()
        return None if node is None else _Builder(loader, path).build(node)
    except yaml.MarkedYAMLError as error:
        where = _location(path, error.problem_mark or error.context_mark)
        reason = ", ".join(text for text in (error.context, error.problem) if text) or "unreadable"
        raise MalformedFile(f"not valid YAML: {reason}", where=where) from None
    except yaml.YAMLError as error:
        raise MalformedFile(f"not valid YAML: {_first_line(error)}", where=Location(path)) from None
    except RecursionError:
        raise MalformedFile("not valid YAML: nested too deeply", where=Location(path)) from None
    finally:
        if loader is not None:
            loader.dispose()


def _location(path: str, mark: Any) -> Location:
    return Location(path, mark.line + 1, mark.column + 1) if mark else Location(path)


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]


class _Dumper(yaml.SafeDumper):
    """Block style without anchors; values that YAML has no word for are written as text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _as_list(dumper: _Dumper, value: Any) -> Node:
    return dumper.represent_list(list(value))


def _as_text(dumper: _Dumper, value: Any) -> Node:
    return dumper.represent_str(str(value))


_Dumper.add_representer(tuple, _as_list)
_Dumper.add_multi_representer(object, _as_text)


def dump(value: Any) -> str:
    """Block-style YAML with sorted keys, as CM writes it."""
    return yaml.dump(value, Dumper=_Dumper, default_flow_style=False, sort_keys=True)
