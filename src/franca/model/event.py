"""What happens during a run, as data: the journal stores these, screens render them.

``depth`` counts levels below the top script (0 = top). ``at`` is seconds since the epoch.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True, tag_field="event", kw_only=True):
    at: float = 0.0
    depth: int = 0


class RunStarted(Event, frozen=True, kw_only=True, tag="run_started"):
    run: str  #: uid of the run
    command: str  #: the command line that repeats it
    inputs: dict[str, Any] = {}


class StepStarted(Event, frozen=True, kw_only=True, tag="step_started"):
    step: str  #: the script's tags and variations, as they would be typed
    script: str  #: "alias,uid"
    path: str = ""
    section: str = ""  #: the dependency list of the caller that it comes from


class StepSkipped(Event, frozen=True, kw_only=True, tag="step_skipped"):
    step: str
    reason: str


class CacheHit(Event, frozen=True, kw_only=True, tag="cache_hit"):
    step: str
    path: str  #: of the cache entry
    state_file: str


class CacheWait(Event, frozen=True, kw_only=True, tag="cache_wait"):
    step: str
    holder: str  #: who makes the entry at this moment


class HookStarted(Event, frozen=True, kw_only=True, tag="hook_started"):
    step: str
    hook: str
    path: str


class NativeStarted(Event, frozen=True, kw_only=True, tag="native_started"):
    step: str
    path: str  #: of the native script
    directory: str


class NativeFinished(Event, frozen=True, kw_only=True, tag="native_finished"):
    step: str
    status: int
    seconds: float


class CacheStored(Event, frozen=True, kw_only=True, tag="cache_stored"):
    step: str
    path: str


class StepFinished(Event, frozen=True, kw_only=True, tag="step_finished"):
    step: str
    seconds: float
    version: str = ""
    variations: tuple[str, ...] = ()  #: the final list, bases and defaults included
    new_env: dict[str, Any] = {}


class StepErred(Event, frozen=True, kw_only=True, tag="step_erred"):
    step: str
    error: str
    status: int


class Said(Event, frozen=True, kw_only=True, tag="said"):
    """A line for the user that belongs to the result (``print_env_at_the_end`` and the like)."""

    text: str


class Warned(Event, frozen=True, kw_only=True, tag="warned"):
    text: str


class RunFinished(Event, frozen=True, kw_only=True, tag="run_finished"):
    status: int
    seconds: float
    error: str = ""
    commits: dict[str, str] = {}  #: of the git repositories that were used, by repository alias


AnyEvent = (
    RunStarted
    | StepStarted
    | StepSkipped
    | CacheHit
    | CacheWait
    | HookStarted
    | NativeStarted
    | NativeFinished
    | CacheStored
    | StepFinished
    | StepErred
    | Said
    | Warned
    | RunFinished
)
