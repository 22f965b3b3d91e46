"""What the reference speech model rnnt hears: logarithms of the power in mel bands, three frames side by side.

All figures are those of the reference implementation (its ``rnnt.toml`` at inference, 16 kHz): windows of 20 ms every
10 ms, FFT of 512, 80 bands, pre-emphasis 0.97, and dithering as a constant instead of noise. Bands are those of
librosa's default (Slaney's scale, triangles of equal area), which the reference calls.
"""

from __future__ import annotations

from typing import Any

RATE = 16000  #: samples a second
WINDOW, STEP, TRANSFORM = 320, 160, 512  #: samples
SPLICED = 3  #: frames side by side
EMPHASIS = 0.97
DITHER = 1e-5
LEAST_POWER = 1e-20
LEAST_SPREAD = 1e-5
SHORTEST = SPLICED * STEP + 1  #: samples that give two spliced frames, without which there is no spread
LINEAR_HZ, LINEAR_MELS, MELS_PER_E = 1000.0, 15.0, 27.0 / 1.8562979903656263  #: Slaney: linear, then logarithmic


class Filterbanks:
    """Features of recordings on one device, ``bands`` of each frame."""

    def __init__(self, torch: Any, bands: int, device: Any) -> None:
        self._torch = torch
        self._window = torch.hann_window(WINDOW, periodic=False, device=device)
        self._bands = torch.tensor(mel_bands(bands), dtype=torch.float32, device=device)

    def __call__(self, sound: Any) -> Any:
        """Features [frames, 3 * bands] of one recording [samples], each with mean 0 and spread 1.

        Raises:
            ValueError: the recording is too short to have a spread.
        """
        torch = self._torch
        if len(sound) < SHORTEST:
            raise ValueError(f"a recording has {len(sound)} samples; its features need at least {SHORTEST}")
        frames = spliced_count(len(sound))
        found = self._spliced(torch.log(self._bands @ self._power(sound) + LEAST_POWER))[:, :frames]
        mean = found.mean(dim=1, keepdim=True)
        spread = found.std(dim=1, keepdim=True) + LEAST_SPREAD
        return ((found - mean) / spread).T

    def _power(self, sound: Any) -> Any:
        """[257, frames]."""
        torch = self._torch
        raised = torch.cat([sound[:1], sound[1:] - EMPHASIS * sound[:-1]])
        spectrum = torch.stft(raised, TRANSFORM, STEP, WINDOW, self._window, center=True, return_complex=True)
        return torch.view_as_real(spectrum).pow(2).sum(-1) + DITHER**2

    def _spliced(self, rows: Any) -> Any:
        """[3 * bands, ceil(frames / 3)]: each third frame over the two that follow it, zeros after the last one."""
        padding = -rows.shape[1] % SPLICED
        padded = self._torch.nn.functional.pad(rows, (0, padding))
        return self._torch.cat([padded[:, k::SPLICED] for k in range(SPLICED)])


def spliced_count(samples: int) -> int:
    """Frames of a recording, after three have become one."""
    frames = (samples + STEP - 1) // STEP
    return (frames + SPLICED - 1) // SPLICED


def mel_bands(bands: int) -> Any:
    """Weights [bands, 257] of the frequencies of a transform, from 0 to 8 kHz."""
    import numpy as np

    frequencies = np.linspace(0.0, RATE / 2, TRANSFORM // 2 + 1)
    edges = _hertz(np.linspace(0.0, _mels(RATE / 2), bands + 2))
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    return np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (high - low))


def _mels(hertz: float) -> float:
    """For frequencies in the logarithmic part."""
    import math

    return LINEAR_MELS + math.log(hertz / LINEAR_HZ) * MELS_PER_E


def _hertz(mels: Any) -> Any:
    import numpy as np

    linear = mels * (LINEAR_HZ / LINEAR_MELS)
    return np.where(mels < LINEAR_MELS, linear, LINEAR_HZ * np.exp((mels - LINEAR_MELS) / MELS_PER_E))
