"""Tags and tag queries."""

from __future__ import annotations

from franca.model.light import TYPE_CHECKING
from franca.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable


def split_tags(tags: str | Iterable[object] | None) -> tuple[str, ...]:
    """Tags from a comma string or a list: trimmed, empty items dropped, order and repeats kept."""
    if tags is None:
        return ()
    items = tags.split(",") if isinstance(tags, str) else [str(t) for t in tags]
    return tuple(t for t in (item.strip() for item in items) if t)


class TagQuery(Record):
    """What tags a thing must have and must not have (``a,b,-c``; CM core, section 5.2)."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @classmethod
    def parse(cls, tags: str | Iterable[object] | None) -> TagQuery:
        words = split_tags(tags)
        return cls(
            tuple(t for t in words if not t.startswith("-")),
            tuple(t[1:] for t in words if t.startswith("-") and len(t) > 1),
        )

    def __bool__(self) -> bool:
        return bool(self.include or self.exclude)

    def __str__(self) -> str:
        return ",".join([*self.include, *("-" + t for t in self.exclude)])

    def matches(self, tags: Iterable[str]) -> bool:
        have = tags if isinstance(tags, (set, frozenset)) else set(tags)
        return have.issuperset(self.include) and have.isdisjoint(self.exclude)


class ScriptQuery(Record):
    """A script request: its tags and its variations, wanted and excluded.

    In a tag string ``_x`` is the variation ``x``, ``-_x`` an excluded variation and ``-t`` an
    excluded script tag (script engine, section 3.1).
    """

    tags: TagQuery = TagQuery()
    variations: tuple[str, ...] = ()
    excluded_variations: tuple[str, ...] = ()

    @classmethod
    def parse(cls, tags: str | Iterable[object] | None) -> ScriptQuery:
        include, exclude, variations, excluded = [], [], [], []
        for tag in split_tags(tags):
            if tag.startswith("_"):
                variations.append(tag[1:])
            elif tag.startswith(("-_", "_-")):
                excluded.append(tag[2:])
            elif tag.startswith("-"):
                exclude.append(tag[1:])
            else:
                include.append(tag)
        excluded += [v[1:] for v in variations if v.startswith("-")]
        return cls(
            TagQuery(tuple(include), tuple(exclude)),
            tuple(v for v in variations if not v.startswith("-")),
            tuple(excluded),
        )

    def words(self) -> tuple[str, ...]:
        """Back to the words of a tag string, in canonical order."""
        return (
            *self.tags.include,
            *("-" + t for t in self.tags.exclude),
            *("_" + v for v in self.variations),
            *("-_" + v for v in self.excluded_variations),
        )

    def __str__(self) -> str:
        return ",".join(self.words())
