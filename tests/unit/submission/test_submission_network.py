"""The network division asks for what the others forbid (specification 11.3, rule S6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.mlperf.submission.fields import NETWORK
from tests.unit.submission.submission_trees import RUN, broken_rules, check, copy, set_fields, set_value

SYSTEM = "network/HPE/systems/dl385_q8_std-qaic-v1.8.3.7-aic100.json"
RESULTS = "network/HPE/results/dl385_q8_std-qaic-v1.8.3.7-aic100/bert-99.9"

# The fields of 11.3.
FIELDS = """is_network network_type network_media network_rate nic_loadgen number_nic_loadgen
net_software_stack_loadgen network_protocol number_connections nic_sut number_nic_sut net_software_stack_sut
network_topology""".split()  # noqa: SIM905 - as the specification prints them


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return copy("v3.0", tmp_path / "tree", ("network/HPE",))


def test_the_sample_is_accepted(tree: Path) -> None:
    assert check(tree).ok


@pytest.mark.parametrize("value", ["false", "", "yes"])
def test_a_system_that_is_not_networked_is_refused(tree: Path, value: str) -> None:
    set_fields(tree / SYSTEM, is_network=value)
    found = [f for f in check(tree).findings if f.rule == "S6"]
    assert [f.path for f in found] == [SYSTEM] and found[0].expected == "is_network true"


def test_a_sut_that_does_not_say_that_it_is_networked_is_refused(tree: Path) -> None:
    set_value(tree / RESULTS / "offline" / RUN, "sut_name", "KILT_SERVER")
    verdict = check(tree)
    found = [f for f in verdict.findings if f.rule == "S6"]
    assert [f.path for f in found] == [f"{RESULTS}/offline/{RUN}"] and found[0].found == "KILT_SERVER"
    assert f"{RESULTS}/offline" in verdict.rejected


@pytest.mark.parametrize("field", FIELDS)
def test_each_network_field_is_required(tree: Path, field: str) -> None:
    assert field in NETWORK and len(NETWORK) == len(FIELDS)
    set_fields(tree / SYSTEM, **{field: None})
    assert "S2" in broken_rules(check(tree))
    assert f"{field} is missing" in {f.message for f in check(tree).findings if f.rule == "S2"}
