"""Question answering: windows, spans, F1 and exact match, by hand and against the tokenizers package."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franca.errors import FrancaError, MalformedFile
from franca.mlperf.tasks.wordpiece import read_vocabulary, words
from tests.unit.mlperf_tasks.task_data import LETTERS, PIECES, SQUAD, write_squad

np = pytest.importorskip("numpy")

from franca.mlperf.tasks.answers import AnswerMetric, answers, normal, original, overlap  # noqa: E402
from franca.mlperf.tasks.squad import Shape, Squad, passage_words, read_questions, windows  # noqa: E402

PASSAGE = ["the", "book", "was", "written", "by", "maria", "lo", "##pez", ",", "in", "1", "##9", "##2", "##1", "."]
FIRST = ["[CLS]", "who", "wrote", "the", "book", "?", "[SEP]", *PASSAGE, "[SEP]"]


@pytest.fixture
def squad(tmp_path) -> Squad:
    data, vocabulary = write_squad(tmp_path)
    found = Squad(str(data), str(vocabulary), sequence=32, question=16)
    found.open()
    return found


def logits(window: list[str], start: int, end: int, size: int = 32) -> object:
    """[size, 2] with one clear winner; what is behind the window is tempting but void."""
    found = np.zeros((size, 2), dtype=np.float32)
    found[start, 0] = found[end, 1] = 5
    found[len(window) :] = 99
    return found


def test_a_window_holds_the_question_and_the_passage_as_the_model_wants_them(squad) -> None:
    assert squad.count == 2
    squad.load([0, 1])
    batch = squad.batch([0])
    ids = [PIECES.index(piece) for piece in FIRST]
    assert batch["input_ids"].tolist() == [ids + [0] * (32 - len(ids))]
    assert batch["input_mask"].tolist() == [[1] * len(ids) + [0] * (32 - len(ids))]
    assert batch["segment_ids"].tolist() == [[0] * 7 + [1] * (len(ids) - 7) + [0] * (32 - len(ids))]
    assert all(array.dtype == np.int64 for array in batch.values())


def test_the_answer_is_the_span_in_the_words_of_the_passage(squad) -> None:
    maria, pez = FIRST.index("maria"), FIRST.index("##pez")
    second = ["[CLS]", "when", "was", "it", "written", "?", "[SEP]", *PASSAGE, "[SEP]"]
    payloads = [logits(FIRST, maria, pez), logits(second, second.index("1"), second.index("##1"))]
    assert answers([p.T for p in payloads], squad.labels()) == {0: "Maria Lopez", 1: "1921"}
    score = AnswerMetric(sequence=32).score(payloads, squad.labels())
    assert score.line == '{"exact_match": 100.0, "f1": 100.0}'
    assert (score.name, score.value, score.good, score.total) == ("F1", 100.0, 2, 2)


def test_a_part_of_an_answer_has_a_part_of_f1(squad) -> None:
    by, pez = FIRST.index("by"), FIRST.index("##pez")
    wrong = logits(FIRST, FIRST.index("book"), FIRST.index("book"))
    score = AnswerMetric(sequence=0).score([logits(FIRST, by, pez), wrong], squad.labels())
    # "by Maria Lopez" against "Maria Lopez": precision 2/3, recall 1; the second answer shares no word
    assert score.more["EM"] == 0 and score.value == pytest.approx(100 * 0.8 / 2)


def test_spans_of_the_question_backwards_and_too_long_ones_are_no_answers(squad) -> None:
    found = np.full((32, 2), -9.0, dtype=np.float32)
    found[1, 0] = 9  # in the question
    found[FIRST.index("in"), 0] = 5
    found[FIRST.index("by"), 1] = 9  # before the start
    found[FIRST.index("##1"), 1] = 1
    assert answers([found.T, found.T], squad.labels())[0] == "in 1921"


def test_a_model_that_points_nowhere_answers_a_fixed_word(tmp_path) -> None:
    data, vocabulary = write_squad(tmp_path)
    squad = Squad(str(data), str(vocabulary), sequence=64, question=16)
    squad.open()
    behind = np.zeros((64, 2), dtype=np.float32)
    behind[len(FIRST) + 2 :] = 1  # more places than are tried
    assert answers([behind.T, behind.T], squad.labels()) == {0: "empty", 1: "empty"}


def test_shorter_and_transposed_answers_are_read_too(squad) -> None:
    maria, pez = FIRST.index("maria"), FIRST.index("##pez")
    cut = logits(FIRST, maria, pez)[: len(FIRST)]
    score = AnswerMetric(sequence=0, transposed=True).score([cut.T.reshape(-1).copy()] * 2, squad.labels())
    assert score.more["EM"] == 50.0
    with pytest.raises(MalformedFile, match="3 logits"):
        AnswerMetric(sequence=0).score([np.zeros(3, dtype=np.float32)] * 2, squad.labels())


@pytest.mark.parametrize("transposed", [False, True])
def test_outputs_become_payloads_whatever_their_form(transposed) -> None:
    metric = AnswerMetric(sequence=4, transposed=transposed)
    both = np.arange(16, dtype=np.float32).reshape(2, 4, 2)
    forms = [both, [(one,) for one in both], [(one[:, 0], one[:, 1]) for one in both]]
    for outputs in forms:
        out = np.zeros((2, *metric.payload_shape), dtype=np.float32)
        metric.encode(outputs, out)
        assert (out.swapaxes(1, 2) if transposed else out).tolist() == both.tolist()


def test_long_passages_are_cut_into_windows_that_share_their_edges(tmp_path) -> None:
    data, vocabulary = write_squad(tmp_path)
    question = read_questions(str(data))[0]
    found = list(windows(0, question, read_vocabulary(str(vocabulary)), Shape(sequence=16, stride=4, question=6)))
    # 5 pieces of question and 3 marks leave 8 for the passage of 15
    assert [window.pieces[7:-1] for window in found] == [PASSAGE[0:8], PASSAGE[4:12], PASSAGE[8:15]]
    owned = [sorted(place - 7 + 4 * n for place in window.best) for n, window in enumerate(found)]
    assert owned == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9], [10, 11, 12, 13, 14]]
    assert found[1].word_of[7] == 4  # "by", the fifth word


def test_the_best_window_decides(tmp_path) -> None:
    data, vocabulary = write_squad(tmp_path)
    squad = Squad(str(data), str(vocabulary), sequence=16, stride=4, question=6)
    squad.open()
    sure, unsure = (np.zeros((16, 2), dtype=np.float32) for _ in range(2))
    unsure[7] = 1
    sure[9, 0] = sure[10, 1] = 3  # "lo" and "##pez", which the second window has there
    assert answers([unsure.T, sure.T, unsure.T], squad.labels()[[0, 1, 2]]) == {0: "Lopez"}


def test_a_vocabulary_that_is_none_is_named(tmp_path) -> None:
    (tmp_path / "vocab.txt").write_text("a\nb\n", "utf-8")
    with pytest.raises(MalformedFile, match="lacks"):
        read_vocabulary(str(tmp_path / "vocab.txt"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda d: d.pop("data"), "data must be list"),
        (lambda d: d["data"][0]["paragraphs"][0].pop("context"), "context must be str"),
        (lambda d: d["data"][0]["paragraphs"][0]["qas"][0].pop("id"), "id must be str"),
        (lambda d: d["data"][0]["paragraphs"][0]["qas"][0].update(answers=[]), "question q1 has no answer"),
        (lambda d: d["data"][0]["paragraphs"].clear(), "no samples"),
    ],
)
def test_a_file_of_another_form_is_named(tmp_path, change, problem) -> None:
    content = copy.deepcopy(SQUAD)
    change(content)
    data, vocabulary = write_squad(tmp_path, content)
    with pytest.raises(MalformedFile, match=problem):
        Squad(str(data), str(vocabulary), sequence=32, question=16).open()


def test_windows_that_hold_nothing_are_refused(tmp_path) -> None:
    with pytest.raises(FrancaError, match="no room"):
        Squad("x", "y", sequence=64)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Book, of an A-team!", "book of ateam"),
        ("an", ""),
        ("U.S.", "us"),
    ],
)
def test_answers_are_compared_without_case_marks_and_articles(text, expected) -> None:
    assert normal(text) == expected


@pytest.mark.parametrize(
    ("found", "expected", "f1"),
    [("a cat sat", "the cat", 2 / 3), ("cat cat", "cat", 2 / 3), ("dog", "cat", 0), ("", "", 0), ("x y", "y x", 1)],
)
def test_f1_of_two_answers(found, expected, f1) -> None:
    assert overlap(found, expected) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("answer", "passage", "expected"),
    [
        ("steve smith", "Steve Smith's", "Steve Smith"),
        ("( 1895 - 1943 )", "Smith (1895-1943).", "(1895-1943)"),
        ("jose", "José", "José"),  # the accent costs a letter: nothing to align with, the whole passage stands
        ("nobody", "Steve Smith", "Steve Smith"),
    ],
)
def test_pieces_go_back_to_the_words_that_they_came_from(answer, passage, expected) -> None:
    assert original(answer, passage) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", ["hello", ",", "world", "!"]),
        ("  caf\u00e9\tna\u00efve\n", ["cafe", "naive"]),
        ("a\u4e2db", ["a", "\u4e2d", "b"]),
        ("x\x00\u200by\ufffd", ["xy"]),
        ("10$-x", ["10", "$", "-", "x"]),
        ("", []),
    ],
)
def test_words_are_cut_as_the_model_was_trained(text, expected) -> None:
    assert words(text) == expected


def test_a_word_without_pieces_is_unknown(tmp_path) -> None:
    _, vocabulary = write_squad(tmp_path)
    pieces = read_vocabulary(str(vocabulary))
    assert pieces.pieces("\u4e2d " + "a" * 101 + " lopez") == ["[UNK]", "[UNK]", "lo", "##pez"]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=LETTERS + " .,?!'-()ABCéñü\u4e2d\u202f\t\n$€\u200b", max_size=40))
def test_pieces_are_those_of_the_tokenizers_package(tmp_path_factory, text) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    own, other = _pair(tmp_path_factory, tokenizers)
    assert own.pieces(text) == other.encode(text, add_special_tokens=False).tokens


_PAIR: list = []


def _pair(tmp_path_factory, tokenizers):
    if not _PAIR:
        _, vocabulary = write_squad(tmp_path_factory.mktemp("vocabulary"))
        _PAIR.append(read_vocabulary(str(vocabulary)))
        _PAIR.append(tokenizers.BertWordPieceTokenizer({p: n for n, p in enumerate(PIECES)}, lowercase=True))
    return _PAIR


def test_words_of_a_passage_are_parted_at_blanks_only() -> None:
    assert passage_words(" a\u202fb\tc-d\u00a0e\r\n") == ["a", "b", "c-d\u00a0e"]
