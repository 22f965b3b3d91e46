"""A plan as a tree of text, as a Graphviz graph and as a Mermaid diagram."""

from __future__ import annotations

from itertools import groupby

from franca.cli.output import plain
from franca.errors import NotFound
from franca.grammar.suggest import closest
from franca.model.light import TYPE_CHECKING
from franca.model.plan import DEFER, REUSE, RUN, SKIP, Plan, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK = {REUSE: "=", RUN: ">", SKIP: "-", DEFER: "?"}
_WORD = {REUSE: "reuse", RUN: "run", SKIP: "skip", DEFER: "decided during the run"}
_FOLDED = 4  #: so many skipped steps in a row are told in one line
_COLOUR = {REUSE: "#dff3e3", RUN: "#dde9fb", SKIP: "#eeeeee", DEFER: "#fdf1cf"}


def tree_lines(plan: Plan, *, why: str = "", full: bool = False) -> list[str]:
    """The plan as people read it: a mark, the step, what happens to it and why.

    Args:
        why: only the steps that match and what leads to them.
        full: repeat what stands above already, instead of saying so, and tell each skipped step.

    Raises:
        NotFound: no step matches ``why``.
    """
    keep = _kept(plan, why) if why else None
    lines = [f"plan of: {plain(plan.command)}", ""]
    lines += _step_lines(plan.step, "", "", keep, None if full else set())
    counts = ", ".join(f"{n} to {_WORD[a]}" if a != DEFER else f"{n} {_WORD[a]}" for a, n in plan.counts().items() if n)
    return [*lines, "", f"steps: {counts}", "marks: = reuse  > run  - skip  ? decided during the run"]


def matching(plan: Plan, why: str) -> list[Step]:
    """The steps that a text means: an id, a script, tags, or a part of a label.

    Raises:
        NotFound: none does.
    """
    found = plan.find(why) or [s for s in plan.step.walk() if why in s.label or why in s.script]
    if not found:
        labels = [step.label for step in plan.step.walk()]
        words = sorted({tag for label in labels for tag in label.split(",")})
        near = ", ".join(closest(why, words))
        raise NotFound(
            f"no step of the plan matches {why!r}" + (f" (closest: {near})" if near else ""),
            hint="franca plan without --why shows all steps",
        )
    return found


def _kept(plan: Plan, why: str) -> set[str]:
    keep: set[str] = set()
    for step in matching(plan, why):
        parts = step.id.split(".")
        keep |= {".".join(parts[: n + 1]) for n in range(len(parts))}
    return keep


def _step_lines(step: Step, first: str, rest: str, keep: set[str] | None, seen: set[str] | None) -> Iterator[str]:
    if keep is not None and step.id not in keep:
        return
    if seen is not None and step.action != SKIP:
        shape = _shape(step)
        if shape in seen:
            yield f"{first}{_headline(step)}  (as above)"
            return
        seen.add(shape)
    yield first + _headline(step)
    below = [s for s in step.steps if keep is None or s.id in keep]
    margin = rest + ("│   " if below else "    ")
    for detail in _details(step):
        yield margin + detail
    groups = [[step] for step in below] if seen is None or keep is not None else _folded(below)
    for number, group in enumerate(groups):
        last = number == len(groups) - 1
        branch, margin = ("└── ", "    ") if last else ("├── ", "│   ")
        if len(group) == 1:
            yield from _step_lines(group[0], rest + branch, rest + margin, keep, seen)
            continue
        names = "; ".join(plain(step.label) for step in group)
        yield f"{rest}{branch}{_MARK[SKIP]} {len(group)} steps: {_shortened(names)}"
        yield f"{rest}{margin}    {_WORD[SKIP]}: by conditions of theirs (--verbose tells each)"


def _folded(steps: list[Step]) -> list[list[Step]]:
    """Single steps, and together those of a long row of skipped ones."""
    rows = [
        (skipped, list(row)) for skipped, row in groupby(steps, lambda step: step.action == SKIP and not step.steps)
    ]
    return [
        group
        for skipped, row in rows
        for group in ([row] if skipped and len(row) >= _FOLDED else [[step] for step in row])
    ]


def _shortened(text: str, most: int = 80) -> str:
    """``text`` to its last whole name within ``most`` characters."""
    return text if len(text) <= most else text[: most - 3].rpartition("; ")[0] + "; ..."


def _shape(step: Step) -> str:
    """Equal for steps that would print the same lines."""
    below = ";".join(_shape(child) for child in step.steps)
    return f"{_headline(step)}|{_details(step)}|{below}"


def _headline(step: Step) -> str:
    name = plain(step.label)
    if step.section and step.section != "deps":
        name += f"  ({step.section})"
    version = f"  version {plain(step.version)}" if step.version else ""
    return f"{_MARK.get(step.action, '*')} {name}{version}"


def _details(step: Step) -> list[str]:
    out = [f"{_WORD.get(step.action, step.action)}: {plain(step.reason)}" if step.reason else _WORD[step.action]]
    if step.waits_for and "waits for" not in step.reason:
        out.append("waits for: " + ", ".join(map(plain, step.waits_for)))
    if step.cache_path and step.action == REUSE:
        out.append(f"cache: {step.cache_path}")
    does = [*step.hooks, *([step.native] if step.native else [])]
    if does and step.action == RUN:
        out.append("does: " + ", ".join(map(plain, does)))
    return out


def dot(plan: Plan) -> str:
    """The plan for Graphviz. Edges point from a step to what it needs, numbered in the order of the run."""
    lines = ["digraph plan {", "  rankdir=LR;", '  node [shape=box, style="rounded,filled", fontname="sans-serif"];']
    for step in plan.step.walk():
        label = _dot_text(step.label, _WORD.get(step.action, step.action), step.version)
        dashed = ', style="rounded,filled,dashed"' if step.action in (SKIP, DEFER) else ""
        lines.append(f'  "{step.id}" [label="{label}", fillcolor="{_COLOUR.get(step.action, "white")}"{dashed}];')
    lines += [f'  "{a}" -> "{b}" [label="{n}"];' for a, b, n in _edges(plan)]
    return "\n".join([*lines, "}"]) + "\n"


def mermaid(plan: Plan) -> str:
    """The plan as a Mermaid flowchart."""
    lines = ["flowchart LR"]
    for step in plan.step.walk():
        text = "<br/>".join(
            _mermaid_text(part) for part in (step.label, _WORD.get(step.action, step.action), step.version) if part
        )
        lines.append(f'  {_node(step.id)}["{text}"]:::{step.action}')
    lines += [f"  {_node(a)} -->|{n}| {_node(b)}" for a, b, n in _edges(plan)]
    lines += [f"  classDef {action} fill:{colour}" for action, colour in _COLOUR.items()]
    return "\n".join(lines) + "\n"


def _edges(plan: Plan) -> list[tuple[str, str, int]]:
    return [(step.id, child.id, n) for step in plan.step.walk() for n, child in enumerate(step.steps, 1)]


def _node(step_id: str) -> str:
    return "s" + step_id.replace(".", "_")


def _dot_text(*parts: str) -> str:
    texts = (plain(part).replace("\\", "\\\\").replace('"', '\\"') for part in parts if part)
    return "\\n".join(texts)


def _mermaid_text(text: str) -> str:
    """Text inside a quoted Mermaid label, where only entities may stand for marks."""
    marks = {"&": "#38;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "#": "#35;", "`": "#96;", "]": "#93;", "[": "#91;"}
    return "".join(marks.get(char, char) for char in plain(text))
