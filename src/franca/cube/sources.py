"""Which definition a request means: a path, or something that is fetched first."""

from __future__ import annotations

from franca.cube.definition import locate
from franca.model.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def resolve_cube(text: str, directory: str, environ: Mapping[str, str], *, offline: bool = False) -> str:
    """The absolute path of the definition file. URLs and archives are fetched into the cache.

    Raises NotFound, and what fetching raises.
    """
    if "://" in text or text.startswith(("git+", "git@")) or text.endswith((".zip", ".tar.gz", ".tgz", ".tar")):
        from franca.cube.fetch import fetch

        text = fetch(text, environ, directory, offline=offline).directory
    return locate(text, directory, environ.get("HOME", ""))
