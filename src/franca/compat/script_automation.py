"""The ``script`` automation: finding, adding and running scripts (script engine, sections 12, 13 and 16)."""

from __future__ import annotations

import os

from franca.compat.prompts import interactive
from franca.compat.results import Result, refusal
from franca.compat.script_inputs import CALL, inputs_of, names_kind
from franca.compat.scripts_elsewhere import ScriptsElsewhere
from franca.errors import VariationNotFound
from franca.grammar.shell import command_line
from franca.grammar.terminal import harmless
from franca.model.artifact import Artifact
from franca.model.light import Any
from franca.model.tags import ScriptQuery
from franca.planner.guards import is_true

_RUN_SH = """#!/bin/bash

echo "Running native script of {alias} in $PWD"
"""
_CUSTOMIZE = '''"""Hooks of the script {alias}: preprocess runs before run.sh, postprocess after it."""


def preprocess(i):
    env = i["env"]
    env.setdefault("{prefix}{name}_GREETING", "hello")
    return {{"return": 0}}


def postprocess(i):
    return {{"return": 0}}
'''


class ScriptAutomation(ScriptsElsewhere):
    def run(self, i: dict[str, Any]) -> Result:
        """run script "get python3" [--adr.NAME.tags=_x] [--env.KEY=VALUE] [--quiet] [-j]: run a script."""
        if i.get("help") or i.get("h"):
            return self._help_of_script(i)
        inputs = inputs_of(i)
        if self.cmind.home_dialect.is_new and "quiet" not in inputs and not interactive():
            inputs["quiet"] = True  # the new dialect asks nobody where nobody can answer (section 3.8)
        done = self.cmind.engine.run(inputs)
        result: Result = {
            "return": 0,
            "env": done.env,
            "new_env": done.new_env,
            "state": done.state,
            "new_state": done.new_state,
            "deps": list(done.deps),
        }
        if done.skipped:
            result["skipped"] = True
        return result

    def prepare(self, i: dict[str, Any]) -> Result:
        """prepare script ..: as run, with the dependencies but without the script itself."""
        return self.run({**i, "fake_run": True})

    def search(self, i: dict[str, Any]) -> Result:
        """find script [NAME, UID or PATTERN] [--tags=a,-b,_variation]: list scripts by their paths."""
        query = ScriptQuery.parse(i.get("tags"))
        found = [one for one in self._found(i, query.tags) if _has_all(one, query.variations)]
        views = [self.cmind.view(one) for one in found]
        if i.get("out") == "con":
            for one in views:
                print(one.path)
        return {"return": 0, "list": views}

    def show(self, i: dict[str, Any]) -> Result:
        """show script [NAME or --tags=..]: print identity, place, tags and variations of scripts."""
        found = self.search({**i, "out": ""})["list"]
        if i.get("out") == "con":
            for one in found:
                print(harmless("\n".join([*_about(one.typed), ""])))
        return {"return": 0, "list": found}

    def add(self, i: dict[str, Any]) -> Result:
        """add script [REPO:]NAME --tags=a,b [--script_name=run.sh] [--env_prefix]: make a script that runs."""
        result = super().add(i)
        if result["return"] == 0:
            self._fill(i, result)
        return result

    def _fill(self, i: dict[str, Any], result: Result) -> None:
        from franca.compat.content_files import write_whole

        path, alias = result["path"], str(result["meta"].get("alias") or result["meta"]["uid"])
        prefix = "MLC_" if os.path.exists(os.path.join(path, "meta.yaml")) else "CM_"
        name = "".join(char if char.isalnum() else "_" for char in alias).upper()
        given = str(i.get("script_name") or "")
        native = os.path.join(path, "run.sh")
        if given and os.path.isfile(given):
            with open(given, encoding="utf-8", errors="surrogateescape") as stream:
                write_whole(native, stream.read())
        else:
            write_whole(native, _RUN_SH.format(alias=alias))
        os.chmod(native, 0o755)  # noqa: S103 - it is there to be run
        write_whole(os.path.join(path, "customize.py"), _CUSTOMIZE.format(alias=alias, prefix=prefix, name=name))

    def gui(self, i: dict[str, Any]) -> Result:
        """gui script [--port=P] [--no_run]: show scripts and results in a browser (the script gui)."""
        request = {key: value for key, value in i.items() if key not in ("artifact", "artifacts", "parsed_artifact")}
        return self.run({**request, "tags": "gui"})

    def doc(self, i: dict[str, Any]) -> Result:
        """doc script [NAME or --tags=..] [--output_dir=DIR] [-f]: write the README.md of scripts."""
        from franca.compat import authoring_actions

        authoring_actions.need_name(i)
        found = self._nearest(self._typed(i))
        return authoring_actions.document(found, i) if found else self._absent(i)

    def lint(self, i: dict[str, Any]) -> Result:
        """lint script [NAME or --tags=..] [--strict]: find mistakes in scripts; without a name, in the local ones."""
        from franca.compat import authoring_actions

        found = self._typed(i) if authoring_actions.named(i) else []
        if not found and authoring_actions.named(i):
            return self._absent(i)
        return authoring_actions.examine(self.cmind.catalog, found, i)

    validate = lint

    def _nearest(self, found: list[Artifact]) -> list[Artifact]:
        """Those that a run would choose among: of this program's dialect, ours only where there are no others."""

        def rank(one: Artifact) -> int:
            return 1 if not one.repo.writable else 0 if one.dialect is self.cmind.home_dialect else 2

        best = min(map(rank, found), default=0)
        return [one for one in found if rank(one) == best]

    def _typed(self, i: dict[str, Any]) -> list[Artifact]:
        return [one.typed for one in self.search({**i, "out": ""})["list"]]

    def test(self, i: dict[str, Any]) -> Result:
        """test script [NAME or --tags=..]: run a script with the inputs that its meta gives for tests."""
        if not i.get("artifact") and not i.get("tags"):
            return super().test(i)
        found = self._nearest(self._typed(i))
        if not found:
            return self._absent(i)
        given = {
            key: value
            for key, value in i.items()
            if key not in CALL and not names_kind(key, value) and key not in ("artifact", "artifacts", "tags", "cmd")
        }
        ran = []
        for one in found:
            for variations, inputs in _test_inputs(one.meta, str(i.get("test_input_index") or "")):
                request = {"artifact": one.own_name, "tags": variations, "quiet": True, **inputs, **given}
                result = self.run(request)
                ran.append({"script": one.path, "tags": variations, "inputs": inputs, "return": result["return"]})
        return {"return": 0, "tests": ran}

    def native_run(self, i: dict[str, Any]) -> Result:
        """native-run script --command,=..: run command lines with a script's environment."""
        import subprocess

        from franca.compat.content_files import write_whole
        from franca.grammar.shell import export_lines

        lines = i.get("command") or []
        lines = [lines] if isinstance(lines, str) else list(lines)
        name = str(i.get("script_name") or "tmp-native-run.sh")
        text = ["#!/bin/bash", "", *export_lines(i.get("env") or {}, new=self.cmind.home_dialect.is_new), "", *lines]
        write_whole(name, "\n".join(text) + "\n")
        done = subprocess.run(["bash", "./" + name], check=False)
        return {"return": 0, "return_code": done.returncode}

    # --- help ---------------------------------------------------------------------------------------

    def _help_of_script(self, i: dict[str, Any]) -> Result:
        query = ScriptQuery.parse(i.get("tags"))
        found = self._found(i, query.tags) if i.get("artifact") or i.get("tags") else []
        fitting = [one for one in found if _has_all(one, query.variations)]
        if found and not fitting:
            raise VariationNotFound(f"no script with tags {query.tags} has variations {', '.join(query.variations)}")
        if not found and (i.get("artifact") or i.get("tags")):
            return refusal(f"no script matches {i.get('artifact') or i.get('tags')}", 1)
        if i.get("out") == "con":
            from franca.compat.help_text import action_help

            if not fitting:
                print(action_help(self.run))
            for one in fitting:
                print(harmless("\n".join(_help_lines(one))))
        return {"return": 0, "list": [self.cmind.view(one) for one in fitting]}


