"""From requested variations to the final list, and the blocks that they stand for (section 7)."""

from __future__ import annotations

from franca.errors import Conflict, VariationNotFound
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Block = Mapping[str, Any]


class Variations:
    """The variations of one script, looked up by name, dynamic ones (``p.#``) included."""

    def __init__(self, table: Mapping[str, Any], *, script: str) -> None:
        self.table: dict[str, Block] = {str(name): block or {} for name, block in table.items()}
        self.script = script

    def key(self, name: str) -> str:
        """The name under which ``name`` is defined; "" when the script lacks it."""
        if name in self.table:
            return name
        stem, dot, suffix = name.partition(".")
        dynamic = f"{stem}.#"
        return dynamic if dot and suffix and dynamic in self.table else ""

    def block(self, name: str) -> Block:
        """The block of ``name`` with ``#`` replaced by its suffix. Raises VariationNotFound."""
        key = self.key(name)
        if not key:
            raise self.missing(name)
        block = self.table[key]
        if key == name:
            return block
        filled: Block = _fill(block, name.partition(".")[2])
        return filled

    def missing(self, name: str) -> VariationNotFound:
        shown = ", ".join("_" + n for n in sorted(self.table) if "," not in n) or "none"
        return VariationNotFound(
            f"script {self.script} has no variation _{name} (available: {shown})",
            hint="see them with: franca show script " + self.script,
        )

    def group(self, name: str) -> str:
        return str(self.table.get(self.key(name), {}).get("group", "") or "")

    def groups(self) -> dict[str, list[str]]:
        """Members of each group, in the order of the meta."""
        found: dict[str, list[str]] = {}
        for name, block in self.table.items():
            if block.get("group"):
                found.setdefault(str(block["group"]), []).append(name)
        return found

    def combined(self, selected: Sequence[str], *, dynamic: bool) -> Iterator[tuple[str, Block]]:
        """Combined variations (``a,b``) whose members are all selected, fewest members first."""
        chosen = set(selected)
        candidates = sorted(
            ((name, name.split(",")) for name in self.table if "," in name), key=lambda pair: len(pair[1])
        )
        for name, members in candidates:
            suffix = _satisfied(members, chosen, dynamic=dynamic)
            if suffix is not None:
                yield name, _fill(self.table[name], suffix) if suffix else self.table[name]


def _satisfied(members: Sequence[str], chosen: set[str], *, dynamic: bool) -> str | None:
    """None when a member is not chosen; else the suffix of the one dynamic member ("" if none)."""
    suffix = ""
    for member in (m.strip() for m in members):
        if member in chosen:
            continue
        if not (dynamic and member.endswith(".#")):
            return None
        found = [c for c in chosen if c.startswith(member[:-1]) and len(c) > len(member) - 1]
        if not found:
            return None
        suffix = found[0][len(member) - 1 :]
    return suffix


def _fill(value: Any, suffix: str) -> Any:
    """``value`` with every ``#`` in its strings replaced by ``suffix``; the original stays as it is."""
    if isinstance(value, str):
        return value.replace("#", suffix)
    if isinstance(value, list):
        return [_fill(item, suffix) for item in value]
    if isinstance(value, dict):
        return {key: _fill(item, suffix) for key, item in value.items()}
    return value


def close(
    variations: Variations,
    requested: Sequence[str],
    excluded: Sequence[str],
    *,
    new: bool,
    default_variation: str = "",
    group_defaults: Sequence[Mapping[str, str]] = (),
) -> tuple[str, ...]:
    """The final list of variations, in the order in which they apply.

    Args:
        requested: as written, in command order.
        excluded: names that must not be selected.
        new: rules of the new dialect (bases go to the front, combined ones bring bases).
        default_variation: meta key of that name, used when nothing was requested.
        group_defaults: ``default_variations`` mappings from the meta and the version, in order.

    Raises:
        VariationNotFound: an unknown name.
        Conflict: exclusion of a base, two members of one group, a forbidden combination.
    """
    barred = set(excluded)
    chosen = _with_aliases(variations, list(dict.fromkeys(requested)), barred)
    if default_variation and not requested and not excluded:
        chosen = [_own(variations, default_variation, "the default variation")]
    for defaults in group_defaults if new else ():
        _add_group_defaults(variations, chosen, defaults, barred, list(chosen))
    chosen = _grow(variations, chosen, barred, new)
    for group, members in variations.groups().items():
        if _members(variations, chosen, group):
            continue
        default = next((m for m in members if "default" in variations.table[m]), "")
        if default and default not in barred:
            chosen.append(default)
    chosen = _grow(variations, chosen, barred, new)
    _check_groups(variations, chosen)
    return tuple(chosen)


