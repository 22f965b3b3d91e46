"""What people are told: why a run is INVALID, what else the machine did, when a search ends."""

from __future__ import annotations

import subprocess
import sys
import time

import msgspec
import pytest

from franca.mlperf.inference import peak, search, targets
from franca.mlperf.inference.advice import advice, busy_words, causes
from franca.mlperf.inference.host import Watch
from franca.mlperf.inference.profiles import SHORT
from franca.mlperf.inference.results import Flag, HostLoad, Latency, Performance
from franca.mlperf.inference.scenarios import Scenario

QUIET = HostLoad(cores=2, others=0.05, steal=0.0, load_before=0.1, load_after=0.2)
BUSY = HostLoad(cores=2, others=1.25, steal=0.4, load_before=3.0, load_after=4.5)


def result(missed: str = "", p99_ms: float = 30.0, **changes) -> Performance:
    flags = [Flag(missed, False, "")] if missed else []
    base = Performance(
        metric="m", title="t", unit="u", value=1000.0, samples_per_second=1000.0, valid=not missed, flags=flags,
        errors=[], warnings=[], queries=700, samples=700, dataset_samples=1, duration_s=1.0, min_duration_s=1.0,
        latency=Latency(1.0, 2e6, 3.0, {"99.00": p99_ms * 1e6}), latency_bound_ms=15.0, target_qps=400.0, host=QUIET,
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


TOO_FEW = "Ending early: Ran out of generated queries to issue"
CASES = [
    (Scenario.SERVER, result("Latency constraint"), ["the rate is too high for this model", "30 ms, bound 15 ms (2.0"]),
    (Scenario.SERVER, result("Latency constraint", host=BUSY), ["on a busy machine", "1.2 of 2 cores", "end other"]),
    (Scenario.SINGLE_STREAM, result("Minimum duration"), ["--singlestream_target_latency=1,", "faster than LoadGen"]),
    (Scenario.OFFLINE, result("Minimum duration"), ["--offline_target_qps=1200,"]),
    (Scenario.MULTI_STREAM, result("Early stopping"), ["700 queries are too few", "a longer run"]),
    (Scenario.SINGLE_STREAM, result(valid=True, errors=[TOO_FEW]), ["ran out"]),
    (Scenario.OFFLINE, result(valid=True, errors=["Ending early: Max duration"]), ["a maximum of time or queries"]),
    (Scenario.OFFLINE, result("Minimum queries"), ["leave out its maximum"]),
    (Scenario.OFFLINE, result(valid=False), ["mlperf_log_detail.txt"]),
]


@pytest.mark.parametrize(("scenario", "performance", "parts"), CASES, ids=range(len(CASES)))
def test_an_invalid_run_has_a_likely_cause_and_a_next_step(scenario, performance, parts) -> None:
    text = " ".join(advice(scenario, performance))
    assert "Likely cause: " in text and " Next: " in text
    assert [part for part in parts if part not in text] == []


def test_a_run_that_is_repeated_by_itself_tells_its_causes_and_asks_nothing() -> None:
    text = causes(Scenario.OFFLINE, result("Minimum duration"))
    assert text.startswith("Likely cause: ") and "Next" not in text and "--" not in text


def test_a_good_run_needs_no_advice() -> None:
    assert advice(Scenario.SERVER, result()) == []


def test_a_busy_machine_is_described_and_a_quiet_one_is_not() -> None:
    assert busy_words(BUSY) == (
        "other programs used 1.2 of 2 cores and the hypervisor took 0.4 cores away (steal); load average 4.5"
    )
    assert busy_words(QUIET) == busy_words(None) == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc/stat")
def test_own_work_is_not_taken_for_that_of_others() -> None:
    watch = Watch()
    spin = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    subprocess.run([sys.executable, "-c", spin], check=True)
    alone = watch.stop()
    other = subprocess.Popen([sys.executable, "-c", spin.replace("0.5", "30")])
    try:
        watch = Watch()
        limit = time.monotonic() + 2
        while time.monotonic() < limit:
            time.sleep(0.1)
        beside = watch.stop()
    finally:
        other.kill()
        other.wait()
    assert alone is not None and beside is not None
    assert alone.others >= 0 and beside.others > 0.2 and beside.noisy


class Machine:
    """Stands for runs of a machine that is VALID up to a rate; a clock that a probe moves on."""

    def __init__(self, good_up_to: float, tmp_path, host: HostLoad = QUIET) -> None:
        self.good, self.host, self.folder = good_up_to, host, tmp_path
        self.rates: list[float] = []
        self.said: list[str] = []

    def once(self, choice, profile):
        self.rates.append(choice.value)
        staged = self.folder / f"probe{len(self.rates)}"
        staged.mkdir()
        valid = choice.value <= self.good
        return str(staged), result("" if valid else "Latency constraint", 5.0 if valid else 40.0, host=self.host)

    def seconds(self, choice, profile) -> float:
        return 500 / choice.value

    def search(self, budget_s: float, *, fresh: bool = False) -> search.ServerSearch:
        tools = search.Tools(self.once, self.seconds, self.said.append, str(self.folder), "id", fresh)
        return search.ServerSearch(tools, SHORT, 15.0, search.Budget(budget_s))


def test_the_careful_search_halves_until_there_is_room(tmp_path) -> None:
    machine = Machine(100.0, tmp_path)
    outcome = machine.search(1e6).careful(targets.Choice(400.0, "start"))
    assert (outcome.choice.value, outcome.stands) == (100.0, None)
    assert machine.rates == [400.0, 200.0, 100.0]
    assert "Server at 400 queries/s: INVALID, p99 40 ms, bound 15 ms; not met: Latency constraint" in machine.said
    assert not list(tmp_path.glob("probe*")), "no probe is left behind"


def test_a_probe_that_would_take_too_long_is_not_run_and_the_last_one_stands(tmp_path) -> None:
    machine = Machine(0.0, tmp_path)
    outcome = machine.search(12.0).careful(targets.Choice(400.0, "start"))
    assert machine.rates == [400.0, 200.0, 100.0, 50.0], "the next one, at 25 a second, would take 20 s of 12"
    assert outcome.stands is not None and outcome.stands[1].valid is False
    assert any("the search ends after" in line and "25 queries/s would take 20 s" in line for line in machine.said)
    (tmp_path / "probe4").rmdir()
    later = Machine(30.0, tmp_path)
    assert later.search(1e6).careful(targets.Choice(400.0, "start")).choice.value == 25.0
    assert later.rates == [25.0], "it goes on where it stopped"


def test_a_verdict_of_a_busy_machine_is_tried_again_and_not_kept(tmp_path) -> None:
    machine = Machine(0.0, tmp_path, BUSY)
    machine.search(2.0).careful(targets.Choice(400.0, "start"))
    assert machine.rates[:2] == [400.0, 400.0]
    assert any("tried once more, as the machine was busy" in line for line in machine.said)
    assert peak.read_record(str(tmp_path / search.CAREFUL_RECORD), "id") == []
    assert peak.read_record(str(tmp_path / search.CAREFUL_RECORD), "another") == []


def test_the_peak_search_comes_close_within_its_time(tmp_path) -> None:
    machine = Machine(1234.0, tmp_path)
    outcome = machine.search(1e6).highest(targets.Choice(400.0, "start"), 5000.0)
    assert 1234 / 1.03 <= outcome.choice.value <= 1234
    assert max(machine.rates) <= 5000
