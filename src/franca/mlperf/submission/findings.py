"""What a check says: findings, collected with the rule's severity for the round at hand."""

from __future__ import annotations

import msgspec

from franca.errors import FrancaError
from franca.mlperf.logs.lines import excerpt
from franca.mlperf.submission.index import shown
from franca.mlperf.submission.rules import BY_ID, ERROR, WARNING

MAX_PER_RULE = 500
"""Findings kept of one rule; a tree that breaks a rule more often is shown that many and a count."""


class Finding(msgspec.Struct, frozen=True):
    """One violation: the rule, where, what was expected and what was found."""

    rule: str
    severity: str
    path: str
    message: str
    expected: str = ""
    found: str = ""

    @property
    def remedy(self) -> str:
        """The next step."""
        return BY_ID[self.rule].remedy

    def line(self) -> str:
        """The finding as one line of text."""
        detail = self.detail()
        return f"{self.severity}: {self.rule} {self.path}: {self.message}" + (f" ({detail})" if detail else "")

    def detail(self) -> str:
        """What was expected and what was found, as far as they are known."""
        parts = [f"{word} {said}" for word, said in (("expected", self.expected), ("found", self.found)) if said]
        return ", ".join(parts)


class Findings:
    """All findings of one tree.

    `lenient` names a round whose own laxness is followed; violations of `relaxed` rules are warnings.
    """

    def __init__(
        self,
        round_name: str,
        lenient: str = "",
        skipped: frozenset[str] = frozenset(),
        relaxed: frozenset[str] = frozenset(),
    ) -> None:
        self.relaxed = relaxed
        self.round_name = round_name
        self.lenient = lenient
        self.skipped = skipped
        self.all: list[Finding] = []
        self.counts: dict[str, int] = {}
        self.error_count = 0
        self._said: set[tuple[str, str, str]] = set()

    def add(
        self,
        rule_id: str,
        path: str,
        message: str,
        *,
        division: str = "",
        expected: object = "",
        found: object = "",
        warn: bool = False,
        mild: bool = False,
    ) -> bool:
        """Note a violation; True when it is an error here.

        Args:
            warn: it is a warning whatever the rule says.
            mild: older checkers let this kind pass (`partly_lax`).
        """
        rule = BY_ID[rule_id]
        if rule_id in self.skipped or not rule.applies(division):
            return False
        severity = rule.severity(self.round_name, self.lenient, mild=mild)
        if warn or rule_id in self.relaxed:
            severity = WARNING
        if self._told(rule_id, path, message):
            return severity == ERROR
        self.counts[rule_id] = self.counts.get(rule_id, 0) + 1
        self.error_count += severity == ERROR
        if self.counts[rule_id] <= MAX_PER_RULE:
            finding = Finding(
                rule_id, severity, shown(path), shown(message), excerpt(str(expected)), excerpt(str(found))
            )
            self.all.append(finding)
        return severity == ERROR

    def _told(self, rule_id: str, path: str, message: str) -> bool:
        """True when this was said before: several checks may stumble over one bad value."""
        if self.counts.get(rule_id, 0) >= MAX_PER_RULE:
            return False
        said = (rule_id, path, message)
        known = said in self._said
        self._said.add(said)
        return known

    def refuse(self, rule_id: str, path: str, error: FrancaError, *, division: str = "") -> bool:
        """Note a file that could not be read, with the line where it went wrong."""
        line = f" (line {error.where.line})" if error.where and error.where.line else ""
        return self.add(rule_id, path, error.message + line, division=division)

    def errors(self) -> list[Finding]:
        """Findings that refuse the tree."""
        return [finding for finding in self.all if finding.severity == ERROR]

    def warnings(self) -> list[Finding]:
        """Findings that do not."""
        return [finding for finding in self.all if finding.severity != ERROR]
