"""Requests, jobs, histograms, identities: records in and out, mistakes named."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import MalformedFile, UsageError
from franca.mlperf.inference.histogram import LogHistogram
from franca.mlperf.inference.job import Job, PartSpec, job_from_json, job_to_json
from franca.mlperf.inference.plugs import PlugError, build, resolve
from franca.mlperf.inference.rounds import SEEDS, TEST05_SEEDS
from franca.mlperf.inference.scenarios import Mode, Scenario, mode_named, scenario_named, throughput
from franca.mlperf.inference.spec import read_spec
from franca.mlperf.inference.store import Tree, folder_sha256, read_part, write_part

REQUEST = {
    "benchmark": "digits", "model": "m", "model_file": "/m.onnx", "dataset_name": "d", "output": "/out",
    "backend": {"name": "onnxruntime"}, "dataset": {"name": "digits"}, "metric": {"name": "label"},
    "interpreter": "/usr/bin/python3",
}  # fmt: skip


def spec_file(tmp_path, **changes) -> str:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps({**REQUEST, **changes}), "utf-8")
    return str(path)


def test_a_request_runs_offline_before_server_and_performance_before_accuracy(tmp_path) -> None:
    wanted = read_spec(spec_file(tmp_path)).wanted()
    assert [s for s, _ in wanted][::2] == [
        Scenario.SINGLE_STREAM, Scenario.MULTI_STREAM, Scenario.OFFLINE, Scenario.SERVER,
    ]  # fmt: skip
    assert [m for _, m in wanted[:2]] == [Mode.PERFORMANCE, Mode.ACCURACY]


WRONG = [
    ({"scenarios": ["Serve"]}, UsageError, "no scenario 'Serve'"),
    ({"modes": ["speed"]}, UsageError, "no mode 'speed'"),
    ({"profile": "long"}, UsageError, "profile 'long'"),
    ({"round": "v9.9"}, UsageError, "round 'v9.9'"),
    ({"workers": 0}, UsageError, "workers is 0"),
    ({"scenarios": []}, UsageError, "nothing to run"),
    ({"model": "../../etc"}, UsageError, "cannot name a folder"),
    ({"hw_name": ".hidden"}, UsageError, "cannot name a folder"),
    ({"targets": {"server_qps": -1}}, UsageError, "server_qps is -1"),
    ({"max_batchsize": "many"}, MalformedFile, "max_batchsize"),
    ({"surprise": 1}, MalformedFile, "surprise"),
    ({"backend": {}}, MalformedFile, "name"),
]


@pytest.mark.parametrize(("changes", "kind", "words"), WRONG, ids=[str(w[0])[:40] for w in WRONG])
def test_a_wrong_request_is_refused_and_the_field_named(tmp_path, changes, kind, words) -> None:
    with pytest.raises(kind) as caught:
        read_spec(spec_file(tmp_path, **changes))
    assert words in str(caught.value)


def test_a_job_survives_its_file() -> None:
    job = Job("loadgen", "/o", PartSpec("a", {"x": [1]}), PartSpec("b"), PartSpec("c"), PartSpec(""), seeds=(1, 2, 3))
    assert job_from_json(job_to_json(job)) == job


@pytest.mark.parametrize("text", ["SingleStream", "singlestream", "single-stream", "Single_Stream"])
def test_scenarios_are_known_by_any_usual_spelling(text: str) -> None:
    assert scenario_named(text) is Scenario.SINGLE_STREAM


def test_modes_are_known_by_any_usual_spelling() -> None:
    assert mode_named("AccuracyOnly") is Mode.ACCURACY
    assert mode_named("performance-only") is Mode.PERFORMANCE
    assert mode_named("both") is None


def test_throughput_of_the_streams_comes_from_latency() -> None:
    assert throughput(Scenario.SINGLE_STREAM, 2.0) == 500
    assert throughput(Scenario.MULTI_STREAM, 2.0) == 4000
    assert throughput(Scenario.OFFLINE, 123.0) == 123
    assert throughput(Scenario.SINGLE_STREAM, 0.0) == 0


PUBLISHED = {  # section 2.6; v4.0 and v4.1 as LoadGen of these rounds has them
    "v3.0": (10003631887983097364, 17183018601990103738, 12134888396634371638),
    "v3.1": (148687905518835231, 520418551913322573, 811580660758947900),
    "v4.0": (13281865557512327830, 198141574272810017, 7575108116881280410),
    "v4.1": (3066443479025735752, 10688027786191513374, 14962580496156340209),
    "v5.0": (6023615788873153749, 15036839855038426416, 9933818062894767841),
    "v5.1": (1780908523862526354, 14771362308971278857, 18209322760996052031),
    "v6.0": (2465351861681999779, 14276810075590677512, 3936089224930324775),
    "v6.1": (2085463073848966840, 2747215439041700203, 16159082839903944936),
}
PUBLISHED_TEST05 = {
    "v3.0": (14646058500348515648, 1207248993894122914, 11879132697760422006),
    "v3.1": (793197339507417767, 255610748586851044, 352213341366340113),
    "v4.0": (2376919268182438552, 11176391829184272374, 3911940905271271337),
    "v4.1": (16799458546791641818, 5453809927556429288, 5435552105434836064),
}


def test_seeds_of_a_round_are_the_published_ones() -> None:
    assert {name: tuple(seeds) for name, seeds in SEEDS.items()} == PUBLISHED
    assert {name: tuple(seeds) for name, seeds in TEST05_SEEDS.items()} == PUBLISHED_TEST05


@given(st.lists(st.integers(1, 10**12), min_size=1))
def test_a_histogram_counts_everything_in_the_right_bucket(times: list[int]) -> None:
    histogram = LogHistogram()
    for one in times:
        histogram.add(one)
    data = histogram.to_data("x")
    assert sum(data["counts"]) == len(times)
    assert data["first"] == math.floor(math.log2(min(times)) * data["per_octave"])
    assert data["counts"][0] and data["counts"][-1]


def test_unknown_plugs_are_named() -> None:
    with pytest.raises(PlugError, match="built in: onnxruntime"):
        resolve("backend", "tensorfloz")
    with pytest.raises(PlugError, match="no_such_module_here"):
        resolve("dataset", "no_such_module_here:Thing")
    with pytest.raises(PlugError, match="has no Nothing"):
        resolve("metric", "franca.mlperf.inference.metrics:Nothing")
    with pytest.raises(PlugError, match="does not take these options"):
        build("dataset", PartSpec("digits", {"path": "/x", "colour": "red"}))


def test_a_part_is_reused_only_for_the_same_identity(tmp_path) -> None:
    write_part(str(tmp_path), "id-1", {"a": 1})
    assert read_part(str(tmp_path), "id-1", dict) == {"a": 1}
    assert read_part(str(tmp_path), "id-2", dict) is None
    (tmp_path / "part.json").write_text('{"identity": "id-1", "res', "utf-8")
    assert read_part(str(tmp_path), "id-1", dict) is None


def test_publishing_replaces_the_whole_folder_and_drops_the_failed_one(tmp_path) -> None:
    tree = Tree(str(tmp_path), "test", "sut", "model")
    tree.make()
    final = tree.folder(Scenario.OFFLINE, Mode.PERFORMANCE)
    for content in ("old", "new"):
        staged = tree.stage("x")
        (tmp_path / staged / content).write_text(content, "utf-8")
        tree.publish(staged, final)
    failed = tree.keep_failed(tree.stage("y"), final)
    assert (tmp_path / final).is_dir() and (tmp_path / failed).is_dir()
    tree.publish(tree.stage("x"), final)
    assert [p.name for p in (tmp_path / final).iterdir()] == []
    assert not (tmp_path / failed).exists()


def test_what_a_killed_run_left_behind_is_dropped(tmp_path) -> None:
    tree = Tree(str(tmp_path), "test", "sut", "model")
    tree.make()
    left = tree.stage("offline")
    tree.make()
    assert not (tmp_path / left).exists()


def test_a_changed_file_changes_the_digest_of_its_data_set(tmp_path) -> None:
    (tmp_path / "a.npy").write_bytes(b"1")
    before = folder_sha256(str(tmp_path))
    (tmp_path / "a.npy").write_bytes(b"2")
    assert folder_sha256(str(tmp_path)) != before
