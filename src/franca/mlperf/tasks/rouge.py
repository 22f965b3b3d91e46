"""Generated text: token ids in the log, judged as ROUGE with lengths, by the rouge_score package.

Payload of a sample: its tokens as int32 or int64. Both texts are stripped, sentences parted by line ends, words
stemmed; scores are means over samples in percent, rounded to four places (mlperf-inference section 8.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from franca.errors import MalformedFile, Unavailable, UsageError
from franca.mlperf.inference.plugs import Score
from franca.mlperf.tasks.files import need
from franca.mlperf.tasks.tokens import Tokenizer, open_tokenizer

KINDS = ("rouge1", "rouge2", "rougeL", "rougeLsum")
SPLITTERS = ("punkt", "untrained", "none")
LARGEST = 1 << 31  #: no vocabulary has as many tokens
DTYPES = ("int32", "int64", "float32")


class RougeMetric:
    """ROUGE-1, -2, -L and -Lsum, generated characters and tokens.

    Args:
        tokenizer: file or folder (see ``tokens``).
        dtype: of the tokens in the log.
        sentences: how texts are cut for rougeLsum and gen_len: ``punkt`` (NLTK's English model, the official
            way), ``untrained`` (the same without its list of abbreviations), ``none``.
        end: tokens of an answer end before this one; -1 = all of them.
    """

    payload_shape: tuple[int, ...] | None = None

    def __init__(self, tokenizer: str, dtype: str = "int64", sentences: str = "punkt", end: int = -1) -> None:
        if sentences not in SPLITTERS or dtype not in DTYPES:
            known = f"{', '.join(SPLITTERS)} and {', '.join(DTYPES)}"
            raise UsageError(f"sentences {sentences!r} or type {dtype!r} of tokens is not known ({known})")
        self.tokenizer = tokenizer
        self.payload_dtype = dtype
        self.sentences = sentences
        self.end = end

    def pack(self, outputs: Sequence[Any], indices: Sequence[int]) -> list[Any]:
        """``outputs``: for each sample its tokens, alone or as the first of several outputs."""
        import numpy as np

        found = []
        for one in outputs:
            tokens = np.asarray(one[0] if isinstance(one, (tuple, list)) else one).reshape(-1)
            if self.end >= 0 and (tokens == self.end).any():
                tokens = tokens[: int((tokens == self.end).argmax())]
            found.append(tokens.astype(self.payload_dtype))
        return found

    def tokens(self, payload: Any) -> int:
        """Tokens of an answer, for token latencies."""
        return len(payload)

    def score(self, payloads: Sequence[Any], labels: Sequence[str]) -> Score:
        tokenizer: Tokenizer = open_tokenizer(self.tokenizer)
        cut = splitter(self.sentences)
        for index, one in enumerate(payloads):
            _check(one, index)
        texts = [cut(tokenizer.decode(one)) for one in payloads]
        means = rouge(texts, [cut(text) for text in labels])
        tokens = sum(len(one) for one in payloads)
        fields = {
            **means,
            "gen_len": sum(len(text) for text in texts),
            "gen_num": len(texts),
            "gen_tok_len": tokens,
            "tokens_per_sample": round(tokens / len(texts), 1),
        }
        more = {key.upper(): float(value) for key, value in fields.items()}
        return Score("ROUGE1", means["rouge1"], 0, len(labels), repr(fields), more)


def _check(tokens: Any, index: int) -> None:
    """Raises MalformedFile unless all are numbers of tokens."""
    if len(tokens) and not 0 <= tokens.min() <= tokens.max() < LARGEST:
        problem = f"sample {index} has tokens from {tokens.min()} to {tokens.max()}"
        raise MalformedFile(problem, hint="the values in the log may be of another type: --dtype")


def rouge(texts: Sequence[str], expected: Sequence[str]) -> dict[str, float]:
    """Mean F-measures in percent."""
    scorer = need("rouge_score.rouge_scorer", "scoring texts", "rouge-score").RougeScorer(KINDS, use_stemmer=True)
    sums = dict.fromkeys(KINDS, 0.0)
    for text, wanted in zip(texts, expected, strict=True):
        for kind, found in scorer.score(wanted, text).items():
            sums[kind] += float(found.fmeasure)
    return {kind: round(100.0 * total / len(texts), 4) for kind, total in sums.items()}


def splitter(name: str) -> Callable[[str], str]:
    """A function that strips a text and puts each sentence on a line of its own."""
    if name == "none":
        return str.strip
    nltk = need("nltk.tokenize.punkt" if name == "untrained" else "nltk", "cutting texts into sentences", "nltk")
    cut = nltk.PunktSentenceTokenizer().tokenize if name == "untrained" else nltk.sent_tokenize

    def split(text: str) -> str:
        try:
            return "\n".join(cut(text.strip()))
        except LookupError as error:
            raise Unavailable(
                "the English sentence model of NLTK (punkt_tab) is not installed",
                hint="python -m nltk.downloader punkt_tab   (or: --option sentences=untrained; rougeLsum and "
                "gen_len then differ a little from the official figures)",
            ) from error

    return split
