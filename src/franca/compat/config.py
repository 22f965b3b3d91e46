"""The configuration dictionary ``cm.cfg`` (CM core, section 1.4)."""

from __future__ import annotations

from franca.errors import UsageError
from franca.grammar.merge import copied
from franca.model.ids import LOCAL_REPO_UID
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The release of CM whose interface this is; content compares ``min_cm_version`` with it.
CM_VERSION = "4.2.0"

_CFG: dict[str, Any] = {
    "name": "cm",
    "env_home": "CM_HOME",
    "env_repos": "CM_REPOS",
    "env_index": "CM_INDEX",
    "env_debug": "CM_DEBUG",
    "env_config": "CM_CONFIG",
    "default_home_dir": "CM",
    "file_repos": "repos.json",
    "dir_repos": "repos",
    "cmind_repo": "repo",
    "file_index": "index.json",
    "file_meta_repo": "cmr",
    "file_cmeta": "_cm",
    "common_automation_module_name": "module",
    "common_automation_module_namex": "modulex",
    "cmind_automation": "automation",
    "local_repo_name": "local",
    "local_repo_meta": {"alias": "local", "name": "local CM repository", "uid": LOCAL_REPO_UID},
    "default_repo_pack": "cm.zip",
    "repo_url_prefix": "https://github.com/",
    "repo_url_org": "mlcommons",
    "fail_if_automation_not_found": True,
    "error_prefix": "CM error:",
    "error_prefix2": "CMX detected a problem",
    "info_cli": "cm {action} {automation} {artifact(s)} {flags} @input.yaml @input.json",
    "info_clix": "cmx {action} {automation} {CMX control flags (-)} {artifact(s)} {flags (--)}",
    "line": "=" * 55,
    "flag_help": "h",
    "flag_help2": "help",
    "flag_debug": "cm-debug",
    "artifact_keys": ["automation", "artifact", "parsed_automation", "parsed_artifact"],
    "action_substitutions": {
        "ls": "search",
        "list": "search",
        "find": "search",
        "rm": "delete",
        "mv": "move",
        "ren": "move",
        "rename": "move",
        "cp": "copy",
    },
}


def configuration(environ: Mapping[str, str]) -> dict[str, Any]:
    """A fresh configuration, with the keys of the file that ``CM_CONFIG`` names laid over it.

    Raises:
        UsageError: that file holds no mapping, or has another extension than .json or .yaml.
    """
    cfg: dict[str, Any] = copied(_CFG)
    path = environ.get("CM_CONFIG", "").strip()
    if path:
        cfg.update(_read(path))
    return cfg


def _read(path: str) -> dict[str, Any]:
    from franca.catalog.files import read_json, read_yaml

    if not path.endswith((".json", ".yaml", ".yml")):
        raise UsageError(f"CM_CONFIG names {path}: a .json or .yaml file was expected")
    content = read_json(path) if path.endswith(".json") else read_yaml(path)
    if not isinstance(content, dict):
        raise UsageError(f"CM_CONFIG names {path}: it must hold a mapping of keys to values")
    return content
