"""``franca.lock``: exactly what a request uses, and a way to use exactly that again.

A lock holds every script with its uid and a digest of its folder, every repository with its commit, every version
that was chosen or found, and every address with its checksum. It has no machine path in it, so it can be shared.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from franca.catalog.catalog import Catalog
from franca.catalog.files import read_bytes, write_json_atomic
from franca.engine.aftermath import command_of
from franca.engine.commits import head_commit
from franca.engine.engine import Engine
from franca.engine.journal import is_secret
from franca.engine.unfolding import UnfoldingPlanner
from franca.errors import Conflict, Location, MalformedFile, NotFound
from franca.grammar.merge import merge
from franca.model import event as ev
from franca.model.artifact import Repo
from franca.model.ids import SCRIPT, ObjectRef, Ref
from franca.model.plan import DEFER, REUSE, RUN, Step
from franca.planner.history import PastStep, steps_of

FORMAT = 1
DEFAULT_NAME = "franca.lock"
_ADDRESS = re.compile(r"(?:https?|ftp|s3|gs|file|ssh|git)://\S+|git@\S+:\S+")
_USER = re.compile(r"(?<=://)[^/@\s]+@")
_CHECKSUM_NAMES = ("CHECKSUM", "SHA256", "SHA256SUM", "MD5SUM", "MD5", "DOWNLOADED_SHA256", "DOWNLOADED_CHECKSUM")
_COMMIT_NAMES = ("CHECKOUT", "SHA", "REPO_CURRENT_HASH", "CHECKOUT_HASH")
_NOT_LOCKED = ("gh_token", "hf_token", "quiet", "silent", "verbose", "json", "v", "s", "out", "save_to_json")


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where something comes from. ``checksum`` and ``commit`` are empty where the script knows none."""

    key: str
    url: str
    checksum: str = ""
    commit: str = ""


class LockedRepo(msgspec.Struct, frozen=True, omit_defaults=True):
    alias: str
    uid: str
    url: str = ""
    commit: str = ""  #: empty for what is not under git: the digests of its scripts decide alone
    dirty: bool = False


class LockedStep(msgspec.Struct, frozen=True, omit_defaults=True):
    label: str
    script: str  #: "alias,uid"
    repo: str  #: uid of the repository
    digest: str
    version: str = ""
    variations: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    undecided: bool = False  #: whether it takes place depends on what its caller finds out


class Lock(msgspec.Struct, frozen=True):
    """The file. ``pins`` are the versions that named dependencies get; ``top`` is that of the script itself."""

    franca_lock: int
    command: str
    inputs: dict[str, Any]
    repositories: tuple[LockedRepo, ...]
    steps: tuple[LockedStep, ...]
    pins: dict[str, str] = {}
    top: str = ""
    unpinned: dict[str, str] = {}  #: names that got no pin, and why


# -- making ------------------------------------------------------------------------------------------


def make(engine: Engine, inputs: dict[str, Any]) -> Lock:
    """Run a request and lock what it used. Raises what the run raises."""
    heard = list(heard_run(engine, inputs))
    past = steps_of(heard)
    planner = engine.plan_with(partial(UnfoldingPlanner, past=past), inputs)
    plan, names = planner.plan(), planner.names
    kept = _kept(plan.inputs)
    repos = {repo.ref.alias: repo for repo in engine.catalog.repos()}
    steps = tuple(_steps(plan.step, names, repos, engine.catalog))
    used = {step.repo for step in steps}
    pins, unpinned = _pins(steps[1:])
    return Lock(
        FORMAT,
        command_of(kept),
        kept,
        tuple(locked_repo(repo) for repo in engine.catalog.repos() if repo.ref.uid in used),
        steps,
        pins,
        steps[0].version if plan.step.version else "",
        unpinned,
    )


def heard_run(engine: Engine, inputs: dict[str, Any]) -> Iterator[ev.Event]:
    """The events of a run; the engine's own listener hears them as well."""
    heard: list[ev.Event] = []
    listener = engine.listener

    def listen(event: ev.Event) -> None:
        heard.append(event)
        listener(event)

    engine.listener = listen
    try:
        engine.run(inputs)
    finally:
        engine.listener = listener
    return iter(heard)


