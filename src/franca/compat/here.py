"""What ``.`` means in a command: the kind and the artifact around the current directory (CM core, 4.3)."""

from __future__ import annotations

import os

from franca.errors import NotFound
from franca.model.light import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from franca.compat.access import CM


def resolve(cm: CM, i: dict[str, Any]) -> None:
    """Replace ``.`` and ``.:name`` in an input by what they stand for.

    Raises:
        NotFound: the current directory is in no repository, or in no artifact where one is meant.
    """
    automation, artifact = str(i.get("automation") or ""), str(i.get("artifact") or "")
    if automation != "." and artifact != "." and not artifact.startswith(".:"):
        return
    from franca.catalog.detect import detect

    around = detect(cm.catalog, os.getcwd())
    if automation == ".":
        i["automation"] = str(around.artifact.kind) if around.artifact else ""
    if artifact == ".":
        if around.artifact is not None and not around.downwards:
            i["artifact"] = f"{around.artifact.repo.ref}:{around.artifact.ref}"
        elif not i.get("artifacts") and not i.get("tags"):
            raise NotFound(f"no artifact was found in {os.getcwd()}", hint="go into its directory, or name it")
    elif artifact.startswith(".:"):
        if around.repo is None:
            raise NotFound(f"{os.getcwd()} is in no registered repository", hint="see: cm find repo")
        i["artifact"] = f"{around.repo.ref}{artifact[1:]}"
