"""Design power: the supplies that a system needs, not its spare ones."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest

from franca.errors import MalformedFile
from franca.mlperf.submission.design_power import nameplate_watts
from franca.mlperf.submission.output import to_csv
from tests.unit.submission.submission_trees import DATA, POWERED, REBELLIONS, check, closed_v6, set_fields

NAMEPLATES = """\
Node:
  Chassis:
    PSUs: [{PowerCapacityWatts: 800}, {PowerCapacityWatts: 1200}, {PowerCapacityWatts: 1000}]
    Min PSUs Needed: 2
  Fans: {psus: [{PowerCapacityWatts: 50}], min psus needed: 1}
Switches:
  - {PSUs: [{PowerCapacityWatts: 100.5}], Min PSUs Needed: 1}
Note: three spare parts
"""


def test_largest_needed_supplies_of_all_components_are_summed(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(NAMEPLATES)
    assert nameplate_watts(str(tmp_path / "p.yaml")) == 1200 + 1000 + 50 + 100.5


@pytest.mark.parametrize(
    "text",
    [
        "PSUs: 7\nMin PSUs Needed: 1\n",
        "PSUs: []\nMin PSUs Needed: many\n",
        "PSUs: [{PowerCapacityWatts: lots}]\nMin PSUs Needed: 1\n",
        "PSUs: [5]\nMin PSUs Needed: 1\n",
        "a: [",
        "[" * 60 + "]" * 60,
    ],
)
def test_nameplates_that_say_nothing_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(MalformedFile):
        nameplate_watts(str(tmp_path / "p.yaml"))


@pytest.fixture
def powered(tmp_path: Path) -> Path:
    """The closed tree of v6.1 with the power records of another submitter: enough to have power at all."""
    tree = closed_v6(tmp_path / "tree")
    for name in ("power", "ranging"):
        source = DATA / "v3.0-power" / POWERED / "performance" / name
        shutil.copytree(source, tree / REBELLIONS / "results/ATOM/resnet50/SingleStream/performance" / name)
    return tree


def severity(tree: Path) -> list[str]:
    return [finding.severity for finding in check(tree, round="v6.1").findings if finding.rule == "W6"]


def test_missing_nameplates_are_a_warning_broken_ones_an_error(powered: Path) -> None:
    assert severity(powered) == ["warning"]
    path = powered / REBELLIONS / "systems/ATOM_power.yaml"
    path.write_text(NAMEPLATES)
    assert severity(powered) == []
    path.write_text("PSUs: 7\nMin PSUs Needed: 1\n")
    assert severity(powered) == ["error"]
    set_fields(powered / REBELLIONS / "systems/ATOM.json", system_power_capacity="1500")
    assert severity(powered) == []


def test_summary_without_power_has_no_design_power(tmp_path: Path) -> None:
    rows = csv.DictReader(io.StringIO(to_csv(check(closed_v6(tmp_path / "tree")))))
    assert {row["design_power_watts"] for row in rows} == {""}


@pytest.mark.parametrize(("round_name", "looked_at"), [("v5.1", False), ("v6.0", True), ("v6.1", True)])
def test_nameplates_count_from_v6_on(powered: Path, round_name: str, looked_at: bool) -> None:
    findings = check(powered, round=round_name).findings
    assert any(finding.rule == "W6" for finding in findings) is looked_at
