"""README.md of a script, and its ``--help``: two views of one page. Equal metas give equal texts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import msgspec

from franca.authoring.page import Input, Need, Page, VariationLine, page_of
from franca.catalog.files import read_text, write_text_atomic
from franca.errors import NotFound
from franca.grammar.shell import quote
from franca.model.artifact import Artifact

FILE = "README.md"
MARK = "<!-- Made by `franca doc`; change the meta or README-extra.md instead. -->"
_EXTRAS = ("README-extra.md", "info.md")
_SECTIONS = {
    "deps": "before",
    "prehook_deps": "after preprocess",
    "posthook_deps": "after the work",
    "post_deps": "last",
}

CURRENT, STALE, MISSING, BY_HAND = "current", "stale", "missing", "by hand"


class Written(msgspec.Struct, frozen=True):
    """What became of one page."""

    script: str
    path: str
    state: str  #: before writing: current, stale, missing, or by hand
    text: str


def readme(artifact: Artifact) -> str:
    """The whole page as Markdown."""
    page = page_of(artifact)
    parts = [
        _head(page), _run(page), _inputs(page), _variations(page), _versions(page), _needs(page), _exports(page),
        _extra(artifact.path),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def write(artifact: Artifact, *, check: bool = False, force: bool = False) -> Written:
    """Write the page where it is not what it would be.

    Args:
        check: only look.
        force: also over a page that somebody has written by hand; it is left alone otherwise.
    """
    path, text = os.path.join(artifact.path, FILE), readme(artifact)
    state = _state(path, text)
    found = Written(artifact.ref.alias, path, state, text)
    if not (check or state == CURRENT or (state == BY_HAND and not force)):
        write_text_atomic(path, text)
    return found


def _state(path: str, text: str) -> str:
    try:
        now = read_text(path)
    except NotFound:
        return MISSING
    if now == text:
        return CURRENT
    return STALE if MARK in now else BY_HAND


# -- parts ---------------------------------------------------------------------------------------------


def _head(page: Page) -> str:
    facts = [("tags", "`" + ",".join(page.tags) + "`"), ("uid", f"`{page.uid}`")]
    facts += [("category", _cell(page.category))] if page.category else []
    facts.append(("cached", "yes" if page.cached else "no"))
    about = f"\n\n{_flat(page.about)}" if page.about else ""
    return f"# {_flat(page.alias)}\n\n{MARK}{about}\n\n" + _table(("", ""), facts)


def _run(page: Page) -> str:
    words = " ".join(page.tags) or page.alias
    example = f" --{page.inputs[0].flag}=..." if page.inputs else ""
    native = f"mlcr {','.join(page.tags)}" if page.dialect.is_new else f"cm run script --tags={','.join(page.tags)}"
    lines = [f"franca run {quote(words)}{example}", f"franca plan {quote(words)}", native]
    return "## Run\n\n```bash\n" + "\n".join(lines) + "\n```"


def _inputs(page: Page) -> str:
    if not page.inputs:
        return ""
    rows = [(f"`--{i.flag}`", _code(i.key), _about(i.about, i.choices), _code(i.default)) for i in page.inputs]
    return "## Inputs\n\n" + _table(("flag", "variable", "what it is", "default"), rows)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _about(text: str, choices: Sequence[str]) -> str:
    listed = f"one of {', '.join(choices)}" if choices else ""
    return "; ".join(part for part in (text, listed) if part)


def _variations(page: Page) -> str:
    groups = page.groups()
    if not groups:
        return ""
    parts = ["## Variations"]
    for group, lines in groups.items():
        parts.append(f"### Group {_flat(group)}: one of" if group else "### Free to combine")
        parts.append(_table(("variation", "sets", "brings with it"), [_variation(line) for line in lines]))
    combined = [f"`_{v.name.replace(',', ',_')}`" for v in page.variations if "," in v.name]
    if combined:
        parts.append("Some together mean more: " + ", ".join(combined) + ".")
    return "\n\n".join(parts)


def _variation(line: VariationLine) -> tuple[str, str, str]:
    name = f"`_{line.name}`" + (" (default)" if line.default else "")
    if line.alias:
        return name, f"another name for `_{line.alias}`", ""
    return name, ", ".join(f"`{s}`" for s in line.sets), ", ".join(f"`{b}`" for b in line.brings)


def _versions(page: Page) -> str:
    if not page.versions and not page.default_version:
        return ""
    listed = [f"`{v}`" + (" (default)" if v == page.default_version else "") for v in page.versions]
    if page.default_version and page.default_version not in page.versions:
        listed.insert(0, f"`{page.default_version}` (default)")
    return "## Versions\n\n" + ", ".join(listed) + ". Others are passed on as they are given: `--version=V`."


def _needs(page: Page) -> str:
    if not page.needs:
        return ""
    rows = [
        (f"`{n.tags}`", _SECTIONS[n.section], n.variation, ", ".join(n.names), n.when) for n in page.needs
    ]  # fmt: skip
    table = _table(("needs", "when it runs", "only with", "name for --adr", "condition"), rows)
    return f"## Dependencies\n\n```mermaid\n{mermaid(page)}```\n\n{table}"


def mermaid(page: Page) -> str:
    """The dependencies as a diagram; dotted arrows for those with a condition."""
    lines = ["flowchart LR", f'  top["{_label(page.alias)}"]']
    for n, need in enumerate(_distinct(page.needs), 1):
        lines.append(f'  d{n}["{_label(need.tags)}"]')
        note = need.variation or ("" if need.section == "deps" else _SECTIONS[need.section])
        arrow = "-.->" if need.when or need.variation else "-->"
        lines.append(f'  top {arrow}|"{_label(note)}"| d{n}' if note else f"  top {arrow} d{n}")
    return "\n".join(lines) + "\n"


def _distinct(needs: Iterable[Need]) -> list[Need]:
    return list({(n.tags, n.section, n.variation): n for n in needs}.values())


def _label(text: str) -> str:
    """Text inside a quoted Mermaid label, where only entities may stand for marks."""
    marks = {"&": "#38;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "#": "#35;", "`": "#96;", "|": "#124;"}
    return "".join(marks.get(c, c if c.isprintable() else " ") for c in text)


def _exports(page: Page) -> str:
    if not page.exports:
        return ""
    return "## Exported variables\n\n" + "\n".join(f"- `{key}`" for key in page.exports)


def _extra(folder: str) -> str:
    for name in _EXTRAS:
        try:
            return read_text(os.path.join(folder, name)).strip()
        except NotFound:
            continue
    return ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows)])


def _cell(text: str) -> str:
    """Text that stays within its cell."""
    return _flat(text).replace("|", "\\|")


def _flat(text: str) -> str:
    """Text of one line that opens no comment."""
    return " ".join(text.split()).replace("<!--", "&lt;!--").replace("-->", "--&gt;")


# -- help ----------------------------------------------------------------------------------------------


def help_pairs(artifact: Artifact) -> list[tuple[str, list[tuple[str, str]]]]:
    """Headings, each with names and texts: what ``--help`` of a script shows."""
    page = page_of(artifact)
    parts: list[tuple[str, list[tuple[str, str]]]] = []
    if page.inputs:
        parts.append(("inputs", [(f"--{i.flag}={i.key or 'VALUE'}", _help_about(i)) for i in page.inputs]))
    for group, lines in page.groups().items():
        title = f"variations, one of group {group}" if group else "variations"
        parts.append((title, [("_" + v.name, _help_variation(v)) for v in lines]))
    if page.versions or page.default_version:
        known = ", ".join(page.versions) or "any"
        default = f" (default {page.default_version})" if page.default_version else ""
        parts.append(("versions", [("--version=V", known + default)]))
    if page.needs:
        parts.append(("needs", [(n.tags, "; ".join(p for p in (n.variation, n.when) if p)) for n in page.needs]))
    if page.exports:
        parts.append(("exports", [(key, "") for key in page.exports]))
    return parts


def _help_about(one: Input) -> str:
    text = _about(one.about, one.choices)
    return (text + f" [{one.default}]" if text else f"[{one.default}]") if one.default else text


def _help_variation(line: VariationLine) -> str:
    if line.alias:
        return f"another name for _{line.alias}"
    parts = ["default"] if line.default else []
    parts += [", ".join(line.sets)] if line.sets else []
    parts += ["with " + ", ".join(line.brings)] if line.brings else []
    return "; ".join(parts)
