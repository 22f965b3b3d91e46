"""The ``repo`` automation: finding, pulling, making and sharing repositories (CM core, section 2)."""

from __future__ import annotations

import os
import shlex

from franca.catalog import detect, register, transfer
from franca.catalog.git import git
from franca.catalog.register import Registered
from franca.compat import prompts
from franca.compat.artifacts import RepoView
from franca.compat.automation import Automation
from franca.compat.results import Result, refusal
from franca.errors import FrancaError, NotFound, UsageError
from franca.grammar.reference import parse_object, parse_ref
from franca.grammar.terminal import harmless
from franca.model.artifact import Repo
from franca.model.ids import ObjectRef
from franca.model.light import Any

_PACKED = "cm.zip"


class RepoAutomation(Automation):
    action_substitutions = {"import": "ximport", "init": "add", "info": "show"}

    # --- looking ------------------------------------------------------------------------------------

    def search(self, i: dict[str, Any]) -> Result:
        """find repo [NAME, UID or PATTERN] [--min] [--with_prefix]: list repositories with their paths."""
        found = self._repos(i)
        if i.get("out") == "con":
            for one in found:
                print(harmless(_line(one, bool(i.get("min")), bool(i.get("with_prefix")))))
        return {"return": 0, "list": [self._view(one) for one in found]}

    def where(self, i: dict[str, Any]) -> Result:
        """where repo NAME: print the path of a repository."""
        return self.search({**i, "min": True})

    def show(self, i: dict[str, Any]) -> Result:
        """show repo [NAME]: print all that is known of repositories."""
        found = self._repos(i)
        if i.get("out") == "con":
            for one in found:
                print(harmless("\n".join(_block(one))))
        return {"return": 0, "list": [self._view(one) for one in found]}

    def load(self, i: dict[str, Any]) -> Result:
        """load repo NAME: print the meta of a repository."""
        one = self._one(i)
        view = self._view(one)
        if i.get("out") == "con":
            import json

            print(json.dumps(view.meta, indent=2, sort_keys=True))
        return {"return": 0, "path": one.path, "meta": view.meta, "repo": view}

    def get(self, i: dict[str, Any]) -> Result:
        """get repo [NAME]: print the command that pulls a repository elsewhere."""
        one = self._one(i) if i.get("artifact") else self._around()
        url, branch, _ = _git_facts(one)
        result: Result = {"return": 0, "path": one.path, "meta": self._view(one).meta, "is_git": bool(url)}
        if url:
            words = ["cmx", "pull", "repo", url, *([f"--branch={branch}"] if branch else [])]
            command = shlex.join(words)
            result.update({"url": url, "branch": branch, "cmd": command, "cmd2": command.replace("cmx", "cm", 1)})
            if i.get("out") == "con":
                print(command)
        return result

    def detect(self, i: dict[str, Any]) -> Result:
        """detect repo [--path=P]: say which repository and artifact a directory belongs to."""
        result = self._detected(str(i.get("path") or os.getcwd()))
        if i.get("out") == "con":
            for key in ("cm_repo", "path_to_repo", "cm_automation", "cm_artifact", "path_to_artifact"):
                if result.get(key):
                    print(f"{key}: {result[key]}")
        return result

    def _detected(self, path: str) -> Result:
        seen = detect.detect(self.cmind.catalog, path)
        result: Result = {
            "return": 0,
            "found": bool(seen.repo_path),
            "registered": seen.repo is not None,
            "found_in_current_path": seen.repo_here,
            "artifact_found": seen.artifact is not None and not seen.downwards,
            "artifact_found_in_current_path": seen.artifact_here,
            "artifact_reverse_search": seen.downwards,
        }
        if seen.repo_path:
            result["path_to_repo"] = seen.repo_path
        if seen.repo is not None:
            result["meta"] = self._view(seen.repo).meta
            result["cm_repo"] = f"{seen.repo.ref.alias},{seen.repo.ref.uid}"
            result["path_to_repo_desc"] = _meta_file(seen.repo)
        if seen.artifact is not None:
            one = seen.artifact
            result["path_to_artifact"] = one.path
            result["path_to_artifact_desc"] = one.files[-1] if one.files else ""
            result["artifact_meta"] = one.meta
            result["cm_automation"] = f"{one.kind.alias},{one.kind.uid}"
            if not seen.downwards:
                result["cm_artifact"] = f"{one.ref.alias},{one.ref.uid}"
        return result

    # --- making and fetching ----------------------------------------------------------------------------

    def add(self, i: dict[str, Any]) -> Result:
        """add repo NAME [--path=P] [--here] [--desc=..] [--prefix=..] [--uid=..]: make and register a repository."""
        name = str(i.get("artifact") or "")
        if self.cmind.home_dialect.is_new and (os.path.isdir(name) or "://" in name):
            return self.ximport({**i, "path": name, "artifact": ""}) if os.path.isdir(name) else self.pull(i)
        alias, uid = _alias_and_uid(name)
        path = str(i.get("path") or "")
        if i.get("here") or not name:
            path = path or os.getcwd()
        made = register.init(
            self.cmind.catalog,
            alias,
            path,
            uid=str(i.get("uid") or uid),
            desc=str(i.get("desc") or ""),
            prefix=str(i.get("prefix") or ""),
        )
        return self._registered(i, made)

    def ximport(self, i: dict[str, Any]) -> Result:
        """import repo [--path=P]: register the repository in a directory, or above it."""
        path = os.path.abspath(str(i.get("path") or os.getcwd()))
        above = register.find_above(path)
        if above:
            made = register.register(self.cmind.catalog, above)
        else:
            made = register.init(self.cmind.catalog, _alias_and_uid(str(i.get("artifact") or ""))[0], path)
        return self._registered(i, made)

    def _registered(self, i: dict[str, Any], made: Registered) -> Result:
        one = made.repo
        result: Result = {
            "return": 0,
            "meta": self._view(one).meta,
            "path_to_repo": one.path,
            "path_to_repo_desc": _meta_file(one),
            "path_to_repo_with_prefix": one.content_path,
        }
        if made.warnings:
            result["warnings"] = list(made.warnings)
        if i.get("out") == "con":
            for name, value in (("Alias", one.ref.alias), ("UID", one.ref.uid), ("Prefix", one.prefix)):
                print(f"{name + ':':<9} {value}")
            print(f"Local path to the CM repository: {one.path}")
            for warning in made.warnings:
                print(f"WARNING: {warning}")
        return result

    def pull(self, i: dict[str, Any]) -> Result:
        """pull repo [OWNER@NAME or URL] [--branch=B] [--checkout=C] [--deps]: clone or refresh a repository."""
        say = print if i.get("out") == "con" else _nothing
        done = transfer.pull(self.cmind.catalog, _pull_request(i, new=self.cmind.home_dialect.is_new), say=say)
        metas = {one.repo.ref.alias: self._view(one.repo).meta for one in done}
        warnings = [warning for one in done for warning in one.warnings]
        for warning in warnings:
            say(f"WARNING: {warning}")
        result: Result = {"return": 0, "metas": metas, "meta": next(reversed(metas.values()), {})}
        if warnings:
            result["warnings"] = warnings
        return result

    def update(self, i: dict[str, Any]) -> Result:
        """update repo: refresh every repository that is under git."""
        say = print if i.get("out") == "con" else _nothing
        done = transfer.pull_all(self.cmind.catalog, transfer.Pull(), say=say)
        return {"return": 0, "list": [self._view(one.repo) for one in done]}

    def checkout(self, i: dict[str, Any]) -> Result:
        """checkout repo NAME --branch=B or --checkout=C: switch a repository that is there."""
        return self.pull({**i, "checkout_only": True})

    # --- removing and packing ----------------------------------------------------------------------------

    def delete(self, i: dict[str, Any]) -> Result:
        """rm repo NAME [--all] [-f]: forget a repository; --all also deletes its files."""
        if not i.get("artifact"):
            raise UsageError("the repository to remove is missing", hint="write: cm rm repo NAME")
        found = self._repos(i)
        if not found:
            return refusal(f"Repository not found: {i['artifact']}", 1)
        everything = bool(i.get("all")) or self.cmind.home_dialect.is_new
        removed = []
        for one in found:
            what = "Delete all files of" if everything else "Forget"
            forced = bool(i.get("f") or i.get("force"))
            if forced or i.get("out") != "con" or prompts.ask_consent(f"{what} {one.ref.alias} in {one.path}"):
                register.unregister(self.cmind.catalog, one, delete=everything)
                if i.get("out") == "con":
                    print(f"{'Deleted' if everything else 'Forgot'} {harmless(one.ref.alias)} in {one.path}")
                removed.append(self._view(one))
        return {"return": 0, "list": removed}

    def fix(self, i: dict[str, Any]) -> Result:
        """fix repo: forget the listed repositories that are not there any more."""
        gone = register.fix(self.cmind.catalog)
        if i.get("out") == "con":
            for path in gone:
                print(f"Forgot {path}")
        return {"return": 0, "list": gone}

    def pack(self, i: dict[str, Any]) -> Result:
        """pack repo NAME: write all files of a repository but .git into ./cm.zip."""
        count = transfer.pack(self._one(i), os.path.abspath(_PACKED))
        if i.get("out") == "con":
            print(f"Packed {count} files into {os.path.abspath(_PACKED)}")
        return {"return": 0, "path": os.path.abspath(_PACKED)}

    def unpack(self, i: dict[str, Any]) -> Result:
        """unpack repo [FILE]: make a repository from ./cm.zip."""
        made = transfer.unpack(self.cmind.catalog, os.path.abspath(str(i.get("artifact") or _PACKED)))
        register.trust(self.cmind.catalog, made.repo)  # as with pull: who unpacks content means to run it
        return self._registered(i, made)

    # --- helpers -------------------------------------------------------------------------------------------

    def _view(self, one: Repo) -> RepoView:
        return RepoView(one, self.cmind.cfg)

    def _repos(self, i: dict[str, Any]) -> list[Repo]:
        text = str(i.get("artifact") or "")
        wanted = parse_object(text) if text else ObjectRef()
        return [one for one in self.cmind.catalog.repos() if wanted.selects(one.ref)]

    def _one(self, i: dict[str, Any]) -> Repo:
        if not i.get("artifact"):
            raise UsageError("the repository is missing", hint="write its alias or uid; see: cm find repo")
        return self.cmind.catalog.repo(parse_object(str(i["artifact"])))

    def _around(self) -> Repo:
        seen = detect.detect(self.cmind.catalog, os.getcwd())
        if seen.repo is None:
            raise NotFound(f"{os.getcwd()} is in no registered repository", hint="name one; see: cm find repo")
        return seen.repo


