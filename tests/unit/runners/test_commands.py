"""Jobs as exact commands, for every container and every launcher."""

from __future__ import annotations

import shlex

import pytest

from franca.errors import UsageError
from franca.model.job import Expected, Image, Job, Limits, Mount, PathWord
from franca.runners.apptainer import Apptainer, image_file_name
from franca.runners.container import checked_gpus
from franca.runners.docker import DockerLike
from franca.runners.kubeflow import Kubeflow
from franca.runners.kubernetes import Kubernetes, memory_quantity, resource_name
from franca.runners.launcher import Local
from franca.runners.native import Native
from franca.runners.process import pasteable
from franca.runners.runner import Runner
from franca.runners.slurm import Slurm
from franca.runners.ssh import SSH, Connection

JOB = Job(
    "train",
    ("train", PathWord("--data=", "/w/data"), PathWord("--out=", "/w/out/m.txt")),
    image=Image("org/c:1", context="/c", recipe="/c/Dockerfile", strategy="auto", build_words=("--pull",)),
    mounts=(Mount("/w/data", "/io0", "ro"), Mount("/w/out", "/io1")),
    inputs=("/w/data",),
    outputs=(Expected("out", "/w/out/m.txt", False),),
)


def test_docker_words() -> None:
    job = JOB._replace(
        entrypoint=("sh", "-c", "echo hi"), env=(("A", "b c"),), remove=True, user="1:2", network="none",
        limits=Limits(memory="4g", cpuset="0-3", gpus="all"), option_words=("--shm-size=1g",),
    )  # fmt: skip
    assert DockerLike().command(job).words == (
        "docker", "run", "--rm", "--user=1:2", "--shm-size=1g", "--network=none", "--gpus=all", "--memory=4g",
        "--cpuset-cpus=0-3", "--entrypoint=sh", "-e", "A=b c", "--volume", "/w/data:/io0:ro", "--volume",
        "/w/out:/io1", "org/c:1", "-c", "echo hi", "train", "--data=/io0", "--out=/io1/m.txt",
    )  # fmt: skip


def test_a_user_among_the_options_wins() -> None:
    job = JOB._replace(user="1:2", option_words=("-u", "5:5"))
    assert [w for w in DockerLike().command(job).words if "user" in w or w == "-u"] == ["-u"]


def test_rootless_podman_keeps_the_callers_identity() -> None:
    words = DockerLike(("podman",)).command(JOB._replace(user="1000:1000")).words
    assert "--userns=keep-id" in words


@pytest.mark.parametrize(
    ("strategy", "recipe", "archive", "verb"),
    [("pull", "/c/Dockerfile", "", "pull"), ("auto", "/c/Dockerfile", "", "build"), ("auto", "", "", "pull"),
     ("always", "/c/Dockerfile", "", "build"), ("pull", "", "/c/x.tar", "load")],
)  # fmt: skip
def test_how_docker_gets_an_image(strategy: str, recipe: str, archive: str, verb: str) -> None:
    job = JOB._replace(image=JOB.image._replace(strategy=strategy, recipe=recipe, archive=archive))
    assert DockerLike().configure(job)[0].words[1] == verb
    assert (DockerLike().prepare(job).unless is None) == (strategy == "always")


@pytest.mark.parametrize("container", [DockerLike(), Apptainer()])
def test_a_path_that_the_engine_would_misread_is_refused(container: DockerLike | Apptainer) -> None:
    with pytest.raises(UsageError, match="colon"):
        container.command(JOB._replace(mounts=(Mount("/a:b", "/io0"),)))


def test_apptainer_words() -> None:
    job = JOB._replace(image=Image("/i/x.sif", context="/c", recipe="x.def", build_words=("--fakeroot",)))
    assert Apptainer().configure(job)[-1].words == ("apptainer", "build", "--fakeroot", "/i/x.sif", "x.def")
    assert Apptainer().command(job).words == (
        "apptainer", "run", "--bind", "/w/data:/io0:ro", "--bind", "/w/out:/io1", "/i/x.sif", "train",
        "--data=/io0", "--out=/io1/m.txt",
    )  # fmt: skip
    entry = Apptainer().command(job._replace(entrypoint=("python", "x.py"))).words
    assert entry[1] == "exec"
    assert entry[-5:] == ("python", "x.py", "train", "--data=/io0", "--out=/io1/m.txt")


def test_apptainer_selects_devices_through_the_environment() -> None:
    command = Apptainer().command(JOB._replace(limits=Limits(gpus="device=0,1")))
    assert "--nv" in command.words
    assert ("APPTAINERENV_CUDA_VISIBLE_DEVICES", "0,1") in command.env


def test_image_file_names_are_letters_and_digits() -> None:
    assert image_file_name("org/c:1") == "orgc1.sif"


def test_native_words_are_host_paths() -> None:
    job = JOB._replace(entrypoint=("python", "x.py"), directory="/c", mounts=())
    command = Native("/env").command(job)
    assert command.words == ("/env/bin/python", "x.py", "train", "--data=/w/data", "--out=/w/out/m.txt")
    assert dict(command.env)["VIRTUAL_ENV"] == "/env"


def test_programs_of_a_task_find_its_own_interpreter_first() -> None:
    job = JOB._replace(entrypoint=("python", "x.py"), directory="/c", mounts=())
    assert dict(Native(python="/opt/py/bin/python", path="/bin").command(job).env)["PATH"] == "/opt/py/bin:/bin"
    assert "PATH" not in dict(Native(python="python3").command(job).env)


def test_what_a_container_cannot_do_is_refused_not_dropped() -> None:
    with pytest.raises(UsageError, match="memory"):
        Native().command(JOB._replace(entrypoint=("x",), limits=Limits(memory="4g")))


