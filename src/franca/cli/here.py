"""``.`` and ``.:name``: what the current directory belongs to (CM core, section 4.3)."""

from __future__ import annotations

import os

from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import NotFound
from franca.grammar.reference import parse_ref
from franca.model.ids import CUBE, REPO, Ref
from franca.model.record import replace


def resolved(bound: Bound, session: Session) -> Bound:
    """The same request with ``.`` replaced by the artifact, ``.:name`` by ``name`` in the repository, found here.

    Raises:
        NotFound: the current directory lies in no registered repository, or in no artifact.
    """
    if not bound.kind or not any(word == "." or word.startswith(".:") for word in bound.words):
        return bound
    if REPO.selects(parse_ref(bound.kind).name) or bound.command.name == "lint":
        return bound  # the word is a path there
    if CUBE.selects(parse_ref(bound.kind).name) and bound.command.handler.startswith("franca.cli.cube_commands"):
        return bound  # and there
    from franca.catalog.detect import detect

    place = os.getcwd()
    found = detect(session.catalog, place)
    if found.repo is None:
        raise NotFound(f"{place} lies in no registered repository", hint="franca find repo lists them")
    kind, words = bound.kind, []
    for word in bound.words:
        if word.startswith(".:"):
            words.append(f"{found.repo.ref}:{word[2:]}")
        elif word != ".":
            words.append(word)
        elif found.artifact is None or found.downwards:
            raise NotFound(f"{place} lies in no artifact of {found.repo.ref.alias}", hint="name the artifact")
        else:
            kind = str(found.artifact.kind)
            words.append(str(Ref(found.artifact.ref, found.repo.ref)))
    return replace(bound, kind=kind, words=tuple(words))
