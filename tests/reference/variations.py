"""Which variations a request ends up with, read from section 7."""

from __future__ import annotations

import copy
from typing import Any

from tests.reference.text import Dialect, Dict, Refused


def lookup(variations: Dict, name: str) -> tuple[str, str]:
    """(name of the block, suffix): the literal block, else the dynamic one; the split is at the first dot."""
    if name in variations:
        return name, ""
    prefix, dot, suffix = name.partition(".")
    if dot and suffix and prefix + ".#" in variations:
        return prefix + ".#", suffix
    return "", ""


def block(variations: Dict, name: str) -> Dict:
    """The block of a variation with each ``#`` made its suffix (defect 8: a copy in both dialects)."""
    key, suffix = lookup(variations, name)
    if not key:
        raise Refused(1, f"no variation {name}")
    made: Dict = copy.deepcopy(variations[key])
    return dict(with_suffix(made, suffix)) if suffix else made


def with_suffix(value: Any, suffix: str) -> Any:
    if isinstance(value, str):
        return value.replace("#", suffix)
    if isinstance(value, list):
        return [with_suffix(v, suffix) for v in value]
    if isinstance(value, dict):
        return {k: with_suffix(v, suffix) for k, v in value.items()}
    return value


class Chosen:
    """Works out the final list ``v`` of one request."""

    def __init__(self, meta: Dict, requested: list[str], dialect: Dialect) -> None:
        self.meta, self.dialect = meta, dialect
        self.all: Dict = meta.get("variations") or {}
        self.v = list(dict.fromkeys(requested))
        self.explicit = list(self.v)
        self.excluded = {name[1:] for name in requested if name.startswith("-")}
        self.groups: dict[str, list[str]] = {}
        for name, made in self.all.items():
            if made.get("group"):
                self.groups.setdefault(made["group"], []).append(name)
        self.defaults: dict[str, str] = {}
        for group, members in self.groups.items():
            marked = [m for m in members if "default" in self.all[m]]
            if len(marked) > 1:
                raise Refused(1, f"two defaults in {group}")
            if marked:
                self.defaults[group] = marked[0]

    def final(self, more_defaults: list[Dict]) -> list[str]:
        """``more_defaults``: the sources of step 4, in their order (new dialect)."""
        self._aliases()
        default = self.meta.get("default_variation")
        if not self.v and default and default not in self.excluded:
            self.v = [default]
        for source in more_defaults:
            for group, name in source.items():
                if not self._members(group) and name not in self.excluded:
                    self.v.append(name)
        self._closure()
        for group in self.groups:
            if len(self._members(group)) > 1:
                raise Refused(1, f"two members of {group}")
        for group, name in self.defaults.items():
            if not self._members(group) and name not in self.excluded:
                self.v.append(name)
        self._closure()
        for group in self.groups:
            if len(self._members(group)) > 1:
                raise Refused(1, f"two members of {group}")
        self._combinations()
        return self.v

    def _aliases(self) -> None:
        for name in list(self.explicit):
            made = self.all.get(name) or {}
            if "alias" in made:
                target = made["alias"]
                if target in self.excluded or not lookup(self.all, target)[0] or "group" in made or "default" in made:
                    raise Refused(1, f"bad alias {name}")
                if target not in self.v:
                    self.v.append(target)

    def _members(self, group: str) -> list[str]:
        names = self.groups.get(group, [])
        return [name for name in self.v if name[0] not in "-~" and lookup(self.all, name)[0] in names]

    def _closure(self) -> None:
        before = None
        taken = {group for group in self.groups if self._members(group)}  # at the start of this step
        while before != self.v:
            before = list(self.v)
            for name in before:
                if name[0] not in "-~":
                    made = block(self.all, name)
                    self._bases(made)
                    self._defaults_of(made, taken)
            for name in self._satisfied():
                if self.dialect.new:
                    self._bases(self.all[name])
                self._defaults_of(self.all[name], taken)

    def _bases(self, made: Dict) -> None:
        for base in made.get("base") or []:
            if base in self.excluded:
                raise Refused(1, f"base {base} is excluded")
            key = lookup(self.all, base)[0]
            if not key:
                raise Refused(1, f"no base {base}")
            if base in self.v:
                continue
            if self.dialect.new:
                self.v.insert(0, base)
                continue
            if not (key.endswith("#") and any(lookup(self.all, name)[0] == key for name in self.v)):
                self.v.append(base)

    def _defaults_of(self, made: Dict, taken: set[str]) -> None:
        for group, name in (made.get("default_variations") or {}).items():
            if group not in taken and name not in self.excluded and name not in self.v:
                self.v.append(name)

    def _satisfied(self) -> list[str]:
        """Combined variations of whose members each is in V, fewer members first."""
        found = [n for n in self.all if "," in n and all(m in self.v for m in n.split(","))]
        return sorted(found, key=lambda n: n.count(","))

    def combined(self) -> list[Dict]:
        return [self.all[name] for name in self._satisfied()]

    def _combinations(self) -> None:
        have = set(self.v)
        valid = self.meta.get("valid_variation_combinations")
        if valid and not any(set(c) <= have for c in valid):
            raise Refused(1, "not a valid combination")
        if any(set(c) <= have for c in self.meta.get("invalid_variation_combinations") or []):
            raise Refused(1, "an invalid combination")
