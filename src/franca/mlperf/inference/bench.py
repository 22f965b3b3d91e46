"""What every part of one benchmark shares: the request, the tree, the interpreter, and how a child is run."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import msgspec

from franca.errors import FrancaError, UsageError
from franca.mlperf.inference import targets
from franca.mlperf.inference.config import Entry, format_config, lookup
from franca.mlperf.inference.host import Watch
from franca.mlperf.inference.job import Job, PartSpec
from franca.mlperf.inference.progress import Follower
from franca.mlperf.inference.rounds import SEEDS
from franca.mlperf.inference.runner import CHILD_LOG, Child, Interpreter, run_job
from franca.mlperf.inference.scenarios import FACTS, Mode, Scenario
from franca.mlperf.inference.spec import RunSpec
from franca.mlperf.inference.store import Tree
from franca.mlperf.inference.tokens import token_entries, uses_tokens

COMPILING_S = 600.0  #: torch.compile of a large model takes minutes
WARM_UP_FACTOR = 3  #: of the expected time, as in the limit of a run (section 1.9)
MOST_PER_QUERY = 1 << 16  #: of MultiStream: more in a query than any memory was planned for
USER_CONF = "user.conf"  #: beside the logs
NO_AUDIT = "no-audit.config"  #: never exists: LoadGen would else read ./audit.config (section 2.4)


class Loop(msgspec.Struct, frozen=True):
    """A bare loop over one batch size; see ``baseline``."""

    batch: int
    calls: int
    mean_s: float
    median_s: float
    p99_s: float
    samples_per_second: float
    fast_s: float = 0.0  #: below which a tenth of the calls stay


class Baseline(msgspec.Struct, frozen=True):
    """The bare loop's figures and the direct evaluation."""

    loops: list[Loop]
    count: int
    score: dict[str, Any]
    payloads_sha256: str
    capabilities: dict[str, Any]

    @property
    def ends(self) -> list[int]:
        """Tokens that end an answer, as the backend names them."""
        return list(self.capabilities.get("ends", ()))

    def loop(self, batch: int) -> Loop:
        return next(x for x in self.loops if x.batch == batch)

    def rates(self, per_query: int) -> targets.Rates:
        """``per_query``: samples of a query of MultiStream."""
        best = max(x.samples_per_second for x in self.loops)
        one, eight = self.loop(1), self.loop(per_query)
        return targets.Rates(one.median_s, eight.median_s, best, one.fast_s, eight.fast_s)


class Bench:
    """One benchmark in progress. ``loadgen_s`` adds up LoadGen's own time."""

    def __init__(self, spec: RunSpec, tree: Tree, given: list[Entry], say: Callable[[str], None]) -> None:
        self.spec = spec
        self.tree = tree
        self.given = given
        self.say = say
        self.profile = spec.length()
        self.interpreter = Interpreter(spec.interpreter, tuple(spec.python_path))
        self.loadgen_s = 0.0
        self.warm_up_s = 0.0  #: before each run; known once the bare loop was measured

    def job(self, kind: str, outdir: str) -> Job:
        spec = self.spec
        return Job(
            kind,
            outdir,
            spec.backend.spec(),
            spec.dataset.spec(),
            spec.metric.spec(),
            spec.sut.spec() if spec.sut else PartSpec(""),
            model_key=spec.model_key,
            workers=spec.workers,
            max_batchsize=spec.max_batchsize,
            batch_timeout_ms=spec.batch_timeout_ms,
            coalesce=spec.coalesce,
            engine=spec.engine,
            harness=spec.harness,
            library=spec.library,
            servers=tuple(spec.servers),
            samples_per_query=self.per_query(Scenario.MULTI_STREAM),
            seeds=tuple(SEEDS[spec.round]) if spec.round else (),
        )

    def loadgen_job(self, scenario: Scenario, mode: Mode, outdir: str, entries: list[Entry]) -> Job:
        """A LoadGen run; writes its ``user.conf`` into ``outdir``."""
        conf = os.path.join(outdir, USER_CONF)
        entries = [*entries, *token_entries(self.spec, scenario)]
        # The user's own entries for other keys stay; those that the plan has taken over are in it already.
        taken = {(e.scenario, e.key) for e in entries}
        rest = [e for e in self.given if (e.scenario, e.key) not in taken and not _shadows(e, taken)]
        with open(conf, "w", encoding="utf-8") as out:
            out.write(format_config([*entries, *rest], f"{scenario.value} {mode.value}, written by Franca"))
        return self.job("loadgen", outdir)._replace(
            scenario=scenario.value,
            mode=mode.loadgen_name,
            user_conf=conf,
            audit_conf=os.path.join(outdir, NO_AUDIT),
        )

    def per_query(self, scenario: Scenario) -> int:
        """Samples of a query: 1, in Offline 0 for all, in MultiStream what the user's configuration says, else 8.

        Raises:
            UsageError: a number that no query can have.
        """
        if scenario is not Scenario.MULTI_STREAM:
            return FACTS[scenario].samples_per_query
        entry = lookup(self.given, self.spec.model_key, scenario, "samples_per_query")
        found = int(entry.value) if entry else FACTS[scenario].samples_per_query
        if not 1 <= found <= MOST_PER_QUERY:
            raise UsageError(f"samples_per_query is {found}, expected 1 to {MOST_PER_QUERY}")
        return found

    def bound_ms(self, scenario: Scenario) -> float:
        """The latency bound that is written for Server; none where LoadGen judges by tokens."""
        return 0.0 if uses_tokens(self.spec, self.given, scenario) else self.spec.targets.server_bound_ms

    def child(self, job: Job, final: str, limit_s: float) -> Child:
        """Run a job staged for ``final``; when it fails or is stopped, its logs are kept at ``<final>.failed``."""
        live = Follower(job, self.say)
        try:
            limit_s = self.spec.watchdog_s or limit_s + self._compiling_s() + WARM_UP_FACTOR * self.warm_up_s
            watch = Watch()
            child = run_job(job, self.interpreter, limit_s=limit_s, on_wait=live.tick)
            child = child._replace(host=watch.stop())
        except FrancaError as error:
            kept = self.tree.keep_failed(job.outdir, final)
            error.log = (error.log or os.path.join(job.outdir, CHILD_LOG)).replace(job.outdir, kept)
            raise
        finally:
            live.close()
        self.loadgen_s += float(child.answer.get("loadgen_seconds", 0.0))
        return child

    def _compiling_s(self) -> float:
        """More time for a backend that compiles when the first batch of each size comes."""
        return COMPILING_S if self.spec.backend.options.get("mode") == "compile" else 0.0


def _shadows(entry: Entry, taken: set[tuple[str, str]]) -> bool:
    """A wildcard or model-specific entry that would win over, or be confused with, one of the plan's."""
    return any(entry.key == key and entry.scenario in ("*", scenario) for scenario, key in taken)
