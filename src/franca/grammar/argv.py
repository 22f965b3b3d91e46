"""The command line of CM, both ways: words to an :class:`Invocation`, and back.

The grammar (CM core, section 7.2)::

    ACTION KIND [ARTIFACT ...] [flags] [@file ...] [-- rest]

    --k=v  -k=v   k = "v", split at the first "=", both sides trimmed
    --k    -k     k = true
    --k-          k = false
    --k,=a,b      k = ["a", "b"]
    --a.b.c=v     a -> b -> c = "v"
    @f.json       the file's mapping laid over what stands before it, key by key
    --            stop; what follows is handed on as it is

The newer language (script engine, section 2.2) and CMX (CM core, section 14.1) differ in the points that
:class:`Grammar` names; the same reader serves all three.
"""

from __future__ import annotations

from franca.errors import UsageError
from franca.grammar.merge import copied
from franca.model.ids import is_uid
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    ReadFile = Callable[[str], Any]


class Invocation(Record):
    """A command line, understood. Equal by value; ``words`` keeps the source for messages and logs."""

    action: str = ""
    kind: str = ""
    artifacts: tuple[str, ...] = ()
    options: dict[str, Any] = {}  #: nested; values are text, True, False, lists of text, or a file's content
    rest: tuple[str, ...] | None = None  #: the words after ``--``; None when there is no ``--``
    files: tuple[str, ...] = ()  #: the ``@`` files, already merged into ``options``
    control: dict[str, Any] = {}  #: CMX only: flags with one dash
    words: tuple[str, ...] = ()  #: everything after action and kind, as typed

    @property
    def artifact(self) -> str:
        return self.artifacts[0] if self.artifacts else ""

    def get(self, name: str, default: Any = None) -> Any:
        return self.options.get(name, default)


class Grammar(Record):
    """What differs between the three command languages."""

    at_files: bool = True  #: ``@f.json`` merges a file
    letters: bool = False  #: ``-jx`` sets j and x
    underscores: bool = True  #: ``-`` in the first component of a key becomes ``_``
    control: bool = False  #: one dash fills ``control``, a bare ``key=value`` is an option
    leading_only: bool = True  #: action and kind count only before the first flag
    file_option: str = ""  #: a flag that names a mapping to lay under the options


#: What a shell puts for ``<(command)``; a pipe has no name that could end in anything.
PIPE = "/dev/fd/"

CM = Grammar()
MLC = Grammar(at_files=False, letters=True, leading_only=False, file_option="mlc_input_file")
CMX = Grammar(underscores=False, control=True)


def no_files(path: str) -> Any:
    """A ``read_file`` for places where a command line may not name files."""
    raise UsageError(f"a file (@{path}) cannot be read here")


def parse(argv: Sequence[str], read_file: ReadFile = no_files, *, grammar: Grammar = CM) -> Invocation:
    """Understand the words after the program's name.

    Args:
        read_file: reads one ``@`` file (JSON or YAML by its extension) and returns its content.

    Raises:
        UsageError: a flag without a name, ``--a=1 --a.b=2``, an ``@`` file with another extension
            or whose content is no mapping; whatever ``read_file`` raises (status 16 when absent).
    """
    reader = _Reader(grammar, read_file)
    flags = list(argv)
    names: list[str] = []
    while len(names) < 2 and flags and not _is_flag(flags[0], grammar):
        names.append(flags.pop(0))
    reader.read(flags)
    if not grammar.leading_only:
        while len(names) < 2 and reader.artifacts:
            names.append(reader.artifacts.pop(0))
    options = reader.options
    if grammar.file_option and isinstance(path := options.get(grammar.file_option), str):
        options = {**reader.mapping(path), **options}
        reader.files.append(path)
    return Invocation(
        action=names[0] if names else "",
        kind=names[1] if len(names) > 1 else "",
        artifacts=tuple(reader.artifacts),
        options=options,
        rest=reader.rest,
        files=tuple(reader.files),
        control=reader.control,
        words=tuple(flags),
    )


def _is_flag(word: str, grammar: Grammar) -> bool:
    return word.startswith("-") or (grammar.at_files and word.startswith("@"))


