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
from tests.unit.submission.submission_trees import (
    DATA,
    POWERED,
    REBELLIONS,
    V6_SEEDS,
    check,
    closed_v6,
    copy,
    set_fields,
)

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


@pytest.fixture
def accepted(tmp_path: Path) -> Path:
    """The tree with power, in the fields and seeds of v6.1, so that its result gets into a summary."""
    tree = copy("v3.0-power", tmp_path / "tree")
    for log in tree.rglob("mlperf_log_*.txt"):
        text = log.read_text("utf-8")
        for before, after in V6_SEEDS.values():
            text = text.replace(str(before), str(after))
        log.write_text(text, "utf-8")
    measured = tree / POWERED.replace("results", "measurements")
    (measured / "README.md").write_text("how it was made\n")
    (measured / "power_settings.md").write_text("defaults\n")
    set_fields(tree / "closed/SiMa/systems/davinci_dualm2.json", system_power_only="no")
    return tree


@pytest.mark.parametrize("stated", ["1500", ""])
def test_summary_of_a_power_result_has_the_design_power(accepted: Path, stated: str) -> None:
    systems = accepted / "closed/SiMa/systems"
    if stated:
        set_fields(systems / "davinci_dualm2.json", system_power_capacity=stated)
    (systems / "davinci_dualm2_power.yaml").write_text(NAMEPLATES)
    verdict = check(accepted, round="v6.1", skip=("power-check", "compliance"))  # the logs' digests are others now
    rows = list(csv.DictReader(io.StringIO(to_csv(verdict))))
    assert [row["Units"] for row in rows] == ["Latency (ms)", "millijoules"]
    assert [row["design_power_watts"] for row in rows] == [stated or "2350.5"] * 2
