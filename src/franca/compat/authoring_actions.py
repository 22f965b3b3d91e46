"""The actions ``doc``, ``lint`` and ``validate`` of scripts for the fronts of CM and MLC (script engine, 16)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from franca.authoring import readme
from franca.authoring.lint import Place, lint, place_of_repo
from franca.catalog.catalog import Catalog
from franca.catalog.files import make_directory, write_text_atomic
from franca.compat.results import Result, refusal
from franca.errors import NotFound, UsageError
from franca.model.artifact import Artifact


def document(found: Sequence[Artifact], i: dict[str, Any]) -> Result:
    """Write the page of every script: beside its meta, or below ``--output_dir`` with a list by category."""
    if i.get("output_dir"):
        pages = _elsewhere(found, os.path.abspath(str(i["output_dir"])))
    else:
        done = [readme.write(one, force=bool(i.get("force") or i.get("f"))) for one in found]
        pages = [page.path for page in done if page.state != readme.BY_HAND]
        for page in done:
            if page.state == readme.BY_HAND and i.get("out") == "con":
                print(f"{page.path} is written by hand and stays (-f replaces it)")
    if i.get("out") == "con":
        for path in pages:
            print(path)
    return {"return": 0, "pages": pages}


def _elsewhere(found: Sequence[Artifact], folder: str) -> list[str]:
    if not os.path.isdir(folder):
        raise NotFound(f"output_dir {folder} is no folder", hint="make it first")
    pages, by_category = [], dict[str, list[Artifact]]()
    for one in found:
        name = one.ref.alias or one.ref.uid
        path = os.path.join(folder, name, readme.FILE)
        make_directory(os.path.dirname(path))
        write_text_atomic(path, readme.readme(one))
        pages.append(path)
        by_category.setdefault(str(one.meta.get("category") or "Other"), []).append(one)
    lines = ["# Scripts", ""]
    for category in sorted(by_category):
        names = sorted(one.ref.alias or one.ref.uid for one in by_category[category])
        lines += [f"## {category}", "", *(f"- [{name}]({name}/{readme.FILE})" for name in names), ""]
    path = os.path.join(folder, readme.FILE)
    write_text_atomic(path, "\n".join(lines))
    return [*pages, path]


def examine(catalog: Catalog, found: Sequence[Artifact], i: dict[str, Any]) -> Result:
    """Lint scripts; without any, those of the local repository. Fails when something counts as a mistake."""
    report = lint(_places(catalog, found), catalog)
    counted = report.counted(strict=bool(i.get("strict")))
    if i.get("out") == "con":
        for one in counted:
            print(one)
        print(f"{report.scripts} scripts, {len(counted)} findings")
    import msgspec

    facts = {"scripts": report.scripts, "findings": msgspec.to_builtins(report.findings)}
    return refusal(f"{len(counted)} mistakes were found", 1, **facts) if counted else {"return": 0, **facts}


def _places(catalog: Catalog, found: Sequence[Artifact]) -> list[Place]:
    if not found:
        return [place_of_repo(catalog.local())]
    by_repo: dict[str, list[Artifact]] = {}
    for one in found:
        by_repo.setdefault(one.repo.path, []).append(one)
    return [Place(group[0].repo, tuple(one.path for one in group)) for group in by_repo.values()]


def named(i: dict[str, Any]) -> bool:
    """Whether the call says which scripts are meant."""
    return bool(i.get("artifact") or i.get("tags"))


def need_name(i: dict[str, Any]) -> None:
    """Raises UsageError: writing pages into every script folder there is must be said."""
    if not named(i) and not i.get("output_dir"):
        raise UsageError("which script? Give its name or --tags", hint="all of them elsewhere: --output_dir=FOLDER")
