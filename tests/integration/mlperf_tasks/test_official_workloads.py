"""Official models whose answers take more than one call, from the recipe's request to a tree that is accepted.

Models are tiny ones in the form of the published files, data sets are tiny ones in the published form.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from franca.mlperf.tasks.speech import RNNT
from tests.integration.mlperf_tasks.official import benchmark, command, judged
from tests.integration.mlperf_tasks.task_models import light_or_dark, parts_by_brightness
from tests.integration.mlperf_tasks.test_official_models import pictures
from tests.unit.mlperf_tasks.task_data import write_criteo, write_kits, write_tokenizer, write_wave

slow = pytest.mark.skipif(
    not os.environ.get("FRANCA_SLOW_TESTS"), reason="loads PyTorch many times or installs packages; FRANCA_SLOW_TESTS=1"
)
ROUND = {"CM_MLPERF_INFERENCE_ROUND": "v5.1"}


def volumes(tmp_path: Path) -> tuple[Path, Path]:
    """A model and two volumes; the second one's truth has a tumor that is said to be kidney."""
    pytest.importorskip("onnx")
    import numpy as np

    image = np.zeros((1, 12, 10, 8), dtype=np.float32)
    image[0, 2:6, 2:6, 2:6], image[0, 8:10, 4:6, 4:6] = 10, 20
    right = (image / 10).astype(np.uint8)
    half = right.copy()
    half[0, 8:10, 4:6, 4:6] = 1
    write_kits(tmp_path / "data", {"case_00000": (image, right), "case_00001": (image, half)})
    return parts_by_brightness(tmp_path / "3dunet.onnx"), tmp_path / "data"


def test_3d_unet_cuts_volumes_into_windows(tmp_path: Path) -> None:
    file, data = volumes(tmp_path)
    result = benchmark(tmp_path, "3d-unet-99.9", file, data, CM_TEST_QUERY_COUNT="2", **ROUND)
    (offline,) = result.scenarios
    # kidney 2 * 64 / (64 + 72) in the second case, whose 8 voxels of tumor are nowhere in its truth
    assert offline.accuracy and offline.accuracy.line == "Accuracy: mean = 0.73529, kidney = 0.9706, tumor = 0.5000"
    assert offline.accuracy.target == pytest.approx(0.8608383) and not offline.accuracy.passed
    assert offline.performance and not offline.performance.errors
    assert (result.benchmark, result.model) == ("kits19", "3d-unet-99.9")
    verdict = judged(tmp_path, "v5.1")
    assert verdict.ok, [one for one in verdict.findings if one.severity == "error"]


@slow
@pytest.mark.timeout(900)
def test_the_command_runs_3d_unet_on_files_of_ones_own(tmp_path: Path) -> None:
    file, data = volumes(tmp_path)
    answer = command(
        tmp_path, "run mlperf inference generate-run-cmds _submission _short", "--submitter=Community",
        "--model=3d-unet-99", f"--model_file={file}", f"--dataset_path={data}", "--round=v5.1",
        "--test_query_count=2", "--quiet",
    )  # fmt: skip
    assert "accuracy DICE: 0.73529" in answer and "Results=1, NoResults=0" in answer
    assert (tmp_path / "open.tar.gz").is_file()


@pytest.mark.parametrize("model", ["mobilenet", "efficientnet"])
def test_other_classifiers_stand_for_resnet(tmp_path: Path, model: str) -> None:
    pytest.importorskip("onnx")
    data = pictures(tmp_path / "data", [True, False, False, True])
    file = light_or_dark(tmp_path / "m.onnx", 1000)  # tells pictures below 0 from those above: -1 to 1 fits it
    named = {"CM_ML_MODEL_OUTPUT_NAME": "softmax_tensor:0", **ROUND}
    result = benchmark(tmp_path, model, file, data, **named)
    (offline,) = result.scenarios
    assert offline.accuracy and offline.accuracy.line == "accuracy=75.000%, good=3, total=4"
    verdict = judged(tmp_path, "v5.1")
    assert verdict.ok, [one for one in verdict.findings if one.severity == "error"]
    assert verdict.records[0].mlperf_model == "resnet"


def language_model(folder: Path, kind: str) -> Any:
    """A tiny model that has room for answers of official length, with a tokenizer whose words are w1 ... w11."""
    pytest.importorskip("torch", exc_type=ImportError)
    pytest.importorskip("transformers", exc_type=ImportError)
    pytest.importorskip("rouge_score")
    from tests.integration.mlperf_tasks.tiny_language_models import WORDS, made, saved

    model = made(kind, positions=2048)
    saved(model, folder)
    write_tokenizer(folder, [f"w{number}" for number in range(1, WORDS)])
    return model


def said(tokens: list[int]) -> str:
    return " ".join(f"w{token}" for token in tokens if token)  # 0 is a special mark


