"""``docker script`` and ``dockerfile script`` (script engine, sections 15.3 and 15.5)."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from franca.compat.content_data import is_true
from franca.compat.results import Result
from franca.engine import places
from franca.engine.planning import Planner
from franca.errors import FrancaError, StepFailed, Unavailable, UsageError
from franca.planner import commands as ask
from franca.planner.frame import Frame, exported
from franca.planner.guards import decide
from franca.publish.containers.plan import ContainerPlan, Host, plan
from franca.publish.containers.settings import Settings, resolve
from franca.runners.process import Executor, Processes, pasteable

if TYPE_CHECKING:
    from franca.compat.access import CM

#: Keys of the call that say how to make the container and are no input of the script.
_HOW = ("dry_run", "dockerfile", "docker")
_DRY = ("docker_dry_run", "dry_run")


class Known(NamedTuple):
    """The script of a request, assembled, and the variables that are known before it runs."""

    frame: Frame
    env: dict[str, Any]


class _Looking(Planner):
    """Plans a request and keeps its top script, with its variables as they are before it runs itself."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.frame: Frame | None = None
        self.env: dict[str, Any] | None = None
        self._answers[ask.Assembled] = self._keep

    def _keep(self, command: ask.Assembled) -> None:
        if self.frame is None:
            self.frame = command.frame

    def _hook(self, command: ask.CallHook) -> ask.HookDone:
        self._look_at(command.frame)
        return super()._hook(command)

    def _native(self, command: ask.RunNative) -> ask.NativeDone:
        self._look_at(command.frame)
        return super()._native(command)

    def _look_at(self, frame: Frame) -> None:
        if frame is self.frame and self.env is None:
            self.env = known_env(frame)


def known_env(frame: Frame) -> dict[str, Any]:
    return {key: value for key, value in frame.scope.env.items() if key not in frame.unknown}


def look(cm: CM, inputs: dict[str, Any]) -> Known:
    """What is known of a request without running it. Raises what a plan raises."""
    planner = cm.engine.plan_with(_Looking, inputs)
    if planner.frame is None:
        raise UsageError("the request names no script", hint="give its tags: cm docker script --tags=...")
    env = known_env(planner.frame) if planner.env is None else planner.env
    return Known(planner.frame, env)


def docker(cm: CM, i: dict[str, Any], inputs: dict[str, Any]) -> Result:
    """Run a script in a container. With a dry run: print the Dockerfile and the commands, and start nothing."""
    dry = any(is_true(inputs.get(key, "")) for key in _DRY)
    known, settings = _settings(cm, inputs)
    if not settings.run and not is_true(inputs.get("docker_run_override", "")):
        return _not_in_a_container(i)
    env = {**known.env, **_of_deps(cm, known, (*settings.build_deps, *settings.deps), dry=dry)}
    made = _plan(cm, known, settings, env, inputs)
    if i.get("out") == "con" and dry:
        print("\n".join(_shown(made)))
    if not dry:
        _run(made, settings, cm, keep=is_true(inputs.get("docker_noregenerate", "")))
    return _result(made, settings)


def dockerfile(cm: CM, i: dict[str, Any], inputs: dict[str, Any]) -> Result:
    """Write the Dockerfile of a script (``--docker_path``: where), and nothing more."""
    known, settings = _settings(cm, inputs)
    made = _plan(cm, known, settings, known.env, inputs)
    if not any(is_true(inputs.get(key, "")) for key in _DRY):
        _write(made)
    elif i.get("out") == "con":
        print(made.dockerfile, end="")
    if i.get("out") == "con" and os.path.isfile(made.path):
        print(made.path)
    return _result(made, settings)


def _settings(cm: CM, inputs: dict[str, Any]) -> tuple[Known, Settings]:
    known = look(cm, {k: v for k, v in inputs.items() if not k.startswith("docker_") and k not in _HOW})
    script = known.frame.script
    name = (script.alias or script.uid).replace("_", "-")
    return known, resolve(known.frame.resolved.docker, inputs, script.dialect, name)


def _not_in_a_container(i: dict[str, Any]) -> Result:
    text = "its meta says that this script is not for containers (docker.run: false)"
    if i.get("out") == "con":
        print(f"{text}; --docker_run_override runs it all the same", file=sys.stderr)
    return {"return": 0, "skipped": True, "warning": text}


