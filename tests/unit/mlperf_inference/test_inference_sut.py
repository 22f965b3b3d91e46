"""The harness's own systems under test and the watcher of plug-ins, over a recording stand-in for LoadGen.

The real LoadGen drives them in tests/integration/mlperf_inference; here its misuse would crash the process.
"""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

np = pytest.importorskip("numpy")

from franca.mlperf.inference.guard import CheckedResponder, Failures, guarded  # noqa: E402
from franca.mlperf.inference.lanes import Lane, Responder  # noqa: E402
from franca.mlperf.inference.metrics import LabelMetric  # noqa: E402
from franca.mlperf.inference.predictor import Predictor  # noqa: E402
from franca.mlperf.inference.sut import InlineSut, QueueSut  # noqa: E402


class Response:
    def __init__(self, id: int, data: int, size: int) -> None:
        self.id, self.data, self.size = id, data, size


class Recorder:
    """Takes responses as LoadGen does: reads the bytes during the call."""

    QuerySampleResponse = Response

    def __init__(self) -> None:
        self.answers: list[tuple[int, int | None]] = []
        self.batches: list[int] = []
        self.changed = threading.Condition()

    def QuerySamplesComplete(self, responses) -> None:
        import ctypes

        with self.changed:
            self.batches.append(len(responses))
            for r in responses:
                raw = ctypes.string_at(r.data, r.size) if r.size else b""
                self.answers.append((r.id, int.from_bytes(raw, "little") if raw else None))
            self.changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.answers) >= count, timeout=20)


class Parts:
    """Sample k belongs to class k % 10; ``bad`` samples make the model raise."""

    def __init__(self, bad=()) -> None:
        self.bad = set(bad)

    def batch(self, indices):
        return np.array(indices)

    def predict(self, batch):
        if self.bad & set(batch.tolist()):
            raise RuntimeError("bad sample")
        return np.eye(10, dtype=np.float32)[batch % 10]


@pytest.fixture
def failures(tmp_path) -> Failures:
    return Failures(str(tmp_path / "failure.json"))


def lanes(loadgen, predictor):
    return lambda size: Lane(loadgen, predictor.buffer(size))


def test_inline_answers_every_query_with_the_right_class(failures) -> None:
    loadgen, predictor = Recorder(), Predictor(parts := Parts(), parts, LabelMetric())
    sut = InlineSut(predictor, lanes(loadgen, predictor), failures, 8)
    sut.start()
    sut.issue([100 + k for k in range(8)], list(range(20, 28)))
    sut.issue([7], [3])
    assert loadgen.answers == [(100 + k, (20 + k) % 10) for k in range(8)] + [(7, 3)]
    assert sum(sut.histogram()["counts"]) == 2


def test_inline_completes_a_failed_query_without_an_answer(failures) -> None:
    loadgen, predictor = Recorder(), Predictor(parts := Parts(bad=[5]), parts, LabelMetric())
    sut = InlineSut(predictor, lanes(loadgen, predictor), failures, 1)
    for k in (4, 5, 6):
        sut.issue([k], [k])
    assert loadgen.answers == [(4, 4), (5, None), (6, 6)]
    assert failures.first is not None and failures.first.error == "RuntimeError: bad sample"


@pytest.mark.parametrize("hand_over", [False, True])
@pytest.mark.parametrize(("workers", "size"), [(1, 16), (3, 7), (2, 1)])
def test_queue_answers_everything_once_in_batches_that_are_small_enough(failures, workers, size, hand_over) -> None:
    loadgen, predictor = Recorder(), Predictor(parts := Parts(), parts, LabelMetric())
    options = {"max_batchsize": size, "workers": workers, "per_query": True, "hand_over": hand_over}
    sut = QueueSut(predictor, lanes(loadgen, predictor), failures, **options)
    sut.start()
    sut.issue(list(range(500)), list(range(500)))
    for k in range(500, 700):
        sut.issue([k], [k])
    sut.flush()
    loadgen.wait_for(700)
    sut.stop()
    assert sorted(loadgen.answers) == [(k, k % 10) for k in range(700)]
    assert max(loadgen.batches) <= size
    assert sum(sut.histogram()["counts"]) == 700


@pytest.mark.parametrize(
    ("most", "samples", "sizes"),
    [
        (1, 61, [1]),
        (16, 61, [1, 2, 4, 8, 13, 16]),
        (16, 64, [1, 2, 4, 8, 16]),
        (24, 61, [1, 2, 4, 8, 13, 16, 24]),
        (256, 61, [1, 2, 4, 8, 16, 32, 61, 64, 128, 256]),
    ],
)
def test_every_size_of_batch_is_warmed_up_before_the_run(failures, most, samples, sizes) -> None:
    seen: list[int] = []

    class Counting(Parts):
        count = samples

        def predict(self, batch):
            seen.append(len(batch))
            return super().predict(batch)

    predictor = Predictor(parts := Counting(), parts, LabelMetric())
    sut = QueueSut(predictor, lanes(Recorder(), predictor), failures, max_batchsize=most)
    sut.start()
    sut.stop()
    assert sorted(set(seen)) == sizes and all(seen.count(size) >= 5 for size in sizes)


