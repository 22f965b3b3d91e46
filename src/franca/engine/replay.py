"""Earlier runs: which there are, what happened in one, and doing it again.

A journal (``franca.engine.journal``) has the exact request in its first event. A run that only read the cache
leaves none.
"""

from __future__ import annotations

import os

from franca.engine import places
from franca.engine.commits import commits_of
from franca.engine.engine import Engine, RunResult
from franca.engine.journal import FILE, MASK, event_of, read_journal
from franca.errors import MalformedFile, NotFound, UsageError
from franca.grammar.merge import merge
from franca.model import event as ev
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record, replace
from franca.planner.diff import Change, compare, lines_of_run
from franca.planner.history import PastStep, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GOING_ON = -1  #: status of a run without an end: it is still going on, or was killed
_TAIL = 1 << 16
_DIGEST_WORDS = ("SHA256", "SHA512", "SHA1", "MD5", "CHECKSUM", "DIGEST")
#: Variables that differ between runs without meaning anything.
_VOLATILE = ("_TMP_", "CACHED_PATH")


class RunSummary(Record):
    """One line of ``franca runs``. ``started`` is in seconds since the epoch."""

    run: str
    folder: str
    command: str
    started: float
    status: int = GOING_ON
    seconds: float = 0.0
    error: str = ""


class Difference(Record):
    """Something that came out differently. ``kind``: step, version, digest or export."""

    kind: str
    where: str
    before: str
    after: str
    because: str = ""


class Replayed(Record):
    """A run done again, and what was different."""

    earlier: RunSummary
    result: RunResult
    differences: tuple[Difference, ...]


# -- finding --------------------------------------------------------------------------------------


def list_runs(root: str) -> list[RunSummary]:
    """Every run that left a journal, newest first. Journals that cannot be read are left out."""
    folder = places.folder(root, "runs")
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    found = (summary(os.path.join(folder, name)) for name in names)
    return sorted((one for one in found if one is not None), key=lambda run: run.started, reverse=True)


def summary(folder: str) -> RunSummary | None:
    """The first and the last event of a journal; None when there is no start in it."""
    try:
        with open(os.path.join(folder, FILE), "rb") as stream:
            first = stream.readline()
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _TAIL))
            last = stream.read().rstrip(b"\n").rpartition(b"\n")[2]
    except OSError:
        return None
    start, end = _event(first), _event(last)
    if not isinstance(start, ev.RunStarted):
        return None
    begun = RunSummary(start.run, folder, start.command, start.at)
    if not isinstance(end, ev.RunFinished):
        return begun
    return replace(begun, status=end.status, seconds=end.seconds, error=end.error)


def _event(line: bytes) -> ev.Event | None:
    try:
        return event_of(line)
    except ValueError:
        return None


def find_run(root: str, name: str) -> RunSummary:
    """The run that a name means: ``last``, an id or its beginning, a folder's name, or a path.

    Raises:
        NotFound: there is none, or more than one begins so.
    """
    if os.sep in name or name.endswith(".jsonl"):
        folder = os.path.dirname(name) if name.endswith(".jsonl") else name
        found = summary(os.path.abspath(folder))
        if found is None:
            raise NotFound(f"{name} is no journal of a run", hint="franca runs lists them")
        return found
    runs = list_runs(root)
    if name == "last" and runs:
        return runs[0]
    fitting = [r for r in runs if name and (r.run.startswith(name) or os.path.basename(r.folder).startswith(name))]
    if len(fitting) == 1:
        return fitting[0]
    what = f"{len(fitting)} runs begin with {name!r}" if fitting else f"there is no run {name!r}"
    raise NotFound(what, hint="franca runs lists them; runs that only read the cache leave no journal")


def events_of(run: RunSummary) -> tuple[ev.Event, ...]:
    return tuple(read_journal(os.path.join(run.folder, FILE)))


def logs_of(run: RunSummary) -> list[str]:
    """Paths of the logs of native scripts, in the order of the run."""
    return sorted(e.path for e in os.scandir(run.folder) if e.name.endswith(".log"))


# -- doing it again ---------------------------------------------------------------------------------


