"""Speech: manifests and recordings, word error rate by hand and against jiwer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franca.errors import FrancaError, MalformedFile, UsageError
from franca.mlperf.submission.documents import find_metric
from tests.unit.mlperf_tasks.task_data import write_librispeech, write_wave

np = pytest.importorskip("numpy")

from franca.mlperf.tasks import speech  # noqa: E402
from franca.mlperf.tasks.librispeech import LibriSpeech, read_wave  # noqa: E402
from franca.mlperf.tasks.speech import RNNT, WordErrorMetric, distance, join_written_apart  # noqa: E402


def letters(text: str, dtype: str = "int64") -> object:
    return np.array([RNNT.index(char) for char in text], dtype=dtype)


def test_recordings_longer_than_the_limit_are_left_out(tmp_path) -> None:
    manifest = write_librispeech(tmp_path, ["a b", "c", "d e"], seconds=[3.0, 15.1, 15.0])
    data = LibriSpeech(str(tmp_path), str(manifest))
    data.open()
    assert data.count == 2 and data.labels() == ["a b", "d e"]
    data.load([0, 1])
    batch = data.batch([0, 1])
    assert batch["lengths"].tolist() == [2, 2]
    assert batch["audio"] == pytest.approx(np.array([[0, 0], [200, -200]]) / 32768)


def test_a_batch_is_filled_up_with_silence(tmp_path) -> None:
    manifest = write_librispeech(tmp_path, ["a", "b"])
    data = LibriSpeech(str(tmp_path), str(manifest), names=["x", "n"], performance_count=1)
    data.open()
    data.load([1, 0])
    batch = data.batch([0, 1])
    assert batch["n"].tolist() == [2, 3] and batch["x"].shape == (2, 3) and batch["x"][0, 2] == 0
    assert batch["x"].dtype == np.float32 and data.performance_count == 1


def test_the_version_at_the_original_speed_is_taken(tmp_path) -> None:
    records = [{"transcript": "a", "original_duration": 1, "files": [{"fname": "a.wav", "speed": 0.9}]}]
    (tmp_path / "m.json").write_text(json.dumps(records), "utf-8")
    with pytest.raises(MalformedFile, match="no file at speed 1"):
        LibriSpeech(str(tmp_path), str(tmp_path / "m.json")).open()


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"original_duration": 1, "files": []}, "speed 1"),
        ({"files": []}, "original_duration must be"),
        ({"original_duration": 1, "files": [{"fname": "../x.wav", "speed": 1}], "transcript": "a"}, "leads out"),
        ({"original_duration": 1, "files": [{"fname": "x.wav", "speed": 1}]}, "transcript must be str"),
        ({"original_duration": 1, "files": [{"fname": "x.wav", "speed": 1}], "transcript": "a"}, "1 of 1 recordings"),
    ],
)
def test_a_manifest_that_is_wrong_is_named(tmp_path, record, problem) -> None:
    (tmp_path / "m.json").write_text(json.dumps([record]), "utf-8")
    with pytest.raises(FrancaError, match=problem):
        LibriSpeech(str(tmp_path), str(tmp_path / "m.json")).open()


def test_recordings_of_another_form_are_refused(tmp_path) -> None:
    write_wave(tmp_path / "a.wav", [1, 2], rate=8000)
    with pytest.raises(MalformedFile, match="at 8000 Hz, expected 1 of 16 at 16000"):
        read_wave(str(tmp_path / "a.wav"), 16000)
    (tmp_path / "b.wav").write_bytes(b"RIFF")
    with pytest.raises(MalformedFile, match="no wave file"):
        read_wave(str(tmp_path / "b.wav"), 16000)


def test_word_error_rate_by_hand() -> None:
    spoken = ["THE CAT SAT", "on the mat"]
    heard = [letters("the cat sat"), letters("in the red mat")]
    score = WordErrorMetric().score(heard, spoken)
    # one word replaced, one too many, of six
    assert score.more["WER"] == pytest.approx(100 * 2 / 6) and score.value == pytest.approx(100 * 4 / 6)
    assert score.good == 1 and score.total == 2
    assert score.line == f"Word Error Rate: {2 / 6 * 100}%, accuracy={(1 - 2 / 6) * 100}%"
    assert float(find_metric(score.line, "WER")) == score.value


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_letters_of_every_width_are_read(dtype) -> None:
    metric = WordErrorMetric(dtype=dtype)
    (packed,) = metric.pack(["don't"], [0])
    assert packed.dtype == np.dtype(dtype) and packed.tolist() == [4, 15, 14, 27, 20]
    assert metric.score([packed], ["don't"]).value == 100.0
    assert metric.pack([(np.array([[4, 15]]), "lengths")], [0])[0].tolist() == [4, 15]


def test_a_letter_outside_the_alphabet_is_refused() -> None:
    with pytest.raises(MalformedFile, match="sample 1 has the letter 28"):
        WordErrorMetric().score([letters("a"), np.array([28])], ["a", "b"])
    with pytest.raises(MalformedFile, match="no words"):
        WordErrorMetric().score([letters("a")], ["%"])
    with pytest.raises(UsageError, match="is not known"):
        WordErrorMetric(form="x")


WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=8)


@settings(deadline=None)
@given(WORDS, WORDS)
def test_distance_is_that_of_jiwer(said, wanted) -> None:
    jiwer = pytest.importorskip("jiwer")
    if not wanted:
        assert distance(said, wanted) == len(said)
        return
    found = jiwer.process_words(" ".join(wanted), " ".join(said))
    assert distance(said, wanted) == found.substitutions + found.deletions + found.insertions


@settings(deadline=None)
@given(WORDS, WORDS, WORDS)
def test_distance_is_a_metric(a, b, c) -> None:
    assert distance(a, b) == distance(b, a) and (distance(a, b) == 0) == (a == b)
    assert distance(a, c) <= distance(a, b) + distance(b, c)


@pytest.mark.parametrize(
    ("said", "wanted", "expected"),
    [
        ("any more tea", "anymore tea", (["anymore", "tea"], ["anymore", "tea"])),
        ("tea anymore", "tea any more", (["tea", "anymore"], ["tea", "anymore"])),
        ("a b c d", "abc d e", (["abc", "d"], ["abc", "d", "e"])),
        ("x y", "z w v", (["x", "y"], ["z", "w", "v"])),
    ],
)
def test_words_written_apart_or_together_are_joined(said, wanted, expected) -> None:
    assert join_written_apart(said.split(), wanted.split()) == expected


def test_the_rules_of_whisper_take_joined_words_as_right(monkeypatch) -> None:
    monkeypatch.setattr(speech, "normaliser", lambda form: str.split)  # that of the package comes with a model library
    metric = WordErrorMetric(form="whisper", dtype="int8")
    heard = metric.pack(["any more tea 4 2", "no"], [0, 1])
    score = metric.score(heard, ["anymore tea 42", "yes"])
    assert score.name == "ACCURACY" and score.value == pytest.approx(100 * 3 / 4)
    assert float(find_metric(score.line, "ACCURACY")) == score.value
