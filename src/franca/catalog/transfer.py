"""Repositories from elsewhere: pull (git, zip, local folders), pack and unpack (CM core, sections 2.5 and 2.6).

What is fetched lies under a hidden name until everything about it has been checked; a failed pull leaves nothing.
"""

from __future__ import annotations

import os
import shutil
import urllib.parse
from typing import TYPE_CHECKING, Any

import msgspec

from franca.catalog.archive import extract
from franca.catalog.archive import pack as pack_files
from franca.catalog.files import make_directory
from franca.catalog.git import Say, changed_files, git, plain_word, silent
from franca.catalog.locks import locked
from franca.catalog.names import check_alias, new_uid
from franca.catalog.register import (
    Registered,
    check_deps,
    check_prefix,
    clones,
    hold,
    listed_paths,
    register,
    repo_meta,
    unregister,
    write_repo_meta,
)
from franca.catalog.repositories import layout_of
from franca.errors import AlreadyExists, Conflict, NotFound, Refused, Unavailable, UsageError
from franca.model.artifact import Repo
from franca.model.ids import ObjectRef

if TYPE_CHECKING:
    from franca.catalog.catalog import Catalog

URL_PREFIX = "https://github.com/"
SSH_PREFIX = "git@github.com:"
ORGANIZATION = "mlcommons"
#: The version of CM whose formats we read (``min_cm_version``).
CM_VERSION = (4, 2, 0)
_SCHEMES = ("http", "https", "ssh", "git", "file")


class Pull(msgspec.Struct, frozen=True):
    """What to pull. The fields are the flags of ``cm pull repo``."""

    name: str = ""
    url: str = ""
    branch: str = ""
    checkout: str = ""
    new_branch: str = ""
    dir: str = ""  #: sub-directory of the clone that is the repository
    depth: int = 0
    prefix: str = ""
    desc: str = ""
    pat: str = ""  #: token for an https address; never kept
    checkout_only: bool = False
    strip_zip_parent: bool = False
    extra_git: tuple[str, ...] = ()  #: further arguments of ``git clone``
    force: bool = False  #: put local changes aside (``git stash``) instead of stopping
    deps: bool = False  #: pull what the repository depends on, too
    ssh: bool = False  #: clone a name by ssh rather than https
    replace: bool = False  #: a registered repository with the same alias or uid gives way to the one that is pulled
    ignore_conflict: bool = False  #: leave it at what is registered where the two cannot stand together
    consent: bool = False  #: the user agrees that scripts of a new repository run (else it is held until trusted)


class Source(msgspec.Struct, frozen=True):
    alias: str
    url: str

    @property
    def is_zip(self) -> bool:
        return ".zip" in self.url.rpartition("/")[2]


def source_of(name: str, url: str = "") -> Source:
    """Alias and address that a name or an address means (the table of section 2.5).

    Raises:
        UsageError: neither is given.
        Refused: an address that git could take for an option or a command, or whose name leaves its place.
    """
    if not url and ("://" in name or name.startswith("git@") or os.path.isabs(name)):
        name, url = "", name
    if url:
        check_url(url)
    if not name and not url:
        raise UsageError("a repository to pull needs a name (owner@name) or --url")
    if url:
        alias = name or _alias_of(url)
    else:
        alias = name if "@" in name else f"{ORGANIZATION}@{name}"
        url = URL_PREFIX + alias.replace("@", "/")
    if any(part in ("", ".", "..") for part in alias.split("@")):
        raise Refused(f"{alias!r} is not a name for a repository", hint="write owner@name")
    return Source(check_alias(alias, "repository"), url)


def _alias_of(url: str) -> str:
    if ".zip" in url:
        return url[: url.index(".zip") + 4].rpartition("/")[2]
    if "://" not in url and ":" in url and not os.path.isabs(url):
        path = url.partition(":")[2]
    else:
        parsed = urllib.parse.urlsplit(url)
        path = parsed.path
        if parsed.scheme in ("", "file"):
            path = os.path.basename(path.rstrip("/"))
    return "@".join(part for part in path.strip("/").removesuffix(".git").split("/") if part)


