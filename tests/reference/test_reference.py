"""Franca and the naive interpreter of the specification agree on generated content.

The examples are the same in every run; ``FRANCA_FUZZ=N`` tries N others of each kind instead.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from franca.model.plan import REUSE, RUN
from tests.reference.generate import Case, cases, reduced
from tests.reference.interpreter import World
from tests.reference.nouns import Seen
from tests.reference.ours import Place
from tests.reference.text import Dialect, Dict, Open, Refused

CLASSIC, NEW = Dialect(False), Dialect(True)
WIDE = int(os.environ.get("FRANCA_FUZZ") or 0)
fixed = settings(
    max_examples=WIDE or 60,
    derandomize=not WIDE,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


def shown(env: Dict, dialect: Dialect) -> Dict:
    """What content and specification speak of: the generated keys, versions, and flags."""
    p = dialect.p
    kept = ["A", "B", "C", "D", "E", "T", "G", "P", "OUT", "VERSION", "VERSION_MIN", "VERSION_MAX",
            "TMP_PIP_VERSION_STRING", "TMP_FAKE_RUN", "RENEW_CACHE_ENTRY"]  # fmt: skip
    return {k: v for k, v in env.items() if k in {p + k for k in kept} or k == f"+{p}L"}


def outcome(side: World | Place, request: Dict, dialect: Dialect) -> Dict:
    try:
        new_env, new_state = side.call(request)
        return {"new_env": shown(new_env, dialect), "new_state": new_state}
    except Refused as error:
        return {"status": error.status}


def calls(seen: list[Seen], dialect: Dialect) -> list[Any]:
    return [(s.alias, s.hook, sorted(s.variations), shown(s.env, dialect)) for s in seen]


def cache_of(world: World, dialect: Dialect) -> list[Any]:
    found = [(e.script.alias, sorted(e.tags), e.version, shown(e.new_env, dialect), e.new_state) for e in world.cache]
    return sorted(found, key=lambda entry: json.dumps(entry, sort_keys=True))


def cache_on_disk(place: Place, dialect: Dialect) -> list[Any]:
    origin = "associated_script_item" if dialect.new else "associated_script_artifact"
    found = [
        (meta[origin].split(",")[0], sorted(meta["tags"]), meta["version"], shown(kept["new_env"], dialect),
         kept["new_state"])
        for meta, kept in place.entries()
    ]  # fmt: skip
    return sorted(found, key=lambda entry: json.dumps(entry, sort_keys=True))


def difference(case: Case, dialect: Dialect, with_plan: bool) -> str:
    """Where Franca and the reference first disagree on a case; "" when nowhere."""
    world = World(dialect, case.scripts)
    with tempfile.TemporaryDirectory() as folder:
        place = Place(dialect, case.scripts, Path(folder))
        for number, request in enumerate(case.requests):
            planned = plan_of(place, request) if with_plan else None
            for made in (world.seen, world.started, world.reused):
                made.clear()
            try:
                wanted = outcome(world, request, dialect)
            except Open:
                return ""
            got = outcome(place, request, dialect)
            pairs: list[tuple[str, Any, Any]] = [("result", got, wanted)]
            if "status" not in wanted:
                pairs += [("order", place.started, world.started), ("reuse", place.reused, len(world.reused))]
            pairs += [
                ("calls", calls(place.hooks.seen, dialect), calls(world.seen, dialect)),
                ("cache", cache_on_disk(place, dialect), cache_of(world, dialect)),
            ]
            if with_plan:
                pairs.append(("plan", planned, wanted.get("status") or world.started))
            for what, ours, theirs in pairs:
                if ours != theirs:
                    return f"{what} of request {number}:\n  franca    {ours}\n  reference {theirs}"
    return ""


def plan_of(place: Place, request: Dict) -> Any:
    """The scripts that a plan would start, in order, or the status with which it refuses."""
    try:
        step = place.plan(request).step
    except Refused as error:
        return error.status
    return [s.script.partition(",")[0] for s in step.walk() if s.action in (RUN, REUSE)]


@pytest.mark.parametrize("with_plan", [False, True], ids=["runs with hooks", "plans and runs"])
@pytest.mark.parametrize("dialect", [CLASSIC, NEW], ids=["classic", "new"])
def test_franca_does_what_the_reference_does(dialect: Dialect, with_plan: bool) -> None:
    @fixed
    @given(cases(dialect, with_hooks=not with_plan))
    def check(case: Case) -> None:
        if difference(case, dialect, with_plan):
            small = reduced(case, lambda c: bool(difference(c, dialect, with_plan)))
            pytest.fail(f"{small}\n{difference(small, dialect, with_plan)}")

    check()
