"""Whole runs over the network: the same answers as the model in the process, and the marks of the network division."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import msgspec
import pytest

np = pytest.importorskip("numpy")

from franca.mlperf.inference.campaign import Campaign  # noqa: E402
from franca.mlperf.inference.spec import RunSpec, checked  # noqa: E402
from franca.mlperf.network.batching import Gatherer  # noqa: E402
from franca.mlperf.network.body import Batch  # noqa: E402
from franca.mlperf.network.launch import Served, ServeOptions  # noqa: E402
from franca.mlperf.submission.build import BuildOptions, build_tree  # noqa: E402
from franca.mlperf.submission.build_verdict import judge, skips_for  # noqa: E402
from tests.integration.mlperf_inference.inference_cases import ALL  # noqa: E402

HERE = Path(__file__).resolve().parent
FIELDS = {"network_rate": "10 GbE", "host_memory_configuration": "4 x 8 GB"}


def test_all_scenarios_over_the_network_run_and_are_right(network_request) -> None:
    data = network_request(scenarios=ALL, targets={"server_qps": 50, "server_bound_ms": 500})
    spec = checked(msgspec.convert({**data, "output": str(data["output"])}, RunSpec))
    result = Campaign(spec, lambda text: None).run()
    for one in result.scenarios:
        assert one.accuracy.equals_direct and not one.accuracy.errors, one.scenario
        assert one.performance.samples >= 100 and not one.performance.errors, one.scenario
        summary = Path(one.performance.folder, "mlperf_log_summary.txt").read_text("utf-8")
        assert "SUT name : Franca Network SUT linear" in summary


@pytest.mark.parametrize(("how", "words"), [("exits", "http://127.0.0.1:"), ("raises", "RuntimeError: gone for good")])
def test_a_server_that_fails_during_the_run_ends_it(network_request, run_command, parts, how, words) -> None:
    failing = {"backend": "network_failing_backend:Failing", "device": how, "python_path": str(HERE)}
    with Served(ServeOptions(model=str(parts / "model.onnx"), port=0, **failing)) as served:
        data = network_request(servers=[served.url], scenarios=["SingleStream"], modes=["performance"])
        done = run_command(data)
    assert done.returncode == 1
    assert "SingleStream performance run: the system under test failed in issue: NetworkError" in done.stderr
    assert words in done.stderr and "Traceback" not in done.stderr


class Slow:
    """Holds the first batch until others are waiting."""

    max_batch = 0

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.first, self.go = threading.Event(), threading.Event()

    def info(self):
        return {}

    def answer(self, batch: Batch):
        self.sizes.append(batch.samples)
        if len(self.sizes) == 1:
            self.first.set()
            assert self.go.wait(20)
        return batch.arrays[""][:, 0] * 10


def test_requests_that_wait_run_as_one_batch_and_get_their_own_answers() -> None:
    model = Slow()
    gatherer = Gatherer(model, max_batch=4)
    answers: dict[int, list[float]] = {}

    def ask(k: int, wide: int = 2) -> None:
        answers[k] = gatherer.answer(Batch(1, {"": np.full((1, wide), k, dtype=np.float32)})).tolist()

    threads = [threading.Thread(target=ask, args=(0,))]
    threads[0].start()
    assert model.first.wait(20)
    for k in range(1, 8):
        threads.append(threading.Thread(target=ask, args=(k, 3 if k == 7 else 2)))
        threads[-1].start()
    while len(gatherer._waiting) < 7:
        threading.Event().wait(0.01)
    model.go.set()
    for thread in threads:
        thread.join(20)
    assert answers == {k: [10.0 * k] for k in range(8)}
    assert sorted(model.sizes) == [1, 1, 2, 4]  # the first; the one of another shape; six others in fours


def test_an_error_reaches_everybody_in_the_batch() -> None:
    class Fails:
        def answer(self, batch: Batch):
            raise RuntimeError("no")

    gatherer = Gatherer(Fails(), max_batch=4)
    for _ in range(2):  # and the place is free again
        with pytest.raises(RuntimeError, match="no"):
            gatherer.answer(Batch(1, {"": np.zeros((1, 1))}))


def test_the_tree_of_a_network_run_has_the_marks_of_its_division(network_request, tmp_path) -> None:
    data = network_request(scenarios=["Offline"], model="resnet", system_fields=FIELDS, weights={"retraining": "no"})
    spec = checked(msgspec.convert({**data, "output": str(data["output"])}, RunSpec))
    Campaign(spec, lambda text: None).run()
    options = {"results_dir": str(data["output"]), "submitter": "Community", "category": "datacenter"}
    rules = {}
    for division in ("network", "closed"):
        wanted = BuildOptions(**options, submission_dir=str(tmp_path / division), division=division)
        built = build_tree(wanted, lambda text: None)
        verdict = judge(built, skips_for(built))
        rules[division] = {finding.rule for finding in verdict.findings}
    assert "S6" not in rules["network"] and "S6" in rules["closed"]
    (description,) = (tmp_path / "network").glob("network/Community/systems/*.json")
    fields = json.loads(description.read_text("utf-8"))
    assert fields["is_network"] == "true" and fields["network_protocol"] == "HTTP/1.1"
    assert fields["network_rate"] == "10 GbE" and fields["number_connections"] == "2"
