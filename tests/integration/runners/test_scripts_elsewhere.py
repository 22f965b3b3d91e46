"""Scripts in containers, on other machines and in Slurm jobs, and cubes of scripts, for real: images are built from
generated recipes, with Franca installed from a wheel, and results come back through mounted or shared folders."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.runners.conftest import IMAGE
from tests.integration.runners.offline_image import lay_out_programs, make_wheels

pytestmark = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the image has Python 3.11; wheels are ours")
BASE = "franca-offline:1"
META = {
    "alias": "s",
    "uid": "00112233445566aa",
    "automation_alias": "script",
    "automation_uid": "5b4e0237da074764",
    "tags": ["in", "box"],
    "input_mapping": {"data": "CM_DATA", "word": "CM_WORD"},
    "docker": {"mounts": ["${{ CM_DATA }}:${{ CM_DATA }}"], "real_run": True},
}
RUN = """
[ -n "$CM_DATA" ] || exit 0
printf '%s|' "$CM_WORD" "$CM_RUN_STATE_DOCKER" "$CM_DATA" "$(printf %s "$MY_TOKEN" | sha256sum)" > "$CM_DATA/out.txt"
cat /proc/[0-9]*/cmdline 2> /dev/null | tr '\\0' ' ' > "$CM_DATA/command-lines.txt"
"""
TOKEN = "open sesame"


class Home(NamedTuple):
    """A home with the script, and a folder for its results."""

    path: Path
    data: Path
    environ: dict[str, str]

    def front(self, program: str, *words: str, status: int = 0) -> str:
        done = subprocess.run(
            [Path(sys.executable).parent / program, *words], env=self.environ, cwd=self.path,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=280,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def told(self, container: str) -> None:
        """The script saw what it was given, in or out of a container, and no command line held the secret."""
        data = f"/cm-mount{self.data}" if container else str(self.data)
        token = hashlib.sha256(TOKEN.encode()).hexdigest()
        assert (self.data / "out.txt").read_text() == f"it's me|{container}|{data}|{token}  -|"
        assert (self.data / "out.txt").stat().st_uid == os.getuid()
        seen = (self.data / "command-lines.txt").read_text()
        assert "run script --tags=in,box" in seen and TOKEN not in seen


@pytest.fixture
def home(tmp_path: Path) -> Home:
    path, data = tmp_path / "home", tmp_path / "my data"
    script = path / "CM" / "repos" / "local" / "script" / "s"
    script.mkdir(parents=True)
    data.mkdir()
    (script / "_cm.json").write_text(json.dumps(META))
    (script / "run.sh").write_text(RUN)
    environ = {**os.environ, "HOME": str(path), "CM_REPOS": "", "MLC_REPOS": ""}
    return Home(path, data, environ)


@pytest.fixture(scope="session")
def wheels(engines_directory: Path) -> Path:
    return make_wheels(engines_directory / "wheels")


@pytest.fixture(scope="session")
def programs(engines_directory: Path) -> Path:
    lay_out_programs(engines_directory / "base" / "root")
    return engines_directory / "base"


@pytest.fixture(scope="session")
def offline_docker(docker: dict[str, str], programs: Path) -> dict[str, str]:
    """A Docker daemon with an image in which generated Dockerfiles build without a network."""
    (programs / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY root /\n")
    done = subprocess.run(["docker", "build", "-q", "-t", BASE, str(programs)], env={**os.environ, **docker},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return docker


@pytest.fixture(scope="session")
def offline_root(root_file_system: Path, programs: Path, engines_directory: Path) -> Path:
    """The same image as a folder. ``tar`` replaces links where a copy would write through them."""
    image = engines_directory / "offline"
    image.mkdir()
    subprocess.run(["tar", "-C", str(image), "-xf", str(root_file_system)], check=True)
    with subprocess.Popen(["tar", "-C", str(programs / "root"), "-c", "."], stdout=subprocess.PIPE) as source:
        subprocess.run(["tar", "-C", str(image), "-x"], stdin=source.stdout, check=True)
    return image


def how(wheel: Path, base: str) -> tuple[str, ...]:
    """What this Franca needs comes from the wheels beside ``wheel``, without an index; itself it packs."""
    return (
        f"--docker_base_image={base}", "--docker_os=debian", "--docker_os_version=12",
        f"--docker_copy_files={wheel.parent}:/opt/found", "--docker_dockerfile_env.PIP_FIND_LINKS=/opt/found",
        "--docker_dockerfile_env.PIP_NO_INDEX=1", "--docker_dockerfile_env.PIP_NO_COMPILE=1",
    )  # fmt: skip


def given(home: Home) -> tuple[str, ...]:
    """A request. The secret is in a file, because everybody sees the command line of the first program, too."""
    secret = home.path / "secret.json"
    secret.write_text(json.dumps({"env": {"MY_TOKEN": TOKEN}}))
    return ("script", f"@{secret}", "--tags=in,box", f"--data={home.data}", "--word=it's me")


@pytest.mark.engine("docker")
def test_a_script_runs_in_a_container_of_its_generated_dockerfile(
    offline_docker: dict[str, str], wheels: Path, home: Home
) -> None:
    home.environ.update(offline_docker)
    home.front("cm", "docker", *given(home), *how(wheels, BASE))
    home.told("True")
    image = "local/cm-script-s:franca-offline-1-latest"
    shown = subprocess.run(["docker", "history", "--no-trunc", image], env=home.environ, capture_output=True, text=True)
    assert "pip install" in shown.stdout and TOKEN not in shown.stdout


@pytest.mark.engine("docker")
def test_the_shipped_recipes_are_in_the_wheel_and_run_in_a_container(
    offline_docker: dict[str, str], wheels: Path, home: Home
) -> None:
    home.environ.update(offline_docker)
    out = home.front("cm", "docker", "script", "--tags=detect,os", "--docker_extra_run_args=-i", *how(wheels, BASE))
    assert "Successfully built" in out
    path = home.path / "CM/.franca/docker/detect-os_1f665/dockerfiles/debian_12.Dockerfile"
    before = path.read_text()
    path.unlink()
    home.front("cm", "dockerfile", "script", "detect,os", *how(wheels, BASE))
    assert path.read_text() == before


@pytest.mark.engine("docker")
def test_the_recipe_builds_an_image_of_its_dockerfile(offline_docker: dict[str, str], wheels: Path, home: Home) -> None:
    """Content that runs under any engine, and therefore writes the text itself."""
    home.environ.update(offline_docker)
    shutil.copytree(wheels.parent, home.path / "found")
    home.front(
        "cm", "run", "script", "build docker image", "--script_tags=detect,os", "--image_name=prepared", "--quiet",
        f"--docker_base_image={BASE}", f"--package=/opt/found/{wheels.name}", "--copy_files=found:/opt/found",
        "--dockerfile_env.PIP_FIND_LINKS=/opt/found", "--dockerfile_env.PIP_NO_INDEX=1", "--dockerfile=Dockerfile",
        "--dockerfile_env.PIP_NO_COMPILE=1",
    )  # fmt: skip
    words = ["docker", "run", "--rm", "local/prepared:latest", "cm", "run", "script", "detect,os", "--quiet", "--json"]
    done = subprocess.run(words, env=home.environ, capture_output=True, text=True)
    assert json.loads(done.stdout)["new_env"]["CM_HOST_OS_TYPE"] == "linux", done.stderr
    shown = subprocess.run([*words[:4], "id", "-u", "-n"], env=home.environ, capture_output=True, text=True)
    assert shown.stdout.strip() == "cmuser"


@pytest.fixture
def machine(ssh_words: tuple[str, ...], engines_directory: Path) -> tuple[str, ...]:
    """Flags for this machine as another one; Franca is in the virtual environment there."""
    port = next(line.split()[1] for line in Path(ssh_words[2]).read_text().splitlines() if line.split()[0] == "Port")
    return ("--remote_host=127.0.0.1", "--remote_user=root", f"--remote_port={port}", "--remote_skip_host_verify",
            f"--remote_ssh_key_file={engines_directory}/s/id", f"--remote_python_venv={sys.prefix}")  # fmt: skip


@pytest.mark.engine("ssh")
def test_a_script_runs_over_ssh_and_its_files_come_back(machine: tuple[str, ...], home: Home, tmp_path: Path) -> None:
    back = tmp_path / "back"
    back.mkdir()
    home.front("cm", "remote-run", *given(home), *machine, f"--remote_env.HOME={home.path}",
               f"--files_to_copy_back={home.data}/out.txt", f"--path_to_copy_back_files={back}")  # fmt: skip
    home.told("")
    assert (back / "out.txt").read_text() == (home.data / "out.txt").read_text()


@pytest.mark.engine("ssh")
@pytest.mark.engine("docker")
def test_a_container_runs_over_ssh(
    machine: tuple[str, ...], offline_docker: dict[str, str], wheels: Path, home: Home
) -> None:
    there = {**offline_docker, "HOME": str(home.path)}
    flags = [f"--remote_env.{key}={value}" for key, value in there.items()]
    home.front("cm", "remote-docker", *given(home), *machine, *flags, *how(wheels, BASE))
    home.told("True")


@pytest.mark.engine("slurm")
def test_a_script_is_a_job_step(slurm: None, home: Home) -> None:
    home.environ.update(SLURM_CONF=os.environ["SLURM_CONF"], PATH=f"{sys.prefix}/bin:{os.environ['PATH']}")
    home.front("cm", "slurm-run", *given(home), "--slurm_time=5", "--slurm_mem=200")
    home.told("")


@pytest.mark.engine("slurm")
@pytest.mark.engine("docker")
def test_a_container_runs_in_a_job_step(slurm: None, offline_docker: dict[str, str], wheels: Path, home: Home) -> None:
    home.environ.update(offline_docker, SLURM_CONF=os.environ["SLURM_CONF"])
    home.front("cm", "slurm-docker", *given(home), f"--slurm_python_venv={sys.prefix}", *how(wheels, BASE))
    home.told("True")


@pytest.mark.engine("slurm")
@pytest.mark.engine("apptainer")
def test_apptainer_runs_in_a_job_step(
    slurm: None, apptainer: Path, offline_root: Path, wheels: Path, home: Home
) -> None:
    home.environ.update(SLURM_CONF=os.environ["SLURM_CONF"], APPTAINER_DROP_CAPS="CAP_SYS_RESOURCE")
    flags = (*how(wheels, str(offline_root)), "--apptainer_sandbox")
    home.front("cm", "slurm-apptainer", *given(home), f"--slurm_python_venv={sys.prefix}", *flags)
    home.told("True")
    (home.data / "out.txt").unlink()
    home.front("cm", "apptainer", *given(home), *flags)  # the image is there
    home.told("True")


def explored(home: Home) -> list[tuple[dict[str, str], int]]:
    """What was explored and how it ended, by the records of the runs."""
    paths = sorted((home.path / "CM/repos/local/experiment").glob("*/run_*/run.json"))
    found = [json.loads(path.read_text()) for path in paths]
    return [(one["explored"], one["return"]) for one in found]


@pytest.mark.engine("slurm")
def test_values_are_explored_in_a_job_step(slurm: None, home: Home) -> None:
    home.environ.update(SLURM_CONF=os.environ["SLURM_CONF"])
    home.front("cm", "slurm-experiment", "script", "--tags=in,box", "--exp.word,=a,b c", "--exp_tags=mine",
               f"--slurm_python_venv={sys.prefix}")  # fmt: skip
    assert explored(home) == [({"word": "a"}, 0), ({"word": "b c"}, 0)]


@pytest.mark.engine("slurm")
@pytest.mark.engine("ssh")
def test_values_are_explored_in_a_job_step_of_a_cluster_behind_ssh(
    slurm: None, machine: tuple[str, ...], home: Home
) -> None:
    there = {"HOME": str(home.path), "SLURM_CONF": os.environ["SLURM_CONF"]}
    flags = [f"--remote_env.{key}={value}" for key, value in there.items()]
    home.front("cm", "remote-slurm-experiment", *given(home), "--exp.word=1:2", *machine, *flags, "--slurm_nodes=1")
    assert explored(home) == [({"word": "1"}, 0), ({"word": "2"}, 0)]
    told = (home.data / "out.txt").read_text()
    assert told.startswith("2|") and hashlib.sha256(TOKEN.encode()).hexdigest() in told
    assert TOKEN not in (home.data / "command-lines.txt").read_text()


@pytest.mark.engine("docker")
@pytest.mark.parametrize("platform", ["native", "docker"])
def test_a_cube_of_a_script_runs(platform: str, offline_docker: dict[str, str], wheels: Path, home: Home) -> None:
    home.environ.update(offline_docker, PIP_NO_COMPILE="1")
    home.front("franca", "new", "cube", "box", "--from-script=in,box", f"--base-image={BASE}", "--outputs=data/")
    cube = home.path / "box"
    for path in wheels.parent.glob("*.whl"):
        if not path.name.startswith("franca-"):
            shutil.copy(path, cube / "wheels")
    with (cube / "requirements.txt").open("a") as file:
        file.write("--no-index\n")
    (cube / "workspace" / "parameters.yaml").write_text("word: it's me\n")
    home.front("mlcube", "run", f"--mlcube={cube}", f"--platform={platform}", "--task=run")
    assert (cube / "workspace" / "data" / "out.txt").read_text().startswith("it's me|")
    assert json.loads((cube / "workspace" / "results" / "result.json").read_text()) == {"new_env": {}, "new_state": {}}
