"""Which rules a run breaks by being short, and which it breaks otherwise."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from franca.mlperf.submission.build_verdict import split_rules
from franca.mlperf.submission.rules import ERROR, WARNING


@pytest.mark.parametrize(
    ("errors", "short", "broken"),
    [
        (("P7",), ["P7"], []),
        (("P3", "P7", "P9", "P15"), ["P15", "P3", "P7", "P9"], []),
        (("P3", "P9"), [], ["P3", "P9"]),
        (("P7", "A2"), ["P7"], ["A2"]),
        ((), [], []),
    ],
)
def test_an_invalid_run_of_official_length_is_not_called_short(errors, short, broken) -> None:
    found = [SimpleNamespace(rule=rule, severity=ERROR) for rule in errors]
    verdict = SimpleNamespace(findings=[*found, SimpleNamespace(rule="S8", severity=WARNING)])
    assert split_rules(verdict) == (short, broken)
