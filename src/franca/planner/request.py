"""From a CM input dictionary to a typed request (script engine, sections 2, 3.1 and 4.1)."""

from __future__ import annotations

from franca.grammar.merge import merge
from franca.model.ids import is_uid
from franca.model.light import Any
from franca.model.script import Request, Scope, Script, VersionWish
from franca.model.tags import ScriptQuery, split_tags
from franca.planner.guards import is_true

_ON = ("quiet", "fake_run", "fake_deps", "new", "renew", "skip_cache", "force_cache", "dirty")


def request_from(
    inputs: dict[str, Any],
    *,
    scope: Scope | None = None,
    local: Scope | None = None,
    ad: dict[str, Any] | None = None,
    adr: dict[str, Any] | None = None,
    caller: Script | None = None,
    parent: str = "",
) -> Request:
    """The request that ``inputs`` describe; ``scope`` and the rest default to what ``inputs`` hold."""
    artifact, tags = _target(inputs)
    given = scope or Scope(
        dict(inputs.get("env") or {}),
        dict(inputs.get("state") or {}),
        dict(inputs.get("const") or {}),
        dict(inputs.get("const_state") or {}),
    )
    flags = {name: is_true(inputs.get(name)) for name in _ON}
    return Request(
        inputs=inputs,
        query=ScriptQuery.parse(tags),
        artifact=artifact,
        scope=given,
        local=local or _local(inputs),
        ad=ad if ad is not None else _patches(inputs, "add_deps", "ad"),
        adr=adr if adr is not None else _patches(inputs, "add_deps_recursive", "adr"),
        wish=VersionWish(
            _text(inputs.get("version")),
            _text(inputs.get("version_min")),
            _text(inputs.get("version_max")),
            _text(inputs.get("version_max_usable")),
        ),
        extra_cache_tags=split_tags(inputs.get("extra_cache_tags") or ()),
        name=_text(inputs.get("name")),
        silent=is_true(inputs.get("silent")) or is_true(inputs.get("s")),
        only_from_cache=is_true(inputs.get("only_execute_from_cache")),
        caller=caller,
        parent=parent,
        **{**flags, "fake_run": flags["fake_run"] or is_true(inputs.get("prepare"))},
    )


def _target(inputs: dict[str, Any]) -> tuple[str, list[str]]:
    """Artifact name and tags: a first word with a blank or a comma is a list of tags."""
    tags = list(split_tags(inputs.get("tags") or ()))
    artifact = _text(inputs.get("artifact")).strip()
    if artifact and not _is_reference(artifact):
        tags = [*split_tags(artifact.replace(" ", ",")), *tags]
        artifact = ""
    if artifact == ".":
        artifact = ""
    for extra in inputs.get("artifacts") or ():
        tags += split_tags(str(extra).replace(" ", ","))
    details = _text(inputs.get("details"))
    if details and not artifact:
        artifact = details if is_uid(details) else ""
    return artifact, tags


def _is_reference(text: str) -> bool:
    if " " in text:
        return False
    if "," not in text:
        return True
    first, _, second = text.partition(",")
    return is_uid(first) or is_uid(second)


def _local(inputs: dict[str, Any]) -> Scope:
    return Scope(
        dict(inputs.get("local_env") or {}),
        dict(inputs.get("local_state") or {}),
        dict(inputs.get("local_const") or {}),
        dict(inputs.get("local_const_state") or {}),
    )


def _patches(inputs: dict[str, Any], long: str, short: str) -> dict[str, Any]:
    first, second = inputs.get(long) or {}, inputs.get(short) or {}
    return merge(dict(first), dict(second)) if first or second else {}


def _text(value: Any) -> str:
    return "" if value is None or value is True or value is False else str(value)
