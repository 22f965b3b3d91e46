"""Dependency entries: how lists grow, how callers update them, how one becomes a request (section 9)."""

from __future__ import annotations

from franca.errors import UsageError
from franca.grammar.merge import merge
from franca.grammar.substitution import expand, unresolved
from franca.model.dialect import Dialect
from franca.model.light import TYPE_CHECKING, Any
from franca.model.patterns import matches
from franca.model.record import Record
from franca.model.script import Request, Resolved, Scope, Script, tag_words
from franca.model.tags import split_tags
from franca.planner.guards import GUARD_KEYS, decide, is_true
from franca.planner.request import request_from
from franca.planner.variations import Variations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Entry = dict[str, Any]
LISTS = ("deps", "prehook_deps", "posthook_deps", "post_deps")

#: Keys of an entry that the engine itself reads; every other key is an input of the dependency.
_OWN_KEYS = frozenset((
    "tags", "names", "env", "state", "const", "const_state", "force_env_keys", "reuse_version", "dynamic",
    "update_tags_from_env", "update_tags_from_env_with_prefix", "update_tags_if_env", "update_meta_if_env",
    "inherit_variation_tags", "skip_inherit_variation_groups", "skip_if_fake_run", "continue_on_error",
    "inherit_cache_expiration", "ad", "adr", "add_deps", "add_deps_recursive", *GUARD_KEYS,
))  # fmt: skip

#: Withheld from dependencies and put back after them (section 6.5), without prefix.
_LOCAL_NAMES = (
    "VERSION", "VERSION_MIN", "VERSION_MAX", "VERSION_MAX_USABLE", "DETECTED_VERSION",
    "INPUT", "OUTPUT", "OUTBASENAME", "OUTDIRNAME", "NAME", "EXTRA_CACHE_TAGS", "RENEW_CACHE_ENTRY",
)  # fmt: skip
_LOCAL_GLOBS = ("TMP_*", "GIT_*")


def append_dep(entries: Sequence[Entry], fresh: Entry) -> list[Entry]:
    """Add an entry to a list: one with the same names, or without names the same tags, is replaced."""
    names = set(_words(fresh.get("names")))
    out = list(entries)
    for index, old in enumerate(out):
        if names:
            same = set(_words(old.get("names"))) == names
        else:
            same = set(tag_words(old.get("tags"))) == set(tag_words(fresh.get("tags")))
        if same:
            out[index] = fresh
            return out
    return [*out, fresh]


def update_deps(
    entries: Sequence[Entry], patches: Mapping[str, Any], env: Mapping[str, Any], *, dialect: Dialect
) -> tuple[list[Entry], set[str]]:
    """Apply named patches (``ad``/``adr``) to a list; returns it with the names that matched."""
    out, matched = list(entries), set()
    for name, patch in patches.items():
        for index, entry in enumerate(out):
            if name not in _words(entry.get("names")):
                continue
            matched.add(name)
            if isinstance(patch, dict) and decide(patch, env, new=dialect.is_new).applies:
                out[index] = patched(entry, patch, env, dialect=dialect)
    return out, matched


def patched(entry: Entry, patch: Mapping[str, Any], env: Mapping[str, Any], *, dialect: Dialect) -> Entry:
    """One entry with a patch applied: tags appended, dictionaries merged, lists extended, the rest replaced."""
    out = dict(entry)
    for key, value in patch.items():
        if key in GUARD_KEYS:
            continue
        value = expand(value, env)
        old = out.get(key)
        if key == "tags":
            fresh = [t for t in tag_words(value) if not unresolved(t)]
            out[key] = ",".join(dict.fromkeys([*tag_words(old), *fresh]))
        elif isinstance(old, dict) and isinstance(value, dict):
            out[key] = merge(old, value, nested_unique=dialect.is_new)
        elif isinstance(old, list):
            extra = value if isinstance(value, list) else [value]
            out[key] = [*old, *(v for v in extra if v not in old)]
        else:
            out[key] = value
    return out


