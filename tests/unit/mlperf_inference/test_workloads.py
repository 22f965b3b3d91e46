"""Every model of the benchmark command: what it is run as, with what, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from franca.errors import NotFound, UsageError
from franca.mlperf.inference.models import ALIASES, NOT_RUN, model_named
from franca.mlperf.inference.wishes import Wishes, read_wishes
from franca.mlperf.inference.workloads import MODELS, WORKLOADS, workload_of
from franca.mlperf.inference.workloads.given import check_given
from tests.unit.mlperf_tasks.task_data import write_criteo, write_kits, write_librispeech

RECIPE = Path(__file__).resolve().parents[3] / "recipes" / "script" / "app-mlperf-inference" / "_cm.yaml"
#: Model: task, runtime, backend, data set, metric, benchmark whose rules count.
WIRED = {
    "digits": ("digits", "onnxruntime", "onnxruntime", "digits", "label", "resnet"),
    "digits-mlp": ("digits", "onnxruntime", "onnxruntime", "digits", "label", "resnet"),
    "digits-cnn": ("digits", "onnxruntime", "onnxruntime", "digits", "label", "resnet"),
    "counting": ("counting", "onnxruntime", "onnxruntime-greedy", "texts", "rouge", "llama3.1-8b-edge"),
    "iris": ("tabular", "onnxruntime", "onnxruntime", "tabular", "label", "resnet"),
    "wine": ("tabular", "onnxruntime", "onnxruntime", "tabular", "label", "resnet"),
    "breast-cancer": ("tabular", "onnxruntime", "onnxruntime", "tabular", "binary-auc", "dlrm-v2-99"),
    "diabetes": ("tabular", "onnxruntime", "onnxruntime", "tabular", "r2", ""),
    "resnet50": ("imagenet", "onnxruntime", "onnxruntime", "imagenet", "label", "resnet"),
    "mobilenet": ("imagenet", "onnxruntime", "onnxruntime", "imagenet", "label", "resnet"),
    "efficientnet": ("imagenet", "onnxruntime", "onnxruntime", "imagenet", "label", "resnet"),
    "retinanet": ("openimages", "onnxruntime", "onnxruntime-tensors", "coco", "detections", "retinanet"),
    "bert-99": ("squad", "onnxruntime", "onnxruntime-tensors", "squad", "answers", "bert-99"),
    "bert-99.9": ("squad", "onnxruntime", "onnxruntime-tensors", "squad", "answers", "bert-99.9"),
    "3d-unet-99": ("kits19", "onnxruntime", "onnxruntime-volumes", "kits19", "dice", "3d-unet-99"),
    "3d-unet-99.9": ("kits19", "onnxruntime", "onnxruntime-volumes", "kits19", "dice", "3d-unet-99.9"),
    "rnnt": ("librispeech", "pytorch", "pytorch-transducer", "librispeech", "word-errors", "rnnt"),
    "dlrm-v2-99": ("criteo", "pytorch", "pytorch-clicks", "criteo", "auc", "dlrm-v2-99"),
    "dlrm-v2-99.9": ("criteo", "pytorch", "pytorch-clicks", "criteo", "auc", "dlrm-v2-99.9"),
    "gptj-99": ("cnndm", "pytorch", "pytorch-causal", "texts", "rouge", "gptj-99"),
    "gptj-99.9": ("cnndm", "pytorch", "pytorch-causal", "texts", "rouge", "gptj-99.9"),
    "llama3.1-8b": ("cnndm", "pytorch", "pytorch-causal", "texts", "rouge", "llama3.1-8b"),
    "llama3.1-8b-edge": ("cnndm", "pytorch", "pytorch-causal", "texts", "rouge", "llama3.1-8b-edge"),
    "llama2-70b-99": ("openorca", "pytorch", "pytorch-causal", "texts", "rouge", "llama2-70b-99"),
    "llama2-70b-99.9": ("openorca", "pytorch", "pytorch-causal", "texts", "rouge", "llama2-70b-99.9"),
}
#: Tasks of no official benchmark.
OURS = ("digits", "counting", "tabular")


def meta() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(RECIPE.read_text("utf-8"))
    return content


def by_recipe(model: str) -> dict[str, str]:
    """What the recipe's blocks set for a model and no other wish."""
    content = meta()
    env = {**content["default_env"], "CM_MLPERF_MODEL": model}
    for block in content["variations"]["by-model"]["update_meta_if_env"]:
        (key, values), *more = block["enable_if_env"].items()
        if not more and env.get(key) in values:
            env.update(block["env"])
    return env


