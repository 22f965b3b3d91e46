"""Building what will run: the script's meta, its variations, its version and the caller's wishes.

The order of the steps is the contract with existing content (script engine, sections 4.2 and 6.1);
it differs between the dialects. Everything here is a pure function of its arguments: the work goes on
in one private, growing object, and a frozen ``Resolved`` comes out.
"""

from __future__ import annotations

from franca.errors import UsageError
from franca.grammar.merge import merge, update
from franca.grammar.substitution import expand, expand_env
from franca.grammar.versions import clamp
from franca.model.dialect import Dialect
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record
from franca.model.script import DepLists, Request, Resolved, Scope, Script, VersionWish
from franca.planner import git_url
from franca.planner.deps import LISTS, append_dep, check_entry, merge_patches, update_deps
from franca.planner.guards import decide, is_true
from franca.planner.variations import Variations, check_combinations, close

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from franca.planner.variations import Block

#: Flags of every run that become environment keys (section 4.1, step 8), without prefix.
_GENERIC = (
    "input", "output", "outdirname", "outbasename", "name", "extra_cache_tags", "skip_compile", "skip_run",
    "accept_license", "skip_system_deps", "git_ssh", "gh_token",
)  # fmt: skip
_GENERIC_NEW = ("search_folder_path", "skip_sudo", "hf_token", "verify_ssl")


class HostFacts(Record):
    """What a run needs to know about the host; gathered once by the engine, an argument here."""

    os_type: str = "linux"  #: linux, darwin or windows
    machine: str = ""
    directory: str = ""  #: absolute current directory of the user
    environ: Mapping[str, str] = {}  #: the few process variables that enter ``env`` (section 4.1, step 7)


def initial_scope(request: Request, script: Script, facts: HostFacts) -> Scope:
    """The scope before the script's own words: flags, host facts, generic inputs (section 4.1)."""
    dialect = script.dialect
    nested = dialect.is_new
    given, local = request.scope, request.local
    env = merge(given.env, local.env, nested_unique=nested)
    _flags_to_env(env, request, dialect)
    env[dialect.key("TMP_CURRENT_PATH")] = facts.directory
    if facts.os_type == "windows":
        env[dialect.key("WINDOWS")] = "yes"
    if dialect.is_new:
        env.setdefault("MLC_HOST_PLATFORM_FLAVOR", facts.machine)
        env.setdefault("MLC_HOST_OS_TYPE", facts.os_type)
        env.setdefault("MLC_USER_RUN_DIR", facts.directory)
    for key, value in facts.environ.items():
        if value and not env.get(key) and (dialect.is_new or key not in ("USER", "HOME")):
            env[key] = value
    env[dialect.key("TMP_CURRENT_SCRIPT_REPO_PATH")] = script.repo.path
    env[dialect.key("TMP_CURRENT_SCRIPT_REPO_PATH_WITH_PREFIX")] = script.repo.content_path
    return Scope(
        expand_env(env),
        merge(given.state, local.state, nested_unique=nested),
        merge(given.const, local.const, nested_unique=nested),
        merge(given.const_state, local.const_state, nested_unique=nested),
    )


def _flags_to_env(env: dict[str, Any], request: Request, dialect: Dialect) -> None:
    inputs, key = request.inputs, dialect.key
    switches = {
        "TMP_FAKE_RUN": request.fake_run,
        "TMP_FAKE_DEPS": request.fake_deps,
        "SKIP_SYS_UTILS": request.is_on("skip_sys_utils"),
        "SKIP_SUDO" if dialect.is_new else "TMP_SKIP_SUDO": request.is_on("skip_sudo"),
        "TMP_SILENT": request.silent,
        "TMP_VERBOSE" if dialect.is_new else "VERBOSE": request.is_on("verbose") or request.is_on("v"),
        "QUIET": request.quiet,
        "SKIP_REMEMBERED_SELECTIONS": request.is_on("skip_remembered_selections"),
    }
    env.update({key(name): "yes" for name, on in switches.items() if on})
    if inputs.get("debug_uid"):
        env[key("TMP_DEBUG_UID")] = inputs["debug_uid"]
    if inputs.get("path"):
        env[key("TMP_PATH")] = inputs["path"]
    if dialect.is_new and inputs.get("folder"):
        env[key("TMP_FOLDER")] = inputs["folder"]
    for name in (*_GENERIC, *(_GENERIC_NEW if dialect.is_new else ())):
        if inputs.get(name):
            env[key(name.upper())] = inputs[name]


