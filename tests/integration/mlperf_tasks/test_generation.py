"""Text generation for real: a language model trained by its recipe, LoadGen with token latencies, ROUGE, a tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from franca.errors import UsageError
from franca.mlperf.inference import campaign, table
from franca.mlperf.inference.spec import RunSpec, checked
from franca.mlperf.submission.build import BuildOptions, build_tree
from franca.mlperf.submission.checker import Options, check_tree

pytest.importorskip("rouge_score")
pytest.importorskip("tokenizers")
SCRIPTS = Path(__file__).resolve().parents[3] / "recipes" / "script"
CONF = """*.*.min_duration = 200
*.*.min_query_count = 100
*.Server.ttft_latency = 20000
*.Server.tpot_latency = 5000
"""


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data and the model, made by the scripts of the recipes."""
    folder = tmp_path_factory.mktemp("counting")
    for argv in (
        [SCRIPTS / "get-dataset-counting" / "make_counting.py", folder],
        [SCRIPTS / "get-ml-model-counting" / "train.py", "--data", folder, "--out", folder],
    ):
        environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # as the recipe has it
        subprocess.run([sys.executable, *map(str, argv)], check=True, timeout=300, capture_output=True, env=environ)
    (folder / "user.conf").write_text(CONF, "utf-8")
    (folder / "whole.conf").write_text(CONF + "*.Offline.min_query_count = 5000\n", "utf-8")  # the whole data set
    return folder


def request(folder: Path, output: Path, **changes) -> RunSpec:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    model = str(folder / "model.onnx")
    greedy = {"model": model, "end": manifest["end"], "most": manifest["longest_answer"]}
    data = {
        "benchmark": "counting",
        "model": "counting",
        "model_file": model,
        "dataset_name": "counting",
        "backend": {"name": "onnxruntime-greedy", "options": greedy},
        "dataset": {"name": "texts", "options": {"path": str(folder / "prompts.json"), "count": 60}},
        "metric": {"name": "rouge", "options": {"tokenizer": str(folder), "sentences": "none"}},
        "output": str(output),
        "interpreter": sys.executable,
        "user_conf": str(folder / "user.conf"),
        "targets": {"token_latencies": True},
        "official_model": "llama3.1-8b-edge",
        "max_batchsize": 32,
        **changes,
    }
    return checked(msgspec.convert(data, RunSpec))


def test_texts_are_generated_measured_and_judged(counting, tmp_path) -> None:
    said: list[str] = []
    result = campaign.run(request(counting, tmp_path, scenarios=["SingleStream", "Server", "Offline"]), said.append)
    found = {one.scenario: one for one in result.scenarios}
    manifest = json.loads((counting / "manifest.json").read_text("utf-8"))
    for name, one in found.items():
        assert one.accuracy.passed and one.accuracy.value > 90, name
        assert one.performance.tokens.per_second > one.performance.samples_per_second, name
        conf = (Path(one.performance.folder) / "user.conf").read_text("utf-8")
        assert f"*.{name}.use_token_latencies = 1" in conf
    tokens = found["Server"].performance.tokens
    assert (tokens.first_bound_ms, tokens.each_bound_ms) == (20000, 5000)
    # Where tokens are judged, the latency of whole answers has no bound.
    assert "Server.target_latency" not in (Path(found["Server"].performance.folder) / "user.conf").read_text("utf-8")
    assert any("first token p99" in line and "further tokens p99" in line for line in said)
    printed = table.render(result)
    assert "Server: " in printed and "tokens/s, first token p99" in printed and "(bound 20000 ms)" in printed
    prompts = json.loads((counting / "prompts.json").read_text("utf-8"))
    entry = json.loads((Path(found["Offline"].accuracy.folder) / "mlperf_log_accuracy.json").read_text("utf-8"))[0]
    assert entry["token_count"] == len(prompts[entry["qsl_idx"]]["tok_output"])
    tokens = memoryview(bytes.fromhex(entry["data"])).cast("q").tolist()
    assert len(tokens) == entry["token_count"] and tokens[-1] == manifest["end"]


def test_a_tree_of_generated_texts_has_tokens_a_second(counting, tmp_path) -> None:
    everything = {"name": "texts", "options": {"path": str(counting / "prompts.json")}}
    whole = {"dataset": everything, "max_batchsize": 256, "user_conf": str(counting / "whole.conf")}
    spec = request(counting, tmp_path / "r", scenarios=["Offline"], **whole)
    result = campaign.run(spec, lambda line: None)
    options = BuildOptions(
        results_dir=str(tmp_path / "r"), submission_dir=str(tmp_path / "tree"), submitter="Community", round="v6.1"
    )
    built = build_tree(options, lambda line: None)
    verdict = check_tree(built.path, Options(round="v6.1"))
    assert {finding.rule for finding in verdict.findings if finding.severity == "error"} == {"P7"}
    row = check_tree(built.path, Options(round="v6.1", short=True)).records[0]
    assert row.unit == "Tokens/s"
    assert row.result == pytest.approx(result.scenarios[0].performance.tokens.per_second)
    # The same tree from a log without token latencies is refused.
    log = next(Path(built.path).rglob("performance/run_1/mlperf_log_detail.txt"))
    kept = [line for line in log.read_text("utf-8").splitlines(True) if "use_token_latencies" not in line]
    log.write_text("".join(kept), "utf-8")
    refused = {finding.rule for finding in check_tree(built.path, Options(round="v6.1")).findings}
    assert "P13" in refused


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"targets": {"ttft_ms": 500}}, "token latencies are off"),
        ({"servers": ["http://127.0.0.1:9"]}, "tells no first tokens"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_runs(counting, tmp_path, changes, said) -> None:
    with pytest.raises(UsageError, match=said):
        campaign.run(request(counting, tmp_path, **changes), lambda line: None)


def test_loadgen_s_own_models_of_text_have_token_latencies_without_asking(counting, tmp_path) -> None:
    with pytest.raises(UsageError, match="tells no first tokens"):
        spec = request(counting, tmp_path, targets={}, servers=["http://127.0.0.1:9"], model_key="llama3_1-8b")
        campaign.run(spec, lambda line: None)