def _of_deps(cm: CM, known: Known, entries: Sequence[Mapping[str, Any]], *, dry: bool) -> dict[str, Any]:
    """The variables that dependencies on the host export: run for it, or (dry) as far as they are cached."""
    frame, out = known.frame, dict[str, Any]()
    new = frame.script.dialect.is_new
    for entry in entries:
        env = {**known.env, **out}
        if not entry.get("tags") or not decide(entry, env, new=new).applies:
            continue
        extra = {k: v for k, v in entry.items() if k not in ("names", "tags") and not k.startswith(("enable", "skip"))}
        inputs = {**extra, "tags": entry["tags"], "env": {**env, **dict(entry.get("env") or {})}, "quiet": True}
        if dry:
            dep = look(cm, inputs)
            out.update(exported(dep.env, dep.frame.resolved.new_env_keys, dep.env))
        else:
            out.update(cm.engine.run(inputs).new_env)
    return out


def _plan(cm: CM, known: Known, settings: Settings, env: Mapping[str, Any], inputs: dict[str, Any]) -> ContainerPlan:
    script = known.frame.script
    folder = str(inputs.get("docker_path") or "")
    name = f"{script.alias or 'script'}_{script.uid[:5]}"
    host = Host(
        environ=cm.environ,
        uid=os.getuid(),
        gid=os.getgid(),
        directory=os.getcwd(),
        cache=os.path.join(cm.catalog.local(script.dialect).content_path, "cache"),
        folder=os.path.abspath(folder) if folder else places.folder(cm.catalog.root, "docker", name),
        tool=_tool(inputs, cm.environ),
    )
    return plan(script, inputs, settings, env, known.frame.resolved.input_mapping, host)


def _tool(inputs: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str, ...]:
    given = str(inputs.get("docker_tool") or environ.get("CM_CONTAINER_TOOL") or "").split()
    if given:
        return tuple(given)
    path = environ.get("PATH", os.defpath)
    return ("podman",) if not shutil.which("docker", path=path) and shutil.which("podman", path=path) else ("docker",)


def _shown(made: ContainerPlan) -> list[str]:
    """The Dockerfile and the commands, as lines that a shell can run."""
    lines = [f"# {made.path}", *made.dockerfile.splitlines(), ""]
    for source, name in made.copies:
        lines.append(f"# into the build context: {source} as {name}")
    for key in made.mounted.unknown:
        lines.append(f"# not mounted: nobody has set {key}")
    unless = f"{pasteable(made.image.unless)} > /dev/null 2>&1 || " if made.image.unless else ""
    lines += [unless + pasteable(command) for command in made.image.commands]
    return [*lines, pasteable(made.command)]


def _result(made: ContainerPlan, settings: Settings) -> Result:
    return {
        "return": 0,
        "dockerfile": made.dockerfile,
        "dockerfile_path": made.path,
        "image": settings.image_name,
        "inner_command": made.inner,
        "build_commands": [list(command.words) for command in made.image.commands],
        "run_command": list(made.command.words),
        "mounts": [f"{mount.source}:{mount.target}" for mount in made.mounted.mounts],
    }


# --- doing it -------------------------------------------------------------------------------------------


def _run(made: ContainerPlan, settings: Settings, cm: CM, *, keep: bool) -> None:
    program = made.command.words[0]
    if not shutil.which(program, path=cm.environ.get("PATH", os.defpath)):
        raise Unavailable(
            f"{program} is not installed, and the script was to run in a container",
            hint="install Docker or Podman, or look at what would be done: --docker_dry_run",
        )
    _write(made, keep=keep and os.path.isfile(made.path))
    executor = Processes({**cm.environ, **made.secrets})
    _make_image(made, executor)
    outcome = executor.run(made.command)
    if not outcome.ok:
        raise StepFailed(
            f"the container of image {settings.image_name} ended with status {outcome.status}", status=2,
            hint="what it printed stands above; --docker_skip_run_cmd opens a shell in the same container",
        )  # fmt: skip


def _make_image(made: ContainerPlan, executor: Executor) -> None:
    from franca.runners.runner import run_stage

    try:
        run_stage(made.image, executor)
    except FrancaError as error:
        error.hint = error.hint or f"the Dockerfile is {made.path}"
        raise


def _write(made: ContainerPlan, *, keep: bool = False) -> None:
    """The Dockerfile (``keep``: as it is there), and a build context with what it copies."""
    from franca.catalog.files import write_text_atomic

    context = os.path.join(os.path.dirname(os.path.dirname(made.path)), "context")
    os.makedirs(os.path.dirname(made.path), exist_ok=True)
    shutil.rmtree(context, ignore_errors=True)
    os.makedirs(context)
    for source, name in made.copies:
        target = os.path.join(context, name)
        if os.path.isdir(source):
            shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "tmp-*"))
        else:
            shutil.copyfile(source, target)
    if not keep:
        write_text_atomic(made.path, made.dockerfile)
