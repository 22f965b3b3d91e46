"""What the light benchmark asks for: the backend by the file, inputs by shape, modules by code."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.errors import UsageError
from franca.mlperf.inference.light import options, request
from franca.mlperf.inference.spec import RunSpec
from franca.mlperf.inference.system import usable_processors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("net.onnx", "net.pt", "code.py"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def asked(folder: Path, name: str, *words: str) -> RunSpec:
    return request(*options([str(folder / name), f"--output={folder}/results", *words]))


def test_the_name_of_the_file_chooses_the_backend(folder: Path) -> None:
    assert asked(folder, "net.onnx").backend.name == "onnxruntime-generic"
    spec = asked(folder, "net.pt", "--inputs=3x8x8,int64:4", "--device=cuda")
    assert spec.backend.name == "pytorch-generic"
    assert spec.backend.options == {"model": str(folder / "net.pt"), "device": "cuda", "threads": 0}
    assert spec.dataset.options == {"inputs": {"input0": ["float32", 3, 8, 8], "input1": ["int64", 4]}}


@pytest.mark.parametrize(
    ("name", "words", "weights", "mode"),
    [("net.pt", (), "net.pt", "eager"), ("net.pt", ("--torch_mode=compile",), "net.pt", "compile"),
     ("code.py", (), "", "eager")],
)  # fmt: skip
def test_code_makes_a_module(folder: Path, name: str, words: tuple[str, ...], weights: str, mode: str) -> None:
    spec = asked(folder, name, "--inputs=4", f"--model_code={folder}/code.py:make", *words)
    expected = {"model": str(folder / weights) if weights else "", "mode": mode, "factory": "code:make"}
    assert {key: spec.backend.options[key] for key in expected} == expected
    assert spec.python_path == [str(folder)]


def test_an_expected_rate_is_that_of_the_scenarios_that_have_one(folder: Path) -> None:
    """The usual scenario is Offline: a rate for Server alone would be dropped without a word."""
    targets = asked(folder, "net.onnx", "--expected_qps=50").targets
    assert (targets.offline_qps, targets.server_qps) == (50, 50)
    targets = asked(folder, "net.onnx", "--expected_qps=50", "--server_target_qps=7").targets
    assert (targets.offline_qps, targets.server_qps) == (50, 7)
    targets = asked(folder, "net.onnx", "--offline_target_qps=9", "--singlestream_target_latency=3").targets
    assert (targets.offline_qps, targets.server_qps, targets.singlestream_ms) == (9, 0, 3)


def test_a_duration_is_the_least_of_every_scenario(folder: Path) -> None:
    length = asked(folder, "net.onnx", "--duration=2.5").length()
    assert {one.min_duration_ms for one in length.lengths.values()} == {2500}


@pytest.mark.parametrize(
    ("words", "workers", "replicas"),
    [
        ([], 1, 1),
        (["--workers=3"], 3, 1),
        (["--runner=inline"], 1, 1),
        (["--runner=threadpool", "--workers=3"], 3, 1),
        (["--runner=threadpool"], usable_processors(), 1),
        (["--runner=threadpool+replication", "--workers=3"], 3, 3),
    ],
)
def test_runners_are_workers_and_copies(folder: Path, words: list[str], workers: int, replicas: int) -> None:
    spec = asked(folder, "net.onnx", *words)
    assert (spec.workers, spec.backend.options.get("replicas", 1)) == (workers, replicas)


def test_threads_side_by_side_are_an_option_of_both_runtimes(folder: Path) -> None:
    options = asked(folder, "net.onnx", "--interop=3", "--execmode=parallel").backend.options
    assert (options["inter_op"], options["parallel"]) == (3, True)
    assert asked(folder, "net.pt", "--inputs=3", "--interop=3").backend.options["inter_op"] == 3


def test_code_gets_its_configuration_and_a_sample_stands_for_shapes(folder: Path) -> None:
    (folder / "cmc.py").write_bytes(b"")
    words = [f"--model_sample={folder}/net.onnx", "--samples=7", '--model_cfg={"width": 3}', f"--model_code={folder}"]
    spec = asked(folder, "net.pt", *words)
    expected = {"factory": "cmc:model_init", "connector": True, "config": {"width": 3}, "model": f"{folder}/net.pt"}
    assert expected.items() <= spec.backend.options.items()
    assert (spec.dataset.name, spec.dataset.options) == ("sample", {"path": f"{folder}/net.onnx", "samples": 7})


WRONG = [
    ("net.onnx", ["--expected_qps=fast"], "--expected_qps=fast: expected a number"),
    ("net.onnx", ["--duration=-1"], "--duration=-1: expected a number"),
    ("net.onnx", ["--runner=inline", "--workers=2"], "--runner=inline is one thread, not 2"),
    ("net.onnx", ["--runner=processpool"], "processes would only add copies"),
    ("net.onnx", ["--runner=walk"], "--runner=walk: expected inline, threadpool or threadpool+replication"),
    ("net.onnx", ["--execmode=both"], "--execmode=both: expected sequential or parallel"),
    ("net.onnx", ["--interop=0"], "--interop=0: expected a whole number"),
    ("net.onnx", ["--model_cfg={}"], "--model_cfg means nothing for an ONNX model"),
    ("net.onnx", ["--model_sample=x"], "--model_sample means nothing for an ONNX model"),
    ("net.onnx", ["--implementation=cpp", "--harness=/bin/true", "--interop=2"], "--interop means nothing for --impl"),
    (
        "net.onnx",
        ["--implementation=cpp", "--harness=/bin/true", "--runner=threadpool+replication"],
        "the C++ harness has one model for all its workers",
    ),
    ("net.pt", ["--execmode=parallel", "--inputs=3"], "--execmode means nothing for a PyTorch model"),
    ("net.pt", ["--model_sample=nowhere.pt"], "--model_sample=nowhere.pt: no such file"),
    ("net.pt", ["--model_sample=HERE/net.pt", "--inputs=3"], "--inputs means nothing for a sample that is given"),
    ("net.pt", ["--inputs=3", "--model_cfg={}"], "--model_cfg means nothing for a TorchScript file"),
    ("net.pt", ["--inputs=3", "--model_code=HERE/code.py:f", "--model_cfg={1"], "no JSON"),
    ("net.pt", [], "does not name the shapes of its inputs"),
    ("net.pt", ["--inputs=3xx"], "--inputs=3xx: expected"),
    ("net.pt", ["--inputs=0x3"], "--inputs=0x3: expected"),
    ("net.pt", ["--inputs=complex:3"], "types: float32"),
    ("net.pt", ["--inputs=3", "--torch_mode=eager"], "--model_code=FILE.py:FUNCTION"),
    ("code.py", ["--inputs=3"], "--model_code=FILE.py:FUNCTION"),
    ("net.pt", ["--inputs=3", "--axes=a=1"], "--axes means nothing for a PyTorch model"),
    ("net.pt", ["--inputs=3", "--model_code=nowhere.py:make"], "expected FILE.py:FUNCTION"),
    ("net.pt", ["--inputs=3", "--model_code=code.py"], "expected FILE.py:FUNCTION"),
    ("net.onnx", ["--inputs=3"], "--inputs means nothing for an ONNX model"),
    ("net.onnx", ["--backend=warp"], "--backend=warp: expected onnxruntime, pytorch"),
    ("net.onnx", ["--library=/x.so"], "only --implementation=cpp --backend=onnxruntime opens a library"),
    (
        "net.onnx",
        ["--implementation=cpp", "--harness=/bin/true", "--device=cuda"],
        "engine onnxruntime runs on the CPU",
    ),
    ("net.onnx", ["--colour=red"], "no option --colour"),
]


@pytest.mark.parametrize(("name", "words", "problem"), WRONG, ids=[case[2] for case in WRONG])
def test_what_means_nothing_is_refused(folder: Path, name: str, words: list[str], problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        asked(folder, name, *(word.replace("HERE", str(folder)) for word in words))
    assert problem in "\n".join(caught.value.lines())


@pytest.mark.parametrize(
    ("name", "implementation", "engine"),
    [("net.onnx", "cpp", "onnxruntime"), ("net.pt", "cpp", "libtorch"), ("net.pt", "bridge", "bridge")],
)
def test_the_implementation_chooses_the_harness(folder: Path, name: str, implementation: str, engine: str) -> None:
    words = ["--inputs=3"] if name == "net.pt" else []
    spec = asked(folder, name, f"--implementation={implementation}", "--harness=/bin/true", *words)
    assert (spec.engine, spec.harness, spec.implementation) == (engine, "/bin/true", implementation)
