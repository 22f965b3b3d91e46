"""How a project is run, out of its README, Makefile, Dockerfile, pyproject.toml and the names of its files."""

from __future__ import annotations

import ast
import os
import re
import shlex
from collections.abc import Iterator

import msgspec

from franca.authoring.needs import toml_table
from franca.authoring.programflags import Flag, flags_in
from franca.authoring.project import Project

_SHELLS = ("", "bash", "sh", "shell", "console", "zsh", "shell-session", "sh-session")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([\w+-]*)")
_ENTRY_POINT = re.compile(r"""^["']?([\w.-]+)["']?\s*=\s*["']([A-Za-z_][\w.]*):([A-Za-z_]\w*)["']""", re.M)
#: Characters that make more of a line than one command with its words.
_COMPOUND = frozenset(";|&<>`$(){}*?~#!")
#: Commands that prepare; what a project needs is learned elsewhere.
_INSTALLERS = frozenset((
    "pip", "pip3", "conda", "mamba", "apt", "apt-get", "sudo", "git", "cd", "docker", "podman", "export", "source",
    ".", "virtualenv", "poetry", "uv", "brew", "npm", "wget", "curl", "mkdir", "cp", "rm",
))  # fmt: skip
_ENTRY_FILES = ("main.py", "run.py", "train.py", "app.py", "benchmark.py", "__main__.py")
_WORK = frozenset(("main", "run", "train", "app", "benchmark", "__main__"))
_ASIDE = ("download", "accuracy", "evaluat", "setup", "install", "convert", "preprocess", "plot", "test", "clean",
          "lint")  # fmt: skip
_TARGETS = ("run", "all", "train", "benchmark", "build", "test")
_SHELL_FILES = ("run.sh", "train.sh", "benchmark.sh", "start.sh", "main.sh")
_SOURCE_ROOTS = ("", "src")


