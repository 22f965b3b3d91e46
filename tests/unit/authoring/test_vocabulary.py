"""Misspelt keys: those that are met in content are found, and keys that mean something are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.authoring.vocabulary import BLOCK, CONDITIONAL, DEP, INPUT, TOP, VARIATION, VERSION, misspelt

TABLES = {"dep": DEP, "variation": VARIATION, "top": TOP}


@pytest.mark.parametrize(
    ("table", "key", "meant"),
    [  # script engine, sections 7, 9.1 and 17
        ("dep", "force-cache", "force_cache"),
        ("dep", "updats_tags_from_env_with_prefix", "update_tags_from_env_with_prefix"),
        ("dep", "update_tags_from_env_with_prefix1", "update_tags_from_env_with_prefix"),
        ("dep", 'update_tags_from_env_with_prefix"', "update_tags_from_env_with_prefix"),
        ("dep", "version_max1", "version_max"),
        ("dep", 'version_max_usable"', "version_max_usable"),
        ("dep", "extra_cache_rm_tags", "extra_cache_tags"),
        ("dep", "enable_if_evn", "enable_if_env"),
        ("variation", "default-variations", "default_variations"),
        ("variation", "alis", "alias"),
        ("variation", "add_deps_tags", "add_deps"),
        ("variation", "default_variation", "default_variations"),
        ("top", "\u00a0 force_cache", "can_force_cache"),
        ("top", "docker_input_mapping", "docker.input_mapping"),
        ("top", "Tags", "tags"),
        ("dep", "md5sum", ""),
        ("dep", "verify", ""),
        ("dep", "revision", ""),
        ("dep", "model_filename", ""),
        ("dep", "full_subfolder", ""),
        ("dep", "env_key", ""),
        ("dep", "ignore_missing", ""),
    ],
)
def test_what_was_meant(table: str, key: str, meant: str) -> None:
    found = misspelt(key, TABLES[table])
    assert found == meant or (key.startswith("\u00a0") and found in ("", meant))


@pytest.mark.parametrize("table", [BLOCK, CONDITIONAL, DEP, INPUT, TOP, VARIATION, VERSION])
def test_a_known_key_is_never_misspelt(table: dict[str, str]) -> None:
    assert [key for key in table if misspelt(key, table)] == []


@given(st.sampled_from(sorted(k for k in DEP if len(k) > 8)), st.integers(0, 40), st.sampled_from("xq1_-"))
def test_one_letter_too_many_in_a_long_key_is_found(key: str, at: int, letter: str) -> None:
    at %= len(key) + 1
    wrong = key[:at] + letter + key[at:]
    assert wrong in DEP or misspelt(wrong, DEP) in DEP
