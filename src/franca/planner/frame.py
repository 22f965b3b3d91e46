"""The state of one script while it runs, and what it hands back to its caller."""

from __future__ import annotations

from franca.grammar.merge import merge
from franca.grammar.substitution import expand
from franca.model.light import TYPE_CHECKING, Any
from franca.model.patterns import matches
from franca.model.record import Record, replace
from franca.model.script import CacheEntry, DepLists, Request, Resolved, Scope, Script
from franca.planner.deps import LISTS

if TYPE_CHECKING:
    from collections.abc import Mapping


class Outcome(Record):
    """The result of one script: what it exports, and its caller's dictionaries with that merged in."""

    script: Script
    scope: Scope
    new_env: dict[str, Any] = {}
    new_state: dict[str, Any] = {}
    deps: tuple[str, ...] = ()
    dep_entries: tuple[dict[str, Any], ...] = ()
    version: str = ""
    skipped: bool = False
    unknown: frozenset[str] = frozenset()  #: exported variables whose value only a run can tell


class Frame:
    """One running script. Private to its run: everything that leaves it is a frozen record."""

    __slots__ = (
        "added_tags", "chosen_version", "dep_entries", "deps", "depth", "directory", "entry_path", "entry_uid",
        "fake", "label", "lists", "meta", "request", "resolved", "returned_version", "reused", "scope",
        "script", "unknown",
    )  # fmt: skip

    def __init__(self, script: Script, request: Request, resolved: Resolved, *, depth: int, directory: str) -> None:
        self.script = script
        self.request = request
        self.resolved = resolved
        self.scope = resolved.scope
        self.lists = resolved.lists
        self.meta: dict[str, Any] = {}
        self.depth = depth
        self.directory = directory
        self.label = ",".join(label_words(request, script))
        self.fake = request.fake_run
        self.entry_path = ""
        self.entry_uid = ""
        self.reused: CacheEntry | None = None
        self.chosen_version = resolved.wish.exact
        self.returned_version = ""
        self.added_tags: list[str] = []
        self.deps: list[str] = []
        self.dep_entries: list[dict[str, Any]] = []
        self.unknown: set[str] = set()
        self.refresh_meta()

    def refresh_meta(self) -> None:
        """The meta that hooks see: the script's own, with everything that has been resolved since."""
        resolved = self.resolved
        self.meta = {
            **merge({}, self.script.meta),
            **{name: [merge({}, e) for e in getattr(self.lists, name)] for name in LISTS if getattr(self.lists, name)},
            "new_env_keys": list(resolved.new_env_keys),
            "new_state_keys": list(resolved.new_state_keys),
        }

    def adopt_meta(self, meta: Mapping[str, Any]) -> None:
        """Take over what a hook did to the meta: dependency lists, exported keys, native script."""
        self.meta = dict(meta)
        self.lists = DepLists(**{name: tuple(meta.get(name) or ()) for name in LISTS})
        self.resolved = replace(
            self.resolved,
            new_env_keys=tuple(str(k) for k in meta.get("new_env_keys") or ()),
            new_state_keys=tuple(str(k) for k in meta.get("new_state_keys") or ()),
        )

    def set_env(self, values: Mapping[str, Any]) -> None:
        self.scope = replace(self.scope, env={**self.scope.env, **values})

    def force_const(self) -> None:
        """Constants win over whatever was set since (sections 4.5.8, 4.6.1 and 9.2.11)."""
        scope = self.scope
        if scope.const or scope.const_state:
            state = merge(scope.state, scope.const_state, nested_unique=self.script.dialect.is_new)
            self.scope = replace(scope, env={**scope.env, **scope.const}, state=state)

    def know(self, scope: Scope) -> None:
        self.scope = scope

    @property
    def version(self) -> str:
        """The version to record: what a hook returned, else what the environment says (8.6, defect 6)."""
        env, key = self.scope.env, self.script.dialect.key
        found = self.returned_version or env.get(key("DETECTED_VERSION")) or env.get(key("VERSION")) or ""
        return "" if found == "-1" else str(found)


def label_words(request: Request, script: Script) -> tuple[str, ...]:
    """How a step is written: the tags that were asked for, or the script's own when it was named."""
    query = request.query
    tags = query.tags.include or script.tags
    return (*tags, *("-" + t for t in query.tags.exclude), *("_" + v for v in query.variations),
            *("-_" + v for v in query.excluded_variations))  # fmt: skip


def exported(values: Mapping[str, Any], patterns: tuple[str, ...], env: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of ``values`` that ``patterns`` select (section 4.6, step 2)."""
    out: dict[str, Any] = {}
    for pattern in (str(expand(p, env)) for p in patterns):
        if "*" in pattern or "?" in pattern:
            out.update({k: v for k, v in values.items() if k not in out and matches(k, pattern)})
        elif pattern in values:
            out[pattern] = values[pattern]
    return out


def selected_unknown(unknown: set[str], patterns: tuple[str, ...]) -> frozenset[str]:
    return frozenset(k for k in unknown if any(matches(k, p) for p in patterns))


def outcome(frame: Frame, *, skipped: bool = False) -> Outcome:
    """Section 4.6: nothing but the declared keys leaves a script."""
    frame.force_const()
    scope, resolved, given = frame.scope, frame.resolved, frame.request.scope
    nested = frame.script.dialect.is_new
    new_env = {} if skipped else exported(scope.env, resolved.new_env_keys, scope.env)
    new_state = {} if skipped else exported(scope.state, resolved.new_state_keys, scope.env)
    return Outcome(
        script=frame.script,
        scope=Scope(
            merge(given.env, new_env, nested_unique=nested),
            merge(given.state, new_state, nested_unique=nested),
            given.const,
            given.const_state,
        ),
        new_env=new_env,
        new_state=new_state,
        deps=tuple(frame.deps),
        dep_entries=tuple(frame.dep_entries),
        version=frame.version,
        skipped=skipped,
        unknown=selected_unknown(frame.unknown, resolved.new_env_keys),
    )
