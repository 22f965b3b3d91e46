"""What happens during a run, as data: the journal stores these, screens render them.

``depth`` counts levels below the top script (0 = top). ``at`` is seconds since the epoch.
"""

from __future__ import annotations

from franca.model.light import Any
from franca.model.record import Record


class Event(Record, kw_only=True):
    """``event`` is its name in a journal."""

    event = ""
    at: float = 0.0
    depth: int = 0


class RunStarted(Event, kw_only=True):
    event = "run_started"
    run: str  #: uid of the run
    command: str  #: the command line that repeats it
    inputs: dict[str, Any] = {}


class StepStarted(Event, kw_only=True):
    event = "step_started"
    step: str  #: the script's tags and variations, as they would be typed
    script: str  #: "alias,uid"
    path: str = ""
    section: str = ""  #: the dependency list of the caller that it comes from


class StepSkipped(Event, kw_only=True):
    event = "step_skipped"
    step: str
    reason: str


class CacheHit(Event, kw_only=True):
    event = "cache_hit"
    step: str
    path: str  #: of the cache entry
    state_file: str


class CacheWait(Event, kw_only=True):
    event = "cache_wait"
    step: str
    holder: str  #: who makes the entry at this moment


class HookStarted(Event, kw_only=True):
    event = "hook_started"
    step: str
    hook: str
    path: str


class NativeStarted(Event, kw_only=True):
    event = "native_started"
    step: str
    path: str  #: of the native script
    directory: str


class NativeFinished(Event, kw_only=True):
    event = "native_finished"
    step: str
    status: int
    seconds: float


class CacheStored(Event, kw_only=True):
    event = "cache_stored"
    step: str
    path: str


class StepFinished(Event, kw_only=True):
    event = "step_finished"
    step: str
    seconds: float
    version: str = ""
    variations: tuple[str, ...] = ()  #: the final list, bases and defaults included
    new_env: dict[str, Any] = {}


class StepErred(Event, kw_only=True):
    event = "step_erred"
    step: str
    error: str
    status: int


class Said(Event, kw_only=True):
    """A line for the user that belongs to the result (``print_env_at_the_end`` and the like)."""

    event = "said"
    text: str


class Warned(Event, kw_only=True):
    event = "warned"
    text: str


class RunFinished(Event, kw_only=True):
    event = "run_finished"
    status: int
    seconds: float
    error: str = ""
    commits: dict[str, str] = {}  #: of the git repositories that were used, by repository alias


EVENTS: dict[str, type[Event]] = {
    kind.event: kind
    for kind in (
        RunStarted, StepStarted, StepSkipped, CacheHit, CacheWait, HookStarted, NativeStarted, NativeFinished,
        CacheStored, StepFinished, StepErred, Said, Warned, RunFinished,
    )
}  # fmt: skip
