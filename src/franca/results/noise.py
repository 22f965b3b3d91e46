"""Whether the machine was busy with something else while a result was measured, in words. Pure."""

from __future__ import annotations

LIMIT = 0.2  #: of a core, used by others or taken by the hypervisor; above it a result is called noisy (20.4)


def busy_words(cores: int, others: float, steal: float, load: float) -> str:
    """What else went on, for a machine that was busy; '' for a quiet one.

    Args:
        cores: of the machine. others: cores' worth of time that other programs used, mean over the run.
        steal: the same for what the hypervisor took. load: load average at the end.
    """
    parts = []
    if others > LIMIT:
        parts.append(f"other programs used {others:.1f} of {cores} cores")
    if steal > LIMIT:
        parts.append(f"the hypervisor took {steal:.1f} cores away (steal)")
    return f"{' and '.join(parts)}; load average {load:g}" if parts else ""
