"""Kubernetes through the real kubectl, against a stand-in of the API; manifests against published schemas."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from franca.model.job import Image, Job, Limits, Mount, PathWord
from franca.runners.kubeflow import Kubeflow
from franca.runners.kubernetes import Kubernetes
from tests.integration.runners.cluster import Cluster

CUBE = """name: My Cube
platform: {accelerator_count: 2}
docker: {image: org/c:1}
tasks:
  good: {parameters: {inputs: {d: d/}, outputs: {o: o/}}}
  bad: {parameters: {outputs: {o: o/}}}
  entry: {entrypoint: python x.py, parameters: {outputs: {o: o/}}}
"""
JOB = Job(
    "train", ("train", PathWord("--d=", "/w/d")), entrypoint=("python", "x.py"), image=Image("org/c:1"),
    mounts=(Mount("/w", "/mnt/mlcube/p"),), env=(("A", "b"),), limits=Limits(gpus="1", memory="2g", seconds=60),
)  # fmt: skip


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    server = Cluster({"good": (0, "said good\n"), "bad": (3, "said bad\n")})
    yield server
    server.close()


@pytest.fixture
def cube(tmp_path: Path, cluster: Cluster) -> Path:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    (tmp_path / "mlcube.yaml").write_text(CUBE)
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [{"name": "u", "user": {}}],
        "clusters": [{"name": "k", "cluster": {"server": cluster.url}}],
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
    }  # fmt: skip
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin" / "kubectl"  # the stand-in has no OpenAPI documents, so kubectl cannot check with them
    wrapper.write_text(f"""#!/bin/sh
case " $* " in *" create "*) exec {shutil.which("kubectl")} "$@" --validate=false ;; esac
exec {shutil.which("kubectl")} "$@"
""")
    wrapper.chmod(0o755)
    return tmp_path


def mlcube(cube: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {
        "HOME": str(cube / "home"),
        "PATH": f"{cube}/bin:" + os.environ["PATH"],
        "KUBECONFIG": str(cube / "kubeconfig"),
    }
    return subprocess.run(
        [sys.executable, "-m", "franca.compat.mlcube_front", *words], cwd=cube,
        env=environ, text=True, capture_output=True,
    )  # fmt: skip


def test_a_task_that_succeeds(cube: Path, cluster: Cluster) -> None:
    done = mlcube(cube, "run", "--platform=k8s", "--task=good")
    assert done.returncode == 0, done.stderr
    assert "said good" in done.stdout
    assert len(cluster.deleted) == 1
    assert cluster.deleted[0].startswith("mlcube-my-cube-good-")


def test_a_task_that_fails_has_its_containers_status(cube: Path, cluster: Cluster) -> None:
    done = mlcube(cube, "run", "--platform=k8s", "--task=bad,good")
    assert done.returncode == 3
    assert "said bad" in done.stdout
    assert "said good" not in done.stdout


def test_what_lies_outside_the_claim_is_refused(cube: Path, cluster: Cluster) -> None:
    done = mlcube(cube, "run", "--platform=k8s", "--task=good", "d=/elsewhere")
    assert done.returncode == 1
    assert "outside the workspace" in done.stderr
    assert not cluster.jobs


def test_a_cluster_that_does_not_answer_is_said(cube: Path, cluster: Cluster) -> None:
    cluster.close()
    done = mlcube(cube, "run", "--platform=k8s", "--task=good")
    assert done.returncode == 1
    assert "cannot submit task good" in done.stderr
    assert "Traceback" not in done.stderr


def manifest_of_plan(cube: Path, *words: str) -> Any:
    done = mlcube(cube, "run", "--dry-run", "--platform=k8s", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.split("<<'FRANCA_END'\n")[1].split("FRANCA_END")[0])


def test_the_plan_is_the_manifest_that_is_sent(cube: Path, cluster: Cluster) -> None:
    manifest = manifest_of_plan(cube, "--task=entry")
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["python", "x.py"]
    assert container["args"] == ["--o=/mnt/mlcube/my-cube/o"]
    assert container["resources"]["limits"] == {"nvidia.com/gpu": 2}
    assert container["volumeMounts"] == [{"name": "my-cube", "mountPath": "/mnt/mlcube/my-cube"}]


@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_manifests_keep_the_published_schema(version: str) -> None:
    validate = pytest.importorskip("kubernetes_validate")
    manifest = Kubernetes("p", cube="My Cube", token="ab12").manifest(JOB)
    validate.validate(manifest, version, strict=True)
    manifest["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
    with pytest.raises(validate.ValidationError):
        validate.validate(manifest, version, strict=True)


@pytest.fixture(scope="module")
def published_pipelines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published messages of Kubeflow's pipelines, in a folder: they need an older protobuf than others here."""
    folder = tmp_path_factory.mktemp("kfp")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for place, packages in (
        ("pipelines", ["kfp-pipeline-spec==2.17.3", "googleapis-common-protos"]),
        ("platform", ["--no-deps", "kfp-kubernetes==2.17.3"]),  # its own code wants the whole SDK
    ):
        done = subprocess.run([*pip, "--target", str(folder / place), *packages], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"{packages[-1]} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    return folder


CHECK = """
import json, sys
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
sys.path.append(sys.argv[1] + "/platform/kfp/kubernetes")
import kubernetes_executor_config_pb2
pipeline, platform = json.load(sys.stdin)
parsed = json_format.ParseDict(pipeline, pipeline_spec_pb2.PipelineSpec())
json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())
for config in platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values():
    json_format.ParseDict(config, kubernetes_executor_config_pb2.KubernetesExecutorConfig())
print(list(parsed.root.dag.tasks["train-2"].dependent_tasks))
"""


def checked(folder: Path, *documents: Any) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-S", "-c", CHECK, str(folder)]
    environ = {"PYTHONPATH": str(folder / "pipelines"), "PATH": os.environ["PATH"]}
    return subprocess.run(words, input=json.dumps(documents), env=environ, capture_output=True, text=True)


def test_pipelines_keep_the_published_schema(published_pipelines: Path) -> None:
    launcher = Kubeflow("p", "My Cube")
    pipeline, platform = launcher.pipeline((JOB, JOB)), launcher.platform((JOB, JOB))
    done = checked(published_pipelines, pipeline, platform)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['train']\n"
    executors = {"exec-train": {"pvcMounts": []}}
    unknown = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}
    for wrong in (({**pipeline, "pipelineInfoo": {}}, platform), (pipeline, unknown)):
        assert "ParseError" in checked(published_pipelines, *wrong).stderr


def test_a_kubeflow_run_is_one_pipeline_of_all_tasks(cube: Path) -> None:
    done = mlcube(cube, "run", "--platform=kubeflow", "-Prunner.pvc=p", "-Prunner.kfp=/bin/true")
    assert done.returncode == 0, done.stderr
    import yaml

    documents = list(yaml.safe_load_all((cube / "workspace/my-cube.yaml").read_text()))
    assert list(documents[0]["root"]["dag"]["tasks"]) == ["good", "bad", "entry"]
    assert set(documents[1]["platforms"]) == {"kubernetes"}
    assert documents[0]["root"]["dag"]["tasks"]["entry"]["dependentTasks"] == ["bad"]


def test_kubeflow_needs_a_claim(cube: Path) -> None:
    done = mlcube(cube, "run", "--platform=kubeflow", "--task=good")
    assert done.returncode == 1
    assert "runner.pvc is not set" in done.stderr
