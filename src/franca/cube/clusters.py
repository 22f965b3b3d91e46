"""Cubes on Kubernetes and Kubeflow: the claim's mount and the settings' keys."""

from __future__ import annotations

import os

from franca.cube.config import Effective, wanted_gpus
from franca.cube.definition import cube_name
from franca.cube.platform import Platform, required_image
from franca.errors import MalformedFile, UsageError
from franca.model.job import Capabilities, Command, Image, Job, Limits, Stage
from franca.model.light import Any
from franca.runners.container import checked_gpus
from franca.runners.kubeflow import Kubeflow
from franca.runners.kubernetes import Kubernetes, resource_name
from franca.runners.runner import Runner
from franca.runners.words import Facts, expand


class Pod:
    """Stands in for a container engine: the cluster has its own."""

    name = "pod"
    capabilities = Capabilities(image=True, mounts=True, gpus=True, memory=True, cpus=True)

    def prepare(self, job: Job) -> Stage:
        return Stage(())

    def configure(self, job: Job) -> tuple[Command, ...]:
        return ()

    def command(self, job: Job) -> Command:
        raise UsageError("a cluster's pod cannot be started from here")


def kubernetes_platform(config: Effective, known: Facts) -> Platform:
    """Keys: pvc, image, namespace, and ours: context, kubectl, backoff_limit, timeout, keep."""
    import secrets

    claim = _claim(config)
    launcher = Kubernetes(
        claim, config.text("namespace") or "default", cube_name(config.tree), secrets.token_hex(4),
        tuple((config.text("kubectl") or "kubectl").split()), config.text("context"),
        _number(config, "backoff_limit", 4), timeout=_number(config, "timeout", 0), keep=config.text("keep") == "True",
    )  # fmt: skip
    return Platform(Runner(launcher, Pod()), _base(config, known), claim=f"/mnt/mlcube/{claim}")


def kubeflow_platform(config: Effective, known: Facts) -> Platform:
    """Keys: pvc (mandatory), image, namespace, pipeline_host, and ours: pipeline (the file to write), kfp."""
    claim = _claim(config)
    name = cube_name(config.tree)
    package = config.text("pipeline") or os.path.join(config.workspace, f"{resource_name(name)}.yaml")
    launcher = Kubeflow(
        claim, name, config.text("pipeline_host"), config.text("namespace") or "default", package,
        tuple((config.text("kfp") or "kfp").split()),
    )  # fmt: skip
    return Platform(Runner(launcher, Pod()), _base(config, known), claim=f"/mnt/mlcube/{claim}")


def _claim(config: Effective) -> str:
    """The claim's name. Raises MalformedFile when none is set."""
    value = config.tree["runner"].get("pvc")
    if value in (None, "", "???"):
        raise MalformedFile("runner.pvc is not set: the volume claim that holds the workspace",
                            where=config.where(("runner", "pvc")), hint="-Prunner.pvc=NAME")  # fmt: skip
    text = config.text("pvc")
    return resource_name(text) if value == "${name}" else text


def _number(config: Effective, key: str, default: int) -> int:
    text = config.text(key)
    if text and not text.isdigit():
        raise MalformedFile(f"{key} must be a number, not {text!r}", where=config.where(("runner", key)))
    return int(text) if text else default


def _base(config: Effective, known: Facts) -> Job:
    gpus = checked_gpus(wanted_gpus(config, "--gpus"))
    env: Any = config.option("env_args")
    pairs = tuple((k, expand(str(v), known)) for k, v in env.items()) if isinstance(env, dict) else ()
    limits = Limits(gpus=gpus, memory=config.text("--memory"))
    return Job("", (), image=Image(required_image(config)), env=pairs, limits=limits)
