"""Where we deliberately differ from what was recorded, and how (docs/differences.md has the reasons).

Each entry changes the expectation of one case in one dialect; everything else of the case stays as recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Case = dict[str, Any]
Change = Callable[[Case], None]


def env(key: str, value: str, *steps: int) -> Change:
    """``new_env[key]`` of the given steps (default: all that have it)."""

    def change(case: Case) -> None:
        for number, step in enumerate(case["steps"]):
            if (not steps or number in steps) and key in step.get("new_env", {}):
                step["new_env"][key] = value

    return change


def markers(step: int, *lines: str) -> Change:
    def change(case: Case) -> None:
        case["steps"][step]["markers"] = list(lines)

    return change


def cache(*entries: list[str]) -> Change:
    def change(case: Case) -> None:
        case["cache"] = [sorted(entry) for entry in entries]

    return change


def step(number: int, **values: Any) -> Change:
    def change(case: Case) -> None:
        case["steps"][number].update(values)

    return change


def both(*changes: Change) -> Change:
    def change(case: Case) -> None:
        for one in changes:
            one(case)

    return change


_WHOLE = env("CM_FX_OUT2", "a=b c")  # a value keeps what follows its second "="
_SKIPPED = both(markers(0, "FX: step after-skip", "FX: cwd work"), cache())
_CACHED = ["cached", "fx", "fx-cached", "version-3.1"]
_VALID = ["fx", "fx-valid", "valid", "version-1.0"]


def _ranged(*more: str) -> Change:
    return both(markers(2, "FX: executed 2"), markers(3, "FX: executed 3"), cache(*3 * [[*more, *_CACHED]]))


WANTED: dict[tuple[str, str], Change] = {
    # values of tmp-run-env.out are split once
    ("classic", "fx-native-out"): _WHOLE,
    ("classic", "fx-dirty"): _WHOLE,
    ("classic", "fx-clean"): _WHOLE,
    ("classic", "fx-outdirname"): _WHOLE,
    # a skipped script leaves no unfinished entry and no strange current directory behind
    ("classic", "fx-skip"): cache(),
    ("new", "fx-skip"): cache(),
    ("classic", "fx-skip-redirect"): cache(),
    ("new", "fx-skip-redirect"): cache(),
    ("classic", "fx-skip-user"): _SKIPPED,
    ("new", "fx-skip-user"): _SKIPPED,
    # a double quote in a value does not break the wrapper
    ("classic", "fx-quote-dquote"): step(0, rc=0, markers=['FX: [a"b]'], new_env={"CM_FX_TXT": 'a"b'}),
    # --fake_deps is honoured
    ("new", "fx-order-fake-deps"): markers(0, "FX: preprocess", "FX: run", "FX: postprocess"),
    # --new makes one whole entry
    ("new", "fx-cache-new"): cache(*2 * [["_def1", "script-item-760d2582ab3a8e03", *_CACHED]]),
    # an entry outside the wanted versions is not used, whichever way its version became known
    ("classic", "fx-cache-version-min"): _ranged("script-artifact-760d2582ab3a8e03"),
    ("new", "fx-cache-version-min"): _ranged("script-item-760d2582ab3a8e03", "_def1"),
    # an excluded tag excludes
    ("new", "fx-amb-exclude-tag"): env("MLC_FX_WHO", "b"),
    # an entry that its validation rejects is made anew
    ("new", "fx-valid-invalid"): both(
        markers(1, "FX: validate", "FX: run", "FX: executed"),
        cache(*2 * [["script-item-d25a6833362b46c2", *_VALID]]),
    ),
    # --repro works, with the same file names
    ("new", "fx-repro"): step(
        0,
        files={
            "cm-repro/cm-run-script-input.json": True,
            "cm-repro/cm-run-script-output.json": True,
            "cm-repro/cm-run-script-info.json": True,
            "cm-repro/cm-run-script-run-state.json": True,
            "cm-output.json": True,
        },
    ),
    # --help never asks
    ("classic", "fx-help"): step(0, rc=0),
}
