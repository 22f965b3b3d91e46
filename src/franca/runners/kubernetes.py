"""A Kubernetes cluster: the job as a batch/v1 Job, through kubectl (MLCube spec, section 10).

Files lie in a volume claim; the planning machine's files do not travel. The manifest is made here, offline,
so a dry run prints exactly what would be sent.
"""

from __future__ import annotations

import json
import re
import time

from franca.errors import StepFailed, UsageError
from franca.model.job import Capabilities, Command, Job, Outcome, Stage
from franca.model.light import TYPE_CHECKING, Any, NamedTuple
from franca.runners.container import Container
from franca.runners.launcher import Steps
from franca.runners.process import Executor
from franca.runners.runner import failure

if TYPE_CHECKING:
    from collections.abc import Callable

Tree = dict[str, Any]


def resource_name(text: str, limit: int = 63) -> str:
    """A valid name (RFC 1123 label): lower case, digits and dashes, at most 63 characters."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:limit].strip("-")
    return name or "job"


class Kubernetes(NamedTuple):
    """A launcher that is its own container engine.

    Args:
        claim: the volume claim that holds the workspace.
        token: makes the Job's name unique; the same token gives the same manifest.
        interval: seconds between two looks at the Job.
        timeout: seconds to wait in all, 0 = no limit.
    """

    claim: str
    namespace: str = "default"
    cube: str = "cube"
    token: str = ""
    kubectl: tuple[str, ...] = ("kubectl",)
    context: str = ""
    backoff_limit: int = 4
    interval: float = 2.0
    timeout: float = 0
    keep: bool = False
    sleep: Callable[[float], None] = time.sleep

    @property
    def name(self) -> str:
        return "kubernetes"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(image=True, mounts=True, gpus=True, memory=True, cpus=True, shares_files=False)

    def job_name(self, job: Job) -> str:
        base = resource_name(f"mlcube-{self.cube}-{job.name}", 63 - 1 - len(self.token))
        return f"{base}-{self.token}" if self.token else base

    def manifest(self, job: Job) -> Tree:
        """The Job as it is sent. Raises UsageError for wishes that a cluster cannot meet."""
        for wish, value in (("network", job.network), ("security", job.security), ("cpuset", job.limits.cpuset)):
            if value:
                raise UsageError(f"--{wish}={value} means nothing on Kubernetes", hint="leave it out")
        label = resource_name(self.cube)
        pod: Tree = {
            "restartPolicy": "Never",
            "containers": [self.container(job)],
            "volumes": [{"name": self._volume(), "persistentVolumeClaim": {"claimName": self.claim}}],
        }
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": self.job_name(job), "namespace": self.namespace,
                         "labels": {"app": "mlcube", "app-name": label}},
            "spec": {
                "backoffLimit": self.backoff_limit,
                **({"activeDeadlineSeconds": job.limits.seconds} if job.limits.seconds else {}),
                "template": {"metadata": {"labels": {"app": "mlcube", "app-name": label}}, "spec": pod},
            },
        }  # fmt: skip

    def _volume(self) -> str:
        return resource_name(self.claim)

    def container(self, job: Job) -> Tree:
        """The one container of the pod."""
        container: Tree = {"name": "mlcube-container", "image": job.image.name}
        if job.entrypoint:
            container["command"] = list(job.entrypoint)
        container["args"] = list(job.mounted_words())
        if job.env:
            container["env"] = [{"name": key, "value": value} for key, value in job.env]
        if limits := _limits(job):
            container["resources"] = {"limits": limits}
        container["volumeMounts"] = [{"name": self._volume(), "mountPath": mount.target} for mount in job.mounts]
        return container

    def steps(self, job: Job, container: Container) -> Steps:
        """For a dry run; :meth:`run` follows the Job itself in place of the last two commands."""
        name = self.job_name(job)
        wait = self._command(
            "wait", "--for=condition=complete", f"--timeout={int(self.timeout) or 86400}s", f"job/{name}"
        )
        after = [self._command("logs", f"job/{name}", "--all-containers")]
        if not self.keep:
            after.append(self._command("delete", "job", name))
        return Steps((), wait, (self.create(job),), tuple(after))

    def prepare(self, job: Job, container: Container) -> tuple[Stage, ...]:
        return ()

    def configure(self, job: Job, container: Container) -> tuple[Command, ...]:
        return ()

    def create(self, job: Job) -> Command:
        text = json.dumps(self.manifest(job), indent=1)
        return self._command("create", "-f", "-", stdin=text, purpose=f"submit task {job.name}")

    def _command(self, *words: str, stdin: str = "", purpose: str = "", quiet: bool = False) -> Command:
        context = (f"--context={self.context}",) if self.context else ()
        return Command(
            (*self.kubectl, *context, f"--namespace={self.namespace}", *words), stdin=stdin, quiet=quiet,
            purpose=purpose or words[0], watch=not quiet,
        )  # fmt: skip

    def run(self, job: Job, container: Container, executor: Executor) -> Outcome:
        """Submit, wait, show the logs, clean up. The status is the container's own when it failed."""
        started = time.monotonic()
        created = executor.run(self.create(job))
        if not created.ok:
            raise failure(self.create(job), created)
        name = self.job_name(job)
        try:
            condition = self._wait(name, executor, started)
        except KeyboardInterrupt:
            executor.run(self._command("delete", "job", name, "--wait=false"))
            raise
        executor.run(self._command("logs", f"job/{name}", "--all-containers"))
        status = 0 if condition == "Complete" else self._exit_code(name, executor)
        if not self.keep:
            executor.run(self._command("delete", "job", name, "--wait=false", quiet=True))
        return Outcome(status, time.monotonic() - started)

    def _wait(self, name: str, executor: Executor, started: float) -> str:
        while True:
            get = self._command("get", "job", name, "-o", "json", quiet=True, purpose=f"watch {name}")
            outcome = executor.run(get)
            if not outcome.ok:
                raise failure(get, outcome)
            for condition in _read(outcome.output).get("status", {}).get("conditions") or []:
                if condition.get("status") == "True" and condition.get("type") in ("Complete", "Failed"):
                    return str(condition["type"])
            if self.timeout and time.monotonic() - started > self.timeout:
                raise StepFailed(f"the Job {name} did not end within {self.timeout:g} s", status=124,
                                 hint=f"kubectl describe job {name}")  # fmt: skip
            self.sleep(self.interval)

    def _exit_code(self, name: str, executor: Executor) -> int:
        """The exit code of the last container that failed; 1 when the cluster does not tell."""
        outcome = executor.run(self._command("get", "pods", "-l", f"job-name={name}", "-o", "json", quiet=True))
        codes = []
        for pod in _read(outcome.output).get("items") or [] if outcome.ok else []:
            for container in pod.get("status", {}).get("containerStatuses") or []:
                codes.append((container.get("state", {}).get("terminated") or {}).get("exitCode", 0))
        return next((int(code) for code in reversed(codes) if code), 1)


