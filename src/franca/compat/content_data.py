"""Functions over plain data that content imports as ``cmind.utils`` and ``mlc.utils`` (CM core, section 11).

Names, arguments and results are the interface of existing content; nothing in Franca itself calls them.
"""

from __future__ import annotations

from franca.compat.results import Result, refusal
from franca.errors import FrancaError
from franca.grammar.versions import compare
from franca.model.ids import ObjectRef, is_uid
from franca.model.light import TYPE_CHECKING, Any
from franca.model.tags import split_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})


# --- merging --------------------------------------------------------------------------------------


def merge_into(
    target: dict[str, Any],
    extra: Mapping[str, Any],
    *,
    append_lists: bool = False,
    append_unique: bool = False,
    ignore_keys: Sequence[str] = (),
    pass_down: bool = False,
) -> dict[str, Any]:
    """Merge ``extra`` into ``target`` in place: mappings recursively, lists by the flags, the rest replaced.

    Args:
        pass_down: whether ``append_unique`` and ``ignore_keys`` also hold below the first level, as they
            do in the new dialect; ``append_lists`` always does.
    """
    for key, value in extra.items():
        if key in ignore_keys:
            continue
        have = target.get(key)
        if isinstance(value, dict) and isinstance(have, dict):
            merge_into(
                have,
                value,
                append_lists=append_lists,
                append_unique=append_unique and pass_down,
                ignore_keys=ignore_keys if pass_down else (),
                pass_down=pass_down,
            )
        elif isinstance(value, list):
            target[key] = _merged_list(have, value, append_lists, append_unique)
        else:
            target[key] = value
    return target


def _merged_list(have: object, value: list[Any], append: bool, unique: bool) -> list[Any]:
    if not append or not isinstance(have, list):
        return list(value)
    for item in value:
        if not unique or item not in have:
            have.append(item)
    return have


def merge_dicts(i: Mapping[str, Any]) -> Result:
    return _merge_request(i, pass_down=False)


def merge_dicts_deep(i: Mapping[str, Any]) -> Result:
    return _merge_request(i, pass_down=True)


def _merge_request(i: Mapping[str, Any], *, pass_down: bool) -> Result:
    merged = merge_into(
        i["dict1"],
        i["dict2"],
        append_lists=bool(i.get("append_lists", False)),
        append_unique=bool(i.get("append_unique", False)),
        ignore_keys=i.get("ignore_keys", []),
        pass_down=pass_down,
    )
    return {"return": 0, "dict1": merged}


def update_dict_if_empty(d: dict[str, Any], key: str, value: Any) -> None:
    if not d.get(key):
        d[key] = value


# --- selecting keys -------------------------------------------------------------------------------


def sub_input(i: Mapping[str, Any], keys: Iterable[str], reverse: bool = False) -> dict[str, Any]:
    """Only ``keys`` of ``i``, or all but them; keys that ``i`` lacks are left out."""
    chosen = list(keys)
    if reverse:
        return {key: value for key, value in i.items() if key not in chosen}
    return {key: i[key] for key in chosen if key in i}


def convert_dictionary(d: Mapping[str, Any], key: str, sub: bool = True) -> dict[str, Any]:
    """``{key_k: v}`` for each ``k: v``; with ``sub`` every ``-`` in a key becomes ``_``."""
    return {f"{key}_{name.replace('-', '_') if sub else name}": value for name, value in d.items()}


def test_input(i: object) -> Result:
    if not isinstance(i, dict) or not i:
        return {"return": 0}
    keys = sorted(str(key) for key in i)
    return refusal(f"unknown input key(s): {', '.join(keys)}", unknown_keys=keys)


def get_set(meta: Mapping[str, Any], key: str, state: dict[str, Any], keys: Iterable[str]) -> Any:
    """The value of ``key`` in ``meta``, also written into ``state`` below the path ``keys``."""
    value = meta.get(key)
    if value is not None:
        place = state
        for name in keys:
            place = place.setdefault(name, {})
        place[key] = value
    return value


