"""What lint has found: rules, severities, places."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

ERROR, WARNING, NOTE = "error", "warning", "note"

#: Every rule with its severity and what it is about.
RULES: dict[str, tuple[str, str]] = {
    "malformed-file": (ERROR, "a file that cannot be read"),
    "duplicate-key": (ERROR, "a key that is given twice; the first one is lost"),
    "identity": (ERROR, "alias, uid or tags that are missing or have the wrong form"),
    "duplicate-identity": (ERROR, "two scripts of one repository with one uid or one alias"),
    "misspelt-key": (WARNING, "a key that nothing reads and that looks like a known one"),
    "unknown-key": (NOTE, "a key that nothing reads"),
    "wrong-form": (WARNING, "a value of another form than the key takes"),
    "unknown-tags": (WARNING, "a dependency that no script answers"),
    "unknown-variation": (WARNING, "a variation that a script lacks"),
    "unknown-group": (WARNING, "a variation group that a script lacks, or a default from another group"),
    "unknown-name": (WARNING, "ad or adr for a dependency name that nothing has"),
    "never-set": (NOTE, "a variable that is exported and that nothing sets"),
    "wrong-prefix": (WARNING, "a variable of the other dialect"),
    "python-syntax": (WARNING, "Python code that this Python cannot read"),
    "unquoted": (WARNING, "an expansion in a shell script that splits at blanks and expands patterns"),
    "unquoted-words": (NOTE, "an expansion that splits where that is harmless or probably meant"),
    "shell-syntax": (WARNING, "a shell script that ends inside a quotation"),
}


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong. ``line`` and ``column`` count from 1; 0 where unknown."""

    rule: str
    path: str
    line: int
    column: int
    message: str
    hint: str = ""
    script: str = ""

    @property
    def severity(self) -> str:
        return RULES[self.rule][0]

    def __str__(self) -> str:
        place = self.path + (f":{self.line}" if self.line else "") + (f":{self.column}" if self.column else "")
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {self.severity}: {self.message}{hint} [{self.rule}]"


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By place; equal ones once."""
    return tuple(sorted(set(findings), key=lambda f: (f.path, f.line, f.column, f.rule, f.message)))
