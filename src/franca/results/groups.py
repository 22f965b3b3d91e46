"""Sorting results into groups in which any two may be compared, by the same rule as two alone (``guard``).

A summary that holds no seeds compares with a run of any; two runs with different seeds do not compare with each
other. So such a result may stand in several groups, and no two in one group are ever kept apart.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from franca.errors import Refused
from franca.model.result import Result
from franca.results.guard import comparison_key, stated

MAX_GROUPS = 1000  #: of results that only what they state keeps apart

Statement = frozenset[tuple[str, str]]
"""What a result says of the things that must be equal where both say them."""


class Comparable(msgspec.Struct, frozen=True):
    """Results of which any two may be compared. ``parted_by``: what keeps them from others alike, as name and value."""

    results: list[Result]
    parted_by: dict[str, str]


def comparable_groups(results: Iterable[Result]) -> list[Comparable]:
    """The largest groups of results that may all be compared with each other, in order of appearance.

    Raises:
        Refused: more than ``MAX_GROUPS`` groups of results that are alike but for what they state.
    """
    alike: dict[tuple[str, ...], dict[Statement, list[Result]]] = {}
    for result in results:
        by_statement = alike.setdefault(comparison_key(result), {})
        by_statement.setdefault(frozenset(stated(result).items()), []).append(result)
    return [group for by_statement in alike.values() for group in _parted(by_statement)]


def _parted(by_statement: dict[Statement, list[Result]]) -> list[Comparable]:
    groups, names = _consistent(list(by_statement))
    made = []
    for group in groups:
        said = {name: value for statement in group for name, value in statement if name in names}
        members = [result for statement in by_statement if statement in group for result in by_statement[statement]]
        made.append(Comparable(members, dict(sorted(said.items()))))
    return made


def _consistent(statements: list[Statement]) -> tuple[list[frozenset[Statement]], set[str]]:
    """The largest sets of statements without contradiction, and the names that statements contradict each other in.

    Split name by name: who says nothing goes with everybody. Statements that agree pairwise agree all together, so
    nothing that belongs together is ever parted.
    """
    groups, names = [frozenset(statements)], set[str]()
    for name in sorted({name for statement in statements for name, _ in statement}):
        values = {value for statement in statements for one, value in statement if one == name}
        if len(values) < 2:
            continue
        names.add(name)
        parts = [part for group in groups for part in _split(group, name)]
        if len(parts) > MAX_GROUPS:
            raise Refused(
                f"more than {MAX_GROUPS} groups of results that differ in {', '.join(sorted(names))}",
                hint="choose fewer of them: --organization=, --model=, --round=",
            )
        groups = _largest(parts)
    return groups, names


def _split(group: frozenset[Statement], name: str) -> list[frozenset[Statement]]:
    silent, by_value = set[Statement](), dict[str, set[Statement]]()
    for statement in group:
        value = dict(statement).get(name)
        if value is None:
            silent.add(statement)
        else:
            by_value.setdefault(value, set()).add(statement)
    return [frozenset(silent | said) for _, said in sorted(by_value.items())] or [group]


def _largest(groups: list[frozenset[Statement]]) -> list[frozenset[Statement]]:
    """Without those that are part of another one."""
    unique = list(dict.fromkeys(groups))
    return [group for group in unique if not any(group < other for other in unique)]
