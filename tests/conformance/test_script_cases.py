"""The script and cache engine does what the two existing engines do, except where it says otherwise."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.replay import CLASSIC, NEW, Done, Place, Side, marks, recorded, result_of, write_fixture
from tests.conformance.wanted import WANTED

DOCUMENT = recorded()
CASES = [case for case in DOCUMENT["cases"] if not case.get("content")]
SIDES = {"classic": CLASSIC, "new": NEW}


@pytest.fixture(scope="session")
def fixtures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    top = tmp_path_factory.mktemp("fixtures")
    return {name: write_fixture(DOCUMENT, side, top / name) for name, side in SIDES.items()}


def expectation(case: dict[str, Any], side: Side) -> dict[str, Any]:
    wanted = copy.deepcopy(case["engines"][side.engine])
    change = WANTED.get((side.dialect, case["id"]))
    if change:
        change(wanted)
    return wanted


PAIRS = [(name, case) for name, side in SIDES.items() for case in CASES if side.engine in case["engines"]]


@pytest.mark.parametrize(("name", "case"), PAIRS, ids=[f"{name}-{case['id']}" for name, case in PAIRS])
def test_case(name: str, case: dict[str, Any], fixtures: dict[str, Path], tmp_path: Path) -> None:
    side = SIDES[name]
    wanted = expectation(case, side)
    place = Place(side, fixtures[name], tmp_path / "case")
    for file, text in case.get("setup_files", {}).items():
        path = place.work / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("@P@", side.prefix))
        if text.startswith("#!"):
            path.chmod(0o755)
    for step in wanted["steps"]:
        done = place.run(step["cmd"], step.get("stdin", ""), case.get("extra_env", {}))
        check(step, done, place)
    assert place.cache_tags() == sorted(sorted(tags) for tags in wanted["cache"])


def check(step: dict[str, Any], done: Done, place: Place) -> None:
    shown = f"{step['cmd']}\n{done.out}\n{done.err}"
    assert (done.status == 0) == (step["rc"] == 0), shown
    assert "Traceback" not in done.out + done.err, shown
    assert place.masked(marks(done.out + done.err)) == step["markers"], shown
    for file, there in step.get("files", {}).items():
        assert (place.work / file).exists() is there, file
    if step["rc"] == 0 and "new_env" in step:
        result = result_of(done.out)
        volatile = set(step.get("volatile_keys", ()))
        got = {key: value for key, value in place.masked(result["new_env"]).items() if key not in volatile}
        assert got == {key: value for key, value in step["new_env"].items() if key not in volatile}
        if "new_state" in step:
            assert place.masked(result["new_state"]) == step["new_state"]


def test_every_deliberate_difference_belongs_to_a_case() -> None:
    known = {(name, case["id"]) for name, case in PAIRS}
    assert set(WANTED) <= known


def test_every_recorded_defect_is_answered_or_was_right_on_this_side() -> None:
    """A case with a defect in one engine keeps the expectation of the other one."""
    unanswered = [
        case["id"] for case in CASES if case.get("defect") and not any((name, case["id"]) in WANTED for name in SIDES)
    ]
    assert unanswered == ["fx-chain5-dump-version-info"]


@pytest.mark.parametrize("name", SIDES)
def test_the_version_dump_holds_every_script_of_the_run(name: str, fixtures: dict[str, Path], tmp_path: Path) -> None:
    side = SIDES[name]
    place = Place(side, fixtures[name], tmp_path / "case")
    program = "cmr --tags=fx-top" if side is CLASSIC else "mlcr fx-top"
    done = place.run(f"{program} --adr.lib.version=2.0 --dump_version_info --quiet", "", {})
    assert done.status == 0, done.err
    records = json.loads((place.work / "version_info.json").read_text())
    assert [next(iter(record)) for record in records] == ["fx-lib", "fx-app", "fx-top"]
    assert records[0]["fx-lib"]["version"] == "2.0"
    assert records[0]["fx-lib"]["parent"].startswith("fx-app,")
