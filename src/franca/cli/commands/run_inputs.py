"""What the commands about runs read of a command line: the inputs of the script, and how much to show."""

from __future__ import annotations

from franca.cli.parsing import Bound
from franca.cli.screen import Level
from franca.cli.session import Session
from franca.errors import UsageError
from franca.grammar.argv import words_to_tags
from franca.grammar.merge import copied
from franca.grammar.reference import parse_ref
from franca.model.ids import SCRIPT
from franca.model.light import Any

_DISPLAY = ("help", "json", "dot", "mermaid", "why", "diff", "save_to_json", "trust", "locked", "isolate_hooks")


def inputs_of(bound: Bound, session: Session) -> dict[str, Any]:
    """The CM input dictionary of a script run, out of words and options (script engine, section 2.1)."""
    tags, words = words_to_tags(bound.words, bound.text("tags"))
    names: list[str] = []
    for word in words:
        if "," in word and not _is_reference(word):
            tags = f"{tags},{word}" if tags else word
        else:
            names.append(word)
    if len(names) > 1:
        raise UsageError(
            f"one script at a time: {', '.join(map(repr, names))} were given",
            hint='write tags as one word: franca run "get python3"',
        )
    options = {name: copied(value) for name, value in bound.options.items() if name not in _DISPLAY}
    inputs: dict[str, Any] = {**copied(bound.inputs), **options}
    if tags:
        inputs["tags"] = tags
    if names:
        inputs["artifact"] = _script_name(names[0], session)
    if not tags and not names:
        raise UsageError(
            f"franca {bound.command.name} needs a script: its tags, its name or its uid",
            hint=f'for example: franca {bound.command.name} "detect os"; franca find script lists them',
        )
    if bound.invocation.rest is not None:
        inputs["unparsed_cmd"] = list(bound.invocation.rest)
    return inputs


def _script_name(word: str, session: Session) -> str:
    """The word itself; with a repository in it, the one script that it names there, by uids."""
    return session.catalog.load(SCRIPT, parse_ref(word)).own_name if ":" in word else word


def _is_reference(word: str) -> bool:
    try:
        parse_ref(word)
    except UsageError:
        return False
    return True


def level_of(bound: Bound) -> int:
    if bound.flag("verbose"):
        return Level.VERBOSE
    return Level.SILENT if bound.flag("silent") else Level.NORMAL