def _has_all(one: Artifact, variations: tuple[str, ...]) -> bool:
    have = one.meta.get("variations") or {}

    def known(name: str) -> bool:
        prefix, dot, suffix = name.partition(".")
        return name in have or bool(dot and suffix and f"{prefix}.#" in have)

    return all(known(name) for name in variations)


def _about(one: Artifact) -> list[str]:
    lines = [f"{one.ref}", f"  Path: {one.path}", f"  Tags: {','.join(one.tags)}", f"  Repository: {one.repo.ref}"]
    variations = sorted(map(str, one.meta.get("variations") or {}))
    if variations:
        lines.append(f"  Variations: {', '.join('_' + name for name in variations)}")
    return lines


def _help_lines(one: Artifact) -> list[str]:
    """Variations, flags and inputs of a script (script engine, section 16)."""
    word = "MLC" if one.dialect.is_new else "CM"
    run = command_line([*one.dialect.command.split(), ",".join(one.tags)])
    lines = [
        f"Help for this {word} script ({one.ref.alias},{one.ref.uid}):",
        "",
        f"Path to this automation recipe: {one.path}",
        f"Run command: {run}",
    ]
    variations = sorted(map(str, one.meta.get("variations") or {}))
    if variations:
        lines += ["", "Available variations:", "", *(f"  _{name}" for name in variations)]
    mapping = one.meta.get("input_mapping") or {}
    if mapping:
        lines += ["", "Available flags mapped to environment variables:", ""]
        lines += [f"  --{flag}  ->  --env.{key}" for flag, key in sorted(mapping.items())]
    described = one.meta.get("input_description") or {}
    if described:
        lines += ["", "Inputs:", "", *_described(described)]
    return lines


