"""What this machine has, what is missing and what to do about it. Looks only."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from franca.cli.session import Session
from franca.errors import FrancaError

GOOD, OPTIONAL, BAD = "ok", "missing", "problem"


class Check(msgspec.Struct, frozen=True):
    """One finding. ``state`` is ``ok``, ``missing`` (something optional) or ``problem`` (needed)."""

    name: str
    state: str
    found: str = ""
    needed_for: str = ""
    next: str = ""


#: Tools: name, argument that prints the version, what for, what to do, whether Franca needs it.
_TOOLS: tuple[tuple[str, str, str, str, bool], ...] = (
    ("git", "--version", "pulling repositories and sources", "install git with the system's package manager", True),
    ("bash", "--version", "native scripts of content", "install bash", True),
    ("gcc", "--version", "content that compiles", "install gcc or clang", False),
    ("cmake", "--version", "content that compiles", "pip install cmake, or the system's package", False),
    ("docker", "--version", "running in Docker containers", "install Docker", False),
    ("podman", "--version", "running in Podman containers", "install Podman", False),
    ("apptainer", "--version", "running in Apptainer containers", "install Apptainer", False),
    ("singularity", "--version", "running in Singularity containers", "install Apptainer", False),
    ("sbatch", "--version", "batch jobs under Slurm", "run where Slurm is installed", False),
    ("kubectl", "version --client", "jobs on Kubernetes", "install kubectl", False),
    ("ssh", "-V", "jobs on other machines", "install an OpenSSH client", False),
    ("nvidia-smi", "--version", "NVIDIA GPUs", "nothing, unless there is such a GPU: then its driver", False),
    ("rocm-smi", "--version", "AMD GPUs", "nothing, unless there is such a GPU: then ROCm", False),
)

#: Packages: import name, what for, what to do.
_PACKAGES = (
    ("onnxruntime", "running ONNX models in this Python", "pip install 'franca[inference]'"),
    ("mlperf_loadgen", "MLPerf LoadGen in this Python", "pip install 'franca[inference]'"),
)


def checks(session: Session) -> list[Check]:
    """All findings, those about this installation first. A check that fails itself is a finding."""
    out: list[Check] = []
    for look in (_python, _machine, _store, _repositories, _disk, _tools, _packages):
        try:
            out += look(session)
        except (FrancaError, OSError) as error:
            out.append(Check(look.__name__.strip("_"), BAD, str(error), next=getattr(error, "hint", "")))
    return out


def _python(session: Session) -> Iterator[Check]:
    yield Check("python", GOOD, f"{platform.python_version()} at {sys.executable}")
    state = GOOD if _libyaml() else OPTIONAL
    found = "with its C parser" if state == GOOD else "without its C parser: reading content is 9 times slower"
    yield Check("yaml", state, found, next="" if state == GOOD else "pip install --force-reinstall PyYAML")


def _libyaml() -> bool:
    from importlib.util import find_spec

    return find_spec("yaml._yaml") is not None or find_spec("_yaml") is not None


def _machine(session: Session) -> Iterator[Check]:
    yield Check("system", GOOD, f"{platform.system()} {platform.release()} on {platform.machine()}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Check("processors", GOOD, str(cores))
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        yield Check("memory", GOOD, f"{memory / 2**30:.1f} GiB")


def _store(session: Session) -> Iterator[Check]:
    root = session.catalog.root
    if os.access(root, os.W_OK):
        yield Check("store", GOOD, root)
    else:
        yield Check("store", BAD, f"{root} cannot be written", "everything", "change its owner, or set CM_REPOS")


def _repositories(session: Session) -> Iterator[Check]:
    repos = session.catalog.repos()
    yield Check("repositories", GOOD, ", ".join(repo.ref.alias for repo in repos))
    for repo in repos:
        if not repo.trusted:
            yield Check(
                f"trust {repo.ref.alias}",
                OPTIONAL,
                "its hooks do not run yet",
                "its scripts",
                f"franca trust {repo.ref.alias}",
            )
    for warning in session.catalog.warnings:
        yield Check("content", OPTIONAL, warning, "what it names", "repair or remove that file")


def _disk(session: Session) -> Iterator[Check]:
    free = shutil.disk_usage(session.catalog.root).free
    if free < 2**30:
        advice = "make room; franca find cache --long shows what is cached"
        yield Check("disk", BAD, f"{free / 2**20:.0f} MiB free", "caches and results", advice)
    else:
        yield Check("disk", GOOD, f"{free / 2**30:.1f} GiB free in {session.catalog.root}")


def _tools(session: Session) -> Iterator[Check]:
    for name, argument, purpose, advice, needed in _TOOLS:
        path = shutil.which(name)
        if path:
            yield Check(name, GOOD, _version([path, *argument.split()]), purpose)
        else:
            yield Check(name, BAD if needed else OPTIONAL, "not on PATH", purpose, advice)


def _version(command: list[str]) -> str:
    """The first line that a tool prints about itself; its path when it says nothing in time."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=5, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return command[0]
    if done.returncode:
        return command[0]
    text = (done.stdout or done.stderr).decode("utf-8", "replace").strip()
    return text.splitlines()[0][:100] if text else command[0]


def _packages(session: Session) -> Iterator[Check]:
    from importlib.util import find_spec

    for name, purpose, advice in _PACKAGES:
        if find_spec(name):
            yield Check(name, GOOD, "installed", purpose)
        else:
            yield Check(name, OPTIONAL, "not installed", purpose + " (recipes install their own)", advice)


Look = Callable[[Session], Iterator[Check]]


def summary(found: list[Check]) -> dict[str, Any]:
    return {
        "checks": found,
        "problems": sum(check.state == BAD for check in found),
        "missing": sum(check.state == OPTIONAL for check in found),
    }
