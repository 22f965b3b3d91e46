"""Rules of names, places, system descriptions and measurements: F, S and M."""

from __future__ import annotations

from franca.errors import MalformedFile
from franca.mlperf.submission.context import Context, System
from franca.mlperf.submission.documents import read_object, scalar_text
from franca.mlperf.submission.fields import (
    KNOWN,
    MEANINGFUL,
    MEASURED,
    MEASURED_MORE,
    NETWORK,
    POWER,
    REQUIRED,
    REQUIRED_LATER,
    UNDEFINED,
)
from franca.mlperf.submission.index import DIRECTORY, FILE, LINK, OTHER, Node
from franca.mlperf.submission.model import DIVISIONS, MERGED, Scenario, Submission
from franca.mlperf.submission.tables import category_key

MAX_FILE = 50 * 1024 * 1024
"""Bytes of the largest file of a submission (11.6)."""

ROOT_NAMES = frozenset({".git", ".github", ".gitattributes", ".gitignore", "assets"})
ROOT_STEMS = ("readme", "license", "notice", "changelog", "code_of_conduct", "contributing")
DOT_NAMES = frozenset({".gitkeep", ".gitattributes", ".gitignore"})


def check_names(ctx: Context) -> None:
    """F1: every name in the tree."""
    for node in ctx.top.walk():
        for problem in _name_problems(node):
            ctx.findings.add("F1", node.path, problem)


def _name_problems(node: Node) -> list[str]:
    name, found = node.name, []
    if "/" not in node.path and name in ROOT_NAMES:
        return []
    if not (name.isascii() and name.isprintable() and " " not in name):
        found += _letter_problems(name)
    if name.startswith(".") and name not in DOT_NAMES:
        found.append("name starts with a dot")
    if name == "__pycache__" or name.endswith(".pyc"):
        found.append("is a Python cache")
    if node.kind == LINK:
        found.append("is a symbolic link")
    if node.kind == OTHER:
        found.append("is neither a file nor a directory")
    if node.kind == FILE and node.size > MAX_FILE:
        found.append(f"has {node.size} bytes, at most {MAX_FILE} are allowed")
    if node.problem:
        found.append(node.problem)
    elif node.kind == DIRECTORY and not node.children:
        found.append("is an empty directory")
    return found


def _letter_problems(name: str) -> list[str]:
    found = []
    if any(c.isspace() for c in name):
        found.append("name holds a blank")
    if any("\udc80" <= c <= "\udcff" for c in name):
        found.append("name is not UTF-8")
    elif not name.isprintable():
        found.append("name holds control characters")
    return found


def check_root(ctx: Context) -> None:
    """F2 and F3: what lies in the root and in the divisions."""
    for node in ctx.top.files():
        if node.name not in ROOT_NAMES and not node.name.lower().startswith(ROOT_STEMS):
            ctx.findings.add("F2", node.path, "does not belong in the root")
    for node in ctx.top.directories():
        if node.name in ROOT_NAMES:
            continue
        if node.name not in DIVISIONS:
            ctx.findings.add("F3", node.path, "is no division", expected="closed, open or network")
            continue
        for stray in node.files():
            ctx.findings.add("F2", stray.path, "does not belong in a division, only submitters do")


def check_submission(ctx: Context, sub: Submission) -> None:
    """F4 to F6: sources, calibration, and systems against results."""
    code = "src" if sub.layout == MERGED else "code"
    if sub.node.get(code) is None:
        ctx.findings.add("F4", f"{sub.path}/{code}", "is missing", division=sub.division)
    else:
        for model in sorted({model.name for _, model in sub.models()}):
            if sub.node.get(f"{code}/{model}") is None:
                ctx.findings.add(
                    "F4", f"{sub.path}/{code}/{model}", "no code for this model", division=sub.division, warn=True
                )
    if not sub.node.file("calibration.md") and not sub.node.file("documentation/calibration.md"):
        ctx.findings.add("F5", f"{sub.path}/calibration.md", "is missing", division=sub.division)
    systems = sub.node.directory("systems")
    described = {node.name[:-5] for node in systems.files() if node.name.endswith(".json")} if systems else set()
    measured = {node.name for node in sub.systems()}
    for name in sorted(described - measured):
        ctx.findings.add("F6", f"{sub.path}/systems/{name}.json", "has no results", division=sub.division)
    if not measured:
        ctx.findings.add("F6", f"{sub.path}/results", "holds no system", division=sub.division)


def check_system(ctx: Context, sub: Submission, name: str) -> System | None:
    """S1 to S5, S8: the description of one system; None when there is none to go on with."""
    path = f"{sub.path}/systems/{name}.json"
    node = ctx.top.file(path)
    if node is None:
        ctx.findings.add("S1", path, "is missing", division=sub.division)
        return None
    try:
        raw = read_object(ctx.disk(path))
    except MalformedFile as error:
        ctx.findings.refuse("S1", path, error, division=sub.division)
        return None
    fields: dict[str, str] = {}
    for key, value in raw.items():
        text = scalar_text(value)
        if text is None:
            ctx.findings.add("S2", path, f"{key} is no text", division=sub.division, found=type(value).__name__)
        else:
            fields[key] = text
    _check_fields(ctx, sub, path, fields)
    return System(name, fields, category_key(fields.get("system_type", "")))


