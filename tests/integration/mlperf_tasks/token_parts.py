"""Backends and systems under test that tell first tokens, right and in every wrong way. Loaded in the child by name."""

from __future__ import annotations

import threading

import numpy as np

from franca.mlperf.inference.plugs import Capabilities, Score

COUNT, LENGTH = 40, 5
END = 999  #: the token that ends an answer


class Numbers:
    """Sample k is the number k."""

    count = performance_count = COUNT

    def open(self) -> None:
        pass

    def load(self, indices) -> None:
        pass

    unload = load

    def batch(self, indices):
        return np.asarray(indices, dtype=np.int64)

    def labels(self):
        return np.arange(COUNT)


class Crowded(Numbers):
    """More samples than are in memory at once."""

    performance_count = 7


class Following:
    """A metric of tokens: right answers begin with the number after the sample's."""

    payload_dtype = "int32"
    payload_shape = None

    def pack(self, outputs, indices):
        return [np.asarray(one, dtype=np.int32) for one in outputs]

    def tokens(self, payload) -> int:
        return len(payload)

    def score(self, payloads, labels) -> Score:
        good, total = sum(int(p[0] == k + 1) for p, k in zip(payloads, labels, strict=True)), len(labels)
        return Score("acc", 100 * good / total, good, total, f"accuracy={100 * good / total:.3f}%")


class Uncounted:
    """The same without a word about tokens."""

    payload_dtype, payload_shape = "int32", None
    pack, score = Following.pack, Following.score


class Speaker:
    """Goes on with the next numbers; ``how`` names a mistake."""

    def __init__(self, how: str = "right", ends: tuple[int, ...] = ()) -> None:
        self.how = how
        self.ends = ends
        self.before = None

    def load(self) -> Capabilities:
        return Capabilities("speaker", "1", "cpu", ends=self.ends)

    def generate(self, batch, first):
        places = range(len(batch))
        if self.how == "elsewhere":
            raised = []
            thread = threading.Thread(target=self._tell, args=(first, batch, raised))
            thread.start()
            thread.join()
            if raised:
                raise raised[0]
        elif self.how == "unknown":
            first([len(batch)], batch[:1])
        elif self.how == "mismatched":
            first(places, np.zeros(len(batch) + 1))
        elif self.how != "silent":
            first(places, batch + (2 if self.how == "another" else 1))
        if self.how == "twice":
            first([0], batch[:1])
        if self.how == "late" and self.before is not None:
            self.before([0], batch[:1])
        self.before = first
        length = {"single": 1, "empty": 0}.get(self.how, LENGTH)
        behind = {"ended": [END], "goes on": [END, 7], "ends twice": [END, END]}.get(self.how, [])
        return [np.append(np.arange(k + 1, k + 1 + length), behind).astype(int) for k in batch.tolist()]

    @staticmethod
    def _tell(first, batch, raised) -> None:
        try:
            first(range(len(batch)), batch + 1)
        except Exception as error:
            raised.append(error)


class Mute:
    """No word about first tokens."""

    def load(self) -> Capabilities:
        return Capabilities("mute", "1", "cpu")

    def predict(self, batch):
        return [np.arange(k + 1, k + 1 + LENGTH) for k in batch.tolist()]


class TokenSut:
    """A plug-in that answers each query in a thread of its own; ``how`` names a mistake."""

    def __init__(self, predictor, complete, first_token, how: str = "right") -> None:
        self.predictor, self.complete, self.first_token, self.how = predictor, complete, first_token, how
        self.threads: list[threading.Thread] = []

    def start(self) -> None:
        pass

    def issue(self, ids, indices) -> None:
        if self.how == "elsewhere":
            self.first_token(ids, np.asarray(indices) + 1)
        thread = threading.Thread(target=self._answer, args=(ids, indices))
        thread.start()
        self.threads.append(thread)

    def flush(self) -> None:
        pass

    def stop(self) -> None:
        for thread in self.threads:
            thread.join()

    def _answer(self, ids, indices) -> None:
        out = self.predictor.buffer(len(ids))
        self.predictor(indices, out)
        if self.how not in ("silent", "elsewhere"):
            self.first_token(ids, np.asarray(indices) + 1)
        if self.how == "twice":
            self.first_token(ids, np.asarray(indices) + 1)
        if self.how == "nobody":
            self.first_token([1], [1])
        counts = {"none": [0] * len(ids), "few": [], "many": [7] * len(ids), "words": ["x"] * len(ids)}.get(self.how)
        self.complete(ids, out, *([counts] if counts is not None else []))
        if self.how == "late":
            self.first_token(ids, np.asarray(indices) + 1)