def files(tmp_path: Path) -> dict[str, Any]:
    """Whatever a workload asks for, at places of its recipes and of the user."""
    data = tmp_path / "data"
    write_kits(data, {})
    write_criteo(data, [1, 0])
    write_librispeech(data, ["a"])
    for name in ("val_map.txt", "prompts.json", "model/config.json"):
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).write_text("{}", "utf-8")
    return {
        "CM_DATASET_DIGITS_PATH": str(data),
        "CM_DATASET_COUNTING_PATH": str(data),
        "CM_DATASET_TABULAR_PATH": str(data),
        "CM_MLPERF_VOCABULARY": str(data / "val_map.txt"),
        "CM_ML_MODEL": "digits-mlp",
    }


def parts(tmp_path: Path, model: str, **flags: str) -> tuple[Wishes, Any]:
    """The parts that a model is run with."""
    workload = workload_of(MODELS[model])
    env: dict[str, Any] = {**files(tmp_path), "CM_MLPERF_MODEL": model, **flags}
    data = tmp_path / "data"
    folder = {"librispeech": "manifest.json", "cnndm": "prompts.json", "openorca": "prompts.json"}.get(
        workload.name, ""
    )
    env["CM_ML_MODEL_FILE_WITH_PATH"] = str(data / "model" if "folder" in workload.model_is else data / "prompts.json")
    if "dataset_path" in workload.takes:
        env["CM_MLPERF_DATASET_PATH"] = str(data / folder)
    wishes = read_wishes(env)
    return wishes, workload.parts(wishes.model, wishes, env)


@pytest.mark.parametrize("model", WIRED)
def test_a_model_is_run_with_the_parts_of_its_task(tmp_path: Path, model: str) -> None:
    task, runtime, backend, dataset, metric, benchmark = WIRED[model]
    wishes, found = parts(tmp_path, model)
    assert (found.benchmark, wishes.backend, found.backend.name) == (task, runtime, backend)
    assert (found.dataset.name, found.metric.name) == (dataset, metric)
    assert (wishes.model.checked_as or wishes.model.stands_for) == benchmark
    assert wishes.official_model == ("" if wishes.model.checked_as else benchmark)


def test_the_table_has_every_model() -> None:
    assert set(WIRED) == set(MODELS)
    assert {workload.name for workload in WORKLOADS.values()} == {row[0] for row in WIRED.values()}
    assert not set(NOT_RUN) & set(MODELS)


@pytest.mark.parametrize("model", [*WIRED, *filter(None, ALIASES)])
def test_the_recipe_depends_on_what_the_model_is_run_with(model: str) -> None:
    env = by_recipe(model)
    assert (env["CM_MLPERF_TASK"], env["CM_MLPERF_RUNTIME"]) == WIRED[model_named(model).name][:2]


@pytest.mark.parametrize("model", [name for name, row in WIRED.items() if row[0] not in OURS])
def test_the_official_front_end_chooses_a_model_by_a_variation(model: str) -> None:
    chosen = meta()["variations"][model]
    assert chosen == {"group": "model", "env": {"CM_MLPERF_MODEL": model}}


#: Names in LoadGen's configuration files (section 2.5), and responses that TEST01 compares (section 9.2).
CONFIGURED = {
    "resnet50": ("resnet50", 0),
    "retinanet": ("retinanet", 256),
    "bert-99": ("bert", 0),
    "bert-99.9": ("bert", 0),
    "dlrm-v2-99.9": ("dlrm-v2", 0),
    "3d-unet-99": ("3d-unet", 64),
    "3d-unet-99.9": ("3d-unet", 64),
    "rnnt": ("rnnt", 0),
    "gptj-99.9": ("gptj", 0),
    "llama2-70b-99": ("llama2-70b", 0),
    "llama3.1-8b-edge": ("llama3_1-8b-edge", 0),
    "digits-cnn": ("digits-cnn", 0),
}


@pytest.mark.parametrize("model", CONFIGURED)
def test_a_model_has_loadgens_name_and_the_number_of_sampled_responses(model: str) -> None:
    assert (MODELS[model].config_name, MODELS[model].sampled) == CONFIGURED[model]


