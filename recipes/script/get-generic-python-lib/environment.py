"""What is inside one of our virtual environments, and how packages get into it.

Imported by ``customize.py`` for the questions (standard library only, no child process) and run as a
program for the installation: ``environment.py VENV [--index-url=U] [--extra-index-url=U] REQUIREMENT...``.

The environment carries a record (``franca-env.json``) of every package that a finished installation left.
Installing is a transaction: lock, mark, pip, record, unmark. A mark that is still there under the lock means
that pip was killed half way; the environment is then made again from the record.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys

RECORD = "franca-env.json"
MARK = "franca-installing.json"
LOCK = "franca-env.lock"
LOG = "franca-pip.log"
# Settings of pip that would send packages somewhere else than into the environment.
_MISLEADING = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?P<extras>\[[A-Za-z0-9,._-]+\])?"
    r"(?P<limits>(?:(?:==|>=|<=)[A-Za-z0-9.!+_-]+(?:,(?!$)|$))*)"
)


class BadRequirement(ValueError):
    """A text that is not a package name with optional extras and limits."""


def requirement(package, exact="", least="", greatest=()):
    """The pip requirement for a package and the limits of a request; raises BadRequirement."""
    limits = [f"=={exact}"] if exact else []
    if not exact:
        limits += [f">={least}"] if least else []
        limits += [f"<={limit}" for limit in greatest if limit]
    text = package + ",".join(limits)
    split(text)
    return text


def split(text):
    """(normalised name, [(operator, version), ...]) of a requirement; raises BadRequirement."""
    found = _REQUIREMENT.fullmatch(text)
    if not found:
        raise BadRequirement(f"{text!r} is not a package name with limits such as numpy>=1.26")
    limits = [(part[:2], part[2:]) for part in found["limits"].split(",") if part]
    return normal(found["name"]), limits


def normal(name):
    """A package name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def order(version):
    """A key that sorts versions like PEP 440 does for what packages really use."""
    found = re.match(r"v?(?:(\d+)!)?(\d+(?:\.\d+)*)", version.lower())
    if not found:
        return (0, (), (-9, 0), 0)
    epoch = int(found[1] or 0)
    release = [int(part) for part in found[2].split(".")]
    while release and release[-1] == 0:
        release.pop()
    rest = version.lower()[found.end() :].partition("+")[0]
    return (epoch, tuple(release), stage(rest), post(rest))


def stage(rest):
    """Where in a release's life a suffix stands: dev < a < b < rc < final."""
    early = re.search(r"(rc|a|b|c|alpha|beta|pre|preview)[-_.]?(\d*)", rest)
    if early:
        rank = {"a": -3, "alpha": -3, "b": -2, "beta": -2}.get(early[1], -1)
        return (rank, int(early[2] or 0))
    dev = re.search(r"dev[-_.]?(\d*)", rest)
    return (-4, int(dev[1] or 0)) if dev else (0, 0)


def post(rest):
    """Number of a post-release; -1 for the release itself."""
    found = re.search(r"(?:post|rev|r)[-_.]?(\d+)", rest.replace("rc", ""))
    return int(found[1]) if found else -1


def meets(version, limits):
    """Whether a version lies in the limits."""
    mine = order(version)
    checks = {"==": mine.__eq__, ">=": mine.__ge__, "<=": mine.__le__}
    if any(operator == "==" and "+" in limit and limit != version for operator, limit in limits):
        return False
    return all(checks[operator](order(limit)) for operator, limit in limits)


def read_record(venv):
    """The record of an environment, or None when there is no usable environment."""
    try:
        with open(os.path.join(venv, RECORD), encoding="utf-8") as stream:
            record = json.load(stream)
    except (OSError, ValueError):
        return None
    return record if record.get("format") == 1 and os.path.exists(interpreter(venv)) else None


def interpreter(venv):
    """Path of the environment's interpreter."""
    parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python3")
    return os.path.join(venv, *parts)


def answer(venv, text):
    """``(state, version)`` of a requirement: present, absent, other (a version out of the limits) or broken."""
    record = read_record(venv)
    if record is None or os.path.exists(os.path.join(venv, MARK)):
        return ("broken", "")
    name, limits = split(text)
    entry = record["dists"].get(name)
    if entry is None or not os.path.isdir(os.path.join(venv, entry["info"])):
        return ("absent", "")
    return ("present" if meets(entry["version"], limits) else "other", entry["version"])


@contextlib.contextmanager
def locked(venv):
    """Hold the environment against other processes; the kernel lets go when the process dies."""
    with open(os.path.join(venv, LOCK), "a+b") as stream:
        try:
            import fcntl

            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                print(f"waiting for another installation into {venv}", file=sys.stderr, flush=True)
                fcntl.flock(stream, fcntl.LOCK_EX)
        except ImportError:
            import msvcrt

            msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)
        yield


