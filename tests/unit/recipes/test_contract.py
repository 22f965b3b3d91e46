"""Every recipe keeps the rules of the common format (script engine specification, sections 1 and 17)."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

RECIPES = Path(__file__).resolve().parents[3] / "recipes"
FOLDERS = sorted(path.parent for path in RECIPES.glob("script/*/_cm.yaml"))
# Keys of section 17 that recipes may use; a key outside is a misspelling.
KNOWN = frozenset(
    """alias uid automation_alias automation_uid tags tags_help category developers name sort cache can_force_cache
    extra_cache_tags_from_env deps prehook_deps posthook_deps post_deps env default_env const new_env_keys
    new_state_keys local_env_keys input_mapping input_description variations versions default_version script_name
    clean_files print_env_at_the_end print_files_if_script_error docker tests gui valid_variation_combinations
    invalid_variation_combinations warnings update_meta_if_env""".split()  # noqa: SIM905 - a table of words reads better
)
LISTS = ("deps", "prehook_deps", "posthook_deps", "post_deps")


def read(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((folder / "_cm.yaml").read_text("utf-8"))
    return content


# These are fronts of the package itself; every other recipe runs under any engine.
FRONTS = (
    "app-mlperf-inference", "run-mlperf-inference-app", "run-cube",
    "run-mlperf-inference-submission-checker", "truncate-mlperf-inference-accuracy-log",
    "get-mlperf-inference-sut-description", "get-mlperf-inference-sut-configs", "import-mlperf-inference-to-experiment",
    "check-mlperf-inference-request",
)  # fmt: skip
METAS = {folder.name: read(folder) for folder in FOLDERS}


def dependencies(meta: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = [meta, *(block or {} for block in meta.get("variations", {}).values())]
    return [dep for block in blocks for key in LISTS for dep in block.get(key, [])]


def matches(meta: dict[str, Any], tags: list[str]) -> bool:
    """Section 3: all positive script tags, and every variation literally or as ``prefix.#``."""
    variations = meta.get("variations", {})
    for tag in tags:
        if tag.startswith("_"):
            name = tag[1:]
            if name not in variations and f"{name.partition('.')[0]}.#" not in variations:
                return False
        elif tag not in meta["tags"]:
            return False
    return True


def named(tags: list[str]) -> list[str]:
    """The recipes of the lowest ``sort`` key that tags select, as the planner has it for our own recipes."""
    found = {other: int(meta.get("sort", 0)) for other, meta in METAS.items() if matches(meta, tags)}
    return [other for other, sort in found.items() if sort == min(found.values())]


@pytest.mark.parametrize("name", METAS)
def test_identity(name: str) -> None:
    meta = METAS[name]
    assert meta["alias"] == name
    assert re.fullmatch("[0-9a-f]{16}", meta["uid"])
    assert (meta["automation_alias"], meta["automation_uid"]) == ("script", "5b4e0237da074764")
    assert meta["tags"] and all(isinstance(tag, str) for tag in meta["tags"])
    assert set(meta) - KNOWN == set()


def test_uids_are_unique() -> None:
    uids = [meta["uid"] for meta in METAS.values()]
    assert len(uids) == len(set(uids))


def test_repository_has_a_fixed_identity() -> None:
    meta = yaml.safe_load((RECIPES / "cmr.yaml").read_text("utf-8"))
    assert meta["alias"] == "franca@recipes"
    assert re.fullmatch("[0-9a-f]{16}", meta["uid"])


