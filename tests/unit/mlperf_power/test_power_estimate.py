"""Energy counters as the kernel shows them, in folders of the same shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.mlperf.power import estimate
from franca.mlperf.power.estimate import EnergyMeter


def zone(root: Path, name: str, energy: int, top: int = 10_000_000) -> Path:
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "energy_uj").write_text(f"{energy}\n")
    (folder / "max_energy_range_uj").write_text(f"{top}\n")
    return folder


@pytest.fixture
def clock(monkeypatch):
    moments = [100.0]
    monkeypatch.setattr(estimate.time, "monotonic", lambda: moments[0])
    return moments


def test_the_energy_of_all_processors_is_divided_by_the_time(tmp_path, clock) -> None:
    zone(tmp_path, "intel-rapl:0", 1_000_000)
    zone(tmp_path, "intel-rapl:1", 500_000)
    zone(tmp_path, "intel-rapl:0:0", 0)  # the cores of the first one, which counts them already
    meter = EnergyMeter(str(tmp_path))
    zone(tmp_path, "intel-rapl:0", 7_000_000)
    zone(tmp_path, "intel-rapl:1", 2_500_000)
    zone(tmp_path, "intel-rapl:0:0", 5_000_000)
    clock[0] = 102.0
    assert meter.watts() == pytest.approx((6 + 2) / 2)


def test_a_counter_that_wrapped_goes_on(tmp_path, clock) -> None:
    zone(tmp_path, "intel-rapl:0", 9_000_000)
    meter = EnergyMeter(str(tmp_path))
    zone(tmp_path, "intel-rapl:0", 1_000_000)
    clock[0] = 101.0
    assert meter.watts() == pytest.approx(2.0)


@pytest.mark.parametrize("damage", ["none", "unreadable", "gone"])
def test_without_a_counter_there_is_no_estimate(tmp_path, clock, damage) -> None:
    folder = zone(tmp_path, "intel-rapl:0", 1) if damage != "none" else None
    meter = EnergyMeter(str(tmp_path / "missing" if folder is None else tmp_path))
    if damage == "unreadable":
        (folder / "energy_uj").write_text("a lot\n")
    if damage == "gone":
        (folder / "energy_uj").unlink()
    clock[0] = 101.0
    assert meter.watts() is None
