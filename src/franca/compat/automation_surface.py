"""The object that ``customize.py`` sees as ``i['automation']`` (script engine, section 12.7).

One is made for each hook call. Its methods take and return dictionaries, as content calls them; what
they do is in ``tool_search``, ``file_search`` and in the engine behind ``HookContext``.
"""

from __future__ import annotations

import os

from franca.compat.results import Result, failure, refusal
from franca.engine.hooks import HookContext
from franca.errors import FrancaError, NotFound, UsageError
from franca.model.light import TYPE_CHECKING, Any, cached_property
from franca.planner.deps import update_deps

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    _Method = Callable[["AutomationSurface", dict[str, Any]], Result]

    from franca.compat.access import CM

_VERSION_FILE = "tmp-ver.out"


def _returning(method: _Method) -> _Method:
    """Let content see an error as a result dictionary."""

    def wrapped(self: AutomationSurface, i: dict[str, Any]) -> Result:
        try:
            return method(self, i)
        except FrancaError as error:
            return failure(error)

    wrapped.__name__, wrapped.__doc__ = method.__name__, method.__doc__
    return wrapped


class ActionObject:
    """``automation.action_object`` of the new dialect: ``access`` and what content reads beside it."""

    def __init__(self, cm: CM, surface: AutomationSurface) -> None:
        self._cm = cm
        self._surface = surface
        self.parent = None

    @cached_property
    def logger(self) -> logging.Logger:
        return self._surface.logger

    def access(self, i: Any) -> Result:
        return self._cm.access(i)

    def run(self, i: dict[str, Any]) -> Result:
        return self._cm.access({**i, "action": "run", "automation": "script"})

    @property
    def repos_path(self) -> str:
        return self._cm.repos_path_of_new

    @property
    def repos(self) -> Any:
        return self._cm.repos.lst


class AutomationSurface:
    def __init__(self, context: HookContext, cm: CM) -> None:
        self._context = context
        self._cm = cm
        self.action_object = ActionObject(cm, self)
        self.cmind = cm
        self.os_info: dict[str, Any] = {}
        self.meta = {"alias": "script", "uid": "5b4e0237da074764"}
        self.recursion_spaces = "  " * context.depth
        self.env = context.env

    @cached_property
    def logger(self) -> logging.Logger:
        from franca.compat.content_log import content_logger

        inputs = self._context.inputs
        verbose = bool(inputs.get("verbose") or inputs.get("v"))
        return content_logger(silent=self._context.silent, verbose=verbose)

    # --- files ----------------------------------------------------------------------------------

    @_returning
    def find_artifact(self, i: dict[str, Any]) -> Result:
        from franca.compat.tool_search import ToolSearch

        return ToolSearch(self._context, i).artifact()

    @_returning
    def find_file_in_paths(self, i: dict[str, Any]) -> Result:
        from franca.compat.tool_search import ToolSearch

        found = ToolSearch(self._context, i).files(i["paths"])
        paths = [one.path for one in found]
        return {"return": 0, "found_files": paths, "found_path": os.path.dirname(paths[0]) if paths else ""}

    @_returning
    def get_default_path_list(self, i: dict[str, Any]) -> Any:
        """The directories of the process variable ``i['default_path_env_key']``: a plain list."""
        from franca.compat import file_search

        return file_search.default_directories(i.get("default_path_env_key") or "PATH", os.environ)

    @_returning
    def find_file_back(self, i: dict[str, Any]) -> Result:
        from franca.compat import file_search

        return {"return": 0, "found_path": file_search.find_upwards(i["path"], i["file_name"])}

    @_returning
    def find_file_deep(self, i: dict[str, Any]) -> Result:
        from franca.compat import file_search

        found = file_search.find_downwards(i["paths"], i["file_name"], i.get("restrict_paths") or ())
        return {"return": 0, "found_paths": found}

    @_returning
    def clean_some_tmp_files(self, i: dict[str, Any]) -> Result:
        env = i.get("env") or {}
        place = env.get(self._context.dialect.key("TMP_CURRENT_SCRIPT_WORK_PATH")) or self._context.directory
        for name in ("tmp-run.bat", "tmp-state.json"):
            path = os.path.join(place, name)
            if os.path.isfile(path):
                os.remove(path)
        return {"return": 0}

    # --- versions and native scripts --------------------------------------------------------------

    @_returning
    def parse_version(self, i: dict[str, Any]) -> Result:
        path = i.get("file_name") or _VERSION_FILE
        if not os.path.isfile(path):
            raise (
                UsageError(f"version file {path} was not found")
                if self._new
                else NotFound(f"version file {path} was not found")
            )
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
        if i.get("debug"):
            print(text)
        from franca.compat.file_search import parse_version_text

        parsed = parse_version_text(
            text,
            i["match_text"],
            int(i["group_number"]),
            extra_group=int(i.get("group_number_extra") or 0),
            joiner=str(i.get("group_join_string") or "."),
        )
        if parsed is None:
            return refusal(f"version was not detected in {path}: {text.strip()[:400]}", string=text)
        which = i.get("which_env", self._context.env)
        if i.get("env_key"):
            which[i["env_key"]] = parsed.version
        which[self._context.dialect.key("DETECTED_VERSION")] = parsed.version
        return {"return": 0, "version": parsed.version, "string": parsed.text}

    @_returning
    def run_native_script(self, i: dict[str, Any]) -> Result:
        handed_on = i.get("run_script_input") or {}
        env = i.get("env") or handed_on.get("env") or self._context.env
        name = str(i.get("script_name") or "")
        version = self._context.run_native(name, env, detect_version=bool(i.get("detect_version")), missing_ok=not name)
        handed_on["env"] = env
        result: Result = {"return": 0, "env_tmp": dict(env)}
        if version:
            result["version"] = version
        return result

    @_returning
    def detect_version_using_script(self, i: dict[str, Any]) -> Result:
        env = i.get("env") or self._context.env
        from franca.compat.file_search import VersionRule

        rule = VersionRule.from_env(env, self._context.dialect.prefix)
        try:
            version = self._context.run_native("", env, detect_version=True, missing_ok=True)
        except FrancaError as error:
            raise NotFound(f"no version was detected: {error}", hint=error.hint, log=error.log) from error
        if not version or version == "-1":
            raise NotFound("no version was detected")
        if rule and not rule.accepts(version):
            raise NotFound(f"version {version} was detected, {rule} is wanted")
        return {"return": 0, "detected_version": version}

    # --- dependencies and the rest of the world ------------------------------------------------------

    @_returning
    def update_deps(self, i: dict[str, Any]) -> Result:
        entries = i["deps"]
        env = i.get("env") or {}
        fresh, _ = update_deps(entries, i["update_deps"], env, dialect=self._context.dialect)
        for old, new in zip(entries, fresh, strict=True):
            if new is not old:  # content hands over "a + b": the entries are shared, the list is not
                old.clear()
                old.update(new)
        return {"return": 0}

    @_returning
    def _available_variations(self, i: dict[str, Any]) -> Result:
        names = sorted(f"_{name}" for name in (i.get("meta") or {}).get("variations", {}))
        raise UsageError(f"a variation must be chosen; available variations: {', '.join(names)}")

    def run(self, i: dict[str, Any]) -> Result:
        return self._cm.access({**i, "action": "run", "automation": "script"})

    def access(self, i: Any) -> Result:
        return self._cm.access(i)

    @property
    def _new(self) -> bool:
        return self._context.dialect.is_new
