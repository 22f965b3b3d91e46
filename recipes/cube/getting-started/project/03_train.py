"""Fits a linear model by least squares and reports its root mean square errors, in the target's unit."""

import argparse
import csv
import json
import math
import random

import parameters

Row = list[float]


def read(path: str) -> list[Row]:
    with open(path, newline="", encoding="utf-8") as file:
        return [[float(field) for field in row] for row in list(csv.reader(file))[1:]]


def fit(table: list[Row]) -> Row:
    """Coefficients of 1 and of every column, from the normal equations."""
    inputs = [[1.0, *row[:-1]] for row in table]
    size = len(inputs[0])
    system = [
        [sum(x[i] * x[j] for x in inputs) for j in range(size)]
        + [sum(x[i] * r[-1] for x, r in zip(inputs, table, strict=False))]
        for i in range(size)
    ]
    return solve(system)


def solve(system: list[Row]) -> Row:
    """Gaussian elimination with pivots; each row ends with its right side."""
    size = len(system)
    for column in range(size):
        pivot = max(range(column, size), key=lambda r: abs(system[r][column]))
        system[column], system[pivot] = system[pivot], system[column]
        head = system[column]
        if abs(head[column]) < 1e-12:
            raise SystemExit("the columns of the table depend on each other")
        for row in system[column + 1 :]:
            factor = row[column] / head[column]
            for k in range(column, size + 1):
                row[k] -= factor * head[k]
    out = [0.0] * size
    for i in reversed(range(size)):
        out[i] = (system[i][size] - sum(system[i][k] * out[k] for k in range(i + 1, size))) / system[i][i]
    return out


def rmse(model: Row, table: list[Row]) -> float:
    errors = [model[0] + sum(c * x for c, x in zip(model[1:], row[:-1], strict=False)) - row[-1] for row in table]
    return math.sqrt(sum(e * e for e in errors) / len(errors))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset_file_path", required=True)
    parser.add_argument("--parameters_file", required=True)
    parser.add_argument("--metrics")
    words = parser.parse_args()
    data = read(words.dataset_file_path)
    random.Random(7).shuffle(data)
    held_out = max(1, int(len(data) * float(parameters.read(words.parameters_file).get("test_share", 0.25))))
    coefficients = fit(data[held_out:])
    result = {"train_rmse": rmse(coefficients, data[held_out:]), "test_rmse": rmse(coefficients, data[:held_out])}
    print(f"train RMSE: {result['train_rmse']:.3f}\ntest RMSE: {result['test_rmse']:.3f}")
    if words.metrics:
        with open(words.metrics, "w", encoding="utf-8") as target:
            json.dump({**result, "coefficients": coefficients}, target, indent=2)
