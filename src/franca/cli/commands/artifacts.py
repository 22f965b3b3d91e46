"""find, show, load, add, update, rm, mv, cp for artifacts of any kind."""

from __future__ import annotations

from franca.cli.commands import repositories
from franca.cli.describe import artifact_data, artifact_table, cached_env, describe
from franca.cli.output import Answer, columns_of, json_text
from franca.cli.parsing import Bound, kind_of
from franca.cli.session import Session
from franca.errors import FrancaError, NotFound, UsageError
from franca.grammar.argv import words_to_tags
from franca.grammar.reference import parse_ref
from franca.grammar.suggest import closest, closest_tags
from franca.model.artifact import Artifact
from franca.model.ids import CACHE, REPO, SCRIPT, Ref
from franca.model.light import Any
from franca.model.tags import TagQuery, split_tags


def find(bound: Bound, session: Session) -> Answer:
    if is_repo(bound):
        return repositories.find(bound, session)
    found = search(bound, session)
    data = {"list": [artifact_data(one, full=bound.flag("full")) for one in found]}
    if not found:
        explain_nothing(bound, session)
    if bound.flag("long"):
        return Answer(data, table=artifact_table(found) if found else None)
    return Answer(data, lines=tuple(one.path for one in found))


def show(bound: Bound, session: Session) -> Answer:
    if is_repo(bound):
        return repositories.show(bound, session)
    found = search(bound, session)
    if not found:
        raise nothing(bound, session)
    lines: list[str] = []
    for one in found:
        lines += [*([""] if lines else []), *columns_of(describe(one))]
    return Answer({"list": [_shown(one) for one in found]}, tuple(lines))


def _shown(artifact: Artifact) -> dict[str, Any]:
    data = artifact_data(artifact, full=True)
    return {**data, "new_env": cached_env(artifact)} if CACHE.selects(artifact.kind) else data


def load(bound: Bound, session: Session) -> Answer:
    if is_repo(bound):
        return repositories.load(bound, session)
    refs, tags = selection(bound)
    artifact = session.catalog.load(kind_of(bound), refs[0] if refs else Ref(), tags)
    if bound.flag("yaml"):
        from franca.catalog.yamltext import dump

        text = dump(artifact.meta)
    else:
        text = json_text(dict(sorted(artifact.meta.items())))
    data = {**artifact_data(artifact, full=True), "original_meta": artifact.original_meta}
    return Answer(data, raw=text)


def add(bound: Bound, session: Session) -> Answer:
    if is_repo(bound):
        return repositories.add(bound, session)
    ref = _one_word(bound, "the name of what is to be made")
    kind = session.catalog.kind(kind_of(bound))
    made = session.catalog.add(
        kind, parse_ref(ref), _meta(bound), tags=split_tags(bound.text("tags")), yaml=bound.flag("yaml")
    )
    return Answer(artifact_data(made, full=True), (f"Added {made.kind.alias} {made.ref} at {made.path}",))


def update(bound: Bound, session: Session) -> Answer:
    if is_repo(bound):
        return repositories.pull(bound, session)
    ref = parse_ref(_one_word(bound, "what to change")) if bound.words else Ref()
    query = TagQuery.parse(bound.text("search_tags"))
    if not ref and not query:
        raise UsageError("update needs a name or --search-tags", hint="franca update --help")
    changed = session.catalog.update(
        session.catalog.kind(kind_of(bound)),
        ref,
        _meta(bound),
        tags=split_tags(bound.text("tags")),
        remove_tags=split_tags(bound.text("remove_tags")),
        search_tags=query,
        replace=bound.flag("replace"),
        replace_lists=bound.flag("replace_lists"),
        several=bound.flag("force"),
    )
    data = {"list": [artifact_data(one, full=True) for one in changed]}
    return Answer(data, tuple(f"Updated {one.path}" for one in changed))


def remove(bound: Bound, session: Session) -> Answer:
    if is_repo(bound):
        return repositories.remove(bound, session)
    found = search(bound, session)
    if not found:
        raise nothing(bound, session)
    force, dry = bound.flag("force"), bound.flag("dry_run")
    gone: list[Artifact] = []
    for one in found:
        what = f"{one.kind.alias} {one.ref} with tags {','.join(one.tags) or '(none)'} at {one.path}"
        if dry or force or session.confirm(f"Delete {what}?", flag="--force (or --dry-run to look first)"):
            gone.append(one)
            if not dry:
                session.catalog.delete(one)
    verb = "Would delete" if dry else "Deleted"
    data = {"deleted_list": [artifact_data(one) for one in gone], "dry_run": dry}
    return Answer(data, tuple(f"{verb} {one.path}" for one in gone))


