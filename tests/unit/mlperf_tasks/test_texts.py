"""Generated texts: reading the official files, and ROUGE by hand and against the package itself."""

from __future__ import annotations

import ast
import json

import pytest

from franca.errors import FrancaError, MalformedFile, Unavailable, UsageError
from franca.mlperf.submission.documents import find_metric
from tests.unit.mlperf_tasks.task_data import write_tokenizer

np = pytest.importorskip("numpy")

from franca.mlperf.tasks import rouge  # noqa: E402
from franca.mlperf.tasks.texts import PROMPT, Texts, read_pairs  # noqa: E402

WORDS = ["the", "cat", "sat", "on", "mat", "dog", "ran"]


def tokens(text: str) -> object:
    return np.array([WORDS.index(word) + 1 for word in text.split()], dtype=np.int64)


def write(path, content) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return str(path)


def test_articles_get_the_prompt_of_the_benchmark(tmp_path) -> None:
    records = [{"instruction": "Summarize:", "input": "The cat sat.", "output": "cat"}]
    (pair,) = read_pairs(write(tmp_path / "cnn_eval.json", records))
    assert pair.prompt == PROMPT.format(instruction="Summarize:", input="The cat sat.") and pair.expected == "cat"
    assert pair.prompt.endswith("### Instruction:\nSummarize:\n\n### Input:\nThe cat sat.\n\n### Response:")


def test_prompts_that_are_token_ids_are_padded_on_the_left(tmp_path) -> None:
    lines = [{"tok_input": [5, 6, 7], "output": "a"}, {"tok_input": [8], "output": "b"}]
    path = write(tmp_path / "orca.jsonl", "\n".join(json.dumps(line) for line in lines) + "\n\n")
    data = Texts(path, padding=2, longest=2)
    data.open()
    data.load([0, 1])
    batch = data.batch([1, 0])
    assert batch["input_ids"].tolist() == [[2, 8], [5, 6]] and batch["attention_mask"].tolist() == [[0, 1], [1, 1]]
    assert data.labels() == ["a", "b"] and data.count == data.performance_count == 2


