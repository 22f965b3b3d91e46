"""What a Dockerfile says about running its project: words, directory, copied files, variables. It is only read."""

from __future__ import annotations

import ast
import os
import posixpath
import re
import shlex

import msgspec

_INSTRUCTION = re.compile(r"^\s*(ENTRYPOINT|CMD|WORKDIR|COPY|ADD|ENV|FROM)\s+(.*)$", re.M | re.I)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN = re.compile(r"[\w./:@,+-]*")
#: Variables that belong to the image, not to the project.
_OF_IMAGE = frozenset(("PATH", "HOME", "LANG", "LC_ALL", "DEBIAN_FRONTEND", "PYTHONUNBUFFERED", "VIRTUAL_ENV"))


class Image(msgspec.Struct, frozen=True):
    """The last stage of a Dockerfile, as far as it matters for a run on the host."""

    words: tuple[str, ...] = ()
    directory: str = "/"
    copies: tuple[tuple[str, str], ...] = ()  #: (path in the image, path in the project), in order
    env: tuple[tuple[str, str], ...] = ()

    def here(self, path: str) -> str | None:
        """The place in the project that a path of the image came from; None when it did not."""
        path = posixpath.normpath(path)
        for inside, source in reversed(self.copies):
            if path == inside:
                return source
            if path.startswith(inside.rstrip("/") + "/"):
                return os.path.normpath(os.path.join(source, path[len(inside.rstrip("/")) + 1 :]))
        return None


def read_dockerfile(text: str) -> Image:
    """The facts of the last stage. What cannot be understood is passed over."""
    command: dict[str, tuple[str, ...]] = {}
    directory, copies, env = "/", list[tuple[str, str]](), dict[str, str]()
    for kind, rest in _INSTRUCTION.findall(text.replace("\\\n", " ")):
        kind = kind.upper()
        if kind == "FROM":
            command, directory, copies, env = {}, "/", [], {}
        elif kind == "WORKDIR":
            directory = posixpath.normpath(posixpath.join(directory, rest.strip()))
        elif kind in ("ENTRYPOINT", "CMD"):
            command[kind] = _words(rest)
        elif kind == "ENV":
            env.update(_variables(rest))
        else:
            copies += _copies(_words(rest), directory)
    words = (*command.get("ENTRYPOINT", ()), *command.get("CMD", ()))
    return Image(words, directory, tuple(copies), tuple(env.items()))


def _words(rest: str) -> tuple[str, ...]:
    try:
        found = ast.literal_eval(rest) if rest.startswith("[") else shlex.split(rest)
    except (ValueError, SyntaxError):
        return ()
    return tuple(found) if isinstance(found, list) and all(isinstance(w, str) for w in found) else ()


def _copies(words: tuple[str, ...], directory: str) -> list[tuple[str, str]]:
    if any(word.startswith("--from") for word in words):
        return []  # out of another stage
    paths = [word for word in words if not word.startswith("--")]
    if len(paths) < 2 or any(mark in path for path in paths for mark in "*?[$:"):
        return []
    target = posixpath.normpath(posixpath.join(directory, paths[-1]))
    many = len(paths) > 2 or (paths[-1].endswith(("/", ".")) and not paths[0].endswith(("/", ".")))
    found = []
    for path in paths[:-1]:
        source = os.path.normpath(path.lstrip("/") or ".")
        if source.split(os.sep)[0] == "..":
            continue
        inside = (
            posixpath.join(target, posixpath.basename(source)) if many and "." in posixpath.basename(source) else target
        )
        found.append((inside, "" if source == "." else source))
    return found


def _variables(rest: str) -> dict[str, str]:
    words = _words(rest)
    pairs = [word.partition("=") for word in words] if words and "=" in words[0] else []
    if not pairs and len(words) > 1:  # the older form: one name, then its value
        pairs = [(words[0], "=", " ".join(words[1:]))]
    return {
        name: value
        for name, equals, value in pairs
        if equals and _NAME.fullmatch(name) and name not in _OF_IMAGE and _PLAIN.fullmatch(value)
    }
