"""The rules about a script's meta: keys, forms, variations, dependencies, variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from franca.authoring.findings import Finding
from franca.authoring.sources import Key, Source, World, code_of, covers
from franca.authoring.vocabulary import (
    CONDITIONAL,
    DEP,
    GENERIC_INPUTS,
    INPUT,
    LIST,
    MAP,
    PATCH,
    TOP,
    VARIATION,
    VERSION,
    misspelt,
)
from franca.grammar.suggest import closest, closest_tags
from franca.model.dialect import CLASSIC, NEW
from franca.model.ids import is_uid
from franca.model.script import Script, tag_words
from franca.model.tags import ScriptQuery
from franca.planner.deps import LISTS
from franca.planner.variations import Variations

#: The beginning of a variable's name that code completes: f"CM_X_{part}".
_BEGUN = re.compile(r"\b([A-Z]+_[A-Z0-9_]*)\{")
_PATCH_KEYS = ("ad", "add_deps", "adr", "add_deps_recursive")
_OTHER_PREFIX = {"classic": NEW.prefix, "new": CLASSIC.prefix}


class MetaLint:
    """One script against the rules. ``world`` holds every script that its dependencies may mean."""

    def __init__(self, source: Source, world: World) -> None:
        self.source, self.world, self.meta = source, world, source.meta
        self.table = Variations(
            {str(n): b for n, b in source.variations.items() if isinstance(b, dict) or b is None}, script=source.alias
        )

    def findings(self) -> Iterator[Finding]:
        yield from self.identity()
        yield from self.keys(self.meta, (), TOP)
        yield from self.inputs()
        for key, block in self.blocks():
            yield from self.block(key, block)
        yield from self.variations()
        yield from self.patch_names()
        yield from self.never_set()

    def found(self, rule: str, key: Key, message: str, hint: str = "") -> Finding:
        where = self.source.where(key)
        return Finding(rule, where.path, where.line, where.column, message, hint, self.source.alias)

    # -- identity ---------------------------------------------------------------------------------

    def identity(self) -> Iterator[Finding]:
        uid = str(self.meta.get("uid") or "")
        if not is_uid(uid):
            yield self.found("identity", ("uid",), f"uid {uid!r} is not 16 hexadecimal digits")
        if not self.meta.get("alias"):
            yield self.found("identity", (), "there is no alias")
        tags = self.meta.get("tags")
        if not tags:
            yield self.found("identity", ("tags",), "there are no tags: the script can only be called by name")
        elif not isinstance(tags, (list, str)):
            yield self.found("wrong-form", ("tags",), "tags must be a list")

    # -- keys and forms ----------------------------------------------------------------------------

    def blocks(self) -> Iterator[tuple[Key, Mapping[str, Any]]]:
        """The script itself, its variations and its versions, and the conditional blocks of each."""
        yield (), self.meta
        for name in ("variations", "versions"):
            table = self.meta.get(name)
            for key, block in table.items() if isinstance(table, dict) else ():
                if isinstance(block, dict):
                    yield (name, str(key)), block
                elif block is not None:
                    yield (name, str(key)), {}

    def block(self, key: Key, block: Mapping[str, Any]) -> Iterator[Finding]:
        if key:
            yield from self.keys(block, key, VARIATION if key[0] == "variations" else VERSION)
        for n, conditional in enumerate(_dicts(block.get("update_meta_if_env"))):
            yield from self.keys(conditional, (*key, "update_meta_if_env", str(n)), CONDITIONAL)
        for name in LISTS:
            for n, entry in enumerate(_listed(block.get(name))):
                yield from self.dependency((*key, name, str(n)), entry)
        for name in _PATCH_KEYS:
            for dep, patch in _items(block.get(name)):
                if isinstance(patch, dict):
                    yield from self.misspelt_only(patch, (*key, name, dep), PATCH)
                    yield from self.patch_tags(patch, (*key, name, dep), dep)
        yield from self.prefixes(block, key)

    def keys(self, block: Mapping[str, Any], at: Key, known: dict[str, str]) -> Iterator[Finding]:
        for name in map(str, block):
            where = (*at, name)
            if name in known:
                yield from self.form(block[name], where, known[name])
            elif meant := misspelt(name, known):
                yield self.found("misspelt-key", where, f"nothing reads {name!r}", f"is {meant} meant?")
            elif not at or known is not TOP:
                yield self.found("unknown-key", where, f"nothing reads {name!r}")

    def misspelt_only(self, block: Mapping[str, Any], at: Key, known: dict[str, str]) -> Iterator[Finding]:
        for name in map(str, block):
            if meant := misspelt(name, known):
                yield self.found("misspelt-key", (*at, name), f"nothing reads {name!r}", f"is {meant} meant?")

    def form(self, value: Any, at: Key, form: str) -> Iterator[Finding]:
        wrong = value is not None and (
            (form == MAP and not isinstance(value, dict)) or (form == LIST and not isinstance(value, (list, str)))
        )
        if wrong:
            yield self.found("wrong-form", at, f"{at[-1]} takes {form}, not {_kind(value)}")

    def inputs(self) -> Iterator[Finding]:
        for name, about in _items(self.meta.get("input_description")):
            if isinstance(about, dict):
                yield from self.keys(about, ("input_description", name), INPUT)

    def prefixes(self, block: Mapping[str, Any], at: Key) -> Iterator[Finding]:
        """Variables of the other dialect: this dialect's engine and scripts never look at them."""
        other = _OTHER_PREFIX[self.source.dialect.name]
        for name in ("env", "default_env", "const", "input_mapping"):
            for key, value in _items(block.get(name)):
                variable = str(value) if name == "input_mapping" else key
                if variable.startswith(other):
                    yield self.found("wrong-prefix", (*at, name, key), f"{variable} belongs to the other dialect")
        for n, key in enumerate(map(str, _listed(block.get("new_env_keys")))):
            if key.startswith(other):
                yield self.found("wrong-prefix", (*at, "new_env_keys", str(n)), f"{key} belongs to the other dialect")

    # -- dependencies ------------------------------------------------------------------------------

    def dependency(self, at: Key, entry: Any) -> Iterator[Finding]:
        if not isinstance(entry, dict):
            yield self.found("wrong-form", at, f"a dependency is a mapping with tags, not {_kind(entry)}")
            return
        if not entry.get("tags"):
            yield self.found("unknown-tags", at, "a dependency without tags is never visited")
        targets = self.targets(entry.get("tags"))
        for name in map(str, entry):
            yield from self.dependency_key(at, name, entry, targets)
        yield from self.dependency_tags(at, entry.get("tags"), targets)

    def dependency_key(self, at: Key, name: str, entry: Mapping[str, Any], targets: list[Script]) -> Iterator[Finding]:
        where = (*at, name)
        if name in DEP:
            yield from self.form(entry[name], where, DEP[name])
            return
        mapped = {str(k) for t in targets for k in _mapped(t)}
        if name in GENERIC_INPUTS or name in mapped:
            return
        if meant := misspelt(name, DEP):
            yield self.found("misspelt-key", where, f"nothing reads {name!r} of a dependency", f"is {meant} meant?")
        elif targets and not any(t.has_hooks for t in targets):
            near = closest(name, mapped, limit=1)
            hint = f"is {near[0]} meant?" if near else ""
            yield self.found("unknown-key", where, f"{targets[0].alias} has no input {name!r}", hint)

    def targets(self, tags: Any) -> list[Script]:
        query = _static(tags)
        return self.world.answers(self.source.dialect, query.tags.include, query.tags.exclude)

    def dependency_tags(self, at: Key, tags: Any, targets: list[Script]) -> Iterator[Finding]:
        query, at = _static(tags), (*at, "tags")
        if not query.tags.include:
            return
        if not targets:
            known = self.world.tags.get(self.source.dialect.name, set())
            near_tags = closest_tags(query.tags.include, known)
            hint = f"closest: {near_tags}" if near_tags else ""
            yield self.found("unknown-tags", at, f"no script has the tags {','.join(query.tags.include)}", hint)
            return
        for name in (*query.variations, *query.excluded_variations):
            if not any(_has(target, name) for target in targets):
                known_names = [str(v) for t in targets for v in t.variations]
                near = list(closest(name, known_names, limit=1))
                hint = f"closest: _{near[0]}" if near else ""
                yield self.found("unknown-variation", at, f"{targets[0].alias} has no variation _{name}", hint)

    # -- variations --------------------------------------------------------------------------------

    def variations(self) -> Iterator[Finding]:
        groups = self.table.groups()
        for group, members in groups.items():
            defaults = [m for m in members if "default" in self.table.table[m]]
            if len(defaults) > 1:
                yield self.found(
                    "unknown-group",
                    ("variations", defaults[1], "default"),
                    f"group {group} has more than one default: {', '.join('_' + d for d in defaults)}",
                )
        for name, block in self.table.table.items():
            yield from self.variation(name, block, groups)
        yield from self.defaults(("default_variations",), self.meta.get("default_variations"), groups)
        default = self.meta.get("default_variation")
        if default and not self.table.key(str(default)):
            yield self.missing(("default_variation",), str(default))
        for form in ("valid_variation_combinations", "invalid_variation_combinations"):
            for n, combination in enumerate(_listed(self.meta.get(form))):
                for member in combination if isinstance(combination, list) else ():
                    if not self.table.key(str(member)):
                        yield self.missing((form, str(n)), str(member))

    def variation(self, name: str, block: Mapping[str, Any], groups: Mapping[str, list[str]]) -> Iterator[Finding]:
        at = ("variations", name)
        for base in tag_words(block.get("base")):
            if "#" not in base and not self.table.key(base):
                yield self.missing((*at, "base"), base)
        alias = str(block.get("alias") or "")
        if alias and not self.table.key(alias):
            yield self.missing((*at, "alias"), alias)
        if alias and ("group" in block or "default" in block):
            yield self.found("wrong-form", at, f"_{name} is another name for _{alias} and may have no group or default")
        if "," in name:
            for member in (m.strip() for m in name.split(",")):
                if not self.table.key(member) and member not in self.table.table:
                    yield self.missing(at, member, "a combination with it is never applied")
        if isinstance(block.get("default_variations"), dict):
            yield from self.defaults((*at, "default_variations"), block["default_variations"], groups)

    def defaults(self, at: Key, table: Any, groups: Mapping[str, list[str]]) -> Iterator[Finding]:
        for group, name in _items(table):
            name = str(name)
            if group not in groups:
                near = closest(group, groups, limit=1)
                hint = f"closest: {near[0]}" if near else ""
                yield self.found("unknown-group", (*at, group), f"no variation has the group {group!r}", hint)
            elif "#" in name:
                continue
            elif not self.table.key(name):
                yield self.missing((*at, group), name)
            elif self.table.group(name) != group:
                other = self.table.group(name) or "none"
                yield self.found("unknown-group", (*at, group), f"_{name} is of the group {other}, not {group}")

    def missing(self, at: Key, name: str, so: str = "") -> Finding:
        near = closest(name, [n for n in self.table.table if "," not in n], limit=1)
        hint = f"closest: _{near[0]}" if near else ""
        return self.found("unknown-variation", at, f"there is no variation _{name}" + (f": {so}" if so else ""), hint)

    # -- names and variables -----------------------------------------------------------------------

    def patch_names(self) -> Iterator[Finding]:
        """``ad`` must name a dependency of this script; ``adr`` one of it or of anything below."""
        own = {name for _, entry in self.entries() for name in tag_words(entry.get("names"))}
        for key, block in self.blocks():
            for form in ("ad", "add_deps"):
                for name, patch in _items(block.get(form)):
                    if name not in own and isinstance(patch, dict):
                        near = closest(name, own, limit=1)
                        hint = f"closest: {near[0]}" if near else ""
                        message = f"no dependency of this script is named {name!r}"
                        yield self.found("unknown-name", (*key, form, name), message, hint)

    def patch_tags(self, patch: Mapping[str, Any], at: Key, name: str) -> Iterator[Finding]:
        """Variations that a patch adds must exist in the dependency that it is for."""
        targets = [
            t for _, e in self.entries() if name in tag_words(e.get("names")) for t in self.targets(e.get("tags"))
        ]
        query = _static(patch.get("tags"))
        for variation in query.variations if targets else ():
            if not any(_has(target, variation) for target in targets):
                near = closest(variation, [str(v) for t in targets for v in t.variations], limit=1)
                hint = f"closest: _{near[0]}" if near else ""
                message = f"{targets[0].alias} has no variation _{variation}"
                yield self.found("unknown-variation", (*at, "tags"), message, hint)

    def entries(self) -> Iterator[tuple[Key, Mapping[str, Any]]]:
        for key, block in self.blocks():
            for name in LISTS:
                for n, entry in enumerate(_dicts(block.get(name))):
                    yield (*key, name, str(n)), entry

    def never_set(self) -> Iterator[Finding]:
        """Exported variables that neither the meta nor the code mentions and no dependency exports."""
        code = "\n".join(code_of(self.source).values())
        given = [k for _, e in self.entries() for k in self.world.exports(self.targets(e.get("tags")))]
        known, begun = self.mentioned(), tuple(_BEGUN.findall(code))
        for key, block in self.blocks():
            for n, exported in enumerate(map(str, _listed(block.get("new_env_keys")))):
                stem = exported.rstrip("*?").lstrip("+")
                if "<<<" in exported or not stem or any(c in stem for c in "*?[#"):
                    continue
                if (
                    stem in code
                    or stem.startswith(begun)
                    or any(stem in text for text in known)
                    or any(covers(g, exported) for g in given)
                ):
                    continue
                at = (*key, "new_env_keys", str(n))
                yield self.found("never-set", at, f"{exported} is exported, and nothing here sets it")

    def mentioned(self) -> set[str]:
        """Every variable that the meta sets, and every text in it other than the lists of exports."""
        found: set[str] = set()
        for _, block in self.blocks():
            for name, value in block.items():
                if name not in ("new_env_keys", "new_state_keys", "print_env_at_the_end", "deps_names"):
                    _texts(value, found)
        return found


def _texts(value: Any, found: set[str]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("new_env_keys", "new_state_keys"):
                continue
            found.add(str(key))
            _texts(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _texts(inner, found)
    elif isinstance(value, str):
        found.add(value)


def _static(tags: Any) -> ScriptQuery:
    """The words of a tag list that do not depend on variables."""
    return ScriptQuery.parse([t for t in tag_words(tags) if "<<<" not in t and "#" not in t])


def _has(script: Script, name: str) -> bool:
    return bool(Variations(script.variations, script=script.alias).key(name))


def _mapped(script: Script) -> list[str]:
    blocks = [script.meta, *(b for b in script.variations.values() if isinstance(b, dict))]
    names = [str(k) for b in blocks for k, _ in _items(b.get("input_mapping"))]
    return [*names, *(k for k, _ in _items(script.meta.get("input_description")))]


def _items(value: Any) -> list[tuple[str, Any]]:
    return [(str(k), v) for k, v in value.items()] if isinstance(value, dict) else []


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [v for v in _listed(value) if isinstance(v, dict)]


def _kind(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "yes or no", type(None): "nothing"}
    return names.get(type(value), "a number")