def replay(
    engine: Engine,
    run: RunSummary,
    *,
    explain: bool = False,
    fresh: bool = False,
    more: Mapping[str, Any] | None = None,
) -> Replayed:
    """Run the exact request of a journal again, with the engine's listener told as usual.

    Args:
        explain: look for what explains each difference.
        fresh: do not take the top script from the cache.
        more: inputs on top of those of the journal, for the secrets that it does not hold.

    Raises:
        UsageError: a secret of the request is missing.
        MalformedFile: the journal does not begin with a request.
    """
    before = events_of(run)
    if not before or not isinstance(before[0], ev.RunStarted):
        raise MalformedFile(f"{run.folder}: the journal does not say what was asked for")
    heard: list[ev.Event] = []
    listener = engine.listener

    def listen(event: ev.Event) -> None:
        heard.append(event)
        listener(event)

    engine.listener = listen
    inputs = merge(dict(before[0].inputs), {**(more or {}), **({"new": True} if fresh else {})})
    if missing := _withheld(inputs, ""):
        flags = " ".join(f"--{name}=..." for name in missing)
        raise UsageError(
            f"the journal does not hold the secrets of the request: {', '.join(missing)}", hint=f"add {flags}"
        )
    try:
        result = engine.run(inputs)
    finally:
        engine.listener = listener
    found = differences(before, heard)
    if explain:
        found = explained(found, before, heard, engine)
    return Replayed(run, result, found)


def _withheld(inputs: Mapping[str, Any], above: str) -> list[str]:
    """Names of inputs, as they are typed, whose value the journal has masked."""
    found = []
    for key, value in inputs.items():
        if isinstance(value, dict):
            found += _withheld(value, f"{above}{key}.")
        elif value == MASK:
            found.append(f"{above}{key}")
    return found


def differences(before: Iterable[ev.Event], after: Iterable[ev.Event]) -> tuple[Difference, ...]:
    """Steps, versions and exported values that are not the same. Reuse of the cache is no difference."""
    old, new = steps_of(before), steps_of(after)
    out = [_of_change(c) for c in compare(lines_of_run(old), lines_of_run(new), actions=False)]
    known = {step.path: step for step in old}
    for step in new:
        if step.path in known:
            out += _exports(known[step.path], step)
    return tuple(out)


def _of_change(change: Change) -> Difference:
    where = " > ".join(part.partition("#")[0] for part in change.path)
    if change.kind == "changed":
        return Difference(change.what, where, change.before, change.after)
    return Difference("step", where, "" if change.kind == "added" else "took place", change.kind)


def _exports(old: PastStep, new: PastStep) -> list[Difference]:
    out = []
    for key in dict.fromkeys([*old.new_env, *new.new_env]):
        a, b = _text(old.new_env.get(key)), _text(new.new_env.get(key))
        if a == b or MASK in (a, b) or any(word in key for word in _VOLATILE):
            continue
        if _place(a, old) == _place(b, new):
            continue  # only the folder of the cache entry is another
        kind = "digest" if any(word in key.upper() for word in _DIGEST_WORDS) else "export"
        out.append(Difference(kind, f"{old.label} {key}", a, b))
    return out


def _text(value: Any) -> str:
    if value is None:
        return "(unset)"
    return ":".join(map(str, value)) if isinstance(value, list) else str(value)


def _place(text: str, step: PastStep) -> str:
    return text.replace(step.cache_path, "<entry>") if step.cache_path else text


def explained(
    found: Iterable[Difference], before: Iterable[ev.Event], after: Iterable[ev.Event], engine: Engine
) -> tuple[Difference, ...]:
    """The same differences, each with what is known to have changed since."""
    then = next((e.commits for e in before if isinstance(e, ev.RunFinished)), {})
    folders = {s.label: s.folder for s in (*steps_of(before), *steps_of(after))}
    now = commits_of(engine.catalog.repos())
    moved = {alias: (old, now[alias]) for alias, old in then.items() if alias in now and now[alias] != old}
    repos = {r.path: r.ref.alias for r in engine.catalog.repos()}
    versions = [d for d in found if d.kind == "version"]
    return tuple(replace(d, because=_because(d, folders, repos, moved, versions)) for d in found)


def _because(
    one: Difference,
    folders: Mapping[str, str],
    repos: Mapping[str, str],
    moved: Mapping[str, tuple[str, str]],
    versions: Iterable[Difference],
) -> str:
    label = one.where.rpartition(" > ")[2].partition(" ")[0]
    folder = folders.get(label, "")
    for path, alias in repos.items():
        if folder.startswith(path + os.sep) and alias in moved:
            old, new = moved[alias]
            return f"repository {alias} was at {old[:12]} and is at {new[:12]}"
    for other in versions:
        if other is not one and other.where.rpartition(" > ")[2] == label:
            return f"its version was {other.before} and is {other.after}"
    if not folder:
        return "nothing that the journal knows explains it"
    return "its repository is at the same commit; look at the machine, and at what the network gave"
