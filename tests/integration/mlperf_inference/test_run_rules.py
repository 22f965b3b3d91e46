"""What official rules and the user's own configuration ask of a run, as LoadGen took it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
import yaml

from franca.errors import MalformedFile
from franca.mlperf.inference import compliance, profiles, targets
from franca.mlperf.inference.bench import Baseline, Bench, Loop
from franca.mlperf.inference.campaign import run
from franca.mlperf.inference.config import lookup, read_config
from franca.mlperf.inference.measure import Measurement
from franca.mlperf.inference.scenarios import Scenario
from franca.mlperf.inference.search import Budget
from franca.mlperf.inference.store import Tree
from franca.mlperf.logs.detail import DetailLog, read_detail
from tests.integration.mlperf_inference.inference_cases import request
from tests.unit.mlperf_inference.test_inference_compliance import performance

ONE = {"scenarios": ["Offline"], "modes": ["performance"]}
#: VALID whatever else the machine does: no duration that a fast run could miss.
CALM = ("*.*.min_duration = 0", "*.*.min_query_count = 100", "*.Offline.target_qps = 1000")


def silent(line: str) -> None:
    """Nobody reads along."""


def log_of(result, scenario: int = 0) -> DetailLog:
    return read_detail(str(Path(result.scenarios[scenario].performance.folder) / "mlperf_log_detail.txt"))


def conf_of(folder: Path, *lines: str) -> str:
    path = folder / "own.conf"
    path.write_text("\n".join(lines), "utf-8")
    return str(path)


def test_entries_under_the_models_name_reach_loadgen_and_others_are_refused(parts, tmp_path) -> None:
    conf = conf_of(tmp_path, "resnet50.Offline.target_qps = 123", "*.Offline.target_qps = 5", "*.*.min_duration = 100")
    given = {**ONE, "user_conf": conf, "profile": "test"}
    log = log_of(run(request(parts, tmp_path / "r", **given, config_name="resnet50"), silent))
    assert (log.get("effective_target_qps"), log.get("effective_min_duration_ms")) == (123, 100)
    with pytest.raises(MalformedFile, match=r"own\.conf:1.*resnet50 is another model") as caught:
        run(request(parts, tmp_path / "r", **given, config_name="bert"), silent)
    assert caught.value.where is not None and caught.value.where.line == 1


def test_a_full_run_of_offline_has_the_samples_that_the_rules_ask_for(parts, tmp_path, monkeypatch) -> None:
    brief = profiles.FULL._replace(baseline_s=0.15)
    monkeypatch.setitem(profiles.PROFILES, "full", brief)
    conf = conf_of(tmp_path, "*.*.min_duration = 100", "*.Offline.target_qps = 1000")
    given = {**ONE, "user_conf": conf, "profile": "full", "targets": {"offline_samples": 24576}}
    result = run(request(parts, tmp_path / "r", **given), silent)
    assert log_of(result).get("effective_samples_per_query") == 24576


def again(parts, out: Path, **changes) -> tuple[list[str], list[str], object]:
    """A second run: what was kept, what was said besides, and the result."""
    said: list[str] = []
    result = run(request(parts, out, **changes), said.append)
    kept = [line for line in said if "kept from an earlier run" in line]
    return kept, [line for line in said if line not in kept], result


LOSSES = [
    ("performance/run_1/mlperf_log_detail.txt", "Offline performance", 1),
    ("performance/run_1/mlperf_log_summary.txt", "Offline performance", 1),
    ("accuracy/mlperf_log_accuracy.json", "Offline accuracy", 2),
    ("TEST01/verify_accuracy.txt", "Offline TEST01", 2),
    ("TEST01/performance/run_1/mlperf_log_detail.txt", "Offline TEST01", 2),
]


@pytest.fixture(scope="module", autouse=True)
def any_speed():
    """Runs of a fraction of a second differ by more than the thresholds of the tests, which are not the matter here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compliance, "SHARE", 1e9)
        yield


