"""The two dialects of script content, and every name in which they differ (script engine, section 18)."""

from __future__ import annotations

from franca.model.record import Record


class Dialect(Record):
    """Names of one dialect. Behaviour that differs asks ``is_new``; names are looked up here."""

    name: str
    prefix: str  #: of environment keys
    repo_meta: tuple[str, ...]  #: meta files of a repository, without extension
    artifact_meta: str  #: meta file of an artifact, without extension
    cache_meta: str  #: meta file that the engine writes into a cache entry
    cached_state: str  #: file with new_env and new_state of a cache entry
    origin_tag: str  #: prefix of the tag that ties a cache entry to its script
    origin_key: str  #: meta key that ties a cache entry to its script
    command: str  #: how a run is printed
    root_variable: str
    default_root: str  #: relative to the home directory

    @property
    def is_new(self) -> bool:
        return self.prefix == "MLC_"

    def key(self, name: str) -> str:
        """The environment key ``name`` with this dialect's prefix: ``TMP_PATH`` -> ``CM_TMP_PATH``."""
        return self.prefix + name


CLASSIC = Dialect(
    name="classic", prefix="CM_", repo_meta=("cmr",), artifact_meta="_cm", cache_meta="_cm.json",
    cached_state="cm-cached-state.json", origin_tag="script-artifact-",
    origin_key="associated_script_artifact", command="cm run script",
    root_variable="CM_REPOS", default_root="CM",
)  # fmt: skip

NEW = Dialect(
    name="new", prefix="MLC_", repo_meta=("meta",), artifact_meta="meta", cache_meta="meta.json",
    cached_state="mlc-cached-state.json", origin_tag="script-item-",
    origin_key="associated_script_item", command="mlcr",
    root_variable="MLC_REPOS", default_root="MLC/repos",
)  # fmt: skip

DIALECTS: dict[str, Dialect] = {"classic": CLASSIC, "new": NEW}
