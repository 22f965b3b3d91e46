"""What a script is for its users, as a record: the source of its README and of its ``--help``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from franca.model.artifact import Artifact
from franca.model.dialect import Dialect
from franca.model.script import tag_words
from franca.planner.deps import LISTS
from franca.planner.guards import GUARD_KEYS, is_true


class Input(msgspec.Struct, frozen=True):
    """A flag of a script. ``default`` is text as it would be typed; empty when there is none."""

    flag: str
    key: str
    about: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    order: int = 0


class VariationLine(msgspec.Struct, frozen=True):
    name: str
    group: str = ""
    default: bool = False
    sets: tuple[str, ...] = ()
    brings: tuple[str, ...] = ()  #: bases, and defaults of other groups
    alias: str = ""


class Need(msgspec.Struct, frozen=True):
    """A dependency. ``when`` is its condition in words; empty when it always runs."""

    tags: str
    section: str
    names: tuple[str, ...] = ()
    when: str = ""
    variation: str = ""  #: the variation or version that adds it; empty for the script itself


class Page(msgspec.Struct, frozen=True):
    alias: str
    uid: str
    tags: tuple[str, ...]
    dialect: Dialect
    about: str = ""
    category: str = ""
    cached: bool = False
    inputs: tuple[Input, ...] = ()
    variations: tuple[VariationLine, ...] = ()
    needs: tuple[Need, ...] = ()
    versions: tuple[str, ...] = ()
    default_version: str = ""
    exports: tuple[str, ...] = ()

    def groups(self) -> dict[str, list[VariationLine]]:
        """Variations by group, those without one first; combinations are left out."""
        found: dict[str, list[VariationLine]] = {"": []}
        for one in self.variations:
            if "," not in one.name:
                found.setdefault(one.group, []).append(one)
        return {group: lines for group, lines in found.items() if lines}


def page_of(artifact: Artifact) -> Page:
    meta = artifact.meta
    return Page(
        alias=artifact.ref.alias,
        uid=artifact.ref.uid,
        tags=artifact.tags,
        dialect=artifact.dialect,
        about=str(meta.get("desc") or meta.get("description") or meta.get("name") or ""),
        category=str(meta.get("category") or ""),
        cached=is_true(meta.get("cache")),
        inputs=_inputs(meta),
        variations=tuple(_variation(str(n), b) for n, b in _map(meta.get("variations")).items()),
        needs=tuple(_needs(meta)),
        versions=tuple(str(v) for v in _map(meta.get("versions"))),
        default_version=str(meta.get("default_version") or ""),
        exports=_exports(meta),
    )


def _inputs(meta: Mapping[str, Any]) -> tuple[Input, ...]:
    """Mapped flags and described ones; the order is that of ``sort``, largest first, then of the meta."""
    mapping = {str(k): str(v) for k, v in _map(meta.get("input_mapping")).items()}
    described = {str(k): v if isinstance(v, dict) else {} for k, v in _map(meta.get("input_description")).items()}
    defaults = _map(meta.get("default_env"))
    found = []
    for flag in dict.fromkeys([*mapping, *described]):
        about, key = described.get(flag, {}), mapping.get(flag, "")
        default = about.get("default", defaults.get(key, ""))
        found.append(
            Input(
                flag,
                key or str(about.get("env_key") or ""),
                str(about.get("desc") or ""),
                "" if default is None else str(default),
                tuple(str(c) for c in _list(about.get("choices"))),
                _whole(about.get("sort")),
            )
        )
    return tuple(sorted(found, key=lambda one: -one.order))


def _variation(name: str, block: Any) -> VariationLine:
    block = _map(block)
    brings = [*tag_words(block.get("base")), *map(str, _map(block.get("default_variations")).values())]
    return VariationLine(
        name,
        str(block.get("group") or ""),
        "default" in block,
        tuple(f"{k}={_short(v)}" for k, v in _map(block.get("env")).items()),
        tuple("_" + b for b in dict.fromkeys(brings)),
        str(block.get("alias") or ""),
    )


def _needs(meta: Mapping[str, Any]) -> list[Need]:
    blocks = [("", meta)]
    blocks += [("_" + str(n), _map(b)) for n, b in _map(meta.get("variations")).items()]
    blocks += [(f"version {v}", _map(b)) for v, b in _map(meta.get("versions")).items()]
    found = []
    for source, block in blocks:
        for section in LISTS:
            for entry in _list(block.get(section)):
                if isinstance(entry, dict) and entry.get("tags"):
                    tags = ",".join(tag_words(entry["tags"]))
                    found.append(Need(tags, section, tag_words(entry.get("names")), _when(entry), source))
    return found


_WORDS = {
    "enable_if_env": "if", "enable_if_any_env": "if any of",
    "skip_if_env": "unless", "skip_if_any_env": "unless any of",
}  # fmt: skip


def _when(entry: Mapping[str, Any]) -> str:
    parts = []
    for form in GUARD_KEYS:
        conditions = _map(entry.get(form))
        if conditions:
            joint = " or " if "any" in form else " and "
            parts.append(f"{_WORDS[form]} " + joint.join(f"{k} is {_values(v)}" for k, v in conditions.items()))
    return "; ".join(parts)


def _values(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return " or ".join(str(v) if str(v) else "empty" for v in values)


def _exports(meta: Mapping[str, Any]) -> tuple[str, ...]:
    blocks = [meta, *map(_map, _map(meta.get("variations")).values()), *map(_map, _map(meta.get("versions")).values())]
    return tuple(dict.fromkeys(str(k) for b in blocks for k in _list(b.get("new_env_keys"))))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, int) or str(value).isdecimal() else 0


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _map(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