def merge_patches(a: Mapping[str, Any], b: Mapping[str, Any], *, dialect: Dialect) -> Entry:
    """Two ``adr`` mappings as one: ``b`` is stronger, tags of the same name are united."""
    out = merge(a, b, nested_unique=dialect.is_new)
    for name, patch in b.items():
        first = a.get(name)
        if isinstance(patch, dict) and isinstance(first, dict) and "tags" in patch and "tags" in first:
            united = dict.fromkeys([*tag_words(first["tags"]), *tag_words(patch["tags"])])
            out[name] = {**out[name], "tags": ",".join(united)}
    return out


def withheld(env: Mapping[str, Any], extra: Iterable[str], *, dialect: Dialect) -> Entry:
    """The part of ``env`` that dependencies do not see: local, temporary and unresolved keys."""
    exact = {dialect.key(n) for n in _LOCAL_NAMES} | set(extra)
    if dialect.is_new:
        exact.add(dialect.key("SEARCH_FOLDER_PATH"))
    globs = tuple(dialect.key(g[:-1]) for g in _LOCAL_GLOBS)
    patterns = [e for e in exact if "*" in e or "?" in e]
    return {
        key: value
        for key, value in env.items()
        if key in exact
        or key.startswith(globs)
        or (isinstance(value, (str, list)) and unresolved(value))
        or any(matches(key, p) for p in patterns)
    }


class Dependency(Record):
    """A dependency entry made ready: its request, and what is known about the tags it was given."""

    request: Request
    label: str
    entry: Entry
    unknown_tags: tuple[str, ...] = ()  #: variables that would add tags but are not known yet


def prepare(
    entry: Entry,
    *,
    caller: Script,
    parent: Request,
    resolved: Resolved,
    scope: Scope,
    hidden: Mapping[str, Any],
    unknown: Iterable[str] = (),
) -> Dependency:
    """Steps 2 to 9 of section 9.2: from an entry and the caller's live scope to a request.

    ``hidden`` are the caller's variables that the dependency must not see, unless it lifts that itself.
    """
    dialect = caller.dialect
    env = scope.env
    own_env = _own_env(dict(entry.get("env") or {}), env)
    if dialect.is_new:
        entry, own_env = _apply_meta_if_env(entry, own_env, env, dialect)
    visible = _visible_env(entry, env, hidden, dialect)
    tags = list(tag_words(entry.get("tags")))
    missing: list[str] = []
    tags += _prefixed_tags(entry, own_env, env, dialect, set(unknown), missing)
    tags += _env_tags(entry, env, dialect, set(unknown), missing)
    tags += _inherited_tags(entry, tags, resolved, caller, parent)
    if dialect.is_new:
        tags = [t for text in tags for t in split_tags(expand(text, env))]
    local = Scope(
        env=own_env,
        state=entry.get("state") or {},
        const=entry.get("const") or {},
        const_state=entry.get("const_state") or {},
    )
    inputs = {k: v for k, v in entry.items() if k not in _OWN_KEYS}
    inputs = expand(inputs, env)
    inputs["tags"] = ",".join(tags)
    _inherit_flags(inputs, parent, entry, resolved)
    adr = dict(resolved.adr)
    own_adr = merge_patches(entry.get("add_deps_recursive") or {}, entry.get("adr") or {}, dialect=dialect)
    if own_adr:
        adr = merge_patches(adr, own_adr, dialect=dialect)
    request = request_from(
        inputs,
        scope=Scope(visible, scope.state, dict(scope.const), dict(scope.const_state)),
        local=local,
        ad=merge(entry.get("add_deps") or {}, entry.get("ad") or {}),
        adr=adr,
        caller=caller,
        parent=f"{caller} ( {resolved.variation_string} )",
    )
    return Dependency(request, str(request.query), entry, tuple(missing))


def _own_env(own: Entry, env: Mapping[str, Any]) -> Entry:
    """The entry's ``env`` with placeholders from itself first, then from the caller.

    A key that names itself means the caller's value.
    """
    out = dict(own)
    for _ in own:
        waiting = [key for key, value in out.items() if unresolved(value)]
        for key in waiting:
            out[key] = expand(out[key], {**env, **{k: v for k, v in out.items() if k != key}})
        if not waiting:
            break
    return out


