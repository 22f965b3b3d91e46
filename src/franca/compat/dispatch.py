"""From an input dictionary to the method of an automation (CM core, section 9.3)."""

from __future__ import annotations

import os

from franca.compat.artifacts import ArtifactView
from franca.compat.automation import Automation
from franca.compat.config import CM_VERSION
from franca.compat.results import Result
from franca.errors import FrancaError, HookFailed, KindNotFound, Untrusted, UsageError
from franca.grammar.argv import parse, to_input, words_to_tags
from franca.grammar.reference import parse_ref, parsed_pairs
from franca.model.artifact import Artifact
from franca.model.ids import AUTOMATION, CACHE, CORE, REPO, SCRIPT, UTILS, ObjectRef, Ref, is_pattern, is_uid
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    _Runner = Callable[[Callable[[], Any]], Result]

    from franca.compat.access import CM

#: Kinds whose artifacts are named by words with blanks, which are tags (script engine, section 2.1).
_TAGGED = frozenset((SCRIPT.uid, CACHE.uid))
_OLDER_MODULE, _NEWER_MODULE = "module.py", "modulex.py"


def request_of(i: Any) -> dict[str, Any]:
    """The input dictionary itself, or the one that a command line means. ``i`` is modified in place later."""
    if i is None:
        return {}
    if isinstance(i, dict):
        return i
    import shlex

    words = shlex.split(i) if isinstance(i, str) else [str(word) for word in i]
    return to_input(parse(words, read_input_file))


def read_input_file(path: str) -> Any:
    """The content of an ``@`` file."""
    from franca.catalog import memo
    from franca.catalog.files import read_json, read_yaml

    memo.withdraw()  # the same words mean something else when the file has changed
    return read_json(path) if path.endswith(".json") else read_yaml(path)


def dispatch(cm: CM, i: dict[str, Any], cmx: dict[str, Any] | None = None) -> Result:
    """Run the action that ``i`` names.

    Args:
        cmx: the same input in CMX form, when the call came through that interface.

    Raises:
        FrancaError: whatever went wrong; ``access`` makes a result of it.
    """
    if "target" in i and "automation" not in i:  # the new dialect's word
        i["automation"] = i["target"]
    action = str(i.get("action") or "")
    if action in ("version", "init") and not i.get("automation"):
        i["automation"] = "core"
    if not action or (action in ("help", "h") and not i.get("automation")):
        return _usage(i, action, new=cm.home_dialect.is_new)
    return _run(cm, i, action, cmx)


def _usage(i: dict[str, Any], action: str, *, new: bool) -> Result:
    from franca.compat.help_text import USAGE, USAGE_OF_MLC

    if i.get("out") == "con":
        print(USAGE_OF_MLC if new else USAGE)
    return {"return": 0} if action else {"return": 0, "warning": "no action specified"}


def _run(cm: CM, i: dict[str, Any], action: str, cmx: dict[str, Any] | None) -> Result:
    from franca.compat import here

    here.resolve(cm, i)
    wanted = parse_ref(str(i.get("automation") or ""))
    if not wanted.name:
        raise KindNotFound("automation was not specified", hint="write: cm ACTION AUTOMATION [NAME]")
    pattern = is_pattern(wanted.name.alias)
    kind = wanted.name if pattern or i.get("common") else _kind(cm, wanted)
    i["parsed_automation"] = parsed_pairs(Ref(kind, wanted.repo))
    common = pattern or bool(i.get("common"))
    instance, run_in = _instance(cm, kind, wanted.repo, common=common, cmx=cmx is not None)
    method = _method(instance, kind, action, cm)
    if (i.get("help") or i.get("h")) and getattr(method, "__name__", "") not in ("run", "help"):
        return _method_help(i, method)
    if cmx is not None:
        newer = _cmx_method(instance, method)
        if newer is not None:
            return run_in(lambda: newer(_cmx_input(cmx, i)))
    _parse_artifacts(i, kind)
    return run_in(lambda: method(i))


