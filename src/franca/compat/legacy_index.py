"""``index.json`` for the older tool, written when it is asked for (CM core, sections 6.1 and 17)."""

from __future__ import annotations

import json
import os
from typing import Any

from franca.catalog.catalog import Catalog
from franca.catalog.files import write_text_atomic
from franca.model.artifact import Artifact
from franca.model.ids import INTERNAL_REPO_UID, ObjectRef

_FILE = "index.json"


def index_of(catalog: Catalog) -> dict[str, Any]:
    """Every classic artifact four times: by uid and alias of its automation, by its own uid and alias."""
    index: dict[str, Any] = {}
    for one in catalog.find(ObjectRef("*")):
        if one.dialect.is_new or one.repo.ref.uid == INTERNAL_REPO_UID:
            continue
        for kind in (one.kind.uid, one.kind.alias):
            if kind:
                shelf = index.setdefault(kind, {})
                _put(shelf, one)
    return index


def _put(shelf: dict[str, Any], one: Artifact) -> None:
    about = {"tags": list(one.tags), "repo": [one.repo.ref.alias, one.repo.ref.uid], "path": one.path}
    if one.ref.uid:
        shelf[one.ref.uid] = {**about, "alias": one.ref.alias}
    if one.ref.alias:
        shelf[one.ref.alias] = {**about, "uid": one.ref.uid}


def write(catalog: Catalog) -> str:
    """Write the file into the storage root and return its path."""
    path = os.path.join(catalog.root, _FILE)
    write_text_atomic(path, json.dumps(index_of(catalog), indent=2))
    return path
