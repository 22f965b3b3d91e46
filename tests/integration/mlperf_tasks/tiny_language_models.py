"""Language models of random weights, a few kilobytes, in the form that the published ones have, and what they say.

What they say is worked out here token by token, for one prompt at a time, without padding, cache or search library.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WORDS = 12  #: tokens of the models; the last one ends an answer
END = WORDS - 1
POSITIONS = 40


def made(kind: str, seed: int = 3, words: int = WORDS, positions: int = POSITIONS) -> Any:
    """A model of the kind ``gptj`` or ``llama``."""
    import torch
    import transformers

    torch.manual_seed(seed)
    common = {"vocab_size": words, "bos_token_id": None, "eos_token_id": words - 1, "initializer_range": 0.6}
    if kind == "gptj":
        config = transformers.GPTJConfig(
            n_positions=positions, n_embd=16, n_layer=2, n_head=2, rotary_dim=4, tie_word_embeddings=False, **common
        )
        return transformers.GPTJForCausalLM(config).eval()
    config = transformers.LlamaConfig(
        max_position_embeddings=positions,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        pad_token_id=None,
        **common,
    )
    return transformers.LlamaForCausalLM(config).eval()


def saved(model: Any, folder: Path) -> Path:
    model.save_pretrained(folder)
    return folder


def likelihoods(model: Any, tokens: Sequence[int]) -> list[float]:
    """Logarithms of the probabilities of the next token."""
    import torch

    with torch.no_grad():
        scores = model(input_ids=torch.tensor([list(tokens)]), use_cache=False).logits[0, -1]
    return torch.log_softmax(scores.double(), dim=-1).tolist()


def likeliest(model: Any, prompt: Sequence[int], least: int, most: int, end: int = END) -> list[int]:
    """The answer that always takes the likeliest token."""
    answer: list[int] = []
    while len(answer) < most and (not answer or answer[-1] != end):
        scores = likelihoods(model, [*prompt, *answer])
        allowed = [token for token in range(len(scores)) if token != end or len(answer) >= least]
        answer.append(max(allowed, key=scores.__getitem__))
    return answer


def best_of_all(model: Any, prompt: Sequence[int], length: int, end: int) -> list[int]:
    """The likeliest of all answers of ``length`` tokens without an end mark."""

    def score(answer: Sequence[int]) -> float:
        return sum(likelihoods(model, [*prompt, *answer[:k]])[token] for k, token in enumerate(answer))

    return list(max(itertools.product(range(end), repeat=length), key=score))


def searched(model: Any, prompt: Sequence[int], beams: int, least: int, most: int, end: int = END) -> list[int]:
    """The best answer that a beam search finds when it ends with the ``beams``-th complete one.

    Answers are compared by their mean likelihood per token. At each step the best ``beams`` continuations are looked
    at for complete ones; incomplete ones go on.
    """
    going: list[tuple[float, list[int]]] = [(0.0, [])]
    complete: list[tuple[float, list[int]]] = []
    for length in range(1, most + 1):
        found = []
        for total, answer in going:
            scores = likelihoods(model, [*prompt, *answer])
            found += [(total + score, [*answer, token]) for token, score in enumerate(scores)
                      if token != end or length > least]  # fmt: skip
        found.sort(reverse=True)
        complete += [(total / length, answer) for total, answer in found[:beams] if answer[-1] == end]
        going = [(total, answer) for total, answer in found if answer[-1] != end][:beams]
        if len(complete) >= beams:
            break
    else:
        complete += [(total / most, answer) for total, answer in going]
    return max(complete)[1]