@pytest.mark.parametrize("model", NOT_RUN)
def test_models_without_a_runner_are_named_as_such(model: str) -> None:
    with pytest.raises(UsageError, match="this harness has no runner for it"):
        read_wishes({"CM_MLPERF_MODEL": model})


@pytest.mark.parametrize(
    ("model", "backend", "right"),
    [
        ("gptj-99", "onnxruntime", "pytorch"),
        ("llama2-70b-99.9", "onnxruntime", "pytorch"),
        ("rnnt", "onnxruntime", "pytorch"),
        ("dlrm-v2-99", "onnxruntime", "pytorch"),
        ("3d-unet-99", "pytorch", "onnxruntime"),
        ("resnet50", "pytorch", "onnxruntime"),
    ],
)
def test_the_wrong_runtime_is_refused_with_the_right_one(model: str, backend: str, right: str) -> None:
    with pytest.raises(UsageError, match=f"--backend={backend}: --model={model} runs with {right}$"):
        read_wishes({"CM_MLPERF_MODEL": model, "CM_MLPERF_BACKEND": backend})


@pytest.mark.parametrize(
    ("model", "category", "other"),
    [("dlrm-v2-99", "", "datacenter"), ("llama2-70b-99", "edge", "datacenter"), ("llama3.1-8b", "edge", "datacenter"),
     ("llama3.1-8b-edge", "datacenter", "edge")],
)  # fmt: skip
def test_a_submission_is_of_a_category_that_has_the_benchmark(model: str, category: str, other: str) -> None:
    asked = {"CM_MLPERF_MODEL": model, "CM_MLPERF_SUBMISSION_SYSTEM_TYPE": category}
    with pytest.raises(UsageError, match=f"{model} is a benchmark of {other} systems"):
        read_wishes({**asked, "CM_MLPERF_RUN_KIND": "submission"})
    read_wishes(asked)  # to try it out any machine will do
    read_wishes({**asked, "CM_MLPERF_RUN_KIND": "submission", "CM_MLPERF_SUBMISSION_SYSTEM_TYPE": other})


@pytest.mark.parametrize(
    ("model", "limits"),
    [
        ("gptj-99", {"most": 128, "least": 30, "beams": 4}),
        ("llama3.1-8b", {"most": 128, "least": 1, "beams": 1}),
        ("llama2-70b-99", {"most": 1024, "least": 1, "beams": 1}),
    ],
)
def test_answers_have_the_lengths_of_the_benchmark(tmp_path: Path, model: str, limits: dict[str, int]) -> None:
    _, found = parts(tmp_path, model)
    assert limits.items() <= found.backend.options.items() and "dtype" not in found.backend.options
    _, half = parts(tmp_path, model, CM_MLPERF_MODEL_PRECISION="bf16")
    assert half.backend.options["dtype"] == "bfloat16"


def test_a_model_of_one_precision_is_not_run_in_another() -> None:
    with pytest.raises(UsageError, match="--precision=float16: 3d-unet-99 is run in float32 only"):
        read_wishes({"CM_MLPERF_MODEL": "3d-unet-99", "CM_MLPERF_MODEL_PRECISION": "float16"})


@pytest.mark.parametrize(
    ("model", "round_name", "tokens"),
    [
        ("llama2-70b-99", "v5.1", (True, 2000, 200)),
        ("llama3.1-8b", "v6.1", (True, 2000, 100)),
        ("llama3.1-8b-edge", "", (True, 0, 0)),
        ("counting", "", (True, 0, 0)),
        ("gptj-99", "v4.1", (False, 0, 0)),
        ("resnet50", "", (False, 0, 0)),
    ],
)
def test_token_latencies_are_measured_where_the_round_asks_for_them(
    model: str, round_name: str, tokens: tuple[bool, int, int]
) -> None:
    targets = read_wishes({"CM_MLPERF_MODEL": model, "CM_MLPERF_INFERENCE_ROUND": round_name}).targets
    assert (targets.token_latencies, targets.ttft_ms, targets.tpot_ms) == tokens


@pytest.mark.parametrize(
    ("model", "round_name", "found"),
    [("gptj-99", "v5.0", (True, True)), ("gptj-99", "v3.1", (False, False)), ("3d-unet-99", "v6.1", (False, True)),
     ("resnet50", "v6.1", (False, False))],
)  # fmt: skip
def test_what_else_the_round_asks_of_loadgen(model: str, round_name: str, found: tuple[bool, bool]) -> None:
    targets = read_wishes({"CM_MLPERF_MODEL": model, "CM_MLPERF_INFERENCE_ROUND": round_name}).targets
    assert (targets.inferred_tokens, targets.equal_issue) == found