def test_parquet_is_read_like_lines(tmp_path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {"system_prompt": ["x", "y"], "tok_input": [[1, 2], [3]], "output": ["a", "b"]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "o.parquet")
    assert [(p.tokens, p.expected) for p in read_pairs(str(tmp_path / "o.parquet"))] == [((1, 2), "a"), ((3,), "b")]
    with pytest.raises(MalformedFile, match="no Parquet"):
        read_pairs(write(tmp_path / "broken.parquet", "PAR1"))


def test_text_prompts_need_a_tokenizer(tmp_path) -> None:
    pytest.importorskip("tokenizers")
    path = write(tmp_path / "o.json", [{"input": "the dog ran", "output": "a"}])
    data = Texts(path)
    data.open()
    with pytest.raises(UsageError, match="needs tokenizer"):
        data.load([0])
    data = Texts(path, tokenizer=str(write_tokenizer(tmp_path / "t", WORDS).parent))
    data.open()
    data.load([0])
    assert data.batch([0])["input_ids"].tolist() == [[1, 6, 7]]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.json", {"x": 1}, "list of records"),
        ("a.json", [{"input": "x"}], "record 1: output must be str"),
        ("a.json", [{"output": "x"}], "record 1: input must be str"),
        ("a.json", [{"output": "x", "tok_input": ["y"]}], "whole numbers"),
        ("a.json", [], "no samples"),
        ("a.json", "[", "not JSON"),
        ("a.jsonl", '{"input": "x", "output": "y"}\n{', "a.jsonl:2"),
        ("a.pkl", "x", "pickle"),
        ("a.csv", "x", "expected a file in"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, content, problem) -> None:
    with pytest.raises(FrancaError, match=problem):
        read_pairs(write(tmp_path / name, content))


def test_a_pickle_is_never_opened(tmp_path) -> None:
    import pickle

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    (tmp_path / "o.pkl").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(UsageError, match="could run code") as caught:
        read_pairs(str(tmp_path / "o.pkl"))
    assert "to_parquet" in caught.value.hint and not (tmp_path / "harm").exists()


@pytest.fixture
def metric(tmp_path) -> rouge.RougeMetric:
    pytest.importorskip("rouge_score")
    pytest.importorskip("tokenizers")
    return rouge.RougeMetric(str(write_tokenizer(tmp_path / "t", WORDS)), sentences="none")


def test_rouge_of_two_texts_by_hand(metric) -> None:
    payloads = [tokens("the cat sat on the mat"), tokens("dog ran")]
    score = metric.score(payloads, ["the cat sat", "cat sat"])
    fields = ast.literal_eval(score.line)
    # first text: 3 of 6 words and 3 of 3: F = 2/3; bigrams 2 of 5 and 2 of 2: 4/7. The second shares nothing.
    assert fields["rouge1"] == round(100 * (2 / 3) / 2, 4)
    assert fields["rouge2"] == round(100 * (4 / 7) / 2, 4)
    assert fields["rougeL"] == fields["rougeLsum"] == round(100 * (2 / 3) / 2, 4)
    assert (fields["gen_len"], fields["gen_num"], fields["gen_tok_len"]) == (22 + 7, 2, 8)
    assert fields["tokens_per_sample"] == 4.0
    assert score.value == fields["rouge1"] and score.more["TOKENS_PER_SAMPLE"] == 4.0


def test_the_checker_finds_every_figure_in_the_line(metric) -> None:
    line = metric.score([tokens("the cat")], ["the cat"]).line
    expected = {"ROUGE1": 100.0, "ROUGE2": 100.0, "ROUGEL": 100.0, "ROUGELSUM": 100.0, "GEN_LEN": 7.0,
                "TOKENS_PER_SAMPLE": 2.0}  # fmt: skip
    assert {name: float(find_metric(line, name)) for name in expected} == expected


def test_special_tokens_are_no_text_but_are_tokens(metric) -> None:
    fields = ast.literal_eval(metric.score([np.array([2, 0, 0])], ["cat"]).line)
    assert fields["rouge1"] == 100.0 and fields["gen_tok_len"] == 3 and fields["gen_len"] == 3


def test_an_empty_answer_scores_nothing(metric) -> None:
    assert ast.literal_eval(metric.score([np.array([], dtype=np.int64)], ["cat"]).line)["rouge1"] == 0.0


@pytest.mark.parametrize("wrong", [[-1], [2**40], [float("nan")]])
def test_what_is_no_token_is_refused(metric, wrong) -> None:
    with pytest.raises(MalformedFile, match="sample 1 has tokens from"):
        metric.score([np.array([1]), np.array(wrong)], ["a", "b"])


def test_tokens_are_cut_at_the_end_mark() -> None:
    metric = rouge.RougeMetric("x", dtype="int32", end=9)
    rows = metric.pack([np.array([[1, 2, 9, 9]]), (np.array([3, 4]), "more")], [0, 1])
    assert [row.tolist() for row in rows] == [[1, 2], [3, 4]] and rows[0].dtype == np.int32
    (kept,) = rouge.RougeMetric("x").pack([np.array([1, 9])], [0])
    assert kept.tolist() == [1, 9] and kept.dtype == np.int64


def test_sentences_without_the_english_model_part_at_full_stops() -> None:
    pytest.importorskip("nltk")
    assert rouge.splitter("untrained")("  One cat. Two dogs.  ") == "One cat.\nTwo dogs."
    assert rouge.splitter("none")("  One cat. Two dogs.  ") == "One cat. Two dogs."


def test_a_missing_english_model_is_named(monkeypatch) -> None:
    nltk = pytest.importorskip("nltk")
    monkeypatch.setattr(nltk.data, "path", [])
    with pytest.raises(Unavailable, match="punkt_tab") as caught:
        rouge.splitter("punkt")("One. Two.")
    assert "nltk.downloader punkt_tab" in caught.value.hint


@pytest.mark.parametrize("options", [{"sentences": "x"}, {"dtype": "int8"}])
def test_an_option_that_means_nothing_is_refused(options) -> None:
    with pytest.raises(UsageError, match="is not known"):
        rouge.RougeMetric("x", **options)


def test_a_library_that_is_missing_is_named() -> None:
    from franca.mlperf.tasks.files import need

    with pytest.raises(Unavailable, match=r"scoring needs the Python package no_such_library") as caught:
        need("no_such_library.part", "scoring")
    assert "franca[accuracy]" in caught.value.hint
