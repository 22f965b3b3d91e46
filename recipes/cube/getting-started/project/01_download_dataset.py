"""Gets the raw table: from an address, or made on the spot with a known law and known noise.

Made houses: price = 20 + 0.9 area + 4 rooms - 0.5 age + noise, noise normal with standard deviation 3.
"""

import argparse
import os
import random
import urllib.request

import parameters


def houses(count: int = 400) -> str:
    """The made table: area, rooms, age, price."""
    source = random.Random(20260101)
    lines = []
    for _ in range(count):
        area, rooms, age = source.uniform(20, 150), source.randint(1, 7), source.uniform(0, 80)
        price = 20 + 0.9 * area + 4 * rooms - 0.5 * age + source.gauss(0, 3)
        lines.append(f"{area:.2f}  {rooms}  {age:.1f}  {price:.2f}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parameters_file", required=True)
    parser.add_argument("--data_dir", required=True)
    words = parser.parse_args()
    url = parameters.read(words.parameters_file).get("dataset_url", "")
    if url:
        with urllib.request.urlopen(url) as answer:
            text = answer.read().decode("utf-8")
    else:
        text = houses()
    with open(os.path.join(words.data_dir, "raw_dataset.txt"), "w", encoding="utf-8") as target:
        target.write(text)