def _nothing(line: str) -> None:
    """Says nothing: the caller wants the result only."""


def _alias_and_uid(text: str) -> tuple[str, str]:
    ref = parse_ref(text).name
    return ref.alias, ref.uid


def _pull_request(i: dict[str, Any], *, new: bool) -> transfer.Pull:
    """What the flags of ``cm pull repo``, or of ``mlc pull repo`` (CM core, sections 2.5 and 15.6), ask for."""

    def text(*names: str) -> str:
        return next((str(i[name]) for name in names if i.get(name) not in (None, "", True, False)), "")

    directory = text("dir")
    if text("dir2"):
        directory = f"{text('dir2')}/{text('dir2')}"
    return transfer.Pull(
        name=text("artifact", "details", "tags"),
        url=text("url"),
        branch=text("branch"),
        checkout=text("checkout", "tag"),
        new_branch=text("new_branch"),
        dir=directory,
        depth=_depth(text("depth") or ("1" if i.get("shallow") else "0")),
        prefix=text("prefix"),
        desc=text("desc"),
        pat=text("pat"),
        checkout_only=bool(i.get("checkout_only")),
        strip_zip_parent=bool(i.get("skip_zip_parent_dir")),
        extra_git=tuple(shlex.split(text("extra_cmd_git", "extra_git_args"))),
        force=bool(i.get("force") or i.get("f")),
        deps=bool(i.get("deps", new)),
        ssh=bool(i.get("ssh")),
        replace=new,
        ignore_conflict=bool(i.get("ignore_on_conflict")),
        consent=True,  # as with these programs themselves: who pulls content means to run it
    )


