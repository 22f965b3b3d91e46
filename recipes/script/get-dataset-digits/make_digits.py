"""Write the handwritten digits that ship inside scikit-learn as a training part and a hold-out part.

The pictures are the test set of the UCI "Optical Recognition of Handwritten Digits" data (E. Alpaydin, C. Kaynak,
1998, CC BY 4.0): 1797 pictures of 8x8 pixels, values 0 to 16. The split does not depend on any random generator or
version: in each class the pictures are ordered by the SHA-256 of their pixels, and every second one is held out.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys

FORMAT = 1
COUNT = 1797
FILES = ("train-images", "train-labels", "holdout-images", "holdout-labels")


def main(argv):
    """``make_digits.py FOLDER [DIGEST-FILE]``: write the files, check them against ``file sha256`` lines."""
    folder = argv[1]
    from sklearn.datasets import load_digits

    source = load_digits()
    parts = split(source.images, source.target)
    digests = {
        f"{name}.npy": save(os.path.join(folder, f"{name}.npy"), part) for name, part in zip(FILES, parts, strict=True)
    }
    if len(argv) > 2:
        expected = read_digests(argv[2])
        for name, digest in digests.items():
            if expected.get(name) != digest:
                return refuse(name, digest, expected.get(name))
    write_manifest(folder, parts, digests)
    return 0


def split(images, labels):
    """(train images, train labels, hold-out images, hold-out labels): [N,8,8] float32 and [N] int64."""
    import numpy as np

    images, labels = np.ascontiguousarray(images, dtype="<f4"), np.asarray(labels, dtype="<i8")
    if images.shape != (COUNT, 8, 8) or labels.shape != (COUNT,) or images.min() < 0 or images.max() > 16:
        raise SystemExit(f"scikit-learn has other digits than expected: shape {images.shape}")
    held_out = np.zeros(COUNT, dtype=bool)
    for digit in range(10):
        members = [int(n) for n in np.flatnonzero(labels == digit)]
        members.sort(key=lambda n: (hashlib.sha256(images[n].tobytes()).digest(), n))
        held_out[members[::2]] = True
    return images[~held_out], labels[~held_out], images[held_out], labels[held_out]


def save(path, array):
    """Write one array; its SHA-256."""
    import numpy as np

    np.save(path, array, allow_pickle=False)
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def read_digests(path):
    """Expected digests by file name."""
    with open(path, encoding="utf-8") as stream:
        return dict(reversed(line.split()) for line in stream if line.strip() and not line.startswith("#"))


def refuse(name, digest, expected):
    """Say that the data is not what it must be."""
    print(
        f"{name}: sha256 is {digest}, expected {expected}.\n"
        "The digits in this version of scikit-learn differ from the published ones, so results on them would not"
        " compare with others. Ask for another version: --adr.scikit-learn.version=1.9.1",
        file=sys.stderr,
    )
    return 1


def write_manifest(folder, parts, digests):
    """Describe the files in manifest.json."""
    import sklearn

    train, _, holdout, _ = parts
    manifest = {
        "format": FORMAT,
        "name": "digits",
        "source": "UCI Optical Recognition of Handwritten Digits, as shipped in scikit-learn",
        "license": "CC-BY-4.0",
        "scikit_learn": sklearn.__version__,
        "classes": 10,
        "image_shape": [8, 8],
        "value_range": [0, 16],
        "train_count": len(train),
        "holdout_count": len(holdout),
        "sha256": digests,
    }
    with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as stream:
        json.dump(manifest, stream, indent=2, sort_keys=True)
        stream.write("\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
