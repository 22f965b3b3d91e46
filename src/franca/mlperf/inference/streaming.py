"""First tokens and numbers of tokens, for LoadGen's token latencies (mlperf-inference section 3.9).

LoadGen's traps here: an accuracy run crashes when a sample ends that had no first token; entries are put in
order for each thread alone, so that a first token told by one thread and an end told by another may arrive the wrong
way round; one token is none, as time per token is over the tokens after the first. Offline asks for no first tokens.
What breaks one of these rules is recorded as the run's failure and never reaches LoadGen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from franca.mlperf.inference.guard import CheckedResponder, Failures
from franca.mlperf.inference.lanes import Responder
from franca.mlperf.inference.plugs import PlugError
from franca.mlperf.inference.predictor import Predictor, payload_bytes

LEAST_TOKENS = 2  #: of an answer; LoadGen logs an error below


class TokenError(Exception):
    """A first token or a number of tokens that LoadGen must not see."""


def wanted_by(settings: Any) -> bool:
    """Whether a test with these settings asks for counted tokens; inferred ones are LoadGen's own business."""
    return bool(settings.use_token_latencies) and not settings.infer_token_latencies


class TokenResponder(Responder):
    """Tells LoadGen of first tokens and of answers with their numbers of tokens.

    Args:
        metric: counts the tokens of a payload, and has the type of a token in the log.
        firsts: whether the scenario asks for first tokens (all but Offline).

    Raises:
        PlugError: the metric counts no tokens.
    """

    def __init__(self, loadgen: Any, metric: Any, *, firsts: bool) -> None:
        super().__init__(loadgen)
        self._first = loadgen.FirstTokenComplete
        self.firsts = firsts
        self.dtype = metric.payload_dtype
        if not hasattr(metric, "tokens"):
            raise PlugError(
                f"token latencies are on, and the metric {type(metric).__name__} counts no tokens: it has no tokens()"
            )
        self.count = metric.tokens

    def send_first_tokens(self, ids: Sequence[int], tokens: Any) -> None:
        """``tokens`` [len(ids)]: the first token of each, a contiguous array."""
        base, size = tokens.ctypes.data, tokens.itemsize
        self._first([self._make(one, base + k * size, size) for k, one in enumerate(ids)])

    def send_counted(self, ids: Sequence[int], payloads: Any, counts: Sequence[int]) -> None:
        """Complete ``ids`` with their payloads and numbers of tokens."""
        rows = zip(ids, payloads, counts, strict=True)
        self._complete([self._make(one, found.ctypes.data, found.nbytes, count) for one, found, count in rows])

    def send_unstarted(self, ids: Sequence[int]) -> None:
        """An empty first token for samples of a failed run, without which an accuracy run would crash."""
        if self.firsts and ids:
            self._first([self._make(one, 0, 0) for one in ids])


class FirstTokens:
    """What a backend calls while it generates: ``first(places, tokens)``, places counted from 0 in its batch."""

    def __init__(self, responder: TokenResponder, ids: Sequence[int], failures: Failures) -> None:
        self._responder = responder
        self._failures = failures
        self._ids = ids
        self._thread = threading.get_ident()
        self._over = False
        self._lock = threading.Lock()
        self.open = set(range(len(ids)))  #: places without a first token

    def __call__(self, places: Sequence[int], tokens: Any) -> None:
        """Raises TokenError: twice, after the end, by another thread, or for no sample of this batch."""
        import numpy as np

        found = np.ascontiguousarray(tokens, dtype=self._responder.dtype).reshape(-1)
        try:
            self._take(places, len(found))
        except TokenError as error:
            self._failures.record("first token", error)  # it may be raised where nobody looks
            raise
        if self._responder.firsts:
            self._responder.send_first_tokens([self._ids[place] for place in places], found)

    def end(self) -> None:
        """The batch is answered. Raises TokenError: some of it never had a first token."""
        with self._lock:
            self._over = True
        if self.open and self._responder.firsts:
            who = f"{len(self.open)} of {len(self._ids)} samples"
            raise TokenError(f"the backend ended {who} without saying when their first token was there")

    def _take(self, places: Sequence[int], given: int) -> None:
        if given != len(places):
            raise TokenError(f"{given} first tokens were given for {len(places)} samples")
        if threading.get_ident() != self._thread:
            raise TokenError("a first token must be told by the thread that generates the batch")
        with self._lock:
            for place in places:
                if self._over:
                    raise TokenError("a first token was told after the end of its batch")
                if not 0 <= place < len(self._ids):
                    raise TokenError(f"a first token was told for place {place} of a batch of {len(self._ids)}")
                if place not in self.open:
                    raise TokenError(f"the first token of place {place} was told twice")
                self.open.discard(place)


