"""Speech recognition with the recurrent transducer of the reference benchmark rnnt, in PyTorch.

An encoder of LSTMs reads features, joins frames in pairs half-way, and goes on; a prediction network reads the
letters found so far; a joint network scores letters and the blank for one frame and one state. Decoding is greedy, at
most 30 letters at a frame, as in the reference. All sizes come from the shapes of the weights.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from franca.mlperf.inference.backends.torch_backend import TorchBackend, first_line
from franca.mlperf.inference.plugs import Capabilities, PlugError
from franca.mlperf.tasks.filterbanks import SPLICED, Filterbanks

LETTERS_AT_ONCE = 30  #: at one frame
WRAPPINGS = ("ema_state_dict", "state_dict")  #: of training programs; the averaged weights are those to be used
UNUSED = "audio_preprocessor."  #: tables of the features, which are worked out anew


class TransducerBackend(TorchBackend):
    """Answers recordings as ``tasks.librispeech.LibriSpeech`` gives them with the places of letters in the alphabet.

    Args:
        model: checkpoint with the names of the published one. It is read as weights only: none of its code runs.
        device: ``cpu``, ``cuda`` or ``cuda:N``. threads: intra-op threads; 0 = PyTorch's own choice.
    """

    def __init__(self, model: str, device: str = "cpu", threads: int = 0) -> None:
        super().__init__(model, device=device, threads=threads)

    def load(self) -> Capabilities:
        torch = self._started()
        try:
            self._network = Transducer(torch, read_weights(torch, self.model), self._device)
        except PlugError as error:
            raise PlugError(f"model {self.model}: {error}") from error
        self._features = Filterbanks(torch, self._network.features // SPLICED, self._device)
        return Capabilities("pytorch", str(torch.__version__), str(self._device))

    def predict(self, batch: Any) -> list[Any]:
        """Places of letters of each recording, int64. Raises ValueError: a recording is too short."""
        import numpy as np

        torch = self._torch
        sound, lengths = batch.values()
        with torch.inference_mode():
            rows = [torch.from_numpy(row[:n]).to(self._device) for row, n in zip(sound, lengths, strict=True)]
            found = [self._features(row) for row in rows]
            counts = torch.tensor([len(one) for one in found], device=self._device)
            padded = torch.nn.utils.rnn.pad_sequence(found, batch_first=True)
            letters = self._network.decode(*self._network.encode(padded, counts))
        return [np.array(one, dtype=np.int64) for one in letters]


class Transducer:
    """The three networks, from a state dictionary.

    Raises:
        PlugError: tensors are missing, superfluous, or do not fit each other.
    """

    def __init__(self, torch: Any, weights: Mapping[str, Any], device: Any) -> None:
        self._torch = torch
        self._taken: set[str] = set()
        self._weights = dict(weights)
        try:
            self._before = self._lstm("encoder.pre_rnn.lstm.").to(device)
            self._after = self._lstm("encoder.post_rnn.lstm.").to(device)
            self._predictor = self._lstm("prediction.dec_rnn.lstm.").to(device)
            self._embedding = self._take("prediction.embed.weight").to(device)
            self._mixed, self._bias = (self._take(f"joint.net.0.{part}").to(device) for part in ("weight", "bias"))
            last = self._last_layer()
            self._scores, self._offsets = (self._take(last + part).to(device) for part in ("weight", "bias"))
        except KeyError as error:
            raise PlugError(f"has no tensor {error.args[0]}") from error
        except RuntimeError as error:
            raise PlugError(f"tensors do not fit each other: {first_line(error)}") from error
        self.features = self._before.input_size
        self._check()
        self._weights.clear()  # the networks have copies on their device

    def encode(self, features: Any, lengths: Any) -> tuple[Any, Any]:
        """What the joint network wants of each frame [n, frames, joint], and the numbers of frames [n].

        Args:
            features: [n, longest, features]; lengths: [n], of each.
        """
        torch = self._torch
        found, _ = self._before(features)
        inside = torch.arange(found.shape[1], device=found.device) < lengths[:, None]
        found = found * inside[:, :, None]  # a frame without a second one is joined with zeros
        together = self._after.input_size // self._before.hidden_size
        found = torch.nn.functional.pad(found, (0, 0, 0, -found.shape[1] % together))
        found, _ = self._after(found.reshape(len(found), -1, self._after.input_size))
        return found @ self._mixed[:, : found.shape[2]].T + self._bias, (lengths + together - 1) // together

    def decode(self, frames: Any, lengths: Any) -> list[list[int]]:
        """Letters of each sample; each goes through its frames at its own pace.

        Args:
            frames: [n, longest, joint] and lengths: [n], from ``encode``.
        """
        n, ends = len(frames), lengths.tolist()
        at, given = [0] * n, [0] * n  #: frame of each sample, and letters found at this frame
        letters: list[list[int]] = [[] for _ in range(n)]
        heard, state = self._read(frames.new_zeros(n, self._predictor.input_size), None)
        while going := [k for k in range(n) if at[k] < ends[k]]:
            symbols = self._likeliest(frames[going, [at[k] for k in going]] + heard[going])
            spoken = []
            for k, symbol in zip(going, symbols, strict=True):
                if symbol != self._blank:
                    letters[k].append(symbol)
                    spoken.append(k)
                    given[k] += 1
                if symbol == self._blank or given[k] == LETTERS_AT_ONCE:
                    at[k], given[k] = at[k] + 1, 0
            if spoken:
                self._read_on([letters[k][-1] for k in spoken], spoken, heard, state)
        return letters

    def _likeliest(self, mixed: Any) -> list[int]:
        """Of each row the symbol with the highest score."""
        found: list[int] = (mixed.relu() @ self._scores.T + self._offsets).argmax(dim=1).tolist()
        return found

    def _read(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """What the joint network wants of the letters so far [n, joint], and the state after ``inputs`` [n, size]."""
        found, after = self._predictor(inputs[:, None], state)
        return found[:, 0] @ self._mixed[:, self._after.hidden_size :].T, after

    def _read_on(self, symbols: list[int], who: list[int], heard: Any, state: Any) -> None:
        """Read one more letter of the samples ``who``, into their rows of ``heard`` and ``state``."""
        inputs = self._embedding[symbols]
        heard[who], after = self._read(inputs, tuple(part[:, who] for part in state))
        for part, new in zip(state, after, strict=True):
            part[:, who] = new

    @property
    def _blank(self) -> int:
        return len(self._scores) - 1

    def _take(self, name: str) -> Any:
        self._taken.add(name)
        return self._weights[name].float()

    def _lstm(self, prefix: str) -> Any:
        """The LSTM whose tensors begin with ``prefix``, with as many layers as there are."""
        found = {name[len(prefix) :]: self._take(name) for name in self._weights if name.startswith(prefix)}
        if not found:
            raise KeyError(f"{prefix}weight_ih_l0")
        layers = sum(name.startswith("weight_ih_l") for name in found)
        rows, inputs = found["weight_ih_l0"].shape
        network = self._torch.nn.LSTM(inputs, rows // 4, layers, batch_first=True)
        network.load_state_dict(found)
        return network.eval()

    def _last_layer(self) -> str:
        """Its place in the joint network depends on whether dropout comes before it."""
        return "joint.net.3." if "joint.net.3.weight" in self._weights else "joint.net.2."

    def _check(self) -> None:
        """Raises PlugError: sizes that do not fit each other, or a tensor that is not of such a model."""
        sizes = {
            "features of three frames": self.features % SPLICED,
            "frames joined half-way": self._after.input_size % self._before.hidden_size,
            "letters": self._embedding.shape[0] - self._blank,
            "size of a letter": self._embedding.shape[1] - self._predictor.input_size,
            "size of the joint network's input": self._mixed.shape[1]
            - self._after.hidden_size
            - self._predictor.hidden_size,
            "size of the joint network": self._scores.shape[1] - self._mixed.shape[0],
        }
        wrong = [what for what, rest in sizes.items() if rest]
        if wrong:
            raise PlugError(f"tensors do not fit each other: {', '.join(wrong)}")
        more = sorted(set(self._weights) - self._taken)
        if more:
            raise PlugError(f"has {len(more)} tensors that are not of such a model ({more[0]} ...)")


def read_weights(torch: Any, path: str) -> dict[str, Any]:
    """Tensors of a checkpoint by the names of the published model, without the wrappings of training programs.

    Raises:
        PlugError: no file, no checkpoint, or one that holds more than weights.
    """
    if not os.path.isfile(path):
        raise PlugError("the file does not exist")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zip and key errors of a wrong file alike
        raise PlugError(f"is no file of weights, or holds more than weights: {first_line(error)}") from error
    for name in WRAPPINGS:
        if isinstance(found, dict) and found.get(name):
            found = found[name]
            break
    if not isinstance(found, dict) or not all(isinstance(one, torch.Tensor) for one in found.values()):
        raise PlugError("holds no state dictionary")
    named = {re.sub(r"^(module\.)+", "", str(name)).replace("joint_net.", "joint.net."): t for name, t in found.items()}
    return {name: tensor for name, tensor in named.items() if not name.startswith(UNUSED)}
