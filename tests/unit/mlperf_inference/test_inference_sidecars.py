"""The files beside the logs of a run: under the official names, and enough to know what was run on what."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import pytest

from franca.errors import Unavailable
from franca.mlperf.inference.measurements import measured
from franca.mlperf.inference.results import HostLoad
from franca.mlperf.inference.runner import Interpreter
from franca.mlperf.inference.sidecars import write_sidecars
from franca.mlperf.inference.spec import Ingredient, Part, RunSpec
from franca.mlperf.inference.tools import installed

LOGS = Path(__file__).resolve().parents[2] / "data/mlperf/v3.0/closed/rebellions/results/ATOM/resnet50/Offline"
SYSTEM = {
    "host_processor_model_name": {"value": "A CPU", "source": "detected"},
    "operating_system": {"value": "Example OS 7", "source": "detected"},
    "machine": {"value": "x86_64", "source": "detected"},
    "host_networking": {"value": "Gig Ethernet", "source": "default"},
}
SOFTWARE = {"python": "3.11.2", "onnxruntime": "1.31"}


def spec(**changes: Any) -> RunSpec:
    part = Part("onnxruntime")
    given: dict[str, Any] = {
        "benchmark": "b", "model": "m", "model_file": "/m.onnx", "dataset_name": "pictures", "backend": part,
        "dataset": part, "metric": part, "output": "/nowhere", "interpreter": sys.executable,
        "ingredients": [Ingredient("LoadGen", "6.0.17", "/place", "get,loadgen")], "command": "franca run it",
    }  # fmt: skip
    return RunSpec(**{**given, **changes})


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text("utf-8"))


@pytest.fixture
def folder(tmp_path) -> Path:
    shutil.copy(LOGS / "performance/run_1/mlperf_log_detail.txt", tmp_path)
    write_sidecars(str(tmp_path), spec(official_model="resnet"), SYSTEM, SOFTWARE)
    return tmp_path


def test_every_official_name_is_there(folder) -> None:
    names = {"measurements.json", "README.md", "cm-version-info.json", "cm-host-info.json", "os_info.json"}
    names |= {"cpu_info.json", "pip_freeze.json", "model_mapping.json", "system_meta.json"}
    assert names <= {path.name for path in folder.iterdir()}
    assert read(folder, "measurements.json") == measured(spec())
    assert read(folder, "model_mapping.json") == {"m": "resnet"}


def test_the_host_is_told_with_the_source_of_each_fact(folder) -> None:
    host = read(folder, "cm-host-info.json")
    assert host["os_version_sys"] == "Example OS 7" and host["cpu_version"] == "A CPU"
    assert host["python_version"] == "3.11.2" and host["fields"]["host_networking"]["source"] == "default"
    assert platform.node() not in str(host) or not platform.node()


def test_all_packages_of_the_environment_are_listed(folder) -> None:
    packages = read(folder, "pip_freeze.json")
    assert len(packages) > 4 and all(packages[name] == version(name) for name in ("msgspec", "pytest"))


def test_the_readme_has_host_command_and_versions(folder) -> None:
    text = (folder / "README.md").read_text("utf-8")
    for line in ("- host_processor_model_name: A CPU", "franca run it", "- LoadGen: 6.0.17 (`get,loadgen`)",
                 "- onnxruntime 1.31"):  # fmt: skip
        assert line in text.splitlines()


def test_loadgen_is_told_with_the_hashes_of_its_files(folder) -> None:
    facts = read(folder, "loadgen.json")
    assert facts["version"].startswith("3.0 @ ") and facts["built"]
    assert facts["files_sha1"]["/loadgen.cc"] == "2e2b2af8ef430118c54969658ad45ffd1a0a4910"


def test_the_inputs_stay_with_the_run_and_what_the_user_says_follows_the_latest_request(folder) -> None:
    later = spec(command="another", measurements={"retraining": "yes"}, system_fields={"cooling": "water"})
    write_sidecars(str(folder), later, {**SYSTEM, "machine": {"value": "new", "source": "x"}}, {"python": "9"})
    assert read(folder, "request.json") == msgspec.to_builtins(spec(official_model="resnet"))
    assert read(folder, "os_info.json")["machine"] == "x86_64"
    assert "another" not in (folder / "README.md").read_text("utf-8")
    assert read(folder, "measurements.json")["retraining"] == "yes"
    assert read(folder, "system_meta.json") == {"cooling": "water"}


def test_an_interpreter_that_does_not_work_is_named() -> None:
    with pytest.raises(Unavailable, match="/no/python, does not work"):
        installed(Interpreter("/no/python"))


@pytest.mark.parametrize(("others", "steal", "noisy"), [(0.05, 0.0, False), (0.25, 0.0, True), (0.1, 0.3, True)])
def test_a_load_says_in_its_record_whether_it_was_noisy(others, steal, noisy) -> None:
    load = HostLoad(cores=2, others=others, steal=steal, load_before=0, load_after=0)
    written = msgspec.json.encode(load)
    assert json.loads(written)["noisy"] is noisy
    older = {name: value for name, value in json.loads(written).items() if name != "noisy"}
    assert msgspec.convert(older, HostLoad).noisy is noisy