def _kept(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs without secrets and without what only changes the display."""
    out = {k: v for k, v in inputs.items() if k not in _NOT_LOCKED}
    for name in ("env", "const"):
        if isinstance(out.get(name), dict):
            out[name] = {k: v for k, v in out[name].items() if not is_secret(k)}
    return out


def _steps(
    step: Step, names: Mapping[str, tuple[str, ...]], repos: Mapping[str, Repo], catalog: Catalog
) -> Iterator[LockedStep]:
    if step.action in (RUN, REUSE):
        yield LockedStep(
            step.label,
            step.script,
            repos[step.repo].ref.uid,
            digest(step.path),
            step.version,
            step.variations,
            names.get(step.id, ()),
            sources(step, catalog),
        )
    elif step.action == DEFER:
        yield LockedStep(step.label, "", "", "", names=names.get(step.id, ()), undecided=True)
    for child in step.steps:
        yield from _steps(child, names, repos, catalog)


def digest(folder: str) -> str:
    """A digest of all regular files and links in a script's folder, without byte code and leftovers of runs."""
    total = hashlib.sha256()
    for path in _files(folder):
        total.update(os.path.relpath(path, folder).encode("utf-8", "surrogateescape") + b"\0")
        if os.path.islink(path):
            total.update(os.readlink(path).encode("utf-8", "surrogateescape"))
        elif os.path.isfile(path):  # a pipe would never end
            with open(path, "rb") as stream:
                while block := stream.read(1 << 20):
                    total.update(block)
        total.update(b"\0")
    return "sha256:" + total.hexdigest()


def _files(folder: str) -> list[str]:
    found = []
    for here, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f not in ("__pycache__", ".git")]
        found += [os.path.join(here, f) for f in files if not f.endswith(".pyc") and not f.startswith("tmp-")]
    return sorted(found)


def sources(step: Step, catalog: Catalog) -> tuple[Source, ...]:
    """The addresses in a step's variables that its own script speaks of."""
    script = catalog.load(SCRIPT, Ref(ObjectRef(*_alias_uid(step.script)), ObjectRef(uid=_repo_uid(catalog, step))))
    text = _own_text(script.path, script.files)
    env = {k: v for k, v in step.env.items() if isinstance(v, str)}
    out = []
    for key in sorted(env):
        if "_PROXY" in key.upper() or not _ADDRESS.fullmatch(env[key].strip()) or key not in text:
            continue
        checksum = _beside(key, env, _CHECKSUM_NAMES)
        out.append(Source(key, _USER.sub("", env[key].strip()), checksum, _beside(key, env, _COMMIT_NAMES)))
    return tuple(out)


def _alias_uid(text: str) -> tuple[str, str]:
    alias, _, uid = text.partition(",")
    return alias, uid


def _repo_uid(catalog: Catalog, step: Step) -> str:
    return next(repo.ref.uid for repo in catalog.repos() if repo.ref.alias == step.repo)


def _own_text(folder: str, metas: Iterable[str]) -> str:
    paths = [*metas, os.path.join(folder, "customize.py")]
    return "\n".join(read_bytes(p).decode("utf-8", "replace") for p in paths if os.path.isfile(p))


def _beside(key: str, env: Mapping[str, str], names: Iterable[str]) -> str:
    """The value of the variable that goes with an address: ``CM_X_URL`` has ``CM_X_CHECKSUM`` beside it."""
    stem = key[: -len("URL")] if key.endswith("URL") else key + "_"
    return next((env[stem + name] for name in names if env.get(stem + name)), "")


def locked_repo(repo: Repo) -> LockedRepo:
    """A repository with the address and the commit from which others get it, as far as it has them."""
    from franca.catalog.git import changed_files, git

    commit = head_commit(repo.path)
    url = str(repo.meta.get("git_url") or "")
    if commit:
        listed = git(["remote"], repo.path).split()
        url = git(["remote", "get-url", listed[0]], repo.path).strip() if listed else url
    dirty = bool(commit) and bool(changed_files(repo.path))
    return LockedRepo(repo.ref.alias, repo.ref.uid, _shared_url(url), commit, dirty)


def _shared_url(url: str) -> str:
    """An address that means the same elsewhere: no credentials, no path of this machine."""
    return _USER.sub("", url) if _ADDRESS.fullmatch(url) and not url.startswith("file:") else ""


def _pins(steps: Iterable[LockedStep]) -> tuple[dict[str, str], dict[str, str]]:
    """A version for each name that always had the same one."""
    seen: dict[str, set[str]] = {}
    for step in steps:
        for name in step.names:
            seen.setdefault(name, set()).add(step.version)
    pins = {n: next(iter(v)) for n, v in seen.items() if len(v) == 1 and "" not in v}
    unpinned = {
        name: "it had more than one version: " + ", ".join(sorted(v or "(none)" for v in versions))
        for name, versions in seen.items()
        if len(versions) > 1
    }
    return dict(sorted(pins.items())), dict(sorted(unpinned.items()))


