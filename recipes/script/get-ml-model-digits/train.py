"""Train a digits classifier on the training part, write it as ONNX or TorchScript, judge it on the hold-out part.

Everything is seeded and single-threaded, so the same packages give the same weights. The hold-out part is only ever
used for the last number.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

VERSION = "1.0"
SEED = 0
PARTS = ("train-images", "train-labels", "holdout-images", "holdout-labels")
# Training sees every picture five times: as it is, and moved by half a pixel in four directions.
SHIFT = 0.5
DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def main():
    """Train, export, verify; the exit status is 1 when the model misses its target."""
    options = parse()
    train, train_labels, holdout, holdout_labels = load(options.data)
    make = make_mlp if options.kind == "mlp" else make_cnn
    model, shape, expected = make(*augment(train, train_labels), (train, holdout))
    path = write(model, shape, options)
    got = [classify(path, part.reshape(-1, *shape)) for part in (train, holdout)]
    if not all((mine == theirs).all() for mine, theirs in zip(got, expected, strict=True)):
        print("the exported model gives other classes than the trained network", file=sys.stderr)
        return 1
    accuracy = 100.0 * float((got[1] == holdout_labels).mean())
    write_card(options, path, shape, accuracy, len(holdout_labels))
    print(
        f"accuracy on {len(holdout_labels)} held-out digits: {accuracy:.2f} % (target {options.target:g} %)",
        file=sys.stderr,
    )
    if accuracy < options.target:
        print(f"the model misses its target: {accuracy:.2f} % is under {options.target:g} %", file=sys.stderr)
        return 1
    return 0


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=("mlp", "cnn"), required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--target", type=float, required=True)
    parser.add_argument("--format", choices=("onnx", "torchscript"), default="onnx")
    return parser.parse_args()


def write(model, shape, options):
    """The model's file, in the format that was asked for."""
    if options.format == "torchscript":
        from torchscript import write_torchscript

        path = os.path.join(options.out, "model.pt")
        write_torchscript(model, shape, path)
        return path
    path = os.path.join(options.out, "model.onnx")
    with open(path, "wb") as stream:
        stream.write(model.SerializeToString(deterministic=True))
    return path


def load(folder):
    """Pictures [N,8,8] float32 and labels [N] of both parts."""
    import numpy as np

    return [np.load(os.path.join(folder, f"{name}.npy"), allow_pickle=False) for name in PARTS]


def augment(images, labels):
    """The pictures and their moved copies."""
    import numpy as np

    moved = [(1 - SHIFT) * images + SHIFT * shift(images, *step) for step in DIRECTIONS]
    return np.concatenate([images, *moved]), np.tile(labels, 1 + len(DIRECTIONS))


def shift(images, down, right):
    """Pictures moved by whole pixels; what comes in is empty."""
    import numpy as np

    result = np.zeros_like(images)
    target = (slice(None), *(slice(max(step, 0), 8 + min(step, 0)) for step in (down, right)))
    source = (slice(None), *(slice(max(-step, 0), 8 + min(-step, 0)) for step in (down, right)))
    result[target] = images[source]
    return result


def make_mlp(images, labels, parts):
    """(ONNX model, input shape, classes that scikit-learn gives for the parts) of a perceptron."""
    from graph import dense_graph
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    network = MLPClassifier((128,), alpha=0.1, learning_rate_init=2e-3, max_iter=80, random_state=SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(images.reshape(-1, 64) / 16.0, labels)
    expected = [network.predict(part.reshape(-1, 64) / 16.0) for part in parts]
    return dense_graph(network.coefs_, network.intercepts_), (64,), expected


def make_cnn(images, labels, parts):
    """(ONNX model, input shape, classes that PyTorch gives for the parts) of a convolutional network."""
    import torch
    from graph import convolution_graph

    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    layers = {
        "conv1": torch.nn.Conv2d(1, 16, 3, padding=1),
        "conv2": torch.nn.Conv2d(16, 32, 3, padding=1),
        "dense1": torch.nn.Linear(32 * 4 * 4, 64),
        "dense2": torch.nn.Linear(64, 10),
    }
    network = torch.nn.ModuleDict(layers)
    fit(network, torch.from_numpy(images).reshape(-1, 1, 8, 8), torch.from_numpy(labels))
    with torch.no_grad():
        expected = [forward(network, torch.from_numpy(part).reshape(-1, 1, 8, 8)).argmax(1).numpy() for part in parts]
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    return convolution_graph(weights), (1, 8, 8), expected


def forward(network, pictures):
    """Logits [N,10] of raw pictures [N,1,8,8]."""
    from torch.nn import functional

    hidden = functional.relu(network["conv1"](pictures / 16.0))
    hidden = functional.max_pool2d(functional.relu(network["conv2"](hidden)), 2).flatten(1)
    return network["dense2"](functional.relu(network["dense1"](hidden)))


def fit(network, pictures, labels, epochs=12, batch=64):
    """Train with Adam and a falling learning rate."""
    import torch

    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
    steps = epochs * ((len(labels) + batch - 1) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps)
    order = torch.Generator().manual_seed(SEED)
    for _ in range(epochs):
        for chosen in torch.randperm(len(labels), generator=order).split(batch):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(forward(network, pictures[chosen]), labels[chosen]).backward()
            optimizer.step()
            schedule.step()


def classify(path, batch):
    """Classes that the exported model gives."""
    if path.endswith(".pt"):
        import torch

        with torch.no_grad():
            return torch.jit.load(path)(torch.from_numpy(batch)).argmax(1).numpy()
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"input": batch})[0].argmax(axis=1)


def write_card(options, path, shape, accuracy, count):
    """Write model-card.json beside the model."""
    card = {
        "name": f"digits-{options.kind}",
        "kind": options.kind,
        "version": VERSION,
        "file": os.path.basename(path),
        "sha256": sha256(path),
        "format": options.format,
        "input": {"name": "input", "type": "float32", "shape": ["N", *shape], "values": "raw pixels, 0 to 16"},
        "output": {"name": "logits", "type": "float32", "shape": ["N", 10]},
        "holdout_accuracy": round(accuracy, 4),
        "holdout_count": count,
        "accuracy_target": options.target,
        "data_sha256": {f"{name}.npy": sha256(os.path.join(options.data, f"{name}.npy")) for name in PARTS},
        "training": {"data": "training part of get-dataset-digits", "seed": SEED, "packages": versions(options)},
    }
    with open(os.path.join(options.out, "model-card.json"), "w", encoding="utf-8") as stream:
        json.dump(card, stream, indent=2, sort_keys=True)
        stream.write("\n")


def sha256(path):
    """Digest of a file."""
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def versions(options):
    """Versions of the packages that made the model."""
    from importlib.metadata import version

    packages = ["numpy", "onnx", "onnxruntime", "scikit-learn" if options.kind == "mlp" else "torch"]
    if options.format == "torchscript" and options.kind == "mlp":
        packages.append("torch")
    return {package: version(package) for package in packages}


if __name__ == "__main__":
    sys.exit(main())
