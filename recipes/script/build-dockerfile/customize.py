"""Write a Dockerfile that prepares a script, so that others run it in the same surroundings."""

from __future__ import annotations

import importlib.util
import os


def helper():
    """The module beside this file that makes the text."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "text.py")
    spec = importlib.util.spec_from_file_location("franca_recipe_dockerfile", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def preprocess(i):
    """Make the text and write it at once."""
    env = i["env"]
    text = helper()
    try:
        content, image = make(text, env)
    except text.BadRequest as error:
        return {"return": 1, "error": str(error)}
    path = os.path.abspath(str(env.get("CM_DOCKERFILE_WITH_PATH") or "Dockerfile"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as stream:
        stream.write(content)
    os.replace(temporary, path)
    env["CM_DOCKERFILE_WITH_PATH"], env["CM_DOCKER_IMAGE_BASE"] = path, image
    return {"return": 0}


def make(text, env):
    """(text of the file, base image)."""
    system = str(env["CM_DOCKER_OS"]).lower()
    image = text.base_image(system, value(env, "CM_DOCKER_OS_VERSION"), value(env, "CM_DOCKER_IMAGE_BASE"))
    variables = env.get("CM_DOCKERFILE_ENV") or {}
    content = text.dockerfile(
        system,
        image,
        package=value(env, "CM_DOCKER_PIP_PACKAGE"),
        packages=value(env, "CM_DOCKER_EXTRA_SYS_DEPS").replace(",", " ").split(),
        variables=sorted({"CM_RUN_STATE_DOCKER": "True", **variables}.items()),
        copies=listed(env.get("CM_DOCKER_COPY_FILES")),
        commands=commands(env),
        comments=listed(env.get("CM_DOCKER_RUN_COMMENTS")),
    )
    return content, image


def commands(env):
    """Command lines to run while building, in order."""
    result = []
    if value(env, "CM_MLOPS_REPO"):
        branch = f" --branch={value(env, 'CM_MLOPS_REPO_BRANCH')}" if value(env, "CM_MLOPS_REPO_BRANCH") else ""
        flags = value(env, "CM_DOCKER_ADD_FLAG_TO_CM_MLOPS_REPO")
        result.append(f"cm pull repo {value(env, 'CM_MLOPS_REPO')}{branch} {flags}".strip())
    result += listed(env.get("CM_DOCKER_PRE_RUN_COMMANDS"))
    main = main_command(env)
    result += [main] if main else []
    return result + listed(env.get("CM_DOCKER_POST_RUN_COMMANDS"))


def main_command(env):
    """The script's own command; only its dependencies run unless a real run is asked for."""
    command = value(env, "CM_DOCKER_RUN_CMD")
    tags = value(env, "CM_DOCKER_RUN_SCRIPT_TAGS")
    if not command and tags:
        command = f"cm run script --tags={tags} --quiet"
    if not command:
        return ""
    is_real = str(env.get("CM_REAL_RUN", "")).lower() in ("yes", "true", "1", "on")
    fake = value(env, "CM_DOCKER_FAKE_RUN_OPTION") or ("" if is_real else "--fake_run")
    return " ".join(part for part in (command, fake, value(env, "CM_DOCKER_RUN_CMD_EXTRA")) if part.strip())


def value(env, key):
    """A value of the environment as text; nothing when it is unset or only a switch."""
    given = env.get(key)
    return "" if given is None or isinstance(given, bool) else str(given).strip()


def listed(given):
    """A list, however it was given."""
    if not given or isinstance(given, bool):
        return []
    return [str(one) for one in given] if isinstance(given, list) else [str(given)]
