"""Scoring a log alone: the command, its options and refusals, and the targets of every round."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from franca.catalog.files import read_meta_file
from franca.errors import AlreadyExists, FrancaError, MalformedFile, NotFound, UsageError
from franca.mlperf.submission.documents import find_metric
from franca.mlperf.submission.tables import load_round, rounds
from franca.mlperf.tasks import targets
from tests.unit.mlperf_tasks.task_data import write_criteo, write_librispeech, write_log, write_squad

np = pytest.importorskip("numpy")

from franca.mlperf.inference.accuracy import decode, digest, read_answers  # noqa: E402
from franca.mlperf.inference.metrics import LabelMetric  # noqa: E402
from franca.mlperf.inference.payloads import Slots  # noqa: E402
from franca.mlperf.tasks.catalog import TASKS, task  # noqa: E402
from franca.mlperf.tasks.score import Request, build_parts, main, parse, score  # noqa: E402


@pytest.fixture
def classes(tmp_path) -> dict:
    """A log of four classes in float32, the third of them wrong; sample 0 is answered again at the end."""
    (tmp_path / "val_map.txt").write_text("".join(f"p{n}.JPEG {n}\n" for n in range(4)), "utf-8")
    answers = {n: np.float32(9 if n == 2 else n).tobytes() for n in (3, 1, 2, 0)}
    write_log(tmp_path / "log", answers, repeats={0: np.float32(7).tobytes()})
    return {"path": str(tmp_path), "dtype": "float32"}


def test_a_log_is_scored_and_the_official_line_is_written(tmp_path, classes) -> None:
    outcome = score(Request("imagenet", str(tmp_path / "log"), classes))
    assert (tmp_path / "log" / "accuracy.txt").read_text("utf-8") == "accuracy=75.000%, good=3, total=4\n"
    assert outcome.written == str(tmp_path / "log" / "accuracy.txt") and outcome.passed
    assert outcome.score.value == 75.0 and (outcome.answered, outcome.samples) == (4, 4)


def test_the_log_may_be_named_and_the_line_go_elsewhere(tmp_path, classes) -> None:
    (tmp_path / "out").mkdir()
    log = str(tmp_path / "log" / "mlperf_log_accuracy.json")
    assert score(Request("imagenet", log, classes, to=str(tmp_path / "out"))).score.good == 3
    assert (tmp_path / "out" / "accuracy.txt").exists() and not (tmp_path / "log" / "accuracy.txt").exists()
    assert score(Request("imagenet", log, classes, to="-")).written == ""


def test_a_missing_sample_is_an_error_unless_it_is_asked_for(tmp_path, classes) -> None:
    write_log(tmp_path / "part", {1: np.float32(1).tobytes(), 2: np.float32(0).tobytes()})
    with pytest.raises(MalformedFile, match=r"2 of 4 samples have no answer \(first: 0\)"):
        score(Request("imagenet", str(tmp_path / "part"), classes))
    outcome = score(Request("imagenet", str(tmp_path / "part"), classes, incomplete=True))
    assert outcome.score.line == "accuracy=50.000%, good=1, total=2" and outcome.answered == 2


def test_what_is_written_already_is_not_lost(tmp_path, classes) -> None:
    path = tmp_path / "log" / "accuracy.txt"
    request = Request("imagenet", str(tmp_path / "log"), classes)
    path.write_text("accuracy=75.000%, good=3, total=4\nhash=ab\n", "utf-8")
    assert score(request).written == str(path) and path.read_text("utf-8").endswith("hash=ab\n")
    path.write_text("accuracy=76.000%\n", "utf-8")
    with pytest.raises(AlreadyExists, match=r"says 'accuracy=76.000%', the log scores accuracy=75.000%"):
        score(request)
    score(request._replace(replace=True))
    assert path.read_text("utf-8") == "accuracy=75.000%, good=3, total=4\n"
    with pytest.raises(FrancaError, match="cannot be written"):
        score(request._replace(to=str(tmp_path / "nowhere")))


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({9: b"0000"}, "sample 9 is not one of the 4"),
        (dict.fromkeys(range(4), b"00"), "sample 0 has 2 bytes of answer, expected 4"),
        ({}, "4 of 4 samples have no answer"),
    ],
)
def test_a_log_of_other_data_is_refused(tmp_path, classes, answers, problem) -> None:
    write_log(tmp_path / "other", answers)
    with pytest.raises(MalformedFile, match=problem):
        score(Request("imagenet", str(tmp_path / "other"), classes, incomplete=not answers))
    with pytest.raises(NotFound, match="no accuracy log"):
        score(Request("imagenet", str(tmp_path / "nowhere"), classes))


def test_the_command_says_whether_the_targets_are_met(tmp_path, classes, capsys) -> None:
    words = ["imagenet", str(tmp_path / "log"), f"--path={tmp_path}", "--dtype=float32"]
    assert main(words) == 0
    assert main([*words, "--model=resnet50", "--round=v5.1"]) == 3
    assert "MISSED acc: 75, at least 75.6954" in capsys.readouterr().out
    write_log(tmp_path / "log", {n: np.float32(n).tobytes() for n in range(4)})
    assert main([*words, "--model=resnet", "--round=v3.0", "--replace"]) == 0
    assert "met    acc: 100, at least 75.6954" in capsys.readouterr().out


def test_incomplete_scores_say_so(tmp_path, classes, capsys) -> None:
    write_log(tmp_path / "part", {1: np.float32(1).tobytes()})
    assert main(["imagenet", str(tmp_path / "part"), f"--path={tmp_path}", "--dtype=float32", "--incomplete"]) == 0
    assert "only 1 of 4 samples: NOT the accuracy of the benchmark" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["imagenet"], "expected a task and a log"),
        (["chess", "LOG", "--path=x"], "no accuracy task 'chess'"),
        (["imagenet", "LOG"], "needs --path"),
        (["imagenet", "LOG", "--path=x", "--colour=red"], "no option --colour"),
        (["imagenet", "LOG", "--path=x", "--count=many"], "--count=many: expected int"),
        (["imagenet", "LOG", "--path=x", "--channels-last=perhaps"], "expected bool"),
        (["imagenet", "LOG", "--path=x", "--dtype=complex"], "hold one of float32, int32, int64"),
        (["imagenet", "LOG", "--path=x", "--count=-1"], "expected 0 (all) or more"),
        (["imagenet", "LOG", "--path=x"], "does not exist"),
        (["imagenet", "LOG", "--path=x", "--model=resnet"], "needs --round"),
        (["imagenet", "LOG", "--path=x", "--model=chess", "--round=v5.1"], "has no benchmark 'chess'"),
        (["imagenet", "LOG", "--path=x", "--model=resnet", "--round=v1.0"], "v1.0"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(tmp_path, words, problem, capsys) -> None:
    assert main([str(tmp_path) if word == "LOG" else word for word in words]) not in (0, 3)
    assert problem in capsys.readouterr().err


def test_options_become_what_the_parts_take() -> None:
    request = parse(["squad", "x", "--path=a", "--vocabulary=b", "--names=p,q,r", "--transposed=yes", "--stride=7"])
    dataset, metric = build_parts(task(request.task), request.options)
    assert dataset.names == ("p", "q", "r") and dataset.shape.stride == 7 and metric.transposed is True
    assert metric.payload_shape is None
    dataset, metric = build_parts(task("kits19"), {"path": "a", "dtype": "int8"})
    assert metric.payload_dtype == "int8"
    with pytest.raises(UsageError, match="tokenizer"):
        build_parts(task("cnndm"), {"path": "a"})


def test_other_logs_are_scored_from_what_their_task_needs(tmp_path) -> None:
    write_criteo(tmp_path / "c", [0, 1, 1])
    (tmp_path / "c" / "day_23_dense_sample.npy").unlink()  # scoring needs the labels only
    rows = [[0.1, 0], [0.8, 1], [0.3, 1]]
    write_log(tmp_path / "c", {n: np.array(row, dtype=np.float32).tobytes() for n, row in enumerate(rows)})
    found = score(Request("terabyte", str(tmp_path / "c"), {"path": str(tmp_path / "c"), "kind": "sample"}))
    assert found.score.line == "AUC=100.000%, accuracy=66.667%, good=2, total=3, queries=3"
    manifest = write_librispeech(tmp_path / "s", ["a b"])
    write_log(tmp_path / "s", {0: np.array([1, 0, 2], dtype=np.int16).tobytes()})
    options = {"path": str(tmp_path / "s"), "manifest": str(manifest), "dtype": "int16"}
    assert score(Request("librispeech", str(tmp_path / "s"), options)).score.value == 100.0
    data, vocabulary = write_squad(tmp_path / "q")
    write_log(tmp_path / "q", {n: np.zeros((384, 2), dtype=np.float16).tobytes() for n in range(2)})
    options = {"path": str(data), "vocabulary": str(vocabulary), "dtype": "float16"}
    assert json.loads(score(Request("squad", str(tmp_path / "q"), options)).score.line)["exact_match"] == 0.0


def test_answers_of_any_length_are_decoded_one_by_one() -> None:
    class Words:
        payload_dtype = "int16"
        payload_shape = None

    found = decode(Words(), {0: b"\1\0\2\0", 1: b""}, "log")
    assert [one.tolist() for one in found] == [[1, 2], []]
    with pytest.raises(MalformedFile, match="multiple of 2"):
        decode(Words(), {0: b"\1"}, "log")


def test_the_digest_tells_where_one_answer_ends() -> None:
    joined, apart = ([np.array([1, 2]), np.array([3])], [np.array([1]), np.array([2, 3])])
    assert digest(joined) == digest(list(joined)) != digest(apart)
    assert digest(np.array([1, 2, 3])) == digest(np.array([1, 2, 3]))


def test_windows_of_payloads_share_their_places() -> None:
    slots = Slots(5)
    slots[1:3].put([np.array([1]), np.array([2, 2])])
    slots[3:5][1:2].put([np.array([4])])
    assert [None if one is None else one.tolist() for one in slots] == [None, [1], [2, 2], None, [4]]
    assert len(slots[1:3]) == 2 and slots[1:3][1].tolist() == [2, 2] and slots[-1].tolist() == [4]
    with pytest.raises(ValueError, match="3 payloads for a batch of 2"):
        slots[0:2].put([1, 2, 3])
    with pytest.raises(IndexError):
        slots[1:3][2]


@pytest.mark.parametrize("dtype", ["int64", "int32", "float32"])
def test_classes_are_written_in_every_official_type(tmp_path, dtype) -> None:
    metric = LabelMetric(dtype)
    out = np.zeros(2, dtype=dtype)
    metric.encode(np.array([[0.1, 0.9], [0.8, 0.2]]), out)
    write_log(tmp_path, {n: value.tobytes() for n, value in enumerate(out)})
    answers = read_answers(str(tmp_path / "mlperf_log_accuracy.json"), 2)
    assert metric.score(decode(metric, answers, ""), np.array([1, 0])).good == 2


# -- the table of tasks and the targets of the rounds


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_its_parts_and_a_line_that_the_checker_reads(name) -> None:
    chosen = task(name)
    metrics = {"accuracy=": "acc", "mAP=": "mAP", "{": "F1", "{'": "ROUGE1", "Word": "WER", "Accuracy:": "DICE"}
    metrics["AUC="] = "AUC"
    start = max((begin for begin in metrics if chosen.line.startswith(begin)), key=len)
    assert find_metric(chosen.line, metrics[start]) is not None
    options = {name: "x" for name in ("path", "vocabulary", "tokenizer", "manifest") if name in chosen.data}
    dataset, metric = build_parts(chosen, options)
    assert metric.payload_dtype and hasattr(dataset, "labels") and hasattr(metric, "score")
    assert task(name.upper()).name == name


def test_every_benchmark_of_a_task_is_one_of_a_round() -> None:
    known = {model for name in rounds() for model in load_round(name).models}
    for chosen in TASKS.values():
        assert set(chosen.benchmarks) <= known


@pytest.mark.parametrize("name", TASKS)
def test_every_task_names_a_recipe_that_there_is(name) -> None:
    wanted = set(task(name).recipe.split(","))
    recipes = Path(__file__).resolve().parents[3] / "recipes" / "script"
    found = [
        path.parent.name for path in recipes.glob("get-*/_cm.yaml") if wanted <= set(read_meta_file(str(path))["tags"])
    ]
    assert found


#: FP32 references by metric (mlperf-inference section 13.2, and the rules of v4.0 and v5.1 for llama2-70b and 8b).
REFERENCES = {
    "resnet": {"acc": 76.46},
    "retinanet": {"mAP": 37.55},
    "rnnt": {"WER": 92.548},
    "bert": {"F1": 90.874},
    "dlrm": {"AUC": 80.25},
    "dlrm-v2": {"AUC": 80.31},
    "3d-unet": {"DICE": 0.86170},
    "gptj": {"ROUGE1": 42.9865, "ROUGE2": 20.1235, "ROUGEL": 29.9881},
    "llama2-70b": {"ROUGE1": 44.4312, "ROUGE2": 22.0352, "ROUGEL": 28.6162},
    "llama3.1-8b": {"ROUGE1": 38.7792, "ROUGE2": 15.9075, "ROUGEL": 24.4957, "ROUGELSUM": 35.793},
}
SHARES = {"-99.9": 0.999, "-99": 0.99, "": 0.99}
#: First and last round of a benchmark with these references.
SPANS = {
    "resnet": ("v3.0", "v6.1"),
    "retinanet": ("v3.0", "v6.0"),
    "rnnt": ("v3.0", "v4.0"),
    "bert-99": ("v3.0", "v6.1"),
    "bert-99.9": ("v3.0", "v6.1"),
    "dlrm-99": ("v3.0", "v3.0"),
    "dlrm-99.9": ("v3.0", "v3.0"),
    "dlrm-v2-99": ("v3.1", "v5.1"),
    "dlrm-v2-99.9": ("v3.1", "v5.1"),
    "3d-unet-99": ("v3.0", "v6.1"),
    "3d-unet-99.9": ("v3.0", "v6.1"),
    "gptj-99": ("v3.1", "v5.0"),
    "gptj-99.9": ("v3.1", "v5.0"),
    "llama2-70b-99": ("v4.0", "v6.0"),
    "llama2-70b-99.9": ("v4.0", "v6.1"),
    "llama3.1-8b": ("v5.1", "v6.1"),
}


@pytest.mark.parametrize("benchmark", SPANS)
def test_targets_are_the_share_of_the_reference_in_every_round(benchmark) -> None:
    ending = next(end for end in SHARES if benchmark.endswith(end))
    wanted = {metric: SHARES[ending] * value for metric, value in REFERENCES[benchmark.removesuffix(ending)].items()}
    first, last = SPANS[benchmark]
    having = [name for name in rounds() if benchmark in load_round(name).models]
    assert (having[0], having[-1]) == (first, last)
    for name in having:
        found = {target.metric: target.target for target in load_round(name).models[benchmark].targets("Offline")}
        assert {metric: found[metric] for metric in wanted} == pytest.approx(wanted, rel=1e-9)


def test_lengths_of_texts_have_their_own_limits() -> None:
    found = {t.metric: t for t in load_round("v5.1").models["llama2-70b-99"].accuracy}["TOKENS_PER_SAMPLE"]
    assert (found.target, found.limit) == pytest.approx((0.9 * 294.45, 1.1 * 294.45))
    gptj = {t.metric: t for t in load_round("v4.0").models["gptj-99.9"].accuracy}["GEN_LEN"]
    assert gptj.target == pytest.approx(0.9 * 4016878)


def test_a_target_needs_the_metric_in_the_line(tmp_path, classes) -> None:
    outcome = score(Request("imagenet", str(tmp_path / "log"), classes, model="retinanet", round="v5.0", to="-"))
    assert [verdict.found for verdict in outcome.verdicts] == [None] and not outcome.passed


def test_an_unreadable_log_is_one_clear_error(tmp_path, classes) -> None:
    (tmp_path / "log" / "mlperf_log_accuracy.json").write_text("[\n{ broken\n", "utf-8")
    with pytest.raises(FrancaError):
        score(Request("imagenet", str(tmp_path / "log"), classes))


def test_the_page_of_targets_is_that_of_the_data() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "accuracy-targets.md"
    assert page.read_text("utf-8") == targets.page(), "python -m franca.mlperf.tasks.targets > " + str(page)


def test_rounds_with_the_same_targets_are_one_span() -> None:
    assert [names for names, _ in targets.spans("bert-99")] == [list(rounds())]
    (first, old), (second, new) = targets.spans("mixtral-8x7b")
    assert first == ["v4.1"] and second == ["v5.0", "v5.1", "v6.0"] and old != new
