"""What a cache entry is tagged with, and what a request asks of it (script engine, sections 10.2 and 10.3)."""

from __future__ import annotations

from franca.grammar.versions import in_range
from franca.model.light import TYPE_CHECKING, Any
from franca.model.script import CacheEntry, CacheQuery, Request, Resolved, Script
from franca.model.tags import split_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def cache_query(script: Script, request: Request, resolved: Resolved) -> CacheQuery:
    """The query of section 10.3: subset matching, requested variations only."""
    wish = resolved.wish
    tags = [*request.query.tags.include, *script.tags, *("_" + v for v in request.query.variations)]
    if wish.exact:
        tags.append(f"version-{wish.exact}")
    tags += _extra(request)
    tags += env_tags(script.meta, resolved.scope.env)
    return CacheQuery(
        tuple(dict.fromkeys(tags)),
        ("tmp", *("_" + v for v in request.query.excluded_variations)),
        wish.minimum,
        wish.maximum,
    )


def entry_tags(
    script: Script, request: Request, resolved: Resolved, *, version: str, added: Iterable[str]
) -> tuple[str, ...]:
    """The tags under which a finished entry is stored (section 10.2)."""
    variations: Sequence[str] = resolved.variations if script.dialect.is_new else request.query.variations
    tags = [*request.query.tags.include, *script.tags, *("_" + v for v in variations)]
    if script.dialect.is_new:  # the new engine keeps exclusions in its final list, and so in the tags
        tags += ["-_" + v for v in request.query.excluded_variations]
    if version:
        tags.append(f"version-{version}")
        stem, git, _ = version.partition("-git-")
        if git and script.dialect.is_new:
            tags.append(f"version-{stem}")
    tags += _extra(request)
    tags += env_tags(script.meta, resolved.scope.env)
    tags += added
    tags.append(script.dialect.origin_tag + script.uid)
    return tuple(dict.fromkeys(t for t in tags if t))


def _extra(request: Request) -> list[str]:
    return [*request.extra_cache_tags, *([f"name-{request.name.lower()}"] if request.name else [])]


def env_tags(meta: Mapping[str, Any], env: Mapping[str, Any]) -> list[str]:
    """``deps-<prefix><value>`` tags from ``extra_cache_tags_from_env``, for variables that are set."""
    out = []
    for rule in meta.get("extra_cache_tags_from_env") or []:
        value = env.get(str(rule.get("env", "")))
        if value:
            out += [
                f"deps-{rule.get('prefix', '')}{t}"
                for t in split_tags(value if isinstance(value, list) else str(value))
            ]
    return out


def acceptable(entries: Iterable[CacheEntry], query: CacheQuery, *, new: bool) -> list[CacheEntry]:
    """Entries whose version is in range, in the order in which they are offered (sorted tag lists)."""
    kept = [e for e in entries if not e.version or in_range(e.version, query.minimum, query.maximum, new=new)]
    return sorted(kept, key=lambda e: sorted(e.tags))
