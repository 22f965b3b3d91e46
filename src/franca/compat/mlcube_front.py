"""The ``mlcube`` command: the published tool's command line over :mod:`franca.cube` (MLCube spec, section 11).

Options are declared once, in ``COMMANDS``; the parser and every help text are made from them.
"""

from __future__ import annotations

import os
import sys

from franca.model.light import TYPE_CHECKING, Any
from franca.runners import endings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LEVELS = ("critical", "error", "warning", "info", "debug")
USAGE = 2


class Usage(Exception):
    """The command line itself is wrong: message and exit status 2."""


# name -> (value name or "" for a flag, help, choices)
_MLCUBE = ("PATH", "The cube: its directory, its yaml file, a Git URL or an archive. Default: here.", ())
_PLATFORM = ("NAME", "Platform to run on: docker, podman, singularity, apptainer, native, ssh, slurm, k8s, "
             "kubeflow, one of your own, or LAUNCHER+CONTAINER (ssh+podman). Default: docker.", ())  # fmt: skip
_P = ("KEY=VALUE", "Override a configuration value: -Pdocker.image=org/name:1. May be repeated.", ())
_WORKSPACE = ("PATH", "Directory for inputs and outputs. Default: workspace in the cube.", ())
_TASK = ("NAMES", "Tasks to run, comma separated, in this order. Default: the only one.", ())
_RESOURCES = {
    "--network": ("MODE", "Network of the container, as none or host.", ()),
    "--security": ("OPTION", "Security option of the container.", ()),
    "--gpus": ("GPUS", "GPUs: a count, all, or device=0,1; empty switches them off.", ()),
    "--memory": ("SIZE", "Memory limit, as 4g.", ()),
    "--cpu": ("CPUS", "Processors, as 0-3.", ()),
    "--mount": ("MODE", "Mount all inputs ro or rw.", ("ro", "rw")),
}
_STRICT = {
    "--dry-run": ("", "Print the commands that would be run, and change nothing.", ()),
    "--strict": ("", "A missing input or a missing or empty promised output is an error; inputs are read-only.", ()),
    "--isolate": ("", "Mount inputs read-only, and input files without the files beside them.", ()),
    "--keep-going": ("", "Missing input files are only warned about.", ()),
    "--user": ("", "Run as the calling user and remove finished containers.", ()),
    "--offline": ("", "Fetch nothing; use what was fetched before.", ()),
}
COMMANDS: dict[str, tuple[str, dict[str, Any]]] = {
    "configure": ("Make a cube ready: pull or build its image, or install its environment.",
                  {"--mlcube": _MLCUBE, "--platform": _PLATFORM, "-P": _P, "--dry-run": _STRICT["--dry-run"],
                   "--workspace": _WORKSPACE, "--offline": _STRICT["--offline"]}),
    "run": ("Run tasks. Words NAME=VALUE give parameters another path.",
            {"--mlcube": _MLCUBE, "--platform": _PLATFORM, "--task": _TASK, "--workspace": _WORKSPACE,
             **_RESOURCES, "-P": _P, **_STRICT}),
    "describe": ("Show a cube's tasks and how to run them.", {"--mlcube": _MLCUBE}),
    "show_config": ("Print the effective configuration as YAML.",
                    {"--mlcube": _MLCUBE, "--platform": _PLATFORM, "--workspace": _WORKSPACE,
                     "--resolve": ("", "Resolve interpolations.", ()), "-P": _P}),
    "config": ("Show and edit the system settings.",
               {"--list": ("", "Print all settings.", ()), "--get": ("KEY", "Print one value.", ()),
                "--create-platform": ("RUNNER NAME", "Make a platform for a runner.", ()),
                "--remove-platform": ("NAME", "Remove a platform.", ()),
                "--rename-platform": ("OLD NEW", "Rename a platform.", ()),
                "--copy-platform": ("OLD NEW", "Copy a platform.", ()),
                "--rename-runner": ("OLD NEW", "Rename a runner.", ()),
                "--remove-runner": ("NAME", "Remove a runner.", ()),
                "--update-platforms": ("", "With --rename-runner: change its platforms, too.", ()),
                "--remove-platforms": ("", "With --remove-runner: remove its platforms, too.", ())}),
    "create": ("Make a new cube in a directory of its name.",
               {"--name": ("NAME", "Name of the cube; asked for when absent.", ()),
                "--description": ("TEXT", "One line.", ()), "--author": ("NAME", "Author's name.", ()),
                "--email": ("ADDRESS", "Author's address.", ()), "--org": ("NAME", "Author's organisation.", ())}),
    "inspect": ("Print digests of a cube's image and definition.",
                {"--mlcube": _MLCUBE, "--platform": _PLATFORM, "--force": ("", "Configure first if needed.", ()),
                 "--remote": ("", "Ask the image's registry; nothing is pulled.", ()),
                 "--format": ("FORMAT", "json or yaml. Default: json.", ("json", "yaml")),
                 "--output-file": ("PATH", "Write there in place of the terminal.", ()), "-P": _P}),
    "validate": ("Check a definition; every problem with its line.",
                 {"--mlcube": _MLCUBE, "--strict": ("", "Warnings count as errors.", ())}),
    "status": ("Show what ran, how it ended and what it made.", {"--mlcube": _MLCUBE}),
    "list": ("List the cubes below a directory.", {"--mlcube": _MLCUBE}),
    "clean": ("Remove what tasks made; inputs stay.",
              {"--mlcube": _MLCUBE, "--task": _TASK, "--workspace": _WORKSPACE,
               "--dry-run": _STRICT["--dry-run"]}),
    "fetch": ("Fetch a cube from a Git URL or an archive and print its place and digest.",
              {"--mlcube": _MLCUBE, "--sha256": ("HEX", "Expected digest of an archive.", ()),
               "--offline": _STRICT["--offline"]}),
}  # fmt: skip
_WORDS = ("run", "show_config")  # commands that take NAME=VALUE


