"""What the light benchmark asks for: the backend by the file, inputs by shape, modules by code."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.errors import UsageError
from franca.mlperf.inference.light import options, request
from franca.mlperf.inference.spec import RunSpec


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


WRONG = [
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
        asked(folder, name, *words)
    assert problem in "\n".join(caught.value.lines())


@pytest.mark.parametrize(
    ("name", "implementation", "engine"),
    [("net.onnx", "cpp", "onnxruntime"), ("net.pt", "cpp", "libtorch"), ("net.pt", "bridge", "bridge")],
)
def test_the_implementation_chooses_the_harness(folder: Path, name: str, implementation: str, engine: str) -> None:
    words = ["--inputs=3"] if name == "net.pt" else []
    spec = asked(folder, name, f"--implementation={implementation}", "--harness=/bin/true", *words)
    assert (spec.engine, spec.harness, spec.implementation) == (engine, "/bin/true", implementation)