def _described(inputs: dict[str, Any]) -> list[str]:
    lines = []
    for name, about in sorted(inputs.items(), key=lambda item: (_sort_key(item[1]), item[0])):
        about = about if isinstance(about, dict) else {"desc": str(about)}
        parts = [f"  --{name}: {about.get('desc', '')}".rstrip(": ")]
        if about.get("default") not in (None, ""):
            parts.append(f"(default: {about['default']})")
        if about.get("choices"):
            parts.append(f"(choices: {', '.join(map(str, about['choices']))})")
        lines.append(" ".join(parts))
    return lines


def _sort_key(about: Any) -> int:
    order = about.get("sort", 0) if isinstance(about, dict) else 0
    return int(order) if isinstance(order, int) and order > 0 else 1_000_000


def _test_inputs(meta: dict[str, Any], index: str) -> list[tuple[str, dict[str, Any]]]:
    """Variation tags and inputs of every run that ``tests.run_inputs`` asks for; ``N`` or ``N+`` selects."""
    entries = (meta.get("tests") or {}).get("run_inputs") or [{}]
    if index:
        first = int(index.rstrip("+"))
        entries = entries[first:] if index.endswith("+") else entries[first : first + 1]
    runs: list[tuple[str, dict[str, Any]]] = []
    for entry in entries:
        if is_true(entry.get("docker", "")):
            continue
        inputs = {key: value for key, value in entry.items() if key not in ("variations_list", "id")}
        runs += [(_variation_tags(str(names)), dict(inputs)) for names in entry.get("variations_list") or [""]]
    return runs


def _variation_tags(names: str) -> str:
    words = [name.strip().lstrip("_") for name in names.split(",")]
    return ",".join("_" + word for word in words if word)
