"""Shows the events of a run as lines in the manner of CM and MLC (script engine, sections 3.10 and 13)."""

from __future__ import annotations

import sys

from franca.grammar.terminal import harmless
from franca.model.dialect import Dialect
from franca.model.event import (
    CacheHit,
    CacheWait,
    Event,
    HookStarted,
    NativeStarted,
    Said,
    StepFinished,
    StepSkipped,
    StepStarted,
    Warned,
)
from franca.model.record import Record


class Verbosity(Record):
    silent: bool = False
    verbose: bool = False
    times: bool = False  #: ``--time``: how long each script took


class Screen:
    """A listener that prints progress on standard output and warnings on standard error."""

    def __init__(self, dialect: Dialect, verbosity: Verbosity) -> None:
        self.dialect = dialect
        self.verbosity = verbosity

    def __call__(self, event: Event) -> None:
        if isinstance(event, Said):
            print(harmless(event.text), flush=True)
        elif isinstance(event, Warned):
            print(f"WARNING: {harmless(event.text)}", file=sys.stderr, flush=True)
        elif not self.verbosity.silent:
            for line in self._lines(event):
                print("  " * event.depth + harmless(line), flush=True)

    def _lines(self, event: Event) -> list[str]:
        if isinstance(event, StepStarted):
            return [self._call(event.step)]
        if isinstance(event, CacheHit):
            return [f"     ! load {event.state_file or event.path}"]
        if isinstance(event, CacheWait):
            return [f"     ! wait: {event.holder}"]
        if isinstance(event, NativeStarted):
            return [f"       ! cd {event.directory}", f"       ! call {event.path} from tmp-run.sh"]
        if isinstance(event, HookStarted) and self.verbosity.verbose:
            return [f'       ! call "{event.hook}" from {event.path}']
        if isinstance(event, StepFinished) and (self.verbosity.times or self.verbosity.verbose):
            return [f'  - running time of script "{event.step}": {event.seconds:.2f} sec.']
        if isinstance(event, StepSkipped) and self.verbosity.verbose:
            return [f"  - skipped {event.step}: {event.reason}"]
        return []

    def _call(self, step: str) -> str:
        if self.dialect.is_new:
            return f"* {self.dialect.command} {step}"
        return f'* {self.dialect.command} "{step.replace(",", " ")}"'