def assemble(script: Script, request: Request, scope: Scope) -> Resolved:
    """Section 4.2: everything that is known before the cache is asked.

    Raises:
        VariationNotFound, Conflict: see ``variations.close``.
        UsageError: an ``ad`` name that no dependency has, a malformed block.
    """
    work = _Assembly(script, request, scope)
    if script.dialect.is_new:
        work.start_new()
        work.choose_version()
        work.choose_variations(
            [work.early_defaults(), script.meta.get("default_variations") or {}, work.version_defaults()]
        )
    else:
        work.start_classic()
        work.choose_variations([])
        work.choose_version()
    work.apply_callers_patches()
    work.expand()
    return work.result()


def apply_default_version(script: Script, request: Request, resolved: Resolved) -> tuple[Resolved, str]:
    """Section 8.4: without a wish, the default version (clamped) and its block, as a script starts.

    Returns the new resolution and the version that was chosen ("" when there is no default).
    """
    wish = resolved.wish
    if wish.exact or not resolved.default_version:
        return resolved, ""
    dialect = script.dialect
    version = clamp(resolved.default_version, wish.minimum, wish.maximum, wish.maximum_usable, new=dialect.is_new)
    work = _Assembly.of(script, request, resolved)
    work.env[dialect.key("VERSION")] = version
    block = _version_block(script, resolved.default_version)
    if block is not None:
        work.apply_block(block)
        # measured in both engines: its adr reaches what lies below the dependencies, not these themselves
        patches = _patches_of(block, "add_deps_recursive", "adr", dialect)
        work.adr = merge_patches(work.adr, patches, dialect=dialect)
        work.expand()
    return work.result(), version


def _version_block(script: Script, version: str) -> Block | None:
    for name, block in (script.meta.get("versions") or {}).items():
        if str(name) == version:
            return block or {}
    return None


def _patches_of(block: Block, long: str, short: str, dialect: Dialect) -> dict[str, Any]:
    return merge_patches(block.get(long) or {}, block.get(short) or {}, dialect=dialect)