@pytest.fixture(scope="module")
def tested(parts, tmp_path_factory, any_speed):
    out = tmp_path_factory.mktemp("tested")
    run(request(parts, out / "first", **asked_of(out)), silent)
    return out


def asked_of(out: Path) -> dict:
    return {"scenarios": ["Offline"], "compliance": ["TEST01"], "user_conf": conf_of(out, *CALM)}


def test_results_that_were_moved_are_kept_under_their_new_place(parts, tested, tmp_path) -> None:
    shutil.copytree(tested / "first", tmp_path / "moved")
    kept, new, result = again(parts, tmp_path / "moved", **asked_of(tested))
    [one] = result.scenarios
    folders = [one.performance.folder, one.accuracy.folder, one.compliance[0].folder]
    assert (len(kept), new) == (3, []) and all(name.startswith(str(tmp_path)) for name in folders)


@pytest.mark.parametrize(("lost", "said", "kept"), LOSSES, ids=[row[0] for row in LOSSES])
def test_a_part_without_its_logs_is_not_finished(parts, tested, tmp_path, lost, said, kept) -> None:
    shutil.copytree(tested / "first", tmp_path / "r")
    [place] = [path for path in (tmp_path / "r").rglob("offline") if path.is_dir()]
    (place / lost).unlink()
    found, new, result = again(parts, tmp_path / "r", **asked_of(tested))
    assert len(found) == kept and new[0].startswith(said), (found, new)
    assert (place / lost).is_file() and len(result.scenarios[0].compliance) == 1


def test_two_run_configs_have_results_of_their_own(parts, tmp_path) -> None:
    first = run(request(parts, tmp_path, **ONE, profile="test"), silent)
    second = run(request(parts, tmp_path, **ONE, profile="test", run_config="batch_8", max_batchsize=8), silent)
    assert first.sut.endswith("-default_config") and second.sut.endswith("-batch_8")
    for one in (first, second):
        told = json.loads((Path(one.folder).parent / "cm-sut-info.json").read_text("utf-8"))
        assert one.sut.endswith(f"-{told['run_config']}")
        assert (Path(one.scenarios[0].performance.folder) / "mlperf_log_detail.txt").is_file()


def test_test05_runs_with_its_own_seeds(parts, tmp_path) -> None:
    conf = conf_of(tmp_path, *CALM)
    result = run(request(parts, tmp_path, **ONE, round="v4.1", compliance=["TEST05"], user_conf=conf), silent)
    [test] = result.scenarios[0].compliance
    assert test.passed, test.details
    log = read_detail(str(Path(test.folder) / "performance" / "run_1" / "mlperf_log_detail.txt"))
    names = [f"effective_{name}_rng_seed" for name in ("qsl", "sample_index", "schedule")]
    seeds = [16799458546791641818, 5453809927556429288, 5435552105434836064]  # of TEST05 in v4.1
    assert [log.get(name) for name in names] == seeds and log.audited()
    assert log_of(result).get(names[0]) == 3066443479025735752, "the performance run has those of the round"
    assert not (Path(test.folder) / "verify_accuracy.txt").exists()


def test_a_full_run_starts_from_the_targets_that_were_found(parts, tmp_path, monkeypatch) -> None:
    """Section 20.2(15): the second run uses what the first has stored, with its tolerance."""
    # Its first run counts here: on a busy machine it may be INVALID, and would be tried again with another target.
    monkeypatch.setitem(profiles.PROFILES, "full", profiles.FULL._replace(baseline_s=0.15, search=False))
    conf = conf_of(tmp_path, "*.*.min_duration = 100", "*.*.min_query_count = 100")
    both = {"scenarios": ["SingleStream", "Offline"], "user_conf": conf, "configs": str(tmp_path / "configs")}
    run(request(parts, tmp_path / "r", **both, modes=["performance"], peak=True), silent)
    [path] = (tmp_path / "configs").rglob("*.yaml")
    stored = yaml.safe_load(path.read_text("utf-8"))["linear"]
    result = run(request(parts, tmp_path / "r", **both, profile="full"), silent)
    assert "valid_results" in result.folder
    expected = {"SingleStream": 0.9 * stored["SingleStream"]["target_latency"],
                "Offline": 1.01 * stored["Offline"]["target_qps"]}  # fmt: skip
    for one in result.scenarios:
        key = "target_latency" if one.scenario == "SingleStream" else "target_qps"
        entries = read_config(str(Path(one.performance.folder) / "user.conf"))
        found = lookup(entries, "*", Scenario(one.scenario), key)
        assert found is not None and found.number == pytest.approx(expected[one.scenario], rel=1e-4), one.scenario
        assert "the value of an earlier run" in one.performance.steps[0]