@pytest.mark.parametrize("name", METAS)
def test_every_dependency_means_exactly_one_recipe(name: str) -> None:
    for dep in dependencies(METAS[name]):
        tags = [tag.strip() for tag in dep["tags"].split(",") if not tag.startswith("-")]
        found = named(tags)
        # Any compiler will do; the user chooses with --adr.compiler.tags=gcc.
        assert found == ["get-gcc", "get-llvm"] if tags == ["get", "compiler"] else len(found) == 1, dep["tags"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("detect,os", "detect-os"),
        ("detect,cpu", "detect-cpu"),
        ("get,python", "get-python3"),
        ("get,python3", "get-python3"),
        ("get,python-venv", "install-python-venv"),
        ("install,python-venv", "install-python-venv"),
        ("get,generic-python-lib,_onnxruntime", "get-generic-python-lib"),
        ("get,generic-python-lib,_package.anything", "get-generic-python-lib"),
        ("get,loadgen", "get-mlperf-inference-loadgen"),
        ("get,mlperf,loadgen", "get-mlperf-inference-loadgen"),
        ("get,mlperf,inference,loadgen", "get-mlperf-inference-loadgen"),
        ("download,file", "download-file"),
        ("extract,file", "extract-file"),
        ("download-and-extract,file,_extract", "download-and-extract"),
        ("get,dataset,digits", "get-dataset-digits"),
        ("get,ml-model,digits,_cnn", "get-ml-model-digits"),
        ("get,sys-utils-cm", "get-sys-utils-cm"),
        ("get,generic-sys-util,_cmake", "get-generic-sys-util"),
        ("get,gcc", "get-gcc"),
        ("get,compiler,gcc", "get-gcc"),
        ("get,llvm", "get-llvm"),
        ("get,cmake", "get-cmake"),
        ("get,git", "get-git"),
        ("get,cuda", "get-cuda"),
        ("get,cudnn", "get-cudnn"),
        ("get,rocm", "detect-rocm"),
        ("detect,rocm", "detect-rocm"),
        ("compile,program", "compile-program"),
        ("benchmark,program", "benchmark-program"),
        ("get,mlperf,inference,src", "get-mlperf-inference-src"),
        ("mlperf,mlcommons,inference,source,src", "get-mlperf-inference-src"),
        ("get,ml-model,object-detection,retinanet,_onnx", "get-ml-model-retinanet"),
        ("get,ml-model,retinanet,_pytorch,_fp32,_weights", "get-ml-model-retinanet"),
        ("get,dataset,object-detection,open-images,original,_validation,_500", "get-dataset-openimages"),
        ("get,dataset,original,openimages,_validation,_custom-annotations,_full", "get-dataset-openimages"),
        ("get,openimages,calibration", "get-dataset-openimages-calibration"),
        ("get,openimages,annotations", "get-dataset-openimages-annotations"),
        (
            "get,preprocessed,dataset,object-detection,open-images,_validation,_500,_NCHW",
            "get-preprocessed-dataset-openimages",
        ),
        ("get,open-images,dataset,_full,_NCHW", "get-preprocessed-dataset-openimages"),
        ("gui,_graph", "gui"),
        ("get,dataset,squad,language-processing", "get-dataset-squad"),
        ("get,dataset-aux,squad-vocab", "get-dataset-squad-vocab"),
        ("get,dataset,coco", "get-dataset-coco"),
        ("get,dataset,cnndm,_validation", "get-dataset-cnndm"),
        ("get,dataset,openorca,preprocessed", "get-preprocessed-dataset-openorca"),
        ("get,dataset,speech-recognition,librispeech,original", "get-dataset-librispeech"),
        ("get,dataset,preprocessed,speech-recognition,librispeech", "get-preprocessed-dataset-librispeech"),
        ("get,dataset,preprocessed,medical-imaging,kits19", "get-preprocessed-dataset-kits19"),
        ("get,preprocessed,dataset,criteo", "get-preprocessed-dataset-criteo"),
        ("run,accuracy,mlperf,_imagenet", "process-mlperf-accuracy"),
        ("process,mlperf,accuracy", "process-mlperf-accuracy"),
        ("preprocess,mlperf,inference,submission", "preprocess-mlperf-inference-submission"),
        ("run,mlperf,power,server", "run-mlperf-power-server"),
        ("run,mlc,mlcommons,mlperf,power,client,power-client", "run-mlperf-power-client"),
        ("generate,mlperf,inference,submission", "generate-mlperf-inference-submission"),
        ("process,mlperf,accuracy,_coco2014,_float32", "process-mlperf-accuracy"),
        ("run,mlperf,inference", "run-mlperf-inference-app"),
        ("app,mlperf,inference", "app-mlperf-inference"),
        ("app,mlcommons,mlperf,inference,cpp", "app-mlperf-inference-mlcommons-cpp"),
        (
            "app,mlperf,inference,generic,_mlcommons-cpp,_bert-99,_onnxruntime,_cpu,_valid,_r4.1_default,_float32,_power,"
            "_offline",
            "app-mlperf-inference",
        ),
        (
            "app,mlperf,inference,generic,_reference,_gptj-99,_pytorch,_cuda,_test,_r5.1-dev_default,_bfloat16,_server",
            "app-mlperf-inference",
        ),
        ("run,mlperf,inference,submission,checker", "run-mlperf-inference-submission-checker"),
        ("run,mlperf,inference,submission,checker,_short-run", "run-mlperf-inference-submission-checker"),
        ("truncate,mlperf,inference,accuracy,log", "truncate-mlperf-inference-accuracy-log"),
        ("get,sut,description", "get-mlperf-inference-sut-description"),
        ("get,sut,configs", "get-mlperf-inference-sut-configs"),
        ("import,mlperf,inference,to-experiment", "import-mlperf-inference-to-experiment"),
        ("import,mlperf,inference,to,experiment,_skip_checker", "import-mlperf-inference-to-experiment"),
    ],
)
def test_published_names_mean_exactly_one_recipe(query: str, name: str) -> None:
    assert named(query.split(",")) == [name]


@pytest.mark.parametrize("name", METAS)
def test_one_default_in_each_group_at_most(name: str) -> None:
    groups: dict[str, int] = {}
    for block in METAS[name].get("variations", {}).values():
        if block and "default" in block:
            groups[block["group"]] = groups.get(block["group"], 0) + 1
    assert all(count == 1 for count in groups.values())


@pytest.mark.parametrize("path", sorted(RECIPES.glob("script/*/*.py")), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_python_files_are_documented_and_import_only_the_standard_library_and_what_hooks_share(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 10))
    assert ast.get_docstring(tree)
    for node in ast.walk(tree) if path.parent.name not in FRONTS else ():
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and len(node.body) > 1:
            assert ast.get_docstring(node), f"{node.name} has no docstring"
    top = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = [alias.name for node in top if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in top if isinstance(node, ast.ImportFrom)]
    names = [name for name in names if not (path.name == "customize.py" and name.startswith("franca.hooks."))]
    allowed = {"franca", "msgspec"} if path.parent.name in FRONTS else set()
    assert {name.partition(".")[0] for name in names} <= {*sys.stdlib_module_names, *allowed}


@pytest.mark.parametrize("path", sorted(RECIPES.glob("script/*/*.sh")), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_native_scripts_parse_and_quote_every_variable(path: Path) -> None:
    subprocess.run(["bash", "-n", str(path)], check=True)
    for line in path.read_text("utf-8").splitlines():
        code = line.partition(" #")[0] if not line.startswith("#") else ""
        outside_quotes = re.sub(r'"(\\.|[^"\\])*"|\'[^\']*\'', "", code)
        assert "$" not in outside_quotes.replace("$?", ""), line
    assert os.access(path, os.X_OK)
