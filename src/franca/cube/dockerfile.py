"""What a Dockerfile says about running its image's command without the image (MLCube spec, section 18).

Read are WORKDIR, COPY, ADD, ENTRYPOINT and ENV; nothing is executed and variables stay as they are.
"""

from __future__ import annotations

import json
import os
import shlex

from franca.model.light import NamedTuple


class Copied(NamedTuple):
    """``COPY SOURCE TARGET``: absolute path in the image, path relative to the build context."""

    source: str
    target: str


class ImagePlan(NamedTuple):
    """The parts of an image's last stage that matter for a run on the host."""

    entrypoint: tuple[str, ...] = ()
    workdir: str = "/"
    copied: tuple[Copied, ...] = ()
    env: tuple[tuple[str, str], ...] = ()

    def source_of(self, path: str) -> str | None:
        """Where the file at ``path`` in the image comes from, relative to the context; None = the base image."""
        absolute = os.path.normpath(os.path.join(self.workdir, path))
        for copy in reversed(self.copied):
            if absolute == copy.target:
                return copy.source
            if absolute.startswith(copy.target.rstrip("/") + "/"):
                return os.path.normpath(os.path.join(copy.source, absolute[len(copy.target.rstrip("/")) + 1 :]))
        return None

    def requirements(self) -> str | None:
        """The copied requirements file, relative to the context."""
        for copy in self.copied:
            if os.path.basename(copy.source).startswith("requirements") and copy.source.endswith(".txt"):
                return copy.source
        return None


def read_dockerfile(text: str) -> ImagePlan:
    """The plan of the last stage. Lines that cannot be understood are skipped: the result is advice."""
    plan = _Stage()
    for line in _lines(text):
        word, _, rest = line.partition(" ")
        plan.instruction(word.upper(), rest.strip())
    return ImagePlan(plan.entrypoint, plan.workdir, tuple(plan.copied), tuple(plan.env.items()))


def _lines(text: str) -> list[str]:
    """Instructions with continuation lines joined and comments left out."""
    lines: list[str] = []
    pending = ""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        lines.append((pending + line).strip())
        pending = ""
    return [*lines, pending.strip()] if pending.strip() else lines


class _Stage:
    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.entrypoint: tuple[str, ...] = ()
        self.workdir = "/"
        self.copied: list[Copied] = []
        self.env: dict[str, str] = {}

    def instruction(self, word: str, rest: str) -> None:
        if word == "FROM":
            self._clear()
        elif word == "WORKDIR":
            self.workdir = os.path.normpath(os.path.join(self.workdir, rest.strip("'\"")))
        elif word in ("COPY", "ADD"):
            self._copy(rest)
        elif word == "ENTRYPOINT":
            self.entrypoint = _command(rest)
        elif word == "ENV":
            self._env(rest)

    def _copy(self, rest: str) -> None:
        words = [w for w in _command(rest) if not w.startswith("--")]
        if len(words) < 2 or any("--from" in w for w in _command(rest)):
            return
        *sources, last = words
        target = os.path.normpath(os.path.join(self.workdir, last))
        directory = last.endswith("/") or last in (".", "..") or len(sources) > 1
        for source in sources:
            source = os.path.normpath(source.lstrip("/") or ".")
            is_file = "." in os.path.basename(source) and source != "."
            inside = directory and is_file
            self.copied.append(Copied(source, os.path.join(target, os.path.basename(source)) if inside else target))

    def _env(self, rest: str) -> None:
        try:
            words = shlex.split(rest)
        except ValueError:
            return
        if words and "=" not in words[0]:
            self.env[words[0]] = " ".join(words[1:])
        else:
            self.env.update((name, value) for name, _, value in (word.partition("=") for word in words) if name)


def _command(rest: str) -> tuple[str, ...]:
    """JSON form or shell form as words."""
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except ValueError:
            return ()
        return tuple(w for w in words if isinstance(w, str))
    try:
        return tuple(shlex.split(rest))
    except ValueError:
        return ()
