"""Move pictures from the training part of the digits to the hold-out part, until 1024 are held out."""

from __future__ import annotations

import hashlib
import json
import os
import sys

HELD_OUT = 1024  # performance_sample_count that image classification must have (MLPerf Inference rules)
FILES = ("train-images", "train-labels", "holdout-images", "holdout-labels")


def main(argv):
    """``split_digits.py SOURCE TARGET``."""
    import numpy as np

    source, target = argv[1:3]
    parts = [np.load(os.path.join(source, f"{name}.npy"), allow_pickle=False) for name in FILES]
    parts = move(*parts)
    digests = {f"{name}.npy": save(target, name, part) for name, part in zip(FILES, parts, strict=True)}
    with open(os.path.join(source, "manifest.json"), encoding="utf-8") as stream:
        manifest = json.load(stream)
    manifest.update(train_count=len(parts[0]), holdout_count=len(parts[2]), sha256=digests, name="mlperf-digits")
    with open(os.path.join(target, "manifest.json"), "w", encoding="utf-8") as stream:
        json.dump(manifest, stream, indent=2, sort_keys=True)
        stream.write("\n")
    return 0


def move(images, labels, held_images, held_labels):
    """The four parts with the first training pictures, in the order of their digests, held out as well."""
    import numpy as np

    count = HELD_OUT - len(held_images)
    order = sorted(range(len(images)), key=lambda n: (hashlib.sha256(images[n].tobytes()).digest(), n))
    moved = np.zeros(len(images), dtype=bool)
    moved[order[:count]] = True
    held = np.concatenate([held_images, images[moved]]), np.concatenate([held_labels, labels[moved]])
    return images[~moved], labels[~moved], *held


def save(folder, name, array):
    """Write one array; its SHA-256."""
    import numpy as np

    path = os.path.join(folder, f"{name}.npy")
    np.save(path, array, allow_pickle=False)
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
