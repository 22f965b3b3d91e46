"""The recurrent transducer in numpy, one recording, one frame and one letter at a time, and its features with scipy.

Written from the description of the model, for tests: no batches, no padding, nothing kept from one step to the next.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MOST = 30  #: letters at one frame
ENCODER, READER, JOINT, SYMBOLS = 6, 5, 7, 6  #: sizes


def weights(seed: int, blank: float, strength: float = 4.0, bands: int = 4) -> dict[str, Any]:
    """Random float32 arrays with the names of the published checkpoint: 2 + 3 encoder layers, 2 of the reader.

    There are five letters and the blank, which comes more often the larger ``blank`` is; ``strength`` scales what
    decides between letters.
    """
    draw = np.random.default_rng(seed)
    found: dict[str, Any] = {}

    def lstm(prefix: str, size: int, hidden: int, layers: int, scale: float) -> None:
        for layer in range(layers):
            shapes = {"weight_ih": (4 * hidden, hidden if layer else size), "weight_hh": (4 * hidden, hidden),
                      "bias_ih": (4 * hidden,), "bias_hh": (4 * hidden,)}  # fmt: skip
            for name, shape in shapes.items():
                found[f"{prefix}.lstm.{name}_l{layer}"] = draw.normal(0, 0.8, shape) * scale

    lstm("encoder.pre_rnn", 3 * bands, ENCODER, 2, 1.0)
    lstm("encoder.post_rnn", 2 * ENCODER, ENCODER, 3, strength)
    lstm("prediction.dec_rnn", READER, READER, 2, strength)
    found["prediction.embed.weight"] = draw.normal(0, 1, (SYMBOLS - 1, READER)) * strength
    found["joint_net.0.weight"] = draw.normal(0, 1, (JOINT, ENCODER + READER)) * strength
    found["joint_net.0.bias"] = draw.normal(0, 1, JOINT)
    found["joint_net.3.weight"] = draw.normal(0, 1, (SYMBOLS, JOINT))
    found["joint_net.3.bias"] = np.array([0.0] * (SYMBOLS - 1) + [blank])
    return {name: value.astype(np.float32) for name, value in found.items()}


def mel_weights(bands: int) -> Any:
    """Triangles of equal area, whose corners lie evenly on Slaney's scale up to 8 kHz; weights of 257 frequencies."""

    def hertz(mel: float) -> float:
        return mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)

    top = 15 + 27 * np.log(8) / np.log(6.4)
    corners = [hertz(top * k / (bands + 1)) for k in range(bands + 2)]
    rows = []
    for low, middle, high in zip(corners, corners[1:], corners[2:], strict=False):
        row = [np.interp(f, [low, middle, high], [0.0, 1.0, 0.0]) for f in np.arange(257) * 16000 / 512]
        rows.append(np.array(row) * 2 / (high - low))
    return np.array(rows)


def features(sound: Any, bands: int) -> Any:
    """[frames, 3 * bands]."""
    from scipy import fft, signal

    raised = np.append(sound[0], sound[1:].astype(np.float64) - 0.97 * sound[:-1])
    padded = np.pad(raised, 256, mode="reflect")
    window = np.zeros(512)
    window[96:416] = signal.windows.hann(320, sym=True)
    frames = [padded[start : start + 512] * window for start in range(0, len(padded) - 511, 160)]
    power = np.array([np.abs(fft.rfft(frame)) ** 2 + 1e-10 for frame in frames])
    logs = np.log(power @ mel_weights(bands).T + 1e-20)
    blank = np.zeros(bands)
    rows = [np.concatenate([logs[t + k] if t + k < len(logs) else blank for k in range(3)])
            for t in range(0, len(logs), 3)]  # fmt: skip
    kept = np.array(rows[: int(np.ceil(np.ceil(len(sound) / 160) / 3))])
    return (kept - kept.mean(axis=0)) / (kept.std(axis=0, ddof=1) + 1e-5)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def lstm_steps(found: dict, prefix: str, inputs: list[Any]) -> list[Any]:
    """What the last layer says after each input."""
    layer = 0
    while f"{prefix}.lstm.weight_ih_l{layer}" in found:
        into, over, one, other = (found[f"{prefix}.lstm.{name}_l{layer}"].astype(np.float64)
                                  for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))  # fmt: skip
        hidden = cell = np.zeros(over.shape[1])
        outputs = []
        for value in inputs:
            i, f, g, o = np.split(into @ value + one + over @ hidden + other, 4)
            cell = _sigmoid(f) * cell + _sigmoid(i) * np.tanh(g)
            hidden = _sigmoid(o) * np.tanh(cell)
            outputs.append(hidden)
        inputs, layer = outputs, layer + 1
    return inputs


def encoded(found: dict, rows: Any) -> list[Any]:
    """The encoder's word on each pair of frames."""
    half = lstm_steps(found, "encoder.pre_rnn", list(rows))
    if len(half) % 2:
        half.append(np.zeros_like(half[0]))
    pairs = [np.concatenate(half[k : k + 2]) for k in range(0, len(half), 2)]
    return lstm_steps(found, "encoder.post_rnn", pairs)


def letters(found: dict, rows: Any) -> list[int]:
    """The greedy answer to features ``rows``."""
    embedding = found["prediction.embed.weight"]
    answer: list[int] = []
    for frame in encoded(found, rows):
        for _ in range(MOST):
            said = [np.zeros(embedding.shape[1]), *(embedding[letter] for letter in answer)]
            heard = lstm_steps(found, "prediction.dec_rnn", said)[-1]
            mixed = found["joint_net.0.weight"] @ np.concatenate([frame, heard]) + found["joint_net.0.bias"]
            scores = found["joint_net.3.weight"] @ np.maximum(mixed, 0) + found["joint_net.3.bias"]
            if scores.argmax() == len(embedding):
                break
            answer.append(int(scores.argmax()))
    return answer
