"""``docker script``, ``apptainer script``, and their kin that only write a recipe (script engine, 15.3 to 15.6)."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

from franca.compat.content_data import is_true
from franca.compat.results import Result
from franca.compat.scripts_known import Known, block_of, look
from franca.engine import places
from franca.errors import FrancaError, NotFound, StepFailed, Unavailable
from franca.planner.frame import exported
from franca.planner.guards import decide
from franca.publish.containers.plan import ContainerPlan, Host, is_pulled, plan
from franca.publish.containers.settings import Settings, resolve
from franca.runners.process import Executor, Processes, pasteable

if TYPE_CHECKING:
    from franca.compat.access import CM

#: Keys of the call that say how to make the container and are no input of the script.
_HOW = ("dry_run", "dockerfile", "docker")


class Engine(NamedTuple):
    """A kind of engine, with the beginnings of the inputs that are meant for it; the first one wins."""

    name: str
    prefixes: tuple[str, ...]

    def given(self, inputs: Mapping[str, Any], key: str) -> Any:
        return next((inputs[p + key] for p in self.prefixes if inputs.get(p + key) is not None), "")

    def is_on(self, inputs: Mapping[str, Any], key: str) -> bool:
        return is_true(self.given(inputs, key))

    def is_dry(self, inputs: Mapping[str, Any]) -> bool:
        return self.is_on(inputs, "dry_run") or is_true(inputs.get("dry_run", ""))


DOCKER = Engine("docker", ("docker_",))
APPTAINER = Engine("apptainer", ("apptainer_", "docker_"))


def run(cm: CM, i: dict[str, Any], inputs: dict[str, Any], engine: Engine) -> Result:
    """Run a script in a container. With a dry run: print the recipe and the commands, and start nothing."""
    inputs = _with_configuration(cm, inputs, engine)
    dry = engine.is_dry(inputs)
    known, settings = _settings(cm, inputs, engine)
    if settings.pass_to_script:
        return cm.access({**inputs, "action": "run", "automation": "script", "docker": True, "out": i.get("out", "")})
    if not settings.run and not engine.is_on(inputs, "run_override"):
        return _not_in_a_container(i, engine)
    env = {**known.env, **_of_deps(cm, known, (*settings.build_deps, *settings.deps), dry=dry)}
    made = _plan(cm, known, settings, env, inputs, engine)
    if i.get("out") == "con" and dry:
        print("\n".join(_shown(made)))
    if not dry:
        _run(made, cm, engine, keep=engine.is_on(inputs, "noregenerate"))
    return _result(made)


def write(cm: CM, i: dict[str, Any], inputs: dict[str, Any], engine: Engine) -> Result:
    """Write the recipe of a script's image (``--docker_path``: where), and nothing more."""
    inputs = _with_configuration(cm, inputs, engine)
    known, settings = _settings(cm, inputs, engine)
    made = _plan(cm, known, settings, known.env, inputs, engine)
    if not engine.is_dry(inputs):
        with _alone(made, cm):
            _write(made, cm)
    elif i.get("out") == "con":
        print(made.recipe, end="")
    if i.get("out") == "con" and os.path.isfile(made.path):
        print(made.path)
    return _result(made)


def _with_configuration(cm: CM, inputs: dict[str, Any], engine: Engine) -> dict[str, Any]:
    """The request with the inputs of the artifact of kind ``cfg`` that ``docker_cfg`` or ``docker_cfg_uid`` names."""
    wanted, uid = engine.given(inputs, "cfg"), engine.given(inputs, "cfg_uid")
    if not wanted and not uid:
        return inputs
    name = str(uid or ("" if is_true(wanted) else wanted))
    request = {"action": "find", "automation": "cfg,88dce9c160324c5d", "tags": "basic,docker,configurations"}
    found = cm.access({**request, **({"artifact": name} if name else {})}).get("list")
    if not found:
        raise NotFound(f"there is no configuration of containers {name}".rstrip(), hint="see: cm find cfg")
    return {**inputs, **dict(found[0].meta.get("input") or {})}


def _settings(cm: CM, inputs: dict[str, Any], engine: Engine) -> tuple[Known, Settings]:
    known = look(cm, _of_script(inputs))
    script = known.frame.script
    name = (script.alias or script.uid).replace("_", "-")
    wishes = dict(known.frame.resolved.docker)
    if engine is APPTAINER:
        wishes |= block_of(known, "apptainer")
    for key, value in dict(wishes.get("default_env") or {}).items():
        known.env.setdefault(key, value)
    for flag, variable in _mapping(wishes).items():
        if flag in inputs:
            known.env[variable] = inputs[flag]
    return known, resolve(wishes, inputs, script.dialect, name, engine.prefixes)


def _mapping(docker: Mapping[str, Any]) -> dict[str, str]:
    """Inputs that become variables for a container only."""
    return {**dict(docker.get("docker_input_mapping") or {}), **dict(docker.get("input_mapping") or {})}


def _not_in_a_container(i: dict[str, Any], engine: Engine) -> Result:
    text = "its meta says that this script is not for containers (docker.run: false)"
    if i.get("out") == "con":
        print(f"{text}; --{engine.name}_run_override runs it all the same", file=sys.stderr)
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


