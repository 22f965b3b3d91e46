"""Franca on the same content: a catalog on disk, the real executor and cache, hooks that are data."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from franca.catalog.catalog import Catalog
from franca.engine import Engine
from franca.engine.hooks import HookContext, HookReply
from franca.errors import FrancaError
from franca.model.dialect import CLASSIC, NEW
from franca.model.event import CacheHit, Event, StepStarted
from franca.model.plan import Plan
from tests.reference.nouns import RefScript, Seen
from tests.reference.text import Dialect, Dict, Refused


class Hooks:
    """Does what the reference's hooks do, and writes down what they saw."""

    def __init__(self, scripts: list[RefScript]) -> None:
        self.scripts = {s.alias: s for s in scripts}
        self.seen: list[Seen] = []

    def call(self, hook: str, context: HookContext) -> HookReply:
        alias = context.script.alias
        self.seen.append(Seen(alias, hook, list(context.variation_tags), copy.deepcopy(context.env)))
        made = self.scripts[alias].hooks.get(hook)
        if made is None:
            return HookReply(present=False)
        context.env.update(copy.deepcopy(made.env))
        return HookReply(version=made.version, skip=made.skip, extra_cache_tags=made.extra_cache_tags)


class Place:
    """A storage root in ``top`` with one repository of the scripts."""

    def __init__(self, dialect: Dialect, scripts: list[RefScript], top: Path) -> None:
        self.dialect, self.top = dialect, top
        content = top / "content"
        meta_name = "meta.json" if dialect.new else "_cm.json"
        for script in scripts:
            folder = content / "script" / script.alias
            folder.mkdir(parents=True)
            identity = {"alias": script.alias, "uid": script.uid, "automation_alias": "script",
                        "automation_uid": "5b4e0237da074764"}  # fmt: skip
            (folder / meta_name).write_text(json.dumps({**identity, **script.meta}))
            (folder / "customize.py").write_text("")
        (content / ("meta.yaml" if dialect.new else "cmr.yaml")).write_text("alias: content\nuid: '00000000000000c0'\n")
        root = top / "root"
        root.mkdir()
        (root / "repos.json").write_text(json.dumps([str(content)]))
        self.environ = {"HOME": str(top), ("MLC_REPOS" if dialect.new else "CM_REPOS"): str(root)}
        self.hooks = Hooks(scripts)
        self.events: list[Event] = []
        self.root = root

    def engine(self) -> Engine:
        catalog = Catalog.open(self.environ, home_dialect=NEW if self.dialect.new else CLASSIC)
        return Engine(catalog, environ={}, surface=self.hooks, listener=self.events.append)

    def call(self, inputs: Dict) -> tuple[Dict, Dict]:
        self.hooks.seen.clear()
        self.events.clear()
        try:
            result = self.engine().run(copy.deepcopy(inputs))
        except FrancaError as error:
            raise Refused(error.status, str(error)) from None
        return result.new_env, result.outcome.new_state

    def plan(self, inputs: Dict) -> Plan:
        try:
            return self.engine().plan(copy.deepcopy(inputs))
        except FrancaError as error:
            raise Refused(error.status, str(error)) from None

    @property
    def started(self) -> list[str]:
        return [e.script.partition(",")[0] for e in self.events if isinstance(e, StepStarted)]

    @property
    def reused(self) -> int:
        return sum(isinstance(e, CacheHit) for e in self.events)

    def entries(self) -> Iterator[tuple[Any, Any]]:
        """Meta and cached state of each finished entry."""
        names = ("meta.json", "mlc-cached-state.json") if self.dialect.new else ("_cm.json", "cm-cached-state.json")
        base = self.root if self.dialect.new else self.root / "repos"
        for path in (base / "local" / "cache").glob("*/" + names[0]):
            yield json.loads(path.read_text()), json.loads((path.parent / names[1]).read_text())
