"""From definitions to jobs and printed commands: settings, options, workspaces, container_config.yaml."""

from __future__ import annotations

import io
import itertools
import json
import os
import shlex
import tarfile
from pathlib import Path
from typing import Any

import pytest

from franca.cube.definition import parse_override
from franca.cube.dockerfile import read_dockerfile
from franca.cube.execute import plan, plan_configure
from franca.cube.request import FRANCA, PUBLISHED, Options, Request
from franca.cube.session import Console, Session
from franca.errors import FrancaError, MalformedFile, NotFound, UsageError

CUBE = """name: c
docker: {image: org/c:1, gpu_args: "--gpus=all --shm-size=1g"}
tasks:
  t: {parameters: {inputs: {i: in/}, outputs: {o: out/}}}
"""


class Bench:
    """A cube in a directory, and plans of it."""

    def __init__(self, root: Path, text: str, name: str = "mlcube.yaml") -> None:
        self.root = root
        self.warnings: list[str] = []
        (root / name).write_text(text)
        self.environ = {"HOME": str(root / "home"), "PATH": "/nowhere", "FRANCA_CACHE": str(root / "cache")}

    def session(self, *overrides: str, **request: Any) -> Session:
        request.setdefault("cube", str(self.root))
        parsed = tuple(parse_override(text) for text in overrides)
        console = Console(print, self.warnings.append, lambda text: None)
        return Session(Request(overrides=parsed, **request), self.environ, console, str(self.root))

    def words(self, *overrides: str, **request: Any) -> list[str]:
        """The last command of the only task."""
        return shlex.split(plan(self.session(*overrides, **request))[0].lines[-1])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, CUBE)


def test_our_profile_removes_containers_and_maps_the_user(bench: Bench) -> None:
    words = bench.words(profile=FRANCA)
    assert words[2:4] == ["--rm", f"--user={os.getuid()}:{os.getgid()}"]
    assert "--rm" not in bench.words(profile=PUBLISHED)


@pytest.mark.parametrize(
    ("overrides", "options", "gpus"),
    [
        ([], Options(), []),
        (["platform.accelerator_count=1"], Options(), ["--gpus=all"]),
        (["platform.accelerator_count=1"], Options(gpus="2"), ["--gpus=2"]),
        (["platform.accelerator_count=1"], Options(gpus=""), []),
        (["platform.accelerator_count=3", "docker.gpu_args=--x"], Options(), ["--gpus=3"]),
        (["platform.accelerator_count=2.0", "docker.gpu_args=--x"], Options(), ["--gpus=2"]),
    ],
)
def test_one_request_for_gpus(bench: Bench, overrides: list[str], options: Options, gpus: list[str]) -> None:
    words = bench.words(*overrides, options=options)
    assert [word for word in words if word.startswith("--gpus")] == gpus


def test_options_that_a_runner_does_not_know_are_refused(bench: Bench) -> None:
    with pytest.raises(UsageError, match="--memory"):
        bench.session(platform="native", options=Options(memory="4g"))


@pytest.mark.parametrize("key", ["docker.imag=x", "runner.imag=x"])
def test_unknown_keys_of_a_runner_are_refused(bench: Bench, key: str) -> None:
    with pytest.raises(MalformedFile, match="imag") as caught:
        bench.session(key)
    assert "did you mean 'image'" in caught.value.hint


def test_unknown_keys_of_the_settings_are_ignored(bench: Bench) -> None:
    home = bench.root / "home"
    home.mkdir()
    (home / "mlcube.yaml").write_text("platforms: {docker: {runner: docker, --new_thing: x, docker: podman}}\n")
    session = bench.session()
    assert any("--new_thing" in warning for warning in session.config.warnings)
    assert bench.words()[0] == "podman"


def test_maps_of_settings_cube_and_command_line_are_joined(bench: Bench) -> None:
    home = bench.root / "home"
    home.mkdir()
    (home / "mlcube.yaml").write_text("platforms: {docker: {runner: docker, env_args: {A: 1, B: '$HOME'}}}\n")
    words = bench.words("docker.env_args.C=c d")
    assert [b for a, b in itertools.pairwise(words) if a == "-e"] == ["A=1", f"B={home}", "C=c d"]


def test_a_known_parameter_is_suggested_for_a_misspelt_one(bench: Bench) -> None:
    with pytest.raises(NotFound, match="unknown parameter 'oo'"):
        bench.session(values=(("oo", "x"),))


