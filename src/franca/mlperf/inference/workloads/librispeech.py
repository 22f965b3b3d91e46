"""Speech recognition over LibriSpeech."""

from __future__ import annotations

import os

from franca.errors import NotFound
from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.spec import Part
from franca.mlperf.inference.workloads.base import Model, Parts, Wishes, Workload, engine, existing, samples


class LibriSpeech(Workload):
    """Utterances of up to 15 seconds; the names in a manifest start from its folder."""

    name = "librispeech"
    models = (Model("rnnt", "rnnt", batch=32),)
    backends = ("pytorch",)
    data_tags = "get,dataset,librispeech,preprocessed"
    data_key = "CM_DATASET_PREPROCESSED_JSON"

    def check_data(self, path: str) -> None:
        manifest(path)

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        given = self.given(env)
        found = manifest(given) if given else existing(manifest=asked.text(env, self.data_key))["manifest"]
        place = {"path": os.path.dirname(found), "manifest": found}
        return Parts(
            self.name,
            "LibriSpeech, clean development set",
            Part(f"{wishes.backend}-transducer", engine(self, wishes, env)),
            Part("librispeech", {**place, **samples(model, wishes)}),
            Part("word-errors"),
        )


def manifest(path: str) -> str:
    """The manifest that a user means: the file, or the only one in the folder. Raises NotFound."""
    if os.path.isfile(path):
        return path
    found = sorted(name for name in os.listdir(path) if name.endswith(".json"))
    if len(found) != 1:
        raise NotFound(
            f"--dataset_path={path}: expected one manifest (.json) in this folder, found {len(found)}",
            hint="give the manifest itself: --dataset_path=FILE.json",
        )
    return os.path.join(path, found[0])
