"""``access``: the one function through which CM and MLC content reaches everything (CM core, section 9.3).

A dictionary, a list of words or a command line goes in; a result dictionary comes out. Errors of Franca
become ``{'return': N, 'error': text}`` here and nowhere else.
"""

from __future__ import annotations

import os
import sys

from franca.compat import session
from franca.compat.artifacts import ArtifactView, RepoView
from franca.compat.config import configuration
from franca.compat.results import Result, failure
from franca.errors import FrancaError
from franca.model.artifact import Artifact
from franca.model.dialect import CLASSIC, Dialect
from franca.model.ids import Ref
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from franca.model.event import Event

    Request = dict[str, Any] | Sequence[str] | str | None

    from franca.catalog.catalog import Catalog
    from franca.engine import Engine


def access(i: Request = None, out: str | None = None) -> Result:
    """Run one action of one automation, as ``cmind.access`` does."""
    return session.current().access(i, out)


class CM:
    """A catalog and an engine behind the interface of ``cmind.CM``."""

    def __init__(
        self,
        repos_path: str = "",
        debug: bool = False,
        *,
        environ: Mapping[str, str] | None = None,
        home_dialect: Dialect = CLASSIC,
        listener: Callable[[Event], None] | None = None,
    ) -> None:
        variables = dict(os.environ if environ is None else environ)
        if repos_path:
            variables["CM_REPOS"] = repos_path
        self.environ = variables
        self.home_dialect = home_dialect
        self.make_listener: Callable[[], Callable[[Event], None] | None] = lambda: listener
        self.cfg = configuration(variables)
        self.debug = debug or variables.get("CM_DEBUG", "").strip().lower() in ("yes", "on", "true")
        self.state: dict[str, Any] = {}
        self.output: str | None = None
        self.logger: Any = None
        self.native_to_stderr = False  #: keep standard output free for a machine-readable result
        self.isolate_hooks = False  #: run hooks of content in child processes
        self.use_index = True
        self.index: Any = None
        self.path_to_cmind = os.path.dirname(os.path.abspath(__file__))
        self.path_to_cmind_repo = os.path.join(self.path_to_cmind, "repo")
        self.depth = 0  #: calls of ``access`` that are going on, one within the other
        self._catalog: Catalog | None = None
        self._engine: Engine | None = None

    @property
    def python_version(self) -> str:
        import platform  # costs a tenth of a short run, and few ask

        return platform.python_version()

    # --- what stands behind ---------------------------------------------------------------------------

    @property
    def catalog(self) -> Catalog:
        if self._catalog is None:
            from franca.catalog.catalog import Catalog

            self._catalog = Catalog.open(self.environ, home_dialect=self.home_dialect)
        return self._catalog

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            from franca.compat import child_modules
            from franca.compat.prompts import choose
            from franca.engine import Engine
            from franca.engine.engine import no_listener
            from franca.engine.hooks import HookSurface, LateHooks

            def hooks() -> HookSurface:
                from franca.compat.hook_surface import hooks_of

                return hooks_of(self, self.environ, isolate=self.isolate_hooks)

            child_modules.offer(os.environ)  # native scripts inherit it

            self._engine = Engine(
                self.catalog,
                environ=self.environ,
                listener=self.make_listener() or no_listener,
                chooser=choose,
                surface=LateHooks(hooks),
                native_to_stderr=self.native_to_stderr,
            )
        return self._engine

    @property
    def repos_path(self) -> str:
        return self.catalog.root

    @property
    def repos_path_of_new(self) -> str:
        """The directory of clones of the new dialect."""
        return self.catalog.roots.new

    @property
    def repos(self) -> ReposView:
        return ReposView([RepoView(repo, self.cfg) for repo in self.catalog.repos()])

    # --- calls ------------------------------------------------------------------------------------------

    def access(self, i: Request = None, out: str | None = None) -> Result:
        """Run one action. ``out`` of ``'con'`` prints as the command line does; the default prints nothing.

        In debug mode (``CM_DEBUG``) an error is raised rather than returned.
        """
        from franca.compat.dispatch import dispatch, request_of

        def run() -> Result:
            request = request_of(i)
            if out is not None:
                request.setdefault("out", out)
            return dispatch(self, request)

        return self._guarded(run)

    def access_cmx(self, request: dict[str, Any]) -> Result:
        """Run one action whose input is in CMX form, without what its control flags ask for beyond the action."""
        from franca.compat.cmx_calls import older_form
        from franca.compat.dispatch import dispatch

        return self._guarded(lambda: dispatch(self, older_form(request), cmx=request))

    def _guarded(self, run: Callable[[], Result]) -> Result:
        if not self.depth and self._catalog is not None:
            self._catalog.refresh()  # others may have written since the last call
        self.depth += 1
        try:
            return run()
        except FrancaError as error:
            if self.debug:
                raise
            return failure(error)
        finally:
            self.depth -= 1

    def x(self, i: Any = None, out: str | None = None) -> Result:
        """The second interface (CMX): control flags travel in ``i['control']`` (CM core, section 14.3)."""
        from franca.compat import cmx_calls

        return cmx_calls.call(self, i, out)

    def note(self, level: str, text: str) -> None:
        """A line for the log that the user asked for, if any."""
        if self.logger is not None:
            getattr(self.logger, level)(text)

    def error(self, r: Result) -> Result:
        """Print the error of a result on the standard error stream and hand the result back."""
        text = str(r.get("error", ""))
        if self.debug:
            raise Exception(text)  # the documented behaviour of the interface
        print(f"\n{self.cfg['error_prefix']} {text}!", file=sys.stderr)
        return r

    errorx = error

    def halt(self, r: Result) -> Any:
        self.error(r)
        sys.exit(int(r["return"]))

    def log(self, text: str, level: str = "info") -> None:
        print(text, file=sys.stderr)

    def prepare_error(self, returncode: int, error: str) -> Result:
        """An error result with the place of its maker (``module_path``, ``lineno``)."""
        frame = sys._getframe(1)
        place = {"module_path": frame.f_code.co_filename, "lineno": frame.f_lineno}
        return {"return": returncode, "error": error, **place}

    def embed_error(self, r: Result) -> Result:
        frame = sys._getframe(1)
        r.setdefault("module_path", frame.f_code.co_filename)
        r.setdefault("lineno", frame.f_lineno)
        return r

    # --- typed helpers for the automations ----------------------------------------------------------------

    def reload(self, artifact: Artifact) -> Artifact:
        return self.catalog.load(artifact.kind, self._exactly(artifact))

    def update_artifact(
        self,
        artifact: Artifact,
        meta: dict[str, Any],
        *,
        tags: tuple[str, ...] = (),
        remove_tags: tuple[str, ...] = (),
        replace: bool = False,
        append_lists: bool = True,
    ) -> Artifact:
        """Change one artifact on disk and return it as it is now."""
        return self.catalog.update(
            artifact.kind,
            self._exactly(artifact),
            meta,
            tags=tags,
            remove_tags=remove_tags,
            replace=replace,
            replace_lists=not append_lists,
        )[0]

    @staticmethod
    def _exactly(artifact: Artifact) -> Ref:
        return Ref(artifact.ref, artifact.repo.ref)

    def view(self, artifact: Artifact) -> ArtifactView:
        return ArtifactView(artifact, self)


class ReposView:
    """``cm.repos``: the repositories in search order."""

    def __init__(self, views: list[RepoView]) -> None:
        self.lst = views
        self.paths = [view.path for view in views]
        self.extra_info: dict[str, RepoView] = {}
        for view in views:
            self.extra_info.setdefault(view.meta["alias"], view)
            self.extra_info.setdefault(view.meta["uid"], view)
