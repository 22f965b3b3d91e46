"""Changes to artifacts: add, update, delete, move, copy (CM core, section 8).

A new artifact is made in a hidden directory beside its place and appears there by one rename, so nobody ever sees
half of it. Changes of what exists run under one lock a repository.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from franca.catalog.files import (
    load_meta,
    make_directory,
    names_as_text,
    read_text,
    write_json_atomic,
    write_text_atomic,
    write_yaml_atomic,
)
from franca.catalog.inheritance import copied
from franca.catalog.locks import locked
from franca.catalog.names import check_alias, new_uid
from franca.errors import AlreadyExists, Conflict, NotFound, Refused, Unavailable
from franca.model.artifact import Artifact, Repo
from franca.model.ids import ObjectRef, Ref, is_uid
from franca.model.tags import TagQuery, split_tags

if TYPE_CHECKING:
    from franca.catalog.catalog import Catalog


def _writable(repo: Repo) -> Repo:
    if not repo.writable:
        raise Refused(f"the repository {repo.ref} ships with a package and is not written to: {repo.path}")
    return repo


def _target_repo(catalog: Catalog, ref: ObjectRef) -> Repo:
    if ref:
        return _writable(catalog.repo(ref))
    local = catalog.roots.new_local if catalog.home_dialect.is_new else catalog.roots.classic_local
    for repo in catalog.repos_only():
        if repo.path == local:
            return repo
    return catalog.local(catalog.home_dialect)


def _lock_path(catalog: Catalog, repo: Repo) -> str:
    from franca._packed import checksum

    return catalog.roots.lock("repo-" + checksum(os.fsencode(repo.path)).hex())


def _meta_file(repo: Repo, yaml: bool) -> str:
    return repo.dialect.artifact_meta + (".yaml" if yaml or repo.dialect.is_new else ".json")


def _write_meta(path: str, meta: dict[str, Any]) -> None:
    (write_yaml_atomic if path.endswith(".yaml") else write_json_atomic)(path, meta)


def _folder_of(catalog: Catalog, repo: Repo, kind: ObjectRef) -> str:
    """The folder of a kind within a repository: named by its alias, else its uid."""
    name = kind.alias or kind.uid
    check_alias(name, "automation")
    return os.path.join(repo.content_path, name)


def add(
    catalog: Catalog, kind: ObjectRef, ref: Ref, meta: Mapping[str, Any], *, tags: tuple[str, ...] = (),
    yaml: bool = False,
) -> Artifact:  # fmt: skip
    """Make the artifact ``[repo:][alias][,uid]``; its directory is named by its alias, else its uid.

    Identity and tags are filled in where ``meta`` lacks them.

    Raises:
        AlreadyExists: the directory holds a meta file.
        NotFound: the repository is unknown.
        Refused: the alias could leave its folder, or could not be named again.
    """
    kind = catalog.kind(kind)
    repo = _target_repo(catalog, ref.repo)
    full = names_as_text(copied(dict(meta)))
    uid = ref.name.uid or str(full.get("uid") or "") or new_uid()
    alias = ref.name.alias or str(full.get("alias") or "")
    if alias:
        check_alias(alias)
    if not is_uid(uid):
        raise Refused(f"uid {uid!r} is not 16 hexadecimal digits")
    full.setdefault("alias", alias)
    full.setdefault("uid", uid)
    full.setdefault("automation_alias", kind.alias)
    full.setdefault("automation_uid", kind.uid)
    all_tags = _with_tags(full.get("tags"), tags)
    if all_tags or "tags" in full:  # no key without need, as CM has it
        full["tags"] = all_tags
    directory = os.path.join(_folder_of(catalog, repo, kind), alias or uid)
    name = _meta_file(repo, yaml)
    _place_new(catalog, repo, directory, name, full)
    catalog.refresh()
    if full.get("_base"):
        return _at(catalog, directory)
    # Nothing but the files says more than this; a store of any size need not be looked at.
    return Artifact(
        ref=ObjectRef(str(full["alias"] or ""), str(full["uid"])), kind=kind, tags=tuple(all_tags), path=directory,
        repo=repo, meta=full, original_meta=full, files=(os.path.join(directory, name),),
    )  # fmt: skip


def _with_tags(old: Any, new: tuple[str, ...] | list[str]) -> list[str]:
    """Old tags, then the new ones that are not there; ``-x`` is no tag (CM core, section 5.4)."""
    return list(dict.fromkeys([*split_tags(old), *(tag for tag in split_tags(new) if not tag.startswith("-"))]))


def _has_meta(directory: str) -> bool:
    from franca._packed import meta_names_in

    return bool(meta_names_in(directory))


def _place_new(catalog: Catalog, repo: Repo, directory: str, name: str, meta: dict[str, Any]) -> None:
    if _has_meta(directory):
        raise AlreadyExists(f"CM artifact already exists in {directory}", hint="choose another name, or update it")
    folder = os.path.dirname(directory)
    make_directory(folder)
    hidden = os.path.join(folder, f".new-{new_uid()}")
    try:
        make_directory(hidden)
        _write_meta(os.path.join(hidden, name), meta)
        if not os.path.lexists(directory) and _renamed(hidden, directory):
            return
        with locked(_lock_path(catalog, repo)):  # a directory with files but no meta: the user made it first
            if _has_meta(directory):
                raise AlreadyExists(
                    f"CM artifact already exists in {directory}", hint="choose another name, or update it"
                )
            _write_meta(os.path.join(directory, name), meta)
    finally:
        _forget(hidden)


def _forget(hidden: str) -> None:
    """Remove what did not come to its place, if there is anything."""
    if os.path.lexists(hidden):
        import shutil

        shutil.rmtree(hidden, ignore_errors=True)


def _renamed(source: str, target: str) -> bool:
    """Rename a directory; False when the target has come into being. Raises Unavailable."""
    try:
        os.rename(source, target)
    except OSError as error:
        if os.path.lexists(target):
            return False
        raise Unavailable(f"cannot make {target}: {error.strerror}") from None
    return True


def _at(catalog: Catalog, directory: str) -> Artifact:
    found = catalog.at(directory)
    if found is None:
        raise NotFound(f"artifact not found: {directory}")
    return found


def delete(catalog: Catalog, artifact: Artifact) -> None:
    """Remove an artifact with its whole directory. Raises Refused for content of a package."""
    delete_directory(catalog, artifact.path, artifact.repo)


def delete_directory(catalog: Catalog, path: str, repo: Repo) -> None:
    """As :func:`delete`, for a directory whose meta may be unusable."""
    _writable(repo)
    _inside(path, repo)
    with locked(_lock_path(catalog, repo)):
        remove_tree(path)
    catalog.refresh()


def _inside(path: str, repo: Repo) -> None:
    relative = os.path.relpath(path, repo.content_path).split(os.sep)
    if len(relative) != 2 or ".." in relative:
        raise Refused(f"{path} is not the directory of an artifact in {repo.content_path}")


def remove_tree(path: str) -> None:
    """Remove a directory at once for all readers: it is renamed to a hidden name first.

    A link to a directory is removed, not what it leads to. Raises Unavailable.
    """
    folder = os.path.dirname(path)
    hidden = os.path.join(folder, f".gone-{new_uid()}")
    try:
        if os.path.islink(path):
            os.unlink(path)
            return
        os.rename(path, hidden)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unavailable(f"cannot delete {path}: {error.strerror}") from None
    import shutil

    shutil.rmtree(hidden, onerror=_writable_first)


def _writable_first(function: Any, path: str, _info: Any) -> None:
    """Files of git are read-only on some systems: allow, and try once more."""
    try:
        os.chmod(os.path.dirname(path), 0o700)
        os.chmod(path, 0o700)
        function(path)
    except OSError:
        pass


def update(
    catalog: Catalog, kind: ObjectRef, ref: Ref, meta: Mapping[str, Any], *, tags: tuple[str, ...] = (),
    search_tags: TagQuery = TagQuery(), remove_tags: tuple[str, ...] = (), replace: bool = False,  # noqa: B008
    replace_lists: bool = False, several: bool = False, yaml: bool = False,
) -> list[Artifact]:  # fmt: skip
    """Change the metas of all that match ``ref`` and ``search_tags``; add one when nothing matches.

    Args:
        meta: merged into the original meta: mappings key by key, lists appended.
        tags: added. ``remove_tags``: taken away.
        replace: the whole meta is replaced, but for its identity.
        replace_lists: lists are replaced, tags as well.
        several: whether more than one may be changed.

    Raises:
        Conflict: more than one matches and ``several`` is false.
    """
    found = catalog.find(kind, ref, search_tags)
    if not found:
        return [add(catalog, kind, ref, meta, tags=tags, yaml=yaml)]
    if len(found) > 1 and not several:
        paths = ", ".join(one.path for one in found)
        raise Conflict(f"more than 1 artifact found: {paths}", hint="name one of them, or add -f to change them all")
    for artifact in found:
        with locked(_lock_path(catalog, _writable(artifact.repo))):
            old, _ = load_meta(artifact.path, _stem(artifact))
            new = _updated(old, names_as_text(copied(dict(meta))), replace=replace, replace_lists=replace_lists)
            kept = () if replace_lists and tags else new.get("tags")
            left = [t for t in _with_tags(kept, tags) if t not in remove_tags]
            if left or "tags" in new:
                new["tags"] = left
            _write_meta(_update_file(artifact), new)
    catalog.refresh()
    return [_at(catalog, artifact.path) for artifact in found]


def _stem(artifact: Artifact) -> str:
    return os.path.basename(artifact.files[0]).rsplit(".", 1)[0] if artifact.files else artifact.dialect.artifact_meta


def _update_file(artifact: Artifact) -> str:
    """Where an update is written: ``_cm.json``; a ``meta`` family has one file, which stays what it is."""
    if _stem(artifact) == "_cm":
        return os.path.join(artifact.path, "_cm.json")
    return artifact.files[0]


_IDENTITY = ("uid", "alias", "automation_uid", "automation_alias")


def _updated(old: dict[str, Any], new: dict[str, Any], *, replace: bool, replace_lists: bool) -> dict[str, Any]:
    if replace:
        return {**new, **{key: old[key] for key in _IDENTITY if key in old}}
    return _merged(old, new, replace_lists)


def _merged(old: dict[str, Any], new: dict[str, Any], replace_lists: bool) -> dict[str, Any]:
    out = dict(old)
    for key, value in new.items():
        have = out.get(key)
        if isinstance(value, dict) and isinstance(have, dict):
            out[key] = _merged(have, value, replace_lists)
        elif isinstance(value, list) and isinstance(have, list) and not replace_lists:
            out[key] = have + value
        else:
            out[key] = value
    return out


def move(catalog: Catalog, artifact: Artifact, target: Ref) -> Artifact:
    """``[repo:][alias][,uid]``: to another repository, under another alias, with another uid.

    Raises:
        Conflict: the target directory exists.
    """
    repo = _target_repo(catalog, target.repo) if target.repo else _writable(artifact.repo)
    _writable(artifact.repo)
    if target.name.alias:
        check_alias(target.name.alias)
    directory = _target_directory(artifact, repo, target)
    if directory == artifact.path and not target.name:
        raise Conflict(
            f"CM artifact already exists in {directory}: it is where it should go", hint="name another place"
        )
    with locked(_lock_path(catalog, artifact.repo)):
        if directory != artifact.path:
            _check_free(directory, artifact.path)
            make_directory(os.path.dirname(directory))
            _move_tree(artifact.path, directory)
        _rename_in_meta(directory, _stem(artifact), target.name)
    catalog.refresh()
    return _at(catalog, directory)


def _target_directory(artifact: Artifact, repo: Repo, target: Ref) -> str:
    folder = os.path.basename(os.path.dirname(artifact.path))
    base = os.path.basename(artifact.path)
    if target.name.alias:
        base = target.name.alias
    elif target.name.uid and base.lower() == artifact.ref.uid.lower():
        base = target.name.uid
    return os.path.join(repo.content_path, folder, base)


def _check_free(directory: str, source: str) -> None:
    if os.path.lexists(directory) and not (os.path.exists(source) and os.path.samefile(directory, source)):
        raise Conflict(f"CM artifact already exists in {directory}", hint="choose another name")


def _move_tree(source: str, target: str) -> None:
    """Rename, or across file systems copy under a hidden name and rename."""
    try:
        os.rename(source, target)
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise Unavailable(f"cannot move {source} to {target}: {error.strerror}") from None
    _copy_tree(source, target, lambda hidden: None)
    remove_tree(source)


def _copy_tree(source: str, target: str, change: Any) -> None:
    """A copy that appears at ``target`` complete, after ``change(path of the copy)``."""
    import shutil

    folder = os.path.dirname(target)
    hidden = os.path.join(folder, f".new-{new_uid()}")
    try:
        make_directory(folder)
        shutil.copytree(source, hidden, symlinks=True)
        change(hidden)
        if not _renamed(hidden, target):
            raise Conflict(f"CM artifact already exists in {target}", hint="choose another name")
    except (OSError, shutil.Error) as error:
        raise Unavailable(f"cannot copy {source} to {target}: {error}") from None
    finally:
        _forget(hidden)


def _rename_in_meta(directory: str, stem: str, name: ObjectRef, extra_tags: tuple[str, ...] = ()) -> None:
    """Write a new alias or uid where the meta has it: ``_cm.json``, and the lines of a YAML file."""
    changes = {key: value for key, value in (("alias", name.alias), ("uid", name.uid)) if value}
    yaml, json = os.path.join(directory, stem + ".yaml"), os.path.join(directory, stem + ".json")
    if os.path.exists(yaml):
        _edit_yaml(yaml, changes)
    if os.path.exists(json):
        from franca.catalog.files import read_meta_file

        old = read_meta_file(json)
        write_json_atomic(json, {**old, **changes})
    if extra_tags:
        meta, _ = load_meta(directory, stem)
        tags = _with_tags(meta.get("tags"), extra_tags)
        if os.path.exists(json) or stem == "_cm":
            own = read_meta_file_or_empty(json)
            write_json_atomic(json, {**own, "tags": tags})
        else:
            write_yaml_atomic(yaml, {**meta, "tags": tags})


def read_meta_file_or_empty(path: str) -> dict[str, Any]:
    from franca.catalog.files import read_meta_file

    try:
        return read_meta_file(path)
    except NotFound:
        return {}


def _edit_yaml(path: str, changes: dict[str, str]) -> None:
    """Replace the top-level ``alias:`` and ``uid:`` lines; what else is in the file stays byte for byte."""
    text = read_text(path)
    if text.lstrip().startswith("{"):  # one mapping in braces, JSON for example: there are no lines to replace
        from franca.catalog.files import read_meta_file

        write_yaml_atomic(path, {**read_meta_file(path), **changes})
        return
    lines = text.splitlines(keepends=True)
    for key, value in changes.items():
        written = f"{key}: {_yaml_word(value)}\n"
        at = next((n for n, line in enumerate(lines) if line.startswith(key + ":")), None)
        if at is None:
            lines.append(written if not lines or lines[-1].endswith("\n") else "\n" + written)
        else:
            lines[at] = written
    write_text_atomic(path, "".join(lines))


def _yaml_word(value: str) -> str:
    """``value`` as YAML text: plain where that reads back as itself."""
    from franca.catalog.yamltext import dump

    return dump({"k": value})[3:].strip()


def copy(catalog: Catalog, artifact: Artifact, target: Ref, *, new_tags: tuple[str, ...] = ()) -> Artifact:
    """A copy, always with a new uid (or that of ``target``). Raises Conflict when the target directory exists."""
    repo = _target_repo(catalog, target.repo) if target.repo else _writable(artifact.repo)
    if target.name.alias:
        check_alias(target.name.alias)
    name = ObjectRef(target.name.alias, target.name.uid or new_uid())
    base = name.alias or artifact.ref.alias or name.uid
    directory = os.path.join(repo.content_path, os.path.basename(os.path.dirname(artifact.path)), base)
    _check_free(directory, "")
    _copy_tree(artifact.path, directory, lambda hidden: _rename_in_meta(hidden, _stem(artifact), name, new_tags))
    catalog.refresh()
    return _at(catalog, directory)
