"""Why a step of a plan is there, and what decided its script, its variations, its version and its cache lookup.

Everything here is worked out from records that the planner met on its way; nothing is decided again.
"""

from __future__ import annotations

from franca.grammar.versions import in_range
from franca.model.dialect import Dialect
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record
from franca.model.script import CacheEntry, CacheQuery, Request, Resolved, Script, tag_words
from franca.planner.guards import GUARD_KEYS
from franca.planner.select import distance
from franca.planner.variations import Variations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: More rejected candidates than this help nobody.
MAX_REJECTED = 6

_SAYS = {
    "enable_if_env": "runs only if",
    "enable_if_any_env": "runs only if any of",
    "skip_if_env": "is skipped if",
    "skip_if_any_env": "is skipped if any of",
}


class Candidate(Record):
    """Something that could have been taken. ``rejected`` says why it was not; empty for the one that was."""

    name: str
    path: str
    rejected: str = ""


class Condition(Record):
    """One variable of a condition: what was wanted of it and what it is."""

    form: str  #: ``enable_if_env`` and its kin
    key: str
    wanted: tuple[str, ...]
    found: str | None  #: None when the variable is not set
    known: bool = True  #: False when an earlier step may still set it

    def __str__(self) -> str:
        found = "unset" if self.found is None else self.found or "empty"
        state = found if self.known else "known only during the run"
        return f"{_SAYS[self.form]} {self.key} is {' or '.join(w or 'empty' for w in self.wanted)}; it is {state}"


class Reason(Record):
    """A name and what brought it in."""

    name: str
    why: str


class Explanation(Record):
    """All that is known about one step."""

    step: str  #: its id in the plan
    label: str
    asked_by: str = ""  #: the script whose dependency it is; empty for the top step
    section: str = ""
    names: tuple[str, ...] = ()
    written: tuple[str, ...] = ()  #: the tags as the dependency is written in its meta
    added: tuple[str, ...] = ()  #: tags that callers and variables added
    conditions: tuple[Condition, ...] = ()
    scripts: tuple[Candidate, ...] = ()
    variations: tuple[Reason, ...] = ()
    version: str = ""
    wanted: tuple[str, ...] = ()  #: what a cache entry must be tagged with
    entries: tuple[Candidate, ...] = ()


def conditions_of(entry: Mapping[str, Any], env: Mapping[str, Any], unknown: Iterable[str]) -> tuple[Condition, ...]:
    """Every variable that the conditions of a dependency look at."""
    waiting = set(unknown)
    out = []
    for form in GUARD_KEYS:
        for key, values in (entry.get(form) or {}).items():
            wanted = tuple(str(v) for v in (values if isinstance(values, (list, tuple)) else [values]))
            found = str(env[key]) if key in env else None
            out.append(Condition(form, str(key), wanted, found, key not in waiting))
    return tuple(out)


def script_candidates(
    request: Request, chosen: str, known: Sequence[Script], home: Dialect, *, quiet: bool = True
) -> tuple[Candidate, ...]:
    """The script that was taken first, then those that came close, each with what was against it.

    Args:
        chosen: path of the script that was taken; empty when none was.
        known: every script that has all, or all but one, of the requested tags.
    """
    taken = [Candidate(str(s), s.path) for s in known if s.path == chosen]
    nearest = min((distance(s, request.caller, home) for s in known if s.path == chosen), default=9)
    rejected = []
    for script in known:
        if script.path != chosen:
            rejected.append(Candidate(str(script), script.path, _against(script, request, nearest, home)))
    rejected.sort(key=lambda c: (c.rejected.startswith("it lacks the tag"), c.name))
    return (*taken, *rejected[:MAX_REJECTED])


def _against(script: Script, request: Request, nearest: int, home: Dialect) -> str:
    query = request.query
    lacking = [t for t in query.tags.include if t not in script.tags]
    if lacking:
        return "it lacks the tag " + ", ".join(lacking)
    barred = [t for t in query.tags.exclude if t in script.tags]
    if barred:
        return "it has the tag " + ", ".join(barred) + ", which is excluded"
    table = Variations(script.variations, script=script.alias)
    unknown = [v for v in (*query.variations, *query.excluded_variations) if not table.key(v)]
    if unknown:
        return "it has no variation " + ", ".join("_" + v for v in unknown)
    if distance(script, request.caller, home) > nearest:
        return f"its repository {script.repo.ref.alias} comes after that of the one taken"
    return "it comes later in the order (sort key, cached results, path)"


