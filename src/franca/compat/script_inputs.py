"""What of a call of the script automation is an input of the script."""

from __future__ import annotations

from franca.model.light import Any

#: Keys of the call that are no input of the script.
CALL = frozenset((
    "action", "automation", "parsed_automation", "parsed_artifact", "parsed_artifacts", "common", "control",
))  # fmt: skip


def inputs_of(i: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in i.items() if key not in CALL and not names_kind(key, value)}


def names_kind(key: str, value: object) -> bool:
    """``target`` is the newer language's word for the kind; any other value of it is an input of a script."""
    return key == "target" and value in ("script", "run")
