"""Train a linear model of a table on its training part, write it as ONNX, judge it on the hold-out part.

Classes: logistic regression, one score a class, or for two classes the probability of class 1. A number: ridge
regression. Rows go in as they are; the graph itself standardises them. It computes in double precision and rounds once
at the end, so that an answer does not depend on how many rows are asked at once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys

VERSION = "1.0"
OPSET = 13
IR_VERSION = 8
INPUT, OUTPUT = "rows", "scores"
METRICS = {"classes": "accuracy", "binary": "AUC", "regression": "R2"}
MOST_DIFFERENCE = 1e-5  #: of the exported model's answers, relative; they have 24 bits


def main(argv):
    """Train, export, verify; the exit status is 1 when the model misses its target."""
    options = parse(argv)
    with open(os.path.join(options.data, "manifest.json"), encoding="utf-8") as stream:
        manifest = json.load(stream)
    rows, targets, held, truth = load(options.data)
    graph, expected = train(rows, targets, held, manifest["kind"])
    path = os.path.join(options.out, "model.onnx")
    with open(path, "wb") as stream:
        stream.write(graph.SerializeToString(deterministic=True))
    answers = run(path, held)
    if not agrees(answers, expected):
        print("the exported model gives other answers than the trained one", file=sys.stderr)
        return 1
    figure = 100.0 * judge(manifest["kind"], truth, answers)
    write_card(options, manifest, path, graph, figure)
    name = METRICS[manifest["kind"]]
    print(f"{name} on {len(truth)} held-out rows: {figure:.2f} % (target {options.target:g} %)", file=sys.stderr)
    if figure < options.target:
        print(f"the model misses its target: {figure:.2f} % is under {options.target:g} %", file=sys.stderr)
        return 1
    return 0


def parse(argv):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--target", type=float, required=True)
    return parser.parse_args(argv[1:])


def load(folder):
    """Rows [N,F] float32 and targets [N] of both parts."""
    import numpy as np

    names = ("train-rows", "train-targets", "holdout-rows", "holdout-targets")
    return [np.load(os.path.join(folder, f"{name}.npy"), allow_pickle=False) for name in names]


def train(rows, targets, held, kind):
    """(ONNX model, what scikit-learn answers for the hold-out rows)."""
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(rows.astype("f8"))
    model = Ridge() if kind == "regression" else LogisticRegression(max_iter=10_000)
    model.fit(scaler.transform(rows.astype("f8")), targets)
    ready = scaler.transform(held.astype("f8"))
    if kind == "regression":
        expected = model.predict(ready)[:, None]
    else:
        expected = model.predict_proba(ready)[:, 1:] if kind == "binary" else model.decision_function(ready)
    return linear_graph(scaler, model, kind), expected


def linear_graph(scaler, model, kind):
    """Cast, standardise, multiply, for two classes squash, and round."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights, biases = np.atleast_2d(model.coef_).T, np.atleast_1d(model.intercept_)
    constants = {"mean": scaler.mean_, "scale": scaler.scale_, "weights": weights, "biases": biases}
    nodes = [
        helper.make_node("Cast", [INPUT], ["exact"], to=TensorProto.DOUBLE),
        helper.make_node("Sub", ["exact", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "scale"], ["standard"]),
        helper.make_node("Gemm", ["standard", "weights", "biases"], ["linear"]),
        *([helper.make_node("Sigmoid", ["linear"], ["probability"])] if kind == "binary" else []),
        helper.make_node("Cast", ["probability" if kind == "binary" else "linear"], [OUTPUT], to=TensorProto.FLOAT),
    ]
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width])
        for name, width in ((INPUT, len(weights)), (OUTPUT, len(biases)))
    ]
    tensors = [numpy_helper.from_array(np.asarray(value, dtype="f8"), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tabular", ports[:1], ports[1:], tensors)
    made = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="franca"
    )
    onnx.checker.check_model(made, full_check=True)
    return made


def run(path, rows):
    """What the exported model answers."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run([OUTPUT], {INPUT: rows})[0]


def agrees(answers, expected):
    """Whether two sets of answers are the same but for rounding."""
    import numpy as np

    return answers.shape == expected.shape and bool(np.allclose(answers, expected, rtol=MOST_DIFFERENCE, atol=1e-6))


def judge(kind, truth, answers):
    """The figure by scikit-learn."""
    from sklearn.metrics import accuracy_score, r2_score, roc_auc_score

    if kind == "classes":
        return float(accuracy_score(truth, answers.argmax(axis=1)))
    return float((roc_auc_score if kind == "binary" else r2_score)(truth, answers[:, 0].astype("f8")))


def write_card(options, manifest, path, graph, figure):
    """Write model-card.json beside the model."""
    from importlib.metadata import version

    with open(path, "rb") as stream:
        digest = hashlib.sha256(stream.read()).hexdigest()
    ports = [graph.graph.input[0], graph.graph.output[0]]
    (_, width), (_, answers) = [[d.dim_value for d in port.type.tensor_type.shape.dim] for port in ports]
    card = {
        "name": manifest["name"],
        "kind": manifest["kind"],
        "version": VERSION,
        "file": os.path.basename(path),
        "sha256": digest,
        "format": "onnx",
        "input": {"name": INPUT, "type": "float32", "shape": ["N", width], "values": "as the table has them"},
        "output": {"name": OUTPUT, "type": "float32", "shape": ["N", answers]},
        "metric": METRICS[manifest["kind"]],
        "holdout_accuracy": round(figure, 4),
        "holdout_count": manifest["holdout_count"],
        "accuracy_target": options.target,
        "data_sha256": manifest["sha256"],
        "training": {
            "data": "training part of get-dataset-tabular",
            "packages": {name: version(name) for name in ("numpy", "onnx", "onnxruntime", "scikit-learn")},
        },
    }
    with open(os.path.join(options.out, "model-card.json"), "w", encoding="utf-8") as stream:
        json.dump(card, stream, indent=2, sort_keys=True)
        stream.write("\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