def near_tags(wanted: Sequence[str], scripts: Iterable[Script]) -> list[Script]:
    """Scripts that have all of the tags, or all but one and still two."""
    need = set(wanted)
    least = min(len(need), max(2, len(need) - 1))
    return [s for s in scripts if len(need & set(s.tags)) >= least]


def variation_reasons(script: Script, request: Request, resolved: Resolved) -> tuple[Reason, ...]:
    """For each variation of the final list: who asked for it."""
    table = Variations(script.variations, script=script.alias)
    chosen = resolved.variations
    return tuple(Reason("_" + name, _brought_in(name, chosen, table, script, request)) for name in chosen)


def _brought_in(name: str, chosen: Sequence[str], table: Variations, script: Script, request: Request) -> str:
    if name in request.query.variations:
        return "asked for"
    for other in chosen:
        if other == name or not table.key(other):
            continue
        block = table.block(other)
        if str(block.get("alias") or "") == name:
            return f"_{other} is another name for it"
        if name in tag_words(block.get("base")):
            return f"base of _{other}"
        if name in map(str, (block.get("default_variations") or {}).values()):
            return f"chosen by default_variations of _{other}"
    for combined, block in table.combined(chosen, dynamic=script.dialect.is_new):
        if name in map(str, (block.get("default_variations") or {}).values()) or name in tag_words(block.get("base")):
            return f"chosen by the combination _{combined}"
    if name in map(str, (script.meta.get("default_variations") or {}).values()):
        return "chosen by default_variations of the script"
    if name == str(script.meta.get("default_variation") or ""):
        return "default variation of the script"
    group = table.group(name)
    return f"default of the group {group}" if group else "brought in by the version or a condition"


def version_reason(script: Script, request: Request, resolved: Resolved) -> str:
    """What decided the version, as far as it is known before the run."""
    wish = resolved.wish
    bounds = [f"at least {wish.minimum}"] if wish.minimum else []
    bounds += [f"at most {wish.maximum}"] if wish.maximum else []
    bounds += [f"usable up to {wish.maximum_usable}"] if wish.maximum_usable else []
    limits = f" ({', '.join(bounds)})" if bounds else ""
    if wish.exact:
        source = "asked for" if request.wish.exact == wish.exact else "set by the environment or the script"
        return f"{wish.exact}, {source}{limits}"
    if resolved.default_version:
        return f"{resolved.default_version}, the script's default{limits}"
    return f"any{limits}"


def added_tags(label: Sequence[str], entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Tags of the step that its dependency entry does not have: from variables, inheritance, and callers."""
    written = set(tag_words(entry.get("tags")))
    return tuple(t for t in label if t not in written)


def written_tags(entry: Mapping[str, Any], caller: Script) -> tuple[str, ...]:
    """The tags of a dependency as its script's meta has them, before anybody changed them."""
    names = set(tag_words(entry.get("names")))
    blocks = [caller.meta, *(b for b in caller.variations.values() if b), *(caller.meta.get("versions") or {}).values()]
    now = tag_words(entry.get("tags"))
    for block in blocks:
        for section in ("deps", "prehook_deps", "posthook_deps", "post_deps"):
            for one in (block or {}).get(section) or ():
                tags = tag_words(one.get("tags")) if isinstance(one, dict) else ()
                same = names and set(tag_words(one.get("names"))) == names if tags else False
                if same or (tags and not names and now[: len(tags)] == tags):
                    return tags
    return now


def entry_candidates(
    query: CacheQuery, entries: Iterable[tuple[CacheEntry, str]], taken: str, *, new: bool
) -> tuple[Candidate, ...]:
    """Every cache entry of a script against a query.

    Args:
        entries: each with what makes it unusable (expired, files gone), or empty text.
        taken: path of the entry that serves.
    """
    out: list[Candidate] = []
    for entry, trouble in entries:
        name = entry.uid + (f" version {entry.version}" if entry.version else "")
        if entry.path == taken:
            out.insert(0, Candidate(name, entry.path))
        else:
            out.append(Candidate(name, entry.path, trouble or _entry_against(query, entry, new)))
    return tuple(out[: MAX_REJECTED + 1])


def _entry_against(query: CacheQuery, entry: CacheEntry, new: bool) -> str:
    lacking = [t for t in query.tags if t not in entry.tags]
    if lacking:
        return "it lacks the tag " + ", ".join(lacking)
    barred = [t for t in query.excluded if t in entry.tags]
    if barred:
        return "it has the tag " + ", ".join(barred) + ", which is excluded"
    if entry.version and not in_range(entry.version, query.minimum, query.maximum, new=new):
        return f"its version {entry.version} is out of range ({query.minimum or '*'} to {query.maximum or '*'})"
    return "another one serves"