def _cmx_method(instance: Automation, method: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any] | None:
    """The method that takes the CMX form: one of a ``modulex.py`` itself, or ``ACTION_cmx`` (CM core, 14.4)."""
    name = getattr(method, "__name__", "")
    newer: Callable[[Any], Any] | None = getattr(instance, f"{name}_cmx", None)
    if newer is not None:
        return newer
    own = name in vars(type(instance))
    return method if own and os.path.basename(instance.full_path) == _NEWER_MODULE else None


def _cmx_input(cmx: dict[str, Any], i: dict[str, Any]) -> dict[str, Any]:
    from franca.compat.cmx_calls import complete

    cmx.update({key: i[key] for key in ("automation", "artifact") if key in i})  # what a dot stands for
    complete(cmx, i["parsed_automation"])
    return cmx


def _kind(cm: CM, wanted: Ref) -> ObjectRef:
    if not wanted.repo:
        return cm.catalog.kind(wanted.name)
    found = cm.catalog.find(AUTOMATION, wanted)
    if not found:
        error = KindNotFound(f'automation "{wanted.name}" not found in repository "{wanted.repo}"')
        error.status = 3
        raise error
    return found[0].ref


def _parse_artifacts(i: dict[str, Any], kind: ObjectRef) -> None:
    if kind.uid in _TAGGED and i.get("action") == "add":
        _refuse_words(i, kind)
    elif kind.uid in _TAGGED:
        _words_to_tags(i)
    if kind.uid == REPO.uid:  # an address is no reference
        return
    if i.get("artifact"):
        i["parsed_artifact"] = parsed_pairs(parse_ref(str(i["artifact"])))
    words = i.get("artifacts") or []
    if words:
        i["parsed_artifacts"] = [parsed_pairs(parse_ref(str(word))) for word in words]


def _refuse_words(i: dict[str, Any], kind: ObjectRef) -> None:
    """What is to be made needs a name, and words with blanks are tags everywhere else."""
    word = str(i.get("artifact") or "")
    if " " in word.strip():
        tags = ",".join(word.split())
        raise UsageError(
            f"{word!r} is no name for a {kind.alias}: words with blanks mean tags",
            hint=f"cm add {kind.alias} {'-'.join(word.split())} --tags={tags}",
        )


def _words_to_tags(i: dict[str, Any]) -> None:
    """Words with blanks are tags; so is a first word with commas in which no part is a uid."""
    word = str(i.get("artifact") or "")
    if "," in word and not any(is_uid(part.strip()) for part in word.replace(":", ",").split(",")):
        i["artifact"] = word.replace(",", " ")
    words_to_tags_in(i)


def words_to_tags_in(given: dict[str, Any]) -> None:
    """Make tags of the words with blanks among ``artifact`` and ``artifacts``, in place."""
    words = [str(given["artifact"])] if given.get("artifact") else []
    words += [str(word) for word in given.get("artifacts", [])]
    tags, kept = words_to_tags(words, str(given.get("tags") or ""))
    if tags:
        given["tags"] = tags
    given.pop("artifact", None)
    given.pop("artifacts", None)
    if kept:
        given["artifact"] = kept[0]
    if len(kept) > 1:
        given["artifacts"] = list(kept[1:])


def _method_help(i: dict[str, Any], method: Any) -> Result:
    from franca.compat.help_text import action_help

    if i.get("out") == "con":
        print(action_help(method))
    return {"return": 0}


# --- automations --------------------------------------------------------------------------------------


def _direct(call: Callable[[], Any]) -> Result:
    result: Result = call()
    return result


def _instance(cm: CM, kind: ObjectRef, repo: ObjectRef, *, common: bool, cmx: bool) -> tuple[Automation, _Runner]:
    """A fresh automation object, and how to run a method of it."""
    if not common:
        own = _own_class(kind)
        if own is not None:
            return _prepared(own(cm, __file__), kind), _direct
        artifact = _automation_artifact(cm, kind, repo)
        if artifact is not None:
            return _content_instance(cm, artifact, _module_file(artifact, cmx=cmx))
    return _prepared(Automation(cm, __file__), kind), _direct