def test_strict_profiles_need_every_file_before_anything(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "name: c\ndocker: {image: a}\ntasks: {t: {parameters: {inputs: {f: {type: file}}}}}\n")
    with pytest.raises(NotFound, match="missing input file"):
        plan(bench.session(profile=FRANCA))
    assert plan(bench.session(profile=PUBLISHED))
    assert "missing input file" in bench.warnings[0]
    assert plan(bench.session(profile=FRANCA, keep_going_without_files=True))
    optional = "tasks.t.parameters.inputs.f.optional=true"
    assert plan(bench.session(optional, profile=FRANCA))


def test_a_file_that_an_earlier_task_makes_is_not_missing(tmp_path: Path) -> None:
    text = "name: c\ndocker: {image: a}\ntasks:\n  a: {parameters: {outputs: {o: d/}}}\n" \
           "  b: {parameters: {inputs: {f: {type: file, default: d/x}}}}\n"  # fmt: skip
    bench = Bench(tmp_path, text)
    assert len(plan(bench.session(profile=FRANCA, tasks=("a", "b")))) == 2
    with pytest.raises(NotFound):
        plan(bench.session(profile=FRANCA, tasks=("b",)))


@pytest.mark.parametrize(
    ("value", "path"),
    [("x", "{ws}/x"), ("x/", "{ws}/x"), ("/abs", "/abs"), ("~/x", "{home}/x"), ("$HOME/x", "{home}/x"),
     ("$NOT_SET/x", "{ws}/$NOT_SET/x"), ("../../x", "{up}/x"), ("a/./b//c", "{ws}/a/b/c"), ("x\\", "{ws}/x")],
)  # fmt: skip
def test_paths_of_parameters(bench: Bench, value: str, path: str) -> None:
    words = bench.words(values=(("o", value), ("i", "/i")))
    expected = path.format(ws=bench.root / "workspace", home=bench.root / "home", up=bench.root.parent)
    assert f"{expected}:/mlcube_io1" in words


def test_container_config_mounts_fixed_paths_and_passes_no_words(tmp_path: Path) -> None:
    text = """container_type: DockerImage
image: org/model:1
tasks:
  infer:
    run_args: {command: python3 /x.py, shm_size: 2g, environment: {K: V}, gpus: 1}
    input_volumes: {data_path: {mount_path: /volumes/data, type: directory}}
    output_volumes: {output_path: {mount_path: /volumes/out, type: directory}}
"""
    bench = Bench(tmp_path, text, "container_config.yaml")
    words = bench.words(values=(("data_path", "/d"), ("output_path", "/o")))
    assert words == [
        "docker", "run", "--rm", f"--user={os.getuid()}:{os.getgid()}", "--shm-size=2g", "--network=none", "--gpus=1",
        "-e", "K=V", "--volume", "/d:/volumes/data:ro", "--volume", "/o:/volumes/out:rw", "org/model:1", "python3",
        "/x.py",
    ]  # fmt: skip


def test_container_config_with_an_image_file(tmp_path: Path) -> None:
    text = """container_type: SingularityFile
image: images/m.sif
tasks:
  infer:
    run_args: {command: python3 /x.py, shm_size: 2g, environment: {K: V}, ports: "80:80"}
    output_volumes: {output_path: {mount_path: /volumes/out, type: directory}}
"""
    bench = Bench(tmp_path, text, "container_config.yaml")
    with pytest.raises(NotFound, match="is not here"):
        bench.session(platform="apptainer")
    (tmp_path / "images").mkdir()
    (tmp_path / "images/m.sif").write_text("")
    line = plan(bench.session(platform="apptainer", values=(("output_path", "/o"),)))[0].lines[-1]
    assert shlex.split(line.strip("() "))[3:] == [
        "APPTAINER_NO_EVAL=1", "APPTAINERENV_K=V", "apptainer", "run", "--cleanenv", "--containall", "--net",
        "--network=none", "--bind", "/o:/volumes/out:rw", f"{tmp_path}/images/m.sif", "python3", "/x.py",
    ]  # fmt: skip


