"""A page about what this machine has: scripts and cached results, or with _graph the results of experiments."""

from __future__ import annotations

import json
import os


def preprocess(i):
    """Collect what the page shows; the native script makes the page and serves it."""
    env = i["env"]
    port = str(env.get("CM_GUI_PORT") or "")
    if not port.isdigit() or int(port) > 65535:
        return {"return": 1, "error": f"port {port!r}: expected a number up to 65535"}
    access = i["automation"].cmind.access
    graph = env.get("CM_GUI_APP") == "graph"
    found = experiments(access, env) if graph else overview(access)
    if found["return"] > 0:
        return found
    page = os.path.abspath(os.path.expanduser(str(env["CM_GUI_FILE"])))
    env["CM_GUI_PAGE_FILE_WITH_PATH"] = page
    content = {"title": str(env["CM_GUI_TITLE"]), "sections": found["sections"], "points": found.get("points")}
    with open("tmp-gui.json", "w", encoding="utf-8") as stream:
        json.dump(content, stream, default=str)
    return {"return": 0}


def overview(access):
    """Sections with all scripts and all cache entries."""
    sections = []
    for automation, title in (("script", "Scripts"), ("cache", "Cached results")):
        found = access({"action": "find", "automation": automation})
        if found["return"] > 0:
            return found
        rows = [[one.meta.get("alias") or one.meta["uid"], ",".join(one.meta.get("tags", [])), one.path]
                for one in found["list"]]  # fmt: skip
        sections.append({"title": title, "head": ["name", "tags", "path"], "rows": sorted(rows)})
    return {"return": 0, "sections": sections}


def experiments(access, env):
    """A section with the results of experiments, and their points where both keys are given."""
    found = access({"action": "find", "automation": "experiment", "tags": env.get("CM_GUI_EXPERIMENT_TAGS", "")})
    results = [] if found["return"] > 0 else [row for one in found["list"] for row in results_of(one)]
    if not results:
        return {
            "return": 16,
            "error": "no results of experiments were found here; record some first with"
            " cm run experiment --tags=TAGS -- COMMAND, or see scripts and cached results with the variation _main",
        }
    keys = sorted({key for _, values in results for key in values})
    rows = [[name, *(values.get(key, "") for key in keys)] for name, values in results]
    answer = {"return": 0, "sections": [{"title": "Experiments", "head": ["experiment", *keys], "rows": rows}]}
    x, y = str(env.get("CM_GUI_KEY_X") or ""), str(env.get("CM_GUI_KEY_Y") or "")
    if x and y:
        pairs = [(name, values.get(x), values.get(y)) for name, values in results]
        answer["points"] = {"x": x, "y": y, "list": [p for p in pairs if is_number(p[1]) and is_number(p[2])]}
    return answer


def results_of(one):
    """(name, flat results) of every result file below an experiment."""
    name = one.meta.get("alias") or one.meta["uid"]
    found = []
    for root, folders, files in os.walk(one.path):
        folders.sort()
        for file in sorted(files):
            if file == "cm-result.json":
                with open(os.path.join(root, file), encoding="utf-8") as stream:
                    content = json.load(stream)
                for item in content if isinstance(content, list) else [content]:
                    found.append((name, flat(item)))
    return found


def flat(value, prefix=""):
    """Nested mappings as one, keys joined by dots; only numbers and texts."""
    if isinstance(value, dict):
        return {name: item for key, below in value.items() for name, item in flat(below, f"{prefix}{key}.").items()}
    return {prefix.rstrip("."): value} if isinstance(value, (int, float, str)) else {}


def is_number(value):
    """Whether a value can be a coordinate."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
