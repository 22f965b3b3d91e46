"""What will run, known before the cache is asked: sections 4.2, 6.4, 7 and 8.2."""

from __future__ import annotations

import copy

from tests.reference.entries import append_dep, united, update_dep
from tests.reference.nouns import SECTIONS, WISHES, Frame
from tests.reference.text import Dialect, Dict, Refused, enabled, fill, fill_env, merge
from tests.reference.variations import Chosen, block, lookup


class Builder:
    """Gives a frame its environment, state and dependency lists."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.p = dialect.p

    def build(self, frame: Frame) -> None:
        if self.dialect.new:
            self._build_new(frame)
        else:
            self._build_classic(frame)
        call_ad, call_adr = frame.inputs.get("ad") or {}, frame.inputs.get("adr") or {}
        self.patch(frame, call_ad, strict=True)
        self.patch(frame, call_adr, strict=False)
        for name, patch in frame.own_adr.items():
            frame.adr[name] = united(patch, frame.adr.get(name) or {})
        fill_env(frame.env)

    def _build_classic(self, frame: Frame) -> None:
        meta, env = frame.meta, frame.env
        for key, value in (meta.get("default_env") or {}).items():
            env.setdefault(key, value)
        env.update(copy.deepcopy(meta.get("env") or {}))
        merge(frame.state, meta.get("state") or {})
        for name, key in (meta.get("input_mapping") or {}).items():
            if name in frame.inputs:
                env[key] = frame.const[key] = frame.inputs[name]
        env.update(frame.const)
        merge(frame.state, frame.const_state)
        self._apply_variations(frame)
        self._wish(frame)
        wanted = env.get(self.p + "VERSION", "")
        if wanted in (meta.get("versions") or {}):
            self.apply(frame, meta["versions"][wanted])
            self.patch(frame, frame.own_adr, strict=False)

    def _build_new(self, frame: Frame) -> None:
        meta, env = frame.meta, frame.env
        for key, value in (meta.get("default_env") or {}).items():
            env.setdefault(key, value)
        self._map_inputs(frame)
        env.update(frame.const)
        own = {k: v for k, v in meta.items() if k not in (*SECTIONS, "new_env_keys", "new_state_keys")}
        self.apply(frame, own)
        self._wish(frame)
        wanted = env.get(self.p + "VERSION", "")
        frame.more_defaults.append(meta.get("default_variations") or {})
        extra = []
        if wanted:
            if wanted in (meta.get("versions") or {}):
                made = meta["versions"][wanted]
                self.apply(frame, made)
                frame.more_defaults.append(made.get("default_variations") or {})
            known = lookup(meta.get("variations") or {}, "version." + wanted)[0]
            extra = ["version." + wanted] if known else []
        self._apply_variations(frame, extra)

    def _map_inputs(self, frame: Frame) -> None:
        for name, key in (frame.meta.get("input_mapping") or {}).items():
            if name in frame.inputs:
                frame.env[key] = frame.inputs[name]

    def _wish(self, frame: Frame) -> None:
        for key in WISHES:
            name = key.lower()
            found = frame.inputs.get(name) or frame.env.get(self.p + key) or frame.meta.get(name)
            if found:
                frame.env[self.p + key] = str(found)

    # -- variations (section 7) -----------------------------------------------------------------------------------

    def _apply_variations(self, frame: Frame, extra: list[str] | None = None) -> None:
        requested = frame.requested + [v for v in extra or [] if v not in frame.requested]
        chosen = Chosen(frame.meta, requested, self.dialect)
        frame.variations = chosen.final(frame.more_defaults if self.dialect.new else [])
        for name in (v for v in frame.variations if v[0] != "-"):
            made = block(chosen.all, name)
            self._apply_variation(frame, made)
            if not self.dialect.new:
                for combined in chosen.combined():
                    self._apply_variation(frame, combined)
        if self.dialect.new:
            for combined in chosen.combined():
                self._apply_variation(frame, combined)
        self.patch(frame, frame.own_adr, strict=False)

    def _apply_variation(self, frame: Frame, made: Dict) -> None:
        self.apply(frame, made)
        if made.get("default_version"):
            frame.default_version = str(made["default_version"])

    # -- the meta block (section 6.4) -----------------------------------------------------------------------------

    def apply(self, frame: Frame, made: Dict) -> None:
        new, env = self.dialect.new, frame.env
        made = copy.deepcopy(made)
        if new and "cache" in made:
            frame.cache = bool(made["cache"])
        for key, value in (made.get("default_env") or {}).items():
            env.setdefault(key, value)
        self._set(env, made.get("env") or {})
        frame.blocks += made.get("update_meta_if_env") or []
        for one in frame.blocks if new else reversed(frame.blocks):
            if enabled(one, env, self.dialect):
                self._apply_condition_block(frame, one)
        if new or made is not frame.meta:
            frame.const.update(made.get("const") or {})
            env.update(made.get("const") or {})
        merge(frame.state, made.get("state") or {})
        merge(frame.const_state, made.get("const_state") or {})
        for section in SECTIONS:
            for dep in made.get(section) or []:
                append_dep(frame.lists[section], dep)
        self.patch(frame, made.get("ad") or made.get("add_deps") or {}, strict=True)
        for name, patch in (made.get("adr") or made.get("add_deps_recursive") or {}).items():
            frame.own_adr[name] = united(frame.own_adr.get(name) or {}, patch)
        if new and "input_mapping" in made:
            self._map_inputs(frame)
        fill_env(env)
        frame.new_env_keys += made.get("new_env_keys") or []
        frame.new_state_keys += made.get("new_state_keys") or []

    def _set(self, env: Dict, values: Dict) -> None:
        if self.dialect.new:
            merge(env, values)
        else:
            env.update(copy.deepcopy(values))

    def _apply_condition_block(self, frame: Frame, one: Dict) -> None:
        if self.dialect.new:
            for key, value in (one.get("default_env") or {}).items():
                frame.env.setdefault(key, value)
        self._set(frame.env, one.get("env") or {})
        merge(frame.state, one.get("state") or {})
        if self.dialect.new:
            frame.const.update(one.get("const") or {})
            frame.env.update(one.get("const") or {})
            self.patch(frame, one.get("ad") or {}, strict=True)
            for name, patch in (one.get("adr") or {}).items():
                frame.own_adr[name] = united(frame.own_adr.get(name) or {}, patch)
            if one.get("default_variations"):
                frame.more_defaults.append(one["default_variations"])

    # -- ad and adr (section 9.3) ---------------------------------------------------------------------------------

    def patch(self, frame: Frame, patches: Dict, *, strict: bool) -> None:
        for name, patch in patches.items():
            hits = [d for s in SECTIONS for d in frame.lists[s] if name in (d.get("names") or [])]
            if strict and not hits:
                raise Refused(1, f"no dep is called {name}")
            if enabled(patch, frame.env, self.dialect):
                for dep in hits:
                    update_dep(dep, fill(patch, frame.env))
