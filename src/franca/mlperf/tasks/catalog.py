"""The tasks as data: which data set and which metric, what a log of each holds, which benchmarks it stands for.

Names are those of the official accuracy scripts' data sets (mlperf-inference sections 8.4 and 16.8).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from franca.errors import NotFound

_HERE = "franca.mlperf.tasks."


class Task(NamedTuple):
    """One task. ``scoring`` are options of the metric for logs whose payloads have any length."""

    name: str
    title: str
    dataset: str  #: plug-in, ``module:Class``
    metric: str
    payload: str  #: of one sample in the accuracy log, for people
    dtypes: tuple[str, ...]  #: that occur in logs; the first is the usual one
    line: str  #: an example of the official line
    benchmarks: tuple[str, ...]  #: as the checkers name them
    data: tuple[str, ...]  #: options of the data set that name files
    scoring: dict[str, Any] = {}
    recipe: str = ""  #: tags that get the data


LETTERS = ("int64", "int32", "int16", "int8")
TOKENS = ("int64", "int32", "float32")
LANGUAGE_MODELS = ("llama3.1-8b", "llama3.1-8b-edge")
TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            "imagenet", "image classification", _HERE + "imagenet:ImageNet",
            "franca.mlperf.inference.metrics:LabelMetric", "one class",
            ("float32", "int32", "int64"), "accuracy=76.758%, good=38379, total=50000",
            ("resnet",), ("path", "labels", "images", "preprocessed"), recipe="get,dataset-aux,imagenet-aux",
        ),
        Task(
            "openimages", "object detection", _HERE + "coco:CocoDetection", _HERE + "detection:DetectionMetric",
            "7 numbers a detection: sample, ymin, xmin, ymax, xmax, score, label", ("float32",),
            "mAP=37.550%", ("retinanet",), ("path", "annotations", "images", "preprocessed"),
            recipe="get,dataset,openimages,original",
        ),
        Task(
            "coco", "object detection", _HERE + "coco:CocoDetection", _HERE + "detection:DetectionMetric",
            "7 numbers a detection: sample, ymin, xmin, ymax, xmax, score, label", ("float32",),
            "mAP=37.550%", ("yolo-95", "yolo-99"), ("path", "annotations", "images", "preprocessed"),
            recipe="get,dataset,coco",
        ),
        Task(
            "squad", "question answering", _HERE + "squad:Squad", _HERE + "answers:AnswerMetric",
            "start and end logit of each piece", ("float32", "float16", "float64", "int8"),
            '{"exact_match": 83.67, "f1": 90.87}', ("bert-99", "bert-99.9"), ("path", "vocabulary"),
            {"sequence": 0}, recipe="get,dataset,squad",
        ),
        Task(
            "cnndm", "summarisation", _HERE + "texts:Texts", _HERE + "rouge:RougeMetric", "token ids", TOKENS,
            "{'rouge1': 42.9865, 'rouge2': 20.1235, 'rougeL': 29.9881, 'rougeLsum': 40.1, 'gen_len': 4016878, ...}",
            ("gptj-99", "gptj-99.9", *LANGUAGE_MODELS), ("path", "tokenizer"), recipe="get,dataset,cnndm",
        ),
        Task(
            "openorca", "text generation", _HERE + "texts:Texts", _HERE + "rouge:RougeMetric", "token ids", TOKENS,
            "{'rouge1': 44.4312, 'rouge2': 22.0352, 'rougeL': 28.6162, ..., 'tokens_per_sample': 294.5}",
            ("llama2-70b-99", "llama2-70b-99.9"), ("path", "tokenizer"), recipe="get,dataset,openorca,preprocessed",
        ),
        Task(
            "librispeech", "speech recognition", _HERE + "librispeech:LibriSpeech",
            _HERE + "speech:WordErrorMetric", "places of letters in the alphabet", LETTERS,
            "Word Error Rate: 7.452%, accuracy=92.548%", ("rnnt", "whisper"), ("path", "manifest"),
            recipe="get,dataset,librispeech,preprocessed",
        ),
        Task(
            "kits19", "image segmentation", _HERE + "kits:Kits19", _HERE + "kits:DiceMetric",
            "the label of each voxel", ("uint8", "int8", "int16", "int32", "int64"),
            "Accuracy: mean = 0.86170, kidney = 0.9347, tumor = 0.7887", ("3d-unet-99", "3d-unet-99.9"), ("path",),
            recipe="get,dataset,kits19,preprocessed",
        ),
        Task(
            "terabyte", "recommendation", _HERE + "criteo:Criteo", _HERE + "clicks:ClickMetric",
            "prediction and truth of each row", ("float32", "int32", "int64"),
            "AUC=80.310%, accuracy=96.853%, good=..., total=..., queries=...",
            ("dlrm-99", "dlrm-99.9", "dlrm-v2-99", "dlrm-v2-99.9"), ("path", "trace"),
            recipe="get,dataset,criteo,preprocessed",
        ),
    )
}  # fmt: skip


def task(name: str) -> Task:
    """The task of that name. Raises NotFound with the names there are."""
    found = TASKS.get(name.replace("-", "").lower())
    if found is None:
        raise NotFound(f"there is no accuracy task {name!r}", hint=f"known: {', '.join(TASKS)}")
    return found
