"""Write a small language in which texts go on in one right way: "anna counts five from 17 :" goes on "17 18 19 20 21".

The form is that of MLPerf's summarisation data: records with prompts as text and as token ids, and the expected text.
5000 prompts, the first in the order of the SHA-256 of their text, are held out for measuring: as many as llama3.1-8b-edge
has samples. The rest is for training.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys

FORMAT = 1
LARGEST = 99
HELD_OUT = 5000
LENGTHS = {"three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
NAMES = ("anna", "ben", "carla", "david", "emma", "felix", "greta", "hugo", "ida", "jonas")
PADDING, END = "<pad>", "</s>"
WORDS = (PADDING, END, "counts", "from", ":", *NAMES, *LENGTHS, *(str(number) for number in range(LARGEST + 1)))


def main(argv):
    """``make_counting.py FOLDER``."""
    folder = argv[1]
    ids = {word: number for number, word in enumerate(WORDS)}
    records = [
        record(name, word, first, ids)
        for name in NAMES
        for word in LENGTHS
        for first in range(LARGEST + 2 - LENGTHS[word])
    ]
    records.sort(key=lambda one: hashlib.sha256(one["input"].encode()).digest())
    held_out, train = records[:HELD_OUT], records[HELD_OUT:]
    write(folder, "prompts.json", held_out)
    write(folder, "train.json", train)
    write(folder, "tokenizer.json", tokenizer(ids))
    manifest = {
        "format": FORMAT,
        "name": "counting",
        "train_count": len(train),
        "holdout_count": len(held_out),
        "padding": ids[PADDING],
        "end": ids[END],
        "longest_answer": max(LENGTHS.values()) + 1,
        "vocabulary": len(WORDS),
    }
    write(folder, "manifest.json", manifest)
    return 0


def record(name, word, first, ids):
    """One prompt with its continuation; the token ids of that end with the mark of the end."""
    prompt = f"{name} counts {word} from {first} :"
    answer = [str(first + step) for step in range(LENGTHS[word])]
    return {
        "input": prompt,
        "tok_input": [ids[one] for one in prompt.split()],
        "output": " ".join(answer),
        "tok_output": [ids[one] for one in (*answer, END)],
    }


def tokenizer(ids):
    """The vocabulary in the form of the tokenizers package: a word is a token."""
    marks = [
        {"id": ids[mark], "content": mark, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": True}
        for mark in (PADDING, END)
    ]  # fmt: skip
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": marks,
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": ids, "unk_token": PADDING},
    }


def write(folder, name, content):
    """Write one JSON file."""
    with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
        json.dump(content, stream, sort_keys=True)
        stream.write("\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
