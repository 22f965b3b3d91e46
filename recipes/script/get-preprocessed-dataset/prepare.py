"""Turn pictures into arrays as the MLPerf image classifiers want them: resize, crop the middle, subtract or scale."""

from __future__ import annotations

import argparse
import os
import sys


def main():
    """Prepare every labelled picture; the exit status is 1 when there is none or one cannot be read."""
    options = parse()
    pairs = read_labels(options.labels, options.pictures)
    if options.count:
        pairs = pairs[: options.count]
    if not pairs:
        print(f"no picture in {options.pictures} has a line in {options.labels}", file=sys.stderr)
        return 1
    for name, _ in pairs:
        prepare_file(options, name)
    write_lines(options.out, "preprocessed_files.txt", [f"{name}.npy" for name, _ in pairs])
    write_lines(options.out, "val_map.txt", [f"{name} {label}" for name, label in pairs])
    print(f"prepared {len(pairs)} pictures", file=sys.stderr)
    return 0


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("pictures", "labels", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--crop", type=float, default=87.5)
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--layout", choices=("NCHW", "NHWC"), default="NCHW")
    parser.add_argument("--means", default="")
    parser.add_argument("--normalize", default="0")
    return parser.parse_args()


def read_labels(path, folder):
    """(picture, class) of every line whose picture is in the folder."""
    with open(path, encoding="utf-8") as stream:
        lines = [line.split() for line in stream if line.strip()]
    names = set(os.listdir(folder))
    return [(words[0], int(words[1])) for words in lines if len(words) == 2 and words[0] in names]


def write_lines(folder, name, lines):
    """Write a text file."""
    with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
        stream.writelines(line + "\n" for line in lines)


def prepare_file(options, name):
    """Write the array of one picture."""
    import numpy as np

    means = [float(mean) for mean in options.means.split()]
    array = prepare(os.path.join(options.pictures, name), options.size, options.crop, means, options.normalize == "1")
    if options.layout == "NCHW":
        array = array.transpose(2, 0, 1)
    np.save(os.path.join(options.out, f"{name}.npy"), np.ascontiguousarray(array))


def prepare(path, size, crop, means, normalize):
    """[size,size,3] float32 of one picture: the short side becomes ``size / crop %``, then the middle is cut out."""
    import numpy as np
    from PIL import Image

    with Image.open(path) as picture:
        picture = picture.convert("RGB")
        scale = round(size * 100.0 / crop) / min(picture.size)
        wide, high = (max(size, round(side * scale)) for side in picture.size)
        picture = picture.resize((wide, high), Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR)
        left, top = (wide - size) // 2, (high - size) // 2
        array = np.asarray(picture.crop((left, top, left + size, top + size)), dtype=np.float32)
    if normalize:
        array = (array / 255.0 - 0.5) * 2.0
    return array - np.asarray(means, dtype=np.float32) if means else array


if __name__ == "__main__":
    sys.exit(main())