class TokenLane:
    """One worker's way to LoadGen in a run with token latencies; stands where ``lanes.Lane`` does."""

    def __init__(self, responder: TokenResponder, buffer: Any, failures: Failures) -> None:
        self._responder = responder
        self._failures = failures
        self._said: FirstTokens | None = None
        self._counts: list[int] = []
        self.out = buffer

    def fill(self, predictor: Predictor, ids: Sequence[int], indices: Sequence[int]) -> None:
        """Generate answers; first tokens go out meanwhile."""
        self._said = said = FirstTokens(self._responder, ids, self._failures)
        places = self.out[: len(ids)]
        predictor.generate(indices, places, said)
        said.end()
        self._counts = [checked_count(self._responder.count(payload)) for payload in places]

    def send_first(self, ids: Sequence[int]) -> None:
        """Complete these samples with the first ``len(ids)`` payloads of the buffer."""
        self._responder.send_counted(ids, self.out[: len(ids)], self._counts)

    def send_empty(self, ids: Sequence[int]) -> None:
        """Complete without an answer, so that LoadGen can end a run that has failed."""
        if self._said is not None:
            self._responder.send_unstarted([ids[place] for place in sorted(self._said.open)])
        self._responder.send_empty(ids)


def checked_count(count: Any) -> int:
    """A number of tokens that LoadGen takes. Raises TokenError."""
    if isinstance(count, bool) or not hasattr(count, "__index__"):
        raise TokenError(f"{count!r} is no number of tokens")
    if count < LEAST_TOKENS:
        raise TokenError(f"an answer has {int(count)} tokens; token latencies need at least {LEAST_TOKENS}")
    return int(count)


class CheckedTokens(CheckedResponder):
    """``CheckedResponder`` for plug-in SUTs in a run with token latencies.

    The SUT calls ``first_token`` for each sample and then, from the same thread, ``complete``.
    """

    def __init__(self, responder: TokenResponder, failures: Failures, metric: Any) -> None:
        super().__init__(responder, failures, payload_bytes(metric))
        self._tokens = responder
        self._told: dict[int, int] = {}  #: open sample to the thread that told its first token

    def first_token(self, ids: Sequence[int], tokens: Any) -> None:
        """The first token of each of ``ids`` is there; wrong calls fail the run and go no further."""
        import numpy as np

        try:
            found = np.ascontiguousarray(tokens, dtype=self._tokens.dtype).reshape(-1)
            self._tell(ids, len(found))
        except (TokenError, ValueError, TypeError) as error:
            self._failures.record("first token", error)
            return
        if self._tokens.firsts:
            self._tokens.send_first_tokens(ids, found)

    def complete(self, ids: Sequence[int], payloads: Any, n_tokens: Sequence[int] | None = None) -> None:
        """Answer ``ids``; ``n_tokens`` of each, by default what the metric counts in the payloads."""
        told = [self._told.get(one) for one in ids]
        mine = self._take(ids)
        try:
            problem = self._problem(ids, mine, payloads) or self._untold(told)
            if problem:
                raise TokenError(problem)
            given = [self._tokens.count(payload) for payload in payloads] if n_tokens is None else list(n_tokens)
            counts = [checked_count(count) for count in given]
            if len(counts) != len(ids):
                raise TokenError(f"{len(counts)} numbers of tokens were given for {len(ids)} samples")
        except Exception as error:
            self._failures.record("response", error, len(mine))
            self._empty(mine)
            return
        self._forget(mine)
        self._tokens.send_counted(ids, payloads, counts)

    def _tell(self, ids: Sequence[int], given: int) -> None:
        if given != len(ids):
            raise TokenError(f"{given} first tokens were given for {len(ids)} samples")
        with self._lock:
            for one in ids:
                if one not in self._open:
                    raise TokenError("a first token was told for a sample that has ended or was never asked")
                if one in self._told:
                    raise TokenError("the first token of a sample was told twice")
            self._told.update(dict.fromkeys(ids, threading.get_ident()))

    def _untold(self, told: Sequence[int | None]) -> str:
        if not self._tokens.firsts:
            return ""
        missing = sum(thread is None for thread in told)
        if missing:
            return f"{missing} of {len(told)} samples ended without a first token"
        if any(thread != threading.get_ident() for thread in told):
            return "a sample's first token and its end must be told by the same thread: LoadGen orders no others"
        return ""

    def _empty(self, ids: Sequence[int]) -> None:
        self._tokens.send_unstarted([one for one in ids if one not in self._told])
        self._forget(ids)
        super()._empty(ids)

    def _forget(self, ids: Sequence[int]) -> None:
        with self._lock:
            for one in ids:
                self._told.pop(one, None)


def token_lanes(loadgen: Any, predictor: Predictor, failures: Failures, *, firsts: bool) -> Callable[[int], Any]:
    """What makes lanes for the harness's own systems under test.

    Raises:
        PlugError: the backend does not tell first tokens, or the metric counts none.
    """
    responder = TokenResponder(loadgen, predictor.metric, firsts=firsts)
    if firsts and not predictor.streams:
        raise PlugError("token latencies are on, and the backend does not tell first tokens: it has no generate()")
    return lambda capacity: TokenLane(responder, predictor.buffer(capacity), failures)
