"""Every key that means something in a script's meta, and the form of its value (script engine, 9.1, 7 and 17)."""

from __future__ import annotations

MAP, LIST, TEXT, FLAG, ANY = "a mapping", "a list", "a text", "yes or no", "anything"

_GUARDS = {"enable_if_env": MAP, "skip_if_env": MAP, "enable_if_any_env": MAP, "skip_if_any_env": MAP}
_LISTS = {"deps": LIST, "prehook_deps": LIST, "posthook_deps": LIST, "post_deps": LIST}
_PATCHES = {"ad": MAP, "add_deps": MAP, "adr": MAP, "add_deps_recursive": MAP}
_BOUNDS = {"version": TEXT, "version_min": TEXT, "version_max": TEXT, "version_max_usable": TEXT}

#: What a variation, a version and the whole script have in common (section 6.4).
BLOCK = {
    **_LISTS, **_PATCHES, "cache": FLAG, "cache_expiration": TEXT, "default_env": MAP, "env": MAP, "const": MAP,
    "state": MAP, "const_state": MAP, "update_meta_if_env": LIST, "input_mapping": MAP, "docker": MAP,
    "apptainer": MAP, "remote_run": MAP, "new_env_keys": LIST, "new_state_keys": LIST, "default_variations": MAP,
    "file_path_env_keys": LIST, "folder_path_env_keys": LIST,
}  # fmt: skip

VARIATION = {
    **BLOCK, "group": TEXT, "default": ANY, "base": ANY, "alias": TEXT, "script_name": TEXT, "default_version": TEXT,
    "required_disk_space": ANY, "warning": ANY, "warnings": ANY, "exclude-in-test": ANY,
}  # fmt: skip

VERSION = dict(BLOCK)

CONDITIONAL = {**BLOCK, **_GUARDS}

TOP = {
    **BLOCK, **_BOUNDS, "alias": TEXT, "uid": TEXT, "automation_alias": TEXT, "automation_uid": TEXT, "tags": LIST,
    "_base": TEXT, "category": TEXT, "developers": ANY, "name": TEXT, "tags_help": TEXT, "category_sort": ANY,
    "private": FLAG, "sort": ANY, "can_force_cache": FLAG, "extra_cache_tags_from_env": LIST, "predeps": FLAG,
    "local_env_keys": LIST, "clean_env_keys_post_deps": LIST, "env_key_mappings": MAP, "input_description": MAP,
    "variations": MAP, "variation_groups_order": LIST, "default_variation": TEXT,
    "valid_variation_combinations": LIST, "invalid_variation_combinations": LIST, "versions": MAP,
    "default_version": TEXT, "docker_off": ANY, "mlc_compat": LIST, "script_name": TEXT, "clean_files": LIST,
    "clean_output_files": LIST, "print_env_at_the_end": MAP, "print_files_if_script_error": LIST, "warnings": ANY,
    "warning": ANY, "required_disk_space": ANY, "tests": MAP, "repo_to_report_errors": TEXT, "min_cm_version": TEXT,
    "min_mlc_version": TEXT, "customize": MAP, "gui": ANY, "desc": TEXT, "description": TEXT, "copyright": TEXT,
    "authors": ANY, "version_info": ANY, "sudo_install": ANY, "inputs": ANY,
}  # fmt: skip

#: Keys of a dependency that the engine reads itself.
DEP = {
    **_GUARDS, **_PATCHES, **_BOUNDS, "tags": ANY, "names": ANY, "env": MAP, "state": MAP, "const": MAP,
    "const_state": MAP, "extra_cache_tags": ANY, "update_tags_from_env_with_prefix": MAP,
    "update_tags_from_env": LIST, "update_tags_if_env": MAP, "update_meta_if_env": LIST, "force_cache": FLAG,
    "force_env_keys": LIST, "inherit_variation_tags": FLAG, "skip_inherit_variation_groups": LIST,
    "reuse_version": FLAG, "force_new_env_keys": LIST, "dynamic": FLAG, "skip_if_fake_run": FLAG,
    "inherit_cache_expiration": FLAG, "continue_on_error": FLAG, "cache_expiration": TEXT,
}  # fmt: skip

#: Inputs that every script understands: a dependency may set them (section 4.1, step 8, and section 13).
GENERIC_INPUTS = frozenset((
    "path", "folder", "input", "output", "outdirname", "outbasename", "name", "skip_compile", "skip_run",
    "accept_license", "skip_system_deps", "git_ssh", "gh_token", "search_folder_path", "skip_sudo", "hf_token",
    "verify_ssl", "quiet", "silent", "verbose", "new", "renew", "skip_cache", "fake_run", "fake_deps", "dirty",
    "ignore_script_error", "only_execute_from_cache", "skip_remembered_selections", "comment", "skip_if_cached",
))  # fmt: skip

PATCH = {**DEP}

INPUT = {
    "desc": TEXT, "default": ANY, "sort": ANY, "choices": ANY, "boolean": ANY, "is_path": ANY, "env_key": TEXT,
    "alias": ANY, "force": ANY, "type": ANY, "required": ANY,
}  # fmt: skip

#: Misspellings that are met in content and that no distance would find.
KNOWN_MISTAKES = {
    "default-variations": "default_variations", "default_variation": "default_variations", "alis": "alias",
    "add_deps_tags": "add_deps", "extra_cache_rm_tags": "extra_cache_tags", "force-cache": "force_cache",
    "version_max1": "version_max", "docker_input_mapping": "docker.input_mapping",
}  # fmt: skip

_SLACK = 3


def misspelt(key: str, known: dict[str, str]) -> str:
    """The known key that ``key`` was probably meant to be; empty when it looks like none.

    >>> misspelt('updats_tags_from_env_with_prefix', DEP)
    'update_tags_from_env_with_prefix'
    >>> misspelt('model_filename', DEP)
    ''
    """
    if key in known:
        return ""
    if key in KNOWN_MISTAKES and KNOWN_MISTAKES[key].partition(".")[0] in {*known, "docker"}:
        return KNOWN_MISTAKES[key]
    folded = _fold(key)
    for name in known:
        if folded == _fold(name):
            return name
    near = sorted((_distance(folded, _fold(n), _SLACK), n) for n in known if abs(len(n) - len(folded)) < _SLACK)
    if near and near[0][0] <= (2 if len(folded) > 8 else 1) and len(folded) > 2:
        return near[0][1]
    return ""


def _fold(key: str) -> str:
    """A key without what fingers add: marks, digits at the end, other blanks, letter case."""
    kept = "".join(c for c in key.lower().replace("-", "_").replace(" ", "_") if c.isalnum() or c == "_")
    return kept.strip("_").rstrip("0123456789")


def _distance(a: str, b: str, limit: int) -> int:
    """How many letters differ (insert, delete, replace, swap neighbours); ``limit`` when it is that or more."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i] + [0] * len(b)
        for j, y in enumerate(b, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                row[j] = min(row[j], older[j - 2] + 1)
        if min(row) >= limit:
            return limit
    return min(row[-1], limit)
