"""The engine: request -> plan -> execute -> record, each usable alone."""

from __future__ import annotations

import os
import sys
import time

from franca.catalog import memo
from franca.catalog.catalog import Catalog
from franca.engine import aftermath, ahead
from franca.engine.ahead import Ahead
from franca.engine.executor import Executor, RunSettings
from franca.engine.hooks import HookSurface, NoHooks
from franca.engine.journal import Journal, without_secrets
from franca.errors import FrancaError, Interrupted
from franca.grammar.merge import merge
from franca.model.event import Event, RunFinished, RunStarted, StepErred
from franca.model.ids import CFG, ObjectRef, Ref
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record
from franca.model.script import CacheEntry, VersionRecord
from franca.model.tags import split_tags
from franca.planner.assemble import HostFacts
from franca.planner.frame import Outcome
from franca.planner.request import request_from
from franca.planner.script_run import RunContext, run_script
from franca.runners import endings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from typing import TypeVar

    from franca.engine.executor import Chooser, Listener
    from franca.engine.planning import Planner
    from franca.model.plan import Plan

    _P = TypeVar("_P", bound=Planner)

    from franca.engine.explaining import Explained


#: Process variables that enter ``env`` when set (script engine, section 4.1, step 7).
_PROXIES = ("ftp_proxy", "http_proxy", "https_proxy", "no_proxy", "socks_proxy")
_PASSED = ("GH_TOKEN", "USER", "HOME", *_PROXIES, *(name.upper() for name in _PROXIES))


class RunResult(Record):
    """What a run gave. ``cached`` is True when nothing but reading had to be done."""

    outcome: Outcome
    versions: tuple[VersionRecord, ...] = ()
    run: str = ""
    journal: str = ""
    cached: bool = False
    seconds: float = 0.0
    new_state: dict[str, Any] = {}

    @property
    def env(self) -> dict[str, Any]:
        return self.outcome.scope.env

    @property
    def state(self) -> dict[str, Any]:
        return self.outcome.scope.state

    @property
    def new_env(self) -> dict[str, Any]:
        return self.outcome.new_env

    @property
    def deps(self) -> tuple[Any, ...]:
        return self.outcome.dep_entries if self.outcome.script.dialect.is_new else self.outcome.deps

    @property
    def skipped(self) -> bool:
        return self.outcome.skipped


def first_option(question: str, options: tuple[str, ...], may_refuse: bool) -> int:
    """The chooser of a run without a person: the first option, as ``--quiet`` takes it."""
    return 0


def no_listener(event: Event) -> None:
    """The listener of a run that nobody watches."""


