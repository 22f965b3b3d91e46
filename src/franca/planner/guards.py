"""Conditions on dependencies and meta blocks (script engine, section 5)."""

from __future__ import annotations

from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


TRUE_WORDS = frozenset(("yes", "on", "true", "1"))
FALSE_WORDS = frozenset(("no", "off", "false", "0"))
GUARD_KEYS = ("enable_if_env", "enable_if_any_env", "skip_if_env", "skip_if_any_env")


class Verdict(Record):
    """Whether a guarded thing applies. ``waits_for`` names variables without which nobody can say."""

    applies: bool
    reason: str = ""
    waits_for: tuple[str, ...] = ()


APPLIES = Verdict(True)


def decide(
    guarded: Mapping[str, Any],
    env: Mapping[str, Any],
    *,
    new: bool,
    fake_run: bool = False,
    unknown: Collection[str] = (),
) -> Verdict:
    """Judge the conditions of ``guarded`` (a dep, a block, a patch) against ``env``.

    ``unknown`` are variables that a step before may still set (only while planning).
    """
    enable, enable_any = guarded.get("enable_if_env"), guarded.get("enable_if_any_env")
    skip, skip_any = guarded.get("skip_if_env"), guarded.get("skip_if_any_env")
    # What is known may be enough to say no: one condition of those that must all hold, one of those of which any does.
    if enable is not None and not _all_match(_known(enable, unknown), env, new):
        return Verdict(False, "not enabled: " + _describe(_known(enable, unknown), env))
    if enable_any is not None and not _waits(enable_any, unknown) and not _any_matches(enable_any, env, new):
        return Verdict(False, "not enabled by any of: " + _describe(enable_any, env))
    if skip is not None and not _waits(skip, unknown) and _all_match(skip, env, new):
        return Verdict(False, "skipped: " + _describe(skip, env))
    if skip_any is not None and _any_matches(_known(skip_any, unknown), env, new):
        return Verdict(False, "skipped by one of: " + _describe(_known(skip_any, unknown), env))
    waits = tuple(sorted({key for name in GUARD_KEYS for key in _waits(guarded.get(name) or {}, unknown)}))
    if waits:
        return Verdict(False, "waits for " + ", ".join(waits), waits)
    if fake_run and is_true(guarded.get("skip_if_fake_run")):
        return Verdict(False, "skipped in a fake run")
    return APPLIES


def is_true(value: Any) -> bool:
    return str(value).strip().lower() in TRUE_WORDS


def is_false(value: Any) -> bool:
    return str(value).strip().lower() in FALSE_WORDS


def _known(conditions: Mapping[str, Any], unknown: Collection[str]) -> Mapping[str, Any]:
    return {key: values for key, values in conditions.items() if key not in unknown} if unknown else conditions


def _waits(conditions: Mapping[str, Any], unknown: Collection[str]) -> list[str]:
    return [key for key in conditions if key in unknown] if unknown else []


def _all_match(conditions: Mapping[str, Any], env: Mapping[str, Any], new: bool) -> bool:
    return all(_matches(key, values, env, new, any_form=False) for key, values in conditions.items())


def _any_matches(conditions: Mapping[str, Any], env: Mapping[str, Any], new: bool) -> bool:
    return any(_matches(key, values, env, new, any_form=True) for key, values in conditions.items())


def _matches(key: str, values: Any, env: Mapping[str, Any], new: bool, *, any_form: bool) -> bool:
    listed = {str(v).strip().lower() for v in (values if isinstance(values, (list, tuple)) else [values])}
    truthy, falsy = bool(listed & TRUE_WORDS), bool(listed & FALSE_WORDS)
    if key not in env:
        return not any_form and (falsy or "" in listed)
    value = str(env[key]).strip().lower()
    if new and "<<<" in value:
        value = ""
    if truthy:
        return value not in FALSE_WORDS and value != ""
    if falsy or (any_form and "" in listed):
        return value in FALSE_WORDS or value == ""
    return value in listed


def _describe(conditions: Mapping[str, Any], env: Mapping[str, Any]) -> str:
    parts = []
    for key, values in conditions.items():
        wanted = "|".join(str(v) for v in (values if isinstance(values, (list, tuple)) else [values]))
        parts.append(f"{key}={env[key]!s} (wants {wanted})" if key in env else f"{key} unset (wants {wanted})")
    return ", ".join(parts) or "no condition"