def test_container_config_with_a_docker_archive(tmp_path: Path) -> None:
    text = "container_type: DockerArchive\nimage: m.tar\ntasks: {t: {run_args: {command: x}}}\n"
    bench = Bench(tmp_path, text, "container_config.yaml")
    for tags, name in ((["org/m:1"], "org/m:1"), (None, "sha256:" + "ab" * 32)):
        manifest = json.dumps([{"Config": f"blobs/sha256/{'ab' * 32}", "RepoTags": tags}]).encode()
        with tarfile.open(tmp_path / "m.tar", "w") as archive:
            member = tarfile.TarInfo("manifest.json")
            member.size = len(manifest)
            archive.addfile(member, io.BytesIO(manifest))
        assert plan_configure(bench.session()) == [f"docker load -i {tmp_path}/m.tar"]
        assert name in bench.words()
    for content in (b"no archive", b""):
        (tmp_path / "m.tar").write_bytes(content)
        with pytest.raises(MalformedFile, match="docker save"):
            bench.session()


@pytest.mark.parametrize(
    ("platform", "gpus", "words"),
    [
        ("docker", "2", "--gpus=2"), ("docker", "all", "--gpus=all"), ("docker", "device=0,G", "--gpus=device=0,G"),
        ("podman", "2", "--gpus=2"), ("singularity", "2", "--nv"),
        ("singularity", "device=0,1", "SINGULARITYENV_CUDA_VISIBLE_DEVICES=0,1"),
        ("apptainer", "device=0,1", "APPTAINERENV_CUDA_VISIBLE_DEVICES=0,1"), ("k8s", "2", '"nvidia.com/gpu": 2'),
        ("kubeflow", "2", "resourceCount: '2'"), ("slurm+docker", "2", "--gres=gpu:2"), ("ssh", "2", "--gpus=2"),
        ("ssh+docker", "2", "--gpus=2"),
    ],
)  # fmt: skip
def test_gpus_go_to_every_runner_in_its_own_words(bench: Bench, platform: str, gpus: str, words: str) -> None:
    ours = ("ssh.host=n1", "ssh.remote_root=/r") if platform.startswith("ssh") else ()
    claim = ("runner.pvc=p",) if platform in ("k8s", "kubeflow") else ()
    shown = plan(bench.session(*ours, *claim, "docker.gpu_args=", platform=platform, options=Options(gpus=gpus)))
    assert words in "\n".join(shown[0].lines)
    nothing = plan(bench.session(*ours, *claim, platform=platform))
    assert words not in str(nothing)


@pytest.mark.parametrize("platform", ["k8s", "kubeflow", "slurm+docker"])
def test_a_scheduler_is_asked_for_a_number_of_gpus(bench: Bench, platform: str) -> None:
    with pytest.raises(UsageError, match="GPUs"):
        claim = () if platform == "slurm+docker" else ("runner.pvc=p",)
        plan(bench.session(*claim, platform=platform, options=Options(gpus="device=0,1")))


