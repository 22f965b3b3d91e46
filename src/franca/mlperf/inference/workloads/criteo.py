"""Recommendation over the Criteo click logs."""

from __future__ import annotations

import os

from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.spec import Part
from franca.mlperf.inference.workloads.base import (
    DATA_KEY,
    Model,
    Parts,
    Wishes,
    Workload,
    engine,
    existing,
    has_one_of,
    samples,
)
from franca.mlperf.tasks.criteo import KINDS

TRACE = "dlrm_trace_of_aggregated_samples.txt"  #: as the reference implementation names what it has drawn
TOGETHER = 270  #: rows of a sample without a trace: 89,137,319 rows in the 330,067 samples of section 13.3
LABELS = {kind: f"day_23_labels{ending}.npy" for kind, ending in KINDS.items()}


class Criteo(Workload):
    """Rows of day 23, some hundred together: as a trace beside them says, else all of the same length."""

    name = "criteo"
    models = (Model("dlrm-v2-99", "dlrm-v2-99", batch=64), Model("dlrm-v2-99.9", "dlrm-v2-99.9", batch=64))
    backends = ("pytorch",)
    inputs = "fp32, int64"
    model_is = ("folder", "file")
    takes = ("dataset_path", "dlrm_data_path", "model_file")
    given_data = (DATA_KEY, "DLRM_DATA_PATH")
    data_tags = "get,dataset,criteo,preprocessed"
    data_key = "CM_DATASET_PREPROCESSED_PATH"

    def check_data(self, path: str) -> None:
        has_one_of(path, tuple(LABELS.values()))

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        place = existing(path=self.given(env) or asked.text(env, self.data_key))
        return Parts(
            self.name,
            "Criteo click logs, day 23, multi-hot",
            Part(f"{wishes.backend}-clicks", engine(self, wishes, env)),
            Part("criteo", {**place, **_form(place["path"]), **samples(model, wishes)}),
            Part("auc"),
        )


def _form(folder: str) -> dict[str, object]:
    """Which files of a folder are meant, and how their rows make samples."""
    kind = next((kind for kind, name in LABELS.items() if os.path.isfile(os.path.join(folder, name))), "full")
    trace = os.path.join(folder, TRACE)
    if os.path.isfile(trace):
        return {"kind": kind, "trace": trace}
    return {"kind": kind, "together": TOGETHER if kind == "full" else 1}
