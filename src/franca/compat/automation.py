"""The actions that every automation has, and the class that automations of content derive from.

Served as ``cmind.automation.Automation`` (CM core, sections 8 and 9). An action takes one dictionary and
returns one; an error of the catalog passes through and becomes a result in ``access``.
"""

from __future__ import annotations

import os

from franca.catalog.jsontext import to_json
from franca.compat.artifacts import ArtifactView
from franca.compat.config import CM_VERSION
from franca.compat.results import Result, refusal
from franca.errors import NotFound, UsageError
from franca.grammar.reference import parse_ref
from franca.model.artifact import Artifact
from franca.model.ids import ObjectRef, Ref
from franca.model.light import TYPE_CHECKING, Any
from franca.model.tags import TagQuery, split_tags

if TYPE_CHECKING:
    from collections.abc import Iterable

    from franca.catalog.index import Broken
    from franca.compat.access import CM


class Automation:
    """Common actions over artifacts of one kind. A new instance serves each call."""

    def __init__(self, cmind: CM, automation_file: str, automation_name: str = "common") -> None:
        self.cmind = cmind
        self.automation_file_path = automation_file
        self.path = os.path.dirname(automation_file)
        self.full_path = automation_file
        self.meta: dict[str, Any] = {}
        self.artifact = ""

    # --- looking ----------------------------------------------------------------------------------

    def search(self, i: dict[str, Any]) -> Result:
        """find {AUTOMATION} [{REPO:}{NAME, UID or PATTERN}] [--tags=a,b,-c]: list artifacts by their paths."""
        found = self._views(i, TagQuery.parse(i.get("tags")))
        if _console(i):
            for one in found:
                print(one.path)
        return {"return": 0, "list": found}

    def load(self, i: dict[str, Any]) -> Result:
        """load {AUTOMATION} {NAME or UID} [--tags=..] [--yaml]: print the meta of one artifact."""
        found = self._views(i, TagQuery.parse(i.get("tags")))
        if not found:
            broken = self.cmind.catalog.broken(self._kind(i), _ref(i))
            return refusal(broken[0].problem, _status_of(broken[0].problem)) if broken else self._absent(i)
        if len(found) > 1:
            return refusal("more than 1 artifact found", 1, list=found)
        one = found[0]
        if _console(i):
            self._print_meta(one, as_yaml=bool(i.get("yaml")))
        return {
            "return": 0,
            "path": one.path,
            "artifact": one,
            "meta": one.meta,
            "original_meta": one.original_meta,
        }

    def _print_meta(self, one: ArtifactView, *, as_yaml: bool) -> None:
        if as_yaml:
            from franca.catalog.yamltext import dump

            print(dump(one.meta).rstrip("\n"))
        else:
            print(to_json(one.meta))

    def info(self, i: dict[str, Any]) -> Result:
        """info {AUTOMATION} {NAME or UID} [--uid] [--md]: print identities, path and files of artifacts."""
        found = self._views(i, TagQuery.parse(i.get("tags")))
        if not found:
            return self._absent(i)
        for one in found:
            ref, kind = one.typed.ref, one.typed.kind
            cid = f"{kind}::{ref}"
            if _console(i):
                print(f"CID = {cid}\nCID1 = {kind.uid}::{ref.uid}\nCID2 = ({cid})\nPath = {one.path}")
                for name in sorted(os.listdir(one.path)):
                    print(f"  {name}{os.sep if os.path.isdir(os.path.join(one.path, name)) else ''}")
        return {"return": 0, "list": found}

    # --- changing ---------------------------------------------------------------------------------

    def add(self, i: dict[str, Any]) -> Result:
        """add {AUTOMATION} {REPO:}{NAME} [--tags=..] [--meta.KEY=VALUE] [--yaml]: make an artifact."""
        tags = tuple(dict.fromkeys((*split_tags(i.get("tags")), *split_tags(i.get("new_tags")))))
        try:
            made = self.cmind.catalog.add(self._kind(i), _ref(i), _meta(i), tags=tags, yaml=bool(i.get("yaml")))
        except NotFound:
            broken = self.cmind.catalog.broken(self._kind(i), _ref(i))
            if not broken:
                raise
            return self._added_broken(i, broken[0])
        if _console(i):
            print(f"Added CM object at {made.path}")
        return {"return": 0, "meta": made.original_meta, "path": made.path}

    def _added_broken(self, i: dict[str, Any], broken: Broken) -> Result:
        """The result for an artifact that was written and cannot be used yet: its base is missing, say."""
        if _console(i):
            print(f"Added CM object at {broken.path}")
        meta = {key: value for key, value in _meta(i).items() if key != "_base"}
        return {"return": 0, "meta": meta, "path": broken.path, "warning": broken.problem}

    def update(self, i: dict[str, Any]) -> Result:
        """update {AUTOMATION} {NAME} [--meta.KEY=VALUE] [--tags=..] [--replace] [-f]: edit metas."""
        found = self._found(i, TagQuery.parse(i.get("search_tags")))
        if not found:
            result = self.add(i)
            return result if result["return"] > 0 else self.load({**i, "tags": ""})
        if len(found) > 1 and not self._agreed(i, f"Update {len(found)} artifacts"):
            return refusal(f"{len(found)} artifacts match: nothing was changed; add -f to change them all")
        tags = split_tags(i.get("tags"))
        changed = []
        for one in found:
            fresh = self.cmind.update_artifact(
                one,
                _meta(i),
                tags=tuple(tag for tag in tags if not tag.startswith("-")),
                remove_tags=split_tags(i.get("remove_tags")),
                replace=bool(i.get("replace")),
                append_lists=not i.get("replace_lists"),
            )
            if _console(i):
                print(f"Updated {fresh.path}")
            changed.append(ArtifactView(fresh, self.cmind))
        return {"return": 0, "list": changed}

    def delete(self, i: dict[str, Any]) -> Result:
        """rm {AUTOMATION} [{NAME, UID or PATTERN} ...] [--tags=..] [-f]: delete artifacts."""
        found = self._found(i, TagQuery.parse(i.get("tags")))
        if not found:
            return self._absent(i)
        forced, console = _forced(i), _console(i)
        deleted = []
        for one in found:
            if console:
                print(f'Deleting CM artifact in {one.path} with tags "{",".join(one.tags)}" ...')
            from franca.compat.prompts import ask_consent

            agreed = forced or (console and ask_consent("Are you sure you want to delete it"))
            if agreed:
                self.cmind.catalog.delete(one)
                deleted.append(ArtifactView(one, self.cmind))
            if console:
                print("    Deleted!" if agreed else "    Skipped!")
        return {"return": 0, "deleted_list": deleted}

    def move(self, i: dict[str, Any]) -> Result:
        """mv {AUTOMATION} {SOURCE} {REPO:}{NAME}{,UID}: rename, renumber or move artifacts."""
        target = self._target(i)
        found = self._found({**i, "artifacts": [], "parsed_artifacts": []}, TagQuery.parse(i.get("tags")))
        if not found:
            return self._absent(i)
        moved = [self.cmind.catalog.move(one, target) for one in found]
        if _console(i):
            for old, new in zip(found, moved, strict=True):
                print(f"Moved {old.path} to {new.path}")
        return {"return": 0, "list": [ArtifactView(one, self.cmind) for one in moved]}

    def copy(self, i: dict[str, Any]) -> Result:
        """cp {AUTOMATION} {SOURCE} {REPO:}{NAME} [--new_tags=..]: copy artifacts, with fresh uids."""
        target = self._target(i)
        found = self._found({**i, "artifacts": [], "parsed_artifacts": []}, TagQuery.parse(i.get("tags")))
        if not found:
            return self._absent(i)
        new_tags = split_tags(i.get("new_tags"))
        copied = [self.cmind.catalog.copy(one, target, new_tags=new_tags) for one in found]
        if _console(i):
            for old, new in zip(found, copied, strict=True):
                print(f"Copied {old.path} to {new.path}")
        return {"return": 0, "list": [ArtifactView(one, self.cmind) for one in copied]}

    # --- about itself -------------------------------------------------------------------------------

    def version(self, i: dict[str, Any]) -> Result:
        """version: print the CM release whose interface this is."""
        if _console(i):
            print(CM_VERSION)
        return {"return": 0, "version": CM_VERSION}

    def print_input(self, i: dict[str, Any]) -> Result:
        """print-input {AUTOMATION} ...: print what an action receives for this command line."""
        import json

        if _console(i):
            print(json.dumps(i, indent=2, default=str))
        return {"return": 0}

    def reindex(self, i: dict[str, Any]) -> Result:
        """reindex {AUTOMATION} [--legacy]: compare the index with all files; --legacy writes index.json for CM."""
        import time

        started = time.perf_counter()
        catalog = self.cmind.catalog
        catalog.refresh()
        count = len(catalog.table.rows)
        result: Result = {"return": 0, "count": count}
        if i.get("legacy"):
            from franca.compat import legacy_index

            result["path"] = legacy_index.write(catalog)
        result["self_time"] = time.perf_counter() - started
        if _console(i):
            print(f"{count} artifacts, {result['self_time']:.3f} sec.")
        return result

    def test(self, i: dict[str, Any]) -> Result:
        """test {AUTOMATION}: print where this installation keeps things."""
        facts = {
            "version": CM_VERSION,
            "repos_path": self.cmind.repos_path,
            "repositories": len(self.cmind.catalog.repos()),
        }
        if _console(i):
            for name, value in facts.items():
                print(f"{name}: {value}")
        return {"return": 0, **facts}

    def help(self, i: dict[str, Any]) -> Result:
        """help {AUTOMATION}: list the actions of an automation."""
        from franca.compat.help_text import automation_help

        if _console(i):
            print(automation_help(self))
        return {"return": 0}

    # --- helpers ------------------------------------------------------------------------------------

    def _kind(self, i: dict[str, Any]) -> ObjectRef:
        pairs = i.get("parsed_automation") or [("", "")]
        return ObjectRef(*pairs[0])

    def _found(self, i: dict[str, Any], tags: TagQuery) -> list[Artifact]:
        """Artifacts of all the words of the command, each once, in search order."""
        found: dict[str, Artifact] = {}
        for ref in _refs(i):
            for one in self.cmind.catalog.find(self._kind(i), ref, tags):
                found.setdefault(one.path, one)
        return list(found.values())

    def _views(self, i: dict[str, Any], tags: TagQuery) -> list[ArtifactView]:
        views = [ArtifactView(one, self.cmind) for one in self._found(i, tags)]
        if i.get("ignore_inheritance"):
            for view in views:
                view.meta = view.original_meta
        return views

    def _absent(self, i: dict[str, Any]) -> Result:
        what = " ".join(str(ref) for ref in _refs(i)).strip()
        tags = f" with tags {','.join(split_tags(i.get('tags')))}" if i.get("tags") else ""
        return refusal(f"artifact not found: {what or '(any)'}{tags}", 16)

    def _agreed(self, i: dict[str, Any], question: str) -> bool:
        from franca.compat.prompts import ask_consent

        return _forced(i) or (_console(i) and ask_consent(question))

    def _target(self, i: dict[str, Any]) -> Ref:
        words = i.get("artifacts") or []
        if not words:
            raise UsageError("the target is missing", hint="write the old name, then [repo:]new-name")
        return parse_ref(str(words[0]))