class Command(msgspec.Struct, frozen=True):
    """A way to run the project. ``where`` says which file told it."""

    words: tuple[str, ...]
    where: str
    flags: tuple[Flag, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()  #: of a Makefile: name and default
    python_root: str = ""  #: sub-folder that Python has to look for modules in

    @property
    def line(self) -> str:
        return shlex.join(self.words)


def commands(project: Project) -> tuple[Command, ...]:
    """Each once, those that look like the work before those that look like preparing or checking it."""
    first = {command.words: command for command in reversed(list(_all(project)))}
    in_order = list(first.values())[::-1]
    return tuple(sorted(in_order, key=_rank))


def _rank(command: Command) -> int:
    words = [w for w in command.words if not w.startswith("-") and w not in ("python", "python3", "bash", "sh", "make")]
    name = os.path.basename(words[0]).lower() if words else ""
    if any(part in name for part in _ASIDE):
        return 2
    return 0 if os.path.splitext(name)[0] in _WORK else 1


def _all(project: Project) -> Iterator[Command]:
    yield from _readme_commands(project)
    yield from _make_commands(project)
    yield from _docker_commands(project)
    for name in _SHELL_FILES:
        if name in project.names:
            yield Command(("bash", name), name)
    for name in _ENTRY_FILES:
        if name in project.names:
            yield Command(("python3", name), name, flags_in(project.text(name)))
    for name in entry_points(project):
        command = understood(name, project, f"pyproject.toml: {name}")
        if command is not None:
            yield command
    for name in project.top():
        if name.endswith(".sh") and not name.startswith(("install", "setup", "build", "docker")):
            yield Command(("bash", name), name)


# -- lines of text -------------------------------------------------------------------------------------


def _readme_commands(project: Project) -> Iterator[Command]:
    for name in project.top():
        if name.lower().startswith("readme"):
            for number, line in fenced(project.text(name)):
                command = understood(line, project, f"{name}:{number}")
                if command is not None:
                    yield command


def fenced(text: str) -> Iterator[tuple[int, str]]:
    """The lines of fenced shell code, continued lines joined, prompts removed, with their numbers."""
    fence, shell, held, start = "", False, "", 0
    for number, raw in enumerate(text.split("\n"), 1):
        mark = _FENCE.match(raw)
        if mark and not fence:
            fence, shell = mark[1], mark[2].lower() in _SHELLS
        elif mark and mark[1][0] == fence[0] and len(mark[1]) >= len(fence):
            fence, held = "", ""
        elif fence and shell:
            line = re.sub(r"^\s*(?:\$|>|%)\s+", "", raw).strip()
            start = start if held else number
            held = f"{held} {line}".strip()
            if held.endswith("\\"):
                held = held[:-1].strip()
            elif held:
                yield start, held
                held = ""


def understood(line: str, project: Project, where: str) -> Command | None:
    """A line as a command of the project: one program with plain words, and something that is there."""
    if _COMPOUND & set(line):
        return None
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    if not words or words[0] in _INSTALLERS:
        return None
    if words[0] == "make":
        return _make_line(words, project, where)
    if words[0] in ("python", "python3"):
        return _python_line(words, project, where)
    points = entry_points(project)
    if words[0] in points:
        return _entry_line(words, *points[words[0]], project, where)
    target = next((w for w in words[1:] if not w.startswith("-")), "") if words[0] in ("bash", "sh") else words[0]
    own = "/" in words[0] or words[0] in ("bash", "sh")
    return Command(tuple(words), where) if own and os.path.normpath(target) in project.names else None


def _make_line(words: list[str], project: Project, where: str) -> Command | None:
    wanted = [w for w in words[1:] if not w.startswith("-") and "=" not in w]
    known = make_targets(project)
    return Command(tuple(words), where) if known and all(w in known for w in wanted) else None


def _python_line(words: list[str], project: Project, where: str) -> Command | None:
    """``python FILE`` or ``python -m MODULE`` of the project, with the options that its text declares."""
    if words[1:2] == ["-m"] and len(words) > 2:
        root, file = module_file(words[2], project)
    else:
        root, file = "", os.path.normpath(next((w for w in words[1:] if not w.startswith("-")), ""))
    if file not in project.names:
        return None
    return Command(tuple(words), where, _left(flags_in(project.text(file)), words), python_root=root)


def _entry_line(words: list[str], module: str, function: str, project: Project, where: str) -> Command | None:
    """A console script, started as its installed form would be, without installing it."""
    root, file = module_file(module, project)
    if not file:
        return None
    code = f"import sys; from {module} import {function}; sys.exit({function}())"
    flags = _left(flags_in(project.text(file)), words)
    return Command(("python3", "-c", code, *words[1:]), where, flags, python_root=root)


def _left(flags: tuple[Flag, ...], words: list[str]) -> tuple[Flag, ...]:
    """The options that a command line does not give already."""
    given = {w.partition("=")[0] for w in words}
    return tuple(f for f in flags if f.name not in given)


# -- files that say it ---------------------------------------------------------------------------------


def entry_points(project: Project) -> dict[str, tuple[str, str]]:
    """The console scripts of a pyproject.toml: module and function by name."""
    table = toml_table(project.text("pyproject.toml"), "project.scripts")
    return {name: (module, function) for name, module, function in _ENTRY_POINT.findall(table)}


def module_file(module: str, project: Project) -> tuple[str, str]:
    """The folder that Python has to know and the file of a module; two empty texts when it is not there."""
    stem = os.path.join(*module.split(".")) if module.replace(".", "").replace("_", "").isalnum() else ""
    for root in _SOURCE_ROOTS if stem else ():
        for tail in (stem + ".py", os.path.join(stem, "__main__.py"), os.path.join(stem, "__init__.py")):
            if (file := os.path.join(root, tail)) in project.names:
                return root, file
    return "", ""


def _makefile(project: Project) -> str:
    return next((n for n in ("Makefile", "makefile", "GNUmakefile") if n in project.names), "")


def make_targets(project: Project) -> list[str]:
    return re.findall(r"^([A-Za-z][\w-]*)\s*:(?!=)", project.text(_makefile(project)), re.M)


def _make_commands(project: Project) -> Iterator[Command]:
    name = _makefile(project)
    targets, text = make_targets(project), project.text(name)
    variables = tuple((k, v.strip()) for k, v in re.findall(r"^([A-Z][A-Z0-9_]*)\s*\?=[ \t]*(.*)$", text, re.M))
    plain = tuple((k, v) for k, v in variables if not _COMPOUND & set(v))
    for target in _TARGETS:
        if target in targets:
            yield Command(("make", target), f"{name}: {target}", variables=plain)


def _docker_commands(project: Project) -> Iterator[Command]:
    """``ENTRYPOINT`` and ``CMD`` of a Dockerfile, where they start something of the project."""
    parts: dict[str, list[str]] = {}
    for kind, rest in re.findall(r"^(ENTRYPOINT|CMD)\s+(.*)$", project.text("Dockerfile").replace("\\\n", " "), re.M):
        try:
            found = ast.literal_eval(rest) if rest.startswith("[") else shlex.split(rest)
        except (ValueError, SyntaxError):
            continue
        if isinstance(found, list) and all(isinstance(w, str) for w in found):
            parts[kind] = found
    words = [*parts.get("ENTRYPOINT", []), *parts.get("CMD", [])]
    known = [os.path.basename(w) if w.startswith("/") and os.path.basename(w) in project.names else w for w in words]
    command = understood(shlex.join(known), project, "Dockerfile") if known else None
    if command is not None:
        yield command
