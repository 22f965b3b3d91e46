"""Tiny data sets in the official forms, and accuracy logs as LoadGen writes them."""

from __future__ import annotations

import json
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def write_log(folder: Path, payloads: Mapping[int, bytes], repeats: Mapping[int, bytes] | None = None) -> Path:
    """``mlperf_log_accuracy.json`` (mlperf-inference section 4.3); ``repeats`` come after all others."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = [*payloads.items(), *(repeats or {}).items()]
    lines = [
        f'{{ "seq_id" : {seq}, "qsl_idx" : {index}, "data" : "{data.hex().upper()}" }}'
        for seq, (index, data) in enumerate(entries)
    ]
    path = folder / "mlperf_log_accuracy.json"
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")
    return path


def coco_annotations(pictures: Sequence[dict], boxes: Sequence[dict], categories: Sequence[int] = (1, 2)) -> dict:
    return {
        "images": list(pictures),
        "annotations": [{"id": n, "iscrowd": 0, **box} for n, box in enumerate(boxes, 1)],
        "categories": [{"id": number, "name": f"thing {number}"} for number in categories],
    }


def picture(number: int, width: int = 100, height: int = 100) -> dict[str, Any]:
    return {"id": number, "file_name": f"p{number}.jpg", "width": width, "height": height}


def box(image: int, sides: Sequence[float], category: int = 1) -> dict[str, Any]:
    return {
        "image_id": image,
        "bbox": list(sides),
        "category_id": category,
        "area": sides[2] * sides[3],
    }


def write_coco(folder: Path, content: dict) -> Path:
    path = folder / "annotations" / "openimages-mlperf.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")
    return path


#: Pieces of the tiny vocabulary, in order; every letter is there, so that any plain word has pieces.
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
PIECES = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *(f"##{c}" for c in LETTERS), *".,?!'-()",
    "who", "wrote", "the", "book", "when", "was", "it", "written", "by", "in", "maria", "lo", "##pez",
]  # fmt: skip

SQUAD = {
    "version": "1.1",
    "data": [
        {
            "title": "Book",
            "paragraphs": [
                {
                    "context": "The book was written by Maria Lopez, in 1921.",
                    "qas": [
                        {
                            "id": "q1",
                            "question": "Who wrote the book?",
                            "answers": [
                                {"answer_start": 24, "text": "Maria Lopez"},
                                {"answer_start": 30, "text": "Lopez"},
                            ],
                        },
                        {
                            "id": "q2",
                            "question": "When was it written?",
                            "answers": [{"answer_start": 40, "text": "1921"}],
                        },
                    ],
                }
            ],
        }
    ],
}


def write_squad(folder: Path, content: dict = SQUAD) -> tuple[Path, Path]:
    """``dev-v1.1.json`` and ``vocab.txt``."""
    folder.mkdir(parents=True, exist_ok=True)
    data, vocabulary = folder / "dev-v1.1.json", folder / "vocab.txt"
    data.write_text(json.dumps(content), "utf-8")
    vocabulary.write_text("\n".join(PIECES) + "\n", "utf-8")
    return data, vocabulary


def write_tokenizer(folder: Path, words: Sequence[str]) -> Path:
    """A ``tokenizer.json`` whose tokens are whole words: id 0 is a special mark, then the words in order."""
    vocabulary = {"</s>": 0, **{word: number for number, word in enumerate(words, 1)}}
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": 0, "content": "</s>", "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True},
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "</s>"},
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(content), "utf-8")
    return path


def write_wave(path: Path, values: Sequence[int], rate: int = 16000) -> None:
    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.array(values, dtype="<i2").tobytes())


def write_librispeech(folder: Path, spoken: Sequence[str], seconds: Sequence[float] = ()) -> Path:
    """Manifest and recordings of two or three frames."""
    records = []
    for number, text in enumerate(spoken):
        name = f"dev/{number}.wav"
        write_wave(folder / name, [number * 100, -number * 100, 32767][: 2 + number % 2])
        length = seconds[number] if seconds else 1.0 + number
        files = [{"fname": "none.wav", "speed": 1.1}, {"fname": name, "speed": 1}]
        records.append({"transcript": text, "original_duration": length, "files": files})
    path = folder / "manifest.json"
    path.write_text(json.dumps(records), "utf-8")
    return path


def write_kits(folder: Path, volumes: Mapping[str, tuple[Any, Any]]) -> None:
    """Pickles as the reference preprocessing leaves them."""
    import pickle

    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    cases = {name: {"image_shape": image.shape, "reshaped_affine": np.eye(4)} for name, (image, _) in volumes.items()}
    with open(folder / "preprocessed_files.pkl", "wb") as out:
        pickle.dump({"file_list": list(volumes), "cases": cases}, out)
    for name, pair in volumes.items():
        with open(folder / f"{name}.pkl", "wb") as out:
            pickle.dump([pair[0].astype(np.float32), pair[1].astype(np.uint8)], out)


def write_criteo(folder: Path, labels: Sequence[int], kind: str = "_sample", hot: int = 2) -> None:
    """Arrays of day 23; the dense features of row n start with n."""
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    rows = len(labels)
    dense = np.arange(rows * 13, dtype=np.float32).reshape(rows, 13)
    dense[:, 0] = np.arange(rows)
    sparse = {str(f): np.full((rows, hot + f % 2), f, dtype=np.int32) for f in range(26)}
    np.save(folder / f"day_23_dense{kind}.npy", dense)
    np.save(folder / f"day_23_labels{kind}.npy", np.array(labels, dtype=np.int32).reshape(-1, 1))
    np.savez(folder / f"day_23_sparse_multi_hot{kind}.npz", **sparse)
