"""Commands about this installation and this machine."""

from __future__ import annotations

from franca.cli.command import Command, Example, Option

_GROUP = "This machine"

DOCTOR = Command(
    name="doctor",
    group=_GROUP,
    summary="what this machine has, what is missing, what to do",
    usage="",
    handler="franca.cli.commands.machine:doctor",
    takes_kind=False,
    description="Looks only; changes nothing. Status 1 when something is missing that Franca cannot do without.",
    examples=(Example("franca doctor", "a list"), Example("franca doctor --json", "for programs")),
)

WATCH = Command(
    name="watch",
    group=_GROUP,
    summary="show, start or stop the process that vouches for the index of a large store",
    usage="[status | start | stop]",
    handler="franca.cli.commands.watch:watch",
    takes_kind=False,
    description=(
        "Every answer is what a look at all files would give. In a store of 10,000 artifacts or more, a question that "
        "had to look at all of them starts a watcher in the background, whose word makes the next looks unnecessary; "
        "it ends when nobody has asked for ten minutes. FRANCA_WATCH=no: start none and ask none; "
        "FRANCA_WATCH=yes: for stores of any size. `stop` holds until `start`. Linux and local file systems only."
    ),
    options=(
        Option(
            "dialect",
            "which index to start or stop it for; classic without it",
            metavar="NAME",
            choices=("classic", "new"),
            repeats=False,
        ),
    ),
    examples=(
        Example("franca watch", "whether one runs, or why not, and how many answers it has given"),
        Example("franca watch stop", "end it, and start none by itself any more"),
        Example("franca watch status --json", "for programs"),
    ),
)

VERSION = Command(
    name="version",
    group=_GROUP,
    summary="print the version",
    usage="",
    handler="franca.cli.commands.machine:version",
    takes_kind=False,
    examples=(Example("franca version", "of Franca"),),
)

COMPLETION = Command(
    name="completion",
    group=_GROUP,
    summary="print a completion script for a shell",
    usage="bash | zsh | fish",
    handler="franca.cli.commands.machine:completion",
    takes_kind=False,
    examples=(
        Example('eval "$(franca completion bash)"', "for this shell; put the line into ~/.bashrc to keep it"),
        Example("franca completion fish > ~/.config/fish/completions/franca.fish", "for fish"),
    ),
)

HELP = Command(
    name="help",
    group=_GROUP,
    summary="print help, for everything or for one command",
    usage="[COMMAND]",
    handler="franca.cli.commands.machine:help_",
    takes_kind=False,
    options=(Option("markdown", "the reference page of the documentation", repeats=False),),
    examples=(Example("franca help", "all commands"), Example("franca help run", "one command")),
)

COMMANDS = (DOCTOR, WATCH, VERSION, COMPLETION, HELP)