@pytest.mark.parametrize(
    ("text", "form"),
    [("", ""), ("0", ""), ("-1", ""), ("2", "2"), ("all", "all"), ("device=1,GPU-abc", "device=1,GPU-abc"),
     ("0,1", "device=0,1")],
)  # fmt: skip
def test_forms_of_gpu_requests(text: str, form: str) -> None:
    assert checked_gpus(text) == form


@pytest.mark.parametrize("text", ["some", "1.5", "device=", "device=a;b", "0,,1", "device=$(x)"])
def test_other_gpu_requests_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="gpus"):
        checked_gpus(text)


def test_ssh_brings_runs_and_fetches() -> None:
    launcher = SSH(Connection("n1", "bob", "/k/id"), "/remote")
    steps = Runner(launcher, DockerLike(("podman",))).steps(JOB)
    ssh = ("ssh", "-i", "/k/id", "bob@n1")
    assert steps.command.words[:4] == ssh
    remote = shlex.split(steps.command.words[4])
    assert remote[:2] == ["podman", "run"]
    assert "/remote/data-" in remote[3]
    assert remote[3].endswith(":/io0:ro")
    assert remote[-2:] == ["--data=/io0", "--out=/io1/m.txt"]
    assert steps.after[0].words[-1] == "/w/out/m.txt"
    assert steps.after[0].words[-2].startswith("bob@n1:/remote/out-")


def test_ssh_quotes_what_it_sends() -> None:
    path = "/w/it's; touch x"
    job = JOB._replace(words=(PathWord("--d=", path),), mounts=(Mount(path, "/io0"),), inputs=(), outputs=())
    steps = Runner(SSH(Connection("n1"), "/r"), DockerLike()).steps(job)
    mount = shlex.split(steps.command.words[-1])[3]
    assert mount.split("/")[2].startswith("it's; touch x-")


def test_slurm_with_apptainer() -> None:
    job = JOB._replace(limits=Limits(memory="4g", gpus="2", cpus="2"), image=Image("/i/x.sif", context="/c"))
    words = Runner(Slurm("debug", time="10"), Apptainer()).steps(job).command.words
    assert words[:6] == ("srun", "--job-name=train", "--partition=debug", "--time=10", "--mem=4G", "--cpus-per-task=2")
    assert words[6:9] == ("--gres=gpu:2", "apptainer", "run")


def test_slurm_grants_what_a_native_job_cannot_ask_for() -> None:
    job = JOB._replace(entrypoint=("x",), limits=Limits(memory="4g"), mounts=())
    assert "--mem=4G" in Runner(Slurm(), Native()).steps(job).command.words


@pytest.mark.parametrize("limits", [Limits(cpus="many"), Limits(cpuset="0-x"), Limits(cpus="inf")])
def test_slurm_refuses_processors_that_are_no_number(limits: Limits) -> None:
    with pytest.raises(UsageError, match="--cpu"):
        Runner(Slurm(), Native()).steps(JOB._replace(entrypoint=("x",), mounts=(), limits=limits))


def test_a_slurm_batch_script_is_quoted() -> None:
    job = JOB._replace(entrypoint=("x y",), mounts=(), words=("a'b",))
    command = Runner(Slurm(batch=True), Native()).steps(job).command
    assert command.stdin.splitlines()[1].endswith("'x y' 'a'\"'\"'b'")
    assert "--wait" in command.words


def test_the_pasteable_line_runs_the_same_words() -> None:
    command = DockerLike().command(JOB._replace(env=(("A", "b c"),)))
    assert tuple(shlex.split(pasteable(command))) == command.words


def test_kubernetes_manifest() -> None:
    launcher = Kubernetes("data", cube="My Cube", token="abc1")
    job = JOB._replace(
        mounts=(Mount("/w", "/mnt/mlcube/data"),), entrypoint=("python", "x.py"), env=(("A", "b"),),
        limits=Limits(gpus="2", memory="4g"),
    )  # fmt: skip
    manifest = launcher.manifest(job)
    assert manifest["metadata"]["name"] == "mlcube-my-cube-train-abc1"
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["python", "x.py"]
    assert container["args"] == ["train", "--data=/mnt/mlcube/data/data", "--out=/mnt/mlcube/data/out/m.txt"]
    assert container["resources"] == {"limits": {"nvidia.com/gpu": 2, "memory": "4Gi"}}
    assert container["env"] == [{"name": "A", "value": "b"}]


@pytest.mark.parametrize(
    ("text", "name"), [("My Cube", "my-cube"), ("a_b", "a-b"), ("--", "job"), ("x" * 80, "x" * 63)]
)
def test_resource_names_are_valid(text: str, name: str) -> None:
    assert resource_name(text) == name


@pytest.mark.parametrize(("text", "quantity"), [("4g", "4Gi"), ("512m", "512Mi"), ("100", "100"), ("2Gi", "2Gi")])
def test_memory_quantities(text: str, quantity: str) -> None:
    assert memory_quantity(text) == quantity


def test_a_kubeflow_pipeline_is_a_chain() -> None:
    jobs = (JOB, JOB._replace(name="train"), JOB._replace(name="Test It"))
    tasks = Kubeflow("p", "c").pipeline(jobs)["root"]["dag"]["tasks"]
    assert {name: task.get("dependentTasks") for name, task in tasks.items()} == {
        "train": None, "train-2": ["train"], "test-it": ["train-2"],
    }  # fmt: skip


def test_the_name_of_a_runner_tells_both_parts() -> None:
    assert Runner(Local(), DockerLike(("sudo", "docker"))).name == "sudo docker"
    assert Runner(Slurm(), Apptainer()).name == "slurm+apptainer"