def _plan(
    cm: CM, known: Known, settings: Settings, env: Mapping[str, Any], inputs: dict[str, Any], engine: Engine
) -> ContainerPlan:
    script = known.frame.script
    folder = str(engine.given(inputs, "path") or "")
    name = f"{script.alias or 'script'}_{script.uid[:5]}"
    if script.dialect.is_new:  # the content collections have scripts of one name and uid in both dialects
        name += "_mlc"
    host = Host(
        environ=cm.environ,
        uid=os.getuid(),
        gid=os.getgid(),
        directory=os.getcwd(),
        cache=os.path.join(cm.catalog.local(script.dialect).content_path, "cache"),
        folder=os.path.abspath(folder) if folder else places.folder(cm.catalog.root, engine.name, name),
        tool=_tool(str(engine.given(inputs, "tool") or ""), cm.environ, engine),
        beside=_beside(cm, known, inputs),
    )
    mapping = {**known.frame.resolved.input_mapping, **_mapping(known.frame.resolved.docker)}
    return plan(script, inputs, settings, env, mapping, host)


def _beside(cm: CM, known: Known, inputs: dict[str, Any]) -> tuple[str, ...]:
    """Scripts of the same repository that may be called for; what ships with Franca is in the image anyway."""
    from franca.engine.reach import folders_of, planned

    repo = known.frame.script.repo
    if not repo.writable or is_pulled(repo):
        return ()
    paths = folders_of(cm.engine, planned(cm.engine, _of_script(inputs)))
    return tuple(path for path in paths if path.startswith(repo.content_path.rstrip("/") + "/"))


def _of_script(inputs: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in inputs.items() if not k.startswith(("docker_", "apptainer_")) and k not in _HOW}


def _tool(given: str, environ: Mapping[str, str], engine: Engine) -> tuple[str, ...]:
    """The words that start the engine: those that are asked for, else the first one that is installed."""
    if engine is DOCKER:
        given, names = given or environ.get("CM_CONTAINER_TOOL", ""), ("docker", "podman")
    else:
        names = ("apptainer", "singularity")
    if given:
        return tuple(given.split())
    path = environ.get("PATH", os.defpath)
    return (next((name for name in names if shutil.which(name, path=path)), names[0]),)


def _shown(made: ContainerPlan) -> list[str]:
    """The recipe and the commands, as lines that a shell can run."""
    lines = [f"# {made.path}", *made.recipe.splitlines(), ""]
    for copy in made.copies:
        lines.append(f"# into the build context: {copy.source} as {copy.name}")
    for key in made.mounted.unknown:
        lines.append(f"# not mounted: nobody has set {key}")
    unless = f"{pasteable(made.image.unless)} > /dev/null 2>&1 || " if made.image.unless else ""
    build = " && ".join(pasteable(command) for command in made.image.commands)
    return [*lines, f"{unless}{{ {build}; }}" if unless and len(made.image.commands) > 1 else unless + build,
            pasteable(made.command)]  # fmt: skip


def _result(made: ContainerPlan) -> Result:
    return {
        "return": 0,
        "dockerfile": made.recipe,
        "dockerfile_path": made.path,
        "image": made.job.image.name,
        "inner_command": made.inner,
        "build_commands": [list(command.words) for command in made.image.commands],
        "run_command": list(made.command.words),
        "mounts": [f"{mount.source}:{mount.target}" for mount in made.mounted.mounts],
    }


# --- doing it -------------------------------------------------------------------------------------------


def _run(made: ContainerPlan, cm: CM, engine: Engine, *, keep: bool) -> None:
    program = made.command.words[0]
    if not shutil.which(program, path=cm.environ.get("PATH", os.defpath)):
        what = "Docker or Podman" if engine is DOCKER else "Apptainer"
        raise Unavailable(
            f"{program} is not installed, and the script was to run in a container",
            hint=f"install {what}, or look at what would be done: --{engine.name}_dry_run",
        )
    for folder in made.folders:
        os.makedirs(folder, exist_ok=True)
    executor = Processes({**cm.environ, **made.secrets})
    with _alone(made, cm):
        _write(made, cm, keep=keep and os.path.isfile(made.path))
        _make_image(made, executor)
    outcome = executor.run(made.command)
    if not outcome.ok:
        raise StepFailed(
            f"the container of image {made.job.image.name} ended with status {outcome.status}", status=2,
            hint=f"what it printed stands above; --{engine.name}_skip_run_cmd opens a shell in the same container",
        )  # fmt: skip


def _alone(made: ContainerPlan, cm: CM) -> AbstractContextManager[None]:
    """One process at a time writes the recipe and the build context of an image."""
    from franca.catalog.locks import locked

    return locked(cm.catalog.roots.lock(places.key_digest("image", made.path)))


def _make_image(made: ContainerPlan, executor: Executor) -> None:
    from franca.runners.runner import run_stage

    try:
        run_stage(made.image, executor)
    except FrancaError as error:
        error.hint = error.hint or f"the recipe of the image is {made.path}"
        raise


def _write(made: ContainerPlan, cm: CM, *, keep: bool = False) -> None:
    """The recipe (``keep``: as it is there), and a build context with what it copies."""
    from franca.catalog.files import write_text_atomic
    from franca.publish.own_wheel import pack

    if made.own_wheel:
        pack(made.own_wheel, cm.catalog)
    context = made.job.image.context
    os.makedirs(os.path.dirname(made.path), exist_ok=True)
    shutil.rmtree(context, ignore_errors=True)
    os.makedirs(context)
    for copy in made.copies:
        target = os.path.join(context, copy.name)
        if os.path.isdir(copy.source):
            shutil.copytree(copy.source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "tmp-*"))
        elif os.path.isfile(copy.source):
            shutil.copyfile(copy.source, target)
        else:
            raise NotFound(f"{copy.source} was to be copied into the image, and is not there")
    if not keep:
        write_text_atomic(made.path, made.recipe)
