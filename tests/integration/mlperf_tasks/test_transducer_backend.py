"""The speech model rnnt: its features and letters against a plain computation, LoadGen, and what is refused.

Needs torch in the Python of the tests.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from franca.mlperf.inference.campaign import run
from franca.mlperf.inference.plugs import PlugError, resolve
from franca.mlperf.inference.spec import RunSpec, checked
from franca.mlperf.logs.accuracy import read_accuracy
from franca.mlperf.tasks.filterbanks import Filterbanks
from franca.mlperf.tasks.speech import RNNT
from franca.mlperf.tasks.transducer import TransducerBackend
from tests.integration.mlperf_tasks import plain_transducer as plain
from tests.unit.mlperf_tasks.task_data import write_wave

torch = pytest.importorskip("torch", reason="torch is not installed", exc_type=ImportError)
pytest.importorskip("scipy")
BANDS = 4
TALKS = (2, 10.0)  #: seed of weights and likelihood of the blank: answers of several letters and lengths
#: An odd and an even number of frames before they are joined, the shortest recording, whole and broken steps.
LENGTHS = (4000, 481, 1600, 2720)


def recordings() -> list[Any]:
    """Noise in tones, as 16-bit files hold it."""
    import numpy as np

    draw = np.random.default_rng(0)
    found = []
    for length in LENGTHS:
        loud = draw.normal(0, 0.1, length) * np.sin(np.arange(length) / draw.integers(2, 60))
        found.append(np.clip(loud * 32768, -32768, 32767).astype(np.int16))
    return found


def sounds() -> list[Any]:
    import numpy as np

    return [one.astype(np.float32) / np.float32(32768) for one in recordings()]


def batch(some: Sequence[Any]) -> dict[str, Any]:
    import numpy as np

    lengths = np.array([len(one) for one in some], dtype=np.int64)
    found = np.zeros((len(some), int(lengths.max())), dtype=np.float32)
    for row, one in zip(found, some, strict=True):
        row[: len(one)] = one
    return {"audio": found, "lengths": lengths}


def tensors(found: dict[str, Any]) -> dict[str, Any]:
    return {name: torch.from_numpy(value) for name, value in found.items()}


def loaded(path: Path, content: Any) -> TransducerBackend:
    torch.save(content, path)
    backend = TransducerBackend(str(path), threads=1)
    backend.load()
    return backend


def answers(backend: TransducerBackend, some: Sequence[Any]) -> list[list[int]]:
    return [one.tolist() for one in backend.predict(batch(some))]


def test_the_name_of_the_backend_is_built_in() -> None:
    assert resolve("backend", "pytorch-transducer") is TransducerBackend


@pytest.mark.parametrize("bands", [BANDS, 80])
def test_features_are_those_of_a_plain_computation(bands) -> None:
    import numpy as np

    banks = Filterbanks(torch, bands, torch.device("cpu"))
    for sound in sounds():
        found = banks(torch.from_numpy(sound)).numpy()
        expected = plain.features(sound, bands)
        assert found.shape == expected.shape and np.allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize(("seed", "blank"), [TALKS, (9, 3.0), (16, 0.0)])
def test_letters_are_those_of_a_plain_computation(tmp_path, seed, blank) -> None:
    found = plain.weights(seed, blank)
    expected = [plain.letters(found, plain.features(sound, BANDS)) for sound in sounds()]
    assert len({letter for answer in expected for letter in answer}) > 2
    assert len({len(answer) for answer in expected}) > 2
    backend = loaded(tmp_path / "model.pt", {"state_dict": tensors(found)})
    assert answers(backend, sounds()) == expected
    assert [answers(backend, [sound])[0] for sound in sounds()] == expected  # batches change nothing


def test_a_frame_gives_thirty_letters_at_most(tmp_path) -> None:
    found = plain.weights(2, -100.0)
    short = sounds()[1]
    backend = loaded(tmp_path / "model.pt", tensors(found))
    assert answers(backend, [short]) == [plain.letters(found, plain.features(short, BANDS))]
    assert [len(one) for one in answers(backend, sounds())] == [150, 30, 60, 90]  # 5, 1, 2 and 3 joined frames


def prefixed(found: dict[str, Any]) -> dict[str, Any]:
    return {f"module.{name}": value for name, value in found.items()}


def renamed(found: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {name.replace(old, new): value for name, value in found.items()}


WRAPPINGS = {
    "bare": lambda found: found,
    "with a prefix": lambda found: {"state_dict": prefixed(found), "epoch": 7},
    "averaged": lambda found: {"state_dict": {k: v * 0 for k, v in found.items()}, "ema_state_dict": prefixed(found)},
    "not averaged": lambda found: {"state_dict": found, "ema_state_dict": None},
    "with tables of features": lambda found: {"state_dict": {**found, "audio_preprocessor.featurizer.fb": found[BIAS]}},
    "without dropout": lambda found: renamed(renamed(found, "joint_net.3.", "joint_net.2."), "joint_net", "joint.net"),
    "of half precision": lambda found: {k: v.bfloat16() for k, v in found.items()},
}
BIAS = "joint_net.0.bias"


@pytest.mark.parametrize("kind", WRAPPINGS)
def test_checkpoints_are_read_however_they_are_wrapped(tmp_path, kind) -> None:
    weights = tensors(plain.weights(*TALKS))
    if kind == "of half precision":
        weights = {name: value.bfloat16().float() for name, value in weights.items()}
    expected = answers(loaded(tmp_path / "plain.pt", weights), sounds())
    assert answers(loaded(tmp_path / "wrapped.pt", WRAPPINGS[kind](weights)), sounds()) == expected


def without(name: str):
    return lambda found: {key: value for key, value in found.items() if key != name}


def changed(name: str, shape: tuple[int, ...]):
    return lambda found: {**found, name: torch.zeros(shape)}


class Harmful:
    """A pickle of it runs code when it is read."""

    def __reduce__(self) -> Any:
        return (print, ("ran",))


BROKEN = [
    (without("prediction.embed.weight"), "has no tensor prediction.embed.weight"),
    (without("joint_net.3.bias"), "has no tensor joint.net.3.bias"),
    (without("encoder.post_rnn.lstm.bias_hh_l2"), "tensors do not fit each other: .*LSTM"),
    (changed("encoder.pre_rnn.lstm.weight_hh_l1", (24, 7)), "tensors do not fit each other: .*LSTM"),
    (changed("prediction.embed.weight", (5, 4)), "do not fit each other: .*size of a letter"),
    (changed("prediction.embed.weight", (6, 5)), "do not fit each other: .*letters"),
    (changed("joint_net.0.weight", (7, 12)), "do not fit each other: .*size of the joint network's input"),
    (changed("joint_net.3.weight", (6, 8)), "do not fit each other: .*size of the joint network"),
    (changed("encoder.pre_rnn.lstm.weight_ih_l0", (24, 13)), "do not fit each other: features"),
    (changed("more.weight", (1,)), "has 1 tensors that are not of such a model .more.weight"),
    (lambda found: [], "holds no state dictionary"),
    (lambda found: {}, "has no tensor encoder.pre_rnn.lstm.weight_ih_l0"),
    (lambda found: {"state_dict": {"a": 1}}, "holds no state dictionary"),
    (lambda found: {**found, "x": Harmful()}, "holds more than weights"),
]


@pytest.mark.parametrize(("change", "problem"), BROKEN, ids=[problem for _, problem in BROKEN])
def test_a_broken_checkpoint_is_one_plain_message(tmp_path, change, problem, capsys) -> None:
    with pytest.raises(PlugError, match=f"model .*model.pt: .*{problem}") as caught:
        loaded(tmp_path / "model.pt", change(tensors(plain.weights(*TALKS))))
    assert "\n" not in str(caught.value) and "ran" not in capsys.readouterr().out


def test_what_is_no_checkpoint_is_one_plain_message(tmp_path) -> None:
    with pytest.raises(PlugError, match=r"nowhere\.pt: the file does not exist"):
        TransducerBackend(str(tmp_path / "nowhere.pt")).load()
    (tmp_path / "model.pt").write_bytes(b"no")
    with pytest.raises(PlugError, match="is no file of weights"):
        TransducerBackend(str(tmp_path / "model.pt")).load()
    with pytest.raises(PlugError, match="device 'tpu' is not known"):
        TransducerBackend(str(tmp_path / "model.pt"), device="tpu").load()


def test_a_recording_without_two_frames_is_named(tmp_path) -> None:
    backend = loaded(tmp_path / "model.pt", tensors(plain.weights(*TALKS)))
    with pytest.raises(ValueError, match="a recording has 480 samples; its features need at least 481"):
        backend.predict(batch([sounds()[0], sounds()[0][:480]]))


def test_a_benchmark_of_speech_has_the_accuracy_that_its_letters_deserve(tmp_path) -> None:
    found = plain.weights(9, 3.0)
    torch.save({"state_dict": tensors(found)}, tmp_path / "model.pt")
    expected = [plain.letters(found, plain.features(sound, BANDS)) for sound in sounds()]
    said = ["".join(RNNT[letter] for letter in answer) for answer in expected]
    records = []
    for number, (recording, text) in enumerate(zip(recordings(), said, strict=True)):
        write_wave(tmp_path / f"{number}.wav", recording.tolist())
        files = [{"fname": f"{number}.wav", "speed": 1}]
        records.append({"transcript": text or "silence", "original_duration": 1.0, "files": files})
    records[0]["transcript"] = "quite another"  # the words said are wrong, and those said there are missing
    (tmp_path / "manifest.json").write_text(json.dumps(records), "utf-8")
    data = {
        "benchmark": "tiny",
        "model": "tiny",
        "model_file": str(tmp_path / "model.pt"),
        "dataset_name": "tiny",
        "backend": {"name": "pytorch-transducer", "options": {"model": str(tmp_path / "model.pt"), "threads": 1}},
        "dataset": {
            "name": "librispeech",
            "options": {"path": str(tmp_path), "manifest": str(tmp_path / "manifest.json")},
        },
        "metric": {"name": "word-errors", "options": {"dtype": "int8"}},
        "output": str(tmp_path / "results"),
        "interpreter": sys.executable,
        "scenarios": ["Offline"],
        "profile": "test",
        "test_query_count": 50,
        "max_batchsize": 3,
    }
    result = run(checked(msgspec.convert(data, RunSpec)), lambda line: None).scenarios[0]
    assert result.performance.samples >= 50 and not result.performance.errors
    accuracy = result.accuracy
    entries = read_accuracy(str(Path(accuracy.folder) / "mlperf_log_accuracy.json"))
    assert {entry.qsl_idx: list(entry.data) for entry in entries} == dict(enumerate(expected))
    words = [text.split() for text in said]
    wrong = max(2, len(words[0])) + sum(not one for one in words[1:])
    total = 2 + sum(len(one) or 1 for one in words[1:])
    assert accuracy.equals_direct and accuracy.value == pytest.approx(100 * (1 - wrong / total))
