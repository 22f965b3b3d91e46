"""Entries of dependency lists: appending, updating by name, uniting updates (sections 6.4 and 9.3)."""

from __future__ import annotations

import copy
from typing import Any

from tests.reference.text import Dict, merge, unresolved


def words(tags: Any) -> list[str]:
    return [t for t in str(tags or "").split(",") if t]


def append_dep(deps: list[Dict], dep: Dict) -> None:
    """Section 6.4: a dep of the same names, or without names of the same tags, is replaced in place."""
    for n, other in enumerate(deps):
        if dep.get("names"):
            same = set(other.get("names") or []) == set(dep["names"])
        else:
            same = set(words(other.get("tags"))) == set(words(dep.get("tags")))
        if same:
            deps[n] = dep
            return
    deps.append(dep)


CONDITIONS = ("enable_if_env", "skip_if_env", "enable_if_any_env", "skip_if_any_env", "skip_if_fake_run")


def update_dep(dep: Dict, patch: Dict) -> None:
    """Tags appended if missing (unresolved ones dropped), dictionaries merged, lists extended, the rest replaced."""
    patch = {k: v for k, v in patch.items() if k not in CONDITIONS}
    if "tags" in patch:
        have = words(dep.get("tags"))
        have += [t for t in words(patch.pop("tags")) if t not in have and not unresolved(t)]
        dep["tags"] = ",".join(have)
    merge(dep, patch)


def united(first: Dict, second: Dict) -> Dict:
    """Two blocks for one name: tags united, the rest merged, the second wins."""
    out = copy.deepcopy(first)
    merge(out, {k: v for k, v in second.items() if k != "tags"})
    have = words(out.get("tags"))
    have += [t for t in words(second.get("tags")) if t not in have]
    if have:
        out["tags"] = ",".join(have)
    return out
