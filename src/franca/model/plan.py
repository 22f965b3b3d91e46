"""A plan: what a request would do, as a tree that prints, hashes, compares and stores."""

from __future__ import annotations

from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator


REUSE = "reuse"  #: a cached result serves
RUN = "run"  #: the script would run
SKIP = "skip"  #: a condition says no
DEFER = "defer"  #: only the run can tell, because a step before may set a variable


class Step(Record):
    """One script of a plan with the steps below it, in the order in which they would happen."""

    id: str  #: position in the tree, as in "1.3.2"
    label: str  #: tags and variations, as they would be typed
    action: str
    reason: str = ""
    section: str = ""  #: the dependency list it comes from; empty for the top step
    script: str = ""  #: "alias,uid"
    path: str = ""
    repo: str = ""
    variations: tuple[str, ...] = ()
    version: str = ""
    cacheable: bool = False
    cache_path: str = ""
    hooks: tuple[str, ...] = ()
    native: str = ""  #: file name of the native script
    exports: tuple[str, ...] = ()
    env: dict[str, Any] = {}  #: what the step would start from, as far as it is known
    waits_for: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    def walk(self) -> Iterator[Step]:
        yield self
        for step in self.steps:
            yield from step.walk()


class Plan(Record):
    """The whole of it. ``command`` repeats the request."""

    command: str
    inputs: dict[str, Any]
    step: Step

    def counts(self) -> dict[str, int]:
        """How many steps would be reused, run, skipped, deferred."""
        out = {REUSE: 0, RUN: 0, SKIP: 0, DEFER: 0}
        for step in self.step.walk():
            out[step.action] += 1
        return out

    def find(self, text: str) -> list[Step]:
        """Steps whose id or script is ``text``, or whose label contains all of its tags."""
        words = {w for w in text.replace(" ", ",").split(",") if w}
        return [
            s
            for s in self.step.walk()
            if s.id == text or text in s.script.split(",") or (words and words <= set(s.label.split(",")))
        ]
