"""Classify one picture with any ONNX classifier. What the model wants is read from the model itself."""

from __future__ import annotations

import argparse
import json
import math
import sys


def main():
    """Classify, print the best classes, write them as JSON."""
    options = parse()
    import onnxruntime

    session = onnxruntime.InferenceSession(options.model, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    batch = load(options, entry.shape)
    scores = best_output(session, options.output_name, session.run(None, {entry.name: batch}))
    top = rank(scores, read_labels(options.labels), options.top)
    for place in top:
        print(f"{place['probability']:8.4f}  {place['class']:5d}  {place['label']}")
    with open(options.result, "w", encoding="utf-8") as stream:
        json.dump({"image": options.image, "model": options.model, "top": top}, stream, indent=2)
    return 0


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("model", "image", "result"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--labels", default="")
    parser.add_argument("--kind", choices=("imagenet", "digits"), default="imagenet")
    parser.add_argument("--means", default="")
    parser.add_argument("--output-name", default="")
    parser.add_argument("--top", type=int, default=5)
    return parser.parse_args()


def load(options, shape):
    """The picture as a batch of one in the shape that the model wants."""
    import numpy as np

    channels, high, wide, last = plan_of(shape)
    if options.image.endswith(".npy"):
        array = np.load(options.image, allow_pickle=False).astype(np.float32).reshape(high, wide, channels)
    else:
        array = picture(options.image, channels, high, wide, options.kind)
    means = [float(mean) for mean in options.means.split()]
    if options.kind == "imagenet" and len(means) == channels:
        array = array - np.asarray(means, dtype=np.float32)
    array = array if last else array.transpose(2, 0, 1)
    return np.ascontiguousarray(array[None].reshape([1, *(int(size) for size in shape[1:])]), dtype=np.float32)


def plan_of(shape):
    """(channels, height, width, channels last?) of an input shape such as [N,3,224,224], [N,224,224,3] or [N,64]."""
    sizes = [size if isinstance(size, int) else 0 for size in shape[1:]]
    if len(sizes) == 3 and 0 not in sizes:
        last = sizes[2] in (1, 3) and sizes[0] not in (1, 3)
        return (sizes[2], sizes[0], sizes[1], True) if last else (sizes[0], sizes[1], sizes[2], False)
    side = math.isqrt(sizes[0]) if len(sizes) == 1 else 0
    if side and side * side == sizes[0]:
        return 1, side, side, True
    raise SystemExit(f"the model's input has the shape {shape}; expected [N,C,H,W], [N,H,W,C] or [N,side*side]")


def picture(path, channels, high, wide, kind):
    """[H,W,C] float32 of a picture file; digits are light strokes on dark ground with values 0 to 16."""
    import numpy as np
    from PIL import Image

    with Image.open(path) as source:
        image = source.convert("L" if channels == 1 else "RGB")
        if kind == "imagenet":
            image = middle(image, wide, high)
        image = image.resize((wide, high), Image.Resampling.BOX)
        array = np.asarray(image, dtype=np.float32).reshape(high, wide, channels)
    return array * (16.0 / 255.0) if kind == "digits" else array


def middle(image, wide, high):
    """The middle 87.5 % of the largest cut with the wanted proportions."""
    cut = 0.875 * min(image.width / wide, image.height / high)
    size = (round(wide * cut), round(high * cut))
    left, top = (image.width - size[0]) // 2, (image.height - size[1]) // 2
    return image.crop((left, top, left + size[0], top + size[1]))


def best_output(session, wanted, results):
    """Scores of the classes: the output of the given name, or the first one with several values."""
    named = dict(zip((output.name for output in session.get_outputs()), results, strict=True))
    if wanted in named:
        return named[wanted].reshape(-1)
    return next(result.reshape(-1) for result in results if result.size > 1)


def rank(scores, labels, count):
    """The best classes with probabilities; scores that are no probabilities go through a softmax."""
    import numpy as np

    scores = scores.astype(np.float64)
    if scores.min() < 0 or abs(scores.sum() - 1) > 1e-3:
        scores = np.exp(scores - scores.max())
        scores /= scores.sum()
    # Models with 1001 classes have "background" first.
    offset = 1 if labels and len(scores) == len(labels) + 1 else 0
    order = np.argsort(-scores)[:count]
    return [
        {"class": int(n) - offset, "label": label_of(labels, int(n) - offset), "probability": float(scores[n])}
        for n in order
    ]


def label_of(labels, number):
    """Name of a class."""
    return labels[number] if 0 <= number < len(labels) else str(number)


def read_labels(path):
    """Class names, one a line; a WordNet number in front of the name is taken off."""
    if not path:
        return []
    with open(path, encoding="utf-8") as stream:
        lines = [line.strip() for line in stream if line.strip()]
    return [line.partition(" ")[2] if line[:1] == "n" and line[1:9].isdigit() else line for line in lines]


if __name__ == "__main__":
    sys.exit(main())
