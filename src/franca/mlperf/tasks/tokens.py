"""Token ids and text: a tokenizer from local files, never from a network.

``tokenizer.json`` (or a folder that has it) is read by the ``tokenizers`` package; any other folder by
``transformers``, told to stay offline and to run no code of the model's.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Protocol

from franca.errors import Location, MalformedFile
from franca.mlperf.tasks.files import existing, need

FILE = "tokenizer.json"


class Tokenizer(Protocol):
    """Both directions."""

    def encode(self, text: str) -> list[int]: ...

    def decode(self, tokens: Sequence[int]) -> str:
        """The text, without special tokens."""


def open_tokenizer(path: str) -> Tokenizer:
    """The tokenizer in a file or folder.

    Raises:
        NotFound, MalformedFile: nothing there, or no tokenizer. Unavailable: the package is missing.
    """
    existing(path, "tokenizer")
    inner = os.path.join(path, FILE) if os.path.isdir(path) else path
    return _Fast(inner) if os.path.isfile(inner) else _Slow(path)


class _Fast:
    """A ``tokenizer.json``."""

    def __init__(self, path: str) -> None:
        tokenizers = need("tokenizers", "turning token ids into text")
        try:
            self._tokenizer: Any = tokenizers.Tokenizer.from_file(path)
        except Exception as error:  # the package raises plain Exception for a file that it cannot read
            raise MalformedFile(f"is no tokenizer: {error}", where=Location(path)) from error

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text).ids)

    def decode(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode([int(token) for token in tokens], skip_special_tokens=True))


class _Slow:
    """A folder of another form."""

    def __init__(self, path: str) -> None:
        transformers = need("transformers", "this tokenizer")
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
                path, local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError) as error:
            raise MalformedFile(f"holds no tokenizer: {error}", where=Location(path)) from error

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text)["input_ids"])

    def decode(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode([int(token) for token in tokens], skip_special_tokens=True))
