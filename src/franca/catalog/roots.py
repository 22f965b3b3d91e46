"""Where things are: the roots of both dialects, our own recipes, and what is made on first use."""

from __future__ import annotations

import os

from franca import _boot
from franca.catalog.files import make_directory, write_json_atomic, write_yaml_atomic
from franca.errors import FrancaError, UsageError
from franca.model.ids import LOCAL_REPO_UID
from franca.model.light import TYPE_CHECKING
from franca.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Franca's own files in the classic root: index, locks, memory of answers, trust.
OWN = ".franca"


class Roots(Record):
    """The directories that hold everything; all paths absolute."""

    classic: str  #: ``$CM_REPOS`` or ``~/CM`` (CM core, section 1.1)
    new: str  #: ``$MLC_REPOS`` or ``~/MLC/repos``: the directory of clones itself
    package: str  #: directory of the franca package
    cm_home: str = ""  #: ``$CM_HOME``: another copy of internal data, its ``repo`` is a repository
    sites: tuple[str, ...] = ()  #: where pip installs packages; those named ``cm*`` may hold repositories

    @property
    def own(self) -> str:
        return os.path.join(self.classic, OWN)

    @property
    def classic_repos(self) -> str:
        return os.path.join(self.classic, "repos")

    @property
    def classic_list(self) -> str:
        return os.path.join(self.classic, "repos.json")

    @property
    def new_list(self) -> str:
        return os.path.join(self.new, "repos.json")

    @property
    def classic_local(self) -> str:
        return os.path.join(self.classic, "repos", "local")

    @property
    def new_local(self) -> str:
        return os.path.join(self.new, "local")

    @property
    def recipes(self) -> tuple[str, ...]:
        """Candidates for our recipes: package data, then the folder of an editable checkout."""
        checkout = os.path.join(os.path.dirname(os.path.dirname(self.package)), "recipes")
        return os.path.join(self.package, "_recipes"), checkout

    def lock(self, name: str) -> str:
        return os.path.join(self.own, "locks", name + ".lock")


def roots_of(environ: Mapping[str, str]) -> Roots:
    """The roots that these environment variables name. Raises UsageError when there is no home directory."""
    who = _boot.identity(environ)
    if not os.path.isabs(who[3]) or who[3].startswith("~"):
        raise UsageError("neither CM_REPOS nor HOME says where the store is", hint="set CM_REPOS to a directory")
    return Roots(
        classic=who[3], new=who[4], package=who[2], cm_home=who[5],
        sites=who[6],
    )  # fmt: skip


def ensure(roots: Roots) -> list[str]:
    """Make an empty store where there is none (CM core, section 1.2); a warning when that is impossible."""
    try:
        if not os.path.exists(roots.classic_list):
            make_directory(roots.classic)
            _write_new(roots.classic_list)
        make_local(roots.classic_local, "cmr.yaml", "local CM repository", LOCAL_REPO_UID)
    except FrancaError as error:
        return [f"the store cannot be written: {error.message}"]
    return []


def _write_new(path: str) -> None:
    """An empty list, unless another process made one in the same moment."""
    from franca.catalog.locks import locked

    with locked(list_lock(path)):
        if not os.path.exists(path):
            write_json_atomic(path, [])


def list_lock(path: str) -> str:
    """The lock file beside a list of repositories (the same name that mlcflow uses)."""
    return path + ".lock"


def make_local(path: str, meta_file: str, name: str, uid: str) -> None:
    """The writable repository of a dialect, made when absent."""
    stem = meta_file.rsplit(".", 1)[0]
    if any(os.path.exists(os.path.join(path, stem + ext)) for ext in (".yaml", ".json")):
        return
    make_directory(path)
    write_yaml_atomic(os.path.join(path, meta_file), {"alias": "local", "name": name, "uid": uid})
