"""LibTorch inside the C++ program: a TorchScript model by the user's flags, with the answers of PyTorch in Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from franca.errors import StepFailed, Unavailable
from franca.mlperf.inference.campaign import Campaign
from franca.mlperf.inference.light import options, request
from franca.mlperf.native.build import Built, Request, build
from tests.integration.mlperf_native.conftest import build_root, python_with_pip
from tests.integration.mlperf_native.native_digits import make_digits, request_from_flags
from tests.integration.mlperf_native.test_native_bridge import sut_name

torch = pytest.importorskip("torch", reason="torch is not installed (pip install torch)", exc_type=ImportError)


@pytest.fixture(scope="module")
def program() -> Built:
    try:
        build(Request(build_root(), python=python_with_pip()))  # LoadGen's sources come through pip
        return build(Request(build_root(), python=sys.executable, engines=("libtorch",)))
    except Unavailable as error:
        pytest.skip(f"the C++ harness cannot be built here: {error}")


def test_the_digits_run_by_the_users_flags(program, tmp_path) -> None:
    pytest.importorskip("sklearn")
    digits = make_digits(tmp_path, sys.executable, "--format", "torchscript")
    flags = {
        "CM_MLPERF_IMPLEMENTATION": "cpp",
        "CM_MLPERF_BACKEND": "pytorch",
        "CM_MLPERF_LOADGEN_SCENARIO": "SingleStream,Offline",
        "CM_TEST_QUERY_COUNT": "20",
        "CM_MLPERF_INFERENCE_WORKERS": "2",
        "CM_NUM_THREADS": "1",
        "CM_MLPERF_NATIVE_HARNESS": program.program,
    }
    result = Campaign(request_from_flags(digits, tmp_path / "results", flags), lambda text: None).run()
    assert f"cpp-cpu-pytorch-v{torch.__version__}" in result.sut
    for one in result.scenarios:
        # The bare loop is the Python backend: the same bytes for every sample.
        assert one.accuracy.equals_direct and one.accuracy.value == one.accuracy.direct > 90
        assert one.performance.samples >= 20 and not one.performance.errors
        assert sut_name(one.performance.folder) == "Franca C++ libtorch"


def test_any_torchscript_model_runs_over_generated_inputs(program, tmp_path) -> None:
    path = tmp_path / "net.pt"
    torch.jit.script(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten())).save(str(path))
    words = ["--implementation=cpp", "--inputs=3x8x8", "--scenario=Offline", "--test_query_count=50"]
    words += [f"--harness={program.program}", f"--output={tmp_path / 'results'}"]
    result = Campaign(request(*options([str(path), *words])), lambda text: None).run()
    performance = result.scenarios[0].performance
    assert performance.samples >= 50 and not performance.errors
    assert sut_name(performance.folder) == "Franca C++ libtorch"


def test_a_model_that_answers_other_shapes_is_one_clear_error(program, tmp_path) -> None:
    path = tmp_path / "net.pt"
    torch.jit.script(torch.nn.Flatten(0)).save(str(path))
    words = ["--implementation=cpp", "--inputs=4", "--scenario=Offline", "--test_query_count=50"]
    words += [f"--harness={program.program}", f"--output={tmp_path / 'results'}"]
    with pytest.raises(StepFailed, match="the model's output has shape") as caught:
        Campaign(request(*options([str(path), *words])), lambda text: None).run()
    assert Path(caught.value.log).exists()
