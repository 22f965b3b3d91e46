"""TEST06 to TEST09 in the checker: required files and verdicts, and figures and answers that belie them."""

from __future__ import annotations

import hashlib
import shutil
import struct
from pathlib import Path

import pytest

from franca.mlperf.submission.index import index_tree
from franca.mlperf.submission.truncate import Truncation, plan_truncation, truncate
from tests.unit.submission.submission_trees import REBELLIONS, check, closed_v6, set_fields

PASSED = "First token check pass: Skipped\nEOS check pass: True\nSample length check pass: True\n"


def place(tmp_path: Path, model: str, test: str, scenario: str = "Offline") -> Path:
    """A new folder of a test, in a tree whose other rules do not matter here."""
    tree = closed_v6(tmp_path / "tree")
    set_fields(tree / REBELLIONS / "systems/ATOM.json", system_type="datacenter")
    results = tree / REBELLIONS / "results/ATOM"
    (results / "resnet50").rename(results / model)
    if scenario != "Offline":
        (results / model / "Offline").rename(results / model / scenario)
    for old in (results / model / scenario).glob("TEST*"):
        shutil.rmtree(old)
    folder = results / model / scenario / test
    folder.mkdir()
    return folder


def said(folder: Path) -> list[str]:
    """Findings of C6 about this folder, warnings marked."""
    found = [f for f in check(folder.parents[6], round="v6.1").findings if f.rule == "C6"]
    place = "/".join(folder.parts[-7:])
    mark = {"warning": "(warning) "}
    return [mark.get(f.severity, "") + f.message for f in found if f.path.startswith(place)]


TEST09 = "Total samples: 6396\nMean output tokens: {}\nMin threshold: 1\n\nTEST {}\n"
TEST07 = "Accuracy score: {}\nAccuracy threshold: 1.0\nTEST {}\n"
OUTPUTS = [
    ("gpt-oss-120b", "TEST09", "verify_output_len.txt", TEST09.format("1278.20", "PASS"), 0),
    ("gpt-oss-120b", "TEST09", "verify_output_len.txt", TEST09.format("1278.20", "FAIL"), 1),
    ("gpt-oss-120b", "TEST09", "verify_output_len.txt", TEST09.format("1150.37", "PASS"), 1),
    ("gpt-oss-120b", "TEST09", "verify_output_len.txt", TEST09.format("1406.03", "PASS"), 1),
    ("gpt-oss-120b", "TEST09", "verify_output_len.txt", "TEST PASS\n", 0),
    ("gpt-oss-120b", "TEST09", "verify_accuracy.txt", TEST09.format("1278.20", "PASS"), 1),
    ("e2e-rag-qna", "TEST09", "verify_output_len.txt", TEST09.format("273.81", "PASS"), 0),
    ("e2e-rag-qna", "TEST09", "verify_output_len.txt", TEST09.format("1278.20", "PASS"), 1),
    ("gpt-oss-120b", "TEST07", "verify_accuracy.txt", TEST07.format("60.698", "PASS"), 0),
    ("gpt-oss-120b", "TEST07", "verify_accuracy.txt", TEST07.format("60.697", "PASS"), 1),
    ("gpt-oss-120b", "TEST07", "verify_accuracy.txt", TEST07.format("70.0", "FAIL"), 1),
    ("gpt-oss-120b", "TEST07", "verify_accuracy.txt", "", 1),
    ("dlrm-v3", "TEST08", "verify_accuracy.txt", "num_matched = 238\n\nTEST PASS\nTEST08 verification complete\n", 0),
    ("dlrm-v3", "TEST08", "verify_accuracy.txt", "\nTEST FAIL\nTEST08 verification complete\n", 1),
    ("llama3.1-8b", "TEST06", "verify_accuracy.txt", PASSED + "TEST06 verification complete\n", 0),
    ("llama3.1-8b", "TEST06", "verify_accuracy.txt", PASSED.replace("EOS check pass: True", ""), 1),
]


@pytest.mark.parametrize(("model", "test", "name", "text", "count"), OUTPUTS)
def test_a_verdict_is_held_to_the_round(tmp_path, model, test, name, text, count) -> None:
    folder = place(tmp_path, model, test)
    (folder / name).write_text(text, "utf-8")
    assert len(said(folder)) == count


def entry(tokens: list[int], first: list[int], count: int) -> str:
    data, told = (struct.pack(f"<{len(some)}i", *some).hex().upper() for some in (tokens, first))
    return f'{{ "seq_id" : 0, "qsl_idx" : 0, "data" : "{data}", "token_data" : "{told}", "token_count" : {count} }}'


ANSWERS = [
    ("Offline", entry([5, 6, 2], [], 3), []),
    ("Server", entry([5, 6, 2], [5], 3), []),
    ("Server", entry([5, 6, 2], [6], 3), ["1 of 1 answers lack their first token or have another number of tokens"]),
    ("Server", entry([5, 6, 2], [], 3), ["1 of 1 answers lack their first token or have another number of tokens"]),
    ("Offline", entry([5, 6, 2], [], 30), ["1 of 1 answers lack their first token or have another number of tokens"]),
    ("Offline", entry([5, 6, 2], [], 0), ["1 of 1 answers lack their first token or have another number of tokens"]),
    ("Offline", "", ["holds no answer"]),
    ("Offline", "{", ["(warning) cannot be read"]),
]


@pytest.mark.parametrize(("scenario", "text", "words"), ANSWERS)
def test_logged_answers_must_be_what_the_verdict_says(tmp_path, scenario, text, words) -> None:
    folder = place(tmp_path, "llama3.1-8b", "TEST06", scenario)
    (folder / "verify_accuracy.txt").write_text(PASSED, "utf-8")
    (folder / "accuracy").mkdir()
    (folder / "accuracy/mlperf_log_accuracy.json").write_text(f"[\n{text}\n]\n", "utf-8")
    found = said(folder)
    assert len(found) == len(words) and all(one.startswith(start) for one, start in zip(found, words, strict=True))


@pytest.mark.parametrize("test", ["TEST07", "TEST09"])
def test_answers_without_a_scorer_are_truncated_with_their_digest(tmp_path, test) -> None:
    folder = place(tmp_path, "gpt-oss-120b", test)
    log = folder / "accuracy/mlperf_log_accuracy.json"
    log.parent.mkdir()
    log.write_text("[\n" + ",\n".join(["{}"] * 9000) + "\n]\n")
    whole = hashlib.sha256(log.read_bytes()).hexdigest()
    tree = str(folder.parents[6])

    def mine() -> list[Truncation]:
        return [one for one in plan_truncation(tree, index_tree(tree)) if test in one.directory]

    [item] = mine()
    truncate(tree, item, str(tmp_path / "backup"))
    assert (folder / "accuracy/accuracy.txt").read_text("utf-8") == f"hash={whole}\n"
    assert log.stat().st_size == 2 * 4096 + 7
    assert not mine()  # a second time there is nothing to do
    log.write_text("[]")
    (folder / "accuracy/accuracy.txt").unlink()
    (folder / "accuracy/accuracy.txt").symlink_to("nowhere")
    assert not mine()
