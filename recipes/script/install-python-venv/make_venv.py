"""Create a virtual environment with pip in it; run by the interpreter that it shall be based on."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

RECORD = "franca-env.json"


def main(argv):
    """Create the environment at the given path; the exit status is 1 when this Python cannot."""
    if importlib.util.find_spec("venv") is None:
        return refuse("it lacks the module 'venv'")
    path = argv[1]
    has_pip = importlib.util.find_spec("ensurepip") is not None and create(path, with_pip=True)
    if not has_pip:
        if not base_pip_can_target():
            return refuse("it lacks 'ensurepip', and its own pip is missing or older than 22.3")
        if not create(path, with_pip=False):
            return refuse("the module 'venv' failed (see above)")
    write_record(path, "" if has_pip else sys.executable)
    return 0


def create(path, with_pip):
    """Whether the environment could be created."""
    import venv

    try:
        venv.EnvBuilder(clear=True, symlinks=os.name != "nt", with_pip=with_pip).create(path)
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"creating {path}: {error}", file=sys.stderr)
        return False
    return True


def base_pip_can_target():
    """Whether the base interpreter has a pip that can install into another interpreter's environment."""
    done = subprocess.run([sys.executable, "-I", "-m", "pip", "--version"], capture_output=True, text=True, check=False)
    words = done.stdout.split()
    if done.returncode or len(words) < 2:
        return False
    major, _, rest = words[1].partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor or 0)) >= (22, 3)


def write_record(path, pip_from):
    """Start the record that `get-generic-python-lib` keeps of what it installed."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    record = {"format": 1, "python": version, "pip_from": pip_from, "base": sys.executable, "dists": {}}
    temporary = os.path.join(path, RECORD + ".tmp")
    with open(temporary, "w", encoding="utf-8") as stream:
        json.dump(record, stream, indent=2, sort_keys=True)
    os.replace(temporary, os.path.join(path, RECORD))


def refuse(reason):
    """Say why and what to do."""
    print(
        f"{sys.executable} cannot create a virtual environment: {reason}.\n"
        "Install that part of Python (on Debian and Ubuntu: apt-get install python3-venv) or choose another"
        " interpreter with --adr.python3.input=/path/to/python3",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