def check_url(url: str) -> str:
    """``url`` when it is an address of a kind that only transfers data. Raises Refused."""
    plain_word(url, "repository address")
    scheme = url.partition("://")[0] if "://" in url else ""
    remote_helper = "::" in url
    if (
        remote_helper
        or (scheme and scheme not in _SCHEMES)
        or (not scheme and ":" not in url and not os.path.isabs(url))
    ):
        raise Refused(
            f"{url!r} is not a repository address", hint=f"write one that starts with {', '.join(_SCHEMES)} or a path"
        )
    return url


def pull(catalog: Catalog, request: Pull, *, say: Say = silent) -> list[Registered]:
    """Fetch or refresh a repository and register it; without name and url: all that have ``git: true``.

    Args:
        say: told each step as a line for people.

    Raises:
        Unavailable: git or the network is missing, or git failed.
        Conflict: local changes would be touched, or a registered repository is in the way.
        AlreadyExists: a directory of that name exists and is no repository.
        Refused: hostile names, addresses or archives.
    """
    if not request.name and not request.url:
        return pull_all(catalog, request, say=say)
    done: list[Registered] = []
    waiting = [request]
    seen: set[str] = set()
    while waiting:
        one = waiting.pop(0)
        source, path = _place(catalog, one)
        if path in seen:
            continue
        seen.add(path)
        try:
            done.append(_pull_one(catalog, one, source, path, say))
        except Conflict as error:
            if not request.ignore_conflict:
                raise
            say(f"left out: {error}")
            continue
        if request.deps:
            waiting += _dependencies(catalog, done[-1].repo, request.consent)
    return done


def _place(catalog: Catalog, request: Pull) -> tuple[Source, str]:
    """Where a repository comes from and where it lies: a name alone may be that of a registered one."""
    base = clones(catalog.roots, catalog.home_dialect)
    if request.name and not request.url and "/" not in request.name:
        known = [repo for repo in catalog.repos() if repo.ref.alias == request.name and _is_git(repo.path)]
        paths = [os.path.join(base, request.name), *(repo.path for repo in known)]
        for path in paths:
            if _is_git(path):
                return Source(request.name, _remote(path)), path
    source = source_of(request.name, request.url)
    if request.ssh and source.url.startswith(URL_PREFIX):
        source = Source(source.alias, source.url.replace(URL_PREFIX, SSH_PREFIX, 1))
    return source, os.path.join(base, source.alias)


def _remote(path: str) -> str:
    if not _has_remote(path):
        return path
    return git(["remote", "get-url", "origin"], path).strip()


def _dependencies(catalog: Catalog, repo: Repo, consent: bool) -> list[Pull]:
    out = []
    for item in repo.meta.get("deps") or ():
        if isinstance(item, dict) and not item.get("conflict"):
            wanted = ObjectRef(str(item.get("alias") or ""), str(item.get("uid") or ""))
            if wanted and not any(wanted.selects(other.ref) for other in catalog.repos()):
                out.append(Pull(
                    name=wanted.alias, url=str(item.get("url") or ""), branch=str(item.get("branch") or ""),
                    checkout=str(item.get("checkout") or ""), deps=True, consent=consent,
                ))  # fmt: skip
    return out


def pull_all(catalog: Catalog, request: Pull, *, say: Say = silent) -> list[Registered]:
    """Refresh every registered repository whose meta says ``git: true``, by alias."""
    listed = set(listed_paths(catalog.roots))
    repos = [r for r in catalog.repos() if r.meta.get("git") and r.path in listed and _is_git(r.path)]
    done = []
    for repo in sorted(repos, key=lambda r: r.ref.alias):
        say(f"Repository: {repo.ref.alias}")
        with locked(_clone_lock(catalog, os.path.basename(repo.path))):
            _refresh(repo.path, request, say)
        done.append(Registered(repo))
    catalog.refresh()
    return done


