"""Download one file, or take a local one, and check it."""

from __future__ import annotations

import importlib.util
import os
import sys

from franca.hooks.given import from_user


def helper():
    """The module beside this file that does the transfer."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fetch.py")
    spec = importlib.util.spec_from_file_location("franca_recipe_fetch", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def preprocess(i):
    """Bring the file and export where it is."""
    fetch = helper()
    try:
        path, sha256 = bring(fetch, i["env"])
    except (fetch.DownloadError, OSError) as error:
        return {"return": 1, "error": f"download failed: {error}"}
    return export(i["env"], path, sha256)


def bring(fetch, env):
    """(path, sha256) of the checked file."""
    checksums = wanted_checksums(fetch, env)
    size = wanted_size(fetch, env)
    local = text(env, "CM_DOWNLOAD_LOCAL_FILE_PATH")
    if local:
        return use_local(fetch, from_user(env, local), checksums, size)
    urls = places(env)
    if not urls:
        raise fetch.DownloadError("name what to download with --url=... (or a local file with --from=...)")
    given = text(env, "CM_DOWNLOAD_FILENAME")
    name = fetch.check_name(given) if given else fetch.file_name(urls[0])
    folder = text(env, "CM_DOWNLOAD_PATH")
    target = os.path.join(from_user(env, folder) if folder else os.getcwd(), name)
    if not env.get("CM_TMP_SILENT"):
        print(f"downloading {urls[0]}", file=sys.stderr)
    return target, fetch.fetch(urls, target, checksums, size, secure=secure(env), progress=fetch.Progress(name))


def secure(env):
    """Whether the certificate of a server is to be checked."""
    return str(env.get("CM_VERIFY_SSL", "yes")).lower() not in ("no", "false", "off", "0")


def use_local(fetch, path, checksums, size):
    """Check a local file and use it where it is; a folder is taken unchecked when nothing is to be checked."""
    if os.path.isdir(path) and not checksums and size is None:
        return path, ""
    if not os.path.isfile(path):
        raise fetch.DownloadError(f"local file {path} does not exist")
    return path, fetch.verify(path, checksums, size, path)


def places(env):
    """URLs to try, in order: the main one, the mirrors, and the numbered keys that older content uses."""
    urls = [text(env, "CM_DOWNLOAD_URL"), *text(env, "CM_DOWNLOAD_MIRRORS").split(",")]
    urls += [text(env, f"CM_DOWNLOAD_URL{number}") for number in range(1, 5)]
    named = (url.strip() for url in urls if url.strip())
    return list(dict.fromkeys(url if "://" in url else from_user(env, url) for url in named))


def wanted_checksums(fetch, env):
    """Checksums that the caller asked for."""
    found = [
        fetch.checksum_kind(given)
        for key in ("CM_DOWNLOAD_CHECKSUM", "CM_DOWNLOAD_SHA256")
        if (given := text(env, key))
    ]
    return list(dict.fromkeys(found))


def wanted_size(fetch, env):
    """The size that the caller asked for, or None."""
    given = text(env, "CM_DOWNLOAD_SIZE")
    if given and not given.isdigit():
        raise fetch.DownloadError(f"size {given!r}: expected a number of bytes")
    return int(given) if given else None


def text(env, key):
    """A value of the environment as text; nothing when it is unset or only a switch."""
    value = env.get(key)
    return "" if value is None or isinstance(value, bool) else str(value).strip()


def export(env, path, sha256):
    """Say where the file is."""
    env["CM_DOWNLOAD_DOWNLOADED_PATH"] = path
    env["CM_DOWNLOAD_DOWNLOADED_FILENAME"] = os.path.basename(path)
    env["CM_DOWNLOAD_DOWNLOADED_SHA256"] = sha256
    env["CM_DOWNLOAD_DOWNLOADED_SIZE"] = str(os.path.getsize(path))
    env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    if env.get("CM_DOWNLOAD_FINAL_ENV_NAME"):
        env[env["CM_DOWNLOAD_FINAL_ENV_NAME"]] = path
    return {"return": 0}
