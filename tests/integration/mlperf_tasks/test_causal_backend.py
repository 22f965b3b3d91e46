"""Language models in the Hugging Face form: what they answer, when they tell it, and what is refused.

Needs torch and transformers in the Python of the tests.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from franca.mlperf.inference.guard import Failures
from franca.mlperf.inference.plugs import PlugError, resolve
from franca.mlperf.inference.predictor import Predictor
from franca.mlperf.inference.streaming import token_lanes
from franca.mlperf.tasks.causal import CausalBackend
from franca.mlperf.tasks.rouge import RougeMetric
from franca.mlperf.tasks.texts import Texts
from tests.integration.mlperf_tasks.tiny_language_models import (
    END,
    POSITIONS,
    best_of_all,
    likeliest,
    made,
    saved,
    searched,
)

torch = pytest.importorskip("torch", reason="torch is not installed", exc_type=ImportError)
transformers = pytest.importorskip("transformers", reason="transformers is not installed", exc_type=ImportError)

PROMPTS = [[3, 1, 4, 1, 5], [9], [2, 6, 5, 3, 5, 8, 9, 7], [7, 9, 3]]


@pytest.fixture(scope="module", params=["gptj", "llama"])
def model(request, tmp_path_factory) -> tuple[Any, Path]:
    """A model, and the folder that it is saved in."""
    found = made(request.param)
    return found, saved(found, tmp_path_factory.mktemp("model") / request.param)


def batch(prompts: Sequence[Sequence[int]]) -> dict[str, Any]:
    """As the data set gives them, with an unlikely token where there is nothing."""
    import numpy as np

    width = max(map(len, prompts))
    ids = np.array([[7] * (width - len(one)) + list(one) for one in prompts], dtype=np.int64)
    mask = np.array([[0] * (width - len(one)) + [1] * len(one) for one in prompts], dtype=np.int64)
    return {"input_ids": ids, "attention_mask": mask}


def loaded(folder: Path, **options: Any) -> CausalBackend:
    backend = CausalBackend(model=str(folder), threads=1, **options)
    backend.load()
    return backend


def answers(backend: CausalBackend, prompts: Sequence[Sequence[int]] = PROMPTS) -> list[list[int]]:
    return [one.tolist() for one in backend.predict(batch(prompts))]


def test_the_name_of_the_backend_is_built_in() -> None:
    assert resolve("backend", "pytorch-causal") is CausalBackend


@pytest.mark.parametrize(("least", "most"), [(0, 12), (1, 1), (9, 12)])
def test_answers_are_the_likeliest_tokens(model, least, most) -> None:
    expected = [likeliest(model[0], prompt, least, most) for prompt in PROMPTS]
    assert answers(loaded(model[1], least=least, most=most)) == expected


def test_some_answers_end_by_their_mark_and_some_by_their_length(model) -> None:
    """Otherwise the tests above would show nothing about one of them."""
    prompts = [[a, b] for a in range(4) for b in range(4)]
    found = answers(loaded(model[1], least=0, most=8), prompts)
    assert found == [likeliest(model[0], prompt, 0, 8) for prompt in prompts]
    assert {len(one) for one in found} > {8} and any(one[-1] == END for one in found)
    assert all(END not in one[:-1] for one in found)


def test_an_end_mark_can_be_chosen(model) -> None:
    other = likeliest(model[0], PROMPTS[0], 0, 8)[2]
    found = answers(loaded(model[1], least=0, most=8, end=other))
    assert found == [likeliest(model[0], prompt, 0, 8, other) for prompt in PROMPTS]
    assert found[0][-1] == other


@pytest.mark.parametrize(("beams", "least", "most"), [(4, 1, 9), (3, 5, 9)])
def test_beams_find_what_a_plain_search_finds(model, beams, least, most) -> None:
    expected = [searched(model[0], prompt, beams, least, most) for prompt in PROMPTS]
    assert expected != [likeliest(model[0], prompt, least, most) for prompt in PROMPTS]
    assert answers(loaded(model[1], beams=beams, least=least, most=most)) == expected


def test_enough_beams_find_the_best_of_all_answers(tmp_path) -> None:
    tiny = made("gptj", words=5)
    backend = loaded(saved(tiny, tmp_path), beams=16, least=3, most=3)
    assert answers(backend, [[1, 2]]) == [best_of_all(tiny, [1, 2], 3, end=4)]


def test_first_tokens_are_told_once_before_the_answers_are_complete(model) -> None:
    backend = loaded(model[1], most=12)
    told: list[tuple[int, int, int]] = []
    steps = [0]
    embedding = backend._model.get_input_embeddings()
    hook = embedding.register_forward_hook(lambda *_: steps.__setitem__(0, steps[0] + 1))

    def first(places: Sequence[int], tokens: Any) -> None:
        told.extend((place, token, threading.get_ident()) for place, token in zip(places, tokens.tolist(), strict=True))
        steps.append(steps[0])

    found = backend.generate(batch(PROMPTS), first)
    hook.remove()
    here = threading.get_ident()
    assert told == [(place, int(answer[0]), here) for place, answer in enumerate(found)]
    assert steps[1:] == [1] and steps[0] > 1  # after one step of the model, of several
    assert [one.tolist() for one in found] == answers(backend)


def test_with_beams_no_first_token_is_known_and_runs_that_measure_it_are_refused(model) -> None:
    import mlperf_loadgen

    data, metric = Texts(""), RougeMetric("")
    lanes = {}
    for beams in (1, 2):
        predictor = Predictor(loaded(model[1], beams=beams), data, metric)
        lanes[beams] = partial(token_lanes, mlperf_loadgen, predictor, Failures(""))
    lanes[1](firsts=True)
    lanes[2](firsts=False)  # Offline
    with pytest.raises(PlugError, match="does not tell first tokens"):
        lanes[2](firsts=True)


def test_settings_of_the_folder_do_not_change_answers(tmp_path) -> None:
    found = made("llama")
    saved(found, tmp_path)
    settings = {"do_sample": True, "temperature": 9.0, "top_k": 3, "repetition_penalty": 5.0, "max_length": 4,
                "num_beams": 3, "eos_token_id": [END, 0]}  # fmt: skip
    (tmp_path / "generation_config.json").write_text(json.dumps(settings), "utf-8")
    backend = loaded(tmp_path, least=0, most=8, end=END)
    assert answers(backend) == [likeliest(found, prompt, 0, 8) for prompt in PROMPTS]
    # Its end marks count, all of them.
    own = CausalBackend(model=str(tmp_path), threads=1, least=0, most=8)
    assert list(own.load().ends) == [END, 0], "TEST06 asks for them"
    several = answers(own, [[a, b] for a in range(4) for b in range(4)])
    assert {one[-1] for one in several if len(one) < 8} == {END, 0}


def test_a_folder_without_an_end_mark_gives_answers_of_full_length(tmp_path) -> None:
    found = made("gptj")
    found.config.eos_token_id = found.generation_config.eos_token_id = None
    backend = loaded(saved(found, tmp_path), most=6)
    assert answers(backend) == [likeliest(found, prompt, 0, 6, end=-1) for prompt in PROMPTS]


def test_weights_that_are_pickled_are_read_as_weights_only(tmp_path) -> None:
    found = made("llama")
    saved(found, tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(found.state_dict(), tmp_path / "pytorch_model.bin")
    assert answers(loaded(tmp_path, least=0, most=5)) == [likeliest(found, prompt, 0, 5) for prompt in PROMPTS]
    harmful = tmp_path / "ran"
    torch.save({"model.norm.weight": Harmful(str(harmful))}, tmp_path / "pytorch_model.bin")
    with pytest.raises(PlugError, match="cannot be read"):
        loaded(tmp_path)
    assert not harmful.exists()


class Harmful:
    """A pickle of it writes a file when it is read."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (open, (self.path, "w"))


