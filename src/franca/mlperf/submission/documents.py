"""Small files of a tree, read with a bound and decoded strictly: JSON objects, texts, digests."""

from __future__ import annotations

import hashlib
import json
import os
import re

from franca.errors import Location, MalformedFile

MAX_SMALL = 8 * 1024 * 1024
"""Bytes of the longest small file read: descriptions, accuracy.txt, verification outputs."""


def read_bytes(path: str, limit: int = MAX_SMALL) -> bytes:
    """Content of a regular file. Raises MalformedFile: too long, or not readable."""
    try:
        with open(path, "rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise MalformedFile(f"cannot be read: {error.strerror or error}", where=Location(path)) from None
    if len(content) > limit:
        raise MalformedFile(f"file is longer than {limit} bytes", where=Location(path))
    return content


def read_text(path: str, limit: int = MAX_SMALL) -> str:
    """Content as UTF-8 text. Raises MalformedFile with the line of the first byte that is not UTF-8."""
    content = read_bytes(path, limit)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MalformedFile(f"not UTF-8 text: byte 0x{content[error.start]:02x}", where=Location(path, line)) from None


def read_object(path: str) -> dict[str, object]:
    """A JSON file that holds one object. Raises MalformedFile."""
    text = read_text(path)
    try:
        value = json.loads(text)
    except RecursionError:
        raise MalformedFile("JSON nested too deeply", where=Location(path)) from None
    except json.JSONDecodeError as error:
        raise MalformedFile(f"not JSON: {error.msg}", where=Location(path, error.lineno, error.colno)) from None
    except ValueError as error:
        raise MalformedFile(f"not JSON: {error}", where=Location(path)) from None
    if not isinstance(value, dict):
        raise MalformedFile(f"holds a {type(value).__name__}, expected an object", where=Location(path))
    return value


def file_digest(path: str, algorithm: str) -> str:
    """Hex digest of a file, read in pieces. Raises MalformedFile."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    try:
        with open(path, "rb") as stream:
            while block := stream.read(1024 * 1024):
                digest.update(block)
    except OSError as error:
        raise MalformedFile(f"cannot be read: {error.strerror or error}", where=Location(path)) from None
    return digest.hexdigest()


def scalar_text(value: object) -> str | None:
    """A JSON scalar as the text that goes into tables; None for null, lists and objects."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return encodable(str(value))
    return None


def encodable(text: str) -> str:
    """The text with what UTF-8 cannot hold (half characters out of JSON, bytes of names) written as escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


ACCURACY_PATTERNS: dict[str, re.Pattern[str]] = {
    # how accuracy.txt names each metric (specification 8.4); a quoted key may hold a number in quotes
    "acc": re.compile(r"(?:\{\"accuracy|accuracy)[\": ]*=?\s*([\d.]+)"),
    "AUC": re.compile(r"AUC=([\d.]+)"),
    "mAP": re.compile(r".*(?:mAP=|'Total':)\s*([\d.]+)"),
    "bleu": re.compile(r"BLEU:\s*([\d.]+)"),
    "F1": re.compile(r"\{[\"']exact_match[\"']:\s*[\d.]+,\s*[\"']f1[\"']:\s*([\d.]+)\}"),
    "WER": re.compile(r"Word Error Rate:.*, accuracy=([\d.]+)%"),
    "ACCURACY": re.compile(r"Word Error Rate:.*, accuracy=([\d.]+)%"),
    "DICE": re.compile(r"Accuracy:\s*mean\s*=\s*([\d.]+)"),
    "DLRM_NE": re.compile(r".*metric/lifetime_ne/rating:\s*([\d.]+)"),
    "DLRM_ACC": re.compile(r".*metric/lifetime_accuracy/rating:\s*([\d.]+)"),
    "DLRM_AUC": re.compile(r".*metric/lifetime_gauc/rating:\s*([\d.]+)"),
    "F1_HIERARCHICAL": re.compile(r"\{.*\"f1\":\s*([\d.]+).*\}"),
    "E2E_ACCURACY": re.compile(r"Accuracy:\s*([\d.]+)"),
}
_QUOTED_KEYS = {
    "meanAcc": "mean-accuracy",
    "ROUGE1": "rouge1",
    "ROUGE2": "rouge2",
    "ROUGEL": "rougeL",
    "ROUGELSUM": "rougeLsum",
    "GEN_LEN": "gen_len",
    "TOKENS_PER_SAMPLE": "tokens_per_sample",
    "CLIP_SCORE": "CLIP_SCORE",
    "FID_SCORE": "FID_SCORE",
    "gsm8k_accuracy": "gsm8k",
    "mbxp_accuracy": "mbxp",
    "exact_match": "exact_match",
    "vbench_score": "vbench_score",
}
for _metric, _key in _QUOTED_KEYS.items():
    ACCURACY_PATTERNS[_metric] = re.compile(rf".*'{_key}':\s*'?([\d.]+)")

_HASH = re.compile(r"hash=([0-9a-zA-Z_]+)\s*$")
_COUNTS = re.compile(r"accuracy=([\d.]+)%, good=(\d+), total=(\d+)")


def find_metric(text: str, metric: str) -> str | None:
    """The first number of a metric in an accuracy.txt, as written there; None when no line has it."""
    pattern = ACCURACY_PATTERNS.get(metric)
    if pattern is None:
        return None
    for line in text.splitlines():
        match = pattern.match(line)
        if match and is_number(match.group(1)):
            return match.group(1)
    return None


def find_hashes(text: str) -> list[str]:
    """The digests of `hash=` lines, in order."""
    return [match.group(1) for line in text.splitlines() if (match := _HASH.match(line))]


def find_counts(text: str) -> tuple[float, int, int] | None:
    """Percentage, good and total of the line of image classification, when there is one."""
    for line in text.splitlines():
        match = _COUNTS.match(line)
        if match and is_number(match.group(1)) and len(match.group(3)) < 16:
            return float(match.group(1)), int(match.group(2)), int(match.group(3))
    return None


def is_number(text: str) -> bool:
    """True for a decimal number such as 75.6; `1.2.3` and `.` match [\\d.]+ but are none."""
    return text.count(".") <= 1 and text != "."


def join(root: str, relative: str) -> str:
    """Path of a node of the tree on disk."""
    return os.path.join(root, relative) if relative else root
