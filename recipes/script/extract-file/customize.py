"""Extract an archive or decompress a file, safely."""

from __future__ import annotations

import hashlib
import importlib.util
import os

from franca.hooks.given import from_user

_ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


def helper():
    """The module beside this file that unpacks."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "unpack.py")
    spec = importlib.util.spec_from_file_location("franca_recipe_unpack", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def preprocess(i):
    """Extract and export where the content is."""
    env = i["env"]
    unpack = helper()
    try:
        path, archive = extract(unpack, env)
        check(unpack, env, path)
    except (unpack.UnpackError, OSError) as error:
        return {"return": 1, "error": f"extraction failed: {error}"}
    env["CM_EXTRACT_EXTRACTED_PATH"] = env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    if env.get("CM_EXTRACT_FINAL_ENV_NAME"):
        env[env["CM_EXTRACT_FINAL_ENV_NAME"]] = path
    if text(env, "CM_EXTRACT_REMOVE_EXTRACTED").lower() in ("yes", "true", "on", "1"):
        os.remove(archive)
    return {"return": 0, "add_extra_cache_tags": [cache_tag(archive)]}


def extract(unpack, env):
    """(path of the content, path of the archive)."""
    archive = text(env, "CM_EXTRACT_FILEPATH")
    if not archive:
        raise unpack.UnpackError("name the archive with --input=...")
    archive = from_user(env, archive)
    wished = text(env, "CM_EXTRACT_PATH")
    folder = from_user(env, wished) if wished else os.getcwd()
    sub_folder = text(env, "CM_EXTRACT_TO_FOLDER")
    if sub_folder:
        folder = os.path.join(folder, sub_folder)
    wanted = text(env, "CM_EXTRACT_EXTRACTED_FILENAME")
    strip, most = number(unpack, env, "CM_EXTRACT_STRIP_FOLDERS"), number(unpack, env, "CM_EXTRACT_MAX_SIZE")
    top = unpack.unpack(archive, folder, strip=strip or 0, most=most, name=os.path.basename(wanted))
    return content_path(unpack, folder, wanted, sub_folder, top), archive


def content_path(unpack, folder, wanted, sub_folder, top):
    """What to export: the wanted file, the sub-folder, the only thing in the archive when it is a file, or the folder."""
    if wanted and not sub_folder:
        path = os.path.join(folder, os.path.basename(wanted))
        if not os.path.exists(path):
            raise unpack.UnpackError(f"{wanted} is not in the archive; it has {', '.join(top[:10])}")
        return path
    if not sub_folder and len(top) == 1 and os.path.isfile(os.path.join(folder, top[0])):
        return os.path.join(folder, top[0])
    return folder


def check(unpack, env, path):
    """Compare the checksum of an extracted file with the one that was asked for."""
    wanted = text(env, "CM_EXTRACT_EXTRACTED_CHECKSUM").lower()
    if not wanted:
        return
    algorithm = _ALGORITHMS.get(len(wanted))
    if algorithm is None or not os.path.isfile(path):
        raise unpack.UnpackError(f"checksum {wanted!r} cannot be checked on {path}")
    with open(path, "rb") as stream:
        state = hashlib.new(algorithm, usedforsecurity=False)
        while block := stream.read(1 << 20):
            state.update(block)
    if state.hexdigest() != wanted:
        raise unpack.UnpackError(f"{path}: {algorithm} is {state.hexdigest()}, expected {wanted}")


def number(unpack, env, key):
    """A whole number of the environment, or None."""
    given = text(env, key)
    if given and not given.isdigit():
        raise unpack.UnpackError(f"{key} = {given!r}: expected a whole number")
    return int(given) if given else None


def text(env, key):
    """A value of the environment as text; nothing when it is unset or only a switch."""
    value = env.get(key)
    return "" if value is None or isinstance(value, bool) else str(value).strip()


def cache_tag(archive):
    """A tag that tells cache entries of different archives apart; paths may hold commas, so a digest."""
    return "path-" + hashlib.sha256(archive.encode("utf-8", "surrogateescape")).hexdigest()[:12]