class Parsed:
    """A command line: the command, its options, its -P words and its NAME=VALUE words."""

    def __init__(self) -> None:
        self.command = ""
        self.level = "warning"
        self.help = False
        self.options: dict[str, Any] = {}
        self.overrides: list[str] = []
        self.values: list[tuple[str, str]] = []

    def get(self, name: str, default: str = "") -> str:
        value = self.options.get(name)
        return default if value is None else str(value)


def parse(argv: Sequence[str]) -> Parsed:
    """Raises Usage."""
    out = Parsed()
    words = list(argv)
    while words and words[0].startswith("-"):
        _group_option(words, out)
    if not words:
        return out
    out.command = words.pop(0).replace("-", "_") if words[0] == "show-config" else words.pop(0)
    if out.command not in COMMANDS:
        raise Usage(f"No such command {out.command!r}.{_closest(out.command, COMMANDS)}")
    while words:
        _word(words, out)
    return out


def _group_option(words: list[str], out: Parsed) -> None:
    word = words.pop(0)
    name, equals, value = word.partition("=")
    if word in ("-h", "--help"):
        out.help = True
    elif word == "--version":
        out.command = "version"
        words.clear()
    elif name in ("--log-level", "--log_level"):
        if not equals:
            value = _next(words, name)
        if value.lower() not in LEVELS:
            raise Usage(f"Invalid value for {name}: {value!r} is not one of {', '.join(LEVELS)}.")
        out.level = value.lower()
    else:
        raise Usage(f"No such option {name}.{_closest(name, ('--help', '--log-level', '--version'))}")


def _word(words: list[str], out: Parsed) -> None:
    options = COMMANDS[out.command][1]
    word = words.pop(0)
    if word in ("-h", "--help"):
        out.help = True
    elif word[:2] in ("-P", "-p") and "-P" in options:
        out.overrides.append(word[2:] or _next(words, "-P"))
    elif word.startswith("-"):
        _option(word, words, options, out)
    elif out.command in _WORDS and word.partition("=")[1] and word.partition("=")[0]:
        name, _, value = word.partition("=")
        out.values.append((name, value))
    else:
        expected = "; parameters are given as NAME=VALUE" if out.command in _WORDS else ""
        raise Usage(f"Unexpected word {word!r}{expected}.")


def _option(word: str, words: list[str], options: dict[str, Any], out: Parsed) -> None:
    name, equals, value = word.partition("=")
    name = name[:2] + name[2:].replace("_", "-")
    if name not in options:
        raise Usage(f"No such option {word.partition('=')[0]}.{_closest(name, options)}")
    shape, _, choices = options[name]
    if not shape:
        if equals:
            raise Usage(f"Option {name} takes no value.")
        out.options[name] = True
    elif " " in shape:
        first = value if equals else _next(words, name)
        out.options[name] = (first, _next(words, name))
    else:
        value = value if equals else _next(words, name)
        if choices and value not in choices:
            raise Usage(f"Invalid value for {name}: {value!r} is not one of {', '.join(choices)}.")
        out.options[name] = value


