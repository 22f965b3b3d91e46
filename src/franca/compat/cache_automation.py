"""The ``cache`` automation: looking at and removing the entries that runs have left (script engine, 10.8)."""

from __future__ import annotations

import json
import os
import time

from franca.compat.automation import Automation
from franca.compat.results import Result
from franca.model.artifact import Artifact
from franca.model.light import Any
from franca.model.tags import TagQuery

_RULE = "." * 54


class CacheAutomation(Automation):
    """Common actions over cache entries.

    A person sees the entries of both dialects; content, which does not print, those of its own.
    """

    def show(self, i: dict[str, Any]) -> Result:
        """show cache [--tags=a,b,-c] [--env]: print tags, place and version of cache entries."""
        found = sorted(self._found(i, TagQuery.parse(i.get("tags"))), key=lambda one: sorted(one.tags))
        if i.get("out") == "con":
            for one in found:
                print("\n".join(_new_lines(one) if one.dialect.is_new else _classic_lines(one, bool(i.get("env")))))
        return {"return": 0, "list": [self.cmind.view(one) for one in found]}

    def prune(self, i: dict[str, Any]) -> Result:
        """prune cache [-f]: remove the entries whose life time is over."""
        gone = [one for one in self._found(i, TagQuery.parse(i.get("tags"))) if _expired(one)]
        for one in gone:
            self.cmind.catalog.delete(one)
            if i.get("out") == "con":
                print(f"Removed {one.path}")
        return {"return": 0, "deleted_list": [self.cmind.view(one) for one in gone]}

    def mark_tmp(self, i: dict[str, Any]) -> Result:
        """mark-tmp cache --tags=a,b: make entries invisible to runs, so that the next run makes them anew."""
        changed = [
            self.cmind.update_artifact(one, {}, tags=("tmp",)) for one in self._found(i, TagQuery.parse(i.get("tags")))
        ]
        return {"return": 0, "list": [self.cmind.view(one) for one in changed]}

    def _found(self, i: dict[str, Any], tags: TagQuery) -> list[Artifact]:
        found = super()._found(i, tags)
        if i.get("out"):
            return found
        return [one for one in found if one.dialect.is_new == self.cmind.home_dialect.is_new]


def _expired(one: Artifact) -> bool:
    end = one.meta.get("cache_expiration")
    return isinstance(end, (int, float)) and 0 < end < time.time()


def _state_of(one: Artifact) -> dict[str, Any]:
    try:
        with open(os.path.join(one.path, one.dialect.cached_state), encoding="utf-8") as stream:
            state = json.load(stream)
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _classic_lines(one: Artifact, with_env: bool) -> list[str]:
    lines = [f"* Tags: {','.join(sorted(one.tags))}", f"  Path: {one.path}"]
    if one.meta.get("version"):
        lines.append(f"  Version: {one.meta['version']}")
    if with_env:
        env = _state_of(one).get("new_env") or {}
        lines.append("  New env:")
        lines += [f"    {line}" for line in json.dumps(env, indent=2, sort_keys=True).split("\n")]
    return lines


def _new_lines(one: Artifact) -> list[str]:
    state = _state_of(one)
    origin = one.meta.get(one.dialect.origin_key, "")
    lines = [
        f"Location: {one.path}:",
        "Cache Meta:",
        f"    uid: {one.ref.uid}",
        f"    tags: {list(one.tags)}",
        f"    {one.dialect.origin_key}: {origin}",
        "Cached State:",
        "    new_env:",
    ]
    env = json.dumps(state.get("new_env") or {}, indent=4, sort_keys=True)
    lines += [f"        {line}" for line in env.split("\n")]
    lines.append(f"    new_state: {json.dumps(state.get('new_state') or {})}")
    lines += [f"    version: {state.get('version') or one.meta.get('version', '')}", _RULE]
    return lines
