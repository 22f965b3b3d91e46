"""ONNX Runtime inside the C++ program: the answers of the Python backend, over any library that can be had."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from franca.errors import Unavailable, UsageError
from franca.mlperf.inference.accuracy import read_answers
from franca.mlperf.inference.campaign import Campaign
from franca.mlperf.native import libraries
from franca.mlperf.native.libraries import onnxruntime_library
from tests.integration.mlperf_inference.inference_cases import ALL
from tests.integration.mlperf_native.native_digits import make_digits, request_from_flags
from tests.integration.mlperf_native.test_native_bridge import run_here, sut_name
from tests.shared import shared

TARGETS = {"server_qps": 100, "server_bound_ms": 200}


@pytest.fixture
def library() -> str:
    try:
        return onnxruntime_library(sys.executable).path
    except Unavailable as error:
        pytest.skip(str(error))


def test_all_scenarios_give_the_answers_of_the_python_backend(native_request, library) -> None:
    import onnxruntime

    found = run_here(native_request(engine="onnxruntime", scenarios=ALL, targets=TARGETS))
    for scenario in ALL:
        performance, accuracy = found[scenario].performance, found[scenario].accuracy
        # The bare loop is the Python backend: the same bytes for every sample.
        assert accuracy.equals_direct and not accuracy.errors, scenario
        assert performance.samples >= 100 and not performance.errors, scenario
        assert not list(Path(performance.folder).glob("*.f32"))
    offline = found["Offline"]
    log = os.path.join(offline.accuracy.folder, "mlperf_log_accuracy.json")
    assert len(read_answers(log, offline.performance.dataset_samples)) == offline.performance.dataset_samples
    assert sut_name(offline.performance.folder) == "Franca C++ onnxruntime"
    assert f"onnxruntime-v{onnxruntime.__version__}" in offline.performance.folder


def test_the_library_that_is_named_is_the_one_that_runs(native_request, library, tmp_path) -> None:
    elsewhere = tmp_path / "my onnxruntime.so"
    elsewhere.symlink_to(library)
    data = native_request(engine="onnxruntime", library=str(elsewhere), scenarios=["Offline"], modes=["accuracy"])
    assert run_here(data)["Offline"].accuracy.equals_direct


def test_a_model_that_cannot_be_read_is_one_clear_error(native_request, run_command, library, tmp_path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    backend = {"name": "native_bad_parts:LosesLater", "options": {"model": str(broken)}}  # the bare loop is content
    path = [str(Path(__file__).parent)]
    data = native_request(engine="onnxruntime", backend=backend, python_path=path, scenarios=["Offline"])
    done = run_command(data)
    assert done.returncode == 1
    assert "could not start: ONNX Runtime: " in done.stderr and "broken.onnx" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_package_brings_the_library_and_its_version() -> None:
    spec = importlib.util.find_spec("onnxruntime")
    assert spec is not None and spec.origin is not None
    if not list(Path(spec.origin).parent.glob("capi/libonnxruntime.so*")):
        pytest.skip("this wheel of onnxruntime has no library of its own (it has from 1.23 on)")
    import onnxruntime

    found = onnxruntime_library(sys.executable)
    assert Path(spec.origin).parent in Path(found.path).parents and found.version == onnxruntime.__version__


def test_the_digits_run_by_the_users_flags(harness, library, tmp_path, tmp_path_factory) -> None:
    pytest.importorskip("sklearn")
    flags = {
        "CM_MLPERF_IMPLEMENTATION": "cpp",
        "CM_MLPERF_BACKEND": "onnxruntime",
        "CM_MLPERF_LOADGEN_SCENARIO": "SingleStream,Offline",
        "CM_TEST_QUERY_COUNT": "20",
        "CM_MLPERF_NATIVE_HARNESS": harness.program,
    }
    digits = shared(tmp_path_factory, "digits", make_digits)
    spec = request_from_flags(digits, tmp_path / "results", flags)
    for one in Campaign(spec, lambda text: None).run().scenarios:
        assert one.accuracy.equals_direct and one.accuracy.value == one.accuracy.direct > 90
        assert one.performance.samples >= 20 and not one.performance.errors
        assert sut_name(one.performance.folder) == "Franca C++ onnxruntime"


@pytest.fixture
def bare_python(tmp_path, monkeypatch) -> str:
    """An interpreter without packages, on a system without the library."""
    monkeypatch.setattr(libraries, "system_folders", lambda: [str(tmp_path / "system")])
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n', "utf-8")
    python.chmod(0o755)
    return str(python)


def test_a_library_in_ort_home_comes_first(library, tmp_path, monkeypatch) -> None:
    (tmp_path / "lib").mkdir()
    mine = tmp_path / "lib" / "libonnxruntime.so.1"
    mine.symlink_to(library)
    monkeypatch.setenv("ORT_HOME", str(tmp_path))
    assert onnxruntime_library(sys.executable).path == str(mine)
    mine.unlink()
    mine.write_bytes(b"no library")
    assert onnxruntime_library(sys.executable).path == library


def test_where_it_was_looked_for_is_told(bare_python, tmp_path, monkeypatch) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libonnxruntime.so").write_bytes(b"no library")
    monkeypatch.setenv("ORT_HOME", str(tmp_path))
    with pytest.raises(Unavailable, match=f"is not in {tmp_path}/lib, .*{tmp_path}/system; .*cannot be used") as caught:
        onnxruntime_library(bare_python)
    assert "--library=FILE" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere.so", "cannot open shared object file"), ("text.so", "file too short|invalid ELF")]
)
def test_a_named_file_that_cannot_be_used_is_told(tmp_path, name: str, words: str) -> None:
    (tmp_path / "text.so").write_text("no library", "utf-8")
    with pytest.raises(UsageError, match=f"--library={tmp_path}/{name}: cannot be used as ONNX Runtime: .*({words})"):
        onnxruntime_library(sys.executable, f"{tmp_path}/{name}")
