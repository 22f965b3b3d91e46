"""Layer 4: the loop that carries out a plan, with its cache, hooks, native scripts and journal."""

from __future__ import annotations

from franca.engine.engine import Engine, RunResult

__all__ = ["Engine", "RunResult"]
