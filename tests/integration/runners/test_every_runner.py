"""Every combination of launcher and container that can run here passes the shared cases, with real engines."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from franca.model.job import Image, Job, Limits, Mount
from franca.runners.apptainer import Apptainer
from franca.runners.docker import DockerLike
from franca.runners.launcher import Local
from franca.runners.native import Native
from franca.runners.process import Processes
from franca.runners.runner import Runner
from franca.runners.slurm import Slurm
from franca.runners.ssh import SSH, Connection
from franca.testing.runners import RunnerTestCase

IN_CONTAINER = Job("job", (), image=Image("python:3.11-slim"), remove=True, network="none")


class TestNative(RunnerTestCase):
    @pytest.fixture
    def runner(self) -> Runner:
        return Runner(Local(), Native(python="python3"))

    @pytest.fixture
    def base(self) -> Job:
        return Job("job", ())

    def test_a_time_limit_ends_the_job(self, runner: Runner, executor: Processes) -> None:
        job = Job("slow", (), entrypoint=("sleep", "30"), limits=Limits(seconds=1))
        assert executor.run(runner.steps(job._replace(limits=Limits())).command, 1).status == 124


@pytest.mark.engine("docker")
class TestDocker(RunnerTestCase):
    @pytest.fixture
    def runner(self) -> Runner:
        return Runner(Local(), DockerLike())

    @pytest.fixture
    def base(self) -> Job:
        return IN_CONTAINER

    @pytest.fixture
    def executor(self, docker: dict[str, str]) -> Processes:
        return Processes({**os.environ, **docker})

    def test_files_belong_to_the_user_of_the_job(
        self, runner: Runner, base: Job, files: tuple[Path, Path], executor: Processes
    ) -> None:
        files[1].chmod(0o777)
        code = "import sys; open('/mlcube_io1/mine', 'w').close()"
        job = self.job(base, files, code)._replace(user="1234:1235")
        assert self.perform(runner, job, executor) == 0
        found = (files[1] / "mine").stat()
        assert (found.st_uid, found.st_gid) == (1234, 1235)

    def test_read_only_inputs_cannot_be_changed(
        self, runner: Runner, base: Job, files: tuple[Path, Path], executor: Processes
    ) -> None:
        code = "open('/mlcube_io0/x', 'w')"
        assert self.perform(runner, self.job(base, files, code), executor) == 1
        assert not (files[0] / "x").exists()

    def test_removed_containers_are_gone(
        self, runner: Runner, base: Job, files: tuple[Path, Path], executor: Processes, docker: dict[str, str]
    ) -> None:
        def containers() -> set[bytes]:
            words = ["docker", "ps", "-aq", "--no-trunc"]
            done = subprocess.run(words, env={**os.environ, **docker}, capture_output=True, check=True)
            return set(done.stdout.split())

        before = containers()  # of tests whose engine refused a task in the published profile
        assert self.perform(runner, self.job(base, files, "pass"), executor) == 0
        assert not containers() - before


@pytest.mark.engine("podman")
class TestPodman(RunnerTestCase):
    @pytest.fixture
    def runner(self, podman: tuple[str, ...]) -> Runner:
        return Runner(Local(), DockerLike(podman))

    @pytest.fixture
    def base(self) -> Job:
        return IN_CONTAINER


@pytest.mark.engine("apptainer")
class TestApptainer(RunnerTestCase):
    @pytest.fixture
    def runner(self) -> Runner:
        return Runner(Local(), Apptainer())

    @pytest.fixture
    def base(self, apptainer: Path) -> Job:
        return Job("job", (), image=Image(str(apptainer)))

    def test_an_image_file_is_built_once(
        self, runner: Runner, executor: Processes, apptainer: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "x.def").write_text(f"Bootstrap: localimage\nFrom: {apptainer}\n%post\n    echo built > /built\n")
        words = ("--mksquashfs-args", "-comp lz4") if os.path.exists("/usr/bin/mksquashfs") else ()
        image = Image(str(tmp_path / "i" / "x.sif"), context=str(tmp_path), recipe="x.def", build_words=words)
        job = Job("job", (), entrypoint=("test", "-s", "/built"), image=image)
        assert self.perform(runner, job, executor) == 0
        before = os.stat(image.name).st_mtime_ns
        assert self.perform(runner, job, executor) == 0
        assert os.stat(image.name).st_mtime_ns == before


@pytest.mark.engine("slurm")
class TestSlurmApptainer(RunnerTestCase):
    @pytest.fixture
    def runner(self, slurm: None) -> Runner:
        return Runner(Slurm("debug"), Apptainer())

    @pytest.fixture
    def base(self, apptainer: Path) -> Job:
        return Job("job", (), image=Image(str(apptainer)))


@pytest.mark.engine("slurm")
class TestSlurmNative(RunnerTestCase):
    @pytest.fixture
    def runner(self, slurm: None) -> Runner:
        return Runner(Slurm("debug"), Native(python="python3"))

    @pytest.fixture
    def base(self) -> Job:
        return Job("job", (), limits=Limits(memory="100m", cpus="1"))


@pytest.mark.engine("slurm")
def test_a_batch_job_shows_its_output_and_has_its_status(
    slurm: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One job only: ``sbatch --wait`` looks every two, later every ten seconds."""
    runner = Runner(Slurm("debug", batch=True, log=str(tmp_path / "%x log.txt")), Native(python="python3"))
    code = "import os, sys; print(os.environ['SHARED_CASE'], sys.argv[1:]); sys.exit(42)"
    job = Job("b", ("it's", "$HOME a"), entrypoint=("python3", "-c", code), env=(("SHARED_CASE", "x y"),))
    assert runner.run(job, Processes(dict(os.environ))).status == 42
    assert "x y [\"it's\", '$HOME a']" in capfd.readouterr().out