def _depth(text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"--depth={text} is not a number of commits", hint="write for instance --depth=1")
    return int(text)


def _line(one: Repo, path_only: bool, with_prefix: bool) -> str:
    path = one.content_path if with_prefix else one.path
    return path if path_only else f"{one.ref} = {path}"


def _meta_file(one: Repo) -> str:
    for name in one.dialect.repo_meta:
        for extension in (".json", ".yaml"):
            path = os.path.join(one.path, name + extension)
            if os.path.isfile(path):
                return path
    return ""


def _git_facts(one: Repo) -> tuple[str, str, str]:
    """Address, branch and commit of a clone; empty texts where it is none."""

    def ask(*words: str) -> str:
        try:
            return git(words, one.path).strip()
        except FrancaError:
            return ""

    if not os.path.exists(os.path.join(one.path, ".git")):
        return "", "", ""
    return ask("remote", "get-url", "origin"), ask("symbolic-ref", "--short", "-q", "HEAD"), ask("rev-parse", "HEAD")


def _block(one: Repo) -> list[str]:
    url, branch, commit = _git_facts(one)
    facts = (
        ("Path", one.path),
        ("Path to sub-directory", one.prefix),
        ("Alias", one.ref.alias),
        ("UID", one.ref.uid),
        ("Description", str(one.meta.get("desc") or "")),
        ("Git", str(bool(one.meta.get("git")))),
        ("URL", url),
        ("Branch", branch),
        ("Checkout", commit),
    )
    return ["=" * 55, *(f"{name + ':':<24}{value}" for name, value in facts if value)]
