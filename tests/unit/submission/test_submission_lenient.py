"""`--lenient` follows the table of what the official checkers of a round refuse (specification 12), and no more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from franca.mlperf.submission.checker import Options
from franca.mlperf.submission.importing import import_tree
from franca.mlperf.submission.rules import BY_ID, ERROR, WARNING
from tests.unit.submission.submission_trees import (
    MEASURED,
    OFFLINE,
    REBELLIONS,
    RUN,
    SINGLE,
    SUMMARY,
    TESTS,
    Damage,
    broken_rules,
    check,
    copy,
    replace,
    set_value,
)

# What the checker of v3.0, that of v3.1, and the two of v6.1 do with a violation, as the specification's table has it.
# "part": some kinds are refused (below); "-": the rule came later than the round.
TABLE = """
F1  yes    yes    yes    no
F2  no     yes    yes    no
F3  no     no     no     no
F4  no     yes    yes    yes
F5  no     no     yes    no
F6  no     no     yes    no
S1  yes    yes    yes    crash
S2  yes    yes    yes    yes
S3  no     yes    yes    yes
S4  yes    yes    yes    yes
S5  yes    yes    yes    yes
S6  yes    yes    yes    yes
M1  part   yes    yes    yes
M2  no     yes    yes    yes
B1  yes    yes    yes    crash
B2  yes    yes    yes    yes
B3  yes    yes    yes    yes
A1  part   yes    yes    part
A2  yes    yes    yes    yes
A3  yes    yes    yes    yes
A4  yes    yes    crash  yes
A5  no     no     yes    yes
P1  part   yes    yes    crash
P2  yes    yes    yes    crash
P3  yes    yes    yes    no
P4  yes    yes    no     no
P5  logged yes    yes    yes
P6  yes    yes    yes    yes
P7  logged logged yes    yes
P8  logged yes    yes    yes
P9  logged logged logged yes
P10 logged yes    yes    yes
P11 logged yes    yes    yes
P12 no     no     part   yes
P13 -      -      yes    yes
P14 -      -      yes    no
C1  yes    yes    yes    yes
C2  yes    yes    yes    yes
C3  part   yes    yes    part
C4  yes    yes    yes    yes
C5  yes    yes    yes    part
W1  yes    yes    yes    yes
W2  yes    yes    yes    yes
W3  no     yes    yes    yes
W4  no     yes    yes    no
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
PASSES = ("no", "logged", "-")


def cases() -> list[tuple[str, str, str]]:
    """Rule, round, and what its checkers do together: the strictest of them counts."""
    found = []
    for rule, first, second, single, modular in ROWS:
        both = "no" if single in PASSES and modular in PASSES else "yes"
        found += [(rule, "v3.0", first), (rule, "v3.1", second), (rule, "v6.1", both)]
    return found


@pytest.mark.parametrize(("rule", "round_name", "cell"), cases())
def test_a_rule_is_lax_where_no_checker_of_the_round_refuses_it(rule: str, round_name: str, cell: str) -> None:
    known = BY_ID[rule]
    assert known.severity(round_name, round_name) == (WARNING if cell in PASSES else ERROR)
    mild = known.severity(round_name, round_name, mild=True)
    assert mild == (WARNING if cell in (*PASSES, "part") else ERROR)


@pytest.mark.parametrize("rule", [rule.id for rule in BY_ID.values() if rule.id not in {row[0] for row in ROWS}])
def test_rules_that_the_table_does_not_have_are_not_lax_beyond_v3_0(rule: str) -> None:
    assert {*BY_ID[rule].lax, *BY_ID[rule].partly_lax} <= ({"v3.0"} if rule == "A6" else set())


MILD: list[tuple[str, Damage, set[str]]] = [
    ("accuracy without its summary", lambda t: (t / SINGLE / "accuracy/mlperf_log_summary.txt").unlink(), set()),
    ("accuracy without its detail log", lambda t: (t / SINGLE / "accuracy/mlperf_log_detail.txt").unlink(), {"A1"}),
    ("another file beside accuracy", lambda t: (t / SINGLE / "accuracy/notes").write_text("x"), set()),
    ("run without its summary", lambda t: (t / SINGLE / SUMMARY).unlink(), set()),
    ("run without its detail log", lambda t: (t / SINGLE / RUN).unlink(), {"P1"}),
    ("another file beside the run", lambda t: (t / SINGLE / "performance/run_1/notes").write_text("x"), set()),
    ("no user.conf", lambda t: (t / MEASURED / "user.conf").unlink(), set()),
    ("no measurements at all", lambda t: shutil.rmtree(t / MEASURED), {"M1"}),
    ("a test with other seeds", lambda t: set_value(
        t / TESTS / "Offline/TEST04" / RUN, "effective_schedule_rng_seed", 1), set()),
    ("a test that is not valid", lambda t: set_value(
        t / TESTS / "Offline/TEST04" / RUN, "result_validity", "INVALID"), {"C3"}),
    ("logs of another scenario", lambda t: shutil.copytree(
        t / OFFLINE / "performance", t / SINGLE / "performance", dirs_exist_ok=True), set()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "damage", "refused"), MILD, ids=[case[0] for case in MILD])
def test_v3_0_let_some_kinds_of_a_violation_pass(tmp_path: Path, name: str, damage: Damage, refused: set[str]) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    damage(tree)
    assert not check(tree, round="v3.0").ok
    lenient = broken_rules(check(tree, round="v3.0", lenient="v3.0"))
    if refused:
        assert refused <= lenient
    else:
        # What only this project refuses stays refused.
        assert not lenient & {row[0] for row in ROWS} - {"B3"}


def test_an_imported_tree_is_judged_by_its_own_round(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    (tree / SINGLE / "accuracy/mlperf_log_summary.txt").unlink()
    (tree / REBELLIONS / "systems/other.json").write_bytes((tree / REBELLIONS / "systems/ATOM.json").read_bytes())
    assert len(import_tree(str(tree), Options()).entries) == 3
    assert len(import_tree(str(tree), Options(), strict=True).entries) == 2
    replace(tree / OFFLINE / "accuracy/accuracy.txt", "hash=", "digest=")
    assert len(import_tree(str(tree), Options()).entries) == 2