@pytest.mark.parametrize("hand_over", [False, True])
def test_queue_goes_on_after_a_failed_batch(failures, hand_over) -> None:
    loadgen, predictor = Recorder(), Predictor(parts := Parts(bad=[3]), parts, LabelMetric())
    sut = QueueSut(predictor, lanes(loadgen, predictor), failures, max_batchsize=2, hand_over=hand_over)
    sut.start()
    sut.issue(list(range(8)), list(range(8)))
    loadgen.wait_for(8)
    sut.stop()
    assert sorted(loadgen.answers, key=lambda a: a[0]) == [(k, None if k in (2, 3) else k) for k in range(8)]


def test_a_hand_over_lets_the_model_go_on_while_a_batch_is_being_completed(failures) -> None:
    loadgen, predictor = Recorder(), Predictor(parts := Parts(), parts, LabelMetric())
    predicted, go_on = threading.Event(), threading.Event()
    complete = loadgen.QuerySamplesComplete

    def slow(responses) -> None:
        assert go_on.wait(timeout=20)
        complete(responses)

    def predict(batch):
        if 2 in batch:
            predicted.set()
        return Parts.predict(parts, batch)

    loadgen.QuerySamplesComplete, predictor._predict = slow, predict
    sut = QueueSut(predictor, lanes(loadgen, predictor), failures, max_batchsize=2, hand_over=True)
    sut.start()
    sut.issue([0, 1], [0, 1])
    sut.issue([2, 3], [2, 3])
    assert predicted.wait(timeout=20)  # nothing has been completed yet
    assert loadgen.answers == []
    go_on.set()
    loadgen.wait_for(4)
    sut.stop()
    assert loadgen.answers == [(k, k) for k in range(4)]


def test_queue_waits_for_more_only_until_the_timeout_or_flush(failures) -> None:
    loadgen, predictor = Recorder(), Predictor(parts := Parts(), parts, LabelMetric())
    sut = QueueSut(predictor, lanes(loadgen, predictor), failures, max_batchsize=4, batch_timeout_s=30.0)
    sut.start()
    for k in range(4):
        sut.issue([k], [k])
    loadgen.wait_for(4)  # full: no need to wait for the timeout
    assert loadgen.batches == [4]
    sut.flush()
    sut.issue([9], [9])
    loadgen.wait_for(5)
    sut.stop()


def test_a_watched_plug_in_gives_each_answer_once(failures) -> None:
    loadgen = Recorder()
    responder = CheckedResponder(Responder(loadgen), failures, 8)
    responder.issued([1, 2, 3])
    responder.complete([1, 2], np.array([10, 20]))
    assert loadgen.answers == [(1, 10), (2, 20)] and failures.first is None
    responder.complete([2, 3], np.array([20, 30]))  # 2 for the second time: 3 must still be completed
    assert loadgen.answers[2:] == [(3, None)]
    assert failures.first is not None and "answered twice" in failures.first.error


def test_a_watched_plug_in_may_be_abandoned(failures) -> None:
    loadgen = Recorder()
    responder = CheckedResponder(Responder(loadgen), failures, 8)
    responder.issued([1, 2, 3])
    responder.abandon([2])
    responder.abandon_all()
    responder.abandon_all()
    assert sorted(loadgen.answers) == [(1, None), (2, None), (3, None)]


def test_strided_answers_are_refused(failures) -> None:
    loadgen = Recorder()
    responder = CheckedResponder(Responder(loadgen), failures, 8)
    responder.issued([1, 2])
    responder.complete([1, 2], np.arange(4)[::2])
    assert failures.first is not None and "contiguous" in failures.first.error


def test_a_guarded_callback_never_raises(failures) -> None:
    def boom(value: int) -> None:
        raise SystemExit(value)

    guarded("load", boom, failures)(3)
    assert failures.first is not None and failures.first.where == "load"


def test_a_backend_that_answers_too_little_is_found_out(failures) -> None:
    backend = SimpleNamespace(predict=lambda batch: np.zeros((len(batch) - 1, 10)))
    predictor = Predictor(backend, Parts(), LabelMetric())
    with pytest.raises(ValueError, match="answered 1 samples to a batch of 2"):
        predictor([0, 1], predictor.buffer(2))
