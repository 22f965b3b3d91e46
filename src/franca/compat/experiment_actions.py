"""``experiment script``: runs of a script over values of its inputs, each kept in an artifact (script engine, 15.9)."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from franca.compat.content_data import is_true
from franca.compat.results import Result
from franca.errors import FrancaError, ScriptNotFound, UsageError
from franca.model.artifact import Artifact
from franca.model.ids import EXPERIMENT, ObjectRef, Ref
from franca.model.script import Script
from franca.model.tags import TagQuery, split_tags

if TYPE_CHECKING:
    from franca.compat.access import CM

_HOW = ("exp", "exp_tags", "exp_skip_state_save")
_RANGE = re.compile(r"(-?\d+):(-?\d+)(?::([1-9]\d*))?")
_MAX_RUNS = 10_000
#: The script of content that writes what the machine is doing; without it we write the little that we know.
_STATE = "save,system,state"


def run(cm: CM, i: dict[str, Any], inputs: dict[str, Any]) -> Result:
    """Run the script once for each value of each ``exp.<input>``; without one, once.

    Raises what a run raises, after the record of the run that failed is written.
    """
    from franca.compat.scripts_known import look

    base = {key: value for key, value in inputs.items() if key not in _HOW}
    points = list(explored(inputs.get("exp")))
    script = look(cm, base).frame.script
    entry = _entry(cm, script, split_tags(inputs.get("exp_tags") or ()))
    base["env"] = {**dict(base.get("env") or {}), script.dialect.key("USER_RUN_DIR"): os.getcwd()}
    state = not is_true(inputs.get("exp_skip_state_save") or "")
    done = [_one(cm, i, {**base, **point}, entry.path, point, state=state) for point in points]
    if i.get("out") == "con":
        print("\n".join(record["path"] for record in done))
    return {"return": 0, "experiment": cm.view(entry), "runs": done}


def explored(exp: Any) -> Iterator[dict[str, str]]:
    """The inputs of each run, one key after another, never two at a time.

    Raises:
        UsageError: a value that is no list, range or scalar; more runs than anybody can mean.
    """
    if exp is None or exp is True or exp == {}:
        yield {}
        return
    if not isinstance(exp, Mapping):
        raise UsageError(f"--exp={exp}: which input?", hint="write --exp.INPUT,=1,2 or --exp.INPUT=1:10")
    for key, value in exp.items():
        for one in _values(str(key), value):
            yield {str(key): one}


def _values(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        raise UsageError(f"--exp.{key} holds a group of values", hint=f"give a list: --exp.{key},=1,2")
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _values(key, one)
        return
    found = _RANGE.fullmatch(str(value))
    if not found:
        yield str(value)
        return
    first, last, step = int(found[1]), int(found[2]), int(found[3] or 1)
    numbers = range(first, last + 1, step)
    if len(numbers) > _MAX_RUNS or not numbers:
        raise UsageError(f"--exp.{key}={value}: {len(numbers)} runs", hint=f"a range holds 1 to {_MAX_RUNS} values")
    yield from map(str, numbers)


def _entry(cm: CM, script: Script, extra: tuple[str, ...]) -> Artifact:
    """The artifact of these experiments: there is one for each set of tags."""
    tags = tuple(dict.fromkeys([*(str(tag) for tag in script.meta.get("tags") or ()), *extra]))
    repo = cm.catalog.local(script.dialect).ref
    found = [one for one in cm.catalog.find(EXPERIMENT, Ref(ObjectRef(), repo), TagQuery(tags)) if
             set(one.tags) == set(tags) and one.meta.get("script_uid") == script.uid]  # fmt: skip
    if found:
        return found[0]
    meta = {"script_alias": script.alias, "script_uid": script.uid}
    made = cm.catalog.add(EXPERIMENT, Ref(ObjectRef(), repo), meta, tags=tags)
    cm.catalog.refresh()
    return made


def _one(
    cm: CM, i: Mapping[str, Any], inputs: dict[str, Any], folder: str, point: Mapping[str, str], *, state: bool
) -> dict[str, Any]:
    """One run in a folder of its own, and its record there."""
    path = _new_folder(folder)
    started = time.time()
    record: dict[str, Any] = {"path": path, "explored": dict(point)}
    try:
        with _inside(path):
            if state:
                _save_state(cm, "system_state_before.json")
            done = cm.engine.run({**inputs, "out": i.get("out", "")})
            record |= {"return": 0, "new_env": done.new_env, "new_state": done.new_state}
            if state:
                _save_state(cm, "system_state_after.json")
    except FrancaError as error:
        record |= {"return": error.status or 1, "error": str(error)}
        raise
    finally:
        record |= {"started": started, "seconds": round(time.time() - started, 3)}
        _save(os.path.join(path, "run.json"), record)
    return record


def _new_folder(folder: str) -> str:
    """``run_DATE_TIME``; a number follows when two runs begin in one second."""
    name = time.strftime("run_%Y-%m-%d_%H-%M-%S")
    for number in range(_MAX_RUNS):
        path = os.path.join(folder, name + (f"_{number}" if number else ""))
        try:
            os.makedirs(path)
        except FileExistsError:
            continue
        return path
    raise UsageError(f"{folder} holds too many runs of this second")


@contextmanager
def _inside(path: str) -> Iterator[None]:
    here = os.getcwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(here)


def _save_state(cm: CM, name: str) -> None:
    try:
        cm.engine.run({"tags": _STATE, "outfile": name, "quiet": True})
    except ScriptNotFound:
        _save(name, machine_state())


def machine_state() -> dict[str, Any]:
    """What can disturb a measurement on this machine, now. Sizes in bytes, time in seconds since the epoch."""
    import platform
    import shutil

    load = os.getloadavg() if hasattr(os, "getloadavg") else ()
    disk = shutil.disk_usage(".")
    return {
        "time": time.time(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "load_average": list(load),
        "memory": _memory(),
        "disk": {"total": disk.total, "free": disk.free},
    }


def _memory() -> dict[str, int]:
    try:
        with open("/proc/meminfo", encoding="ascii", errors="replace") as stream:
            pairs = (line.split() for line in stream)
            sizes = {words[0].rstrip(":"): int(words[1]) * 1024 for words in pairs if len(words) > 2}
    except (OSError, ValueError):
        return {}
    names = {"total": "MemTotal", "available": "MemAvailable", "swap_free": "SwapFree"}
    return {name: sizes[key] for name, key in names.items() if key in sizes}


def _save(path: str, value: Any) -> None:
    from franca.compat.content_files import save_json

    save_json(path, value)
