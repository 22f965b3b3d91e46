"""Commands and options as records: parser, help, completion, reference and repeat lines derive from these."""

from __future__ import annotations

from franca.model.record import Record


class Option(Record):
    """A flag. Without ``metavar`` it is a switch; with it, it takes a value.

    ``--name=VALUE`` is the canonical form; ``-short``, ``--name-`` (off) and ``--name,=a,b`` (list) come with
    the grammar.
    """

    name: str  #: with underscores, as it stands in the input dictionary
    help: str
    short: str = ""
    metavar: str = ""
    choices: tuple[str, ...] = ()
    env: str = ""  #: environment variable that gives the value when the flag is absent
    group: bool = False  #: takes keys of its own: ``--env.KEY=VALUE``
    repeats: bool = True  #: belongs to the line that repeats a run; False for display options
    engine: bool = False  #: handed on to the script engine
    only_for: tuple[str, ...] = ()  #: kinds; empty for all

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-") if not self.engine else "--" + self.name

    @property
    def usage(self) -> str:
        """``--tags=TAGS``, ``--env.KEY=VALUE``, ``-j, --json``."""
        text = f"{self.flag}.KEY={self.metavar or 'VALUE'}" if self.group else self.flag
        if self.metavar and not self.group:
            text += f"={self.metavar}"
        return f"-{self.short}, {text}" if self.short else text


class Example(Record):
    line: str  #: as typed, with the program's name
    says: str  #: what it is for, without a full stop


class Command(Record):
    """An action of the command line."""

    name: str
    summary: str  #: one line, without a full stop
    usage: str  #: what follows the name
    handler: str  #: ``module:function``, imported when the command runs
    examples: tuple[Example, ...]
    description: str = ""
    options: tuple[Option, ...] = ()
    aliases: tuple[str, ...] = ()
    group: str = "Artifacts"
    takes_kind: bool = True  #: whether the second word may name a kind; ``script`` is meant where it does not
    free_options: bool = False  #: whether options beyond ``options`` are inputs for somebody else
    takes_rest: bool = False  #: whether ``-- rest`` means something
    statuses: tuple[tuple[int, str], ...] = ()  #: beyond the common ones
    replaced: tuple[tuple[str, str], ...] = ()  #: options of the official tools, and what to write here instead

    def option(self, name: str) -> Option | None:
        """The option with this name or short name, those that every command has included."""
        for option in (*self.options, *COMMON):
            if name == option.name or (option.short and name == option.short):
                return option
        return None


JSON = Option("json", "print one JSON document on standard output and nothing else", short="j", repeats=False)
HELP = Option("help", "print this help", short="h", repeats=False)
VERBOSE = Option(
    "verbose", "say more: every hook, every cache decision", short="v", env="FRANCA_VERBOSE", repeats=False
)
SILENT = Option("silent", "no progress lines, only results and errors", short="s", repeats=False)
#: What every command understands.
COMMON = (JSON, VERBOSE, SILENT, HELP)

TAGS = Option("tags", "artifacts with all these tags; -TAG for without", metavar="A,B,-C")
FORCE = Option("force", "do not ask", short="f", repeats=False)
QUIET = Option(
    "quiet", "never ask: take the first candidate or the default", short="q", env="FRANCA_QUIET", engine=True
)

#: Exit statuses that every command shares.
STATUSES: tuple[tuple[int, str], ...] = (
    (0, "done"),
    (1, "the request is wrong, ambiguous or refused, or something it needs is not available"),
    (2, "a native script of a run failed"),
    (4, "no such automation or action, or a file that cannot be read"),
    (8, "what is to be made exists already"),
    (16, "a named artifact, variation, repository or file does not exist"),
    (70, "an error in Franca itself; the message names a file with the details"),
    (130, "interrupted with Ctrl-C"),
    (143, "ended by SIGTERM; 129: the terminal has gone (SIGHUP)"),
)
