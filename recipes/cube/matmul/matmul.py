"""Multiplies two integer matrices of given shapes; the product is text, one row per line.

The entries are A[i][j] = (3 i + 5 j) mod 7 - 3 and B[i][j] = (2 i + 7 j) mod 5 - 2, so everybody can check
the product.
"""

import argparse
import re


def read_shapes(path: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """The two shapes, from lines ``matrix_a: [ROWS, COLUMNS]`` and ``matrix_b: [ROWS, COLUMNS]``."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    shapes = []
    for name in ("matrix_a", "matrix_b"):
        match = re.search(rf"^{name}:\s*\[\s*(\d+)\s*,\s*(\d+)\s*\]\s*$", text, re.MULTILINE)
        if not match:
            raise SystemExit(f"{path}: expected '{name}: [ROWS, COLUMNS]'")
        shapes.append((int(match[1]), int(match[2])))
    (_, columns), (rows, _) = shapes
    if columns != rows:
        raise SystemExit(f"{path}: matrix_a has {columns} columns, but matrix_b has {rows} rows")
    return shapes[0], shapes[1]


def product(shape_a: tuple[int, int], shape_b: tuple[int, int]) -> list[list[int]]:
    left = [[(3 * i + 5 * j) % 7 - 3 for j in range(shape_a[1])] for i in range(shape_a[0])]
    right = [[(2 * i + 7 * j) % 5 - 2 for i in range(shape_b[0])] for j in range(shape_b[1])]  # transposed
    return [[sum(x * y for x, y in zip(row, column, strict=False)) for column in right] for row in left]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=["matmul"])
    parser.add_argument("--parameters_file", required=True)
    parser.add_argument("--output_file", required=True)
    words = parser.parse_args()
    rows = product(*read_shapes(words.parameters_file))
    with open(words.output_file, "w", encoding="utf-8") as target:
        target.writelines(" ".join(map(str, row)) + "\n" for row in rows)
