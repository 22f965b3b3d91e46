"""Pictures as model input: decoding, and the two interpolations that the reference preprocessing uses.

Both are separable, so each is a pair of small weight matrices; no image library but the decoder is needed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from franca.errors import Location, MalformedFile
from franca.mlperf.tasks.files import existing, need

MAX_PIXELS = 200_000_000  #: of one picture; more is no photograph but an attack on the memory


def read_rgb(path: str) -> Any:
    """A picture as uint8 [height, width, 3]; grey ones get three equal channels.

    Raises:
        NotFound, MalformedFile: no such file, or no picture. Unavailable: Pillow is missing.
    """
    import numpy as np

    image = need("PIL.Image", "reading pictures", "pillow")
    existing(path, "picture")
    try:
        with image.open(path) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise MalformedFile(f"has more than {MAX_PIXELS} pixels", where=Location(path))
            return np.asarray(opened.convert("RGB"))
    except (OSError, SyntaxError, ValueError, image.DecompressionBombError) as error:
        raise MalformedFile(f"is no picture that can be read: {error}", where=Location(path)) from error


def resize(pixels: Any, height: int, width: int, *, area: bool = False) -> Any:
    """``pixels`` [h, w, channels] at another size; bytes stay bytes, rounded.

    Args:
        area: average over the area of each new pixel (shrinking only) instead of interpolating linearly
            between the centres of the old ones.
    """
    import numpy as np

    down = _weights(pixels.shape[0], height, area)
    across = _weights(pixels.shape[1], width, area)
    rows = np.tensordot(down, pixels.astype(np.float32), axes=(1, 0))
    result = np.tensordot(rows, across, axes=(1, 1)).transpose(0, 2, 1)
    if pixels.dtype == np.uint8:
        return np.clip(np.rint(result), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(result, dtype=np.float32)


@lru_cache(maxsize=64)
def _weights(old: int, new: int, area: bool) -> Any:
    """Matrix [new, old]: how much of each old pixel is in each new one."""
    return _area(old, new) if area and new < old else _linear(old, new)


def _linear(old: int, new: int) -> Any:
    import numpy as np

    centre = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    left = np.floor(centre).astype(int)
    right = np.minimum(left + 1, old - 1)
    share = (centre - left).astype(np.float32)
    weights: Any = np.zeros((new, old), dtype=np.float32)
    weights[np.arange(new), left] += 1 - share
    weights[np.arange(new), right] += share
    return weights


def _area(old: int, new: int) -> Any:
    import numpy as np

    edges = np.arange(new + 1) * old / new
    pixels = np.arange(old)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.clip(covered, 0, 1) * new / old).astype(np.float32)
