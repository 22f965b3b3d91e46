"""Commands on repositories: find, show, add, rm, pull, import, pack, unpack, detect, trust."""

from __future__ import annotations

import os

from franca.cli.describe import artifact_data, repo_data, repo_table
from franca.cli.output import Answer, columns_of, json_text
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import Ambiguous, NotFound, UsageError
from franca.grammar.reference import parse_object
from franca.grammar.suggest import hint
from franca.model.artifact import Repo
from franca.model.ids import ObjectRef
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from franca.catalog.register import Registered
    from franca.model.plan import Plan


def find(bound: Bound, session: Session) -> Answer:
    found = search(bound.words, session)
    data = {"list": [repo_data(repo) for repo in found]}
    if bound.flag("long"):
        return Answer(data, table=repo_table(found) if found else None)
    return Answer(data, tuple(f"{repo.ref} = {repo.path}" for repo in found))


def search(words: tuple[str, ...], session: Session) -> list[Repo]:
    """Repositories that one of the words names; all of them without words."""
    wanted = [parse_object(word) for word in words] or [ObjectRef()]
    return [repo for repo in session.catalog.repos() if any(ref.selects(repo.ref) for ref in wanted)]


def some(words: tuple[str, ...], session: Session) -> list[Repo]:
    """As :func:`search`, but at least one for each word. Raises NotFound."""
    for word in words or ("*",):
        if not search((word,), session):
            near = hint(word, [repo.ref.alias for repo in session.catalog.repos()])
            raise NotFound(
                f"no repository is named {word!r}" + (f" ({near})" if near else ""),
                hint="franca find repo lists them; franca pull repo brings one",
            )
    return search(words, session)


def one(bound: Bound, session: Session) -> Repo:
    """The repository that the words name. Raises UsageError, NotFound, Ambiguous."""
    if len(bound.words) != 1:
        raise UsageError(f"{bound.command.name} repo needs the name of one repository", hint="franca find repo")
    found = some(bound.words, session)
    if len(found) > 1:
        names = ", ".join(repo.ref.alias for repo in found)
        raise Ambiguous(f"more than one repository fits {bound.words[0]}: {names}", hint="name one of them")
    return found[0]


def show(bound: Bound, session: Session) -> Answer:
    found = some(bound.words, session)
    lines: list[str] = []
    for repo in found:
        lines += [*([""] if lines else []), *columns_of([pair for pair in _pairs(repo) if pair[1]])]
    return Answer({"list": [repo_data(repo) for repo in found]}, tuple(lines))


def _pairs(repo: Repo) -> list[tuple[str, str]]:
    return [
        ("name", str(repo.ref)),
        ("path", repo.path),
        ("artifacts in", repo.prefix),
        ("dialect", repo.dialect.name),
        ("about", str(repo.meta.get("desc") or "")),
        ("git", "yes" if repo.meta.get("git") else "no"),
        ("scripts", "trusted" if repo.trusted else f"not trusted; franca trust {repo.ref.alias}"),
    ]


def load(bound: Bound, session: Session) -> Answer:
    repo = one(bound, session)
    return Answer(repo_data(repo), raw=json_text(dict(sorted(repo.meta.items()))))


# ---- changes -------------------------------------------------------------------------------------------


def _registered(done: list[Registered], session: Session, verb: str) -> Answer:
    session.output.warn(text for one in done for text in one.warnings)
    lines = tuple(f"{verb} {one.repo.ref} at {one.repo.path}" for one in done)
    return Answer({"list": [repo_data(one.repo) for one in done]}, lines)


def add(bound: Bound, session: Session) -> Answer:
    from franca.catalog.register import init

    alias = bound.words[0] if bound.words else ""
    path = os.getcwd() if bound.flag("here") or not (alias or bound.text("path")) else bound.text("path")
    if path and os.path.isdir(path) and not _has_repo(path) and os.listdir(path) and not bound.flag("here"):
        session.output.note(f"the directory {path} is not empty; its content becomes part of the repository")
    made = init(
        session.catalog, alias, path, uid=bound.text("uid"), desc=bound.text("desc"), prefix=bound.text("prefix")
    )
    return _registered([made], session, "Added repository")


def _has_repo(path: str) -> bool:
    from franca.catalog.repositories import layout_of

    return layout_of(path) is not None


def register(bound: Bound, session: Session) -> Answer:
    from franca.catalog import register as registry

    path = os.path.abspath(bound.text("path") or _path_word(bound) or os.getcwd())
    above = registry.find_above(path)
    if above:
        return _registered([registry.register(session.catalog, above)], session, "Registered")
    return _registered([registry.init(session.catalog, "", path)], session, "Made and registered")


def _path_word(bound: Bound) -> str:
    """The one word that names a file, a directory or a repository elsewhere; empty without one."""
    if len(bound.words) > 1:
        raise UsageError(f"{bound.command.name} takes one word here; it was given {len(bound.words)}")
    return os.path.expanduser(bound.words[0]) if bound.words else ""


