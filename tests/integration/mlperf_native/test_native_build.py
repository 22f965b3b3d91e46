"""Building: what is there is reused, what is missing is named, what is fetched is checked."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from franca.errors import FrancaError, Refused, StepFailed, Unavailable, UsageError
from franca.mlperf.native.build import Request, build, main
from franca.mlperf.native.sources import sources
from franca.mlperf.native.toolkits import onnxruntime_headers, toolkit
from tests.integration.mlperf_native.conftest import build_root, python_with_pip


def test_what_is_built_is_not_built_again(harness) -> None:
    before = os.stat(harness.program).st_mtime_ns
    assert build(Request(build_root(), python="/nowhere/python")).program == harness.program
    assert os.stat(harness.program).st_mtime_ns == before
    assert harness.engines == ("null", "bridge", "onnxruntime") and harness.loadgen == "6.0.17"


@pytest.mark.parametrize(
    ("changes", "environ", "kind", "words"),
    [
        ({"engines": ("warp",)}, {}, UsageError, "engine 'warp' is not known"),
        ({}, {"CXX": "/nowhere/g++"}, Unavailable, "no C\\+\\+ compiler /nowhere/g\\+\\+"),
        ({"version": "1.2.3"}, {}, Refused, "no checksum is known for mlcommons_loadgen 1.2.3"),
        ({"python": "/nowhere/python"}, {}, Unavailable, "cannot be fetched"),
        ({"python": "/bin/false"}, {}, Unavailable, "cannot be fetched by /bin/false"),
        ({"engines": ("libtorch",), "python": "/bin/false"}, {}, Unavailable, "does not say where its packages are"),
    ],
)
def test_what_is_missing_is_named(tmp_path, monkeypatch, changes, environ, kind: type[FrancaError], words) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(kind, match=words):
        build(Request(str(tmp_path), **changes))
    assert not [name for name in os.listdir(tmp_path) if name != "build.lock"]


def test_a_source_package_that_is_another_is_refused(tmp_path) -> None:
    pip = tmp_path / "python"
    pip.write_text(
        '#!/bin/sh\nwhile [ "$1" != --dest ]; do shift; done\necho evil > "$2/mlcommons_loadgen-6.0.17.tar.gz"\n'
    )
    pip.chmod(0o755)
    with pytest.raises(Refused, match=r"has SHA-256 .* expected a2e85d09e3cc"):
        sources(str(tmp_path), str(pip), "6.0.17")
    assert os.listdir(tmp_path) == ["python"]


def test_a_compiler_that_fails_leaves_nothing(harness, tmp_path, monkeypatch) -> None:
    compiler = tmp_path / "g++"
    compiler.write_text('#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "x.cc:1: error: no" >&2\nexit 1\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    before = set(os.listdir(build_root()))
    with pytest.raises(StepFailed, match=r"cannot be compiled: x\.cc:1: error: no"):
        build(Request(build_root(), python=python_with_pip()))
    assert set(os.listdir(build_root())) == before


def test_the_command_line_names_what_it_does_not_know(capsys) -> None:
    assert main(["--colour=red"]) == UsageError.status
    assert "unexpected '--colour=red'" in capsys.readouterr().err


# -- engines inside the program ------------------------------------------------------------------------


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def test_headers_of_onnxruntime_are_used_where_the_user_has_them(tmp_path, monkeypatch) -> None:
    assert onnxruntime_headers() == ""
    header = touch(tmp_path / "include" / "onnxruntime_c_api.h")
    monkeypatch.setenv("ORT_HOME", str(tmp_path))
    assert onnxruntime_headers() == str(header.parent)


def test_libtorch_is_found_where_the_user_says(tmp_path, monkeypatch) -> None:
    touch(tmp_path / "include" / "torch" / "script.h")
    library = touch(tmp_path / "lib" / "libtorch_cpu.so")
    monkeypatch.setenv("LIBTORCH_HOME", str(tmp_path))
    found = toolkit(sys.executable)
    assert found.libraries == (str(library),) and str(tmp_path / "include") in found.includes


def test_libtorch_without_headers_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("LIBTORCH_HOME", str(tmp_path))
    with pytest.raises(Unavailable, match="LibTorch's headers are not here"):
        toolkit(sys.executable)
