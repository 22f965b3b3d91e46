"""Time, identities, processes and modules under the names that content imports (CM core, section 11)."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from franca.compat.results import Result, refusal


def gen_uid() -> Result:
    return {"return": 0, "uid": uuid.uuid4().hex[:16]}


def get_current_date_time(i: Mapping[str, Any] | None = None) -> Result:
    """The time now: numbers in ``array`` and ISO text in ``iso_datetime``; ``timezone`` is an IANA name."""
    import datetime

    zone = None
    name = (i or {}).get("timezone", "")
    if name:
        import zoneinfo

        try:
            zone = zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return refusal(f"time zone {name!r} is not known on this machine")
    now = datetime.datetime.now(zone)
    array = {
        "date_year": now.year,
        "date_month": now.month,
        "date_day": now.day,
        "time_hour": now.hour,
        "time_minute": now.minute,
        "time_second": now.second,
    }
    return {"return": 0, "array": array, "iso_datetime": now.isoformat()}


def gen_tmp_file(i: Mapping[str, Any]) -> Result:
    """The name of a file that does not exist in the temporary directory; its basename with ``remove_dir``."""
    name = f"{i.get('prefix', '')}{uuid.uuid4().hex}{i.get('suffix', '')}"
    path = os.path.join(tempfile.gettempdir(), name)
    return {"return": 0, "file_name": name if i.get("remove_dir") else path}


class NoDebugger:
    """What ``debug_here`` hands back when no debugger is asked for: its breakpoint is nothing."""

    def breakpoint(self) -> None:
        return None


def debug_here(
    module_path: str = "",
    host: str = "localhost",
    port: int = 5678,
    text: str = "",
    env: Mapping[str, Any] | None = None,
    env_debug_uid: str = "",
) -> Any:
    """Wait for a remote debugger when ``P_TMP_DEBUG_UID`` in ``env`` names this place."""
    have = {str((env or {}).get(f"{prefix}TMP_DEBUG_UID", "")).strip().lower() for prefix in ("CM_", "MLC_")}
    if not env_debug_uid or env_debug_uid.lower() not in have:
        return NoDebugger()
    try:
        debugpy = importlib.import_module("debugpy")
    except ImportError:
        print(f"debugpy is not installed: no breakpoint {text or env_debug_uid}", file=sys.stderr)
        return NoDebugger()
    debugpy.listen((host, port))
    print(f"{text} waiting for a debugger at {host}:{port} ...", file=sys.stderr)
    debugpy.wait_for_client()
    return debugpy


# --- modules --------------------------------------------------------------------------------------


def execute_module(path: str, name: str) -> ModuleType:
    """The module at ``path``, executed anew and registered nowhere."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_python_module(i: Mapping[str, Any]) -> Result:
    """``i['path']/i['name'].py`` executed; ``code`` is the module."""
    path, name = str(i["path"]), str(i["name"])
    full = os.path.join(path, name + ".py")
    try:
        module = execute_module(full, name)
    except Exception as error:  # whatever content raises while it is loaded is its result
        text = f"can't load Python module code (path={path}, name={name}, err={error!r})"
        return refusal(text)
    return {"return": 0, "code": module, "path": full, "code_uid": ""}


def load_module(cmind: Any, path: str, sub_module_file: str) -> Result:
    """``path/sub_module_file`` executed if it exists: ``sub_module_obj`` (or None), ``sub_module_path``."""
    full = os.path.join(path, sub_module_file)
    if not os.path.isfile(full):
        return {"return": 0, "sub_module_obj": None, "sub_module_path": full}
    result = load_python_module({"path": path, "name": sub_module_file.removesuffix(".py")})
    if result["return"] > 0:
        return result
    module = result["code"]
    if hasattr(module, "init"):
        module.init(cmind)
    return {"return": 0, "sub_module_obj": module, "sub_module_path": full}


def call_internal_module(
    module_self: Any, path_to_current_module: str, module_name: str, module_func: str, i: dict[str, Any]
) -> Any:
    """Call a function of a module beside the caller's; it finds the caller in ``i['self_module']``."""
    directory = os.path.dirname(os.path.abspath(path_to_current_module))
    sys.path.insert(0, directory)
    try:
        module = execute_module(os.path.join(directory, module_name + ".py"), module_name)
    finally:
        sys.path.remove(directory)
    if module_self is not None:
        i["self_module"] = module_self
    return getattr(module, module_func)(i)


_ACTION = re.compile(r"^    def ([a-z]\w*)\(self, i\):", re.MULTILINE)


def find_api(file_name: str, func: str) -> Result:
    """The docstring of action ``func`` in a module's text, as ``api``."""
    with open(file_name, encoding="utf-8") as stream:
        text = stream.read()
    for found in _ACTION.finditer(text):
        if found.group(1) == func:
            block = re.match(r'\s*"""(.*?)"""', text[found.end() :], re.DOTALL)
            return {"return": 0, "api": block.group(1) if block else ""}
    return refusal(f"function {func!r} was not found in {file_name}", 16)


# --- the machine ----------------------------------------------------------------------------------


def run_system_cmd(i: Mapping[str, Any]) -> Result:
    """Run the command line ``i['cmd']`` in ``i['path']`` through the shell, as its author wrote it.

    The text comes from content, which is code that runs here anyway; nothing is put into it.
    """
    done = subprocess.run(  # noqa: S602
        i["cmd"],
        shell=True,
        cwd=i.get("path") or None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    result: Result = {"return": 0, "output": done.stdout.strip(), "error_output": done.stderr.strip()}
    if done.returncode:
        result["return"] = 1
        result["error"] = f"command failed with status {done.returncode}: {i['cmd']}\n{done.stderr.strip()}"
    return result


def copy_to_clipboard(text: str) -> Result:
    """Put a text on the clipboard if one of the usual tools is there; it is no error when none is."""
    import shutil

    for tool in (["wl-copy"], ["xclip", "-selection", "clipboard"], ["pbcopy"], ["clip"]):
        if shutil.which(tool[0]):
            done = subprocess.run(tool, input=text, text=True, check=False)
            if done.returncode == 0:
                return {"return": 0}
    return {"return": 0, "warning": "no clipboard tool was found"}


def get_memory_use(console: bool = False) -> Result:
    """Memory of this process in bytes and of the machine in percent, where psutil is installed."""
    try:
        psutil = importlib.import_module("psutil")
    except ImportError:
        return refusal("psutil is not installed: memory use is unknown", 16)
    use = {
        "memory_use": int(psutil.Process(os.getpid()).memory_info().rss),
        "available_memory": int(psutil.virtual_memory().available),
        "total_memory": int(psutil.virtual_memory().total),
    }
    if console:
        for name, value in use.items():
            print(f"{name}: {value} bytes")
    return {"return": 0, **use}
