"""Conditions, merging, placeholders and version order, read from sections 5, 6.2, 6.3 and 8.3."""

from __future__ import annotations

import copy
import re
from fnmatch import fnmatchcase
from typing import Any

Dict = dict[str, Any]
TRUE, FALSE = {"yes", "on", "true", "1"}, {"no", "off", "false", "0"}


class Refused(Exception):
    """The run ends with this return code."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Open(Exception):
    """The specification does not say what happens."""


class Dialect:
    """``p`` is the prefix of engine variables."""

    def __init__(self, new: bool) -> None:
        self.new = new
        self.p = "MLC_" if new else "CM_"


# -- section 5 ----------------------------------------------------------------------------------------------------


def _key_matches(env: Dict, key: str, listed: Any, any_form: bool, new: bool) -> bool:
    words = {str(v).strip().lower() for v in (listed if isinstance(listed, list) else [listed])}
    falsy = bool(words & FALSE) or (any_form and "" in words)
    if key not in env:
        return not any_form and (falsy or "" in words)
    value = str(env[key]).strip().lower()
    if new and "<<<" in value:
        value = ""
    if words & TRUE:
        return value not in FALSE and value != ""
    if falsy:
        return value in FALSE or value == ""
    return value in words


def enabled(entry: Dict, env: Dict, dialect: Dialect) -> bool:
    """Whether a dep or a block is wanted; any reason to skip wins."""

    def matches(name: str, any_form: bool) -> list[bool]:
        return [_key_matches(env, k, v, any_form, dialect.new) for k, v in entry[name].items()]

    if "skip_if_env" in entry and all(matches("skip_if_env", False)):
        return False
    if "skip_if_any_env" in entry and any(matches("skip_if_any_env", True)):
        return False
    if entry.get("skip_if_fake_run") and env.get(dialect.p + "TMP_FAKE_RUN") == "yes":
        return False
    if "enable_if_env" in entry and not all(matches("enable_if_env", False)):
        return False
    return "enable_if_any_env" not in entry or any(matches("enable_if_any_env", True))


# -- section 6.2 --------------------------------------------------------------------------------------------------


def merge(into: Dict, what: Dict) -> None:
    """Nested dictionaries recursively, lists appended without repetition, the rest replaced."""
    for key, value in what.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        elif isinstance(value, list) and isinstance(into.get(key), list):
            into[key] = into[key] + [v for v in value if v not in into[key]]
        else:
            into[key] = copy.deepcopy(value)


# -- section 6.3 --------------------------------------------------------------------------------------------------


def fill(value: Any, *sources: Dict) -> Any:
    """``<<<K>>>`` replaced by the first source that knows K; unknown ones stay."""
    if isinstance(value, list):
        return [fill(v, *sources) for v in value]
    if isinstance(value, dict):
        return {k: fill(v, *sources) for k, v in value.items()}
    if not isinstance(value, str):
        return value

    def known(match: re.Match[str]) -> str:
        for source in sources:
            if match[1] in source and not isinstance(source[match[1]], bool):
                return str(source[match[1]])
        return match[0]

    return re.sub("<<<(.*?)>>>", known, value)


def fill_env(env: Dict) -> None:
    for key in list(env):
        if key.startswith("+") and not isinstance(env[key], list):
            raise Refused(1, f"{key} must be a list")
        env[key] = fill(env[key], env)


def unresolved(value: Any) -> bool:
    return "<<<" in str(value)


# -- section 4.6 --------------------------------------------------------------------------------------------------


def selected(env: Dict, patterns: list[str]) -> Dict:
    """The keys that are exported, whether or not the script changed them."""
    out = {}
    for pattern in patterns:
        if pattern.startswith("<<<"):
            pattern = str(env.get(pattern[3:-3], ""))
        for key, value in env.items():
            if key == pattern or (("*" in pattern or "?" in pattern) and fnmatchcase(key, pattern)):
                out[key] = copy.deepcopy(value)
    return out


# -- section 8.3 --------------------------------------------------------------------------------------------------


def compare(a: str, b: str) -> int:
    """-1, 0, 1; missing parts count as 0. The generated versions have digits only, on which both dialects agree."""
    left, right = ([int(x) for x in v.split(".")] for v in (a, b))
    size = max(len(left), len(right))
    padded = [x + [0] * (size - len(x)) for x in (left, right)]
    return (padded[0] > padded[1]) - (padded[0] < padded[1])