def _own(variations: Variations, name: str, role: str) -> str:
    """A variation that the script itself names; one that it lacks is its own fault, not the caller's."""
    if not variations.key(name):
        raise Conflict(f"{role} of {variations.script} is _{name}, which it does not have")
    return name


def _with_aliases(variations: Variations, requested: list[str], barred: set[str]) -> list[str]:
    chosen = list(requested)
    for name in requested:
        block = variations.block(name)
        target = str(block.get("alias") or "")
        if not target:
            continue
        if "group" in block or "default" in block:
            raise Conflict(f"variation _{name} of {variations.script} is an alias and may not have a group or default")
        if target in barred:
            raise Conflict(f"variation _{name} of {variations.script} stands for _{target}, which is excluded")
        if not variations.key(target):
            raise variations.missing(target)
        if target not in chosen:
            chosen.append(target)
    return chosen


def _grow(variations: Variations, start: list[str], barred: set[str], new: bool) -> list[str]:
    """Step 5: add bases and group defaults of what is selected until nothing changes."""
    chosen = list(start)
    at_start = list(start)
    while True:
        before = list(chosen)
        for name in before:
            if name.startswith(("-", "~")):
                continue
            block = variations.block(name)
            _add_bases(variations, chosen, name, block, barred, new)
            _add_group_defaults(variations, chosen, block.get("default_variations") or {}, barred, at_start)
        for name, block in list(variations.combined(chosen, dynamic=new)):
            if new:
                _add_bases(variations, chosen, name, block, barred, new)
            _add_group_defaults(variations, chosen, block.get("default_variations") or {}, barred, at_start)
        if chosen == before:
            return chosen


def _add_bases(variations: Variations, chosen: list[str], name: str, block: Block, barred: set[str], new: bool) -> None:
    bases = block.get("base") or []
    fresh = []
    for base in [bases] if isinstance(bases, str) else bases:
        base = str(base)
        if base in barred:
            raise Conflict(f"variation _{base} of {variations.script} is excluded but is a base of _{name}")
        key = variations.key(_own(variations, base, f"a base of _{name}"))
        if base in chosen or base in fresh:
            continue
        if not new and key.endswith(".#") and any(c.startswith(key[:-1]) for c in chosen):
            continue
        fresh.append(base)
    if new:
        chosen[:0] = fresh
    else:
        chosen.extend(fresh)


def _add_group_defaults(
    variations: Variations,
    chosen: list[str],
    defaults: Mapping[str, str],
    barred: set[str],
    at_start: list[str],
) -> None:
    for group, name in defaults.items():
        name = str(name)
        if name in barred or name in chosen or _members(variations, at_start, str(group)):
            continue
        chosen.append(name)


def _members(variations: Variations, chosen: Sequence[str], group: str) -> list[str]:
    return [name for name in chosen if variations.group(name) == group]


def _check_groups(variations: Variations, chosen: Sequence[str]) -> None:
    for group in variations.groups():
        members = _members(variations, chosen, group)
        if len(members) > 1:
            listed = ", ".join("_" + m for m in members)
            raise Conflict(
                f"script {variations.script}: only one variation of group {group!r} may be selected, not {listed}"
            )


def check_combinations(meta: Mapping[str, Any], chosen: Sequence[str], script: str) -> None:
    """``valid_`` and ``invalid_variation_combinations`` of the meta (section 7, step 7)."""
    have = set(chosen)
    valid = meta.get("valid_variation_combinations") or []
    if valid and not any(have.issuperset(c) for c in valid):
        listed = "; ".join("+".join("_" + str(v) for v in c) for c in valid)
        raise Conflict(f"script {script}: variations {_show(chosen)} fit none of the valid combinations: {listed}")
    for combination in meta.get("invalid_variation_combinations") or []:
        if have.issuperset(combination):
            bad = "+".join("_" + str(v) for v in combination)
            raise Conflict(f"script {script}: variations {bad} exclude each other")


def _show(chosen: Sequence[str]) -> str:
    return ", ".join("_" + c for c in chosen) or "(none)"
