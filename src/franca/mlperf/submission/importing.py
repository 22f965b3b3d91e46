"""Accepted results as rows for the results store: derived columns, types, experiment names and tags (14.4, 14.5)."""

from __future__ import annotations

import os
import re
import tempfile

import msgspec

from franca.catalog.archive import extract
from franca.mlperf.submission.checker import Options, Verdict, check_tree
from franca.mlperf.submission.findings import Finding
from franca.mlperf.submission.model import DIVISIONS
from franca.mlperf.submission.records import Record, rows
from franca.mlperf.submission.rules import ERROR
from franca.mlperf.submission.tables import load_round
from franca.model.result import Result
from franca.results.naming import eras_of, tags_of
from franca.results.rows import key_of, read_rows
from franca.results.store import Entry

Value = str | int | float | bool
Row = dict[str, Value]
"""One row of `cm-result.json`: the JSON object itself, column to value."""

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")
_SUMMARISED = frozenset([
    "division", "submitter", "status", "system_type", "system_name", "number_of_nodes", "host_processor_model_name",
    "host_processors_per_node", "host_processor_core_count", "accelerator_model_name", "accelerators_per_node",
    "framework", "operating_system", "hw_notes", "sw_notes",
])  # fmt: skip
"""Fields of the system description that the official columns hold already."""


class Imported(msgspec.Struct, frozen=True):
    """One row with the experiments that it belongs to: one for all rounds, one for its own."""

    row: Row
    experiments: tuple[str, ...]
    tags: tuple[str, ...]


class TreeImport(msgspec.Struct, frozen=True):
    """What a tree gives to the store, and what was not taken, in the verdict."""

    entries: list[Entry]
    verdict: Verdict

    def refused(self) -> list[str]:
        """Places that gave no result, each with the rules that refused it."""
        errors = self.verdict.findings
        return [f"{place} ({', '.join(_rules(errors, place)) or 'see the check'})" for place in self.verdict.rejected]


def _rules(findings: list[Finding], place: str) -> list[str]:
    return sorted({f.rule for f in findings if f.severity == ERROR and f.path.startswith(place)})


def import_source(path: str, options: Options, *, strict: bool = False, url: str = "") -> TreeImport:
    """``import_tree`` of a directory or of a packed tree, which is unpacked into a temporary folder.

    Raises:
        Refused: an archive whose entries leave their folder or exceed a bound. Else see ``import_tree``.
    """
    if os.path.isdir(path):
        return import_tree(path, options, strict=strict, url=url)
    with tempfile.TemporaryDirectory(prefix="franca-import-") as folder:
        tree = os.path.join(folder, "tree")
        extract(path, tree)
        return import_tree(_top(tree), options, strict=strict, url=url)


def _top(folder: str) -> str:
    """The tree in an unpacked archive: the first folder on the way down that holds divisions.

    An archive ``open.tar.gz`` has a top folder ``open`` with the division ``open`` in it.
    """
    names = os.listdir(folder)
    inner = os.path.join(folder, names[0]) if len(names) == 1 else ""
    return inner if os.path.isdir(inner) and set(DIVISIONS) & set(os.listdir(inner)) else folder


def import_tree(root: str, options: Options, *, strict: bool = False, url: str = "") -> TreeImport:
    """Entries for the store of every result of a tree that its round accepted.

    Args:
        strict: by the strict union of all checkers; else what the round's own checker only logged is let pass,
            since a published tree was judged by that one.

    Raises:
        NotFound: no such directory or round. Refused: the directory has more entries than any submission.
    """
    verdict = check_tree(root, options)
    if not strict and not verdict.ok:
        verdict = check_tree(root, msgspec.structs.replace(options, round=verdict.round, lenient=verdict.round))
    imported = import_records(verdict.records, url=url)
    return TreeImport([Entry(dict(one.row), one.experiments) for one in imported], verdict)


def result_of(record: Record) -> Result:
    """A record of the checker as the typed result that the store would give."""
    return read_rows(one.row for one in import_records([record])).results[0]


def import_records(records: list[Record], *, url: str = "", branch: str = "master") -> list[Imported]:
    """Rows of the accepted results of a tree; a power run gives a second row.

    Args:
        url: of the repository that the tree was published in, for links to each result.
    """
    found = []
    for record in records:
        for raw in rows([record]):
            power = raw["Units"] == record.power_unit and bool(record.power_unit)
            row = _typed_row(raw, record, power=power, url=url, branch=branch)
            names = eras_of(row, power=power)
            found.append(Imported(row, names, tags_of(names[1])))
    return found


def _typed_row(raw: dict[str, object], record: Record, *, power: bool, url: str, branch: str) -> Row:
    row: Row = {key: typed(value) for key, value in raw.items() if value != ""}
    row["Result_Units"] = typed(raw["Units"])
    if power:
        row["Result_Power"] = row.pop("Result")
        row["Result"] = ""
    if len(record.accuracy) == 1:
        name, value = next(iter(record.accuracy.items()))
        row["accuracy_metric"] = name
        row["Accuracy_div_100"] = round(float(value) / 100, 5)
    if target := _target(record):
        row["accuracy_target"] = target
    if url:
        row["git_url"] = url
        row["url"] = f"{url}/tree/{branch}/{record.location}"
    for key, value in msgspec.to_builtins(record.derived).items():
        row[key] = value
    row |= _described(record)
    row["uid"] = row_uid(row, power=power)
    return row


def _target(record: Record) -> str:
    """What the round asks of the accuracy of the benchmark that the result stands for; '' where it asks nothing."""
    model = load_round(record.round).models.get(record.mlperf_model)
    targets = model.targets(record.scenario) if model else []
    return ", ".join(f"{wanted.metric} {wanted.target:g}" for wanted in targets)


def _described(record: Record) -> Row:
    """Everything else that is known, under dotted names: the system, the measurement, what LoadGen was told."""
    found: Row = {f"system.{key}": value for key, value in record.system.items() if value and key not in _SUMMARISED}
    found |= {f"measurements.{k}": v for k, v in record.measurements.items() if v and k != "weight_data_types"}
    known = {key: value for key, value in record.settings.items() if isinstance(value, (str, int, float, bool))}
    return found | {f"settings.{key}": value for key, value in known.items()}


def typed(value: object) -> Value:
    """True and False, whole numbers, other numbers, else text (14.4). Numbers with leading zeros stay text."""
    if isinstance(value, bool | int | float):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    text = str(value)
    if text in ("True", "False"):
        return text == "True"
    if _NUMBER.fullmatch(text):
        number = float(text) if "." in text else int(text)
        return int(number) if number == int(number) else number
    return text


def row_uid(row: Row, *, power: bool = False) -> str:
    """16 hex digits that are the same for the same result on every import."""
    key = key_of(row)
    return f"{int(key, 16) ^ 1:016x}" if power else key  # the two rows of one result keep apart