def _own_class(kind: ObjectRef) -> type[Automation] | None:
    if kind.uid == SCRIPT.uid:
        from franca.compat.script_automation import ScriptAutomation

        return ScriptAutomation
    if kind.uid == CACHE.uid:
        from franca.compat.cache_automation import CacheAutomation

        return CacheAutomation
    if kind.uid == REPO.uid:
        from franca.compat.repo_automation import RepoAutomation

        return RepoAutomation
    if kind.uid in (CORE.uid, UTILS.uid, AUTOMATION.uid):
        from franca.compat import small_automations

        return small_automations.BY_UID[kind.uid]
    return None


def _prepared(instance: Automation, kind: ObjectRef) -> Automation:
    instance.meta = {"alias": kind.alias, "uid": kind.uid}
    instance.artifact = str(kind)
    return instance


def _automation_artifact(cm: CM, kind: ObjectRef, repo: ObjectRef) -> Artifact | None:
    found = cm.catalog.find(AUTOMATION, Ref(kind, repo))
    with_code = [one for one in found if _module_file(one)]
    return with_code[0] if with_code else None


def _module_file(artifact: Artifact, *, cmx: bool = False) -> str:
    """The code of an automation: each interface prefers its own, and takes the other's where that is all."""
    names = (_OLDER_MODULE, _NEWER_MODULE)
    for name in reversed(names) if cmx else names:
        path = os.path.join(artifact.path, name)
        if os.path.isfile(path):
            return path
    return ""


def _content_instance(cm: CM, artifact: Artifact, path: str) -> tuple[Automation, _Runner]:
    """An automation of the user: its module executed anew, in content's own import world."""
    from franca.compat import session
    from franca.compat.content_modules import ContentImports, executed

    _check_version(artifact)
    if not artifact.repo.trusted:
        raise Untrusted.of("automations", artifact.repo.ref.alias or artifact.repo.ref.uid, artifact.repo.path)
    imports = ContentImports(cm.environ)

    def run_in(call: Callable[[], Any]) -> Any:
        with imports.active(artifact.dialect, artifact.repo.path, artifact.path), session.using(cm):
            return call()

    def make() -> Automation:
        try:
            module = executed(path, "module")
        except (SyntaxError, ImportError) as error:
            raise HookFailed(f"{path} cannot be loaded: {error}", status=1) from error
        maker = getattr(module, "CAutomation", None)
        if maker is None:
            raise HookFailed(f"{path} has no class CAutomation")
        instance: Automation = maker(cm, path)
        return instance

    instance = run_in(make)
    instance.meta = ArtifactView(artifact, cm).meta
    instance.full_path = instance.automation_file_path = path
    instance.path = artifact.path
    instance.cmind = cm
    instance.artifact = str(artifact.ref)
    return instance, run_in


def _check_version(artifact: Artifact) -> None:
    from franca.grammar.versions import compare

    needed = str(artifact.meta.get("min_cm_version") or "")
    if needed and compare(CM_VERSION, needed) < 0:
        raise UsageError(f"automation {artifact.ref} needs CM {needed}, this interface is that of CM {CM_VERSION}")


def _method(instance: Automation, kind: ObjectRef, action: str, cm: CM) -> Callable[[dict[str, Any]], Any]:
    """The method behind an action name (CM core, section 8.1)."""
    name = action.replace("-", "_")
    own = instance.meta.get("action_substitutions") or getattr(instance, "action_substitutions", None) or {}
    name = cm.cfg["action_substitutions"].get(name, name)
    name = own.get(name, own.get(action, name))
    if instance.meta.get("use_any_action"):
        name = "any"
    method = None if name.startswith("_") else getattr(instance, name, None)
    if not callable(method):
        raise _no_action(instance, kind, action)
    found: Callable[[dict[str, Any]], Any] = method
    return found


def _no_action(instance: Automation, kind: ObjectRef, action: str) -> FrancaError:
    from franca.compat.help_text import action_names
    from franca.grammar.suggest import closest

    near = closest(action, action_names(instance))
    hint = f"did you mean {near[0]}?" if near else f"see what there is: cm help {kind.alias or kind}"
    return KindNotFound(f'action "{action}" not found in automation "{kind}"', hint=hint)


__all__ = ["dispatch", "read_input_file", "request_of"]