class _Reader:
    """Reads flags from left to right into a tree, remembering which word set what."""

    def __init__(self, grammar: Grammar, read_file: ReadFile) -> None:
        self.grammar = grammar
        self.read_file = read_file
        self.artifacts: list[str] = []
        self.options: dict[str, Any] = {}
        self.control: dict[str, Any] = {}
        self.files: list[str] = []
        self.rest: tuple[str, ...] | None = None
        self.origin: dict[tuple[str, ...], str] = {}

    def read(self, words: list[str]) -> None:
        for number, word in enumerate(words):
            if word == "--":
                self.rest = tuple(words[number + 1 :])
                return
            if word.startswith("-"):
                self.flag(word)
            elif word.startswith("@") and self.grammar.at_files:
                self.file(word)
            elif self.grammar.control and "=" in word:
                self.put(self.options, word, word)
            else:
                self.artifacts.append(word)

    def flag(self, word: str) -> None:
        if self.grammar.control and word.startswith("---"):
            raise UsageError(f"{word}: a flag has one dash (control) or two dashes (input), not three")
        single = not word.startswith("--")
        body = word[1:] if single else word[2:]
        if single and self.grammar.letters and "=" not in body and len(body) > 1:
            for letter in body:
                self.put(self.options, letter, word)
        else:
            self.put(self.control if single and self.grammar.control else self.options, body, word)

    def put(self, tree: dict[str, Any], body: str, word: str) -> None:
        key, equals, text = body.partition("=")
        key = key.strip()
        value: Any = text.strip() if equals else True
        if not equals and key.endswith("-"):
            key, value = key[:-1], False
        elif key.endswith(","):
            if not equals:
                raise UsageError(f"{word}: a list needs values, as in --{key}=a,b", hint=f"--{key}= is empty")
            key, value = key[:-1], value.split(",") if value else []
        self.store(tree, _path(key, word, self.grammar.underscores), value, word)

    def store(self, tree: dict[str, Any], path: tuple[str, ...], value: Any, word: str) -> None:
        """Set a nested value; what stands on the way must be a dictionary."""
        for depth, key in enumerate(path[:-1], 1):
            below = tree.get(key)
            if below is None:
                below = tree[key] = {}
            elif not isinstance(below, dict):
                earlier = self.origin.get(path[:depth]) or self.origin.get(path[:1], "an earlier file")
                name = ".".join(path[:depth])
                raise UsageError(
                    f"{word} cannot be combined with {earlier}: {name} is both a value and a group of values",
                    hint=f"give either {earlier} or {word}",
                )
            tree = below
        tree[path[-1]] = value
        self.origin[path] = word

    def file(self, word: str) -> None:
        content = self.mapping(word[1:])
        self.files.append(word[1:])
        if self.grammar.control and isinstance(control := content.pop("control", None), dict):
            self.control.update(control)
        self.options.update(content)
        for key in content:
            self.origin[(key,)] = word

    def mapping(self, path: str) -> dict[str, Any]:
        if not path.endswith((".json", ".yaml", ".yml")) and not path.startswith(PIPE):
            raise UsageError(
                f"the input file {path!r} must end with .json or .yaml",
                hint="rename the file, or write the values as --key=value",
            )
        content = self.read_file(path)
        if not isinstance(content, dict):
            raise UsageError(f"the input file {path} must hold a mapping of keys to values, not {_kind_of(content)}")
        return {str(key): copied(value) for key, value in content.items()}


def _path(key: str, word: str, underscores: bool) -> tuple[str, ...]:
    parts = key.split(".")
    if underscores:
        parts[0] = parts[0].replace("-", "_")
    if not all(parts):
        raise UsageError(f"{word}: the name of a value is missing; expected --key=value or --group.key=value")
    return tuple(parts)


def _kind_of(value: object) -> str:
    names = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "a truth value"}
    return "nothing" if value is None else names.get(type(value), type(value).__name__)


# ---- and back --------------------------------------------------------------------------------------


def make(
    action: str,
    kind: str = "",
    artifacts: Iterable[str] = (),
    options: Mapping[str, Any] | None = None,
    rest: Iterable[str] | None = None,
) -> Invocation:
    """An invocation as :func:`parse` would return it for the canonical command line.

    Raises:
        UsageError: something that a command line cannot express (see :func:`to_argv`).
    """
    bare = Invocation(
        action=action,
        kind=kind,
        artifacts=tuple(artifacts),
        options=dict(options or {}),
        rest=None if rest is None else tuple(rest),
    )
    return parse(to_argv(bare))