class _Assembly:
    """The meta of one run while it grows. Nothing in it is shared with the script's own meta."""

    def __init__(self, script: Script, request: Request, scope: Scope) -> None:
        self.script, self.request, self.dialect = script, request, script.dialect
        self.new = script.dialect.is_new
        meta = script.meta
        self.env, self.state = dict(scope.env), dict(scope.state)
        self.const, self.const_state = dict(scope.const), dict(scope.const_state)
        self.lists = {name: [check_entry(e, script, name) for e in meta.get(name) or []] for name in LISTS}
        self.new_env_keys = [str(k) for k in meta.get("new_env_keys") or []]
        self.new_state_keys = [str(k) for k in meta.get("new_state_keys") or []]
        self.docker: dict[str, Any] = dict(meta.get("docker") or {})
        self.input_mapping: dict[str, str] = dict(meta.get("input_mapping") or {})
        self.adr: dict[str, Any] = {}
        self.conditional: list[Block] = []
        self.default_version = str(meta.get("default_version") or "")
        self.script_name = str(meta.get("script_name") or "")
        self.cache = is_true(meta.get("cache"))
        self.expiration = str(request.inputs.get("cache_expiration") or meta.get("cache_expiration") or "")
        self.warnings = [str(w) for w in _listed(meta.get("warnings")) + _listed(meta.get("warning"))]
        self.disk_mb = _whole(meta.get("required_disk_space"))
        self.variations: tuple[str, ...] = ()
        self.wish = VersionWish()
        self.late_defaults: dict[str, str] = {}

    @classmethod
    def of(cls, script: Script, request: Request, resolved: Resolved) -> _Assembly:
        """An assembly that goes on where ``resolved`` ended."""
        work = cls(script, request, resolved.scope)
        work.lists = {name: list(getattr(resolved.lists, name)) for name in LISTS}
        work.new_env_keys, work.new_state_keys = list(resolved.new_env_keys), list(resolved.new_state_keys)
        work.docker, work.input_mapping = dict(resolved.docker), dict(resolved.input_mapping)
        work.adr = dict(resolved.adr)
        work.conditional = list(resolved.update_meta_if_env)
        work.default_version, work.script_name = resolved.default_version, resolved.script_name
        work.cache, work.expiration = resolved.cacheable, resolved.expiration
        work.warnings, work.disk_mb = list(resolved.warnings), resolved.disk_mb
        work.variations, work.wish = resolved.variations, resolved.wish
        return work

    # -- the start, per dialect ---------------------------------------------------------------

    def start_classic(self) -> None:
        meta = self.script.meta
        self.set_absent(meta.get("default_env") or {})
        self.env.update(update({}, meta.get("env") or {}))
        self.state = self.merged(self.state, meta.get("state") or {})
        mapped = self.mapped_inputs(self.input_mapping)
        self.env.update(mapped)
        self.const.update(mapped)
        self.env.update(self.const)
        self.state = self.merged(self.state, self.const_state)

    def start_new(self) -> None:
        meta = self.script.meta
        self.set_absent(meta.get("default_env") or {})
        self.env.update(self.mapped_inputs(self.input_mapping))
        self.env.update(self.const)
        self.apply_block(meta, whole_meta=True)

    def set_absent(self, defaults: Mapping[str, Any]) -> None:
        for key, value in defaults.items():
            self.env.setdefault(key, value)

    def merged(self, a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
        return merge(a, b, nested_unique=self.new)

    def mapped_inputs(self, mapping: Mapping[str, str]) -> dict[str, Any]:
        inputs = self.request.inputs
        return {str(key): inputs[flag] for flag, key in mapping.items() if flag in inputs}

    # -- blocks -------------------------------------------------------------------------------

    def apply_block(self, block: Block, *, whole_meta: bool = False) -> None:
        """Section 6.4. ``whole_meta``: the block is the script's own meta (new dialect)."""
        if self.new and not whole_meta:
            self.cache = is_true(block["cache"]) if "cache" in block else self.cache
            self.expiration = str(block.get("cache_expiration") or self.expiration)
        self.set_absent(block.get("default_env") or {})
        self.apply_env(block.get("env") or {})
        self.conditional += [b for b in _listed(block.get("update_meta_if_env")) if isinstance(b, dict)]
        self.apply_conditional()
        self.const.update(block.get("const") or {})
        self.env.update(block.get("const") or {})
        self.state = self.merged(self.state, block.get("state") or {})
        if block.get("const_state"):
            self.const_state = self.merged(self.const_state, block["const_state"])
            self.state = self.merged(self.state, block["const_state"])
        if not whole_meta:
            self.extend_lists(block)
        self.apply_ad(_patches_of(block, "add_deps", "ad", self.dialect))
        mapping = block.get("input_mapping") or {}
        self.input_mapping.update(mapping)
        self.apply_mapping(mapping)
        self.expand()
        if not whole_meta:
            self.docker = self.merged(self.docker, block.get("docker") or {})
            self.new_env_keys += [str(k) for k in block.get("new_env_keys") or []]
            self.new_state_keys += [str(k) for k in block.get("new_state_keys") or []]

    def apply_env(self, env: Mapping[str, Any]) -> None:
        self.env = self.merged(self.env, env) if self.new else update(self.env, env)

    def apply_mapping(self, mapping: Mapping[str, str]) -> None:
        mapped = self.mapped_inputs(mapping)
        self.env.update(mapped)
        if not self.new:
            self.const.update(mapped)

    def apply_conditional(self) -> None:
        """All ``update_meta_if_env`` blocks met so far, again: newest first (classic), oldest first (new)."""
        for block in self.conditional if self.new else reversed(self.conditional):
            if not decide(block, self.env, new=self.new).applies:
                continue
            if self.new:
                self.set_absent(block.get("default_env") or {})
            self.apply_env(block.get("env") or {})
            self.state = self.merged(self.state, block.get("state") or {})
            self.docker = self.merged(self.docker, block.get("docker") or {})
            if self.new:
                self.const.update(block.get("const") or {})
                self.env.update(block.get("const") or {})
                self.const_state = self.merged(self.const_state, block.get("const_state") or {})
                self.late_defaults.update(block.get("default_variations") or {})
                self.apply_ad(_patches_of(block, "add_deps", "ad", self.dialect))
                self.apply_adr(_patches_of(block, "add_deps_recursive", "adr", self.dialect))

    def extend_lists(self, block: Block) -> None:
        for name in LISTS:
            for entry in block.get(name) or []:
                self.lists[name] = append_dep(self.lists[name], check_entry(entry, self.script, name))

    def apply_ad(self, patches: Mapping[str, Any]) -> None:
        """Section 9.3: unlike ``adr``, a name that no dependency has is an error, also in a block."""
        found: set[str] = set()
        for name in LISTS:
            self.lists[name], matched = update_deps(self.lists[name], patches, self.env, dialect=self.dialect)
            found |= matched
        missing = sorted(set(patches) - found)
        if missing:
            known = sorted({n for lst in self.lists.values() for e in lst for n in _listed(e.get("names"))})
            raise UsageError(
                f"script {self.script}: ad names {', '.join(missing)}, which no dependency has "
                f"(names: {', '.join(map(str, known)) or 'none'})"
            )

    def apply_adr(self, patches: Mapping[str, Any]) -> None:
        if not patches:
            return
        for name in LISTS:
            self.lists[name], _ = update_deps(self.lists[name], patches, self.env, dialect=self.dialect)
        self.adr = merge_patches(self.adr, patches, dialect=self.dialect)

    def apply_block_adr(self, patches: Mapping[str, Any]) -> None:
        """Those of blocks met so far unite, conditions included, and apply as one, to deps that came since as well."""
        self.apply_adr(merge_patches(self.adr, patches, dialect=self.dialect))

    # -- versions and variations ----------------------------------------------------------------

    def choose_version(self) -> None:
        """Sections 8.1 and 8.2: the wish, and the block of an exactly matching version."""
        meta, env, key, given = self.script.meta, self.env, self.dialect.key, self.request.wish

        def first(asked: str, name: str) -> str:
            return asked or str(env.get(key(name.upper())) or "") or str(meta.get(name) or "")

        self.wish = VersionWish(
            first(given.exact, "version"),
            first(given.minimum, "version_min"),
            first(given.maximum, "version_max"),
            first(given.maximum_usable, "version_max_usable"),
        )
        wish = self.wish
        wished = {
            "VERSION": wish.exact,
            "VERSION_MIN": wish.minimum,
            "VERSION_MAX": wish.maximum,
            "VERSION_MAX_USABLE": wish.maximum_usable,
        }
        env.update({key(name): value for name, value in wished.items() if value})
        block = _version_block(self.script, self.wish.exact) if self.wish.exact else None
        if block is not None:
            self.apply_block(block)
            self.apply_block_adr(_patches_of(block, "add_deps_recursive", "adr", self.dialect))

    def early_defaults(self) -> Mapping[str, str]:
        return dict(self.late_defaults)

    def version_defaults(self) -> Mapping[str, str]:
        block = _version_block(self.script, self.wish.exact) if self.wish.exact else None
        return (block or {}).get("default_variations") or {}

    def choose_variations(self, group_defaults: Sequence[Mapping[str, str]]) -> None:
        query, meta = self.request.query, self.script.meta
        variations = Variations(self.script.variations, script=self.script.alias or self.script.uid)
        requested = list(query.variations)
        if self.new and self.wish.exact and variations.key(f"version.{self.wish.exact}"):
            requested.append(f"version.{self.wish.exact}")
        self.variations = close(
            variations,
            requested,
            query.excluded_variations,
            new=self.new,
            default_variation=str(meta.get("default_variation") or ""),
            group_defaults=group_defaults,
        )
        check_combinations(meta, self.variations, variations.script)
        self._apply_variations(variations)

    def _apply_variations(self, variations: Variations) -> None:
        gathered: dict[str, Any] = {}
        combined = list(variations.combined(self.variations, dynamic=self.new))
        for name in self.variations:
            if name.startswith(("-", "~")):
                continue
            gathered = self._apply_variation(variations.block(name), gathered)
            for _, block in combined if not self.new else ():
                gathered = self._apply_variation(block, gathered)
        for _, block in combined if self.new else ():
            gathered = self._apply_variation(block, gathered)
        self.apply_block_adr(gathered)

    def _apply_variation(self, block: Block, gathered: dict[str, Any]) -> dict[str, Any]:
        self.apply_block(block)
        self.script_name = str(block.get("script_name") or self.script_name)
        self.default_version = str(block.get("default_version") or self.default_version)
        self.warnings += [str(w) for w in _listed(block.get("warning")) if str(w) not in self.warnings]
        self.disk_mb += _whole(block.get("required_disk_space"))
        return merge_patches(
            gathered, _patches_of(block, "add_deps_recursive", "adr", self.dialect), dialect=self.dialect
        )

    # -- the end ------------------------------------------------------------------------------

    def apply_callers_patches(self) -> None:
        self.apply_ad(self.request.ad)
        self.apply_adr(self.request.adr)

    def expand(self) -> None:
        self.env = git_url.rewritten(expand_env(self.env), self.dialect)

    def result(self) -> Resolved:
        request = self.request
        forced = request.force_cache and is_true(self.script.meta.get("can_force_cache"))
        cacheable = ((self.cache and not request.skip_cache) or forced) and not request.fake_run
        forced_keys = tuple(str(k) for k in _listed(request.inputs.get("force_new_env_keys")))
        return Resolved(
            scope=Scope(self.env, self.state, self.const, self.const_state),
            lists=DepLists(**{name: tuple(self.lists[name]) for name in LISTS}),
            variations=self.variations,
            requested=request.query.variations,
            new_env_keys=tuple(expand(self.new_env_keys, self.env)) + forced_keys,
            new_state_keys=tuple(self.new_state_keys),
            adr=self.adr,
            docker=self.docker,
            input_mapping=self.input_mapping,
            wish=self.wish,
            default_version=self.default_version,
            script_name=self.script_name,
            cacheable=cacheable,
            expiration=self.expiration,
            warnings=tuple(self.warnings),
            disk_mb=self.disk_mb,
            update_meta_if_env=tuple(dict(block) for block in self.conditional),
        )


def _listed(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _whole(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0