def _check_fields(ctx: Context, sub: Submission, path: str, fields: dict[str, str]) -> None:
    add, division = ctx.findings.add, sub.division
    for field in REQUIRED + (NETWORK if division == "network" else ()):
        if field not in fields:
            add("S2", path, f"{field} is missing", division=division)
    for field in REQUIRED_LATER:
        if field not in fields:
            add("S2", path, f"{field} is missing", division=division, warn=ctx.table.number < (3, 1))
    for field in MEANINGFUL:
        if field in fields and not fields[field].strip():
            add("S3", path, f"{field} is empty", division=division)
        elif fields.get(field, "").strip().lower() == UNDEFINED and division in ("closed", "network"):
            add("S3", path, f"{field} has no value", division=division, found=fields[field])
    for field in sorted(set(fields) - KNOWN):
        add("S8", path, f"{field} is not a known field", division=division, warn=True)
    if fields.get("status", "").lower() not in ("available", "preview", "rdi"):
        add("S4", path, "status is not legal", division=division,
            expected="available, preview or rdi", found=fields.get("status", ""))  # fmt: skip
    if category_key(fields.get("system_type", "")) is None:
        add("S4", path, "system_type is not legal", division=division,
            expected="datacenter, edge or both", found=fields.get("system_type", ""))  # fmt: skip
    for field, place in (("division", sub.division), ("submitter", sub.submitter)):
        found = fields.get(field, "")
        if found != place and not (field == "submitter" and found.lower() == place.lower()):
            add("S5", path, f"{field} differs from the path", division=division, expected=place, found=found)


def check_network(ctx: Context, sub: Submission, system: System) -> None:
    """S6: closed systems are not networked, network ones are."""
    wanted = {"closed": False, "network": True}.get(sub.division)
    if wanted is not None and system.networked is not wanted:
        ctx.findings.add(
            "S6", f"{sub.path}/systems/{system.name}.json", "network mode does not match the division",
            division=sub.division, expected=f"is_network {str(wanted).lower()}",
            found=system.get("is_network") or "none",
        )  # fmt: skip


def check_power_fields(ctx: Context, sub: Submission, system: System) -> None:
    """S7: what the description of a power submission needs on top."""
    required = POWER if ctx.table.number < (5, 0) else (*POWER, "system_power_only")
    for field in required:
        if field not in system.fields:
            ctx.findings.add(
                "S7", f"{sub.path}/systems/{system.name}.json", f"{field} is missing", division=sub.division
            )


def check_measurements(ctx: Context, place: Scenario, *, service: bool = False) -> dict[str, str]:
    """M1 to M3: the measurement directory of a scenario; returns the five fields that are there, and some that may be.

    Results of the service form have no user.conf: their configuration is a file of its own (E1).
    """
    directory = place.measurements()
    if directory is None:
        ctx.findings.add("M1", place.measurements_path(), "is missing", division=place.division)
        return {}
    wanted = ["README.md", *([] if service else ["user.conf"])]
    wanted += ["mlperf.conf"] if ctx.table.number <= (4, 1) else []
    for name in wanted:
        node = directory.file(name)
        path = f"{directory.path}/{name}"
        if node is None:
            ctx.findings.add("M1", path, "is missing", division=place.division, mild=True)
        elif not node.size:
            early = ctx.table.number < (3, 1)
            ctx.findings.add("M1", path, "is empty", division=place.division, warn=early, mild=True)
    return _measured_fields(ctx, place, directory)


def _measured_fields(ctx: Context, place: Scenario, directory: Node) -> dict[str, str]:
    node, implementation = measurement_file(place, directory)
    if node is None:
        ctx.findings.add(
            "M1", f"{directory.path}/{place.system}*.json", "no measurements JSON of this system",
            division=place.division, mild=True,
        )  # fmt: skip
        return {}
    try:
        raw = read_object(ctx.disk(node.path))
    except MalformedFile as error:
        ctx.findings.refuse("M2", node.path, error, division=place.division)
        return {}
    fields = {}
    for name in MEASURED:
        text = scalar_text(raw.get(name))
        if text is None:
            ctx.findings.add("M2", node.path, f"{name} is missing or no text", division=place.division)
        elif not text.strip():
            early = ctx.table.number < (3, 1)
            ctx.findings.add("M2", node.path, f"{name} is empty", division=place.division, warn=early)
        fields[name] = text or ""
    fields |= {name: text for name in MEASURED_MORE if (text := scalar_text(raw.get(name)))}
    code = f"code/{place.model}"
    if implementation and place.submission.directory(code) and not place.submission.get(f"{code}/{implementation}"):
        ctx.findings.add(
            "M3", f"{place.submission.path}/{code}/{implementation}", "is missing", division=place.division
        )
    return fields


def measurement_file(place: Scenario, directory: Node) -> tuple[Node | None, str]:
    """The measurements JSON, and the implementation that its name holds (11.4)."""
    if place.layout == MERGED:
        return directory.file("measurements.json"), ""
    suffix = f"_{place.name}".lower()
    best: tuple[Node | None, str] = (None, "")
    for node in directory.files():
        if node.kind != FILE or not node.name.endswith(".json") or not node.name.startswith(place.system):
            continue
        rest = node.name[len(place.system) : -5]
        if not rest:
            return node, ""
        if rest.lower().endswith(suffix):
            rest = rest[: len(rest) - len(suffix)]
        best = (node, rest.lstrip("_")) if best[0] is None else best
    return best
