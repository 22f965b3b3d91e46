"""From a blank separated table to comma separated values with a header; broken lines are left out."""

import argparse
import csv


def rows(path: str) -> list[list[float]]:
    """The lines whose fields are all numbers and that have as many fields as the first such line."""
    out: list[list[float]] = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            try:
                values = [float(field) for field in line.split()]
            except ValueError:
                continue
            if values and (not out or len(values) == len(out[0])):
                out.append(values)
    if not out:
        raise SystemExit(f"{path}: no line with numbers")
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input_file", required=True)
    parser.add_argument("--output_file", required=True)
    words = parser.parse_args()
    table = rows(words.input_file)
    with open(words.output_file, "w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        writer.writerow([*(f"x{n}" for n in range(len(table[0]) - 1)), "y"])
        writer.writerows(table)
