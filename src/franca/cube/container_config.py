"""MedPerf's ``container_config.yaml`` read as a cube (MLCube spec, section 15).

There the fixed mount paths are the interface: no task name and no parameter words are passed.
"""

from __future__ import annotations

import os

from franca.errors import Location, MalformedFile, NotFound, Unavailable
from franca.model.light import Any

Tree = dict[str, Any]
RUN_KEYS = frozenset({"command", "entrypoint", "gpus", "shm_size", "environment", "ports"})
IMAGE_TYPES = ("DockerImage", "DockerArchive", "SingularityFile")


def as_cube_tree(tree: Tree, document: Any) -> Tree:
    """The definition as an ``mlcube.yaml`` tree; its own words stay under ``container_config``.

    Raises MalformedFile naming the key that is missing or wrong, Unavailable for encrypted images.
    """
    kind = tree["container_type"]
    if str(kind).startswith("Encrypted"):
        raise Unavailable(f"container type {kind} needs the owner's key, which Franca does not handle",
                          where=document.where(("container_type",)), hint="ask for an unencrypted image")  # fmt: skip
    if kind not in IMAGE_TYPES:
        raise _bad(document, ("container_type",), f"unknown container type {kind!r}", "use " + ", ".join(IMAGE_TYPES))
    if not isinstance(tree.get("image"), str) or not tree["image"].strip():
        raise _bad(document, ("image",), "image is missing", "add 'image: org/name:1'")
    if not isinstance(tree.get("tasks"), dict):
        raise _bad(document, ("tasks",), "tasks must be a map from task names", "")
    tasks = {name: _task(task, ("tasks", name), document) for name, task in tree["tasks"].items()}
    image: Tree = {"image": tree["image"]}
    if kind == "SingularityFile":
        image = {"image": _file_here(tree["image"], document), "image_dir": "/"}
    elif kind == "DockerArchive":
        path = _file_here(tree["image"], document)
        image = {"image": archived_name(path), "tar_file": path}
    section = {"singularity" if kind == "SingularityFile" else "docker": image}
    return {"name": tree.get("name", "container"), **section, "tasks": tasks, "container_config": tree}


def _file_here(text: str, document: Any) -> str:
    """The absolute path of an image file; addresses are not fetched. Raises NotFound."""
    path = os.path.normpath(os.path.join(os.path.dirname(document.path), text))
    if "://" in text or not os.path.isfile(path):
        raise NotFound(f"the image file {text} is not here", where=document.where(("image",)),
                       hint="download it, and name its path relative to the definition")  # fmt: skip
    return path


def archived_name(path: str) -> str:
    """The name or, without one, the id of the image in a ``docker save`` archive. Raises MalformedFile."""
    import json
    import tarfile

    try:
        with tarfile.open(path) as archive:
            member = archive.extractfile("manifest.json")
            entry = json.loads(member.read(1 << 20))[0] if member else {}
        config = str(entry["Config"]).rpartition("/")[2].removesuffix(".json")
        return str((entry.get("RepoTags") or [f"sha256:{config}"])[0])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, tarfile.TarError) as error:
        raise MalformedFile(f"{path} is not an archive of 'docker save': {error}", where=Location(path)) from None


def _task(task: Any, key: tuple[str, ...], document: Any) -> Tree:
    if not isinstance(task, dict):
        raise _bad(document, key, "a task must be a map", "")
    run_args = task.get("run_args") or {}
    if not isinstance(run_args, dict):
        raise _bad(document, (*key, "run_args"), "run_args must be a map", "")
    for name in run_args:
        if name not in RUN_KEYS:
            raise _bad(document, (*key, "run_args", name), f"unknown key {name!r} in run_args",
                       "known: " + ", ".join(sorted(RUN_KEYS)))  # fmt: skip
    out: Tree = {"parameters": {}}
    for volumes, direction in (("input_volumes", "inputs"), ("output_volumes", "outputs")):
        given = task.get(volumes) or {}
        if not isinstance(given, dict):
            raise _bad(document, (*key, volumes), f"{volumes} must be a map", "")
        out["parameters"][direction] = {
            name: _volume(name, volume, (*key, volumes, name), document) for name, volume in given.items()
        }
    return out


def _volume(name: str, volume: Any, key: tuple[str, ...], document: Any) -> Tree:
    if not isinstance(volume, dict):
        raise _bad(document, key, "a volume must be a map with type and mount_path", "")
    if volume.get("type") not in ("file", "directory"):
        raise _bad(document, (*key, "type"), f"type must be file or directory, not {volume.get('type')!r}", "")
    target = volume.get("mount_path")
    if not isinstance(target, str) or not target.startswith("/"):
        raise _bad(document, (*key, "mount_path"), f"mount_path must be an absolute path, not {target!r}", "")
    return {"type": volume["type"], "default": name}


def _bad(document: Any, key: tuple[str, ...], message: str, hint: str) -> MalformedFile:
    return MalformedFile(message, where=document.where(key), hint=hint)


def volume_target(tree: Tree, task: str, name: str, *, output: bool) -> str:
    """The fixed path of a volume inside the container; "" in an ordinary cube."""
    config = tree.get("container_config")
    if not isinstance(config, dict):
        return ""
    volumes = config["tasks"][task].get("output_volumes" if output else "input_volumes") or {}
    return str(volumes[name]["mount_path"])


def run_arguments(tree: Tree, task: str) -> Tree:
    """The ``run_args`` of a task; empty in an ordinary cube."""
    config = tree.get("container_config")
    return dict(config["tasks"][task].get("run_args") or {}) if isinstance(config, dict) else {}
