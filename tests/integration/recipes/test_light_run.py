"""The benchmark without data as its recipe runs it: the words that flags become, the program, its figures and records.

The hook and the native script are the recipe's own; the packages are those of the tests, so that nothing is installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.needs import BENCHMARK, missing_modules
from tests.integration.recipes.conftest import ROOT, Site

RECIPE = ROOT / "recipes" / "script" / "app-loadgen-generic-python"
MISSING = missing_modules(BENCHMARK)
needs_benchmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING}")
CODE = """
import torch


def make(width, factor=1.0):
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(width, 2)

        def forward(self, x, other):
            return factor * self.layer(x) + other

    return Net()
"""
CONNECTOR = """
from net import make


def model_init(checkpoint, cfg):
    if "width" not in cfg:
        return {"return": 1, "error": "no width in cfg"}
    module = make(**cfg)
    module.load_state_dict(checkpoint)
    return {"return": 0, "model": module}
"""


def meta() -> dict[str, Any]:
    """The recipe's own."""
    content: dict[str, Any] = yaml.safe_load((RECIPE / "_cm.yaml").read_text("utf-8"))
    return content


def hook(env: dict[str, Any], given: dict[str, str] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the recipe's hook answers, and the environment that it leaves."""
    code: dict[str, Any] = {}
    path = RECIPE / "customize.py"
    exec(compile(path.read_text("utf-8"), str(path), "exec"), code)
    env = {"CM_PYTHON_BIN_WITH_PATH": sys.executable, **env}
    answer: dict[str, Any] = code["preprocess"]({"env": env, "input": given or {}, "meta": meta()})
    return answer, env


def benchmark(folder: Path, model: Path, **env: Any) -> subprocess.CompletedProcess[str]:
    """The recipe's hook and script, with results in ``folder``."""
    answer, made = hook({"CM_ML_MODEL_FILE_WITH_PATH": str(model), "CM_MLPERF_OUTPUT_DIR": str(folder), **env})
    assert answer == {"return": 0}
    texts = {key: value for key, value in made.items() if isinstance(value, str)}
    environ = {**os.environ, **texts, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run([str(RECIPE / "run.sh")], env=environ, capture_output=True, text=True, check=False)


def onnx_file(path: Path) -> Path:
    """y = 2 x for three numbers a sample."""
    from franca.mlperf.inference.onnxwrite import Node, Port, Tensor, model

    axes = ["N", 3]
    raw = model([Node("Mul", ["x", "w"], ["y"])], [Tensor("w", [1], b"\0\0\0\x40")], Port("x", axes), Port("y", axes))
    path.write_bytes(raw)
    return path


def record(folder: Path) -> dict[str, Any]:
    """The record beside the only run's logs."""
    (found,) = folder.rglob("generated-inputs.json")
    assert (found.parent / "mlperf_log_summary.txt").is_file()
    content: dict[str, Any] = json.loads(found.read_text("utf-8"))
    return content


def target_and_duration(folder: Path) -> tuple[float, int]:
    """Samples a second and milliseconds that LoadGen was told."""
    text = next(folder.rglob("mlperf_log_summary.txt")).read_text("utf-8")
    lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    told = {key.strip(): value.strip() for key, value in lines.items()}
    return float(told["target_qps"]), int(told["min_duration (ms)"])


@needs_benchmark
def test_an_onnx_file_is_measured_and_the_record_says_from_what(tmp_path: Path) -> None:
    model = onnx_file(tmp_path / "my model.onnx")
    flags = {"CM_MLPERF_LOADGEN_EXPECTED_QPS": "300", "CM_MLPERF_LOADGEN_DURATION_SEC": "0.5"}
    done = benchmark(tmp_path / "r", model, CM_MLPERF_LOADGEN_SAMPLES="7", **flags)
    assert done.returncode == 0, done.stderr
    assert "random data, no accuracy" in done.stdout and "samples/s" in done.stdout
    assert target_and_duration(tmp_path / "r") == (300.0, 500)
    assert record(tmp_path / "r") == {
        "note": "random data, no accuracy",
        "model": "my_model",
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "inputs": {"x": ["float32", 3]},
        "samples": 7,
        "seed": 0,
        "integers_below": 2,
    }
    request = json.loads((tmp_path / "r" / "request.json").read_text("utf-8"))
    assert request["model_file"] == str(model) and request["lengths"]["min_duration_ms"] == 500


@needs_benchmark
@pytest.mark.parametrize("runner", ["inline", "threadpool+replication"])
def test_runners_answer_every_sample(tmp_path: Path, runner: str) -> None:
    flags = {"CM_MLPERF_RUNNER": runner, "CM_TEST_QUERY_COUNT": "200", "CM_MLPERF_LOADGEN_MAX_BATCHSIZE": "4"}
    many = {} if runner == "inline" else {"CM_MLPERF_CONCURRENCY": "3"}
    done = benchmark(tmp_path / "r", onnx_file(tmp_path / "m.onnx"), CM_MLPERF_EXEC_MODE="parallel", **flags, **many)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "r" / "results.json").read_text("utf-8"))
    performance = results["scenarios"][0]["performance"]
    assert performance["samples"] >= 200 and performance["errors"] == []
    assert results["settings"]["workers"] == (3 if many else 1)


