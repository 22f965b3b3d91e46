"""franca run cube, plan cube, lint cube, show cube: the request is MLCube's, the defaults are ours.

The options are those of the ``mlcube`` command; here the platform is ``native`` unless another one is
named, containers are removed, files belong to the caller, and a missing input is an error.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from franca.cli.command import Command, Example, Option
from franca.cli.output import Answer
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import UsageError

_GROUP = "Cubes"
_HERE = "franca.cli.cube_commands:"

_CUBE = Option("mlcube", "the cube: directory, yaml file, Git URL or archive", metavar="PATH")
_PLATFORM = Option(
    "platform", "native, docker, podman, apptainer, singularity, ssh, slurm, k8s, kubeflow, ssh+podman, ...",
    metavar="NAME", env="FRANCA_CUBE_PLATFORM",
)  # fmt: skip
_RUN = (
    _CUBE,
    _PLATFORM,
    Option("task", "tasks in this order", metavar="A,B"),
    Option("workspace", "directory of inputs and outputs", metavar="PATH"),
    Option("network", "network of the container", metavar="MODE"),
    Option("security", "security option of the container", metavar="TEXT"),
    Option("gpus", "GPUs: a count, all, or device=0,1", metavar="GPUS"),
    Option("memory", "memory limit, as 4g", metavar="SIZE"),
    Option("cpu", "processors, as 0-3", metavar="CPUS"),
    Option("mount", "mount all inputs ro or rw", metavar="MODE", choices=("ro", "rw")),
    Option("strict", "a missing or empty promised output is an error; inputs are read-only"),
    Option("isolate", "mount inputs read-only, and input files without the files beside them"),
    Option("keep_going", "missing input files are only warned about"),
    Option("offline", "fetch nothing"),
)

RUN = Command(
    name="run",
    group=_GROUP,
    summary="run tasks of a cube",
    usage="cube [CUBE] [--task=A,B] [--platform=NAME] [NAME=PATH]... [-PKEY=VALUE]...",
    handler=_HERE + "run_cube",
    options=(*_RUN, Option("dry_run", "print the commands and change nothing")),
    free_options=True,
    examples=(
        Example("franca run cube hello_world --task=hello", "in an isolated environment, without a container"),
        Example("franca run cube --mlcube=. --task=train --platform=podman", "in a container"),
    ),
)
PLAN = Command(
    name="plan",
    group=_GROUP,
    summary="print the commands that running a cube would start",
    usage="cube [CUBE] [--task=A,B] [--platform=NAME] [NAME=PATH]... [-PKEY=VALUE]...",
    handler=_HERE + "plan_cube",
    options=_RUN,
    free_options=True,
    examples=(Example("franca plan cube --mlcube=. --task=train --platform=docker", "lines that can be pasted"),),
)
LINT = Command(
    name="lint",
    group=_GROUP,
    summary="check the definition of a cube",
    usage="cube [CUBE]",
    handler=_HERE + "lint_cube",
    options=(_CUBE, Option("strict", "warnings count as errors")),
    examples=(Example("franca lint cube .", "every problem with its line and what to do"),),
)
SHOW = Command(
    name="show",
    group=_GROUP,
    summary="show a cube's tasks and how they last ended",
    usage="cube [CUBE]",
    handler=_HERE + "show_cube",
    options=(_CUBE,),
    examples=(Example("franca show cube mnist", "tasks, parameters, last results"),),
)
#: For the table of commands.
COMMANDS = {
    "run cube": _HERE + "RUN",
    "plan cube": _HERE + "PLAN",
    "lint": _HERE + "LINT",
    "show cube": _HERE + "SHOW",
}


def run_cube(bound: Bound, session: Session) -> Answer:
    from franca.cube import execute

    if bound.flag("dry_run"):
        return plan_cube(bound, session)
    opened = _open(bound, session)
    return Answer({"status": execute.run(opened)})


def plan_cube(bound: Bound, session: Session) -> Answer:
    from franca.cube import execute

    shown = execute.plan(_open(bound, session))
    lines = [line for one in shown for line in (f"# task {one.task}", *one.lines)]
    return Answer({"tasks": [{"task": one.task, "commands": list(one.lines)} for one in shown]}, tuple(lines))


def lint_cube(bound: Bound, session: Session) -> Answer:
    from franca.cube.lint import lint

    report = lint(_place(bound, session, _positional(bound)[0]), session.environ, os.getcwd())
    failed = report.errors or (bound.flag("strict") and report.warnings)
    problems = [{"level": level, "text": text} for level, text in report.problems]
    return Answer({"path": report.path, "problems": problems}, tuple(report.lines()), status=1 if failed else 0)


def show_cube(bound: Bound, session: Session) -> Answer:
    from franca.cube.show import describe, status

    place = _place(bound, session, _positional(bound)[0])
    text = describe(place, session.environ, os.getcwd()) + "\n\n" + status(place, session.environ, os.getcwd())
    return Answer({"text": text}, tuple(text.splitlines()))


def _positional(bound: Bound) -> tuple[str, list[str]]:
    """The cube named as a plain word, and all other words as they were typed."""
    words = list(bound.invocation.words)
    for index, word in enumerate(words):
        taken = index and words[index - 1] in ("-P", "-p")
        if not word.startswith("-") and "=" not in word and not taken:
            return word, words[:index] + words[index + 1 :]
    return "", words


def _place(bound: Bound, session: Session, name: str) -> str:
    """A path or an address as it is; otherwise the artifact of that name among the repositories' cubes."""
    given = bound.text("mlcube")
    if name and given:
        raise UsageError(f"two cubes are named: {name} and --mlcube={given}", hint="leave one out")
    text = given or name or "."
    looks_like_path = any(c in text for c in "/\\:.") or os.path.exists(text)
    if given or looks_like_path:
        return text
    from franca.grammar.reference import parse_ref
    from franca.model.ids import CUBE

    return session.catalog.load(CUBE, parse_ref(text)).path


def _open(bound: Bound, session: Session) -> Any:
    """The request, typed, and everything read that it needs."""
    from franca.compat import mlcube_front as front
    from franca.cube.request import FRANCA
    from franca.cube.session import Console
    from franca.cube.session import Session as CubeSession

    name, words = _positional(bound)
    words = [w for w in words if w not in _DISPLAY and not w.startswith("--mlcube=")]
    try:
        parsed = front.parse(["run", *words])
    except front.Usage as error:
        raise UsageError(str(error), hint="franca run cube --help") from None
    place = _place(bound, session, name)
    parsed.options["--mlcube"] = place
    if name and place != name:  # a cube of a repository stays as it is; its inputs are copied here
        parsed.options.setdefault("--workspace", f"{os.path.basename(place)}-workspace")
    parsed.options.setdefault("--platform", bound.text("platform") or "native")
    request = front.request_of(parsed, FRANCA)
    say = print if not session.output.as_json else _to_stderr
    quiet = _nothing if bound.flag("silent") else _to_stderr
    note = quiet if bound.flag("verbose") else _nothing
    return CubeSession(request, session.environ, Console(say, lambda text: quiet(f"warning: {text}"), note))


_DISPLAY = ("--json", "-j", "--verbose", "-v", "--silent", "-s", "--quiet", "-q")


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr)


def _nothing(text: str) -> None:
    return None
