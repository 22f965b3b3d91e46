"""Download a file and, with the variation `_extract`, unpack it; the work is in the two recipes it depends on."""

from __future__ import annotations

import os


def preprocess(i):
    """Pass on what concerns the dependencies: their caching, and that a local file is kept."""
    env, given = i["env"], i["input"]
    if given.get("force_cache"):
        shared = {"extra_cache_tags": given.get("extra_cache_tags", ""), "force_cache": True}
        deps = i["meta"]["prehook_deps"] + i["meta"]["posthook_deps"]
        updated = i["automation"].update_deps(
            {"deps": deps, "update_deps": {"download-script": dict(shared), "extract-script": dict(shared)}}
        )
        if updated["return"] > 0:
            return updated
    if env.get("CM_DOWNLOAD_LOCAL_FILE_PATH"):
        env["CM_EXTRACT_REMOVE_EXTRACTED"] = "no"
    extracts = str(env.get("CM_DAE_EXTRACT_DOWNLOADED", "")).lower() in ("yes", "true", "1")
    if extracts and env.get("CM_DAE_FINAL_ENV_NAME") and not env.get("CM_EXTRACT_FINAL_ENV_NAME"):
        env["CM_EXTRACT_FINAL_ENV_NAME"] = env["CM_DAE_FINAL_ENV_NAME"]
    return {"return": 0}


def postprocess(i):
    """Export the content, or the file when it was not extracted."""
    env = i["env"]
    path = env.get("CM_EXTRACT_EXTRACTED_PATH") or env.get("CM_DOWNLOAD_DOWNLOADED_PATH", "")
    if not path or not os.path.exists(path):
        return {"return": 1, "error": f"the downloaded path {path!r} does not exist"}
    if env.get("CM_DAE_FINAL_ENV_NAME"):
        env[env["CM_DAE_FINAL_ENV_NAME"]] = path
    env["CM_GET_DEPENDENT_CACHED_PATH"] = path
    return {"return": 0}