def _status_of(problem: str) -> int:
    """8 for bases that never end, 1 for the rest (CM core, section 3.5); the index keeps no more than the text."""
    return 8 if "levels of inheritance" in problem else 1


def _console(i: dict[str, Any]) -> bool:
    return bool(i.get("out") == "con")


def _forced(i: dict[str, Any]) -> bool:
    return bool(i.get("f") or i.get("force"))


def _ref(i: dict[str, Any]) -> Ref:
    pairs = i.get("parsed_artifact")
    if not pairs:
        return parse_ref(str(i.get("artifact") or ""))
    repo = ObjectRef(*pairs[1]) if len(pairs) > 1 else ObjectRef()
    return Ref(ObjectRef(*pairs[0]), repo)


def _refs(i: dict[str, Any]) -> Iterable[Ref]:
    return [_ref(i), *(parse_ref(str(word)) for word in i.get("artifacts") or ())]


def _meta(i: dict[str, Any]) -> dict[str, Any]:
    """``i['meta']``, also when it was typed as JSON text."""
    meta = i.get("meta") or {}
    if isinstance(meta, str):
        import json

        try:
            meta = json.loads(meta)
        except ValueError as error:
            raise UsageError(f"--meta is not valid JSON: {error}", hint="or write --meta.key=value") from None
    if not isinstance(meta, dict):
        raise UsageError("--meta must be a mapping of keys to values", hint="write --meta.key=value")
    return meta
