"""Actions of the ``utils`` automation, which content calls through ``access`` (script engine, section 12.7)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from franca.compat import content_data, content_files, content_misc, host
from franca.compat.results import Result, refusal

#: Input keys that belong to the call, not to what is called.
_CALL_KEYS = ("action", "automation", "cmd", "out", "parsed_automation", "parsed_artifact", "parsed_artifacts")


def get_host_os_info(i: Mapping[str, Any] | None = None) -> Result:
    info = host.os_info()
    forced = str((i or {}).get("bits") or "")
    if forced:
        info["bits"] = forced
    return {"return": 0, "info": info}


def compare_versions(i: Mapping[str, Any]) -> Result:
    return {"return": 0, "comparison": content_data.compare_versions(i["version1"], i["version2"])}


def uid(i: Mapping[str, Any]) -> Result:
    result = content_misc.gen_uid()
    if i.get("out") == "con":
        print(result["uid"])
    return result


def generate_secret(i: Mapping[str, Any]) -> Result:
    import secrets

    secret = secrets.token_urlsafe(32)
    if i.get("out") == "con":
        print(secret)
    return {"return": 0, "secret": secret}


def copy_to_clipboard(i: Mapping[str, Any]) -> Result:
    text = str(i.get("string", ""))
    return content_misc.copy_to_clipboard(f'"{text}"' if i.get("add_quotes") else text)


# --- files ------------------------------------------------------------------------------------------


def _places(i: Mapping[str, Any], extension: str) -> tuple[str, str]:
    source = str(i.get("input") or "")
    return source, str(i.get("output") or os.path.splitext(source)[0] + extension)


def json2yaml(i: Mapping[str, Any]) -> Result:
    source, target = _places(i, ".yaml")
    result = content_files.load_json(source, check_if_exists=True)
    return result if result["return"] > 0 else content_files.save_yaml(target, result["meta"])


def yaml2json(i: Mapping[str, Any]) -> Result:
    source, target = _places(i, ".json")
    result = content_files.load_yaml(source, check_if_exists=True)
    return result if result["return"] > 0 else content_files.save_json(target, result["meta"])


def sort_json(i: Mapping[str, Any]) -> Result:
    source, target = _places(i, ".json")
    result = content_files.load_json(source, check_if_exists=True)
    return result if result["return"] > 0 else content_files.save_json(target, result["meta"])


def _edited(i: Mapping[str, Any], old: str, new: str) -> Result:
    source = str(i.get("input") or "")
    if not os.path.isfile(source):
        return refusal(f"{source} was not found", 16)
    with open(source, encoding="utf-8", newline="") as stream:
        text = stream.read()
    content_files.write_whole(str(i.get("output") or source), text.replace(old, new))
    return {"return": 0, "update": bool(old) and old in text}


def dos2unix(i: Mapping[str, Any]) -> Result:
    return _edited(i, "\r", "")


def replace_string_in_file(i: Mapping[str, Any]) -> Result:
    return _edited(i, str(i.get("string", "")), str(i.get("replacement", "")))


def list_files_recursively(i: Mapping[str, Any]) -> Result:
    """All files below the current directory as one text with commas between them, as ``files``."""
    names = ",".join(content_files.list_all_files({"path": i.get("path") or "."})["list"])
    if i.get("out") == "con":
        print(names)
    return {"return": 0, "files": names}


def print_yaml(i: Mapping[str, Any]) -> Result:
    return _printed(content_files.load_yaml(str(i.get("file") or ""), check_if_exists=True))


def print_json(i: Mapping[str, Any]) -> Result:
    return _printed(content_files.load_json(str(i.get("file") or ""), check_if_exists=True))


def _printed(result: Result) -> Result:
    if result["return"] == 0:
        print(json.dumps(result["meta"], indent=2))
    return result


# --- inputs -----------------------------------------------------------------------------------------


def detect_tags_in_artifact(i: Mapping[str, Any]) -> Result:
    """Turn an artifact with blanks in it into tags, in ``i['input']`` itself."""
    from franca.compat.dispatch import words_to_tags_in

    words_to_tags_in(i["input"])
    return {"return": 0}


def prune_input(i: Mapping[str, Any]) -> Result:
    """``i['input']`` without the keys of the call and those that start with ``extra_keys_starts_with``."""
    starts = tuple(i.get("extra_keys_starts_with") or ())
    pruned = {
        key: value
        for key, value in i["input"].items()
        if key not in _CALL_KEYS and not (starts and key.startswith(starts))
    }
    return {"return": 0, "new_input": pruned}


def system(i: Mapping[str, Any]) -> Result:
    """Run the command line ``i['cmd']`` and hand back ``ret``, ``stdout``, ``stderr`` and both as ``std``.

    Its status is in ``ret``; ``return`` is 0 as long as it could be started. ``stdout`` and ``stderr``
    of the input name files that receive the streams as well.
    """
    done = subprocess.run(  # noqa: S602 - the line is code of its author, as in a run.sh
        i["cmd"],
        shell=True,
        cwd=i.get("path") or None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    for key, text in (("stdout", done.stdout), ("stderr", done.stderr)):
        if i.get(key):
            content_files.write_whole(str(i[key]), text)
    out, err = done.stdout.strip(), done.stderr.strip()
    both = "\n".join(text for text in (out, err) if text)
    return {"return": 0, "ret": done.returncode, "stdout": out, "stderr": err, "std": both}
