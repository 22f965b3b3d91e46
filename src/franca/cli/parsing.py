"""From words to a command with its options: the CM grammar, bound to a :class:`Command`."""

from __future__ import annotations

from franca.cli import registry
from franca.cli.command import COMMON, Command, Option
from franca.errors import UsageError
from franca.grammar.argv import Grammar, Invocation, flags_of, parse
from franca.grammar.reference import parse_ref
from franca.grammar.shell import command_line
from franca.model.ids import WELL_KNOWN_KINDS, ObjectRef, is_pattern, is_uid
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from franca.grammar.argv import ReadFile

#: Flags may stand anywhere, also before the action.
GRAMMAR = Grammar(leading_only=False)
_PLURALS = {
    "scripts": "script", "repos": "repo", "repository": "repo", "repositories": "repo", "caches": "cache",
    "automations": "automation", "experiments": "experiment", "cubes": "cube",
}  # fmt: skip
_YES = ("1", "yes", "true", "on")
_NO = ("0", "no", "false", "off")


class Bound(Record):
    """A command, the kind of artifact it is about, its words and its options under their names."""

    command: Command
    kind: str  #: as typed or ``script``; empty for commands that take none
    words: tuple[str, ...]
    options: dict[str, Any]  #: declared options, by name
    inputs: dict[str, Any]  #: everything else: inputs of a script, or of an automation
    invocation: Invocation

    def flag(self, name: str) -> bool:
        return bool(self.options.get(name, False))

    def text(self, name: str, default: str = "") -> str:
        return str(self.options.get(name, default))


def kind_of(bound: Bound) -> ObjectRef:
    return parse_ref(bound.kind).name


def read_line(argv: Sequence[str], read_file: ReadFile) -> Invocation:
    return parse(argv, read_file, grammar=GRAMMAR)


def static_kind(word: str) -> str:
    """The kind that a word names without looking at any repository, or nothing."""
    if word in _PLURALS:
        return _PLURALS[word]
    alias, _, uid = word.partition(",")
    for ref in WELL_KNOWN_KINDS:
        if word.lower() in (ref.alias, ref.uid) or (alias == ref.alias and is_uid(uid)):
            return word
    return ""


def split_kind(invocation: Invocation, is_kind: Callable[[str], bool]) -> tuple[str, tuple[str, ...]]:
    """The kind and the words after it; ``script`` where the second word is no kind (``run "get python3"``)."""
    words = ((invocation.kind,) if invocation.kind else ()) + invocation.artifacts
    if not words:
        return "script", ()
    first = words[0]
    if kind := static_kind(first):
        return kind, words[1:]
    if " " not in first and ((len(words) > 1 and is_pattern(first)) or is_kind(first)):
        return first, words[1:]
    return "script", words


def bind(
    command: Command,
    invocation: Invocation,
    is_kind: Callable[[str], bool],
    environ: Mapping[str, str],
) -> Bound:
    """Check the options against the command's table and give them their names.

    Raises:
        UsageError: an unknown option (with the closest known ones), a value that is missing or not among
            the choices, ``--`` where it means nothing.
    """
    kind, words = "", ((invocation.kind,) if invocation.kind else ()) + invocation.artifacts
    if command.takes_kind:
        kind, words = split_kind(invocation, is_kind)
    options: dict[str, Any] = {}
    inputs: dict[str, Any] = {}
    for key, value in invocation.options.items():
        option = command.option(key)
        if option is not None:
            options[option.name] = checked(option, value)
        elif command.free_options:
            inputs[key] = value
        else:
            raise _unknown(command, key)
    for option in (*command.options, *COMMON):
        if option.env and option.name not in options and environ.get(option.env):
            options[option.name] = checked(option, environ[option.env])
    if invocation.rest is not None and not command.takes_rest:
        raise UsageError(f"{command.name} takes nothing after --", hint=f"franca {command.name} --help")
    return Bound(command, kind, words, options, inputs, invocation)


def checked(option: Option, value: Any) -> Any:
    """The value of an option in its own form: a truth value, a text, or a mapping.

    Raises:
        UsageError: it has another form.
    """
    if option.group:
        if isinstance(value, dict) or (isinstance(value, str) and not option.engine):
            return value
        raise UsageError(f"{option.flag} takes keys", hint=f"write {option.flag}.KEY=VALUE")
    if not option.metavar:
        return _truth(option, value)
    if value is True:
        raise UsageError(f"{option.flag} needs a value", hint=f"write {option.flag}={option.metavar}")
    if isinstance(value, list):
        value = ",".join(str(item) for item in value)
    if isinstance(value, dict):
        raise UsageError(f"{option.flag} takes one value, not keys", hint=f"write {option.flag}={option.metavar}")
    if option.choices and value not in option.choices:
        choices = ", ".join(option.choices)
        from franca.grammar.suggest import hint

        raise UsageError(f"{option.flag}={value} is not one of {choices}", hint=hint(str(value), option.choices))
    return value if value is False or value is None else str(value)


def _truth(option: Option, value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if str(value).lower() in _YES:
        return True
    if str(value).lower() in _NO:
        return False
    if option.engine:
        return value  # a script may read more out of it
    raise UsageError(
        f"{option.flag} is a switch; it was given {value!r}", hint=f"write {option.flag} or {option.flag}-"
    )


def _unknown(command: Command, key: str) -> UsageError:
    from franca.grammar.suggest import closest

    instead = dict(command.replaced).get(key)
    if instead:
        return UsageError(f"{command.name} has no option --{key}", hint=instead)
    known = [option.name for option in (*command.options, *COMMON)]
    near = ", ".join(f"--{name}" for name in closest(key, known)).replace("_", "-")
    return UsageError(
        f"{command.name} has no option --{key}" + (f" (closest: {near})" if near else ""),
        hint=f"franca {command.name} --help lists its options",
    )


def refuse_unknown(options: Mapping[str, Any]) -> None:
    """Without an action there are only the options of every command. Raises UsageError."""
    for key in options:
        if key != "version" and not any(key in (option.name, option.short) for option in COMMON):
            raise UsageError(f"franca has no option --{key} without a command", hint="franca --help lists the commands")


def unknown_action(action: str) -> UsageError:
    from franca.grammar.suggest import hint

    near = hint(action, registry.names())
    message = f"there is no command {action!r}" + (f" ({near})" if near else "")
    return UsageError(message, hint="franca --help lists the commands")


def to_repeat(bound: Bound, *, program: str = "franca") -> str:
    """The line that repeats a command: what was typed, without the options that only change the display."""
    words = [program, bound.command.name]
    if bound.kind:
        words.append(bound.kind)
    words += bound.words
    for key, value in bound.invocation.options.items():
        option = bound.command.option(key)
        if option is None or option.repeats:
            words += _flags(option.name if option else key, value)
    if bound.invocation.rest is not None:
        words += ["--", *bound.invocation.rest]
    return command_line(words)


def _flags(name: str, value: Any) -> list[str]:
    try:
        return flags_of((name,), value)
    except UsageError:  # numbers and nested lists, out of a file: the text says it best
        return [f"--{name}={value}"]
