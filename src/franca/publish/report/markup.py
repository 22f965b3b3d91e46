"""HTML by functions: every text is escaped here and nowhere else, so nothing can slip past.

``Markup`` is text that is HTML already; plain ``str`` is escaped when it becomes part of an element.
"""

from __future__ import annotations

from html import escape


class Markup(str):
    """HTML that was made by this module."""

    __slots__ = ()


Content = str | Markup
_VOID = frozenset({"meta", "link", "br", "hr", "path", "line", "rect", "circle", "polyline"})


def text(content: Content) -> Markup:
    return content if isinstance(content, Markup) else Markup(escape(content, quote=True))


def tag(name: str, /, *children: Content, **attributes: str | int | float | None) -> Markup:
    """An element. ``class_`` gives ``class``, other underscores become dashes; None leaves one out."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID and not children:
        return Markup(f"<{name}{pairs}/>")
    return Markup(f"<{name}{pairs}>{join(children)}</{name}>")


def join(parts: tuple[Content, ...] | list[Content] | list[Markup], between: str = "") -> Markup:
    return Markup(between.join(text(part) for part in parts))


def table(caption: str, head: list[str], rows: list[list[Content]], **attributes: str) -> Markup:
    """A table whose first cell in each row is its header."""
    header = tag("tr", *(tag("th", cell, scope="col") for cell in head)) if head else Markup("")
    body = [tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows]
    top = tag("thead", header) if head else Markup("")
    inner = tag("table", tag("caption", caption), top, tag("tbody", *body), **attributes)
    # Wide tables scroll inside their own box; the box can be reached by keyboard.
    return tag("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)
