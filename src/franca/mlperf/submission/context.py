"""What the checks share: the tree, the table of the round, where findings go, and logs read once."""

from __future__ import annotations

import msgspec

from franca.errors import MalformedFile
from franca.mlperf.logs.detail import DetailLog, read_detail
from franca.mlperf.logs.summary import Summary, read_summary
from franca.mlperf.submission.documents import join, read_text
from franca.mlperf.submission.findings import Findings
from franca.mlperf.submission.index import DIRECTORY, FILE, LINK, OTHER, Node
from franca.mlperf.submission.tables import Model, Round

DETAIL, SUMMARY, ACCURACY_LOG = "mlperf_log_detail.txt", "mlperf_log_summary.txt", "mlperf_log_accuracy.json"
OPTIONAL_FILES = frozenset({"mlperf_log_trace.json", "results.json", ".gitkeep"})
"""Allowed in every log directory (11.1)."""

MAX_TRUNCATED = 10240
"""Bytes of the largest accuracy log that a submission may hold (8.6)."""

_KINDS = {DIRECTORY: "a directory", LINK: "a symbolic link", OTHER: "a device or a pipe"}


class System(msgspec.Struct, frozen=True):
    """A system description: its fields as texts, and its category when that is legal."""

    name: str
    fields: dict[str, str]
    category: str | None

    def get(self, field: str) -> str:
        """A field, or ''."""
        return self.fields.get(field, "")

    @property
    def networked(self) -> bool:
        """True when the description says that queries cross a network."""
        return self.get("is_network").lower() == "true"


class Context(msgspec.Struct, frozen=True):
    """One check of one tree."""

    root: str
    top: Node
    table: Round
    findings: Findings
    mapping_name: str = "model_mapping.json"
    deep_power: bool = True
    digests: dict[str, Result] = msgspec.field(default_factory=dict)
    """Digests of accuracy logs that were met, with the first result that has each."""

    def disk(self, relative: str) -> str:
        """Path on disk of a place in the tree."""
        return join(self.root, relative)

    def text(self, node: Node, rule: str, division: str) -> str | None:
        """A small text file, or None after a finding."""
        try:
            return read_text(self.disk(node.path))
        except MalformedFile as error:
            self.findings.refuse(rule, node.path, error, division=division)
            return None

    def detail(self, node: Node, rule: str, division: str) -> DetailLog | None:
        """A detail log, or None after a finding: it cannot be read, or holds nothing that LoadGen wrote."""
        try:
            log = read_detail(self.disk(node.path))
        except MalformedFile as error:
            self.findings.refuse(rule, node.path, error, division=division)
            return None
        if not log.first:
            message = "is empty" if not node.size else "holds no entry of LoadGen"
            self.findings.add(rule, node.path, message, division=division, expected="lines that begin with :::MLLOG")
            return None
        return log

    def summary(self, node: Node, rule: str, division: str) -> Summary | None:
        """A summary file, or None after a finding."""
        try:
            return read_summary(self.disk(node.path))
        except MalformedFile as error:
            self.findings.refuse(rule, node.path, error, division=division)
            return None

    def exact_files(
        self,
        rule: str,
        directory: Node,
        required: tuple[str, ...],
        optional: frozenset[str] = frozenset(),
        *,
        division: str = "",
        essential: tuple[str, ...] | None = None,
    ) -> bool:
        """Find missing and unexpected names in a directory; True when there are none.

        Args:
            essential: the names that the oldest checkers asked for; the rest is mild. None: all of them.
        """
        fine = True
        for name in required:
            node = directory.get(name)
            if node is None or node.kind != FILE:
                kind = "is missing" if node is None else f"is {_KINDS[node.kind]}, not a file"
                mild = essential is not None and name not in essential
                self.findings.add(rule, f"{directory.path}/{name}", kind, division=division, mild=mild)
                fine = False
        allowed = OPTIONAL_FILES | optional | set(required)
        for name in sorted(set(directory.children) - allowed):
            path = f"{directory.path}/{name}"
            self.findings.add(rule, path, "does not belong here", division=division, mild=essential is not None)
            fine = False
        return fine


class Result(msgspec.Struct):
    """What is known of one scenario directory while it is checked."""

    path: str
    division: str
    submitter: str
    system: System
    model: str
    official: str
    scenario: str
    rules: Model
    log: DetailLog | None = None
    value: float | None = None
    key: str = ""
    unit: str = ""
    """Of the value; '' = as the table of the round has it."""
    inferred: bool = False
    accuracy: dict[str, str] = {}
    measurements: dict[str, str] = {}
    power: float | None = None
    power_watts: float | None = None
    design_power: str = ""
    """Watts of the nameplates, as the summary prints them."""
    private_id: str = ""
    has_power: bool = False
    compliant: bool = False
    accepted: bool = False