def _is_git(path: str) -> bool:
    return os.path.exists(os.path.join(path, ".git"))


def _clone_lock(catalog: Catalog, alias: str) -> str:
    return catalog.roots.lock("clone-" + alias.replace("/", "_"))


def _pull_one(catalog: Catalog, request: Pull, source: Source, path: str, say: Say) -> Registered:
    make_directory(os.path.dirname(path))
    say("=" * 55)
    say(f"Alias:      {source.alias}")
    say(f"URL:        {source.url}")
    for label, value in (("Branch", request.branch), ("Checkout", request.checkout), ("Directory", request.dir)):
        if value:
            say(f"{label + ':':<12}{value}")
    say(f"Local path: {path}")
    with locked(_clone_lock(catalog, source.alias), on_wait=say):
        if os.path.isdir(path):
            _existing(path, request, source, say)
        elif request.checkout_only:
            raise NotFound(f"repository not found: {path}", hint=f"pull it first: cm pull repo {source.alias}")
        else:
            _fetch(catalog, path, request, source, say)
        if request.replace:
            _give_way(catalog, _inner(path, request), say)
        return _registered(catalog, _inner(path, request), say, consent=request.consent)


def _same_identity(catalog: Catalog, meta: dict[str, Any]) -> list[Repo]:
    """Listed repositories with the alias or the uid of a meta (section 2.7)."""
    listed = set(listed_paths(catalog.roots))
    wanted = ObjectRef(str(meta["alias"]), str(meta["uid"]))
    return [repo for repo in catalog.repos() if repo.path in listed and wanted.selects(repo.ref)]


def _give_way(catalog: Catalog, path: str, say: Say) -> None:
    """Section 15.6: the older registration of a repository that was pulled to another place ends; its files stay."""
    catalog.refresh()
    layout = layout_of(path)
    for repo in _same_identity(catalog, repo_meta(path, layout[0])) if layout else ():
        if repo.path != os.path.normpath(path):
            unregister(catalog, repo)
            say(f"{repo.ref.alias} at {repo.path} is not registered any more: the one at {path} takes its place")


def _inner(path: str, request: Pull) -> str:
    return os.path.join(path, check_prefix(request.dir)) if request.dir else path


def _registered(catalog: Catalog, path: str, say: Say, *, consent: bool) -> Registered:
    catalog.refresh()
    path = os.path.normpath(path)
    if path in listed_paths(catalog.roots):
        found = [repo for repo in catalog.repos() if repo.path == path]
        if not found:
            raise NotFound(f"the repository in {path} has no usable meta", hint=f"look at {path}/cmr.yaml")
        done = Registered(found[0], tuple(check_deps(catalog, found[0].meta)))
    else:
        if not consent:
            hold(catalog, path)
        done = register(catalog, path)
    say(f"CM alias for this repository: {done.repo.ref.alias}")
    return done


def _existing(path: str, request: Pull, source: Source, say: Say) -> None:
    if source.is_zip:
        raise Conflict(
            "repository is already installed: " + path, hint=f"remove it first: cm rm repo {source.alias} --all"
        )
    if not _is_git(path):
        raise AlreadyExists(
            f"{path} exists and is not a git repository: it is left as it is",
            hint="move it away, or register it: cm import repo --path=" + path,
        )
    if request.url and _has_remote(path) and _remote(path) != source.url:
        say(f"the clone that is here comes from {_remote(path)} and is brought up to date from there")
    _refresh(path, request, say)
    if layout_of(_inner(path, request)) is None:
        write_repo_meta(_inner(path, request), source.alias, desc=request.desc, prefix=request.prefix)


