"""A language model of PyTorch under LoadGen: token latencies, and the accuracy that its answers deserve.

Needs torch and transformers in the Python of the tests.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from franca.mlperf.inference import campaign
from franca.mlperf.inference.spec import RunSpec, checked
from franca.mlperf.logs.accuracy import read_accuracy
from tests.integration.mlperf_tasks.tiny_language_models import END, likeliest, made, saved
from tests.unit.mlperf_tasks.task_data import write_tokenizer

pytest.importorskip("torch", reason="torch is not installed", exc_type=ImportError)
pytest.importorskip("transformers", reason="transformers is not installed", exc_type=ImportError)
pytest.importorskip("rouge_score")
MOST = 6
NAMES = [f"word{number}" for number in range(1, END + 1)]  #: of the tokens 1 and so on; 0 is special
CONF = """*.*.min_duration = 100
*.*.min_query_count = 20
*.Server.ttft_latency = 20000
*.Server.tpot_latency = 5000
"""


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> tuple[Path, list[list[int]]]:
    """A folder with a model, prompts and a tokenizer; the answers of the model, of which two are called wrong."""
    folder = tmp_path_factory.mktemp("language")
    model = made("llama")
    saved(model, folder / "model")
    prompts = [[a, b, a][: 2 + b % 2] for a in range(1, 5) for b in range(1, 6)]
    answers = [likeliest(model, prompt, 1, MOST) for prompt in prompts]
    texts = [" ".join(NAMES[token - 1] for token in answer if token) for answer in answers]
    texts[3] = texts[8] = "something else"
    records = [{"tok_input": p, "output": text} for p, text in zip(prompts, texts, strict=True)]
    (folder / "prompts.json").write_text(json.dumps(records), "utf-8")
    write_tokenizer(folder, NAMES)
    (folder / "user.conf").write_text(CONF, "utf-8")
    return folder, answers


def request(folder: Path, output: Path, options: dict[str, Any], **changes: Any) -> RunSpec:
    data = {
        "benchmark": "tiny",
        "model": "tiny",
        "model_file": str(folder / "model" / "model.safetensors"),
        "dataset_name": "tiny",
        "backend": {
            "name": "pytorch-causal",
            "options": {"model": str(folder / "model"), "threads": 1, "most": MOST, **options},
        },
        "dataset": {"name": "texts", "options": {"path": str(folder / "prompts.json")}},
        "metric": {"name": "rouge", "options": {"tokenizer": str(folder), "sentences": "none"}},
        "output": str(output),
        "interpreter": sys.executable,
        "user_conf": str(folder / "user.conf"),
        "targets": {"token_latencies": True},
        "profile": "test",
        "max_batchsize": 4,
        **changes,
    }
    return checked(msgspec.convert(data, RunSpec))


def test_a_language_model_is_measured_by_tokens_and_judged_by_its_answers(expected, tmp_path) -> None:
    folder, answers = expected
    result = campaign.run(request(folder, tmp_path, {}, scenarios=["Server"]), lambda line: None)
    found = result.scenarios[0]
    assert not found.performance.errors and found.accuracy.equals_direct
    assert found.accuracy.value == pytest.approx(100 * 18 / 20)
    entries = read_accuracy(str(Path(found.accuracy.folder) / "mlperf_log_accuracy.json"))
    logged = {entry.qsl_idx: memoryview(entry.data).cast("q").tolist() for entry in entries}
    assert logged == dict(enumerate(answers))
    tokens = found.performance.tokens
    assert tokens.per_second > found.performance.samples_per_second
    assert 0 < tokens.first.percentiles["50.00"] < found.performance.latency.percentiles["50.00"]
