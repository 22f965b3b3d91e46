"""Served as ``cmind.automation``: the class that automations of content derive from."""

from __future__ import annotations

from franca.compat.automation import Automation

__all__ = ["Automation"]
