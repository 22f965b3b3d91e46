"""A desk for command lines of the core, one with a small repository on it, and a bench for scripts of both dialects."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.bench import Bench
from tests.conformance.desk import A1, A2, DEMO, Desk
from tests.conformance.replay import CLASSIC, NEW


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def demo(desk: Desk) -> Desk:
    """A repository with a prefix, an automation and two artifacts."""
    desk.all_work(
        "cm add repo r --uid=bd3acd8f02694eed --prefix=sub",
        f"cm add automation r:demo,{DEMO}",
        f"cm add demo r:a1,{A1} --tags=t1,t2",
        f"cm add demo r:a2,{A2} --tags=t1,t3",
    )
    return desk


@pytest.fixture(params=[CLASSIC, NEW], ids=["classic", "new"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(request.param, tmp_path)
