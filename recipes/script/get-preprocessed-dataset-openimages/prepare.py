"""Turn pictures into arrays as the RetinaNet of MLPerf wants them: a square, values from 0 to 1."""

from __future__ import annotations

import argparse
import os
import sys


def main():
    """Prepare every picture of a folder; the exit status is 1 when there is none or one cannot be read."""
    options = parse()
    names = sorted(name for name in os.listdir(options.pictures) if name.lower().endswith((".jpg", ".jpeg", ".png")))
    if not names:
        print(f"there are no pictures in {options.pictures}", file=sys.stderr)
        return 1
    for name in names:
        prepare_file(options, name)
    with open(os.path.join(options.out, "preprocessed_files.txt"), "w", encoding="utf-8") as stream:
        stream.writelines(f"{name}.npy\n" for name in names)
    print(f"prepared {len(names)} pictures", file=sys.stderr)
    return 0


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("pictures", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--side", type=int, default=800)
    parser.add_argument("--layout", choices=("NCHW", "NHWC"), default="NCHW")
    return parser.parse_args()


def prepare_file(options, name):
    """Write the array of one picture."""
    import numpy as np

    array = prepare(os.path.join(options.pictures, name), options.side)
    if options.layout == "NCHW":
        array = array.transpose(2, 0, 1)
    np.save(os.path.join(options.out, f"{name}.npy"), np.ascontiguousarray(array))


def prepare(path, side):
    """[side,side,3] float32 of one picture, from 0 to 1, its sides pulled to the square as the reference does."""
    import numpy as np
    from PIL import Image

    with Image.open(path) as picture:
        square = picture.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(square, dtype=np.float32) / 255.0


if __name__ == "__main__":
    sys.exit(main())
