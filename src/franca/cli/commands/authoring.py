"""new, lint, test, doc, adopt."""

from __future__ import annotations

import os
from collections import Counter

from franca.cli.commands.artifacts import is_repo, nothing, search
from franca.cli.commands.automations import call
from franca.cli.output import Answer, columns_of, plain
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import NotFound, Refused, UsageError
from franca.grammar.reference import parse_ref
from franca.grammar.suggest import hint
from franca.model.artifact import Artifact
from franca.model.dialect import CLASSIC, DIALECTS, Dialect
from franca.model.ids import CUBE, SCRIPT, Ref
from franca.model.light import TYPE_CHECKING
from franca.model.tags import split_tags

if TYPE_CHECKING:
    from franca.authoring.lint import Place
    from franca.authoring.testing import CaseResult


def _is_script(bound: Bound) -> bool:
    """Other kinds may have an action of this name of their own."""
    return SCRIPT.selects(parse_ref(bound.kind).name)


def _dialect(bound: Bound, session: Session) -> Dialect:
    """The dialect that was asked for; else that of the repository that was named; else classic."""
    if name := bound.text("dialect"):
        return DIALECTS[name]
    return _dialect_of_repo(parse_ref(bound.words[0]), session)


def _shown_path(path: str) -> str:
    """A path below the current directory as people type it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


# ---- new ---------------------------------------------------------------------------------------------


def new(bound: Bound, session: Session) -> Answer:
    from franca.authoring.scaffold import new_script

    if CUBE.selects(parse_ref(bound.kind).name) and bound.text("from_script"):
        return _cube_of_script(bound, session)
    if not _is_script(bound):
        return call(bound, session)
    if len(bound.words) != 1:
        raise UsageError("franca new script needs one name", hint="for example: franca new script my-tool")
    dialect = _dialect(bound, session)
    made = new_script(
        session.catalog,
        parse_ref(bound.words[0]),
        split_tags(bound.text("tags")),
        dialect=dialect,
        category=bound.text("category", "Local scripts"),
    )
    artifact = made.artifact
    data = {"alias": artifact.ref.alias, "uid": artifact.ref.uid, "path": artifact.path, "files": list(made.files)}
    lines = [f"{os.path.join(artifact.path, name)}" for name in made.files]
    name = artifact.ref.alias
    return Answer(data, (*lines, f"# try: franca run script {name}; franca test script {name}"))


def _cube_of_script(bound: Bound, session: Session) -> Answer:
    from franca.authoring.cube_of_script import Wanted, make

    if len(bound.words) != 1:
        raise UsageError("franca new cube needs one name", hint="franca new cube os --from-script='detect os'")
    wanted = Wanted(
        {"tags": ",".join(split_tags(bound.text("from_script").replace(" ", ","))), "quiet": True},
        bound.words[0],
        split_tags(bound.text("inputs")),
        split_tags(bound.text("outputs")),
        bound.flag("pin"),
        bound.text("base_image", "python:3.11-slim"),
    )
    made = make(session.planner(), wanted, os.getcwd())
    shown = _shown_path(made.root)
    data = {"path": made.root, "files": list(made.files), "scripts": list(made.scripts), "pins": list(made.pins)}
    lines = [os.path.join(shown, name) for name in made.files]
    return Answer(data, (*lines, f"# try: mlcube run --mlcube={shown} --platform=native --task=run"))


# ---- lint --------------------------------------------------------------------------------------------


def lint(bound: Bound, session: Session) -> Answer:
    from franca.authoring.findings import RULES
    from franca.authoring.lint import lint as look

    if not (_is_script(bound) or is_repo(bound)):
        return call(bound, session)
    rules = split_tags(bound.text("rule"))
    for rule in rules:
        if rule not in RULES:
            raise UsageError(f"there is no rule {rule!r}", hint=hint(rule, RULES) or f"rules: {', '.join(RULES)}")
    report = look(_places(bound, session), session.catalog).only(rules)
    strict = bound.flag("strict")
    failed = report.counted(strict=strict)
    shown = report.findings if strict or rules else failed
    lines = [plain(str(one).replace(one.path, _shown_path(one.path), 1)) for one in shown]
    counts = Counter(one.severity for one in report.findings)
    hidden = len(report.findings) - len(shown)
    total = ", ".join(f"{n} {name}s" for name, n in sorted(counts.items())) or "nothing found"
    lines.append(f"# {report.scripts} scripts: {total}" + (f" ({hidden} notes with --strict)" if hidden else ""))
    data = {"scripts": report.scripts, "findings": [_as_data(one) for one in report.findings], "counts": dict(counts)}
    return Answer(data, tuple(lines), status=1 if failed else 0)


def _as_data(finding: object) -> dict[str, object]:
    import msgspec

    data: dict[str, object] = msgspec.to_builtins(finding)
    return {**data, "severity": getattr(finding, "severity", "")}


def _places(bound: Bound, session: Session) -> list[Place]:
    """What the words mean: scripts by name, repositories, or folders."""
    from franca.authoring.lint import Place, place_of_path, place_of_repo

    catalog = session.catalog
    if is_repo(bound):
        repos = [catalog.repo(parse_ref(word).name) for word in bound.words] or [catalog.local()]
        return [place_of_repo(repo) for repo in repos]
    if not bound.words and not bound.text("tags"):
        return [place_of_repo(catalog.local())]
    folders = [word for word in bound.words if os.sep in word or word in (".", "..")]
    if folders and len(folders) == len(bound.words):
        return [place_of_path(word, catalog) for word in folders]
    found = search(bound, session)
    if not found:
        raise nothing(bound, session)
    by_repo: dict[str, list[Artifact]] = {}
    for one in found:
        by_repo.setdefault(one.repo.path, []).append(one)
    return [Place(group[0].repo, tuple(one.path for one in group)) for group in by_repo.values()]


# ---- test --------------------------------------------------------------------------------------------


def test(bound: Bound, session: Session) -> Answer:
    from franca.authoring.testing import FAILED

    if not _is_script(bound):
        return call(bound, session)
    if not bound.words and not bound.text("tags"):
        raise UsageError("franca test script needs a name or --tags")
    found = _found(bound, session)
    results = [(one, result) for one in found for result in _tested(one, bound, session)]
    if not results:
        raise UsageError(
            f"{', '.join(one.ref.alias for one in found)} has no tests",
            hint="add tests: run_inputs: to its meta, or a folder tests/ with test_*.py",
        )
    failed = any(result.state == FAILED for _, result in results)
    lines = tuple(f"{r.state}  {one.ref.alias}: {plain(r.name)}" + (f": {plain(r.about)}" if r.about else "")
                  for one, r in results)  # fmt: skip
    data = {"results": [{"script": one.ref.alias, **_struct(result)} for one, result in results]}
    return Answer(data, lines, status=1 if failed else 0)


def _struct(value: object) -> dict[str, object]:
    import msgspec

    data: dict[str, object] = msgspec.to_builtins(value)
    return data


def _tested(artifact: Artifact, bound: Bound, session: Session) -> list[CaseResult]:
    from franca.authoring import testing
    from franca.cli.commands.lock import watched

    chosen = testing.cases(artifact, index=bound.text("index"), id=bound.text("id"), more=bound.inputs)
    results: list[CaseResult] = []
    for case in chosen:
        if bound.flag("trust") and not case.skip:
            from franca.cli.commands.repositories import trust_used

            trust_used(session.planner().plan(case.inputs), session)
        session.output.note(f"-- {artifact.ref.alias}: {plain(case.name)}")
        with watched(bound, session) as engine:
            results.append(testing.run_case(case, engine.run))
    if testing.has_test_folder(artifact) and not (bound.text("index") or bound.text("id")):
        session.output.out.flush()
        results.append(testing.run_test_folder(artifact, session.environ, to_stderr=session.output.as_json))
    return results


# ---- doc and help ------------------------------------------------------------------------------------


def doc(bound: Bound, session: Session) -> Answer:
    from franca.authoring import readme

    if not (_is_script(bound) or is_repo(bound)):
        return call(bound, session)
    found = _artifacts(bound, session)
    if bound.flag("print"):
        text = "\n".join(readme.readme(one) for one in found)
        return Answer({"pages": [{"script": one.ref.alias, "text": readme.readme(one)} for one in found]}, raw=text)
    check, force = bound.flag("check"), bound.flag("force")
    pages = [readme.write(one, check=check, force=force) for one in found]
    if len(pages) == 1 and pages[0].state == readme.BY_HAND and not (check or force):
        raise Refused(
            f"{pages[0].path} was not made by franca doc",
            hint="keep its text as README-extra.md, or replace it with --force",
        )
    wrong = [p for p in pages if p.state in (readme.STALE, readme.MISSING)]
    by_hand = "was replaced" if force and not check else "is written by hand and stays"
    verb = {readme.CURRENT: "is current", readme.BY_HAND: by_hand}
    done = "is not current" if check else "was written"
    lines = [f"{_shown_path(p.path)} {verb.get(p.state, done)}" for p in pages]
    data = {"pages": [{"script": p.script, "path": p.path, "state": p.state} for p in pages]}
    return Answer(data, tuple(lines), status=1 if check and wrong else 0)


def _artifacts(bound: Bound, session: Session) -> list[Artifact]:
    """Scripts by name or tags, or all of a repository."""
    if is_repo(bound):
        repos = {session.catalog.repo(parse_ref(word).name).path for word in bound.words} or {
            session.catalog.local().path
        }
        return [one for one in session.catalog.find(SCRIPT) if one.repo.path in repos]
    if not bound.words and not bound.text("tags"):
        raise UsageError("franca doc script needs a name", hint="all of a repository: franca doc repo local")
    return _found(bound, session)


def _found(bound: Bound, session: Session) -> list[Artifact]:
    """Scripts by name, tags, or the path of their folder. Raises NotFound."""
    paths = {os.path.abspath(os.path.expanduser(word)) for word in bound.words if os.sep in word}
    if paths and len(paths) == len(bound.words):
        found = [one for one in session.catalog.find(SCRIPT) if one.path in paths]
        if not found:
            listed = ", ".join(sorted(paths))
            raise NotFound(f"no script of a registered repository is at {listed}", hint="franca import repo PATH")
        return found
    found = search(bound, session)
    if not found:
        raise nothing(bound, session)
    return found


def script_help(bound: Bound, session: Session) -> Answer:
    """``franca run X --help``: what the script takes, without running it."""
    from franca.authoring.readme import help_pairs

    found = search(bound, session)
    if not found:
        raise nothing(bound, session)
    lines: list[str] = []
    for one in found:
        lines += [*([""] if lines else []), f"{one.ref}  ({','.join(one.tags)})", one.path]
        for title, pairs in help_pairs(one):
            lines += ["", f"{title}:", *(f"  {plain(line)}" for line in columns_of(pairs))]
    return Answer({"list": [{"script": str(one.ref), "help": help_pairs(one)} for one in found]}, tuple(lines))


# ---- adopt -------------------------------------------------------------------------------------------


def adopt(bound: Bound, session: Session) -> Answer:
    from franca.authoring import adopt as adoption
    from franca.authoring.survey import look

    if len(bound.words) != 1:
        raise UsageError("franca adopt needs one folder", hint="for example: franca adopt . --dry-run")
    ref = parse_ref(bound.text("name")) if bound.text("name") else Ref()
    dialect = DIALECTS[bound.text("dialect")] if bound.text("dialect") else _dialect_of_repo(ref, session)
    made = adoption.propose(
        look(bound.words[0]), ref, split_tags(bound.text("tags")), dialect, command=bound.text("command")
    )
    lines = [f"# {plain(line)}" for line in made.evidence] + [f"# note: {plain(line)}" for line in made.notes]
    data = {
        "script": made.ref.name.alias, "tags": list(made.tags), "meta": made.meta, "files": made.files,
        "evidence": list(made.evidence), "notes": list(made.notes),
    }  # fmt: skip
    meta_name = dialect.artifact_meta + ".yaml"
    shown = [*lines, *_file_lines({meta_name: made.meta, **made.files})]
    if bound.flag("dry_run"):
        return Answer(data, tuple(shown))
    if not bound.flag("yes"):
        if session.can_ask():
            session.output.note(*shown)
        if not session.confirm(f"Make the script {made.ref.name.alias}?", flag="--yes (or --dry-run to look first)"):
            return Answer({**data, "path": ""}, ("# nothing was written",), status=1)
    scaffold = adoption.write(session.catalog, made)
    done = f"# try: franca run script {made.ref.name.alias}"
    paths = [os.path.join(scaffold.artifact.path, name) for name in scaffold.files]
    return Answer({**data, "path": scaffold.artifact.path}, (*lines, *paths, done))


def _dialect_of_repo(ref: Ref, session: Session) -> Dialect:
    return session.catalog.repo(ref.repo).dialect if ref.repo else CLASSIC


def _file_lines(files: dict[str, str]) -> list[str]:
    return [line for name, text in files.items() for line in ("", f"--- {name}", *map(plain, text.splitlines()))]
