"""Preprocessing as a step of a longer command: a tree that was just built, before it is checked (12.3, 16.7)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import msgspec

from franca.mlperf.submission.build import Built
from franca.mlperf.submission.build_verdict import skips_for
from franca.mlperf.submission.checker import Options
from franca.mlperf.submission.preprocess import preprocess_tree


def preprocess_built(built: Built, say: Callable[[str], None], *, clean: bool, infer: bool) -> Built:
    """The tree to go on with: `<tree>_processed` when something was asked for, else the one that was built.

    A short run is judged as one, else nothing of it would be left. An older `<tree>_processed` is kept as
    `<tree>_processed.previous`.

    Raises:
        Refused: no result is left. FrancaError: see `preprocess_tree`.
    """
    if not (clean or infer):
        return built
    target = f"{built.path}_processed"
    if os.path.lexists(target):
        shutil.rmtree(f"{target}.previous", ignore_errors=True)
        os.rename(target, f"{target}.previous")
    options = Options(round=built.round, skip=skips_for(built), short=built.style != "valid")
    done = preprocess_tree(built.path, target, options, clean=clean, infer=infer)
    for change in done.changes:
        say(f"preprocessing: {change.line()}")
    say(f"preprocessed tree: {target} ({len(done.changes)} changes, listed in {target}_changes.json)")
    return msgspec.structs.replace(built, path=target, results=[record.location for record in done.verdict.records])