def remove(bound: Bound, session: Session) -> Answer:
    from franca.catalog.register import unregister

    if not bound.words:
        raise UsageError("rm repo needs the name of a repository", hint="franca find repo lists them")
    found = some(bound.words, session)
    everything, dry = bound.flag("all"), bound.flag("dry_run")
    gone = []
    for repo in found:
        what = f"Delete {repo.ref.alias} with all files in" if everything else f"Unregister {repo.ref.alias}, but keep"
        force = dry or bound.flag("force")
        if force or session.confirm(f"{what} {repo.path}?", flag="--force (or --dry-run to look first)"):
            gone.append(repo)
            if not dry:
                unregister(session.catalog, repo, delete=everything)
    verb = ("Would delete" if dry else "Deleted") if everything else ("Would unregister" if dry else "Unregistered")
    data = {"list": [repo_data(repo) for repo in gone], "files_deleted": everything and not dry, "dry_run": dry}
    return Answer(data, tuple(f"{verb} {repo.ref.alias} at {repo.path}" for repo in gone))


# ---- transfer ------------------------------------------------------------------------------------------


def pull(bound: Bound, session: Session) -> Answer:
    from franca.catalog.transfer import Pull
    from franca.catalog.transfer import pull as transfer

    name = _path_word(bound)
    if name.startswith(("./", "../", "/")) and not bound.text("url"):
        name = os.path.abspath(name)
    request = Pull(
        name=name,
        depth=_depth(bound),
        strip_zip_parent=bound.flag("skip_zip_parent_dir"),
        checkout_only=bound.flag("checkout_only"),
        force=bound.flag("force"),
        deps=bound.flag("deps"),
        **_texts(bound, "url", "branch", "checkout", "new_branch", "prefix", "desc", "pat"),
        dir=os.path.join(bound.text("dir2"), bound.text("dir2")) if bound.text("dir2") else bound.text("dir"),
    )
    say = (lambda text: None) if bound.flag("silent") else session.output.note
    with session.output.reserved():
        done = transfer(session.catalog, request, say=say)
    answer = _registered(done, session, "Pulled")
    untrusted = [one.repo.ref.alias for one in done if not one.repo.trusted]
    if untrusted:
        session.output.note(f"its scripts do not run before: franca trust {' '.join(untrusted)}")
    return answer


def _texts(bound: Bound, *names: str) -> dict[str, Any]:
    return {name: bound.text(name) for name in names}


def _depth(bound: Bound) -> int:
    text = bound.text("depth", "0")
    if not text.isdigit():
        raise UsageError(f"--depth={text} is no number of commits", hint="write --depth=1")
    return int(text)


def pack(bound: Bound, session: Session) -> Answer:
    from franca.catalog.transfer import pack as write

    repo = one(bound, session)
    path = os.path.abspath(bound.text("output", "cm.zip"))
    count = write(repo, path)
    return Answer({"path": path, "files": count}, (f"Packed {count} files of {repo.ref.alias} into {path}",))


def unpack(bound: Bound, session: Session) -> Answer:
    from franca.catalog.transfer import unpack as read

    made = read(session.catalog, os.path.abspath(_path_word(bound) or "cm.zip"))
    return _registered([made], session, "Unpacked")


def detect(bound: Bound, session: Session) -> Answer:
    from franca.catalog.detect import detect as look

    path = os.path.abspath(_path_word(bound) or os.getcwd())
    found = look(session.catalog, path)
    if not found.repo_path:
        raise NotFound(f"{path} lies in no repository", hint="franca import repo makes one there")
    name = str(found.repo.ref) if found.repo else "not registered"
    pairs = [("repository", f"{name} at {found.repo_path}")]
    if found.artifact is not None:
        pairs.append(("artifact", f"{found.artifact.kind.alias} {found.artifact.ref} at {found.artifact.path}"))
    data = {
        "path_to_repo": found.repo_path,
        "registered": found.repo is not None,
        "repo": repo_data(found.repo) if found.repo else None,
        "artifact": artifact_data(found.artifact) if found.artifact else None,
    }
    return Answer(data, columns_of(pairs))


# ---- trust ---------------------------------------------------------------------------------------------


def trust(bound: Bound, session: Session) -> Answer:
    from franca.catalog import register as registry

    if bound.words:
        change = registry.distrust if bound.flag("remove") else registry.trust
        for repo in some(bound.words, session):
            change(session.catalog, repo)
    found = some(bound.words, session)
    data = {"list": [{"repo": str(repo.ref), "path": repo.path, "trusted": repo.trusted} for repo in found]}
    return Answer(data, table=repo_table(found))


def trust_used(plan: Plan, session: Session) -> None:
    """Trust every repository that a plan takes a script from, and say so."""
    from franca.catalog import register as registry

    used = {step.repo for step in plan.step.walk() if step.repo}
    for repo in session.catalog.repos():
        if repo.ref.alias in used and not repo.trusted:
            registry.trust(session.catalog, repo)
            session.output.note(f"trusted from now on: {repo.ref.alias} at {repo.path}")
