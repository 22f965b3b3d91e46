"""Accepted results as rows for the results store: derived columns, types, experiment names and tags (14.4, 14.5)."""

from __future__ import annotations

import hashlib
import re

import msgspec

from franca.mlperf.submission.records import Record, rows

Value = str | int | float | bool
Row = dict[str, Value]
"""One row of `cm-result.json`: the JSON object itself, column to value."""

TASKS = (
    ("resnet", "image-classification"),
    ("retinanet", "object-detection"),
    ("ssd-", "object-detection"),
    ("yolo", "object-detection"),
    ("rnnt", "speech-recognition"),
    ("whisper", "speech-recognition"),
    ("bert", "language-processing"),
    ("gpt", "language-processing"),
    ("llama", "language-processing"),
    ("mixtral", "language-processing"),
    ("deepseek", "language-processing"),
    ("dlrm", "recommendation"),
    ("3d-unet", "image-segmentation"),
    ("stable-diffusion", "text-to-image"),
    ("rgat", "graph-neural-network"),
    ("wan-", "text-to-video"),
)
"""Beginnings of benchmark names and their tasks."""

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")

IDENTITY = ("Organization", "Division", "Platform", "Model", "Scenario", "version", "Location", "Units")


class Imported(msgspec.Struct, frozen=True):
    """One row with the experiments that it belongs to: one for all rounds, one for its own."""

    row: Row
    experiments: tuple[str, ...]
    tags: tuple[str, ...]


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
            names = tuple(experiment_name(record, era, power=power) for era in ("all", record.round))
            found.append(Imported(row, names, tags_of(names[1])))
    return found


def _typed_row(raw: dict[str, object], record: Record, *, power: bool, url: str, branch: str) -> Row:
    row: Row = {key: typed(value) for key, value in raw.items() if value != ""}
    row["Result_Units"] = typed(raw["Units"])
    if power:
        row["Result_Power"] = row.pop("Result")
        row["Result"] = ""
    if len(record.accuracy) == 1:
        value = float(next(iter(record.accuracy.values())))
        row["Accuracy_div_100"] = round(value / 100, 5)
    if url:
        row["git_url"] = url
        row["url"] = f"{url}/tree/{branch}/{record.location}"
    for key, value in msgspec.to_builtins(record.derived).items():
        row[key] = value
    row["uid"] = row_uid(row)
    return row


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


def row_uid(row: Row) -> str:
    """16 hex digits that are the same for the same result on every import."""
    identity = "\x00".join(str(row.get(key, "")) for key in IDENTITY)
    return hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def task_of(model: str) -> str:
    """The task of a benchmark; the benchmark itself when it is of no known task."""
    return next((task for start, task in TASKS if model.startswith(start)), model)


def experiment_name(record: Record, era: str, *, power: bool = False) -> str:
    """`mlperf-inference--<era>--<category>--<division>--<task>--<scenario>`; `era` is `all` or a round."""
    division = "closed-network" if record.division == "network" else record.division
    if power:
        division += "-power"
    category = record.system_type.split(",")[0].strip()
    parts = ("mlperf-inference", era, category, division, task_of(record.mlperf_model), record.scenario.lower())
    return "--".join(parts)


def tags_of(name: str) -> tuple[str, ...]:
    """The name split, with `mlperf` first."""
    return ("mlperf", *name.split("--"))


def merge_rows(old: list[Row], new: list[Row]) -> list[Row]:
    """Rows after another import: a new row replaces the old one that agrees with it on all of its keys.

    Old rows that no new one replaces stay, in their order; the replaced one's uid is kept.
    """
    merged = list(old)
    for row in new:
        at = next((n for n, known in enumerate(merged) if _agrees(known, row)), None)
        if at is None:
            merged.append(row)
        else:
            merged[at] = {**row, "uid": merged[at].get("uid", row.get("uid", ""))}
    return merged


def _agrees(known: Row, row: Row) -> bool:
    return all(key in known and known[key] == value for key, value in row.items() if key != "uid")
