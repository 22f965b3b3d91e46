"""The last step of a run for a submission: check the tree, say what the verdict means, write summary and archive.

A short run breaks the rules about length by design. Those rules are named, and everything else must hold
(mlperf-inference 16.6: such a tree is for trying out, and never for the closed division).
"""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec

from franca.catalog.files import write_text_atomic
from franca.mlperf.submission.build import Built
from franca.mlperf.submission.checker import Options, Verdict, check_tree
from franca.mlperf.submission.output import to_csv, to_summary_json, to_text
from franca.mlperf.submission.pack import pack_tree
from franca.mlperf.submission.rules import BY_ID, ERROR, SHORT_RULES
from franca.mlperf.submission.tables import LOCAL_SAMPLES

DATA_SET_SKIP = "dataset-size-check"


class Outcome(msgspec.Struct, frozen=True):
    """What was made of a tree. ``verdict`` is the strict one."""

    verdict: Verdict
    short: list[str]
    """Rules broken by the length of the run alone."""
    broken: list[str]
    """Other rules that refuse the tree."""
    summary_csv: str
    summary_json: str
    archive: str = ""

    @property
    def accepted(self) -> bool:
        """Accepted by the strict checker."""
        return self.verdict.ok

    @property
    def short_only(self) -> bool:
        """Refused, but for nothing except being short."""
        return bool(self.short) and not self.broken


def skips_for(built: Built) -> tuple[str, ...]:
    """A model that is mapped to an official one has its own data: its size is not the official one (19.4).

    Franca's own benchmarks need no skip: the checker knows how many samples they have.
    """
    foreign = set(built.mapping) - set(LOCAL_SAMPLES)
    return (DATA_SET_SKIP,) if built.division == "open" and foreign else ()


def judge(built: Built, skip: tuple[str, ...] = ()) -> Verdict:
    """The strict verdict over the tree."""
    return check_tree(built.path, Options(round=built.round, skip=skip))


def split_rules(verdict: Verdict) -> tuple[list[str], list[str]]:
    """Rules of errors: those that a short run cannot keep, and the others."""
    rules = sorted({finding.rule for finding in verdict.findings if finding.severity == ERROR})
    # Without early stopping LoadGen has no estimate and writes 0: P15 then says the same as P9.
    known = SHORT_RULES | {"P15"} if "P9" in rules else SHORT_RULES
    if "P7" not in rules:  # of official length: what is INVALID is so for another reason
        known = known - {"P3", "P9", "P15"}
    return [r for r in rules if r in known], [r for r in rules if r not in known]


def conclude(
    built: Built,
    verdict: Verdict,
    folder: str,
    say: Callable[[str], None],
    *,
    summary: str = "summary",
    archive: str = "",
) -> Outcome:
    """Print the verdict, write ``<summary>.csv`` and ``.json``, pack the tree when ``archive`` names a file.

    A tree that is refused for more than being short is not packed, nor a short one of the closed division.

    Raises:
        FrancaError: something cannot be written.
    """
    short, broken = split_rules(verdict)
    shown = verdict
    if short and not broken:
        shown = check_tree(built.path, Options(round=verdict.round, skip=verdict.skipped, short=True))
    csv, rows = os.path.join(folder, f"{summary}.csv"), os.path.join(folder, f"{summary}.json")
    write_text_atomic(csv, to_csv(shown))
    write_text_atomic(rows, to_summary_json(shown))
    for line in describe(built, shown, short, broken):
        say(line)
    path = ""
    if archive and not broken and (verdict.ok or built.division == "open"):
        path = os.path.join(folder, archive)
        pack_tree(built.path, path, Options(round=verdict.round, skip=verdict.skipped), force=True, check=False)
        say(f"archive: {path}")
    return Outcome(verdict, short, broken, csv, rows, path)


def describe(built: Built, verdict: Verdict, short: list[str], broken: list[str]) -> list[str]:
    """The verdict in lines for people; ``verdict`` is that over short runs where only length breaks a rule."""
    lines = to_text(verdict, remedies=bool(broken)).splitlines()
    if short and not broken:
        lines.append(f"This is a short run ({built.style}): it breaks the rules of length and size, and nothing else:")
        lines += [f"  {rule} {BY_ID[rule].title}" for rule in short]
        lines.append("It shows that everything works. For a submission, run with _full-performance (600 s a scenario).")
    if verdict.ok:
        lines.append("SUMMARY: submission looks OK" + (" (short run)" if verdict.short else ""))
    return lines
