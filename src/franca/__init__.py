"""Franca: package, run, benchmark, explore and share machine-learning workloads.

The package itself is empty on purpose: the launchers import ``franca._boot`` from here, and every
microsecond of this file is paid by every command. Names are resolved on first use.
"""

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name == "access":
        from franca.compat.access import access

        return access
    if name in ("x", "error", "halt"):
        from franca.compat import cmind_shim

        return getattr(cmind_shim, name)
    raise AttributeError(f"module 'franca' has no attribute {name!r}")