# -- files -------------------------------------------------------------------------------------------


def write(lock: Lock, path: str) -> None:
    write_json_atomic(path, msgspec.to_builtins(lock))


def read(path: str) -> Lock:
    """Raises NotFound, MalformedFile."""
    try:
        lock = msgspec.json.decode(read_bytes(path), type=Lock)
    except msgspec.MsgspecError as error:
        raise MalformedFile(
            f"this is no lock file: {error}", where=Location(path), hint="franca lock makes one"
        ) from None
    if lock.franca_lock != FORMAT:
        raise MalformedFile(f"lock format {lock.franca_lock}; this Franca reads {FORMAT}", where=Location(path))
    return lock


# -- using -------------------------------------------------------------------------------------------


def check(lock: Lock, catalog: Catalog) -> None:
    """Refuse when repositories or scripts are not what they were.

    Raises:
        NotFound: a repository or a script is missing.
        Conflict: a commit differs, or the content of a script.
    """
    here = {repo.ref.uid: repo for repo in catalog.repos()}
    problems = []
    for wanted in lock.repositories:
        repo = here.get(wanted.uid)
        if repo is None:
            hint = f"franca pull repo {wanted.url or wanted.alias}" + (
                f" --checkout={wanted.commit}" if wanted.commit else ""
            )
            raise NotFound(f"the lock needs the repository {wanted.alias} ({wanted.uid}), which is not here", hint=hint)
        problems += _commit_problem(wanted, repo)
    if problems:
        raise Conflict("; ".join(problems), hint=_checkout_hint(lock, here))
    _check_scripts(lock, catalog)


def _commit_problem(wanted: LockedRepo, repo: Repo) -> list[str]:
    found = head_commit(repo.path)
    if found == wanted.commit:
        return []
    return [
        f"repository {wanted.alias} is at commit {found[:12] or '(not under git)'}, "
        f"the lock wants {wanted.commit[:12] or '(not under git)'}"
    ]


def _checkout_hint(lock: Lock, here: Mapping[str, Repo]) -> str:
    commands = [
        f"git -C {here[w.uid].path} checkout {w.commit}"
        for w in lock.repositories
        if w.commit and head_commit(here[w.uid].path) != w.commit
    ]
    return "; ".join(commands) or "make a new lock: franca lock ..."


def _check_scripts(lock: Lock, catalog: Catalog) -> None:
    changed = []
    for script, repo, wanted in dict.fromkeys((s.script, s.repo, s.digest) for s in lock.steps if s.script):
        alias, uid = _alias_uid(script)
        artifact = catalog.load(SCRIPT, Ref(ObjectRef(alias, uid), ObjectRef(uid=repo)))
        if digest(artifact.path) != wanted:
            changed.append(alias or uid)
    if changed:
        raise Conflict(
            f"the content of {', '.join(changed)} is not what the lock has",
            hint="bring the scripts back to that state (git status shows changes), or make a new lock",
        )


def pinned(lock: Lock, more: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of the locked request with its versions as ``adr``; ``more`` is what this run adds (``quiet``)."""
    adr = {name: {"version": version} for name, version in lock.pins.items()}
    inputs = merge(merge({"adr": adr}, lock.inputs), dict(more))
    if lock.top and not inputs.get("version"):
        inputs["version"] = lock.top
    return inputs


def verify(lock: Lock, heard: Iterable[ev.Event]) -> None:
    """After a run: raise Conflict when a step used another script or came out in another version."""
    wanted: dict[str, list[LockedStep]] = {}
    for step in lock.steps:
        wanted.setdefault(_bare(step.label), []).append(step)
    problems = [p for step in steps_of(heard) if (p := _differs(step, wanted.get(_bare(step.label), [])))]
    if problems:
        raise Conflict("the run is not what the lock has: " + "; ".join(dict.fromkeys(problems)))


def _bare(label: str) -> str:
    """A label without what pinning may have added."""
    return ",".join(t for t in label.split(",") if not t.startswith("version-"))


def _differs(step: PastStep, wanted: list[LockedStep]) -> str:
    if not wanted or step.action not in (RUN, REUSE):
        return ""
    if all(w.script and w.script != step.script for w in wanted):
        return f"{step.label} is {step.script}, not {wanted[0].script}"
    versions = {w.version for w in wanted if w.version}
    if step.version and versions and step.version not in versions:
        return f"{step.label} has version {step.version}, not {' or '.join(sorted(versions))}"
    return ""
