"""The typed view of a submission tree: submissions, systems, models and scenarios, over the index of its files.

Two layouts exist (specification 11.1, 11.2): the classic one keeps measurements, results and compliance apart;
the one of v6 merges them below `results`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from franca.mlperf.submission.index import Node

DIVISIONS = ("closed", "network", "open")
CLASSIC, MERGED = "classic", "v6"


class Scenario(msgspec.Struct, frozen=True):
    """One result directory: <division>/<submitter>/results/<system>/<model>/<scenario>."""

    division: str
    submitter: str
    system: str
    model: str
    name: str
    layout: str
    node: Node
    submission: Node

    @property
    def path(self) -> str:
        """Where it is, relative to the root: the Location of the summary."""
        return self.node.path

    def measurements(self) -> Node | None:
        """Directory of user.conf, README.md and the measurements JSON."""
        if self.layout == MERGED:
            return self.node
        return self.submission.directory(f"measurements/{self.system}/{self.model}/{self.name}")

    def measurements_path(self) -> str:
        """Where that directory should be."""
        place = "results" if self.layout == MERGED else "measurements"
        return f"{self.submission.path}/{place}/{self.system}/{self.model}/{self.name}"

    def compliance(self) -> Node | None:
        """Directory of the TESTxx directories."""
        if self.layout == MERGED:
            return self.node
        return self.submission.directory(f"compliance/{self.system}/{self.model}/{self.name}")

    def compliance_path(self) -> str:
        """Where that directory should be."""
        place = "results" if self.layout == MERGED else "compliance"
        return f"{self.submission.path}/{place}/{self.system}/{self.model}/{self.name}"


class Submission(msgspec.Struct, frozen=True):
    """What one submitter gives to one division."""

    division: str
    submitter: str
    node: Node
    layout: str

    @property
    def path(self) -> str:
        """Where it is, relative to the root."""
        return self.node.path

    def systems(self) -> list[Node]:
        """Directories of results, one a system."""
        results = self.node.directory("results")
        return results.directories() if results else []

    def models(self) -> Iterator[tuple[Node, Node]]:
        """Pairs of system directory and model directory."""
        for system in self.systems():
            for model in system.directories():
                yield system, model

    def scenarios(self, system: Node, model: Node) -> list[Scenario]:
        """The scenario directories of a model."""
        return [
            Scenario(self.division, self.submitter, system.name, model.name, node.name, self.layout, node, self.node)
            for node in model.directories()
        ]


def submissions(root: Node, only: str = "") -> list[Submission]:
    """All submissions of a tree; `only` keeps one submitter."""
    return [
        Submission(division.name, submitter.name, submitter, layout_of(submitter))
        for division in root.directories()
        if division.name in DIVISIONS
        for submitter in division.directories()
        if not only or submitter.name == only
    ]


def layout_of(submitter: Node) -> str:
    """The layout that a submitter's directory has; undecided ones count as classic."""
    if submitter.directory("measurements") or submitter.directory("compliance") or submitter.get("code"):
        return CLASSIC
    if submitter.directory("src") or submitter.directory("documentation"):
        return MERGED
    results = submitter.directory("results")
    found = results is not None and any(
        scenario.file("measurements.json")
        for system in results.directories()
        for model in system.directories()
        for scenario in model.directories()
    )
    return MERGED if found else CLASSIC
