"""``mlcr ... --mlc_isolate``: a run in a new folder with storage roots of its own (script engine, section 2.2).

The new roots begin without any cached result. The content repositories that are registered are listed in them too,
by their paths, so that the run finds the scripts that it names.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from franca.catalog import memo
from franca.catalog.catalog import Catalog
from franca.catalog.files import make_directory, write_json_atomic
from franca.catalog.repositories import held_paths
from franca.catalog.roots import OWN
from franca.compat.content_data import is_true
from franca.errors import NotFound
from franca.model.dialect import NEW


@contextmanager
def isolated(request: dict[str, Any], environ: Mapping[str, str]) -> Iterator[None]:
    """Inside, the current directory, ``MLC_REPOS`` and ``CM_REPOS`` are new ones, if the request asks for that.

    Takes the three keys out of the request: they are no inputs of the script.

    Raises:
        NotFound: ``--mlc_isolate_dir`` names no folder.
    """
    wanted = is_true(request.pop("mlc_isolate", ""))
    base = str(request.pop("mlc_isolate_dir", "") or "")
    clean = is_true(request.pop("mlc_isolate_clean", ""))
    if not wanted:
        yield
        return
    if base and not os.path.isdir(base):
        raise NotFound(f"mlc_isolate_dir {base} is no folder", hint="make it first, or leave the flag out")
    folder = tempfile.mkdtemp(prefix="mlcflow-isolated-", dir=os.path.abspath(base) if base else None)
    roots = {"MLC_REPOS": os.path.join(folder, "MLC"), "CM_REPOS": os.path.join(folder, "CM")}
    _list_content(roots, environ)
    memo.withdraw()  # the next isolated run is another one
    before, here = {name: os.environ.get(name) for name in roots}, os.getcwd()
    os.environ.update(roots)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        _leave(folder, clean)


def _list_content(roots: Mapping[str, str], environ: Mapping[str, str]) -> None:
    catalog = Catalog.open(environ, home_dialect=NEW)
    content = [repo for repo in catalog.repos() if repo.writable and repo.ref.alias != "local"]
    new, classic = roots["MLC_REPOS"], roots["CM_REPOS"]
    make_directory(new)
    make_directory(os.path.join(classic, OWN))
    listed = [os.path.join(new, "local"), *(repo.path for repo in content if repo.dialect.is_new)]
    write_json_atomic(os.path.join(new, "repos.json"), listed)
    write_json_atomic(os.path.join(classic, "repos.json"), [repo.path for repo in content if not repo.dialect.is_new])
    # What waits for the user's trust waits here as well.
    write_json_atomic(os.path.join(classic, OWN, "held.json"), sorted(held_paths(catalog.roots)))


def _leave(folder: str, clean: bool) -> None:
    if clean:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"The isolated run is in {folder}", file=sys.stderr)
