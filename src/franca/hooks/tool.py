"""Finding a program and its version: the part that is the same for compilers, build tools and git."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from franca.hooks.answers import NOT_FOUND, Hook, refuse
from franca.hooks.given import anchor_search


class Tool(NamedTuple):
    """A program that a recipe looks for."""

    name: str  #: of the file, without ``.exe``
    path_key: str  #: environment key of the chosen file
    version_key: str
    pattern: str  #: of what the program prints; its first group is the version
    package: str = ""  #: of Debian and Ubuntu, for the message when nothing is found
    extra_paths: Mapping[str, str] | None = None  #: folders beside the program, and the keys that they join

    def find(self, i: Hook) -> Hook:
        """Take the file that the caller named, or search; the native script then asks it for its version."""
        env = i["env"]
        given = str(env.get(self.path_key) or "")
        if given:
            return self.accept(env, given)
        anchor_search(env)
        found = self.search(i)
        return refuse(self.not_found(), NOT_FOUND) if found["return"] == NOT_FOUND else found

    def accept(self, env: dict[str, Any], path: str) -> Hook:
        """Take a file that the caller named by environment or variation."""
        if not os.path.isfile(path) or not os.access(path, os.X_OK):
            return refuse(f"{self.path_key}: {path} is not an executable file")
        env[self.path_key] = os.path.abspath(path)
        return {"return": 0}

    def search(self, i: Hook) -> Hook:
        """Let the engine search ``--input``, ``--path`` or PATH and choose by version."""
        windows = i["os_info"]["platform"] == "windows"
        wish = {
            "file_name": f"{self.name}.exe" if windows else self.name,
            "default_path_env_key": "PATH",
            "env": i["env"],
            "os_info": i["os_info"],
            "detect_version": True,
            "env_path_key": self.path_key,
            "run_script_input": i["run_script_input"],
            "recursion_spaces": i["recursion_spaces"],
        }
        if self.extra_paths:
            wish["extra_paths"] = dict(self.extra_paths)
        found: Hook = i["automation"].find_artifact(wish)
        return found

    def not_found(self) -> str:
        package = f" (on Debian and Ubuntu: apt-get install {self.package})" if self.package else ""
        return (
            f"{self.name} was not found in the searched folders{package}."
            f" Name one with --input=/path/to/{self.name} or a folder with --path=/folder"
        )

    def detect_version(self, i: Hook) -> Hook:
        """Read the version that the native script wrote; version -1 where it is another program."""
        found: Hook = i["automation"].parse_version(
            {"match_text": self.pattern, "group_number": 1, "env_key": self.version_key, "which_env": i["env"]}
        )
        return found

    def chosen(self, i: Hook, detected: Hook) -> Hook:
        """The answer of the recipe: the version; the cache entry is dropped when the program has gone."""
        if detected["return"] > 0:
            return detected
        env, version = i["env"], detected["version"]
        path = env[self.path_key]
        if version == -1:
            return refuse(f"{path} is not {self.name}")
        env[self.version_key] = version
        env["CM_GET_DEPENDENT_CACHED_PATH"] = path
        return {"return": 0, "version": version}
