"""A slow and simple interpreter of the script engine's specification, written from its text alone.

It runs a request over scripts in memory. Hooks are data (what they set and answer), native scripts do nothing.
``World.seen`` lists the hooks that were called with the environment that they saw, ``World.cache`` the entries.
Where the text leaves a choice, the generator of the tests does not go there, or ``Open`` is raised; "measured" marks
what the text does not say and both existing engines (cm 4.2.0 and mlc 1.3.8) were seen to do.
"""

from __future__ import annotations

import copy
from fnmatch import fnmatchcase

from tests.reference.building import Builder
from tests.reference.entries import united
from tests.reference.nouns import WISHES, Entry, Frame, RefScript, Seen
from tests.reference.text import (
    Dialect,
    Dict,
    Open,
    Refused,
    compare,
    enabled,
    fill,
    fill_env,
    merge,
    selected,
    unresolved,
)
from tests.reference.variations import lookup

LOCAL = ("DETECTED_VERSION", "INPUT", "OUTPUT", "OUTBASENAME", "OUTDIRNAME", "NAME", "EXTRA_CACHE_TAGS", "TMP_*",
         "GIT_*", "RENEW_CACHE_ENTRY")  # fmt: skip
#: Keys of a dep that say how it is called; everything else is an input of it (section 9.1).
CALL = ("tags", "names", "env", "state", "const", "const_state", "enable_if_env", "skip_if_env", "enable_if_any_env",
        "skip_if_any_env", "skip_if_fake_run", "dynamic", "update_tags_from_env", "update_tags_from_env_with_prefix",
        "inherit_variation_tags", "skip_inherit_variation_groups", "force_env_keys", "reuse_version")  # fmt: skip


