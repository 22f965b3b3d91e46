"""Calls the hooks of ``customize.py`` for the engine (script engine, section 12).

Builds the input dictionary ``i``, runs the function in content's own import world, and translates what it
returns or raises into ``HookReply`` and ``HookFailed``.
"""

from __future__ import annotations

import os
import sys

from franca.compat import child_modules, host, session
from franca.compat.automation_surface import AutomationSurface
from franca.compat.content_modules import ContentImports, executed
from franca.compat.results import Failure, code_of
from franca.engine.hooks import HookContext, HookReply, HookSurface
from franca.errors import FrancaError, HookFailed, Location, Untrusted
from franca.grammar.merge import copied
from franca.model.artifact import Repo
from franca.model.light import TYPE_CHECKING, Any
from franca.model.tags import split_tags
from franca.planner.guards import is_true

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    Consent = Callable[[Repo], bool]

    from franca.compat.access import CM

_FILE = "customize.py"
_ABSENT = HookReply(present=False)


def never(repo: Repo) -> bool:
    """The consent where nobody is asked: an untrusted repository stays untrusted."""
    return False


def hooks_of(cm: CM, environ: Mapping[str, str], *, isolate: bool = False, consent: Consent = never) -> HookSurface:
    """The surface for a run: in this process, or (``isolate``, or ``FRANCA_ISOLATE_HOOKS=yes``) in a worker."""
    here = ContentHooks(cm, environ, consent=consent)
    if not isolate and not is_true(environ.get("FRANCA_ISOLATE_HOOKS", "")):
        return here
    from franca.compat.isolated_hooks import IsolatedHooks

    return IsolatedHooks(here, cm, environ)


class ContentHooks:
    """The engine's ``HookSurface`` over content written for CM and MLC.

    Args:
        consent: asked once for each repository that is not trusted, before its first hook runs.
    """

    def __init__(
        self,
        cm: CM,
        environ: Mapping[str, str] | None = None,
        *,
        consent: Consent = never,
    ) -> None:
        self._cm = cm
        self._imports = ContentImports(os.environ if environ is None else environ)
        self._consent = consent
        self._allowed: set[str] = set()
        child_modules.offer(os.environ)  # native scripts inherit it

    def call(self, hook: str, context: HookContext) -> HookReply:
        if not context.script.has_hooks:
            return _ABSENT
        self.check_trust(context.script.repo)
        return self.call_here(hook, context)

    def check_trust(self, repo: Repo) -> None:
        """Raises Untrusted: scripts of this repository do not run yet, neither their hooks nor native ones."""
        if repo.trusted or repo.path in self._allowed:
            return
        if not self._consent(repo):
            raise Untrusted.of("scripts", repo.ref.alias or repo.ref.uid, repo.path)
        self._allowed.add(repo.path)

    def call_here(self, hook: str, context: HookContext) -> HookReply:
        """Call the hook in this process, whatever its repository is."""
        script = context.script
        path = os.path.join(script.path, _FILE)
        with self._imports.active(script.dialect, script.repo.path, script.path), session.using(self._cm):
            module = self._loaded(path, context)
            function = getattr(module, hook, None)
            if function is None:
                return _ABSENT
            return self._called(function, hook, path, module, context)

    def _loaded(self, path: str, context: HookContext) -> ModuleType:
        try:
            roots, repo = self._cm.catalog.roots, context.script.repo
            code_folder = os.path.join(roots.own, "code")
            return executed(path, "customize", code_folder=code_folder, ours=repo.path in roots.recipes)
        except (KeyboardInterrupt, FrancaError):
            raise
        except BaseException as error:  # whatever content raises while it is loaded
            raise hook_error(error, path, "", context) from error

    def _called(self, function: Any, hook: str, path: str, module: ModuleType, context: HookContext) -> HookReply:
        i = hook_input(hook, context, module, self._cm)
        try:
            answer = function(i)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise hook_error(error, path, hook, context) from error
        finally:
            try:
                sys.stdout.flush()
            except ValueError:  # the hook has closed it
                pass
        return reply_of(answer, hook, path, context)


# --- the dictionary that a hook is given ----------------------------------------------------------


def hook_input(hook: str, context: HookContext, module: ModuleType, cm: CM) -> dict[str, Any]:
    """``i``: exactly the keys of section 12.3; ``env``, ``state`` and ``meta`` are the live objects."""
    from franca.compat.artifacts import ArtifactView

    automation = AutomationSurface(context, cm)
    info = host.os_info()
    automation.os_info = info
    spaces = "  " * context.depth
    i: dict[str, Any] = {
        "artifact": ArtifactView(context.script.artifact, cm),
        "automation": automation,
        "customize": context.meta.get("customize", {}),
        "env": context.env,
        "input": copied(_plain(context.inputs)),
        "meta": context.meta,
        "os_info": info,
        "recursion_spaces": spaces,
        "script_tags": list(context.script_tags),
        "state": context.state,
        "variation_tags": list(context.variation_tags),
    }
    if hook != "detect_version":
        i["run_script_input"] = run_script_input(context, module, automation, info)
    if hook == "postprocess" and context.dialect.is_new:
        i["const"], i["const_state"] = context.const, context.const_state
    return i