def install(venv, wanted, options):
    """Bring the requirements into the environment; returns 0, or pip's exit status."""
    with locked(venv):
        if os.path.exists(os.path.join(venv, MARK)):
            status = rebuild(venv, options)
            if status:
                return status
        record = read_record(venv)
        if all(answer(venv, text)[0] == "present" for text in wanted):
            return 0
        write_json(os.path.join(venv, MARK), {"wanted": wanted})
        status = run_pip(venv, wanted, options, pins(record, wanted), record)
        finish(venv, record)
        return status


def pins(record, wanted):
    """Constraints that keep every package as it is, except those whose change was asked for."""
    asked = dict(split(text) for text in wanted)
    kept = []
    for name, entry in sorted(record["dists"].items()):
        if name not in asked or meets(entry["version"], asked[name]):
            kept.append(f"{name}=={entry['version']}")
    return kept


def rebuild(venv, options):
    """Make the environment again from its record after an installation was killed."""
    with open(os.path.join(venv, RECORD), encoding="utf-8") as stream:
        record = json.load(stream)
    print(f"an earlier installation into {venv} was interrupted: making it again", file=sys.stderr)
    empty(venv)
    status = run_pip(venv, pins(record, []), options, [], record) if record["dists"] else 0
    if status == 0:
        finish(venv, record)
    return status


def empty(venv):
    """Remove all packages but pip and what belongs to it, the way venv and pip themselves see them."""
    import shutil

    site = site_folder(venv)
    for name in os.listdir(site):
        path = os.path.join(site, name)
        if normal(name.split("-")[0]) in ("pip", "setuptools", "pkg-resources", "distutils"):
            continue
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.remove(path)


def finish(venv, record):
    """Write down what is installed now and take the mark away."""
    record = {**record, "dists": installed(venv)}
    write_json(os.path.join(venv, RECORD), record)
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(venv, MARK))


def installed(venv):
    """Every finished package in the environment: name -> version and folder of its metadata."""
    import importlib.metadata as metadata

    site, found = site_folder(venv), {}
    for dist in metadata.distributions(path=[site]):
        info = str(getattr(dist, "_path", ""))
        if dist.metadata["Name"] and info:
            name = normal(dist.metadata["Name"])
            found[name] = {"version": dist.version, "info": os.path.relpath(info, venv)}
    return found


def site_folder(venv):
    """The site-packages folder of an environment."""
    if os.name == "nt":
        return os.path.join(venv, "Lib", "site-packages")
    base = os.path.join(venv, "lib")
    names = sorted(name for name in os.listdir(base) if name.startswith("python"))
    return os.path.join(base, names[-1], "site-packages")


def run_pip(venv, wanted, options, constraints, record):
    """Run pip for the environment; its words go to the log, the last of them on standard error when it fails."""
    constraint_file = os.path.join(venv, "franca-constraints.txt")
    with open(constraint_file, "w", encoding="utf-8") as stream:
        stream.writelines(line + "\n" for line in constraints)
    python = interpreter(venv)
    pip = (
        [record["pip_from"], "-I", "-m", "pip", "--python", python]
        if record.get("pip_from")
        else [python, "-I", "-m", "pip"]
    )
    argv = [*pip, "install", "--no-input", "--disable-pip-version-check", "--no-warn-script-location"]
    argv += ["--constraint", constraint_file, *options, *wanted]
    environ = {key: value for key, value in os.environ.items() if key not in _MISLEADING}
    with open(os.path.join(venv, LOG), "ab") as log:
        log.write(f"\n--- {' '.join(wanted)}\n".encode())
        log.flush()
        start = log.tell()
        status = subprocess.run(
            argv, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        ).returncode
    if status:
        report(venv, start, wanted)
    return status


def report(venv, start, wanted):
    """Show what pip complained about and where all of it is."""
    path = os.path.join(venv, LOG)
    with open(path, "rb") as stream:
        stream.seek(start)
        lines = stream.read().decode("utf-8", "replace").splitlines()
    errors = [line for line in lines if line.lstrip().startswith("ERROR")] or lines
    print(f"pip could not install {' '.join(wanted)}:", file=sys.stderr)
    for line in errors[-8:]:
        print(f"  {line[:600]}", file=sys.stderr)
    print(f"  (whole log: {path})", file=sys.stderr)


def write_json(path, content):
    """Replace a file at once."""
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=2, sort_keys=True)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)


def main(argv):
    """``environment.py VENV [--option=value ...] REQUIREMENT...``; the exit status is pip's."""
    options = [word for word in argv[2:] if word.startswith("--")]
    wanted = [word for word in argv[2:] if not word.startswith("--")]
    return install(os.path.abspath(argv[1]), wanted, options)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
