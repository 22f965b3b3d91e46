"""Expressions: what they compute, and that nothing hostile gets anywhere (experiments EX-21)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import UsageError
from franca.grammar.expressions import Limits, evaluate, names_in


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[2**i for i in range(0,6)]", [1, 2, 4, 8, 16, 32]),
        ("[i for i in range(10) if i % 2 and i > 3]", [5, 7, 9]),
        ("[a * 10 + b for a in [1, 2] for b in (3, 4)]", [13, 14, 23, 24]),
        ("[x + y for x, y in [[1, 2], [3, 4]]]", [3, 7]),
        ("[[j for j in range(i)] for i in range(3)]", [[], [0], [0, 1]]),
        ("range(3)", range(3)),
        ("-7 // 2 + 7 % 4 - +1", -2),
        ("1 < 2 <= 2 != 3", True),
        ("3 > 2 > 2", False),
        ("0 or 'x'", "x"),
        ("1 and 0", 0),
        ("not []", True),
        ("1 if n > 2 else 'small'", "small"),
        ("'b' in ['a', 'b'] and 'c' not in 'ab'", True),
        ("[1, 2, 3][1] + xs[0]", 12),
        ("len(xs) + max(xs) + min(1, 2) + abs(-1)", 24),
        ("round(2.567, 1) + round(2.5)", 4.6),
        ("int('5') + float('0.5')", 5.5),
        ("str(n) + 'x'", "2x"),
        ("log2(8) + sqrt(9)", 6.0),
        ("linspace(0, 1, 3)", [0.0, 0.5, 1.0]),
        ("logspace(0, 2, 3)", [1.0, 10.0, 100.0]),
        ("('a', 1)", ("a", 1)),
        ("  None  ", None),
        ("n", 2),
    ],
)
def test_values(text: str, value: Any) -> None:
    got = evaluate(text, {"n": 2, "xs": [10, 20]})
    assert got == value
    assert type(got) is type(value)


HOSTILE = [
    "__import__('os').system('x')",
    "().__class__",
    "[].append(1)",
    "lambda: 1",
    "(lambda: 1)()",
    "f'{1}'",
    "(x := 1)",
    "open('/etc/passwd')",
    "eval('1')",
    "{'a': 1}",
    "{1, 2}",
    "{i for i in range(3)}",
    "(i for i in range(3))",
    "'a'.upper()",
    "n.real",
    "range(10)[0](1)",
    "min([1], key=len)",
    "max(*[1, 2])",
    "'%s' % 1",
    "'%1000000000d' % 1",
    "[1][0:1]",
    "~1",
    "1 << 100",
    "1 @ 2",
    "1 is 1",
    "...",
    "b'x'",
    "1j",
    "(-1) ** 0.5",
    "9**9**9**9",
    "2**65",
    "2**63",
    "10**30",
    "9223372036854775807 + 1",
    "9999999999999999999999999",
    "'a' * 1000000000",
    "[0] * 1000000000",
    "1000000000 * [0]",
    "[[0] * 10000 for i in range(10000)]",
    "[[x for i in range(9000)] for x in [[0] * 9000]]",
    "[[[0] * 100] * 100] * 100",
    "range(10**12)",
    "max(range(10**12))",
    "[i for i in range(100000)]",
    "[i for i in range(1000) for j in range(1000) for k in range(1000) if i < 0]",
    "[[[[1 for a in range(2)] for b in range(2)] for c in range(2)] for d in range(2)]",
    "linspace(0, 1, 10**9)",
    "logspace(0, 400, 2)",
    "int('" + "9" * 400 + "')",
    "round(1.5, 10**9)",
    "str([1] * 9000)",
    "1/0",
    "sqrt(-1)",
    "'a' + 1",
    "1 < 'a'",
    "[1][5]",
    "unknown",
    "import os",
    "a = 1",
    "",
    "(",
    "\0",
    "(" * 300 + ")" * 300,
    "-" * 900 + "1",
    "1" + "+1" * 600,
    "[" * 90 + "]" * 90 + "[0]" * 90,
    "[x for x in 5]",
    "[x for x, y in [1]]",
    "[x for x, y in [(1, 2, 3)]]",
    "[n[0] for i in range(2)]",
    "yield 1",
    "await x",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_or_wrong_expressions_are_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        evaluate(text, {"n": 2})
    assert "expression" in str(caught.value)


def test_messages_name_what_is_known_and_allowed() -> None:
    with pytest.raises(UsageError, match=r"'qqs' is not known here \(known: n, qps"):
        evaluate("qqs > 1", {"n": 1, "qps": 2})
    with pytest.raises(UsageError, match="linspace"):
        evaluate("open('x')")


def test_loop_variables_do_not_leak_and_limits_can_be_set() -> None:
    assert evaluate("[i for i in range(2)] + [n]", {"n": 7, "i": 9}) == [0, 1, 7]
    with pytest.raises(UsageError, match="more than 5 values"):
        evaluate("range(6)", limits=Limits(values=5))


@given(st.text("0123456789+-*/%()[],. 'abirangeforinxlsm", max_size=40))
def test_any_text_gives_a_value_or_a_usage_error(text: str) -> None:
    try:
        evaluate(text, {"x": 3, "a": [1, 2]})
    except UsageError as error:
        assert "expression" in str(error)


def test_names_read_by_an_expression() -> None:
    assert names_in("[i * n for i in range(m)] + [max(p, 1)]") == {"n", "m", "p"}
    assert names_in("not an expression") == frozenset()
