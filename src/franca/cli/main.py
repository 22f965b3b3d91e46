"""The ``franca`` command: from the words to an exit status."""

from __future__ import annotations

import os
import sys

from franca.cli import registry
from franca.cli.output import Answer, Output
from franca.cli.parsing import bind, read_line, split_kind, unknown_action
from franca.cli.session import Session, read_input_file
from franca.errors import FrancaError, Interrupted, KindNotFound, Unavailable
from franca.grammar.argv import Invocation
from franca.model.light import TYPE_CHECKING, Any
from franca.runners import endings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CRASHED = 70
_BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run one command line; returns the exit status. Prints one message, never a traceback, for an error."""
    words = list(sys.argv[1:] if argv is None else argv)
    output = Output(as_json=wants_json(words))
    session = Session(environ, output)
    endings.heed()
    return endings.status(_performed(words, session, output))


def _performed(words: Sequence[str], session: Session, output: Output) -> int:
    try:
        return perform(words, session)
    except FrancaError as error:
        return output.error(error)
    except KeyboardInterrupt:
        return output.error(Interrupted(endings.word()))
    except BrokenPipeError:
        _close_stdout()
        return _BROKEN_PIPE
    except OSError as error:
        return output.error(_unavailable(error))
    except Exception as error:
        return _crashed(error, words, session)


def perform(words: Sequence[str], session: Session) -> int:
    """Find the command, run it, print its answer."""
    if words and words[0] == "__complete":
        from franca.cli.completion import candidates

        return session.output.answer(Answer(lines=tuple(candidates(words[1:], session))))
    invocation = read_line(words, read_input_file)
    answer = _without_action(invocation) or _with_action(invocation, session)
    session.warn_about_files()
    return session.output.answer(answer)


def _without_action(invocation: Invocation) -> Answer | None:
    """``franca``, ``franca --help``, ``franca --version``."""
    if invocation.action:
        return None
    if invocation.get("version"):
        from franca import __version__

        return Answer({"version": __version__}, (f"franca {__version__}",))
    from franca.cli.help import overview, start
    from franca.cli.parsing import refuse_unknown

    refuse_unknown(invocation.options)
    text = overview() if invocation.get("help") or invocation.get("h") else start()
    return Answer({"help": text, "commands": list(registry.COMMANDS)}, raw=text)


def _with_action(invocation: Invocation, session: Session) -> Answer:
    action = invocation.action
    command = registry.command(action, invocation.kind)
    if command is None:
        return _foreign(invocation, session)
    if invocation.get("help") or invocation.get("h"):
        return _help(command, invocation, session)
    bound = bind(command, invocation, session.is_kind, session.environ)
    if "." in {word[:1] for word in bound.words}:
        from franca.cli.here import resolved

        bound = resolved(bound, session)
    answer: Answer = registry.load(command.handler)(bound, session)
    return answer


def _help(command: Any, invocation: Invocation, session: Session) -> Answer:
    """Help for the command; of a run with a script's name, for that script's inputs."""
    from franca.cli.help import of_command

    own_help = f"run {invocation.kind}" in registry.COMMANDS
    if command.name == "run" and not own_help and (invocation.kind or invocation.get("tags")):
        options = {k: v for k, v in invocation.options.items() if k == "tags"}
        shown = Invocation("show", invocation.kind, invocation.artifacts, options)
        if split_kind(shown, session.is_kind)[0] != "script":
            return _with_action(shown, session)
        from franca.cli.commands.authoring import script_help
        from franca.cli.tables.artifacts import SHOW

        return script_help(bind(SHOW, shown, session.is_kind, session.environ), session)
    return Answer({"help": of_command(command)}, raw=of_command(command))


def _foreign(invocation: Invocation, session: Session) -> Answer:
    """An action that is none of ours: it may be one of an automation.

    Raises:
        UsageError: no automation is named, so it must be a misspelt command.
    """
    from franca.cli.commands.automations import call_action

    if not invocation.kind:
        raise unknown_action(invocation.action)
    kind, words = split_kind(invocation, session.is_kind)
    if kind == "script" and words and words[0] == invocation.kind:
        raise unknown_action(invocation.action)
    try:
        return call_action(invocation.action, kind, words, invocation, session)
    except FrancaError as error:
        if error.status != KindNotFound.status or not error.message.startswith(("action", "automation")):
            raise
        own = unknown_action(invocation.action)
        raise KindNotFound(f"{own.message}, nor has {kind} such an action", hint=own.hint) from None


# ---- streams and endings --------------------------------------------------------------------------------


def wants_json(words: Sequence[str]) -> bool:
    """Whether ``--json`` is among the words, told before they are understood, for errors in them."""
    for word in words:
        if word == "--":
            break
        if word in ("--json", "-j", "-json") or word.lower() in ("--json=yes", "--json=true", "--json=1"):
            return True
    return False


def _close_stdout() -> None:
    """The reader has gone: keep the interpreter from complaining about it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _unavailable(error: OSError) -> Unavailable:
    """Full disks, missing permissions and the like, which may come from anywhere."""
    what = f": {error.filename}" if error.filename else ""
    return Unavailable(f"{error.strerror or error}{what}", hint="check the path, its permissions and the free space")


def _crashed(error: Exception, words: Sequence[str], session: Session) -> int:
    """Keep the details of an unexpected error in a file and say where it is."""
    from franca.cli.crash import write_report

    path = write_report(error, words, session.environ)
    problem = FrancaError(
        f"internal error: {type(error).__name__}: {error}",
        log=path,
        hint="this is a fault of Franca; please report it with that file",
    )
    problem.status = _CRASHED
    return session.output.error(problem)


if __name__ == "__main__":
    sys.exit(main())