def test_a_runner_of_processes_is_refused_with_the_reason(tmp_path: Path) -> None:
    done = benchmark(tmp_path / "r", onnx_file(tmp_path / "m.onnx"), CM_MLPERF_RUNNER="processpool+mp")
    assert done.returncode != 0
    assert "--runner=processpool+mp: models run in threads of one process" in done.stderr
    assert "--runner=threadpool+replication" in done.stderr and "Traceback" not in done.stderr


def module_files(folder: Path) -> tuple[Path, Path]:
    """Code of a module, a connector to it, and its weights; the second is the weights."""
    torch = pytest.importorskip("torch", exc_type=ImportError)
    (folder / "net.py").write_text(CODE, "utf-8")
    (folder / "cmc.py").write_text(CONNECTOR, "utf-8")
    torch.save({"layer.weight": torch.ones(2, 4), "layer.bias": torch.zeros(2)}, folder / "weights.pt")
    return folder / "net.py", folder / "weights.pt"


def sample_file(folder: Path, form: str) -> Path:
    """Two arguments with three rows each, in a file of this kind."""
    import numpy as np
    import torch

    arrays = np.ones((3, 4), dtype=np.float32), np.zeros((3, 2), dtype=np.float32)
    path = folder / "sample.pickle"
    if form == "torch":
        torch.save(tuple(torch.from_numpy(one) for one in arrays), path)
    else:
        path.write_bytes(pickle.dumps(arrays))
    return path


@needs_benchmark
@pytest.mark.parametrize(("code", "form"), [("net.py:make", "torch"), (".", "numpy")])
def test_a_pytorch_model_runs_with_its_code_its_cfg_and_a_sample(tmp_path: Path, code: str, form: str) -> None:
    _, weights = module_files(tmp_path)
    sample = sample_file(tmp_path, form)
    done = benchmark(
        tmp_path / "r",
        weights,
        CM_ML_MODEL_CODE_WITH_PATH=str(tmp_path / code),
        CM_ML_MODEL_CFG={"width": "4", "factor": "2.5"},
        CM_ML_MODEL_SAMPLE_WITH_PATH=str(sample),
        CM_TEST_QUERY_COUNT="20",
        CM_MLPERF_RUNNER="threadpool+replication",
        CM_MLPERF_CONCURRENCY="2",
    )
    assert done.returncode == 0, done.stderr
    found = record(tmp_path / "r")
    assert found["inputs"] == {"input0": ["float32", 4], "input1": ["float32", 2]}
    assert found["sample_sha256"] == hashlib.sha256(sample.read_bytes()).hexdigest()


