"""What a project's files say about how it is installed and run. Files are read; nothing of them is executed."""

from __future__ import annotations

import os

import msgspec

from franca.authoring.needs import python_version, requirements, system_packages
from franca.authoring.project import Project
from franca.authoring.ways import Command, commands
from franca.errors import NotFound


class Survey(msgspec.Struct, frozen=True):
    """All that was found, best command first."""

    path: str
    about: str
    commands: tuple[Command, ...]
    requirements: tuple[str, ...] = ()
    requirements_from: str = ""
    python: str = ""  #: least version
    uses_python: bool = False
    system_packages: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def look(path: str) -> Survey:
    """Read what there is.

    Raises:
        NotFound: there is no such folder.
    """
    path = os.path.abspath(os.path.expanduser(path))
    if not os.path.isdir(path):
        raise NotFound(f"there is no folder {path}")
    project = Project(path)
    notes: list[str] = []
    needed, source = requirements(project, notes)
    ways = commands(project)
    python = bool(needed or source) or any(c.words[0] in ("python", "python3") for c in ways)
    return Survey(
        path,
        _about(project),
        ways,
        needed,
        source,
        python_version(project),
        python or any(n.endswith(".py") for n in project.top()),
        system_packages(project),
        tuple(notes),
    )


def _about(project: Project) -> str:
    """The first sentence of the README, or its title."""
    for name in project.top():
        if name.lower().startswith("readme"):
            for block in project.text(name).split("\n\n"):
                text = " ".join(block.split())
                if text and text[0].isalnum() and not text.startswith(("http", "===")):
                    return text.partition(". ")[0].rstrip(".")[:160]
    return ""
