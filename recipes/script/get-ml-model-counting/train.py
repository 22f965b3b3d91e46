"""Train a small language model on the training prompts, write it as ONNX, judge it on those held out.

A causal convolution over the embeddings of the last words, one hidden layer, scores of the next word. Everything is
seeded and single-threaded, so the same packages give the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys

VERSION = "1.0"
SEED = 0
WINDOW, EMBEDDING, HIDDEN = 12, 16, 96
EPOCHS, BATCH, RATE = 30, 64, 6e-3
OPSET, IR_VERSION = 13, 8


def main():
    """Train, export, verify; the exit status is 1 when the model misses its target."""
    options = parse()
    train, held_out, manifest = (read(options.data, name) for name in ("train", "prompts", "manifest"))
    weights = fit(*windows(train, manifest["padding"]), manifest["vocabulary"])
    path = os.path.join(options.out, "model.onnx")
    with open(path, "wb") as stream:
        stream.write(export(weights).SerializeToString(deterministic=True))
    accuracy = exact(path, held_out, manifest)
    write_card(options, path, accuracy, len(held_out))
    print(
        f"{accuracy:.2f} % of {len(held_out)} held-out prompts go on right (target {options.target:g} %)",
        file=sys.stderr,
    )
    return 0 if accuracy >= options.target else 1


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--target", type=float, default=90.0)
    return parser.parse_args()


def read(folder, name):
    """One file of the data set."""
    with open(os.path.join(folder, f"{name}.json"), encoding="utf-8") as stream:
        return json.load(stream)


def windows(records, padding):
    """What precedes each word of the answers [N, WINDOW], and these words [N]."""
    import numpy as np

    contexts, following = [], []
    for one in records:
        words = [padding] * WINDOW + one["tok_input"]
        for token in one["tok_output"]:
            contexts.append(words[-WINDOW:])
            following.append(token)
            words.append(token)
    return np.array(contexts), np.array(following)


def fit(contexts, following, vocabulary):
    """Embedding [V,E], first layer [W,E,H], second layer [H,V], trained with Adam."""
    import numpy as np

    rng = np.random.default_rng(SEED)
    shapes = {"embedding": (vocabulary, EMBEDDING), "first": (WINDOW * EMBEDDING, HIDDEN), "b1": (HIDDEN,),
              "second": (HIDDEN, vocabulary), "b2": (vocabulary,)}  # fmt: skip
    weights = {
        name: rng.normal(0, 0.0 if name[0] == "b" else shape[0] ** -0.5, shape) for name, shape in shapes.items()
    }
    weights["embedding"] = rng.normal(0, 1.0, shapes["embedding"])
    weights = {name: value.astype(np.float32) for name, value in weights.items()}
    moments = {name: (np.zeros(shape, np.float32), np.zeros(shape, np.float32)) for name, shape in shapes.items()}
    steps = EPOCHS * -(-len(contexts) // BATCH)
    step = 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(contexts))
        for at in range(0, len(order), BATCH):
            step += 1
            some = order[at : at + BATCH]
            gradients = backward(weights, contexts[some], following[some])
            update(weights, moments, gradients, step, RATE * (1 - step / (steps + 1)))
    return weights


def backward(weights, contexts, following):
    """Gradients of the cross entropy over one batch."""
    import numpy as np

    n = len(contexts)
    words = weights["embedding"][contexts] * (contexts > 0)[..., None]  # padding is silent
    inputs = words.reshape(n, -1)
    hidden = np.maximum(inputs @ weights["first"] + weights["b1"], 0)
    scores = hidden @ weights["second"] + weights["b2"]
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    scores[np.arange(n), following] -= 1
    scores /= n
    below = (scores @ weights["second"].T) * (hidden > 0)
    spread = (below @ weights["first"].T).reshape(words.shape) * (contexts > 0)[..., None]
    embedding = np.zeros_like(weights["embedding"])
    np.add.at(embedding, contexts, spread)
    return {
        "embedding": embedding,
        "first": inputs.T @ below,
        "b1": below.sum(axis=0),
        "second": hidden.T @ scores,
        "b2": scores.sum(axis=0),
    }


def update(weights, moments, gradients, step, rate):
    """One step of Adam."""
    import numpy as np

    for name, gradient in gradients.items():
        mean, square = moments[name]
        mean += 0.1 * (gradient - mean)
        square += 0.01 * (gradient**2 - square)
        weights[name] -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)


def export(weights):
    """The checked model: input_ids [N,S] -> logits [N,S,V], each place seeing only what stands before it and itself."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    embedding = weights["embedding"].copy()
    embedding[0] = 0
    kernel = weights["first"].reshape(WINDOW, EMBEDDING, HIDDEN).transpose(2, 1, 0)
    constants = {
        "embedding": embedding,
        "kernel": kernel,
        "b1": weights["b1"],
        "second": weights["second"],
        "b2": weights["b2"],
    }
    nodes = [
        helper.make_node("Gather", ["embedding", "input_ids"], ["words"]),
        helper.make_node("Transpose", ["words"], ["columns"], perm=[0, 2, 1]),
        helper.make_node("Conv", ["columns", "kernel", "b1"], ["mixed"], kernel_shape=[WINDOW], pads=[WINDOW - 1, 0]),
        helper.make_node("Relu", ["mixed"], ["hidden"]),
        helper.make_node("Transpose", ["hidden"], ["rows"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["rows", "second"], ["scores"]),
        helper.make_node("Add", ["scores", "b2"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "counting",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["N", "S"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", "S", len(embedding)])],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
    )
    made = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="franca"
    )
    onnx.checker.check_model(made, full_check=True)
    return made


def exact(path, records, manifest):
    """Percent of the prompts that the exported model continues word for word."""
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    ids = np.array([one["tok_input"] for one in records], dtype=np.int64)
    start = ids.shape[1]
    for _ in range(manifest["longest_answer"]):
        following = session.run(["logits"], {"input_ids": ids})[0][:, -1].argmax(axis=1)
        ids = np.concatenate([ids, following[:, None]], axis=1)
    good = sum(
        row[start:][: len(one["tok_output"])].tolist() == one["tok_output"]
        for row, one in zip(ids, records, strict=True)
    )
    return 100.0 * good / len(records)


def write_card(options, path, accuracy, count):
    """Write model-card.json beside the model."""
    from importlib.metadata import version

    with open(path, "rb") as stream:
        digest = hashlib.sha256(stream.read()).hexdigest()
    card = {
        "name": "counting",
        "version": VERSION,
        "file": os.path.basename(path),
        "sha256": digest,
        "format": "onnx",
        "input": {"name": "input_ids", "type": "int64", "shape": ["N", "S"]},
        "output": {"name": "logits", "type": "float32", "shape": ["N", "S", "vocabulary"]},
        "holdout_accuracy": round(accuracy, 4),
        "holdout_count": count,
        "training": {
            "data": "training part of get-dataset-counting",
            "seed": SEED,
            "packages": {package: version(package) for package in ("numpy", "onnx", "onnxruntime")},
        },
    }
    with open(os.path.join(options.out, "model-card.json"), "w", encoding="utf-8") as stream:
        json.dump(card, stream, indent=2, sort_keys=True)
        stream.write("\n")


if __name__ == "__main__":
    sys.exit(main())