def run_script_input(
    context: HookContext, module: ModuleType, automation: AutomationSurface, info: dict[str, Any]
) -> dict[str, Any]:
    """What content passes back to ``run_native_script`` unchanged (section 12.5)."""
    inputs = context.inputs
    given: dict[str, Any] = {
        "add_deps_recursive": inputs.get("add_deps_recursive") or inputs.get("adr") or {},
        "bat_ext": info["bat_ext"],
        "const": context.const,
        "const_state": context.const_state,
        "customize_code": module,
        "customize_common_input": {"meta": context.meta, "automation": automation},
        "debug_script_tags": inputs.get("debug_script_tags", ""),
        "found_cached": context.found_cached,
        "found_script_tags": list(context.script_tags),
        "local_env_keys": list(inputs.get("local_env_keys") or ()),
        "local_env_keys_from_meta": list(context.meta.get("local_env_keys") or ()),
        "meta": context.meta,
        "os_info": info,
        "path": context.script.path,
        "posthook_deps": context.meta.get("posthook_deps") or [],
        "recursion": context.depth > 0,
        "recursion_spaces": "  " * context.depth,
        "remembered_selections": [],
        "reuse_cached": False,
        "run_state": context.run_state,
        "self": automation,
        "state": context.state,
        "tmp_file_run": "tmp-run",
        "tmp_file_run_env": "tmp-run-env.out",
        "tmp_file_run_state": "tmp-run-state.json",
        "tmp_file_state": "tmp-state.json",
        "variation_tags_string": context.variation_string,
    }
    if not context.dialect.is_new:
        given["verbose"] = bool(inputs.get("verbose") or inputs.get("v"))
    return given


def _plain(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs without what cannot be copied."""
    return {key: value for key, value in inputs.items() if not callable(value) and key != "automation_object"}


# --- what comes back ------------------------------------------------------------------------------


def reply_of(answer: Any, hook: str, path: str, context: HookContext) -> HookReply:
    """A hook's result dictionary as a reply.

    Raises:
        HookFailed: with the hook's own code and text; the original error where content handed one up.
    """
    step = ",".join(context.script_tags)
    try:
        code = code_of(answer)
    except HookFailed as error:
        raise HookFailed(f"{hook}: {error.message}", step=step, where=Location(path)) from None
    if code > 0:
        cause = getattr(answer, "cause", None) if isinstance(answer, Failure) else None
        if cause is not None:
            raise cause
        text = str(answer.get("error") or f"{hook} returned {code} without a text")
        raise HookFailed(text, step=step, status=code)
    version = answer.get("version")
    redirect = answer.get("script")
    return HookReply(
        version="" if version is None else str(version),
        extra_cache_tags=split_tags(answer.get("add_extra_cache_tags")),
        skip=bool(answer.get("skip")),
        redirect=dict(redirect) if isinstance(redirect, dict) else None,
    )


def hook_error(error: BaseException, path: str, hook: str, context: HookContext) -> FrancaError:
    """An exception of content as an error with the place in content where it happened."""
    if isinstance(error, FrancaError):
        return error
    step = ",".join(context.script_tags)
    what = f"{hook} of" if hook else "loading"
    if isinstance(error, SyntaxError):
        where = Location(error.filename or path, error.lineno or 0, error.offset or 0)
        hint = f"the file does not parse under Python {sys.version_info.major}.{sys.version_info.minor}"
        return HookFailed(f"syntax error: {error.msg}", step=step, where=where, hint=hint)
    where = _place(error, path)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing_module(error.name, step, where)
    if isinstance(error, SystemExit):
        return HookFailed(f"{what} {_FILE} ended the process with {error.code!r}", step=step, where=where)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    import linecache

    source = linecache.getline(where.path, where.line).strip()
    hint = f"the line is: {source}" if source else ""
    return HookFailed(f"{what} {_FILE} raised {text}", step=step, where=where, hint=hint)


def _missing_module(name: str, step: str, where: Location) -> HookFailed:
    top = name.partition(".")[0]
    return HookFailed(
        f"the Python module {top!r} is needed and not installed",
        step=step,
        where=where,
        hint=f"install what provides it where Franca runs, for example: python -m pip install {top} "
        "(Franca installs nothing into its own environment by itself)",
    )


def _place(error: BaseException, path: str) -> Location:
    """The deepest frame in the script's own folder, else the deepest of all that is content's."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    folder = os.path.dirname(path) + os.sep
    own = [frame for frame in frames if frame.filename.startswith(folder)]
    if not own:
        return Location(path)
    return Location(own[-1].filename, own[-1].lineno or 0)
