"""doctor, version, completion, help."""

from __future__ import annotations

from franca import __version__
from franca.cli import registry
from franca.cli.help import markdown, of_command, overview
from franca.cli.output import Answer, plain
from franca.cli.parsing import Bound, unknown_action
from franca.cli.session import Session
from franca.grammar.argv import Invocation


def doctor(bound: Bound, session: Session) -> Answer:
    from franca.cli.doctor import GOOD, checks, summary

    found = checks(session)
    session.catalog.warnings.clear()  # they are among the findings
    data = summary(found)
    lines: list[str] = []
    for check in found:
        purpose = f"; for {check.needed_for}" if check.needed_for and check.state != GOOD else ""
        lines.append(f"{check.state:<8} {check.name:<14} {plain(check.found)}{purpose}")
        if check.next:
            lines.append(f"{'':<24}-> {plain(check.next)}")
    lines += ["", f"{data['problems']} problems, {data['missing']} optional things missing"]
    return Answer(data, tuple(lines), status=1 if data["problems"] else 0)


def version(bound: Bound, session: Session) -> Answer:
    return Answer({"version": __version__}, (f"franca {__version__}",))


def completion(bound: Bound, session: Session) -> Answer:
    from franca.cli.completion import script

    text = script(bound.words[0] if bound.words else "")
    return Answer({"script": text}, raw=text)


def help_(bound: Bound, session: Session) -> Answer:
    if bound.flag("markdown"):
        return Answer({"markdown": markdown()}, raw=markdown())
    if not bound.words:
        return Answer({"help": overview()}, raw=overview())
    command = registry.command(bound.words[0], bound.words[1] if len(bound.words) > 1 else "")
    if command is None and session.is_kind(bound.words[0]):
        from franca.cli.commands.automations import call_action

        return call_action("help", bound.words[0], (), Invocation("help", bound.words[0]), session)
    if command is None:
        raise unknown_action(bound.words[0])
    return Answer({"help": of_command(command)}, raw=of_command(command))