def test_loadgen_merges_overdue_queries_when_asked(parts, tmp_path) -> None:
    conf = conf_of(tmp_path, "*.*.min_duration = 200", "*.*.min_query_count = 100", "*.Server.target_latency = 5000")
    (tmp_path / "late.py").write_text(LATE, "utf-8")
    counts = {}
    for name, coalesce in (("merged", True), ("single", False)):
        sut = {"name": "late:Late", "options": {"place": str(tmp_path / name)}}
        spec = request(
            parts, tmp_path / f"r-{name}", scenarios=["Server"], modes=["performance"], user_conf=conf,
            targets={"server_qps": 1000.0}, coalesce=coalesce, sut=sut, python_path=[str(tmp_path)],
        )  # fmt: skip
        performance = run(spec, silent).scenarios[0].performance
        sizes = [int(word) for word in (tmp_path / name).read_text("utf-8").split()]
        counts[name] = sizes
        assert sum(sizes) >= performance.queries >= 100 and performance.errors == []
    assert max(counts["merged"]) > 1, "what came due while one was answered is issued at once"
    assert set(counts["single"]) == {1}


LATE = '''
import time


class Late:
    """Answers in the thread of LoadGen, which meanwhile falls behind its own schedule."""

    def __init__(self, predictor, complete, place):
        self.predictor, self.complete, self.place, self.sizes = predictor, complete, place, []

    def start(self):
        pass

    def issue(self, ids, indices):
        time.sleep(0.01)
        self.sizes.append(len(ids))
        out = self.predictor.buffer(len(ids))
        self.predictor(indices, out)
        self.complete(ids, out)

    def flush(self):
        pass

    def stop(self):
        with open(self.place, "w") as out:
            out.write(" ".join(map(str, self.sizes)))
'''


class NeverValid(Measurement):
    """The runs of one scenario, all of them INVALID: no machine of a test can be relied on to be too slow."""

    tried: ClassVar[list[float]] = []

    def _once(self, choice, profile):
        self.tried.append(choice.value)
        staged = self.bench.tree.stage("server-performance")
        return staged, msgspec.structs.replace(self.model, valid=False, target_qps=choice.value)


def test_a_peak_that_does_not_hold_is_lowered_by_two_percent_five_times(parts, tmp_path) -> None:
    spec = request(parts, tmp_path, scenarios=["Server"], modes=["performance"], peak=True, search_s=1e6)
    tree = Tree(str(tmp_path), "test", "sut", "linear")
    tree.make()
    baseline = Baseline([Loop(1, 1, 1e-3, 1e-3, 1e-3, 1000.0), Loop(8, 1, 1e-3, 1e-3, 1e-3, 8000.0)], 61, {}, "", {})
    measurement = NeverValid(Bench(spec, tree, [], silent), baseline, Scenario.SERVER)
    measurement.model = performance(Scenario.SERVER, 1000.0)
    measurement.budget = Budget(1e6)
    _, last = measurement._repeated(targets.Choice(1000.0, "the peak"), steady=False)
    assert measurement.tried == [1000.0, 980.0, 960.4, 941.2, 922.4, 904.0]
    assert last.target_qps == 904.0 and measurement.steps[-1] == "922.4 queries/s was INVALID at full length: 2 % less"