@needs_benchmark
def test_code_in_a_sample_is_never_run(tmp_path: Path) -> None:
    _, weights = module_files(tmp_path)
    mark = tmp_path / "ran"

    class Hostile:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(mark),)

    import torch

    for number, write in enumerate((lambda path: path.write_bytes(pickle.dumps(Hostile())),
                                    lambda path: torch.save(Hostile(), path))):  # fmt: skip
        sample = tmp_path / f"sample{number}.pickle"
        write(sample)
        done = benchmark(
            tmp_path / f"r{number}",
            weights,
            CM_ML_MODEL_CODE_WITH_PATH=str(tmp_path / "net.py:make"),
            CM_ML_MODEL_CFG_WITH_PATH=str(written(tmp_path / "cfg.json", '{"width": 4}')),
            CM_ML_MODEL_SAMPLE_WITH_PATH=str(sample),
        )
        assert done.returncode != 0 and "sample" in done.stderr and "Traceback" not in done.stderr
        assert not mark.exists()


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


@needs_benchmark
def test_what_a_connector_says_ends_the_run(tmp_path: Path) -> None:
    _, weights = module_files(tmp_path)
    sample = sample_file(tmp_path, "numpy")
    code = {"CM_ML_MODEL_CODE_WITH_PATH": str(tmp_path), "CM_ML_MODEL_SAMPLE_WITH_PATH": str(sample)}
    done = benchmark(tmp_path / "r", weights, **code)
    assert done.returncode != 0
    assert "the model 'cmc:model_init' cannot be made: no width in cfg" in done.stderr


def test_every_input_of_the_recipe_becomes_a_word(tmp_path: Path) -> None:
    """A flag of the meta that the hook forgets would be dropped without a word."""
    from franca.mlperf.inference.light import OWN, WISHES, options

    mapping = meta()["input_mapping"]
    model = written(tmp_path / "m.onnx", "")
    odd = {"modelcfg": ({"a": "1"}, '{"a": 1}'), "ep": ("CUDAExecutionProvider", "--device=cuda")}
    for flag, key in mapping.items():
        value, end = odd.get(flag, ("some17", "some17"))
        if key == "CM_ML_MODEL_FILE_WITH_PATH":
            value, end = str(model), str(model)
        answer, env = hook({"CM_ML_MODEL_FILE_WITH_PATH": str(model), key: value})
        assert answer == {"return": 0}
        words = [env[f"CM_LIGHT_WORD_{n}"] for n in range(int(env["CM_LIGHT_WORDS"]))]
        assert any(word.endswith(end) for word in words), flag
        _, given = options(words)
        assert set(given) <= {*WISHES, *OWN}


def test_a_flag_that_is_nearly_one_is_refused(tmp_path: Path) -> None:
    model = {"CM_ML_MODEL_FILE_WITH_PATH": str(written(tmp_path / "m.onnx", ""))}
    answer, _ = hook(model, {"loadgen_expected_qp": "50"})
    assert answer == {"return": 1, "error": "no flag --loadgen_expected_qp; closest: --loadgen_expected_qps"}
    assert hook(model, {"something_of_mine": "1"})[0] == {"return": 0}


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("FRANCA_SLOW_TESTS"), reason="installs packages; set FRANCA_SLOW_TESTS=1")
def test_the_command_measures_an_onnx_file(site: Site, tmp_path: Path) -> None:
    onnx_file(tmp_path / "m.onnx")
    env = site.with_real_index().env(
        "app loadgen generic python", "--modelpath=m.onnx", "--test_query_count=20", "--output=r", cwd=tmp_path
    )
    assert Path(env["CM_MLPERF_INFERENCE_RESULTS_FILE"]) == tmp_path / "r" / "results.json"
    assert record(tmp_path / "r")["note"] == "random data, no accuracy"
