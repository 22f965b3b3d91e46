"""The numbers of the rounds against the tables of the specification (13.1 to 13.3)."""

from __future__ import annotations

import pytest

from franca.mlperf.submission.tables import load_round

SS, MS, OFF, SRV = "SingleStream", "MultiStream", "Offline", "Server"

# 13.1, v3.0: model, scenarios of edge, scenarios of datacenter.
SCENARIOS = [
    ("resnet", {SS, MS, OFF}, {SRV, OFF}),
    ("retinanet", {SS, MS, OFF}, {SRV, OFF}),
    ("rnnt", {SS, OFF}, {SRV, OFF}),
    ("bert-99", {SS, OFF}, {SRV, OFF}),
    ("bert-99.9", set(), {SRV, OFF}),
    ("dlrm-99", set(), {SRV, OFF}),
    ("dlrm-99.9", set(), {SRV, OFF}),
    ("3d-unet-99", {SS, OFF}, {OFF}),
    ("3d-unet-99.9", {SS, OFF}, {OFF}),
]


@pytest.mark.parametrize(("name", "edge", "datacenter"), SCENARIOS)
def test_required_scenarios_of_v3_0(name: str, edge: set[str], datacenter: set[str]) -> None:
    required = load_round("v3.0").models[name].required
    assert set(required.get("edge", [])) == edge
    assert set(required.get("datacenter", [])) == datacenter
    assert set(required.get("datacenter-edge", [])) == edge | datacenter


def test_v3_0_has_no_other_benchmarks() -> None:
    assert set(load_round("v3.0").models) == {name for name, _, _ in SCENARIOS}


@pytest.mark.parametrize(
    ("name", "edge", "datacenter"),
    [
        ("dlrm-v2-99", set(), {SRV, OFF}),
        ("dlrm-v2-99.9", set(), {SRV, OFF}),
        ("gptj-99", {SS, OFF}, {SRV, OFF}),
        ("gptj-99.9", {SS, OFF}, {SRV, OFF}),
    ],
)
def test_benchmarks_that_v3_1_added(name: str, edge: set[str], datacenter: set[str]) -> None:
    required = load_round("v3.1").models[name].required
    assert (set(required.get("edge", [])), set(required.get("datacenter", []))) == (edge, datacenter)
    assert not {"dlrm-99", "dlrm-99.9"} & set(load_round("v3.1").models)


@pytest.mark.parametrize(
    ("name", "edge"),
    [
        ("resnet", {SS, MS, OFF}),
        ("3d-unet-99", {SS, OFF}),
        ("llama3.1-8b-edge", {SS, OFF}),
        ("whisper", {OFF}),
        ("yolo-95", {SS, MS, OFF}),
        ("yolo-99", {SS, MS, OFF}),
    ],
)
def test_required_edge_scenarios_of_v6_1(name: str, edge: set[str]) -> None:
    assert set(load_round("v6.1").models[name].required.get("edge", [])) == edge


# 13.2, v3.0: model, metric, least value, Server bound (ms), samples for performance, samples of an Offline query.
TARGETS = [
    ("resnet", "acc", 75.6954, 15, 1024, 24576),
    ("retinanet", "mAP", 37.1745, 100, 64, 24576),
    ("rnnt", "WER", 91.62252, 1000, 2513, 24576),
    ("bert-99", "F1", 89.96526, 130, 10833, 24576),
    ("bert-99.9", "F1", 90.783126, 130, 10833, 24576),
    ("dlrm-99", "AUC", 79.4475, 30, 204800, 24576),
    ("dlrm-99.9", "AUC", 80.16975, 30, 204800, 24576),
    ("3d-unet-99", "DICE", 0.853083, None, 43, 24576),
    ("3d-unet-99.9", "DICE", 0.8608383, None, 43, 24576),
]


@pytest.mark.parametrize(("name", "metric", "target", "bound_ms", "samples", "offline"), TARGETS)
def test_targets_and_constraints_of_v3_0(
    name: str, metric: str, target: float, bound_ms: int | None, samples: int, offline: int
) -> None:
    model = load_round("v3.0").models[name]
    (wanted,) = model.accuracy
    assert wanted.metric == metric and wanted.target == pytest.approx(target, rel=1e-9)
    assert model.latency_bound_ns.get(SRV) == (None if bound_ms is None else bound_ms * 1_000_000)
    assert (model.performance_samples, model.offline_min_samples) == (samples, offline)


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("dlrm-v2-99", {"AUC": 79.5069}),
        ("dlrm-v2-99.9", {"AUC": 80.22969}),
        ("gptj-99", {"ROUGE1": 42.556635, "ROUGE2": 19.922265, "ROUGEL": 29.688219, "GEN_LEN": 3615190.2}),
        ("gptj-99.9", {"ROUGE1": 42.9435135, "ROUGE2": 20.1033765, "ROUGEL": 29.9581119, "GEN_LEN": 3615190.2}),
    ],
)
def test_targets_of_v3_1(name: str, targets: dict[str, float]) -> None:
    found = {wanted.metric: wanted.target for wanted in load_round("v3.1").models[name].accuracy}
    assert found == pytest.approx(targets, rel=1e-6)


@pytest.mark.parametrize(("name", "offline"), [("rnnt", 2513), ("bert-99", 10833), ("3d-unet-99", 43)])
def test_offline_queries_follow_the_data_set_since_v4(name: str, offline: int) -> None:
    assert load_round("v4.0").models[name].offline_min_samples == offline


# 13.3: the last round that has each of these benchmarks enforces its data set's size.
SIZES = {
    "resnet": 50000, "retinanet": 24781, "bert-99": 10833, "dlrm-v2-99": 330067, "3d-unet-99": 43, "rnnt": 2513,
    "gptj-99": 13368, "llama2-70b-99": 24576, "mixtral-8x7b": 15000, "stable-diffusion-xl": 5000, "whisper": 1633,
    "yolo-95": 1525,
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_data_set_sizes(name: str) -> None:
    rounds = ("v4.0", "v4.1", "v5.0", "v5.1", "v6.0", "v6.1")
    models = [load_round(r).models[name] for r in rounds if name in load_round(r).models]
    assert {model.accuracy_samples for model in models} - {0} == {SIZES[name]}