class World:
    """Scripts of one repository and a cache."""

    def __init__(self, dialect: Dialect, scripts: list[RefScript]) -> None:
        self.dialect, self.scripts = dialect, scripts
        self.p = dialect.p
        self.builder = Builder(dialect)
        self.cache: list[Entry] = []
        self.seen: list[Seen] = []
        self.started: list[str] = []
        self.reused: list[str] = []
        self._remembered: dict[frozenset[str], RefScript] = {}

    # -- one call (section 4) -------------------------------------------------------------------------------------

    def call(self, inputs: Dict) -> tuple[Dict, Dict]:
        """A request from outside: (new_env, new_state). Raises Refused, Open."""
        self._remembered.clear()
        live = [copy.deepcopy(inputs.get(k) or {}) for k in ("env", "state", "const", "const_state")]
        given = {k: v for k, v in inputs.items() if k not in ("env", "state", "const", "const_state")}
        return self.run(given, *live)

    def run(self, inputs: Dict, env: Dict, state: Dict, const: Dict, const_state: Dict) -> tuple[Dict, Dict]:
        saved_env, saved_state = copy.deepcopy(env), copy.deepcopy(state)
        for live, name in ((env, "env"), (state, "state"), (const, "const"), (const_state, "const_state")):
            merge(live, inputs.get("local_" + name) or {})
        self._flags(inputs, env)
        fill_env(env)
        script, tags, requested = self._select(inputs)
        frame = Frame(script, inputs, env, state, const, const_state)
        frame.tags, frame.requested = tags or list(script.meta["tags"]), requested
        self.started.append(script.alias)
        self.builder.build(frame)
        skipped = self._carry_out(frame)
        new_env, new_state = ({}, {}) if skipped else self._exported(frame)
        for live, saved, new in ((env, saved_env, new_env), (state, saved_state, new_state)):
            live.clear()
            live.update(saved)
            merge(live, new)
        return new_env, new_state

    def _flags(self, inputs: Dict, env: Dict) -> None:
        for flag, key in (("fake_run", "TMP_FAKE_RUN"), ("fake_deps", "TMP_FAKE_DEPS"), ("quiet", "QUIET")):
            if inputs.get(flag):
                env[self.p + key] = "yes"
        for name in ("name", "extra_cache_tags"):
            if inputs.get(name):
                env[self.p + name.upper()] = inputs[name]

    def _exported(self, frame: Frame) -> tuple[Dict, Dict]:
        frame.env.update(frame.const)
        merge(frame.state, frame.const_state)
        return selected(frame.env, frame.new_env_keys), selected(frame.state, frame.new_state_keys)

    # -- selecting (section 3) ------------------------------------------------------------------------------------

    def _select(self, inputs: Dict) -> tuple[RefScript, list[str], list[str]]:
        words = [w.strip() for w in inputs["tags"].split(",") if w.strip()]
        wanted = [w[1:] if w[0] == "_" else "-" + w[2:] for w in words if w.startswith(("_", "-_"))]
        variations = list(dict.fromkeys(wanted))
        plain = [w for w in words if not w.startswith(("_", "-"))]
        barred = [w[1:] for w in words if w.startswith("-") and not w.startswith("-_")]
        if set(plain) & set(barred) or {v for v in variations if "-" + v in variations}:
            raise Refused(1, "both wanted and excluded")
        found = [s for s in self.scripts if set(plain) <= set(s.meta["tags"]) and not set(barred) & set(s.meta["tags"])]
        if not found:
            raise Refused(1, "no script")
        able = [s for s in found if all(lookup(s.meta.get("variations") or {}, v.lstrip("-"))[0] for v in variations)]
        if not able:
            raise Refused(16, "no such variation")
        able.sort(key=lambda s: (s.meta.get("sort", 0), s.alias))
        known = self._remembered.get(frozenset(words))
        if len(able) > 1 and known in able:
            return known, plain, variations
        if len(able) > 1 and not inputs.get("skip_cache") and any(self._cacheable(s, inputs) for s in able):
            having = set(plain) | {"_" + v for v in variations if v[0] != "-"}
            without = {"_" + v[1:] for v in variations if v[0] == "-"}
            hits = [e.script.alias for e in self.cache if having <= e.tags and not without & e.tags]
            able = [s for s in able if s.alias in hits] or able
        if len(able) > 1:  # measured: what --quiet takes is remembered like a person's choice
            self._remembered[frozenset(words)] = able[0]
        return able[0], plain, variations

    def _cacheable(self, script: RefScript, inputs: Dict) -> bool:
        return bool(script.meta.get("cache") or (script.meta.get("can_force_cache") and inputs.get("force_cache")))

    # -- carrying out (sections 4.4, 4.5) -------------------------------------------------------------------------

    def _carry_out(self, frame: Frame) -> bool:
        """True when the script asked to be skipped."""
        inputs = frame.inputs
        fake = bool(inputs.get("fake_run"))
        forced = inputs.get("force_cache") and frame.meta.get("can_force_cache")
        caches = ((frame.cache and not inputs.get("skip_cache")) or bool(forced)) and not fake
        entry = None
        tags = self._entry_tags(frame)
        if caches:
            if not inputs.get("new"):
                entry = self._lookup(frame, tags)
            if entry is None and inputs.get("only_execute_from_cache"):
                raise Refused(1, "not in the cache")
            if entry is not None and not inputs.get("renew"):
                self._reuse(frame, entry)
                return False
        if entry is not None:
            frame.env[self.p + "RENEW_CACHE_ENTRY"] = "yes"
        version = self._default_version(frame)
        skipped, returned, added = self._execute(frame, fake)
        if skipped or not caches:
            return skipped
        recorded = returned or str(
            frame.env.get(self.p + "DETECTED_VERSION") or frame.env.get(self.p + "VERSION") or ""
        )
        self._store(frame, entry, tags | added, returned or version, recorded)
        return False

    def _execute(self, frame: Frame, fake: bool) -> tuple[bool, str, set[str]]:
        version, added = "", set()
        hooks = frame.script.hooks
        if self.dialect.new and not fake and frame.meta.get("predeps") is not False:
            self._hook(frame, "predeps")
        self._deps(frame, "deps")
        frame.env[self.p + "TMP_PIP_VERSION_STRING"] = self._pip(frame.env)
        frame.env.update(frame.const)
        if not fake:
            self._hook(frame, "preprocess")
            if "preprocess" in hooks:
                if hooks["preprocess"].skip:
                    return True, "", set()
                version = hooks["preprocess"].version
                added |= set(hooks["preprocess"].extra_cache_tags)
        fill_env(frame.env)  # measured in the classic engine as well
        self._deps(frame, "prehook_deps")
        if not fake:
            self._deps(frame, "posthook_deps")
            self._hook(frame, "postprocess")
            if "postprocess" in hooks:
                version = hooks["postprocess"].version or version
                added |= set(hooks["postprocess"].extra_cache_tags)
            self._deps(frame, "post_deps")
        return False, version, added

    def _hook(self, frame: Frame, name: str) -> None:
        shown = frame.variations if self.dialect.new else frame.requested
        self.seen.append(Seen(frame.script.alias, name, list(shown), copy.deepcopy(frame.env)))
        if name in frame.script.hooks:
            frame.env.update(copy.deepcopy(frame.script.hooks[name].env))

    def _pip(self, env: Dict) -> str:
        exact, low, high = (str(env.get(self.p + k) or "") for k in WISHES[:3])
        if exact:
            return "==" + exact
        return ",".join([">=" + low] * bool(low) + ["<=" + high] * bool(high))

    def _default_version(self, frame: Frame) -> str:
        env, chosen = frame.env, frame.default_version
        if env.get(self.p + "VERSION") or not chosen:
            return ""
        low, high, usable = (str(env.get(self.p + k) or "") for k in WISHES[1:])
        value = chosen
        if low and compare(value, low) < 0:
            value = low
        if high and compare(value, high) > 0:
            value = usable or high
        env[self.p + "VERSION"] = value
        if chosen in (frame.meta.get("versions") or {}):
            # Measured (tests/conformance/test_measured.py): its adr reaches the dependencies of dependencies only.
            before = frame.own_adr
            frame.own_adr = {}
            self.builder.apply(frame, frame.meta["versions"][chosen])
            for name, patch in frame.own_adr.items():
                frame.adr[name] = united(frame.adr.get(name) or {}, patch)
            frame.own_adr = before
        return value

    # -- dependencies (section 9.2) -------------------------------------------------------------------------------

    def _deps(self, frame: Frame, section: str, dynamic_only: bool = False) -> None:
        for dep in frame.lists[section]:
            if dep.get("tags") and enabled(dep, frame.env, self.dialect) and (dep.get("dynamic") or not dynamic_only):
                self._dep(frame, dep, section)

    def _dep(self, frame: Frame, dep: Dict, section: str) -> None:
        env, p = frame.env, self.p
        local = fill(dep.get("env") or {}, dep.get("env") or {}, env)
        tags = dep["tags"]
        for prefix, keys in (dep.get("update_tags_from_env_with_prefix") or {}).items():
            for key in keys:
                value = local.get(key) or env.get(key)
                elements = value if isinstance(value, list) and self.dialect.new else [value]
                tags += "".join(f",{prefix}{e}" for e in elements if value)
        withheld = self._withhold(frame, dep, section)
        for key in dep.get("update_tags_from_env") or []:
            if env.get(key):
                tags += f",{env[key]}"
        if dep.get("inherit_variation_tags"):
            for name in self._inherited(frame, dep, tags):
                tags += ",-_" + name[1:] if name[0] == "-" else ",_" + name
        if self.dialect.new:
            tags = fill(tags, env)
        if env.get(p + "TMP_FAKE_DEPS") == "yes" or frame.inputs.get("fake_deps"):
            return
        inputs = {k: copy.deepcopy(v) for k, v in dep.items() if k not in CALL and k not in ("ad", "adr")}
        inputs.update(tags=tags, local_env=local)
        for name in ("state", "const", "const_state"):
            inputs["local_" + name] = dep.get(name) or {}
        inputs["ad"] = dep.get("ad") or {}
        inputs["adr"] = copy.deepcopy(frame.adr)
        for name, patch in (dep.get("adr") or {}).items():
            inputs["adr"][name] = united(inputs["adr"].get(name) or {}, patch)
        self.run(inputs, env, frame.state, copy.deepcopy(frame.const), copy.deepcopy(frame.const_state))
        env.update(withheld)
        fill_env(env)
        env.update(frame.const)
        merge(frame.state, frame.const_state)

    def _withhold(self, frame: Frame, dep: Dict, section: str) -> Dict:
        if section == "post_deps":
            patterns = list(frame.meta.get("clean_env_keys_post_deps") or [])
        else:
            patterns = [self.p + k for k in (*LOCAL, *WISHES)] + list(frame.meta.get("local_env_keys") or [])
            patterns += [self.p + "SEARCH_FOLDER_PATH"] if self.dialect.new else []
        forced = list(dep.get("force_env_keys") or [])
        forced += [self.p + k for k in WISHES] if dep.get("reuse_version") else []

        def hit(key: str, globs: list[str]) -> bool:
            return any(fnmatchcase(key, g) for g in globs)

        kept = {k: v for k, v in frame.env.items() if hit(k, patterns) or (section != "post_deps" and unresolved(v))}
        for key in kept:
            if not hit(key, forced):
                del frame.env[key]
        return kept  # measured: what a dep was allowed to see is put back as well

    def _inherited(self, frame: Frame, dep: Dict, tags: str) -> list[str]:
        """Measured: exclusions are inherited as well."""
        words = tags.split(",")
        every = frame.meta.get("variations") or {}
        groups = dep.get("skip_inherit_variation_groups") or []
        barred = {name for name, made in every.items() if made.get("group") in groups}
        barred |= {name for name in frame.variations if "-_" + name in words or "_-" + name in words}
        return [n for n in frame.variations if n[0] == "-" or not barred & {n, lookup(every, n)[0]}]

    # -- the cache (section 10) -----------------------------------------------------------------------------------

    def _from_env(self, frame: Frame) -> set[str]:
        out = set()
        for one in frame.meta.get("extra_cache_tags_from_env") or []:
            for element in str(frame.env.get(one["env"]) or "").split(","):
                out |= {"deps-" + one["prefix"] + element} if element else set()
        return out

    def _entry_tags(self, frame: Frame) -> set[str]:
        """Tags that a request asks for, without variations."""
        inputs = frame.inputs
        tags = set(frame.tags) | set(frame.script.meta["tags"]) | self._from_env(frame)
        version = frame.env.get(self.p + "VERSION")
        tags |= {"version-" + version} if version else set()
        tags |= {t for t in (inputs.get("extra_cache_tags") or "").split(",") if t}
        tags |= {"name-" + inputs["name"].lower()} if inputs.get("name") else set()
        return tags

    def _lookup(self, frame: Frame, tags: set[str]) -> Entry | None:
        wanted = tags | {"_" + v for v in frame.requested if v[0] != "-"}
        without = {"_" + v[1:] for v in frame.requested if v[0] == "-"}
        found = [e for e in self.cache if wanted <= e.tags and not without & e.tags]
        low, high = (str(frame.env.get(self.p + k) or "") for k in WISHES[1:3])
        fitting = [
            e
            for e in sorted(found, key=lambda e: sorted(e.tags))
            if not (low and e.version and compare(e.version, low) < 0)
            and not (high and e.version and compare(e.version, high) > 0)
        ]
        if len(fitting) > 1 and fitting[0].tags == fitting[1].tags:
            raise Open("the order of entries with equal tags")
        return fitting[0] if fitting else None

    def _reuse(self, frame: Frame, entry: Entry) -> None:
        self.reused.append(frame.script.alias)
        self._deps(frame, "deps", dynamic_only=True)
        self._deps(frame, "prehook_deps", dynamic_only=True)
        merge(frame.env, entry.new_env)
        merge(frame.state, entry.new_state)
        self._deps(frame, "posthook_deps", dynamic_only=True)
        self._deps(frame, "post_deps", dynamic_only=True)

    def _store(self, frame: Frame, entry: Entry | None, tags: set[str], tag: str, version: str) -> None:
        """``tag`` is the version of the tag, where it is not the one that was asked for; ``version`` the field."""
        shown = frame.variations if self.dialect.new else frame.requested
        tags = tags | {"_" + v for v in shown if v[0] != "-"}
        if self.dialect.new:  # section 18: the final list, in which exclusions stand
            tags |= {"-_" + v[1:] for v in shown if v[0] == "-"}
        new_env, new_state = (copy.deepcopy(d) for d in self._exported(frame))  # forces the constants
        tags |= self._from_env(frame)
        if tag:
            tags = {t for t in tags if not t.startswith("version-")} | {"version-" + tag}
        tags.add(("script-item-" if self.dialect.new else "script-artifact-") + frame.script.uid)
        made = Entry(frame.script, tags, version, new_env, new_state)
        if entry is not None:
            self.cache.remove(entry)
        self.cache.append(made)