def move(bound: Bound, session: Session) -> Answer:
    artifact, target = _source_and_target(bound, session)
    moved = session.catalog.move(artifact, target)
    return Answer({"list": [artifact_data(moved)]}, (f"Moved {artifact.path} to {moved.path}",))


def copy(bound: Bound, session: Session) -> Answer:
    artifact, target = _source_and_target(bound, session)
    made = session.catalog.copy(artifact, target, new_tags=split_tags(bound.text("new_tags")))
    return Answer({"list": [artifact_data(made)]}, (f"Copied {artifact.path} to {made.path}",))


# ---- selection -------------------------------------------------------------------------------------


def is_repo(bound: Bound) -> bool:
    return REPO.selects(parse_ref(bound.kind).name)


def selection(bound: Bound) -> tuple[list[Ref], TagQuery]:
    """What the words and ``--tags`` ask for; for scripts, variations (``_x``) are no part of a search."""
    tags, words = words_to_tags(bound.words, bound.text("tags"))
    refs: list[Ref] = []
    for word in words:
        try:
            refs.append(parse_ref(word))
        except UsageError:
            if "," not in word or ":" in word:
                raise
            tags = f"{tags},{word}"
    wanted = split_tags(tags)
    if SCRIPT.selects(kind_of(bound)):
        wanted = tuple(tag for tag in wanted if not tag.startswith(("_", "-_")))
    return refs, TagQuery.parse(wanted)


def search(bound: Bound, session: Session) -> list[Artifact]:
    """Everything that fits one of the words and the tags, each once, in search order."""
    refs, tags = selection(bound)
    found: dict[str, Artifact] = {}
    for ref in refs or [Ref()]:
        for one in session.catalog.find(kind_of(bound), ref, tags):
            found.setdefault(one.path, one)
    return list(found.values())


def explain_nothing(bound: Bound, session: Session) -> None:
    """Tell people, not programs, what they may have meant."""
    if not session.output.as_json and session.output.terminal(session.output.err):
        error = nothing(bound, session)
        session.output.note(*error.lines())


def nothing(bound: Bound, session: Session) -> NotFound:
    """The error for a selection without a match: what was asked, and the closest there is."""
    refs, tags = selection(bound)
    what = " ".join([*(str(ref) for ref in refs), *([f"--tags={tags}"] if tags else [])])
    near = _nearest(bound, session, refs, tags)
    message = f"no {bound.kind} matches {what or 'at all'}"
    return NotFound(
        message + (f" (closest: {near})" if near else ""),
        hint=f"see what there is: franca find {bound.kind}",
    )


def _nearest(bound: Bound, session: Session, refs: list[Ref], tags: TagQuery) -> str:
    from franca.model.ids import WELL_KNOWN_KINDS

    try:
        every = session.catalog.find(kind_of(bound))
    except FrancaError:
        return ""
    names = [one.ref.alias for one in every]
    kinds = [kind.alias for kind in WELL_KNOWN_KINDS]
    near = [word for ref in refs for word in closest(ref.name.alias, names) or closest(ref.name.alias, kinds)]
    if tags:
        known = {tag for one in every for tag in one.tags}
        near += [text for text in [closest_tags(tags.include, known)] if text]
    return ", ".join(near)


def _one_word(bound: Bound, what: str) -> str:
    if len(bound.words) != 1:
        raise UsageError(
            f"franca {bound.command.name} {bound.kind} needs one word, {what}; it was given {len(bound.words)}",
            hint=f"franca {bound.command.name} --help",
        )
    return bound.words[0]


def _meta(bound: Bound) -> dict[str, Any]:
    """``--meta.k=v`` or ``--meta=JSON``."""
    value = bound.options.get("meta", {})
    if isinstance(value, dict):
        return value
    import json

    try:
        found = json.loads(str(value))
    except ValueError as error:
        raise UsageError(f"--meta is no JSON: {error}", hint="write --meta.key=value") from None
    if not isinstance(found, dict):
        raise UsageError("--meta must be a JSON object", hint="write --meta.key=value")
    return found


def _source_and_target(bound: Bound, session: Session) -> tuple[Artifact, Ref]:
    if len(bound.words) != 2:
        raise UsageError(
            f"franca {bound.command.name} needs what and where to; it was given {len(bound.words)} words",
            hint=f"franca {bound.command.name} --help",
        )
    tags = TagQuery.parse(bound.text("tags"))
    artifact = session.catalog.load(kind_of(bound), parse_ref(bound.words[0]), tags)
    return artifact, parse_ref(bound.words[1])
