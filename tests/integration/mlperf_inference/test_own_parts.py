"""Tasks that users bring: the documented example, generated inputs, PyTorch, and systems that cheat."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from franca.errors import FrancaError, Refused, StepFailed
from franca.mlperf.inference import peak
from franca.mlperf.inference.campaign import run
from franca.mlperf.inference.light import options, request
from franca.mlperf.inference.light_record import write_records
from franca.mlperf.inference.onnxwrite import Node, Port, Tensor, model
from franca.mlperf.inference.spec import read_spec
from franca.mlperf.submission.build import BuildOptions, build_tree
from tests.integration.mlperf_inference import inference_cases

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "benchmark-inference.md"


def silent(line: str) -> None:
    """Nobody listens."""


def block(language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text("utf-8"), re.S)
    assert len(found) == 1, f"the guide has {len(found)} {language} blocks"
    return found[0]


def test_the_plug_ins_of_the_guide_run_as_they_are_printed(tmp_path) -> None:
    (tmp_path / "halves.py").write_text(block("python"), "utf-8")
    text = block("json").replace("FOLDER", str(tmp_path)).replace("PYTHON", sys.executable)
    (tmp_path / "request.json").write_text(text, "utf-8")
    result = run(read_spec(str(tmp_path / "request.json")), silent)
    assert [r.scenario for r in result.scenarios] == ["SingleStream", "Offline"]
    for one in result.scenarios:
        assert one.accuracy.line == "accuracy=100.000%, good=200, total=200"
        assert one.accuracy.equals_direct
    built = build_tree(BuildOptions(results_dir=str(tmp_path / "results"), submission_dir=str(tmp_path / "t"),
                                    submitter="Community"), silent)  # fmt: skip
    assert len(built.results) == 2 and built.mapping == {"halves": "resnet"}


def onnx_file(path: Path, axes: list[int | str]) -> Path:
    """y = x * w, elementwise, for inputs of any shape."""
    raw = model([Node("Mul", ["x", "w"], ["y"])], [Tensor("w", [1], b"\0\0\0\x40")], Port("x", axes), Port("y", axes))
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("axes", [["N", 3, 4], ["N", "sequence", 4], [1, 3, 4], ["N"]], ids=str)
def test_any_onnx_model_runs_over_generated_inputs(tmp_path, axes) -> None:
    file = onnx_file(tmp_path / "my model.onnx", axes)
    words = [str(file), "--scenario=MultiStream,Offline", "--test_query_count=20", f"--output={tmp_path / 'r'}"]
    result = run(request(*options([*words, "--samples=10", "--axes=sequence=7"])), silent)
    assert [(r.scenario, r.performance.errors, r.accuracy) for r in result.scenarios] == [
        ("MultiStream", [], None), ("Offline", [], None)
    ]  # fmt: skip
    assert result.dataset == "generated inputs (random data, no accuracy)"
    assert all(r.performance.dataset_samples == 10 for r in result.scenarios)


@pytest.mark.parametrize("mark", ["record", "file"])
def test_a_run_over_generated_inputs_is_refused_for_the_closed_division(tmp_path, mark) -> None:
    """The name of an official model in the file would else make it one."""
    file = onnx_file(tmp_path / "resnet50.onnx", ["N", 3])
    result = run(request(*options([str(file), "--test_query_count=20", f"--output={tmp_path / 'r'}"])), silent)
    if mark == "file":  # of a tree whose record is gone, the file beside the logs tells
        write_records(result)
        (Path(result.folder) / "results.json").unlink()
    wanted = {"results_dir": str(tmp_path / "r"), "submission_dir": str(tmp_path / "t"), "submitter": "Community"}
    with pytest.raises(Refused, match=r"generated inputs \(random data, no accuracy\): it cannot be submitted"):
        build_tree(BuildOptions(**wanted, division="closed"), silent)
    assert not (tmp_path / "t").exists()
    assert build_tree(BuildOptions(**wanted), silent).results


def test_generated_inputs_have_the_shapes_and_values_that_were_asked_for(tmp_path) -> None:
    import numpy as np

    from franca.mlperf.inference.datasets.random_inputs import RandomInputs

    file = onnx_file(tmp_path / "m.onnx", ["N", "sequence", 4])
    first, again = (RandomInputs(str(file), samples=6, axes={"sequence": 5}) for _ in range(2))
    first.open()
    again.open()
    batch = first.batch([4, 1])["x"]
    assert batch.shape == (2, 5, 4) and batch.dtype == np.float32 and np.abs(batch).max() <= 1
    assert (again.batch([4, 1])["x"] == batch).all()
    words = RandomInputs(inputs={"ids": ["int64", 3]}, samples=50, high=7)
    words.open()
    assert set(np.unique(words.batch(list(range(50)))["ids"])) <= set(range(7))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["nowhere.onnx"], "does not exist"),
        (["a.onnx", "b.onnx"], "expected one model"),
        (["HERE", "--colour=red"], "no option --colour"),
        (["HERE", "--samples=none"], "--samples=none"),
        (["HERE", "--axes=n=0"], "--axes=0"),
    ],
)
def test_a_mistake_in_the_options_is_named(tmp_path, words, problem) -> None:
    file = onnx_file(tmp_path / "m.onnx", ["N", 2])
    with pytest.raises(FrancaError, match=problem):
        request(*options([str(file) if word == "HERE" else word for word in words]))


def test_a_file_that_is_no_model_is_named(tmp_path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"not a model")
    words = [str(tmp_path / "m.onnx"), "--scenario=Offline", f"--output={tmp_path / 'r'}", "--test_query_count=5"]
    with pytest.raises(StepFailed, match="cannot be opened by onnxruntime"):
        run(request(*options(words)), silent)


CHEATS = '''
import time
from pathlib import Path
import numpy as np
from franca.mlperf.inference.plugs import Capabilities


class Remembers:
    """Answers the same input twice as fast as it should: keeps the last answer."""

    def load(self):
        self._last, self._answer = None, None
        return Capabilities("remembers", "1", "cpu")

    def predict(self, batch):
        if self._last is not None and batch.tobytes() == self._last:
            return self._answer
        time.sleep(0.002)
        self._last = batch.tobytes()
        self._answer = np.eye(10, dtype="float32")[batch.reshape(len(batch), -1).sum(axis=1).astype(int) % 10]
        return self._answer


class Tires:
    """Answers by the labels as long as an accuracy run takes, and always class 10 later."""

    def load(self):
        data = Path(DATA)
        images, labels = np.load(data / "holdout-images.npy"), np.load(data / "holdout-labels.npy")
        self._labels = {image.astype("float32").tobytes(): label for image, label in zip(images, labels)}
        self._left = 3 * len(images)
        return Capabilities("tires", "1", "cpu")

    def predict(self, batch):
        self._left -= len(batch)
        answers = [self._labels[one.astype("float32").tobytes()] if self._left > 0 else 10 for one in batch]
        return np.eye(11, dtype="float32")[answers]
'''


def cheat(parts: Path, tmp_path: Path, name: str, test: str):
    (tmp_path / "cheats.py").write_text(f"DATA = {str(parts)!r}\n{CHEATS}", "utf-8")
    spec = inference_cases.request(
        parts, tmp_path / "r", backend={"name": f"cheats:{name}"}, python_path=[str(tmp_path)],
        scenarios=["SingleStream"], compliance=[test], sampling_target=64,
    )  # fmt: skip
    return run(spec, silent).scenarios[0].compliance[0]


def test_a_system_that_remembers_its_last_answer_fails_test04(parts, tmp_path) -> None:
    found = cheat(parts, tmp_path, "Remembers", "TEST04")
    assert not found.passed and found.score > 1.1 * found.reference
    assert "TEST FAIL" in (Path(found.folder) / "verify_performance.txt").read_text("utf-8")


def test_a_system_that_answers_differently_in_performance_runs_fails_test01(parts, tmp_path) -> None:
    found = cheat(parts, tmp_path, "Tires", "TEST01")
    assert not found.passed
    folder = Path(found.folder)
    assert (folder / "verify_accuracy.txt").read_text("utf-8").splitlines()[-1] == "TEST FAIL"
    for name in ("baseline_accuracy.txt", "compliance_accuracy.txt"):
        assert (folder / "accuracy" / name).read_text("utf-8").startswith("accuracy=")
    assert sorted(path.name for path in (folder / "accuracy").iterdir()) == [
        "accuracy.txt", "baseline_accuracy.txt", "compliance_accuracy.txt", "mlperf_log_accuracy.json"
    ]  # fmt: skip


def test_the_peak_is_searched_and_its_probes_are_kept(parts, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(peak, "RESOLUTION", 0.5)  # fewer probes: how close it comes is tested without LoadGen
    monkeypatch.setattr(peak, "MAX_PROBES", 8)  # also on a machine that misses all of them
    (tmp_path / "slow.py").write_text(SLOW, "utf-8")
    conf = tmp_path / "user.conf"
    conf.write_text("*.Server.min_duration = 300\n*.Server.min_query_count = 100\n", "utf-8")
    spec = inference_cases.request(
        parts, tmp_path / "r", peak=True, backend={"name": "slow:Slow"}, python_path=[str(tmp_path)],
        scenarios=["Server"], modes=["performance"], configs=str(tmp_path / "configs"), max_batchsize=1,
        user_conf=str(conf), targets={"server_bound_ms": 100.0},
    )  # fmt: skip
    performance = run(spec, silent).scenarios[0].performance
    record = json.loads(next((tmp_path / "r").glob("*/*/*/peak-server.json")).read_text("utf-8"))
    rates = [probe["rate"] for probe in record["probes"]]
    assert len(rates) >= 2 and performance.target_qps <= max(rates)
    assert all(any(f"{rate:g} queries/s: " in step for step in performance.steps) for rate in rates)
    if performance.valid:  # a busy machine may miss every rate
        stored = next((tmp_path / "configs").glob("**/*.yaml")).read_text("utf-8")
        assert f"target_qps: {performance.target_qps}" in stored


SLOW = '''
import time
import numpy as np
from franca.mlperf.inference.plugs import Capabilities


class Slow:
    """Half a millisecond a batch: at most 2000 queries a second."""

    def load(self):
        return Capabilities("slow", "1", "cpu")

    def predict(self, batch):
        time.sleep(0.0005)
        return np.zeros((len(batch), 10), dtype="float32")
'''