def _refresh(path: str, request: Pull, say: Say) -> None:
    """Bring a clone up to date and to the wanted branch or commit, never over local changes."""
    changed = changed_files(path)
    if changed and not request.force:
        raise Conflict(
            f"{path} has local changes ({', '.join(changed[:3])}{' ...' if len(changed) > 3 else ''})",
            hint="commit them, or put them aside with --force (git stash), and pull again",
        )
    if changed:
        git(["stash"], path, say=say)
    if request.checkout_only or request.branch or request.checkout:
        if _has_remote(path):
            git(["fetch", "--tags", "origin"], path, say=say)
    elif not _on_branch(path):
        say(f"{path} is at a fixed commit, not on a branch: it stays there (name a --branch to move it)")
        git(["fetch", "origin"], path, say=say)
    else:
        git(["pull", "--ff-only"], path, say=say)
    _switch(path, request, say)


def _has_remote(path: str) -> bool:
    return bool(git(["remote"], path).strip())


def _on_branch(path: str) -> bool:
    return git(["rev-parse", "--abbrev-ref", "HEAD"], path).strip() != "HEAD"


def _switch(path: str, request: Pull, say: Say) -> None:
    """``--new_branch``, ``--branch`` and ``--checkout`` (section 2.5)."""
    if request.new_branch:
        git(["checkout", "-b", plain_word(request.new_branch, "branch")], path, say=say)
    branch, commit = request.branch, request.checkout
    if branch and commit:
        git(["checkout", "-B", plain_word(branch, "branch"), plain_word(commit, "commit")], path, say=say)
        git(["branch", "--set-upstream-to", f"origin/{branch}", branch], path, say=say)
    elif branch:
        git(["checkout", plain_word(branch, "branch"), "--"], path, say=say)
        if _upstream(path):
            git(["merge", "--ff-only", "@{upstream}"], path, say=say)
    elif commit:
        git(["checkout", plain_word(commit, "commit"), "--"], path, say=say)


def _upstream(path: str) -> bool:
    try:
        git(["rev-parse", "--abbrev-ref", "@{upstream}"], path)
    except Unavailable:
        return False
    return True


def _fetch(catalog: Catalog, path: str, request: Pull, source: Source, say: Say) -> None:
    """Get a repository under a hidden name, check it, and give it its name."""
    hidden = os.path.join(os.path.dirname(path), f".pull-{new_uid()}")
    try:
        if source.is_zip:
            _unzip(source.url, hidden, request, say)
        else:
            _clone(hidden, request, source, say)
        inner = os.path.join(hidden, check_prefix(request.dir)) if request.dir else hidden
        if not os.path.isdir(inner):
            raise NotFound(f"{source.url} has no directory {request.dir}")
        _check_meta(catalog, inner, request, source)
        os.rename(hidden, path)
    finally:
        if os.path.exists(hidden):
            shutil.rmtree(hidden, ignore_errors=True)


def _clone(hidden: str, request: Pull, source: Source, say: Say) -> None:
    url = _with_token(source.url, request.pat)
    arguments = ["clone", *request.extra_git]
    if request.depth:
        arguments += ["--depth", str(int(request.depth))]
        if request.branch and not request.checkout:
            arguments += ["--branch", plain_word(request.branch, "branch")]
    git([*arguments, "--", url, hidden], os.path.dirname(hidden), say=say, secret=request.pat)
    if url != source.url:
        git(["remote", "set-url", "origin", source.url], hidden)
    _switch(hidden, request, say)


def _with_token(url: str, token: str) -> str:
    if not token or not url.startswith("https://"):
        return url
    user, at, host = url[8:].partition("@")
    return f"https://{user}:{token}@{host}" if at else f"https://{token}@{user}"


