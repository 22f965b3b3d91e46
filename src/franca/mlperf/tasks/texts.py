"""Text generation data: articles to summarise (CNN/DailyMail) and prompts with answers (OpenOrca).

* CNN/DailyMail as MLPerf prepares it: ``cnn_eval.json``, a list of records with ``instruction``, ``input`` and
  ``output``; llama3.1-8b's form has ``tok_input``, the prompt in token ids, as well.
* OpenOrca: a table with ``tok_input`` or ``input``, and ``output``, as Parquet or as lines of JSON. The
  official file is a pickle of a data frame. A pickle runs code when it is read, so it is refused here; convert
  it once, where it is trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from franca.errors import Location, MalformedFile, UsageError
from franca.mlperf.tasks.files import existing, field, need, parse_json, read_json, read_text
from franca.mlperf.tasks.samples import Rows
from franca.mlperf.tasks.tokens import Tokenizer, open_tokenizer

#: The prompt of gptj, from the instruction and the article (reference implementation of the benchmark).
PROMPT = (
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:"
)
CONVERT = "pandas.read_pickle(FILE).to_parquet(...), in an environment where you trust the file"


class Pair(NamedTuple):
    """One sample: the prompt as token ids, or as text where those are still to be made, and the expected text."""

    prompt: str
    tokens: tuple[int, ...]
    expected: str


class Texts(Rows):
    """Prompts with expected answers as two int64 inputs [n, longest], padded on the left.

    Args:
        path: the file; its form by its ending (``.json``, ``.jsonl``, ``.parquet``).
        tokenizer: file or folder (see ``tokens``), for data that has no token ids yet.
        longest: tokens of a prompt; longer ones are cut at the end. padding: id that fills up.
        names: of the inputs: token ids, mask.
        count: only the first so many; 0 = all. performance_count: in memory at once; 0 = all.
    """

    def __init__(
        self,
        path: str,
        tokenizer: str = "",
        longest: int = 1919,
        padding: int = 0,
        names: Sequence[str] = ("input_ids", "attention_mask"),
        count: int = 0,
        performance_count: int = 0,
    ) -> None:
        super().__init__(count, performance_count)
        self.path = path
        self.tokenizer = tokenizer
        self.longest = longest
        self.padding = padding
        self.names = tuple(names)

    def read(self) -> None:
        self._pairs = read_pairs(self.path)
        self.limit(len(self._pairs))

    def check(self) -> None:
        self._text: Tokenizer | None = open_tokenizer(self.tokenizer) if self.tokenizer else None

    def labels(self) -> list[str]:
        return [pair.expected for pair in self._pairs[: self.count]]

    def sample(self, index: int) -> Any:
        import numpy as np

        return np.array(self._tokens(self._pairs[index])[: self.longest], dtype=np.int64)

    def _tokens(self, pair: Pair) -> Sequence[int]:
        if pair.tokens:
            return pair.tokens
        if self._text is None:
            raise UsageError(f"{self.path} has prompts as text: the data set needs tokenizer=FILE")
        return self._text.encode(pair.prompt)

    def stack(self, rows: Sequence[Any]) -> Any:
        import numpy as np

        width = max(len(row) for row in rows)
        ids: Any = np.full((len(rows), width), self.padding, dtype=np.int64)
        mask: Any = np.zeros((len(rows), width), dtype=np.int64)
        for at, row in enumerate(rows):
            ids[at, width - len(row) :] = row
            mask[at, width - len(row) :] = 1
        return dict(zip(self.names, (ids, mask), strict=True))


def read_pairs(path: str) -> list[Pair]:
    """All samples of a file. Raises NotFound, MalformedFile, UsageError (a form that is not read)."""
    existing(path, "data set")
    for ending, read in READERS.items():
        if path.endswith(ending):
            found = read(path)
            if not found:
                raise MalformedFile("has no samples", where=Location(path))
            return found
    if path.endswith((".pkl", ".pickle", ".pkl.gz")):
        raise UsageError(f"{path} is a pickle, which could run code when it is read", hint=f"convert it: {CONVERT}")
    raise UsageError(f"{path}: expected a file in {', '.join(READERS)}")


def _from_json(path: str) -> list[Pair]:
    content = read_json(path, "data set")
    if not isinstance(content, list):
        raise MalformedFile("expected a list of records", where=Location(path))
    return [_pair(record, path, f"record {n}") for n, record in enumerate(content, 1)]


def _from_lines(path: str) -> list[Pair]:
    lines = read_text(path, "data set").splitlines()
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line.strip()]
    return [_pair(parse_json(line, path, n), path, f"line {n}") for n, line in numbered]


def _from_parquet(path: str) -> list[Pair]:
    parquet = need("pyarrow.parquet", "reading Parquet", "pyarrow")
    pyarrow = need("pyarrow", "reading Parquet")
    try:
        have = parquet.read_schema(path).names
        wanted = [name for name in ("instruction", "input", "tok_input", "output") if name in have]
        records = parquet.read_table(path, columns=wanted).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise MalformedFile(f"is no Parquet file: {error}", where=Location(path)) from error
    return [_pair(record, path, f"row {n}") for n, record in enumerate(records, 1)]


READERS: dict[str, Callable[[str], list[Pair]]] = {
    ".json": _from_json,
    ".jsonl": _from_lines,
    ".parquet": _from_parquet,
}


def _pair(record: Any, path: str, what: str) -> Pair:
    expected = field(record, "output", str, path, what)
    if record.get("tok_input") is not None:
        tokens = field(record, "tok_input", list, path, what)
        if not tokens or not all(type(token) is int for token in tokens):
            raise MalformedFile(f"{what}: tok_input must be whole numbers", where=Location(path, key="tok_input"))
        return Pair("", tuple(tokens), expected)
    given = field(record, "input", str, path, what)
    if "instruction" not in record:
        return Pair(given, (), expected)
    return Pair(PROMPT.format(instruction=field(record, "instruction", str, path, what), input=given), (), expected)