class Engine:
    """Plans and runs scripts over a catalog.

    Args:
        catalog: where scripts and cache entries are.
        environ: the process environment; only the documented variables of it enter a run.
        listener: told every event, as it happens.
        chooser: asked when there is more than one candidate.
        surface: calls the hooks of content.
        native_to_stderr: keep standard output free for a machine-readable result.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        environ: Mapping[str, str] | None = None,
        listener: Listener = no_listener,
        chooser: Chooser = first_option,
        surface: HookSurface | None = None,
        native_to_stderr: bool = False,
    ) -> None:
        self.catalog = catalog
        self.environ = os.environ if environ is None else environ
        self.listener = listener
        self.chooser = chooser
        self.surface: HookSurface = surface or NoHooks()
        self.native_to_stderr = native_to_stderr
        self._active: Executor | None = None
        self._context: RunContext | None = None

    # -- planning -----------------------------------------------------------------------------

    def plan(self, inputs: dict[str, Any], *, command: str = "") -> Plan:
        """What ``run`` would do with the same inputs, without doing it. Raises as ``run`` would, early."""
        from franca.engine.planning import Planner

        return self.plan_with(Planner, inputs, command).plan()

    def explain(self, inputs: dict[str, Any], *, command: str = "") -> Explained:
        """As ``plan``, with the reasons for each step."""
        from franca.engine.explaining import ExplainingPlanner

        return self.plan_with(ExplainingPlanner, inputs, command).explained()

    def plan_with(self, make: Callable[..., _P], inputs: dict[str, Any], command: str = "") -> _P:
        """Let a planner of some kind answer the questions of a run; returns it when the run has asked all."""
        inputs = self._with_defaults(inputs)
        planner = make(self.catalog, command=command or aftermath.command_of(inputs), inputs=inputs)
        context = RunContext(self.facts(), home=self.catalog.home_dialect, planning=True)
        steps = run_script(request_from(inputs), context, directory=os.getcwd())
        _drive(steps, planner.answer)
        return planner

    # -- running ------------------------------------------------------------------------------

    def run(self, inputs: dict[str, Any]) -> RunResult:
        """Run a script. Raises FrancaError; an interrupt becomes ``Interrupted``, with nothing half done left."""
        if self._active is not None:
            return self._run_nested(inputs)
        inputs = self._with_defaults(inputs)
        run = os.urandom(4).hex()
        journal = Journal(self.catalog.root, run)
        executor = self._executor(journal, inputs)
        self._active, started = executor, time.monotonic()
        self._context = context = RunContext(self.facts(), home=self.catalog.home_dialect)
        home = os.getcwd()
        status, problem = 0, ""
        try:
            shown = without_secrets(inputs)
            executor.tell(RunStarted(run=run, command=aftermath.command_of(shown), inputs=shown))
            outcome = self._carry_out(executor, context, inputs, home)
            new_state = aftermath.finish(outcome, inputs, tuple(context.records), executor.tell, home)
        except FrancaError as error:
            status, problem = error.status, str(error)
            executor.tell(StepErred(step=getattr(error, "step", ""), error=problem, status=status))
            raise
        finally:
            os.chdir(home)
            if executor.ahead is not None:
                executor.ahead.stop()
            executor.cache.let_go_of_all()
            seconds = time.monotonic() - started
            commits = _commits(executor) if executor.effects else {}
            executor.tell(RunFinished(status=status, seconds=seconds, error=problem, commits=commits))
            journal.close()
            self._active = self._context = None
        folder = journal.folder if executor.effects else ""
        if not executor.effects and not aftermath.writes(inputs):
            _offer_answer(executor.cache.used)
        return RunResult(outcome, tuple(context.records), run, folder, not executor.effects, seconds, new_state)

    def _run_nested(self, inputs: dict[str, Any]) -> RunResult:
        """A run that a hook asked for: part of the run that is going on, and of its journal."""
        assert self._active is not None and self._context is not None
        outcome = self._carry_out(self._active, self._context, inputs, os.getcwd())
        return RunResult(outcome, new_state=outcome.new_state)

    def _carry_out(self, executor: Executor, context: RunContext, inputs: dict[str, Any], directory: str) -> Outcome:
        steps = run_script(request_from(inputs), context, directory=directory)
        try:
            return _drive(steps, executor.answer)
        except KeyboardInterrupt:
            hint = "run the same command again to go on where it stopped"
            raise Interrupted(endings.word(), hint=hint) from None

    def _executor(self, journal: Journal, inputs: dict[str, Any]) -> Executor:
        settings = RunSettings(
            native_to_stderr=self.native_to_stderr,
            ignore_script_error=bool(inputs.get("ignore_script_error")),
            debug_script_tags=split_tags(inputs.get("debug_script_tags") or ()),
        )
        return Executor(
            self.catalog,
            journal=journal,
            listener=self.listener,
            chooser=self.chooser,
            surface=self.surface,
            run_inputs=self.run,
            settings=settings,
            run_state={},
            ahead=self._ahead(inputs),
        )

    def _ahead(self, inputs: dict[str, Any]) -> Ahead | None:
        """What steps of this run may do before their turn."""
        if not ahead.enabled(inputs, self.environ):
            return None

        def steps() -> list[Any]:
            from franca.engine.certain import CertainSteps

            return self.plan_with(CertainSteps, inputs).steps

        return ahead.Ahead(lambda: ahead.jobs_of_plan(steps))

    def _with_defaults(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The inputs with those of ``CM_SCRIPT_EXTRA_CMD`` or ``MLC_SCRIPT_EXTRA_CMD`` on top (section 2.3).

        Below them, in the classic dialect: ``config.script`` of the artifact ``cfg::default``.
        """
        inputs = self._configured(inputs)
        name = self.catalog.home_dialect.key("SCRIPT_EXTRA_CMD")
        extra = self.environ.get(name, "").strip()
        if not extra:
            return inputs
        import shlex

        from franca.grammar.argv import parse, to_input

        given = to_input(parse(["run", "script", *shlex.split(extra)], lambda path: {}))
        dropped = ("action", "automation", "cmd", "out", "artifact", "artifacts")
        return merge(inputs, {k: v for k, v in given.items() if k not in dropped})

    def _configured(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if self.catalog.home_dialect.is_new:
            return inputs
        found = [one for one in self.catalog.find(CFG, Ref(ObjectRef("default"))) if one.repo.trusted]
        config = found[0].meta.get("config") if len(found) == 1 else None
        kept = config.get("script") if isinstance(config, dict) else None
        return merge(kept, inputs) if isinstance(kept, dict) else inputs

    def facts(self) -> HostFacts:
        systems = {"linux": "linux", "darwin": "darwin", "win32": "windows"}
        return HostFacts(
            os_type=systems.get(sys.platform, "linux"),
            machine=os.uname().machine if hasattr(os, "uname") else "",
            directory=os.getcwd(),
            environ={k: self.environ[k] for k in _PASSED if self.environ.get(k)},
        )


def _drive(steps: Generator[Any, Any, Outcome], answer: Callable[[Any], Any]) -> Outcome:
    """Send a run the answers to its commands until it ends; what an answer raises, the run hears."""
    try:
        command = next(steps)
        while True:
            try:
                reply = answer(command)
            except BaseException as error:
                command = steps.throw(error)
            else:
                command = steps.send(reply)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


def _offer_answer(used: list[CacheEntry]) -> None:
    """A run that only read the cache may be answered from memory while nothing of it changes."""
    paths = [path for e in used for path in (e.state_file, e.dependent_path) if path]
    expiries = [e.expires for e in used if e.expires]
    memo.offer(paths, expires=min(expiries, default=0.0))


def _commits(executor: Executor) -> dict[str, str]:
    """Where the repositories are whose scripts the run looked at."""
    from franca.engine.commits import commits_of

    return commits_of(executor.scripts.repos())