def _check_meta(catalog: Catalog, path: str, request: Pull, source: Source) -> None:
    layout = layout_of(path)
    if layout is None:
        if request.prefix:
            check_prefix(request.prefix)
        write_repo_meta(path, source.alias, desc=request.desc, prefix=request.prefix, git=not source.is_zip)
        return
    meta = repo_meta(path, layout[0])
    _check_version(meta)
    check_deps(catalog, meta)
    for repo in () if request.replace and not request.ignore_conflict else _same_identity(catalog, meta):
        raise Conflict(
            f'CM repository with the same alias "{meta["alias"]}" and/or uid "{meta["uid"]}" already exists in '
            f"{repo.path}",
            hint=f"drop the other one first: cm rm repo {repo.ref.alias}",
        )


def _check_version(meta: dict[str, Any]) -> None:
    wanted = str(meta.get("min_cm_version") or "")
    numbers = tuple(int(part) for part in wanted.split(".") if part.isdigit())
    if numbers > CM_VERSION:
        have = ".".join(map(str, CM_VERSION))
        raise Conflict(
            f"the repository {meta.get('alias')} needs CM {wanted}, this speaks CM {have}", hint="update Franca"
        )


def _unzip(url: str, hidden: str, request: Pull, say: Say) -> None:
    archive = hidden + ".zip"
    try:
        say(f"Downloading {url}")
        download(url, archive)
        _unpack(archive, hidden, strip=1 if request.strip_zip_parent else 0)
    finally:
        if os.path.exists(archive):
            os.unlink(archive)


def _unpack(archive: str, hidden: str, *, strip: int = 0) -> None:
    """Raises Refused for a ``.git`` in it: its settings and hooks are commands that git would run later on."""
    files = extract(archive, hidden, strip=strip)
    if any(part.lower() == ".git" for name in files for part in name.split("/")):
        raise Refused(f"{archive} holds a .git, which could make git run commands", hint="pull the repository with git")


MAX_DOWNLOAD = 8 << 30


def download(url: str, path: str, *, limit: int = MAX_DOWNLOAD) -> None:
    """Fetch an address (http, https with verified certificates, file) into a file. Raises Unavailable, Refused."""
    import http.client
    import urllib.error
    import urllib.request

    if os.path.isabs(url):
        url = "file://" + urllib.parse.quote(url)
    if urllib.parse.urlsplit(url).scheme not in ("http", "https", "file"):
        raise Refused(f"{url!r} cannot be downloaded: it is not an http, https or file address")
    try:
        with urllib.request.urlopen(url, timeout=60) as answer, open(path, "wb") as stream:  # noqa: S310 - checked
            size = 0
            while chunk := answer.read(1 << 20):
                size += len(chunk)
                if size > limit:
                    raise Refused(f"{url} is larger than {limit} bytes")
                stream.write(chunk)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise Unavailable(
            f"cannot download {url}: {reason}", hint="check the address and the network connection"
        ) from None


# Pack and unpack


def pack(repo: Repo, path: str) -> int:
    """All files of a repository but ``.git`` in one zip; the number of files."""
    return pack_files(repo.path, path)


def unpack(catalog: Catalog, archive: str) -> Registered:
    """Make a repository from a packed one. Raises NotFound, Conflict (its name is taken), Refused, MalformedFile."""
    if not os.path.isfile(archive):
        raise NotFound(f"file not found: {archive}")
    base = clones(catalog.roots, catalog.home_dialect)
    make_directory(base)
    hidden = os.path.join(base, f".pull-{new_uid()}")
    try:
        _unpack(archive, hidden)
        layout = layout_of(hidden)
        if layout is None:
            raise NotFound(f"{archive} holds no repository: there is no cmr.yaml at its top")
        alias = check_alias(str(repo_meta(hidden, layout[0])["alias"]), "repository")
        path = os.path.join(base, alias)
        if os.path.lexists(path):
            raise Conflict(f"repository already exists: {path}", hint=f"remove it first: cm rm repo {alias} --all")
        os.rename(hidden, path)
    finally:
        if os.path.exists(hidden):
            shutil.rmtree(hidden, ignore_errors=True)
    hold(catalog, path)
    try:
        return register(catalog, path)
    except Conflict:
        shutil.rmtree(path, ignore_errors=True)
        raise
