"""The PyTorch backend in all its modes, and its errors. Needs torch in the Python of the tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from franca.errors import StepFailed
from franca.mlperf.inference.backends.torch_backend import TorchBackend
from franca.mlperf.inference.campaign import run
from franca.mlperf.inference.light import options as light_options
from franca.mlperf.inference.light import request
from franca.mlperf.inference.plugs import PlugError
from tests.integration.mlperf_inference import inference_cases

torch = pytest.importorskip("torch", reason="torch is not installed (pip install torch)", exc_type=ImportError)

FACTORY = """
import torch


def linear():
    return torch.nn.Linear(64, 10)
"""


@pytest.fixture
def files(parts, tmp_path, monkeypatch) -> Path:
    """The linear model of the other tests as weights, as TorchScript, and as a factory."""
    onnx = (parts / "model.onnx").read_bytes()
    module = torch.nn.Linear(64, 10)
    import numpy as np

    generator = np.random.default_rng(1)
    generator.integers(0, 17, (inference_cases.COUNT, 8, 8))
    weights = generator.normal(size=(64, 10)).astype(np.float32)
    assert weights.tobytes() in onnx  # the same draw as in the fixture
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(weights.T.copy()))
        module.bias.zero_()
    torch.save(module.state_dict(), tmp_path / "weights.pt")
    torch.jit.script(module).save(str(tmp_path / "model.ts"))
    (tmp_path / "factories.py").write_text(FACTORY, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def options(files: Path, mode: str) -> dict:
    if mode == "torchscript":
        return {"model": str(files / "model.ts"), "threads": 1}
    return {"mode": mode, "factory": "factories:linear", "model": str(files / "weights.pt"), "threads": 1}


@pytest.mark.parametrize("mode", ["torchscript", "eager"])
def test_a_benchmark_gives_the_same_accuracy_as_numpy(parts, files, tmp_path, mode) -> None:
    spec = inference_cases.request(
        parts, tmp_path / "r", backend={"name": "pytorch", "options": options(files, mode)},
        python_path=[str(files)], scenarios=["Offline"], profile="test", test_query_count=50,
    )  # fmt: skip
    result = run(spec, lambda line: None)
    accuracy = result.scenarios[0].accuracy
    assert (accuracy.good, accuracy.total) == (inference_cases.COUNT - 13, inference_cases.COUNT)
    assert accuracy.equals_direct and result.sut.startswith("default-franca-cpu-pytorch-v")


@pytest.mark.parametrize("mode", ["torchscript", "eager", "compile"])
def test_every_mode_answers_like_the_weights(files, mode) -> None:
    import numpy as np

    if mode == "compile" and not (shutil.which("g++") or shutil.which("clang++")):
        pytest.skip("torch.compile needs a C++ compiler")
    backend = TorchBackend(**options(files, mode))
    backend.load()
    batch = np.arange(128, dtype="float32").reshape(2, 64)
    state = torch.load(files / "weights.pt", weights_only=True)
    expected = batch @ state["weight"].numpy().T + state["bias"].numpy()
    assert np.allclose(backend.predict(batch), expected, rtol=1e-4, atol=1e-2)


WRONG = [
    ({"mode": "jit"}, "mode 'jit' is not known"),
    ({"device": "tpu"}, "device 'tpu' is not known"),
    ({"device": "cuda:x"}, "is not known"),
    ({"model": "nowhere.ts"}, "does not exist"),
    ({"mode": "eager", "factory": "linear"}, "needs factory = package.module:callable"),
    ({"mode": "eager", "factory": "factories:cubic"}, "cannot be made"),
]


@pytest.mark.parametrize(("given", "problem"), WRONG, ids=[problem for _, problem in WRONG])
def test_a_mistake_is_named_at_loading(files, given, problem) -> None:
    with pytest.raises(PlugError, match=problem):
        TorchBackend(**given).load()


def test_a_device_that_is_not_there_is_named(files) -> None:
    with pytest.raises(PlugError, match=r"built without CUDA|PyTorch sees [0-9]+ CUDA devices"):
        TorchBackend(**options(files, "torchscript"), device="cuda:97").load()


def test_a_file_that_is_no_torchscript_is_one_clear_error(parts, tmp_path) -> None:
    (tmp_path / "m.ts").write_bytes(b"PK no")
    spec = inference_cases.request(
        parts, tmp_path / "r", backend={"name": "pytorch", "options": {"model": str(tmp_path / "m.ts")}},
        scenarios=["Offline"],
    )  # fmt: skip
    with pytest.raises(StepFailed, match="is no TorchScript file"):
        run(spec, lambda line: None)


def test_weights_of_another_model_are_refused(files) -> None:
    torch.save({"weight": torch.zeros(1)}, files / "other.pt")
    with pytest.raises(PlugError, match="do not fit factories:linear"):
        TorchBackend(mode="eager", factory="factories:linear", model=str(files / "other.pt")).load()


CODE = """
import torch


class Two(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(6, 2)

    def forward(self, one, other):
        return {"logits": self.layer(torch.cat([one, other.float()], dim=1))}
"""


@pytest.mark.parametrize("mode", ["torchscript", "eager"])
def test_generated_inputs_run_as_flags_ask(tmp_path, mode) -> None:
    (tmp_path / "two.py").write_text(CODE, "utf-8")
    words = ["--inputs=float32:4,int64:2", "--scenario=Offline", "--test_query_count=50", "--max_batchsize=4"]
    words += [f"--output={tmp_path / 'results'}", "--threads=1"]
    if mode == "torchscript":
        torch.jit.script(torch.nn.Bilinear(4, 2, 3)).save(str(tmp_path / "model.ts"))
        words += [str(tmp_path / "model.ts"), "--inputs=4,2"]
    else:
        words += [str(tmp_path / "two.py"), f"--model_code={tmp_path / 'two.py'}:Two"]
    result = run(request(*light_options(words)), lambda line: None)
    performance = result.scenarios[0].performance
    assert performance.samples >= 50 and not performance.errors
    assert f"pytorch-generic-v{torch.__version__}" in result.sut


def test_a_device_that_is_not_there_ends_a_run_with_one_clear_error(tmp_path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    torch.jit.script(torch.nn.Linear(4, 2)).save(str(tmp_path / "model.ts"))
    words = [str(tmp_path / "model.ts"), "--inputs=4", "--device=cuda", f"--output={tmp_path / 'results'}"]
    with pytest.raises(StepFailed, match=r"device cuda: (this PyTorch .* is built without CUDA|PyTorch sees 0)"):
        run(request(*light_options(words)), lambda line: None)
