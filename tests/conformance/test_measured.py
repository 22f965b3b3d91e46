"""Rules that were measured on both engines with small scripts of our own, beyond the recorded cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.replay import CLASSIC, NEW, Place, Side, result_of

LIB = {
    "tags": ["lib"],
    "variations": {"fast": {"env": {"P_L": "fast"}}},
    "default_env": {"P_L": "plain"},
    "new_env_keys": ["P_L"],
}
DEP = {"tags": "lib", "names": ["lib"]}
FAST = {"default_version": "1.0", "versions": {"1.0": {"adr": {"lib": {"tags": "_fast"}}}}, "new_env_keys": ["P_L"]}
AD = {"default_version": "1.0", "versions": {"1.0": {"ad": {"lib": {"tags": "_fast"}}}}, "new_env_keys": ["P_L"]}
GIT = {"tags": "lib", "update_tags_from_env_with_prefix": {"_repo.": ["P_GIT_URL"]}}

SCRIPTS: dict[str, dict[str, Any]] = {
    "lib": LIB,
    "middle": {"tags": ["middle"], "deps": [DEP], "new_env_keys": ["P_L"]},
    "own-dep": {"tags": ["own-dep"], "deps": [DEP], **FAST},
    "own-ad": {"tags": ["own-ad"], "deps": [DEP], **AD},
    "grandchild": {"tags": ["grandchild"], "deps": [{"tags": "middle"}], **FAST},
    "constant": {"tags": ["constant"], "const": {"P_C": "1"}, "new_env_keys": ["P_C"]},
    "hidden": {"tags": ["hidden"], "env": {"P_GIT_URL": "u"}, "deps": [{"tags": "middle"}, GIT]},
}


@pytest.fixture(params=[CLASSIC, NEW], ids=["classic", "new"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    side: Side = request.param
    content = tmp_path / "content"
    for number, (name, meta) in enumerate(SCRIPTS.items()):
        folder = content / "script" / name
        folder.mkdir(parents=True)
        identity = {
            "alias": name,
            "uid": f"{number:016x}",
            "automation_alias": "script",
            "automation_uid": "5b4e0237da074764",
        }
        (folder / side.meta).write_text(json.dumps({**identity, **meta}).replace("P_", side.prefix + "_"))
    (content / side.repo_meta).write_text("alias: measured\nuid: 'fa57ab1e00000009'\n")
    return Place(side, content, tmp_path / "case")


def run(place: Place, tags: str, flags: str = "") -> dict[str, Any]:
    program = "cm run script --tags=" if place.side is CLASSIC else "mlcr "
    done = place.run(f"{program}{tags} {flags} --quiet -j", "", {})
    assert done.status == 0, done.err
    return result_of(done.out)


@pytest.mark.parametrize(
    ("tags", "flags", "value"),
    [
        ("own-dep", "", "plain"),
        ("own-dep", "--version=1.0", "fast"),
        ("own-ad", "", "fast"),
        ("grandchild", "", "fast"),
    ],
)
def test_what_the_block_of_a_default_version_reaches(place: Place, tags: str, flags: str, value: str) -> None:
    assert run(place, tags, flags)["new_env"] == {f"{place.side.prefix}_L": value}


def test_constants_of_the_meta_count_in_the_new_dialect_only(place: Place) -> None:
    assert run(place, "constant")["new_env"] == ({} if place.side is CLASSIC else {"MLC_C": "1"})


def test_recorded_dependencies_do_not_give_back_what_was_withheld(place: Place) -> None:
    printed = run(place, "hidden", "--fake_run --fake_deps --print_deps")["new_state"]["print_deps"]
    assert [line.split("=")[-1].split()[-1] for line in printed] == ["middle", "lib"]