@pytest.mark.engine("slurm")
class TestSlurmPodman(RunnerTestCase):
    @pytest.fixture
    def runner(self, slurm: None, podman: tuple[str, ...]) -> Runner:
        return Runner(Slurm("debug"), DockerLike(podman))

    @pytest.fixture
    def base(self) -> Job:
        return IN_CONTAINER


@pytest.mark.engine("ssh")
class TestSshPodman(RunnerTestCase):
    @pytest.fixture
    def runner(self, ssh_words: tuple[str, ...], podman: tuple[str, ...], tmp_path: Path) -> Runner:
        conf = os.environ["CONTAINERS_CONF"]
        connection = Connection("node1", program=ssh_words)
        return Runner(
            SSH(connection, str(tmp_path / "remote")), DockerLike(("env", f"CONTAINERS_CONF={conf}", *podman))
        )

    @pytest.fixture
    def base(self) -> Job:
        return IN_CONTAINER

    def perform(self, runner: Runner, job: Job, executor: Processes) -> int:
        """The remote directory is another one than ours: nothing can be shared by accident."""
        remote = Path(runner.launcher.remote_root)  # type: ignore[attr-defined]
        status = super().perform(runner, job, executor)
        assert remote.exists()
        return status


@pytest.mark.engine("docker")
def test_an_image_is_built_loaded_and_probed(docker: dict[str, str], tmp_path: Path) -> None:
    executor = Processes({**os.environ, **docker})
    (tmp_path / "Dockerfile").write_text("FROM python:3.11-slim\nRUN echo built > /built\n")
    image = Image("franca-test/built:1", context=str(tmp_path), recipe=str(tmp_path / "Dockerfile"), strategy="auto")
    runner = Runner(Local(), DockerLike())
    job = IN_CONTAINER._replace(image=image, entrypoint=("test", "-s", "/built"))
    stage = runner.steps(job).before[0]
    assert stage.unless is not None
    assert not executor.run(stage.unless).ok
    runner.configure(job, executor)
    assert executor.run(stage.unless).ok
    assert runner.run(job, executor).status == 0


@pytest.mark.engine("docker")
def test_what_an_engine_refuses_has_a_next_step(docker: dict[str, str]) -> None:
    from franca.errors import StepFailed

    executor = Processes({**os.environ, **docker})
    job = IN_CONTAINER._replace(image=Image("no.such.host.invalid/x:1"))
    with pytest.raises(StepFailed) as caught:
        Runner(Local(), DockerLike()).configure(job, executor)
    assert "build_strategy=auto" in caught.value.hint


def test_a_stopped_engine_is_named_with_the_next_step(tmp_path: Path) -> None:
    import shutil

    from franca.runners.runner import is_hopeless

    if not shutil.which("docker"):
        pytest.skip("docker is not installed")
    executor = Processes({**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"})
    stage = DockerLike().prepare(IN_CONTAINER)
    assert stage.unless is not None
    assert is_hopeless(executor.run(stage.unless))


def test_mounts_outside_the_named_places_are_never_made() -> None:
    job = IN_CONTAINER._replace(mounts=(Mount("/a", "/io0"),))
    words = DockerLike().command(job).words
    assert [w for w in words if ":/" in w] == ["/a:/io0"]
