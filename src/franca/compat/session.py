"""Which CM object ``cmind.access`` and ``mlc.access`` mean at this moment.

While a hook or an automation runs, it is the one that runs it (same catalog, same engine, same
listener); otherwise one that is made on first use from the process's environment and then kept.
"""

from __future__ import annotations

from contextvars import ContextVar

from franca.model.light import TYPE_CHECKING, contextmanager

if TYPE_CHECKING:
    from collections.abc import Iterator

    from franca.compat.access import CM

_active: ContextVar[CM | None] = ContextVar("franca_active_cm", default=None)
_shared: list[CM] = []


def current() -> CM:
    """The active CM object, or the shared one."""
    active = _active.get()
    if active is not None:
        return active
    if not _shared:
        from franca.compat.access import CM

        _shared.append(CM())
    return _shared[0]


def forget() -> None:
    """Drop the shared object, so that the next call reads the environment again."""
    _shared.clear()


@contextmanager
def using(cm: CM) -> Iterator[None]:
    """Make ``cm`` the one that content reaches, inside the block."""
    token = _active.set(cm)
    try:
        yield
    finally:
        _active.reset(token)
