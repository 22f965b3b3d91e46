"""Comparing two trees: results, findings and files."""

from __future__ import annotations

import msgspec

from franca.errors import MalformedFile
from franca.mlperf.submission.checker import Verdict
from franca.mlperf.submission.documents import file_digest, join
from franca.mlperf.submission.findings import Finding
from franca.mlperf.submission.importing import result_of
from franca.mlperf.submission.index import FILE, Node, index_tree, shown
from franca.mlperf.submission.records import Record
from franca.results.compare import improvement
from franca.results.guard import bars

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


class Change(msgspec.Struct, frozen=True):
    """One difference. `ratio` is new over old for results, above 1 meaning better."""

    kind: str
    what: str
    path: str
    detail: str = ""
    ratio: float | None = None

    def line(self) -> str:
        """The difference as one line of text."""
        return f"{self.kind} {self.what} {self.path}" + (f": {self.detail}" if self.detail else "")


class Difference(msgspec.Struct, frozen=True):
    """All differences between two trees."""

    results: list[Change]
    findings: list[Change]
    files: list[Change]

    @property
    def empty(self) -> bool:
        """True when the trees are the same."""
        return not (self.results or self.findings or self.files)


def compare_trees(old: Verdict, new: Verdict) -> Difference:
    """What changed between two checked trees. Raises NotFound when one is gone by now."""
    return Difference(
        compare_results(old.records, new.records),
        compare_findings(old.findings, new.findings),
        compare_files(old.root, new.root),
    )


def compare_results(old: list[Record], new: list[Record]) -> list[Change]:
    """Results by their place in the tree."""
    before, after = ({record.location: record for record in records} for records in (old, new))
    changes = [Change(REMOVED, "result", path) for path in sorted(set(before) - set(after))]
    changes += [Change(ADDED, "result", path, _told(after[path])) for path in sorted(set(after) - set(before))]
    for path in sorted(set(before) & set(after)):
        change = _compare_pair(before[path], after[path])
        if change:
            changes.append(change)
    return changes


def _told(record: Record) -> str:
    return f"{record.result:g} {record.unit}, accuracy {record.accuracy_text() or 'none'}"


def _compare_pair(old: Record, new: Record) -> Change | None:
    details = []
    results = result_of(old), result_of(new)
    obstacles = bars(*results)
    ratio = improvement(*results) if old.result != new.result and not obstacles else None
    if old.result != new.result:
        better = f" ({ratio - 1:+.2%} {'better' if ratio > 1 else 'worse'})" if ratio else ""
        details.append(f"{old.result:g} to {new.result:g} {new.unit}{better}")
    if old.accuracy != new.accuracy:
        details.append(f"accuracy {old.accuracy_text()} to {new.accuracy_text()}")
    if old.compliant != new.compliant:
        details.append("compliance " + ("gained" if new.compliant else "lost"))
    if old.power != new.power:
        details.append(f"power {old.power} to {new.power} {new.power_unit or old.power_unit}")
    if obstacles:
        details.append("not comparable: " + "; ".join(obstacles))
    return Change(CHANGED, "result", new.location, ", ".join(details), ratio) if details else None


def compare_findings(old: list[Finding], new: list[Finding]) -> list[Change]:
    """Findings that came or went."""
    before, after = ({(f.rule, f.path, f.message) for f in findings} for findings in (old, new))
    gone = [Change(REMOVED, "finding", f"{rule} {path}", text) for rule, path, text in sorted(before - after)]
    return gone + [Change(ADDED, "finding", f"{rule} {path}", text) for rule, path, text in sorted(after - before)]


def compare_files(old: str, new: str) -> list[Change]:
    """Files by name, kind, size and content."""
    before, after = (_files(index_tree(root)) for root in (old, new))
    changes = [Change(REMOVED, "file", shown(path)) for path in sorted(set(before) - set(after))]
    changes += [Change(ADDED, "file", shown(path)) for path in sorted(set(after) - set(before))]
    for path in sorted(set(before) & set(after)):
        detail = _file_change(old, before[path], new, after[path])
        if detail:
            changes.append(Change(CHANGED, "file", shown(path), detail))
    return changes


def _files(top: Node) -> dict[str, Node]:
    return {node.path: node for node in top.walk() if node.kind != "directory"}


def _file_change(old_root: str, old: Node, new_root: str, new: Node) -> str:
    if old.kind != new.kind:
        return f"{old.kind} to {new.kind}"
    if old.kind != FILE:
        return ""
    if old.size != new.size:
        return f"{old.size} to {new.size} bytes"
    try:
        same = file_digest(join(old_root, old.path), "sha256") == file_digest(join(new_root, new.path), "sha256")
    except MalformedFile as error:
        return error.message
    return "" if same else "same size, other content"
