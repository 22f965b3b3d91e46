"""Build an image from a Dockerfile with the vendor's own command."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys

_TOOLS = ("docker", "podman")


def preprocess(i):
    """Ask for a Dockerfile when none is given, and fix the name of the image."""
    env = i["env"]
    given = str(env.get("CM_DOCKERFILE_WITH_PATH") or "")
    env["CM_BUILD_DOCKERFILE"] = "no" if given and os.path.isfile(given) else "yes"
    if env["CM_BUILD_DOCKERFILE"] == "yes" and not env.get("CM_DOCKER_RUN_SCRIPT_TAGS"):
        error = f"dockerfile {given} does not exist" if given else "give --dockerfile=... or --script_tags=..."
        return {"return": 1, "error": error}
    image = image_name(env)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._/:-]*:[A-Za-z0-9_][A-Za-z0-9._-]*", image):
        return {"return": 1, "error": f"{image!r} is not the name of an image (lower case, repository/name:tag)"}
    env["CM_DOCKER_IMAGE_WITH_TAG"] = image
    if str(env["CM_CONTAINER_TOOL"]) not in _TOOLS:
        return {"return": 1, "error": f"tool {env['CM_CONTAINER_TOOL']!r}: expected docker or podman"}
    return {"return": 0}


def image_name(env):
    """repository/name:tag of the image; without a name, one made of the script's tags."""
    name = str(env.get("CM_DOCKER_IMAGE_NAME") or "")
    if not name:
        tags = str(env.get("CM_DOCKER_RUN_SCRIPT_TAGS") or "image")
        name = "cm-script-" + re.sub(r"[^a-z0-9]+", "-", tags.lower()).strip("-")
    return f"{env['CM_DOCKER_IMAGE_REPO']}/{name}:{env['CM_DOCKER_IMAGE_TAG']}"


def postprocess(i):
    """Build the image, and push it when asked to."""
    env = i["env"]
    path = os.path.abspath(env["CM_DOCKERFILE_WITH_PATH"])
    tool, image = str(env["CM_CONTAINER_TOOL"]), env["CM_DOCKER_IMAGE_WITH_TAG"]
    argv = [tool, "build", "-f", path, "-t", image]
    if str(env.get("CM_DOCKER_CACHE", "yes")).lower() in ("no", "false", "0"):
        argv.append("--no-cache")
    for setting in env.get("+ CM_DOCKER_BUILD_ARGS") or []:
        argv += ["--build-arg", str(setting)]
    argv.append(os.path.dirname(path))
    env["CM_DOCKER_BUILD_CMD"] = shlex.join(argv)
    failed = execute(argv)
    if not failed and str(env.get("CM_DOCKER_PUSH_IMAGE", "")).lower() in ("yes", "true", "1"):
        failed = execute([tool, "push", image])
    return failed or {"return": 0}


def execute(argv):
    """Run a command; a failed return dictionary, or None."""
    if not shutil.which(argv[0]):
        return {"return": 16, "error": f"{argv[0]} is not installed; the command would be: {shlex.join(argv)}"}
    print("  " + shlex.join(argv), file=sys.stderr, flush=True)
    status = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=2, check=False).returncode
    return {"return": 2, "error": f"{shlex.join(argv)} ended with status {status}"} if status else None
