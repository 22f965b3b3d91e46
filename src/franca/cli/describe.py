"""Artifacts as people and programs see them."""

from __future__ import annotations

import os

from franca.cli.output import Table
from franca.model.artifact import Artifact, Repo
from franca.model.ids import CACHE, SCRIPT, ObjectRef
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Pairs = list[tuple[str, str]]


def artifact_data(artifact: Artifact, *, full: bool = False) -> dict[str, Any]:
    """An artifact as JSON (the keys of CM core 7.3, with the kind's name beside its uid)."""
    found: dict[str, Any] = {
        "alias": artifact.ref.alias,
        "uid": artifact.ref.uid,
        "path": artifact.path,
        "automation_alias": artifact.kind.alias,
        "automation_uid": artifact.kind.uid,
        "repo": str(artifact.repo.ref),
        "tags": list(artifact.tags),
    }
    return {**found, "meta": artifact.meta} if full else found


def repo_data(repo: Repo) -> dict[str, Any]:
    return {
        "alias": repo.ref.alias,
        "uid": repo.ref.uid,
        "path": repo.path,
        "prefix": repo.prefix,
        "dialect": repo.dialect.name,
        "writable": repo.writable,
        "trusted": repo.trusted,
        "meta": repo.meta,
    }


def artifact_table(found: Iterable[Artifact]) -> Table:
    rows = [(a.ref.alias or a.ref.uid, ",".join(a.tags), a.repo.ref.alias, a.ref.uid) for a in found]
    return Table(("name", "tags", "repository", "uid"), tuple(rows))


def repo_table(repos: Iterable[Repo]) -> Table:
    rows = [(r.ref.alias, r.dialect.name, "yes" if r.trusted else "no", r.path) for r in repos]
    return Table(("name", "dialect", "trusted", "path"), tuple(rows))


def describe(artifact: Artifact) -> Pairs:
    """What is worth knowing about an artifact, as names and values."""
    pairs = [
        ("name", str(artifact.ref)),
        ("kind", artifact.kind.alias or artifact.kind.uid),
        ("path", artifact.path),
        ("repository", artifact.repo.ref.alias),
        ("tags", ",".join(artifact.tags)),
    ]
    if _is(artifact.kind, SCRIPT):
        pairs += _script(artifact.meta)
    elif _is(artifact.kind, CACHE):
        pairs += _cache(artifact)
    else:
        pairs += _free(artifact.meta)
    return [(name, value) for name, value in pairs if value]


def _is(kind: ObjectRef, known: ObjectRef) -> bool:
    return known.selects(kind)


def _script(meta: Mapping[str, Any]) -> Pairs:
    return [
        ("about", str(meta.get("desc") or meta.get("name") or "")),
        ("variations", _variations(meta.get("variations"))),
        ("versions", ", ".join(str(v) for v in meta.get("versions") or ())),
        ("default version", str(meta.get("default_version") or "")),
        ("inputs", _inputs(meta.get("input_mapping"))),
        ("needs", _deps(meta, ("deps", "prehook_deps"))),
        ("afterwards", _deps(meta, ("posthook_deps", "post_deps"))),
        ("exports", ", ".join(str(key) for key in meta.get("new_env_keys") or ())),
        ("cached", "yes" if meta.get("cache") else "no"),
    ]


def _variations(variations: Any) -> str:
    """``_a, _b; backend: _onnxruntime (default), _tf``: free ones first, then the groups."""
    if not isinstance(variations, dict):
        return ""
    groups: dict[str, list[str]] = {}
    for name, block in variations.items():
        block = block if isinstance(block, dict) else {}
        text = f"_{name}" + (" (default)" if block.get("default") else "")
        groups.setdefault(str(block.get("group") or ""), []).append(text)
    texts = [", ".join(groups.pop(""))] if "" in groups else []
    return "; ".join([*texts, *(f"{group}: {', '.join(names)}" for group, names in groups.items())])


def _inputs(mapping: Any) -> str:
    if not isinstance(mapping, dict):
        return ""
    return ", ".join(f"--{flag} ({key})" for flag, key in mapping.items())


def _deps(meta: Mapping[str, Any], lists: tuple[str, ...]) -> str:
    entries = [entry for name in lists for entry in meta.get(name) or () if isinstance(entry, dict)]
    return "; ".join(_dep(entry) for entry in entries)


def _dep(entry: Mapping[str, Any]) -> str:
    tags = entry.get("tags", "")
    text = ",".join(str(tag) for tag in tags) if isinstance(tags, list) else str(tags)
    conditions = [k for k in entry if str(k).startswith(("enable_if", "skip_if"))]
    return text + (" (if)" if conditions else "")


def _cache(artifact: Artifact) -> Pairs:
    meta = artifact.meta
    origin = meta.get(artifact.dialect.origin_key) or meta.get("associated_script_artifact")
    return [
        ("made by", str(origin or "")),
        ("version", str(meta.get("version") or "")),
        ("exports", ", ".join(f"{k}={v}" for k, v in cached_env(artifact).items())),
    ]


def cached_env(artifact: Artifact) -> dict[str, Any]:
    """``new_env`` of a cache entry; empty where it has none that can be read."""
    from franca.catalog.files import read_json
    from franca.errors import FrancaError

    path = os.path.join(artifact.path, artifact.dialect.cached_state)
    if not os.path.isfile(path):
        return {}
    try:
        state = read_json(path)
    except FrancaError:
        return {}
    env = state.get("new_env") if isinstance(state, dict) else None
    return env if isinstance(env, dict) else {}


def _free(meta: Mapping[str, Any]) -> Pairs:
    known = ("alias", "uid", "automation_alias", "automation_uid", "tags")
    return [(str(k), v if isinstance(v, str) else _short(v)) for k, v in meta.items() if k not in known]


def _short(value: Any) -> str:
    import json

    text = json.dumps(value, default=str)
    return text if len(text) <= 200 else text[:197] + "..."
