"""Write one of the tables that ship inside scikit-learn as a training part and a hold-out part.

The split depends on no random generator and no version: in each class the rows are ordered by the SHA-256 of their
numbers, and the first, third, fifth ... is held out.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys

FORMAT = 1
FILES = ("train-rows", "train-targets", "holdout-rows", "holdout-targets")
#: Name: loader, its options, what is asked (a class, a probability of class 1, a number), rows, where it is from.
SETS = {
    "iris": ("load_iris", {}, "classes", 150, "UCI Iris (R. A. Fisher, 1936)"),
    "wine": ("load_wine", {}, "classes", 178, "UCI Wine (S. Aeberhard, M. Forina, 1991)"),
    "breast-cancer": (
        "load_breast_cancer",
        {},
        "binary",
        569,
        "UCI Breast Cancer Wisconsin, Diagnostic (W. H. Wolberg and others, 1995)",
    ),
    # As measured: scaling would be arithmetic of a version of scikit-learn.
    "diabetes": (
        "load_diabetes",
        {"scaled": False},
        "regression",
        442,
        "Diabetes (B. Efron and others, Least Angle Regression, 2004)",
    ),
}


def main(argv):
    """``make_tabular.py SET FOLDER [DIGEST-FILE]``: write the files, check them against ``sha256 SET/file`` lines."""
    name, folder = argv[1:3]
    table = read(name)
    parts = split(*table[:2])
    digests = {
        f"{file}.npy": save(os.path.join(folder, f"{file}.npy"), part) for file, part in zip(FILES, parts, strict=True)
    }
    expected = read_digests(argv[3]) if len(argv) > 3 else {}
    for file, digest in digests.items():
        if expected and expected.get(f"{name}/{file}") != digest:
            return refuse(f"{name}/{file}", digest, expected.get(f"{name}/{file}"))
    write_manifest(folder, name, table, parts, digests)
    return 0


def read(name):
    """(rows [N,F] float32, targets [N] int64 or float32, names of the columns, names of the classes)."""
    import numpy as np
    from sklearn import datasets

    loader, options, kind, count, _ = SETS[name]
    source = getattr(datasets, loader)(**options)
    rows = np.ascontiguousarray(source.data, dtype="<f4")
    targets = np.asarray(source.target, dtype="<f4" if kind == "regression" else "<i8")
    if len(rows) != count or targets.shape != (count,) or not np.isfinite(rows).all():
        raise SystemExit(f"scikit-learn has another {name} than expected: {rows.shape}")
    return rows, targets, list(map(str, source.feature_names)), list(map(str, getattr(source, "target_names", [])))


def split(rows, targets):
    """(training rows, their targets, hold-out rows, their targets)."""
    import numpy as np

    classes = targets if targets.dtype.kind == "i" else np.zeros(len(targets))
    held_out = np.zeros(len(rows), dtype=bool)
    for one in np.unique(classes):
        members = [int(n) for n in np.flatnonzero(classes == one)]
        members.sort(key=lambda n: (hashlib.sha256(rows[n].tobytes()).digest(), n))
        held_out[members[::2]] = True
    return rows[~held_out], targets[~held_out], rows[held_out], targets[held_out]


def save(path, array):
    """Write one array; its SHA-256."""
    import numpy as np

    np.save(path, array, allow_pickle=False)
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def read_digests(path):
    """Expected digests by set and file name."""
    with open(path, encoding="utf-8") as stream:
        return dict(reversed(line.split()) for line in stream if line.strip() and not line.startswith("#"))


def refuse(name, digest, expected):
    """Say that the data is not what it must be."""
    print(
        f"{name}: sha256 is {digest}, expected {expected}.\n"
        "The table in this version of scikit-learn differs from the published one, so results on it would not"
        " compare with others. Ask for another version: --adr.scikit-learn.version=1.9.1",
        file=sys.stderr,
    )
    return 1


def write_manifest(folder, name, table, parts, digests):
    """Describe the files in manifest.json."""
    import sklearn

    _, _, columns, classes = table
    manifest = {
        "format": FORMAT,
        "name": name,
        "kind": SETS[name][2],
        "source": f"{SETS[name][4]}, as shipped in scikit-learn",
        "scikit_learn": sklearn.__version__,
        "columns": columns,
        "classes": classes if SETS[name][2] != "regression" else [],
        "train_count": len(parts[0]),
        "holdout_count": len(parts[2]),
        "sha256": digests,
    }
    with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as stream:
        json.dump(manifest, stream, indent=2, sort_keys=True)
        stream.write("\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
