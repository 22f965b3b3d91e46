"""How a project is run, out of its README, Makefile, Dockerfile, pyproject.toml and the names of its files."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator

import msgspec

from franca.authoring.dockerfiles import read_dockerfile
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
    folder: str = ""  #: sub-folder of the project in which it runs
    before: tuple[tuple[str, ...], ...] = ()  #: commands of the same listing that make what this one needs
    output: str = ""  #: file that takes its standard output
    env: tuple[tuple[str, str], ...] = ()  #: variables with defaults, out of a Dockerfile

    @property
    def line(self) -> str:
        steps = [*(shlex.join(words) for words in self.before), shlex.join(self.words)]
        return " && ".join(steps) + (f" > {shlex.quote(self.output)}" if self.output else "")


def commands(project: Project) -> tuple[Command, ...]:
    """Each once, those that look like the work before those that look like preparing or checking it."""
    first = {(c.before, c.words): c for c in reversed(list(_all(project)))}
    in_order = list(first.values())[::-1]
    return tuple(sorted(in_order, key=_rank))


def _rank(command: Command) -> int:
    if command.before:
        return 0  # a whole listing, not a part of it
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
            yield from _listed(name, project)


def _listed(name: str, project: Project) -> Iterator[Command]:
    """The commands of a README; one that starts what an earlier one of its listing makes comes with that one."""
    earlier: list[Command] = []
    last = 0
    for number, line in fenced(project.text(name)):
        if number > last + 1:  # another listing, or a line that is no command between them
            earlier = []
        last = number + line.count("\n")
        where = f"{name}:{number}"
        command = understood(line, project, where) or _made(line, earlier, where)
        if command is not None:
            earlier.append(command)
            yield command


_REDIRECTED = re.compile(r"(.*[^\s<>&])\s*>\s*([\w./-]+)")


def _made(line: str, earlier: list[Command], where: str) -> Command | None:
    """``./program words [> file]``, where earlier commands may have made the program."""
    redirected = _REDIRECTED.fullmatch(line)
    text, output = (redirected[1], redirected[2]) if redirected else (line, "")
    if not earlier or _COMPOUND & set(text) or leaves(output):
        return None
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    if not words or not words[0].startswith("./") or leaves(words[0]):
        return None
    return Command(tuple(words), where, before=tuple(one.words for one in earlier), output=output)


def leaves(path: str) -> bool:
    """Whether a path of a project leads out of it."""
    return os.path.isabs(path) or os.path.normpath(path).split(os.sep)[0] == ".."


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


def understood(line: str, project: Project, where: str, folder: str = "") -> Command | None:
    """A line as a command of the project: one program with plain words, and something that is there.

    Args:
        folder: sub-folder of the project in which the line is typed.
    """
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
        return _python_line(words, project, where, folder)
    points = entry_points(project)
    if words[0] in points:
        return _entry_line(words, *points[words[0]], project, where)
    target = next((w for w in words[1:] if not w.startswith("-")), "") if words[0] in ("bash", "sh") else words[0]
    own = "/" in words[0] or words[0] in ("bash", "sh")
    there = os.path.normpath(os.path.join(folder, target)) in project.names
    return Command(tuple(words), where, folder=folder) if own and there else None


def _make_line(words: list[str], project: Project, where: str) -> Command | None:
    wanted = [w for w in words[1:] if not w.startswith("-") and "=" not in w]
    known = make_targets(project)
    return Command(tuple(words), where) if known and all(w in known for w in wanted) else None


def _python_line(words: list[str], project: Project, where: str, folder: str = "") -> Command | None:
    """``python FILE`` or ``python -m MODULE`` of the project, with the options that its text declares."""
    if words[1:2] == ["-m"] and len(words) > 2:
        root, file = module_file(words[2], project)
    else:
        named = next((w for w in words[1:] if not w.startswith("-")), "")
        root, file = "", os.path.normpath(os.path.join(folder, named))
    if file not in project.names:
        return None
    flags = _left(flags_in(project.text(file)), words)
    return Command(tuple(words), where, flags, python_root=root, folder=folder)


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
    image = read_dockerfile(project.text("Dockerfile"))
    if not image.words:
        return
    folder = image.here(image.directory) or ""
    words = []
    for word in image.words:
        place = image.here(word) if word.startswith("/") else None
        base = os.path.basename(word)
        if place is not None and place in project.names:
            words.append(os.path.relpath(place, folder or "."))
        else:
            words.append(base if word.startswith("/") and base in project.names else word)
    for where_run in dict.fromkeys((folder, "")):
        command = understood(shlex.join(words), project, "Dockerfile", where_run)
        if command is not None:
            yield msgspec.structs.replace(command, env=image.env)
            return
