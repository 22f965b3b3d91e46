"""What the reference interpreter works with."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from tests.reference.text import Dict

SECTIONS = ("deps", "prehook_deps", "posthook_deps", "post_deps")
WISHES = ("VERSION", "VERSION_MIN", "VERSION_MAX", "VERSION_MAX_USABLE")


@dataclass
class Hook:
    """What a hook does: variables that it sets, and its answer."""

    env: Dict = field(default_factory=dict)
    version: str = ""
    skip: bool = False
    extra_cache_tags: tuple[str, ...] = ()


@dataclass
class RefScript:
    alias: str
    uid: str
    meta: Dict
    hooks: dict[str, Hook] = field(default_factory=dict)


@dataclass
class Entry:
    script: RefScript
    tags: set[str]
    version: str
    new_env: Dict
    new_state: Dict


@dataclass
class Seen:
    """One call of a hook."""

    alias: str
    hook: str
    variations: list[str]
    env: Dict


class Frame:
    """One script while it runs."""

    def __init__(self, script: RefScript, inputs: Dict, env: Dict, state: Dict, const: Dict, const_state: Dict) -> None:
        self.script, self.inputs = script, inputs
        self.env, self.state, self.const, self.const_state = env, state, const, const_state
        self.meta = copy.deepcopy(script.meta)
        self.lists = {s: [copy.deepcopy(d) for d in self.meta.get(s) or []] for s in SECTIONS}
        self.new_env_keys = list(self.meta.get("new_env_keys") or [])
        self.new_state_keys = list(self.meta.get("new_state_keys") or [])
        self.blocks: list[Dict] = []  #: update_meta_if_env collected so far
        self.adr: Dict = copy.deepcopy(inputs.get("adr") or {})
        self.own_adr: Dict = {}  #: of variations and versions
        self.more_defaults: list[Dict] = []
        self.variations: list[str] = []
        self.tags: list[str] = []
        self.requested: list[str] = []
        self.default_version = str(self.meta.get("default_version") or "")
        self.cache = bool(self.meta.get("cache"))