# --- flat keys ("a.b.c") --------------------------------------------------------------------------


def flatten_dict(d: Mapping[str, Any], fd: dict[str, Any] | None = None, prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {} if fd is None else fd
    for key, value in d.items():
        if isinstance(value, dict):
            flatten_dict(value, flat, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def get_value_from_dict_with_flat_key(key: str, d: Mapping[str, Any]) -> Any:
    """The value at a dotted path, None where the path leads nowhere."""
    place: Any = d
    for part in key.split("."):
        if not isinstance(place, dict) or part not in place:
            return None
        place = place[part]
    return place


def update_dict_with_flat_key(key: str, value: Any, d: dict[str, Any]) -> Result:
    *path, last = key.split(".")
    place = d
    for part in path:
        inner = place.setdefault(part, {})
        if not isinstance(inner, dict):
            return refusal(f"key {key!r}: {part!r} holds a value, not a dictionary")
        place = inner
    place[last] = value
    return {"return": 0}


def substitute_template(template: str, variables: Mapping[str, Any]) -> str:
    """``template`` with every ``{{ name }}`` that is known replaced; unknown ones stay."""

    import re

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        return str(variables[name]) if name in variables else found.group(0)

    return re.sub(r"\{\{\s*([\w.-]+)\s*\}\}", value, template)


# --- words, numbers, versions ---------------------------------------------------------------------


def check_if_true_yes_on(env: Mapping[str, Any], key: str) -> bool:
    return str(env.get(key, "")).strip().lower() in TRUE_WORDS


def check_if_none_false_no_off(env: Mapping[str, Any], key: str) -> bool:
    return str(env.get(key, "")).strip().lower() in FALSE_WORDS | {"none"}


def is_true(value: object) -> bool:
    """Whether ``value`` is written as a yes. The empty string is neither yes nor no."""
    return str(value).strip().lower() in TRUE_WORDS


def is_false(value: object) -> bool:
    return str(value).strip().lower() in FALSE_WORDS


def safe_int(value: Any, default: Any = 0) -> Any:
    try:
        return int(value)
    except (TypeError, ValueError):
        return default


def safe_float(value: Any, default: Any = 0.0) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


def digits(s: object, first: bool = True) -> int:
    """The first run of digits of ``s`` as a number (all digits together with ``first`` false), 0 if none."""
    import re

    runs = re.findall(r"\d+", str(s))
    if not runs:
        return 0
    return int(runs[0] if first else "".join(runs))


def compare_versions(version1: object, version2: object) -> int:
    """-1, 0 or 1; missing parts count as 0 and a pre-release is older than its release."""
    return compare(str(version1), str(version2))


# --- texts ----------------------------------------------------------------------------------------


def convert_env_to_dict(s: str) -> Result:
    """Lines ``K=V`` as a dictionary. A value keeps its own ``=`` signs."""
    found: dict[str, str] = {}
    for line in s.split("\n"):
        key, sign, value = line.strip().partition("=")
        if sign and key:
            found[key] = value
    return {"return": 0, "dict": found}


def path2(path: str) -> str:
    """``path`` in double quotes when it holds a blank, as a command line of old content wants it."""
    return f'"{path}"' if " " in path and not path.startswith('"') else path


def get_list_from_cli(i: Mapping[str, Any], key: str) -> list[str]:
    """A value given as ``--key=a,b`` or ``--key,=a,b``."""
    return list(split_tags(i.get(key, [])))


# --- tags and references --------------------------------------------------------------------------


def convert_tags_to_list(i: Mapping[str, Any]) -> list[str]:
    """``i['tags']`` (text or list) as a list without repeats; an empty item survives once."""
    tags = i.get("tags", "")
    items = tags.split(",") if isinstance(tags, str) else [str(tag) for tag in tags]
    return list(dict.fromkeys(item.strip() for item in items)) if tags else []


def filter_tags(tags: Iterable[str]) -> list[str]:
    """The tags that are not exclusions."""
    return [tag for tag in tags if not tag.startswith("-")]


def tags_matched(tags: Iterable[str], and_tags: Iterable[str], no_tags: Iterable[str]) -> bool:
    have = set(tags)
    return have.issuperset(and_tags) and have.isdisjoint(no_tags)


def is_cm_uid(s: object) -> bool:
    return isinstance(s, str) and is_uid(s)


def assemble_cm_object(alias: str, uid: str) -> str:
    return str(ObjectRef(alias or "", uid or ""))


def assemble_cm_object1(cm_dict: Mapping[str, Any]) -> str:
    return assemble_cm_object(str(cm_dict.get("alias") or ""), str(cm_dict.get("uid") or ""))


def assemble_cm_object2(cm_obj: Sequence[str]) -> str:
    return assemble_cm_object(cm_obj[0], cm_obj[1])


def parse_cm_object(obj: str, max_length: int = 2, decompose: bool = False) -> Result:
    """``[repo:]name`` as ``cm_object``: (alias, uid) pairs, the name first (CM core, section 4.1)."""
    from franca.grammar.reference import parse_ref

    try:
        ref = parse_ref(obj)
    except FrancaError:
        return refusal(f"CM object {obj} is not recognized")
    if max_length < 2 and ref.repo:
        return refusal(f"CM object {obj} is not recognized")
    pairs = [(ref.name.alias, ref.name.uid)]
    if ":" in obj:
        pairs.append((ref.repo.alias, ref.repo.uid))
    result: Result = {"return": 0, "cm_object": pairs}
    if decompose:
        result.update(decompose_cm_obj(pairs))
    return result


def decompose_cm_obj(cm_obj: Sequence[Sequence[str]]) -> dict[str, str]:
    """The parts of a parsed reference by name."""
    alias, uid = cm_obj[0] if cm_obj else ("", "")
    repo_alias, repo_uid = cm_obj[1] if len(cm_obj) > 1 else ("", "")
    return {
        "artifact": assemble_cm_object(alias, uid),
        "name": alias or uid,
        "name_alias": alias,
        "name_uid": uid,
        "repo": assemble_cm_object(repo_alias, repo_uid),
        "repo_alias": repo_alias,
        "repo_uid": repo_uid,
    }


def process_input(i: dict[str, Any], update_input: bool = True) -> Result:
    """``control['_parsed_*']`` spelt out as ``control['_automation'|'_artifact'|'_artifacts']``."""
    control = i.get("control", {}) if update_input else dict(i.get("control", {}))
    for name in ("automation", "artifact"):
        parsed = control.get(f"_parsed_{name}")
        if parsed:
            control[f"_{name}"] = decompose_cm_obj(parsed)
    if control.get("_parsed_artifacts"):
        control["_artifacts"] = [decompose_cm_obj(parsed) for parsed in control["_parsed_artifacts"]]
    return {"return": 0, "control": control}


def match_objects(uid: str, alias: str, uid2: str, alias2: str, more_strict: bool = False) -> Result:
    """Whether the request (uid2, alias2) names the stored object (uid, alias) (CM core, section 4.2)."""
    if more_strict and uid2 and not uid and not alias2:
        return {"return": 0, "match": False}
    if uid2 and not uid and not alias2:
        return {"return": 0, "match": not more_strict}
    return {
        "return": 0,
        "match": ObjectRef(alias2 or "", uid2 or "").selects(ObjectRef(alias or "", uid or "")),
    }


def process_meta_for_inheritance(i: Mapping[str, Any]) -> Result:
    """``i['meta']`` laid over ``i['base_meta']``: lists appended, base first (CM core, section 3.5)."""
    import copy

    merged = copy.deepcopy(dict(i.get("base_meta", {})))
    merge_into(merged, i.get("meta", {}), append_lists=True)
    merged.pop("_base", None)
    return {"return": 0, "meta": merged}
