"""Kubeflow Pipelines: jobs as the steps of a pipeline, in order (MLCube spec, section 10).

The package is the pipeline's intermediate representation (IR YAML, schema 2.1.0) with the Kubernetes
platform's part that mounts the volume claim; it is made here and needs no SDK. Submitting uses ``kfp``.
"""

from __future__ import annotations

from franca.model.job import Capabilities, Command, Job, Stage
from franca.model.light import Any, NamedTuple
from franca.runners.container import Container
from franca.runners.kubernetes import gpu_count, memory_quantity, resource_name
from franca.runners.launcher import Steps

Tree = dict[str, Any]
SCHEMA = "2.1.0"
SDK = "kfp-2.9.0"  # the compiler whose output has this form


class Kubeflow(NamedTuple):
    """A launcher for a whole chain of jobs.

    Args:
        package: file that the pipeline is written to.
    """

    claim: str
    cube: str = "cube"
    host: str = ""
    namespace: str = "default"
    package: str = "pipeline.yaml"
    kfp: tuple[str, ...] = ("kfp",)

    @property
    def name(self) -> str:
        return "kubeflow"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(image=True, mounts=True, gpus=True, memory=True, cpus=True, shares_files=False)

    def pipeline(self, jobs: tuple[Job, ...]) -> Tree:
        """The IR of a pipeline that runs ``jobs`` one after another."""
        names = _names(jobs)
        tasks: Tree = {}
        for index, (name, job) in enumerate(zip(names, jobs, strict=True)):
            task: Tree = {
                "cachingOptions": {}, "componentRef": {"name": f"comp-{name}"}, "taskInfo": {"name": job.name},
            }  # fmt: skip
            if index:
                task["dependentTasks"] = [names[index - 1]]
            tasks[name] = task
        executors = {f"exec-{n}": {"container": _container(j)} for n, j in zip(names, jobs, strict=True)}
        return {
            "components": {f"comp-{name}": {"executorLabel": f"exec-{name}"} for name in names},
            "deploymentSpec": {"executors": executors},
            "pipelineInfo": {"name": resource_name(self.cube)},
            "root": {"dag": {"tasks": tasks}},
            "schemaVersion": SCHEMA,
            "sdkVersion": SDK,
        }

    def platform(self, jobs: tuple[Job, ...]) -> Tree:
        """The second document: each executor's mount of the claim."""
        mounts = {
            f"exec-{name}": {
                "pvcMount": [{"constant": self.claim, "mountPath": mount.target,
                              "pvcNameParameter": {"runtimeValue": {"constant": self.claim}}} for mount in job.mounts]
            }
            for name, job in zip(_names(jobs), jobs, strict=True)
        }  # fmt: skip
        return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": mounts}}}}

    def submit(self) -> Command:
        endpoint = ("--endpoint", self.host) if self.host else ()
        words = (*self.kfp, *endpoint, "--namespace", self.namespace, "run", "create",
                 "--experiment-name", resource_name(self.cube), "--package-file", self.package)  # fmt: skip
        return Command(words, purpose="submit the pipeline", watch=True)

    def steps(self, job: Job, container: Container) -> Steps:
        return Steps((), self.submit())

    def prepare(self, job: Job, container: Container) -> tuple[Stage, ...]:
        return ()

    def configure(self, job: Job, container: Container) -> tuple[Command, ...]:
        return ()


def _names(jobs: tuple[Job, ...]) -> list[str]:
    """Valid, distinct names of the steps."""
    names: list[str] = []
    for job in jobs:
        name = base = resource_name(job.name)
        number = 2
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names.append(name)
    return names


def _container(job: Job) -> Tree:
    container: Tree = {"image": job.image.name}
    if job.entrypoint:
        container["command"] = list(job.entrypoint)
    container["args"] = [_literal(word) for word in job.mounted_words()]
    if job.env:
        container["env"] = [{"name": key, "value": value} for key, value in job.env]
    resources: Tree = {}
    if count := gpu_count(job):
        resources["accelerator"] = {"resourceType": "nvidia.com/gpu", "resourceCount": str(count)}
    if job.limits.memory:
        resources["resourceMemoryLimit"] = memory_quantity(job.limits.memory)
    if job.limits.cpus:
        resources["resourceCpuLimit"] = job.limits.cpus
    return {**container, "resources": resources} if resources else container


def _literal(word: str) -> str:
    """Placeholders of the pipeline language stay text: ``{{$`` would be replaced by the engine."""
    return word.replace("{{$", "{{'{{$'}}") if "{{$" in word else word