@slow
@pytest.mark.timeout(600)
def test_gptj_summarises_articles(tmp_path: Path) -> None:
    model = language_model(tmp_path / "gptj", "gptj")
    from franca.mlperf.tasks.texts import PROMPT
    from tests.integration.mlperf_tasks.tiny_language_models import searched

    articles, answers = ["w1 w2 w3", "w4 w5"], []
    for article in articles:
        text = PROMPT.format(instruction="w6", input=article)
        prompt = [int(word[1:]) if word.startswith("w") and word[1:].isdigit() else 0 for word in text.split()]
        answers.append(searched(model, prompt, 4, 30, 128))
    records = [{"instruction": "w6", "input": article, "output": said(answer)}
               for article, answer in zip(articles, answers, strict=True)]  # fmt: skip
    records[1]["output"] = "nothing alike"
    (tmp_path / "cnn_eval.json").write_text(json.dumps(records), "utf-8")
    result = benchmark(tmp_path, "gptj-99", tmp_path / "gptj", tmp_path / "cnn_eval.json",
                       CM_TEST_QUERY_COUNT="2", CM_MLPERF_INFERENCE_ROUND="v4.1")  # fmt: skip
    (offline,) = result.scenarios
    assert offline.accuracy and offline.accuracy.value == pytest.approx(50)
    assert offline.accuracy.more["GEN_TOK_LEN"] == sum(map(len, answers))
    verdict = judged(tmp_path, "v4.1")
    assert verdict.ok, [one for one in verdict.findings if one.severity == "error"]
    assert verdict.records[0].unit == "Tokens/s"  # inferred by LoadGen


@slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "most", "category"), [("llama3.1-8b-edge", 128, "edge"), ("llama2-70b-99", 1024, "datacenter")]
)
def test_llamas_answer_token_by_token(tmp_path: Path, name: str, most: int, category: str) -> None:
    model = language_model(tmp_path / "llama", "llama")
    from tests.integration.mlperf_tasks.tiny_language_models import likeliest

    prompts = [[1, 2, 3], [4, 5]]
    answers = [likeliest(model, prompt, 1, most) for prompt in prompts]
    lines = [json.dumps({"tok_input": prompt, "output": said(answer)})
             for prompt, answer in zip(prompts, answers, strict=True)]  # fmt: skip
    (tmp_path / "texts.jsonl").write_text("\n".join(lines), "utf-8")
    flags = {"CM_TEST_QUERY_COUNT": "2", "CM_MLPERF_SUBMISSION_SYSTEM_TYPE": category, **ROUND}
    result = benchmark(tmp_path, name, tmp_path / "llama", tmp_path / "texts.jsonl", **flags)
    (offline,) = result.scenarios
    assert offline.accuracy and offline.accuracy.value == pytest.approx(100)
    assert offline.accuracy.more["GEN_TOK_LEN"] == sum(map(len, answers))
    assert offline.performance and offline.performance.tokens
    verdict = judged(tmp_path, "v5.1", category)
    assert verdict.ok, [one for one in verdict.findings if one.severity == "error"]
    assert verdict.records[0].unit == "Tokens/s"


@slow
@pytest.mark.timeout(600)
def test_dlrm_reads_the_folder_of_published_weights(tmp_path: Path) -> None:
    pytest.importorskip("torch", exc_type=ImportError)
    import numpy as np

    from tests.integration.mlperf_tasks.click_weights import probability, weights
    from tests.integration.mlperf_tasks.test_click_model import SNAPSHOT

    labels = [1, 0, 0, 1, 1, 0]
    write_criteo(tmp_path / "data", labels)
    dense = np.random.default_rng(2).normal(size=(len(labels), 13)).astype(np.float32)
    np.save(tmp_path / "data" / "day_23_dense_sample.npy", dense)
    truth = [probability(weights(""), row, [np.full(2 + n % 2, n) for n in range(26)]) for row in dense]
    ones, zeros = ([p for p, label in zip(truth, labels, strict=True) if label == kind] for kind in (1, 0))
    right = sum(one > zero for one in ones for zero in zeros)
    flags = {"CM_TEST_QUERY_COUNT": "6", "CM_MLPERF_SUBMISSION_SYSTEM_TYPE": "datacenter", **ROUND}
    result = benchmark(tmp_path, "dlrm-v2-99", SNAPSHOT, tmp_path / "data", **flags)
    (offline,) = result.scenarios
    assert offline.accuracy and offline.accuracy.value == pytest.approx(100 * right / (len(ones) * len(zeros)))
    verdict = judged(tmp_path, "v5.1", "datacenter")
    assert verdict.ok, [one for one in verdict.findings if one.severity == "error"]


@slow
@pytest.mark.timeout(600)
def test_rnnt_hears_what_is_said(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", exc_type=ImportError)
    pytest.importorskip("scipy")
    from tests.integration.mlperf_tasks import plain_transducer as plain
    from tests.integration.mlperf_tasks.test_transducer_backend import BANDS, recordings, sounds, tensors

    found, records = plain.weights(9, 3.0), []
    torch.save({"state_dict": tensors(found)}, tmp_path / "rnnt.pt")
    for number, (recording, sound) in enumerate(zip(recordings(), sounds(), strict=True)):
        write_wave(tmp_path / "data" / f"{number}.wav", recording.tolist())
        heard = "".join(RNNT[letter] for letter in plain.letters(found, plain.features(sound, BANDS)))
        files = [{"fname": f"{number}.wav", "speed": 1}]
        records.append({"transcript": heard if number else "quite another", "original_duration": 1.0, "files": files})
    (tmp_path / "data" / "dev.json").write_text(json.dumps(records), "utf-8")
    flags = {"CM_TEST_QUERY_COUNT": "4", "CM_MLPERF_INFERENCE_ROUND": "v4.0"}
    result = benchmark(tmp_path, "rnnt", tmp_path / "rnnt.pt", tmp_path / "data", **flags)
    (offline,) = result.scenarios
    assert offline.accuracy and offline.accuracy.name == "WER" and offline.accuracy.good == 3
    verdict = judged(tmp_path, "v4.0")
    assert verdict.ok, [one for one in verdict.findings if one.severity == "error"]