def test_another_count_than_the_definitions_is_worth_a_warning(bench: Bench) -> None:
    for declared, count, warned in (("2", "2", False), ("2.0", "2", False), ("2", "3", True), ("2", "all", False)):
        bench.warnings.clear()
        plan(bench.session(f"platform.accelerator_count={declared}", options=Options(gpus=count)))
        assert any("accelerator_count: 2" in text for text in bench.warnings) == warned


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("image: org/model:1", "image: "), "image is missing"),
        (("command: x", "comand: x"), "comand"),
        (("mount_path: /v", "mount_path: v"), "absolute"),
        (("type: directory", "type: dir"), "type must be"),
        (("DockerImage", "Other"), "container type"),
        (("DockerImage", "EncryptedDockerArchive"), "key"),
    ],
)
def test_container_config_errors(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    text = "container_type: DockerImage\nimage: org/model:1\ntasks: {t: {run_args: {command: x}, " \
           "input_volumes: {d: {mount_path: /v, type: directory}}}}\n"  # fmt: skip
    with pytest.raises(FrancaError, match=message):
        Bench(tmp_path, text.replace(*change), "container_config.yaml").session()


def test_combinations_of_launcher_and_container(bench: Bench) -> None:
    ssh = ("ssh.host=n1", "ssh.remote_root=/r", "ssh.authentication.user=bob")
    assert bench.words(*ssh, platform="ssh+podman")[:1] == ["rsync"]
    assert bench.words(platform="slurm+apptainer", options=Options(gpus="2", memory="4g"))[:2] == ["(", "cd"]
    assert "--mem=4G" in bench.words(platform="slurm+docker", options=Options(memory="4g"))
    native = plan(
        bench.session("native.entrypoint=x", platform="slurm+native", options=Options(memory="4g", cpu="0-3", gpus="1"))
    )
    words = shlex.split(native[0].lines[-1].strip("( )"))
    assert {"--mem=4G", "--cpus-per-task=4", "--gres=gpu:1"} <= set(words)
    with pytest.raises(UsageError, match="LAUNCHER"):
        bench.session(platform="ssh+slurm+docker")


def test_configure_can_be_planned(bench: Bench) -> None:
    assert plan_configure(bench.session()) == ["docker pull org/c:1"]
    (bench.root / "Dockerfile").write_text("FROM x\n")
    assert plan_configure(bench.session("docker.build_strategy=auto", "docker.build_args={A: b c}")) == [
        f"docker build --build-arg 'A=b c' -t org/c:1 -f {bench.root}/Dockerfile {bench.root}"
    ]
    assert plan_configure(bench.session("docker.tar_file=x.tar")) == [f"docker load -i {bench.root}/x.tar"]


def test_a_plan_changes_nothing(bench: Bench) -> None:
    before = sorted(str(p) for p in bench.root.rglob("*"))
    for platform in ("docker", "singularity", "k8s", "slurm+docker"):
        plan(bench.session(platform=platform, workspace="elsewhere"))
    assert sorted(str(p) for p in bench.root.rglob("*") if "cache" not in p.parts) == before


MIXED = """name: c
docker: {image: a}
tasks:
  t:
    parameters:
      inputs: {cfg: {type: file}, own: {type: file, opts: rw}, d: d/, none: {type: file, optional: true}}
      outputs: {log: {type: file, default: d/log}, own_out: {type: file, default: chat}}
"""


def mounts(words: list[str]) -> list[str]:
    return [b.rpartition("/workspace")[2] for a, b in itertools.pairwise(words) if a == "--volume"]


def test_inputs_can_be_mounted_alone_and_read_only(tmp_path: Path) -> None:
    bench = Bench(tmp_path, MIXED)
    (tmp_path / "workspace/d").mkdir(parents=True)
    for name in ("cfg", "own"):
        (tmp_path / "workspace" / name).write_text("x")
    words = bench.words(isolate=True)
    assert mounts(words) == [
        "/cfg:/mlcube_io0/cfg:ro", "/own:/mlcube_io1/own:rw", "/d:/mlcube_io2:rw", ":/mlcube_io3:rw",
    ]  # fmt: skip
    assert words[-7:] == [
        "t", "--cfg=/mlcube_io0/cfg", "--own=/mlcube_io1/own", "--d=/mlcube_io2", "--none=/mlcube_io3/none",
        "--log=/mlcube_io2/log", "--own_out=/mlcube_io3/chat",
    ]  # fmt: skip
    assert mounts(bench.words()) == [":/mlcube_io0:rw", "/d:/mlcube_io1"]


def test_inputs_are_read_only_in_the_strict_profile(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CUBE)
    assert mounts(bench.words(profile=FRANCA._replace(strict=True))) == ["/in:/mlcube_io0:ro", "/out:/mlcube_io1"]
    asked = bench.words("tasks.t.parameters.inputs.i.opts=rw", profile=FRANCA._replace(strict=True))
    assert mounts(asked) == ["/in:/mlcube_io0:rw", "/out:/mlcube_io1"]


def test_a_file_that_is_a_directory_is_mounted_with_its_siblings(tmp_path: Path) -> None:
    """``type: file`` with the path of a directory is legal (MLCube spec, section 3)."""
    bench = Bench(tmp_path, MIXED)
    (tmp_path / "workspace/cfg").mkdir(parents=True)
    (tmp_path / "workspace/own").write_text("x")
    assert mounts(bench.words(isolate=True))[0] == ":/mlcube_io0:rw"


@pytest.mark.parametrize("place", ["outside", "cube/inside"])
def test_a_file_travels_over_ssh_with_its_directory(tmp_path: Path, place: str) -> None:
    (tmp_path / "cube").mkdir()
    bench = Bench(tmp_path / "cube", MIXED.replace("own: {type: file, opts: rw}, ", ""))
    (tmp_path / place).mkdir()
    (tmp_path / place / "cfg").write_text("x")
    ssh = ("ssh.host=n1", "ssh.remote_root=/r")
    values = (("cfg", str(tmp_path / place / "cfg")),)
    lines = plan(bench.session(*ssh, platform="ssh+docker", isolate=True, values=values))[0].lines
    push = next(shlex.split(line) for line in lines if line.startswith("rsync") and f"{place}/cfg" in line)
    remote = push[-1].removeprefix("n1:")
    run = next(line for line in lines if line.startswith("ssh n1 'docker run"))
    assert f"{remote}:/mlcube_io0/cfg:ro" in run
    made = next(shlex.split(shlex.split(line)[-1]) for line in lines if line.startswith("ssh n1 'mkdir"))
    assert os.path.dirname(remote) in made
    assert remote not in made


def test_image_files_made_from_docker_images_are_kept_once_per_user(tmp_path: Path) -> None:
    places = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        bench = Bench(tmp_path / name, CUBE)
        bench.environ["FRANCA_CACHE"] = str(tmp_path / "cache")
        places.append(next(w for w in bench.words(platform="apptainer", profile=FRANCA) if w.endswith(".sif")))
        assert str(tmp_path / name / "workspace/.image/orgc1.sif") in bench.words(platform="apptainer")
    assert places[0] == places[1]
    assert places[0].startswith(str(tmp_path / "cache"))
    (tmp_path / "two/workspace/.image").mkdir(parents=True)
    (tmp_path / "two/workspace/.image/orgc1.sif").write_text("made by mlcube configure")
    assert str(tmp_path / "two/workspace/.image/orgc1.sif") in bench.words(platform="apptainer", profile=FRANCA)
    (tmp_path / "two/workspace/.image/orgc1.sif").unlink()
    other = bench.words("docker.image=org/c:2", platform="apptainer", profile=FRANCA)
    assert os.path.dirname(next(w for w in other if w.endswith(".sif"))) != os.path.dirname(places[0])
    (tmp_path / "two/x.tar").write_text("1")
    tar = "docker.tar_file=x.tar"
    first = bench.words(tar, platform="apptainer", profile=FRANCA)
    (tmp_path / "two/x.tar").write_text("another one")
    assert bench.words(tar, platform="apptainer", profile=FRANCA) != first


def test_what_a_dockerfile_says() -> None:
    found = read_dockerfile(
        "# x\nFROM a AS one\nENTRYPOINT wrong\nFROM b\nENV A=1 B='x y'\nWORKDIR /app\nWORKDIR sub\n"
        "COPY --chown=1 main.py \\\n  util.py ./\nCOPY requirements.txt /tmp/\nADD src /src\nCOPY --from=one /x /y\n"
        'ENTRYPOINT ["python3", "/app/sub/main.py"]\n'
    )
    assert found.entrypoint == ("python3", "/app/sub/main.py")
    assert found.workdir == "/app/sub"
    assert found.source_of("/app/sub/util.py") == "util.py"
    assert found.source_of("main.py") == "main.py"
    assert found.source_of("/src/a/b.py") == "src/a/b.py"
    assert found.source_of("/y") is None
    assert found.requirements() == "requirements.txt"
    assert dict(found.env) == {"A": "1", "B": "x y"}


@pytest.mark.parametrize(
    ("programs", "engine"),
    [(["apptainer"], "apptainer"), (["apptainer", "singularity"], "singularity"), ([], "singularity")],
)
def test_apptainer_answers_for_singularity_where_only_it_is_installed(
    tmp_path: Path, programs: list[str], engine: str
) -> None:
    bench = Bench(tmp_path, CUBE)
    for name in programs:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    bench.environ["PATH"] = str(tmp_path)
    assert engine in bench.words(platform="singularity")
    memory = bench.words(platform="singularity", options=Options(memory="4g"))
    assert ("--memory=4g" in memory, "--vm-ram=4g" in memory) == (engine == "apptainer", engine == "singularity")


def test_a_copy_that_fails_half_way_is_not_taken_for_the_input(tmp_path: Path) -> None:
    from franca.cube.workspace import copy_inputs
    from franca.errors import Unavailable

    source = tmp_path / "in"
    source.mkdir()
    (source / "fine").write_text("1")
    os.mkfifo(source / "a pipe cannot be copied")
    with pytest.raises(Unavailable, match="is a named pipe"):
        copy_inputs([(str(source), str(tmp_path / "ws" / "in"))])
    assert os.listdir(tmp_path / "ws") == []