def test_smaller_types_of_weights_are_used(model) -> None:
    backend = loaded(model[1], dtype="bfloat16", most=3)
    assert {one.dtype for one in backend._model.parameters()} == {torch.bfloat16}
    assert len(answers(backend)) == len(PROMPTS)


UNREADABLE = [
    ([0, END + 1], rf"has the token {END + 1}, the model knows 0 to {END}: .* tokenizer of another model"),
    ([-1, 3], "has the token -1"),
    ([1] * (POSITIONS - 7), f"a prompt has {POSITIONS - 7} tokens and its answer up to 8, the model reads {POSITIONS}"),
]


@pytest.mark.parametrize(("prompt", "problem"), UNREADABLE, ids=["large", "negative", "long"])
def test_prompts_that_the_model_cannot_read_are_named(model, prompt, problem) -> None:
    backend = loaded(model[1], most=8)
    with pytest.raises(ValueError, match=problem):
        backend.predict(batch([[1, 2], prompt]))
    assert len(answers(backend, [[1] * (POSITIONS - 8)])) == 1


WRONG = [
    ({"most": 0}, "answers of 1 to 0 tokens"),
    ({"least": 9, "most": 8}, "answers of 9 to 8 tokens"),
    ({"least": -1}, "answers of -1 to 128 tokens"),
    ({"beams": 0}, "0 beams"),
    ({"dtype": "int8"}, "type 'int8' of weights is not known"),
    ({"device": "tpu"}, "device 'tpu' is not known"),
    ({"end": END + 1}, f"the end mark {END + 1} is no token of the model"),
]


@pytest.mark.parametrize(("options", "problem"), WRONG, ids=[problem for _, problem in WRONG])
def test_wrong_options_are_named(model, options, problem) -> None:
    with pytest.raises(PlugError, match=problem):
        loaded(model[1], **options)


def without(name: str):
    return lambda folder: (folder / name).unlink()


def with_config(**changes: Any):
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")

    return change


def written(name: str, content: bytes):
    return lambda folder: (folder / name).write_bytes(content)


def lacking(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


BROKEN = [
    (shutil.rmtree, "model folder .* does not exist"),
    (without("config.json"), "config.json does not exist"),
    (written("config.json", b"{"), "config.json.*is not JSON"),
    (written("config.json", b"[]"), "names no model_type"),
    (with_config(model_type="no such"), "cannot be read: .*no such"),
    (with_config(auto_map={"AutoModelForCausalLM": "mine.Model"}), "needs code .* which is not run here"),
    (with_config(attn_implementation="some/kernel"), "needs code .* which is not run here"),
    (without("model.safetensors"), "has no weights"),
    (written("model.safetensors", b"no"), "cannot be read: "),
    (with_config(num_hidden_layers=3), "lack 9 tensors of the model"),
    (with_config(intermediate_size=32), "cannot be read: "),
    (lacking, "lack 1 tensors of the model .first: model.layers.1.mlp.up_proj.weight"),
]


@pytest.mark.parametrize(("change", "problem"), BROKEN, ids=[problem for _, problem in BROKEN])
def test_a_broken_folder_is_one_plain_message(tmp_path, change, problem) -> None:
    folder = saved(made("llama"), tmp_path / "model")
    change(folder)
    with pytest.raises(PlugError, match=problem) as caught:
        loaded(folder)
    assert "\n" not in str(caught.value)