@pytest.mark.parametrize(
    ("model", "said", "card", "form"),
    [
        ("resnet50", "", "", None),
        ("mobilenet", "", "", "symmetric"),
        ("resnet50", "torch", "", "torch"),
        ("resnet50", "", "torch", "torch"),
        ("resnet50", "means", "torch", "means"),
        ("mobilenet", "torch", "", "torch"),
    ],
)
def test_pictures_are_prepared_as_the_model_wants_them(
    tmp_path: Path, model: str, said: str, card: str, form: str | None
) -> None:
    """By the flag, else by the card beside the model, else as the published model does (mlperf-inference 19.6)."""
    files(tmp_path)
    if card:
        (tmp_path / "data" / "model-card.json").write_text(f'{{"preprocess": "{card}"}}', "utf-8")
    _, found = parts(tmp_path, model, **({"CM_MLPERF_PREPROCESS": said} if said else {}))
    assert found.dataset.options.get("form") == form


def test_a_detector_of_ones_own_has_names_and_a_size(tmp_path: Path) -> None:
    _, found = parts(tmp_path, "retinanet")
    assert found.backend.options["outputs"] == ["boxes", "labels", "scores"] and found.metric.options == {}
    said = {"CM_MLPERF_MODEL_OUTPUTS": "a, b,c", "CM_MLPERF_IMAGE_SIZE": "480x640", "CM_MLPERF_PREPROCESS": "torch"}
    _, found = parts(tmp_path, "retinanet", **said)
    assert found.backend.options["outputs"] == ["a", "b", "c"]
    assert found.metric.options == {"height": 480, "width": 640}
    expected = {"height": 480, "width": 640, "means": [0.485, 0.456, 0.406], "deviations": [0.229, 0.224, 0.225]}
    assert expected.items() <= found.dataset.options.items()


HERE = {"CM_MLPERF_DATASET_PATH": "."}
WRONG = [
    ("resnet50", {"CM_MLPERF_PREPROCESS": "blur"}, UsageError, "--preprocess=blur: expected means, torch, symmetric"),
    ("resnet50", {"CM_MLPERF_PREPROCESS": "torch"}, UsageError, "the pictures of the recipe are prepared for resnet50"),
    ("bert-99", {"CM_MLPERF_PREPROCESS": "torch"}, UsageError, "--model=bert-99 takes nothing of that kind"),
    ("resnet50", {"CM_MLPERF_MODEL_OUTPUTS": "a"}, UsageError, "--outputs=a: --model=resnet50 takes nothing"),
    ("retinanet", {"CM_MLPERF_MODEL_OUTPUTS": "a,b"}, UsageError, "expected the names of boxes, labels, scores"),
    ("retinanet", {"CM_MLPERF_IMAGE_SIZE": "640x480"}, UsageError, "the pictures of the recipe are prepared"),
    ("retinanet", {**HERE, "CM_MLPERF_IMAGE_SIZE": "640"}, UsageError, "--image_size=640: expected HEIGHTxWIDTH"),
    ("retinanet", {**HERE, "CM_MLPERF_IMAGE_SIZE": "0x9"}, UsageError, "--image_size=0x9: expected HEIGHTxWIDTH"),
    ("retinanet", {**HERE, "CM_MLPERF_PREPROCESS": "means"}, UsageError, "--preprocess=means: expected torch"),
    ("digits", {"CM_MLPERF_DATASET_PATH": "."}, UsageError, "--model=digits takes nothing of that kind"),
    ("digits-cnn", {"CM_ML_MODEL_FILE_WITH_PATH": "m.onnx"}, UsageError, "its data and model are made here"),
    ("counting", {"CM_MLPERF_DATASET_PATH": "."}, UsageError, "--model=counting takes nothing of that kind"),
    ("retinanet", {"IMAGENET_PATH": "."}, UsageError, "it takes --dataset_path, --model_file"),
    ("resnet50", {"IMAGENET_PATH": "nowhere"}, NotFound, "nowhere does not exist"),
    ("resnet50", {"IMAGENET_PATH": "empty"}, NotFound, "has no val_map.txt or val.txt"),
    ("bert-99", {"CM_MLPERF_VOCABULARY": "nowhere"}, NotFound, "--vocabulary=.*nowhere does not exist"),
    ("3d-unet-99", {"CM_MLPERF_DATASET_PATH": "empty"}, NotFound, "has no preprocessed_files.pkl"),
    ("3d-unet-99", {"CM_ML_MODEL_FILE_WITH_PATH": "empty"}, UsageError, "is a folder, expected a file"),
    ("dlrm-v2-99", {"CM_MLPERF_DATASET_PATH": "empty"}, NotFound, "has no day_23_labels.npy or"),
    ("rnnt", {"CM_MLPERF_DATASET_PATH": "empty"}, NotFound, r"expected one manifest \(.json\) in this folder, found 0"),
    ("gptj-99", {"CM_ML_MODEL_FILE_WITH_PATH": "a.pkl.gz"}, UsageError, "is a file, expected a folder"),
    ("llama2-70b-99", {}, UsageError, "come with a licence"),
    ("llama2-70b-99", {"CM_ML_MODEL_FILE_WITH_PATH": "empty", "CM_MLPERF_DATASET_PATH": "a.pkl.gz"}, UsageError,
     "is a pickle"),
    ("efficientnet", {}, UsageError, "no ONNX file of it is published"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "flags", "kind", "said"), WRONG, ids=[f"{w[0]}: {w[3]}" for w in WRONG])
