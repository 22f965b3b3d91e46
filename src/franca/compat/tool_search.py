"""Searches for a tool, as content asks the automation for them (script engine, section 12.7)."""

from __future__ import annotations

import os

from franca.compat import file_search, prompts
from franca.compat.content_data import check_if_true_yes_on
from franca.compat.file_search import Candidate, VersionRule
from franca.compat.results import Result, code_of
from franca.engine.hooks import HookContext
from franca.errors import HookFailed, NativeFailed, UsageError
from franca.model.light import Any

_SEARCH_DEPTH = 4


class ToolSearch:
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
