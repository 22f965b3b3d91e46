"""The object that ``customize.py`` sees as ``i['automation']`` (script engine, section 12.7).

One is made for each hook call. Its methods take and return dictionaries, as content calls them; what
they do is in ``file_search`` and in the engine behind ``HookContext``.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from franca.compat import file_search, prompts
from franca.compat.content_data import check_if_true_yes_on
from franca.compat.file_search import Candidate, VersionRule
from franca.compat.results import Result, code_of, failure, refusal
from franca.engine.hooks import HookContext
from franca.errors import FrancaError, HookFailed, NativeFailed, NotFound, UsageError
from franca.planner.deps import update_deps

if TYPE_CHECKING:
    import logging

    from franca.compat.access import CM

_Method = Callable[["AutomationSurface", dict[str, Any]], Result]
_VERSION_FILE = "tmp-ver.out"
_SEARCH_DEPTH = 4


def _returning(method: _Method) -> _Method:
    """Let content see an error as a result dictionary."""

    @functools.wraps(method)
    def wrapped(self: AutomationSurface, i: dict[str, Any]) -> Result:
        try:
            return method(self, i)
        except FrancaError as error:
            return failure(error)

    return wrapped


class ActionObject:
    """``automation.action_object`` of the new dialect: ``access`` and what content reads beside it."""

    def __init__(self, cm: CM, surface: AutomationSurface) -> None:
        self._cm = cm
        self._surface = surface
        self.parent = None

    @functools.cached_property
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

    @functools.cached_property
    def logger(self) -> logging.Logger:
        from franca.compat.content_log import content_logger

        inputs = self._context.inputs
        verbose = bool(inputs.get("verbose") or inputs.get("v"))
        return content_logger(silent=self._context.silent, verbose=verbose)

    # --- files ----------------------------------------------------------------------------------

    @_returning
    def find_artifact(self, i: dict[str, Any]) -> Result:
        return _ToolSearch(self._context, i).artifact()

    @_returning
    def find_file_in_paths(self, i: dict[str, Any]) -> Result:
        found = _ToolSearch(self._context, i).files(i["paths"])
        paths = [one.path for one in found]
        return {"return": 0, "found_files": paths, "found_path": os.path.dirname(paths[0]) if paths else ""}

    @_returning
    def get_default_path_list(self, i: dict[str, Any]) -> Any:
        """The directories of the process variable ``i['default_path_env_key']``: a plain list."""
        return file_search.default_directories(i.get("default_path_env_key") or "PATH", os.environ)

    @_returning
    def find_file_back(self, i: dict[str, Any]) -> Result:
        return {"return": 0, "found_path": file_search.find_upwards(i["path"], i["file_name"])}

    @_returning
    def find_file_deep(self, i: dict[str, Any]) -> Result:
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
        parsed = file_search.parse_version_text(
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


class _ToolSearch:
    """One ``find_artifact`` or ``find_file_in_paths`` request."""

    def __init__(self, context: HookContext, i: dict[str, Any]) -> None:
        self.context = context
        self.i = i
        self.env: dict[str, Any] = i.get("env", context.env)
        self.key: str = i.get("env_path_key") or ""
        self.name: str = str(i.get("file_name") or "")
        self.pattern: str = str(i.get("file_name_re") or "")
        self.new = context.dialect.is_new
        self.tried: dict[str, dict[str, Any]] = {}

    def value(self, name: str) -> str:
        return str(self.env.get(self.context.dialect.key(name)) or "").strip()

    # --- find_artifact ---------------------------------------------------------------------------

    def artifact(self) -> Result:
        default_key = self.i.get("default_path_env_key") or ""
        defaults = file_search.default_directories(default_key, os.environ) if default_key else []
        given = self.value("INPUT")
        quiet = self.context.quiet
        if given:
            paths = self._single(given)
        else:
            paths = file_search.candidates(self._directories(defaults), self.name, self.pattern, files_only=self.new)
        chosen = self._chosen(paths, take_first=quiet)
        if self.i.get("force_given_path"):
            defaults = []
        self._publish(chosen, default_key, defaults)
        return {
            "return": 0,
            "found_path": os.path.dirname(chosen.path),
            "found_file_path": chosen.path,
            "found_file_name": os.path.basename(chosen.path),
            "default_path_list": defaults,
        }

    def _single(self, given: str) -> list[str]:
        if not os.path.isfile(given):
            raise UsageError(f"file {given} doesn't exist", hint="give an existing file with --input")
        return [given]

    def _directories(self, defaults: list[str]) -> list[str]:
        given = self.value("TMP_PATH")
        ignore = check_if_true_yes_on(self.env, self.context.dialect.key("TMP_PATH_IGNORE_NON_EXISTANT"))
        directories = file_search.given_directories(given, ignore_missing=ignore)
        search_below = self.value("SEARCH_FOLDER_PATH") if self.new else ""
        if search_below:
            depth = int(self.value("TMP_FOLDER_MAX_DEPTH") or _SEARCH_DEPTH)
            directories += file_search.below(search_below, depth)
        if not given:
            directories += defaults
        return directories

    def _publish(self, chosen: Candidate, default_key: str, defaults: list[str]) -> None:
        """Tell the script and its callers where the tool is."""
        directory = os.path.dirname(chosen.path)
        self.env.update(self.tried.get(chosen.path, {}))
        if self.key:
            self.env[self.key] = chosen.path
        if default_key and directory not in defaults:
            listed = self.env.setdefault("+" + default_key, [])
            if directory not in listed:
                listed.insert(0, directory)
        for sub, key in (self.i.get("extra_paths") or {}).items():
            extra = os.path.normpath(os.path.join(directory, "..", sub))
            if os.path.isdir(extra) and extra not in self.env.setdefault(key, []):
                self.env[key].append(extra)

    # --- find_file_in_paths -----------------------------------------------------------------------

    def files(self, paths: list[str]) -> list[Candidate]:
        found = file_search.candidates(paths, self.name, self.pattern, files_only=self.new)
        if self.i.get("select"):
            return [self._chosen(found, take_first=bool(self.i.get("select_default")))] if found else []
        return list(self._acceptable(found))

    def _chosen(self, paths: list[str], *, take_first: bool) -> Candidate:
        found: list[Candidate] = []
        for one in self._acceptable(paths):
            found.append(one)
            if take_first:
                break

        def ask(lines: Any) -> int:
            return prompts.ask_number(lines, f"More than one {self.name or self.pattern} was found:")

        what = self.name or self.pattern
        return file_search.choose(found, take_first=take_first, ask=ask, what=what)

    def _acceptable(self, paths: list[str]) -> Any:
        wanted = [path for path in paths if not self._passed_over(path)]
        if not self.i.get("detect_version"):
            return (Candidate(path) for path in wanted)
        rule = VersionRule.from_env(self.env, self.context.dialect.prefix)
        return file_search.versioned(wanted, self._detect, rule)

    def _passed_over(self, path: str) -> bool:
        hook = self.i.get("hook")
        if not hook:
            return False
        result = hook({"file": path})
        if code_of(result) > 0:
            raise HookFailed(str(result.get("error", "the filter of a search failed")), status=result["return"])
        return bool(result.get("skip"))

    def _detect(self, path: str) -> str:
        """Ask a candidate for its version; it must not change what the script has until it is chosen."""
        trial = dict(self.env)
        trial[self.key] = path
        try:
            version = self.context.run_native("", trial, detect_version=True, missing_ok=True)
        except NativeFailed:
            return "-1"
        self.tried[path] = trial
        return version