def test_a_wrong_place_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, flags: dict[str, str], kind: type, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name in ("m.onnx", "a.pkl.gz"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(kind, match=said):
        check_given(workload_of(MODELS[model]), MODELS[model], flags)


def test_click_logs_may_be_named_as_the_official_front_end_does(tmp_path: Path) -> None:
    files(tmp_path)
    env = {"CM_MLPERF_MODEL": "dlrm-v2-99", "DLRM_DATA_PATH": str(tmp_path / "data")}
    env["CM_ML_MODEL_FILE_WITH_PATH"] = str(tmp_path / "data" / "model")
    workload, wishes = workload_of(MODELS["dlrm-v2-99"]), read_wishes(env)
    check_given(workload, wishes.model, env)
    assert workload.parts(wishes.model, wishes, env).dataset.options["path"] == str(tmp_path / "data")
    dep = next(dep for dep in meta()["deps"] if dep["tags"] == "get,dataset,criteo,preprocessed")
    assert "DLRM_DATA_PATH" in dep["skip_if_any_env"]


def test_beams_are_those_asked_for_where_answers_are_searched(tmp_path: Path) -> None:
    assert parts(tmp_path, "gptj-99", GPTJ_BEAM_SIZE="2")[1].backend.options["beams"] == 2
    for model, value, said in (("llama3.1-8b", "2", "not searched for"), ("gptj-99", "0", "--beam_size=0")):
        with pytest.raises(UsageError, match=said):
            read_wishes({"CM_MLPERF_MODEL": model, "GPTJ_BEAM_SIZE": value})


def test_right_places_and_generated_inputs_pass(tmp_path: Path) -> None:
    files(tmp_path)
    for model, place in (("3d-unet-99", ""), ("dlrm-v2-99", ""), ("rnnt", "manifest.json"), ("resnet50", "")):
        given = {"CM_MLPERF_DATASET_PATH": str(tmp_path / "data" / place)}
        check_given(workload_of(MODELS[model]), MODELS[model], given)
    light = {"CM_MLPERF_LIGHT": "yes", "CM_ML_MODEL_FILE_WITH_PATH": "anything"}
    check_given(workload_of(MODELS["digits"]), MODELS["digits"], light)


def test_click_logs_are_read_as_they_lie(tmp_path: Path) -> None:
    _, small = parts(tmp_path, "dlrm-v2-99")
    assert {"kind": "sample", "together": 1}.items() <= small.dataset.options.items()
    write_criteo(tmp_path / "data", [1, 0], kind="")
    assert parts(tmp_path, "dlrm-v2-99")[1].dataset.options["together"] == 270
    (tmp_path / "data" / "dlrm_trace_of_aggregated_samples.txt").write_text("0, 1, 1\n", "utf-8")
    options = parts(tmp_path, "dlrm-v2-99")[1].dataset.options
    assert options["trace"].endswith("samples.txt") and "together" not in options