def _next(words: list[str], option: str) -> str:
    if not words:
        raise Usage(f"Option {option} needs a value.")
    return words.pop(0)


def _closest(word: str, known: Any) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), 1)
    return f" Did you mean {close[0]}?" if close else ""


def help_text(command: str = "") -> str:
    """Usage of the group or of one command."""
    if not command:
        lines = ["Usage: mlcube [OPTIONS] COMMAND [ARGS]...", "", "  Package and run machine learning tasks.", "",
                 "Options:", "  --log-level LEVEL  critical, error, warning, info or debug. Default: warning.",
                 "  --version          Print the version.", "  -h, --help         Print this text.", "",
                 "Commands:"]  # fmt: skip
        return "\n".join([*lines, *(f"  {name:12} {text}" for name, (text, _) in COMMANDS.items())])
    text, options = COMMANDS[command]
    words = " [NAME=VALUE]..." if command in _WORDS else ""
    lines = [f"Usage: mlcube {command} [OPTIONS]{words}", "", f"  {text}", "", "Options:"]
    for name, (shape, description, _) in options.items():
        left = f"  {name} {shape}".rstrip() if name != "-P" else f"  -P, -p {shape}"
        lines.append(f"{left:28} {description}")
    return "\n".join([*lines, f"{'  -h, --help':28} Print this text."])


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Returns its exit status; every error is one line and a next step on stderr."""
    try:
        parsed = parse(sys.argv[1:] if argv is None else argv)
    except Usage as error:
        print(f"Usage: mlcube [OPTIONS] COMMAND [ARGS]...\n\nError: {error}", file=sys.stderr)
        return USAGE
    if parsed.command == "version":
        from franca import __version__

        print(f"mlcube (franca) {__version__}")
        return 0
    if parsed.help or not parsed.command:
        print(help_text(parsed.command))
        return 0 if parsed.help else USAGE
    return _guarded(parsed)


def _guarded(parsed: Parsed) -> int:
    from franca.errors import FrancaError, MalformedFile, NotFound

    try:
        return _ACTIONS[parsed.command](parsed)
    except FrancaError as error:
        for index, line in enumerate(error.lines()):
            print(f"mlcube: {line}" if not index else f"        {line}", file=sys.stderr)
        if parsed.level == "debug":
            raise
        return 1 if isinstance(error, (MalformedFile, NotFound)) else error.status
    except KeyboardInterrupt:
        print(f"mlcube: {endings.word()}", file=sys.stderr)
        return endings.status()
    except BrokenPipeError:
        return 141
    except RecursionError:
        print("mlcube: the definition is nested too deeply", file=sys.stderr)
        return 1


def _request(parsed: Parsed) -> Any:
    from franca.cube.request import FRANCA, PUBLISHED

    return request_of(parsed, FRANCA if parsed.options.get("--user") else PUBLISHED)


def request_of(parsed: Parsed, profile: Any) -> Any:
    """The typed request of a parsed command line."""
    from franca.cube.definition import parse_override
    from franca.cube.request import Options, Request

    if parsed.options.get("--strict"):
        profile = profile._replace(strict=True, missing_files="error")
    tasks = tuple(name for name in (word.strip() for word in parsed.get("--task").split(",")) if name)
    given = {name: parsed.options.get(f"--{name}") for name in Options._fields}
    return Request(
        parsed.get("--mlcube", "."), parsed.get("--platform", "docker"), tasks, parsed.get("--workspace"),
        tuple(parsed.values), tuple(parse_override(word) for word in parsed.overrides), tuple(parsed.overrides),
        Options(**given), profile, bool(parsed.options.get("--keep-going")), bool(parsed.options.get("--offline")),
        bool(parsed.options.get("--isolate")),
    )  # fmt: skip


def _console(parsed: Parsed) -> Any:
    from franca.cube.session import Console

    level = LEVELS.index(parsed.level)

    def warn(text: str) -> None:
        if level >= LEVELS.index("warning"):
            print(f"mlcube: warning: {text}", file=sys.stderr)

    def note(text: str) -> None:
        if level >= LEVELS.index("info"):
            print(f"mlcube: {text}", file=sys.stderr)

    return Console(print, warn, note)


def _session(parsed: Parsed) -> Any:
    from franca.cube.session import Session

    return Session(_request(parsed), os.environ, _console(parsed))


def _configure(parsed: Parsed) -> int:
    from franca.cube import execute

    session = _session(parsed)
    if parsed.options.get("--dry-run"):
        for line in execute.plan_configure(session):
            print(line)
        return 0
    _keep_settings(session)
    execute.configure(session)
    return 0


def _run(parsed: Parsed) -> int:
    from franca.cube import execute

    session = _session(parsed)
    if parsed.options.get("--dry-run"):
        for shown in execute.plan(session):
            print(f"# task {shown.task}")
            print("\n".join(shown.lines))
        return 0
    _keep_settings(session)
    endings.heed()
    return execute.run(session)


def _keep_settings(session: Any) -> None:
    """The published tool writes the settings on its first start, and guides tell users to edit the file."""
    if not session.settings.exists:
        from franca.errors import FrancaError

        try:
            session.settings.save()
        except FrancaError as error:
            session.console.note(str(error))


def _describe(parsed: Parsed) -> int:
    from franca.cube.show import describe

    print(describe(parsed.get("--mlcube", "."), os.environ, os.getcwd()))
    return 0


def _show_config(parsed: Parsed) -> int:
    from franca.cube.show import show_config

    print(show_config(_session(parsed), bool(parsed.options.get("--resolve"))), end="")
    return 0


def _inspect(parsed: Parsed) -> int:
    from franca.cube.inspection import inspect, rendered

    session = _session(parsed)
    record = inspect(session, force=bool(parsed.options.get("--force")), remote=bool(parsed.options.get("--remote")))
    text = rendered(record, parsed.get("--format", "json"))
    target = parsed.get("--output-file")
    if target:
        from franca.cube.files import write_atomic

        write_atomic(os.path.abspath(target), text)
    else:
        print(text, end="")
    return 0


def _config(parsed: Parsed) -> int:
    from franca.cube.settings import load_settings
    from franca.cube.show import edit_settings, settings_text

    settings = load_settings(os.environ)
    print(f"System settings file path = {settings.path}")
    if edit_settings(settings, parsed.options) or not settings.exists:
        settings.save()
    text = settings_text(settings, parsed.options)
    if text:
        print(text)
    return 0


def _validate(parsed: Parsed) -> int:
    from franca.cube.lint import lint

    report = lint(parsed.get("--mlcube", "."), os.environ, os.getcwd())
    for line in report.lines():
        print(line)
    return 1 if report.errors or (parsed.options.get("--strict") and report.warnings) else 0


def _create(parsed: Parsed) -> int:
    from franca.cube.create import answers, create

    options = {name: parsed.get(f"--{name}") for name in ("name", "description", "author", "email", "org")}
    directory = create(answers(options, sys.stdin), os.getcwd())
    parsed.options["--mlcube"] = directory
    return _describe(parsed)


def _status(parsed: Parsed) -> int:
    from franca.cube.show import status

    print(status(parsed.get("--mlcube", "."), os.environ, os.getcwd()))
    return 0


def _list(parsed: Parsed) -> int:
    from franca.cube.show import cubes_below

    for line in cubes_below(parsed.get("--mlcube", "."), os.getcwd()):
        print(line)
    return 0


def _clean(parsed: Parsed) -> int:
    from franca.cube.clean import clean

    parsed.options.setdefault("--platform", "docker")
    for path in clean(_session(parsed), dry=bool(parsed.options.get("--dry-run"))):
        print(path)
    return 0


def _fetch(parsed: Parsed) -> int:
    from franca.cube.fetch import fetch

    found = fetch(parsed.get("--mlcube"), os.environ, os.getcwd(), offline=bool(parsed.options.get("--offline")),
                  sha256=parsed.get("--sha256"))  # fmt: skip
    print(f"directory: {found.directory}\ndigest: {found.digest}")
    return 0


_ACTIONS: dict[str, Callable[[Parsed], int]] = {
    "configure": _configure, "run": _run, "describe": _describe, "show_config": _show_config, "config": _config,
    "create": _create, "inspect": _inspect, "validate": _validate, "status": _status, "list": _list,
    "clean": _clean, "fetch": _fetch,
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
