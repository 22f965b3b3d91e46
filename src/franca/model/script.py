"""Scripts and what a run asks of them."""

from __future__ import annotations

from franca.model.artifact import Artifact, Repo
from franca.model.dialect import Dialect
from franca.model.light import Any
from franca.model.record import Record
from franca.model.tags import ScriptQuery, split_tags

Mapping = dict[str, Any]


class Script(Record):
    """A script artifact together with what its folder holds.

    ``files`` are the names in the folder (native scripts are chosen from them without touching the
    disk again). ``hook_keys`` are the environment keys that its code mentions; a plan uses them to
    say which variables a step may still set, a run never looks at them.
    """

    artifact: Artifact
    files: frozenset[str] = frozenset()
    hook_keys: frozenset[str] = frozenset()

    @property
    def alias(self) -> str:
        return self.artifact.ref.alias

    @property
    def uid(self) -> str:
        return self.artifact.ref.uid

    @property
    def path(self) -> str:
        return self.artifact.path

    @property
    def repo(self) -> Repo:
        return self.artifact.repo

    @property
    def dialect(self) -> Dialect:
        return self.artifact.repo.dialect

    @property
    def meta(self) -> Mapping:
        return self.artifact.meta

    @property
    def tags(self) -> tuple[str, ...]:
        return self.artifact.tags

    @property
    def variations(self) -> Mapping:
        return self.meta.get("variations") or {}

    @property
    def has_hooks(self) -> bool:
        return "customize.py" in self.files

    def __str__(self) -> str:
        return str(self.artifact.ref)


class Scope(Record):
    """The four live dictionaries of a run (script engine, section 4). Values are JSON content.

    Functions that change a scope return a new one; nobody edits these dictionaries in place.
    """

    env: Mapping = {}
    state: Mapping = {}
    const: Mapping = {}
    const_state: Mapping = {}


class VersionWish(Record):
    """The versions that a caller accepts; empty text means no wish."""

    exact: str = ""
    minimum: str = ""
    maximum: str = ""
    maximum_usable: str = ""


class Request(Record):
    """One call of a script: the typed view of a CM input dictionary.

    ``inputs`` keeps the caller's own words: any key may be a flag that the script's
    ``input_mapping`` or its hooks look up.
    """

    inputs: Mapping = {}
    query: ScriptQuery = ScriptQuery()
    artifact: str = ""  #: alias, uid or pattern, when the script is named rather than searched
    scope: Scope = Scope()
    local: Scope = Scope()  #: env, state, const of the dependency entry itself
    ad: Mapping = {}
    adr: Mapping = {}
    wish: VersionWish = VersionWish()
    extra_cache_tags: tuple[str, ...] = ()
    name: str = ""
    quiet: bool = False
    silent: bool = False
    fake_run: bool = False
    fake_deps: bool = False
    new: bool = False
    renew: bool = False
    skip_cache: bool = False
    force_cache: bool = False
    only_from_cache: bool = False
    dirty: bool = False
    caller: Script | None = None
    parent: str = ""  #: "alias,uid ( variations )" of the caller, for version records

    def flag(self, name: str) -> Any:
        return self.inputs.get(name)

    def is_on(self, name: str) -> bool:
        value = self.inputs.get(name)
        return value is True or (isinstance(value, str) and value.lower() in ("1", "true", "yes", "on"))


class DepLists(Record):
    """The four dependency lists, as raw entries, in the order in which they will be visited."""

    deps: tuple[Mapping, ...] = ()
    prehook_deps: tuple[Mapping, ...] = ()
    posthook_deps: tuple[Mapping, ...] = ()
    post_deps: tuple[Mapping, ...] = ()


class Resolved(Record):
    """A script with its variations, versions and the caller's wishes applied: what will run."""

    scope: Scope
    lists: DepLists = DepLists()
    variations: tuple[str, ...] = ()  #: the final list, bases and defaults included
    requested: tuple[str, ...] = ()
    new_env_keys: tuple[str, ...] = ()
    new_state_keys: tuple[str, ...] = ()
    adr: Mapping = {}
    docker: Mapping = {}
    input_mapping: Mapping = {}
    wish: VersionWish = VersionWish()
    default_version: str = ""
    script_name: str = ""
    cacheable: bool = False
    expiration: str = ""
    warnings: tuple[str, ...] = ()
    disk_mb: int = 0
    update_meta_if_env: tuple[Mapping, ...] = ()

    @property
    def variation_string(self) -> str:
        return ",".join("_" + v for v in self.variations)


class CacheQuery(Record):
    """What a cache entry must and must not be tagged with to satisfy a request (section 10.3)."""

    tags: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    minimum: str = ""
    maximum: str = ""


class CacheEntry(Record):
    """A finished cache entry on disk."""

    uid: str
    path: str
    tags: tuple[str, ...]
    version: str = ""
    script_uid: str = ""
    dependent_path: str = ""
    state_file: str = ""
    expires: float = 0.0  #: seconds since the epoch; 0 for never


class VersionRecord(Record):
    """One line of the version report: what ran, in which version, for whom."""

    tags: str
    script_uid: str
    script_alias: str
    script_tags: str
    script_variations: str
    version: str
    parent: str


def tag_words(value: Any) -> tuple[str, ...]:
    """Tags out of a dep's or a flag's value, whatever its form."""
    return split_tags(value if isinstance(value, (str, list, tuple)) else None)
