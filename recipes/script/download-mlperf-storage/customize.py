"""Download a set of files from the storage of MLCommons and check each.

A set is described by two small files: NAME.uri holds the address of a folder, NAME.md5 the MD5 and the path of
every file in it. Nothing is kept whose MD5 is another one.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import urllib.parse

from franca.hooks.given import from_user

MAX_LIST = 16 << 20


def preprocess(i):
    """Bring the files and export the folder."""
    env = i["env"]
    url = str(env.get("CM_MLPERF_STORAGE_URL") or "")
    if not url.endswith(".uri"):
        return {"return": 1, "error": f"--url={url}: expected the address of a description, NAME.uri"}
    fetch = helper()
    given = str(env.get("CM_MLPERF_STORAGE_TO") or "")
    folder = from_user(env, given) if given else os.path.abspath("data")
    try:
        bring(fetch, url, folder, wanted_names(env), env)
    except (fetch.DownloadError, OSError, UnicodeDecodeError) as error:
        return {"return": 1, "error": f"{url} cannot be had: {error}"}
    env["CM_MLPERF_STORAGE_PATH"] = env["CM_GET_DEPENDENT_CACHED_PATH"] = folder
    return {"return": 0}


def helper():
    """The module of the recipe beside this one that does transfers."""
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(os.path.dirname(here), "download-file", "fetch.py")
    spec = importlib.util.spec_from_file_location("franca_recipe_fetch", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wanted_names(env):
    """Names of the files that are wanted; empty for all."""
    return {name.strip() for name in str(env.get("CM_MLPERF_STORAGE_FILES") or "").split(",") if name.strip()}


def bring(fetch, url, folder, names, env):
    """All files of a set; raises fetch.DownloadError."""
    lists = os.path.join(folder, ".set")
    stem = url[: -len(".uri")]
    fetch.fetch([url], os.path.join(lists, "set.uri"))
    fetch.fetch([stem + ".md5", url + ".md5"], os.path.join(lists, "set.md5"))
    base = small_text(fetch, os.path.join(lists, "set.uri")).strip().rstrip("/")
    files = [one for one in listed(fetch, small_text(fetch, os.path.join(lists, "set.md5"))) if wanted(one[1], names)]
    if not files:
        raise fetch.DownloadError(f"the set has no file {', '.join(sorted(names))}")
    for digest, path in files:
        if not env.get("CM_TMP_SILENT"):
            print(f"downloading {path}", file=sys.stderr)
        place = urllib.parse.quote(path) if "://" in base else path
        fetch.fetch([f"{base}/{place}"], os.path.join(folder, path), [("md5", digest)], progress=fetch.Progress(path))


def wanted(path, names):
    return not names or os.path.basename(path) in names


def small_text(fetch, path):
    """Content of a list; raises fetch.DownloadError when it is too long to be one."""
    if os.path.getsize(path) > MAX_LIST:
        raise fetch.DownloadError(f"{path}: a list of more than {MAX_LIST} bytes")
    with open(path, encoding="utf-8") as source:
        return source.read()


def listed(fetch, text):
    """(MD5, path) of each line; a path that leads out of the folder is refused."""
    found = []
    for line in text.splitlines():
        digest, _, path = line.strip().partition(" ")
        path = os.path.normpath(path.strip().lstrip("*")) if path.strip() else ""
        if not digest and not path:
            continue
        if not path or os.path.isabs(path) or path.split(os.sep)[0] == ".." or "\\" in path:
            raise fetch.DownloadError(f"the list of files has the line {line!r:.80}")
        fetch.checksum_kind(digest)
        found.append((digest.lower(), path))
    return found
