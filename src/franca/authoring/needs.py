"""What a project needs to run, out of its requirements, pyproject.toml and Dockerfile."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement

from franca.authoring.project import Project


def requirements(project: Project, notes: list[str]) -> tuple[tuple[str, ...], str]:
    for name in ("requirements.txt", "requirements/base.txt", "requirements/requirements.txt"):
        if name in project.names:
            return tuple(_usable(_requirement_lines(project.text(name), name, notes), notes)), name
    listed = toml_list(project.text("pyproject.toml"), "project", "dependencies")
    if listed or "pyproject.toml" in project.names:
        return tuple(_usable(listed, notes)), "pyproject.toml"
    return (), ""


def _requirement_lines(text: str, name: str, notes: list[str]) -> list[str]:
    found = []
    for raw in text.replace("\\\n", " ").split("\n"):
        line = re.sub(r"(^|\s)#.*", "", raw).strip()
        line = re.split(r"\s+--hash", line)[0]
        if line.startswith("-") or "://" in line:
            notes.append(f"{name}: {line!r} is not taken over")
        elif line:
            found.append(line)
    return found


def _usable(lines: list[str], notes: list[str]) -> Iterator[str]:
    """Requirements that can be read and that hold on this machine."""
    for line in lines:
        try:
            one = Requirement(line)
        except InvalidRequirement:
            notes.append(f"{line!r} is no requirement that can be read")
            continue
        if one.marker is None or one.marker.evaluate():
            yield str(Requirement(str(one).partition(";")[0]))


def toml_table(text: str, table: str) -> str:
    """The lines of one table of a TOML file. Python 3.10 has no reader; this much of the format is simple."""
    found = re.search(rf"^\[{re.escape(table)}\]\s*$(.*?)(?=^\[|\Z)", text, re.M | re.S)
    return found[1] if found else ""


def toml_list(text: str, table: str, key: str) -> list[str]:
    """A list of texts in a table of a TOML file."""
    body = toml_table(text, table)
    found = re.search(rf"^{re.escape(key)}\s*=\s*\[(.*?)\]\s*(?:#.*)?$", body, re.M | re.S)
    if not found:
        return []
    return [
        a or b
        for a, b in re.findall(r'"((?:[^"\\]|\\.)*)"|\'([^\']*)\'', re.sub(r"^\s*#.*$", "", found[1], flags=re.M))
    ]


def python_version(project: Project) -> str:
    pinned = re.match(r"\d+(?:\.\d+)+", project.text(".python-version").strip())
    asked = re.search(r"^requires-python\s*=\s*[\"'][^\"']*>=\s*(\d+(?:\.\d+)*)", project.text("pyproject.toml"), re.M)
    return asked[1] if asked else pinned[0] if pinned else ""


def system_packages(project: Project) -> tuple[str, ...]:
    """What a Dockerfile installs with apt."""
    text = project.text("Dockerfile").replace("\\\n", " ")
    found = []
    for line in re.findall(r"apt(?:-get)?\s+(?:-\S+\s+)*install\s+([^&|;\n]*)", text):
        found += [w for w in line.split() if re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", w)]
    return tuple(dict.fromkeys(found))
