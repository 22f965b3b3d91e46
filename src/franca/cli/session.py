"""What a command works with: streams, environment, the catalog (opened on first use), questions."""

from __future__ import annotations

import os
import sys

from franca.cli.output import Output
from franca.errors import FrancaError, NotFound, UsageError
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from franca.catalog.catalog import Catalog
    from franca.engine import Engine
    from franca.model.event import Event


class Session:
    """One command's surroundings.

    Raises, from :attr:`catalog`: whatever opening the storage root raises.
    """

    def __init__(self, environ: Mapping[str, str] | None = None, output: Output | None = None) -> None:
        self.environ = os.environ if environ is None else environ
        self.output = output or Output()
        self.before_asking: Callable[[], None] = lambda: None  #: clears what lives on the screen
        self._catalog: Catalog | None = None

    @property
    def catalog(self) -> Catalog:
        if self._catalog is None:
            from franca.catalog.catalog import Catalog

            self._catalog = Catalog.open(self.environ)
        return self._catalog

    def planner(self) -> Engine:
        """An engine that can only plan: it knows nothing of hooks, and starts sooner for it."""
        from franca.engine import Engine

        return Engine(self.catalog, environ=self.environ)

    def engine(self, listener: Callable[[Event], None] | None = None, *, isolate_hooks: bool = False) -> Engine:
        """An engine over this catalog that runs the hooks of content and asks through this session."""
        from franca.compat import child_modules
        from franca.engine import Engine
        from franca.engine.hooks import HookSurface, LateHooks

        def hooks() -> HookSurface:
            from franca.compat.access import CM
            from franca.compat.hook_surface import hooks_of

            cm = CM(environ=self.environ, listener=listener)
            cm._catalog, cm._engine = self.catalog, engine  # one index for both
            return hooks_of(cm, self.environ, isolate=isolate_hooks)

        child_modules.offer(os.environ)  # native scripts inherit it
        engine = Engine(
            self.catalog,
            environ=self.environ,
            listener=listener or (lambda event: None),
            chooser=self.choose,
            surface=LateHooks(hooks),
            native_to_stderr=self.output.as_json,
        )
        return engine

    def warn_about_files(self) -> None:
        """Say which files the catalog could not read; they never stop what does not need them."""
        if self._catalog is not None:
            self.output.warn(self._catalog.warnings)

    def is_kind(self, word: str) -> bool:
        """Whether some repository has an automation of this name."""
        from franca.grammar.reference import parse_ref

        try:
            ref = parse_ref(word)
            self.catalog.kind(ref.name)
        except FrancaError:
            return False
        return True

    def can_ask(self) -> bool:
        return bool(sys.stdin) and sys.stdin.isatty() and not self.output.as_json

    def confirm(self, question: str, *, flag: str) -> bool:
        """Ask for a yes. Without a terminal: refuse, and name the flag that says yes.

        Raises:
            UsageError: nobody is there to answer.
        """
        if not self.can_ask():
            raise UsageError(f"not done without a yes, and nobody is here to ask: {question}", hint=f"add {flag}")
        self.output.err.write(f"{question} [y/N] ")
        self.output.err.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def choose(self, question: str, options: tuple[str, ...], may_refuse: bool = False) -> int:
        """Ask for one of several; the first without a terminal. -1 for none of them."""
        if not self.can_ask():
            self.output.note(f"{question}: the first of {len(options)} is taken: {options[0]}")
            return 0
        self.before_asking()
        self.output.note(question, *(f"  {n}) {option}" for n, option in enumerate(options)))
        prompt = f"number [0]{', or n for none' if may_refuse else ''}: "
        while True:
            self.output.err.write(prompt)
            self.output.err.flush()
            line = sys.stdin.readline()
            answer = line.strip().lower()
            if not answer:
                return 0
            if may_refuse and answer in ("n", "no", "-1"):
                return -1
            if answer.isdigit() and int(answer) < len(options):
                return int(answer)
            self.output.note(f"{answer!r} is not a number from 0 to {len(options) - 1}")


def read_input_file(path: str) -> Any:
    """The content of an ``@`` file.

    Raises:
        NotFound: there is no such file.
        MalformedFile: it is no JSON or YAML, with line and column.
    """
    from franca.catalog.files import read_json, read_yaml

    if not os.path.isfile(path):
        raise NotFound(f"the input file {path} does not exist", hint="a file is named after @, without blanks")
    return read_json(path) if path.endswith(".json") else read_yaml(path)