def _visible_env(entry: Entry, env: Mapping[str, Any], hidden: Mapping[str, Any], dialect: Dialect) -> Entry:
    visible = {k: v for k, v in env.items() if k not in hidden}
    forced = list(_words(entry.get("force_env_keys")))
    if is_true(entry.get("reuse_version")):
        forced.append(dialect.key("VERSION*"))
    for key, value in hidden.items():
        if any(matches(key, pattern) for pattern in forced):
            visible[key] = value
    return visible


def _apply_meta_if_env(entry: Entry, own_env: Entry, env: Mapping[str, Any], dialect: Dialect) -> tuple[Entry, Entry]:
    for block in entry.get("update_meta_if_env") or []:
        if decide(block, {**env, **own_env}, new=True).applies:
            entry = patched(entry, {k: v for k, v in block.items() if k != "env"}, env, dialect=dialect)
            own_env = merge(own_env, expand(dict(block.get("env") or {}), env), nested_unique=True)
    return entry, own_env


def _prefixed_tags(
    entry: Entry,
    own: Mapping[str, Any],
    env: Mapping[str, Any],
    dialect: Dialect,
    unknown: set[str],
    missing: list[str],
) -> list[str]:
    out: list[str] = []
    for prefix, keys in (entry.get("update_tags_from_env_with_prefix") or {}).items():
        for key in _words(keys):
            value = own.get(key) or env.get(key)
            if not value:
                if key in unknown:
                    missing.append(key)
                continue
            values = value if isinstance(value, list) and dialect.is_new else [value]
            out += [f"{prefix}{v}" for v in values if not unresolved(v)]
    return out


def _env_tags(
    entry: Entry, env: Mapping[str, Any], dialect: Dialect, unknown: set[str], missing: list[str]
) -> list[str]:
    out: list[str] = []
    for key in _words(entry.get("update_tags_from_env")):
        out += split_tags(str(env.get(key) or ""))
        if key in unknown and not env.get(key):
            missing.append(key)
    for tag, condition in (entry.get("update_tags_if_env") or {}).items() if dialect.is_new else ():
        guards = condition if isinstance(condition, list) else [condition]
        if any(decide(g if set(g) & set(GUARD_KEYS) else {"enable_if_env": g}, env, new=True).applies for g in guards):
            out.append(str(tag))
    return out


def _inherited_tags(
    entry: Entry, tags: Sequence[str], resolved: Resolved, caller: Script, parent: Request
) -> list[str]:
    """Step 6: the caller's variations, and those that it must not have."""
    if not is_true(entry.get("inherit_variation_tags")):
        return []
    variations = Variations(caller.variations, script=caller.alias)
    dropped = set(_words(entry.get("skip_inherit_variation_groups")))
    barred = {t[2:] for t in tags if t.startswith(("-_", "_-"))}
    kept = [v for v in resolved.variations if variations.group(v) not in dropped and v not in barred]
    return [*("_" + v for v in kept), *("-_" + v for v in parent.query.excluded_variations)]


def _inherit_flags(inputs: Entry, parent: Request, entry: Entry, resolved: Resolved) -> None:
    for flag in (
        "quiet",
        "silent",
        "verbose",
        "v",
        "s",
        "time",
        "debug_script_tags",
        "skip_remembered_selections",
    ):
        if flag not in inputs and flag in parent.inputs:
            inputs[flag] = parent.inputs[flag]
    if parent.quiet:
        inputs["quiet"] = True
    if parent.fake_deps:
        inputs["fake_deps"] = True
    if is_true(entry.get("inherit_cache_expiration")) and resolved.expiration:
        inputs.setdefault("cache_expiration", resolved.expiration)


def check_entry(entry: Any, script: Script, where: str) -> Entry:
    """An entry of a dependency list as a mapping. Raises UsageError naming script and list."""
    if not isinstance(entry, dict):
        raise UsageError(f"script {script}: an entry of {where} is {entry!r}, expected a mapping with tags")
    return entry


def _words(value: Any) -> tuple[str, ...]:
    if value is None or value is False:
        return ()
    if isinstance(value, (list, tuple)):
        return tuple(str(v) for v in value)
    return split_tags(str(value))
