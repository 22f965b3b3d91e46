"""The tests of a script: the inputs in its meta, and its ``tests`` folder (script engine, section 16)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any

import msgspec

from franca.errors import FrancaError, Interrupted, Unavailable, Untrusted, UsageError
from franca.grammar.merge import merge
from franca.model.artifact import Artifact
from franca.model.tags import split_tags
from franca.planner.guards import is_true

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

#: Keys of an entry that say how to test, and are no inputs of the script.
_OWN = frozenset((
    "docker", "docker_os", "docker_os_version", "id", "fail_safe", "test-all-variations", "test_all_variations",
    "variations_list", "needs_pat",
))  # fmt: skip


class Case(msgspec.Struct, frozen=True):
    """One run. ``skip`` says why it is left out; ``may_fail``: a failure does not count."""

    name: str
    inputs: dict[str, Any]
    skip: str = ""
    may_fail: bool = False


class CaseResult(msgspec.Struct, frozen=True):
    name: str
    state: str
    seconds: float = 0.0
    about: str = ""


def cases(artifact: Artifact, *, index: str = "", id: str = "", more: Mapping[str, Any] | None = None) -> list[Case]:
    """The runs that the meta asks for.

    Args:
        index: ``N`` for one entry (from 1), ``N+`` for it and all after it.
        id: only the entry with this id.
        more: inputs that override those of the entries.

    Raises:
        UsageError: there is no such entry.
    """
    tests = artifact.meta.get("tests")
    listed = tests.get("run_inputs") if isinstance(tests, dict) else None
    entries = [e for e in listed if isinstance(e, dict)] if isinstance(listed, list) else []
    wanted = _selected(entries, index, id, artifact)
    return [case for number, entry in wanted for case in _of_entry(artifact, number, entry, more or {})]


def _selected(
    entries: list[dict[str, Any]], index: str, wanted_id: str, artifact: Artifact
) -> list[tuple[int, dict[str, Any]]]:
    numbered = list(enumerate(entries, 1))
    if wanted_id:
        found = [(n, e) for n, e in numbered if str(e.get("id")) == wanted_id]
        what = f"id {wanted_id!r}"
    elif index:
        text = index.removesuffix("+")
        if not text.isdecimal() or not int(text) >= 1:
            raise UsageError(f"--index={index} is not a number from 1, as in 2 or 2+")
        first = int(text)
        found = numbered[first - 1 :] if index.endswith("+") else numbered[first - 1 : first]
        what = f"number {index}"
    else:
        return numbered
    if not found:
        raise UsageError(f"{artifact.ref.alias} has no entry {what} in tests.run_inputs (it has {len(entries)})")
    return found


def _of_entry(artifact: Artifact, number: int, entry: dict[str, Any], more: Mapping[str, Any]) -> Iterator[Case]:
    base = {k: v for k, v in entry.items() if k not in _OWN}
    name = f"run_inputs {number}" + (f" ({entry['id']})" if entry.get("id") else "")
    skip = "it needs a container" if is_true(entry.get("docker")) else ""
    for variations in _variations(artifact, entry):
        inputs = merge({**base, "artifact": artifact.own_name, "quiet": True}, dict(more))
        tags = split_tags(inputs.pop("tags", ()) or ())
        inputs["tags"] = ",".join([*(t for t in tags if t.startswith("_")), *variations])
        if not inputs["tags"]:
            del inputs["tags"]
        shown = f"{name} {','.join(variations)}".rstrip()
        yield Case(shown, inputs, skip, is_true(entry.get("fail_safe")))


def _variations(artifact: Artifact, entry: Mapping[str, Any]) -> list[list[str]]:
    """Lists of variations to run with, each with its underscore; one empty list when there is nothing to vary."""
    given = entry.get("variations_list") or []
    listed = [_marked(item) for item in (given if isinstance(given, list) else [given])]
    if is_true(entry.get("test-all-variations") or entry.get("test_all_variations")):
        table = artifact.meta.get("variations") or {}
        for name, block in table.items() if isinstance(table, dict) else ():
            block = block if isinstance(block, dict) else {}
            plain = not (block.get("group") or "," in str(name) or "#" in str(name) or block.get("alias"))
            if plain and not is_true(block.get("exclude-in-test")):
                listed.append(["_" + str(name)])
    return listed or [[]]


def _marked(item: Any) -> list[str]:
    return ["_" + word.removeprefix("_") for word in split_tags(item if isinstance(item, (str, list)) else str(item))]


def run_case(case: Case, run: Callable[[dict[str, Any]], Any]) -> CaseResult:
    """Run one case in an empty folder of its own. Raises Interrupted."""
    if case.skip:
        return CaseResult(case.name, SKIPPED, about=case.skip)
    home, started = os.getcwd(), time.monotonic()
    folder = tempfile.mkdtemp(prefix="franca-test-")
    try:
        os.chdir(folder)
        run(case.inputs)
    except Interrupted:
        raise
    except FrancaError as error:
        state = SKIPPED if case.may_fail else FAILED
        about = ("it may fail: " if case.may_fail else "") + "; ".join(error.lines())
        return CaseResult(case.name, state, time.monotonic() - started, about)
    finally:
        os.chdir(home)
        shutil.rmtree(folder, ignore_errors=True)
    return CaseResult(case.name, PASSED, time.monotonic() - started)


def has_test_folder(artifact: Artifact) -> bool:
    """Whether ``tests`` holds a file that pytest collects."""
    for _, _, files in os.walk(os.path.join(artifact.path, "tests")):
        if any(f.endswith(".py") and (f.startswith("test_") or f.endswith("_test.py")) for f in files):
            return True
    return False


def run_test_folder(artifact: Artifact, environ: Mapping[str, str], *, to_stderr: bool) -> CaseResult:
    """Hand the ``tests`` folder to pytest, in an empty folder.

    Raises:
        Untrusted: they are programs of a repository that the user has not trusted.
        Unavailable: there is no pytest.
    """
    repo = artifact.repo
    if not repo.trusted:
        raise Untrusted.of("tests", repo.ref.alias or repo.ref.uid, repo.path)
    folder, started = os.path.join(artifact.path, "tests"), time.monotonic()
    command = [*_pytest(environ), "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder]
    with tempfile.TemporaryDirectory(prefix="franca-test-") as here:
        done = subprocess.run(
            command,
            cwd=here,
            env={**environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr if to_stderr else None,
            check=False,
        )
    state = {0: PASSED, 5: SKIPPED}.get(done.returncode, FAILED)
    about = {0: "", 5: "pytest found no test"}.get(done.returncode, f"pytest ended with status {done.returncode}")
    return CaseResult("tests folder", state, time.monotonic() - started, about)


def _pytest(environ: Mapping[str, str]) -> list[str]:
    if find_spec("pytest") is not None:
        return [sys.executable, "-m", "pytest"]
    program = shutil.which("pytest", path=environ.get("PATH"))
    if program is None:
        raise Unavailable(
            "the script has a tests folder, and pytest is not installed",
            hint=f"{sys.executable} -m pip install pytest",
        )
    return [program]
