"""Served as ``cmind.utils`` to classic content. A part is imported when content asks for something of it."""

from __future__ import annotations

from franca.model.light import Any

_PARTS = {
    "content_data": (
        "assemble_cm_object", "assemble_cm_object1", "assemble_cm_object2", "check_if_none_false_no_off",
        "check_if_true_yes_on", "compare_versions", "convert_dictionary", "convert_env_to_dict",
        "convert_tags_to_list", "decompose_cm_obj", "digits", "filter_tags", "flatten_dict", "get_list_from_cli",
        "get_set", "get_value_from_dict_with_flat_key", "is_cm_uid", "match_objects", "merge_dicts",
        "parse_cm_object", "path2", "process_input", "process_meta_for_inheritance", "safe_float", "safe_int",
        "sub_input", "substitute_template", "tags_matched", "test_input", "update_dict_if_empty",
        "update_dict_with_flat_key",
    ),
    "content_files": (
        "ERROR_FILE_NOT_FOUND", "ERROR_PATH_NOT_FOUND", "ERROR_UNKNOWN_FILE_EXTENSION", "check_and_create_dir",
        "dump_safe_json", "find_file_in_current_directory_or_above", "find_file_in_dir_and_above", "get_disk_use",
        "is_file_json_or_yaml", "list_all_files", "load_bin", "load_json", "load_json_or_yaml", "load_txt",
        "load_yaml", "load_yaml_and_json", "rm_read_only", "safe_load_json", "save_json", "save_json_or_yaml",
        "save_txt", "save_yaml", "update_yaml",
    ),
    "content_misc": (
        "call_internal_module", "copy_to_clipboard", "debug_here", "find_api", "gen_tmp_file", "gen_uid",
        "get_current_date_time", "get_memory_use", "load_module", "load_python_module", "run_system_cmd",
    ),
}  # fmt: skip
_PLACES = {name: place for place, names in _PARTS.items() for name in names}

__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'cmind.utils' has no attribute {name!r}")
    value = globals()[name] = getattr(__import__(f"franca.compat.{_PLACES[name]}", fromlist=[name]), name)
    return value


def __dir__() -> list[str]:
    return [*__all__, "__name__"]