def to_argv(invocation: Invocation) -> list[str]:
    """The canonical words that parse to this invocation: artifacts, flags in their order, rest.

    Content of ``@`` files appears as flags. For an invocation ``x`` made by :func:`make`,
    ``parse(to_argv(x)) == x``.

    Raises:
        UsageError: a value that flags cannot express (numbers, null, lists of other than plain text,
            text with blanks at its ends, an empty group), named by its key.
    """
    out = [word for word in (invocation.action, invocation.kind) if word]
    if invocation.kind and not invocation.action:
        raise UsageError(f"a command line that names the kind {invocation.kind!r} needs an action")
    out += invocation.artifacts
    for word in out:
        if not word or word.startswith(("-", "@")):
            raise UsageError(f"{word!r} cannot be an action, a kind or an artifact on a command line")
    for key, value in invocation.options.items():
        out += flags_of((key,), value)
    if invocation.rest is not None:
        out += ["--", *invocation.rest]
    return out


def flags_of(path: tuple[str, ...], value: Any) -> list[str]:
    """One option as flags, a dictionary as one flag for each value in it."""
    if isinstance(value, dict) and value:
        return [flag for key, item in value.items() for flag in flags_of((*path, str(key)), item)]
    name = ".".join(path)
    if _speakable_key(path):
        if value is True:
            return [f"--{name}"]
        if value is False:
            return [f"--{name}-"]
        if isinstance(value, str) and value == value.strip():
            return [f"--{name}={value}"]
        if isinstance(value, (list, tuple)) and _speakable_list(value):
            return [f"--{name},={','.join(value)}"]
    raise UsageError(
        f"{name} = {value!r} cannot be written as a flag", hint="put it into a JSON file and give @file.json"
    )


def _speakable_key(path: tuple[str, ...]) -> bool:
    if "-" in path[0] or path[-1].endswith(("-", ",")) or path[0] != path[0].lstrip() or path[-1] != path[-1].rstrip():
        return False
    return all(part and "=" not in part and "." not in part for part in path)


def _speakable_list(items: Sequence[Any]) -> bool:
    if not all(isinstance(item, str) and "," not in item for item in items):
        return False
    joined = ",".join(items)
    return not items or (bool(joined) and joined == joined.strip())


def to_input(invocation: Invocation) -> dict[str, Any]:
    """The CM input dictionary: action, automation, artifacts, the options, ``cmd``, ``unparsed_cmd``.

    An option named like one of these (``--artifact=x``, or a key of a file) counts as in CM: an
    artifact given so comes first and the plain words follow it.
    """
    out: dict[str, Any] = {}
    if invocation.action:
        out["action"] = invocation.action
    if invocation.kind:
        out["automation"] = invocation.kind
    words = list(invocation.artifacts)
    if words and "artifact" not in invocation.options:
        out["artifact"] = words.pop(0)
    if words:
        out["artifacts"] = words
    out.update(copied(invocation.options))
    if invocation.control:
        out["control"] = copied(invocation.control)
    out["cmd"] = list(invocation.words)
    if invocation.rest is not None:
        out["unparsed_cmd"] = list(invocation.rest)
    return out


def to_new_input(invocation: Invocation) -> dict[str, Any]:
    """The input dictionary of the newer language: ``details`` and, unless a uid, the same as ``tags``."""
    out: dict[str, Any] = {"action": invocation.action, "target": invocation.kind}
    if invocation.artifact:
        out["details"] = invocation.artifact
        if not is_uid(invocation.artifact):
            out["tags"] = invocation.artifact
    if len(invocation.artifacts) > 1:
        out["artifacts"] = list(invocation.artifacts[1:])
    out.update(copied(invocation.options))
    out["cmd"] = list(invocation.words)
    if invocation.rest is not None:
        out["unparsed_cmd"] = list(invocation.rest)
    return out


def words_to_tags(artifacts: Sequence[str], tags: str = "") -> tuple[str, tuple[str, ...]]:
    """Tags from words with blanks, as ``run script`` reads them (script engine, section 2.1).

    ``"get python3"`` as first word is the tags ``get,python3``; a later word with a blank or a comma is
    appended to the tags. Returns the tags and the words that remain artifacts.
    """
    kept: list[str] = []
    found = [tags] if tags else []
    for number, word in enumerate(artifacts):
        if " " in word.strip() or (number > 0 and "," in word):
            found.append(",".join(part for part in word.replace(",", " ").split() if part))
        else:
            kept.append(word)
    return ",".join(found), tuple(kept)