def _read(text: str) -> Tree:
    try:
        value = json.loads(text)
    except ValueError:
        raise StepFailed("kubectl printed something that is not JSON", hint="check kubectl's version") from None
    return value if isinstance(value, dict) else {}


def _limits(job: Job) -> Tree:
    limits: Tree = {}
    if count := gpu_count(job):
        limits["nvidia.com/gpu"] = count
    if job.limits.memory:
        limits["memory"] = memory_quantity(job.limits.memory)
    if job.limits.cpus:
        limits["cpu"] = job.limits.cpus
    return limits


def gpu_count(job: Job) -> int:
    """Raises UsageError for all and for a device list: a scheduler counts, and chooses itself."""
    gpus = job.limits.gpus
    if gpus and not gpus.isdigit():
        raise UsageError(f"a cluster gives a number of GPUs, not {gpus!r}", hint="--gpus=COUNT")
    return int(gpus or 0)


def memory_quantity(text: str) -> str:
    """Docker's ``4g`` (powers of 1024) as a quantity: ``4Gi``; quantities stay as they are."""
    match = re.fullmatch(r"(\d+)([bkmgBKMG])?", text)
    if not match:
        return text
    unit = (match[2] or "b").lower()
    return match[1] + {"b": "", "k": "Ki", "m": "Mi", "g": "Gi"}[unit]
