"""Text generation with a language model of PyTorch in the Hugging Face form (GPT-J, Llama and the like).

The settings of the reference benchmarks: gptj has 4 beams, early stopping and 30 to 128 new tokens; llama2-70b takes
the likeliest token each time, 1 to 1024 new ones before the end mark. Prompts are padded on the left and the padding is
masked. What a folder's ``generation_config.json`` says about sampling is not followed: an answer is the same each time.

The folder is only read: nothing is fetched, no code of the folder runs, and ``.bin`` weights are read as weights only.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from typing import Any

from franca.errors import FrancaError
from franca.mlperf.inference.backends.torch_backend import TorchBackend, first_line
from franca.mlperf.inference.plugs import Capabilities, PlugError
from franca.mlperf.tasks.files import read_json

First = Callable[[Sequence[int], Any], None]
DTYPES = ("float32", "bfloat16", "float16")
CONFIG = "config.json"
SAFE = ("model.safetensors", "model.safetensors.index.json")
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")


class CausalBackend(TorchBackend):
    """Continues prompts as ``tasks.texts.Texts`` gives them; an answer is its new tokens, the end mark with them.

    With several beams it is not known which beam wins, and so not what the first token is, before the answer is
    complete. Such a backend has no ``generate``: it tells no first tokens, and LoadGen's token latencies are refused
    where they need them. (LoadGen infers those of gptj from whole answers.)

    Args:
        model: folder with ``config.json`` and weights, ``.safetensors`` or else ``.bin``.
        device: ``cpu``, ``cuda`` or ``cuda:N``. threads: intra-op threads; 0 = PyTorch's own choice.
        most: new tokens of an answer at most. least: tokens before the end mark may come.
        beams: of a beam search that stops as soon as that many answers are complete; 1 = the likeliest token each time.
        end: token that ends an answer; -1 = the model's own.
        dtype: of the weights while they are used.
    """

    def __init__(
        self,
        model: str,
        device: str = "cpu",
        threads: int = 0,
        most: int = 128,
        least: int = 1,
        beams: int = 1,
        end: int = -1,
        dtype: str = "float32",
    ) -> None:
        if most < 1 or not 0 <= least <= most:
            raise PlugError(f"answers of {least} to {most} tokens: expected 0 or more, to 1 or more")
        if beams < 1:
            raise PlugError(f"{beams} beams: expected 1 or more")
        if dtype not in DTYPES:
            raise PlugError(f"type {dtype!r} of weights is not known ({', '.join(DTYPES)})")
        super().__init__(model, device=device, threads=threads)
        self.most = most
        self.least = least
        self.beams = beams
        self.end = end
        self.dtype = dtype
        if beams == 1:
            self.generate = self._generate

    def load(self) -> Capabilities:
        torch = self._started()
        try:
            transformers: Any = importlib.import_module("transformers")
        except ImportError as error:
            raise PlugError(f"transformers cannot be imported: {error} (pip install transformers)") from error
        opened = self._opened(transformers)
        try:
            self._model = opened.to(self._device).eval()
        except RuntimeError as error:  # of a device without the memory
            raise PlugError(f"model {self.model} does not fit on {self._device}: {first_line(error)}") from error
        self._vocabulary = int(self._model.get_input_embeddings().weight.shape[0])
        self._positions = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        self._ends = self._end_marks()
        self._settled = self._model.generation_config = self._settings(transformers)
        version = f"{torch.__version__}, transformers {transformers.__version__}"
        return Capabilities("pytorch", version, str(self._device), ends=self._ends)

    def predict(self, batch: Any) -> list[Any]:
        return self._answers(batch, None)

    def _generate(self, batch: Any, first: First) -> list[Any]:
        """Answers; ``first`` is called once, for the whole batch, as soon as the first step is done."""
        return self._answers(batch, _FirstStep(first))

    def _answers(self, batch: Any, streamer: Any) -> list[Any]:
        """New tokens of each answer, int64."""
        import numpy as np

        ids, *masks = batch.values()
        mask: Any = masks[0] if masks else np.ones_like(ids)
        self._check(ids)
        torch = self._torch
        with torch.inference_mode():
            found = self._model.generate(
                input_ids=torch.from_numpy(ids).to(self._device),
                attention_mask=torch.from_numpy(mask).to(self._device),
                generation_config=self._settled,
                streamer=streamer,
            )
        return [self._cut(row) for row in found[:, ids.shape[1] :].cpu().numpy()]

    def _cut(self, row: Any) -> Any:
        """``row`` to its first end mark; what follows is padding."""
        import numpy as np

        marks = np.flatnonzero(np.isin(row, self._ends))
        return row[: marks[0] + 1] if len(marks) else row

    def _check(self, ids: Any) -> None:
        """Raises ValueError: prompts that this model cannot read."""
        if ids.min() < 0 or ids.max() >= self._vocabulary:
            wrong = int(ids.min() if ids.min() < 0 else ids.max())
            raise ValueError(
                f"a prompt has the token {wrong}, the model knows 0 to {self._vocabulary - 1}: "
                "the prompts were made with the tokenizer of another model"
            )
        length = ids.shape[1] + self.most
        if self._positions and length > self._positions:
            raise ValueError(
                f"a prompt has {ids.shape[1]} tokens and its answer up to {self.most}, the model reads "
                f"{self._positions} in all: shorten the prompts (longest) or the answers (most)"
            )

    def _opened(self, transformers: Any) -> Any:
        """The model in the folder, complete."""
        safe = self._has_safetensors()
        try:
            model, found = transformers.AutoModelForCausalLM.from_pretrained(
                self.model,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=safe,
                weights_only=True,
                dtype=getattr(self._torch, self.dtype),
                output_loading_info=True,
            )
        except Exception as error:  # each library below has errors of its own for a file that it cannot read
            raise PlugError(f"model {self.model} cannot be read: {first_line(error)}") from error
        missing = sorted(found["missing_keys"])
        if missing:
            raise PlugError(
                f"the weights in {self.model} lack {len(missing)} tensors of the model (first: {missing[0]})"
            )
        return model

    def _has_safetensors(self) -> bool:
        """Whether the weights are safetensors. Raises PlugError: the folder lacks something, or needs its own code."""
        if not os.path.isdir(self.model):
            raise PlugError(f"model folder {self.model} does not exist")
        try:
            config = read_json(os.path.join(self.model, CONFIG), "the model's configuration")
        except FrancaError as error:
            raise PlugError(str(error)) from error
        if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
            raise PlugError(f"{os.path.join(self.model, CONFIG)} names no model_type")
        if "auto_map" in config or "/" in str(config.get("attn_implementation", "")):
            raise PlugError(f"model {self.model} needs code that is not part of transformers, which is not run here")
        for names, safe in ((SAFE, True), (PICKLED, False)):
            if any(os.path.isfile(os.path.join(self.model, name)) for name in names):
                return safe
        raise PlugError(f"model folder {self.model} has no weights (one of {', '.join(SAFE + PICKLED)})")

    def _end_marks(self) -> list[int]:
        """Tokens that end an answer; Llama 3 has several."""
        own = (self._model.generation_config, self._model.config.get_text_config())
        named = [getattr(one, "eos_token_id", None) for one in own]
        marks: Any = self.end if self.end >= 0 else next((mark for mark in named if mark is not None), [])
        found = [int(mark) for mark in marks] if isinstance(marks, (list, tuple)) else [int(marks)]
        for mark in found:
            if not 0 <= mark < self._vocabulary:
                raise PlugError(
                    f"the end mark {mark} is no token of the model, which knows 0 to {self._vocabulary - 1}"
                )
        return found

    def _settings(self, transformers: Any) -> Any:
        """All that decides an answer; the folder's own settings are replaced as a whole."""
        return transformers.GenerationConfig(
            do_sample=False,
            num_beams=self.beams,
            early_stopping=self.beams > 1,
            max_new_tokens=self.most,
            min_new_tokens=self.least,
            eos_token_id=self._ends or None,
            pad_token_id=self._ends[0] if self._ends else 0,
        )


class _FirstStep:
    """A streamer of the library: it is given the prompts, then the tokens of each step."""

    def __init__(self, first: First) -> None:
        self._first = first
        self._steps = 0

    def put(self, tokens: Any) -> None:
        if self._steps == 1:
            self._first(range(len(tokens)), tokens.numpy())
        self._steps += 1

    def end(self) -> None:
        """Called when all answers are complete."""
