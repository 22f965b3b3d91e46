"""The rewriting of ``P_GIT_URL`` for authenticated clones (script engine, section 6.3)."""

from __future__ import annotations

from franca.model.dialect import Dialect
from franca.model.light import Any
from franca.planner.guards import is_true


def rewritten(env: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """``env`` with its git URL in token or ssh form when ``P_GIT_AUTH`` is on; unchanged otherwise."""
    key = dialect.key("GIT_URL")
    url = env.get(key)
    if not isinstance(url, str) or not url.startswith("https://") or not is_true(env.get(dialect.key("GIT_AUTH"))):
        return env
    host, _, path = url.removeprefix("https://").partition("/")
    if "@" in host or not path:
        return env
    token = env.get(dialect.key("GH_TOKEN"))
    if token:
        return {**env, key: f"https://git:{token}@{host}/{path}"}
    if env.get(dialect.key("GIT_SSH")):
        return {**env, key: f"git@{host}:{path}"}
    return env
