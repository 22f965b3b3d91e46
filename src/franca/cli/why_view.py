"""Why a step of a plan is there, as people read it."""

from __future__ import annotations

from franca.cli.output import plain
from franca.model.plan import Plan, Step
from franca.planner.explain import Candidate, Explanation


def why_lines(plan: Plan, steps: list[Step], explanations: dict[str, Explanation]) -> list[str]:
    """One paragraph for each step that was asked about."""
    lines: list[str] = []
    for step in steps:
        known = explanations.get(step.id)
        if known is not None:
            lines += ["", *_paragraph(step, known, plan)]
    return lines


def _paragraph(step: Step, known: Explanation, plan: Plan) -> list[str]:
    lines = [f"{step.id} {plain(step.label)}"]
    lines += _asked_by(step, known, plan)
    lines += [f"  it {plain(condition)}" for condition in known.conditions]
    lines += _candidates("script", known.scripts)
    if known.variations:
        lines.append("  variations")
        lines += [f"    {plain(v.name)}: {plain(v.why)}" for v in known.variations]
    if known.version:
        lines.append(f"  version {plain(known.version)}")
    if known.wanted:
        lines.append(f"  a cached result must have: {plain(','.join(known.wanted))}")
        lines += _candidates("cached result", known.entries) or ["    its script has made none yet"]
    return lines


def _asked_by(step: Step, known: Explanation, plan: Plan) -> list[str]:
    if not known.asked_by:
        return ["  it is what was asked for"]
    parent = step.id.rpartition(".")[0]
    label = next((s.label for s in plan.step.walk() if s.id == parent), known.asked_by)
    names = f", known there as {', '.join(known.names)}" if known.names else ""
    lines = [f"  {parent} {plain(label)} needs it ({known.section}{plain(names)})"]
    if known.added:
        lines.append(
            f"  written as {','.join(known.written)}; added by its callers or by variables: {','.join(known.added)}"
        )
    return [plain(line) for line in lines]


def _candidates(what: str, found: tuple[Candidate, ...]) -> list[str]:
    lines = []
    for one in found:
        verdict = (
            f"not {plain(one.name)}: {plain(one.rejected)}"
            if one.rejected
            else f"{plain(one.name)} ({plain(one.path)})"
        )
        lines.append(f"  {what} {verdict}")
    return lines


def diff_lines(before: str, changes: tuple[object, ...]) -> list[str]:
    """The differences from an earlier plan or run."""
    if not changes:
        return [f"nothing differs from {before}"]
    count = "1 difference" if len(changes) == 1 else f"{len(changes)} differences"
    return [f"{count} from {before}:", *(f"  {plain(change)}" for change in changes)]
