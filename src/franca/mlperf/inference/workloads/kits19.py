"""Segmentation of kidneys and their tumors over KiTS19."""

from __future__ import annotations

from franca.mlperf.inference import asked
from franca.mlperf.inference.asked import Env
from franca.mlperf.inference.spec import Part
from franca.mlperf.inference.workloads.base import Model, Parts, Wishes, Workload, engine, existing, has_one_of, samples
from franca.mlperf.tasks.kits import LIST


class Kits19(Workload):
    """Volumes of any size, cut into windows of 128 x 128 x 128 voxels that overlap by half."""

    name = "kits19"
    models = (
        Model("3d-unet-99", "3d-unet-99", batch=1, sampled=64),
        Model("3d-unet-99.9", "3d-unet-99.9", batch=1, sampled=64),
    )
    data_tags = "get,dataset,kits19,preprocessed"
    data_key = "CM_DATASET_PREPROCESSED_PATH"

    def check_data(self, path: str) -> None:
        has_one_of(path, (LIST,))

    def parts(self, model: Model, wishes: Wishes, env: Env) -> Parts:
        place = existing(path=self.given(env) or asked.text(env, self.data_key))
        return Parts(
            self.name,
            "KiTS19, the cases of MLPerf",
            Part(f"{wishes.backend}-volumes", engine(self, wishes, env)),
            Part("kits19", {**place, **samples(model, wishes)}),
            Part("dice"),
        )
