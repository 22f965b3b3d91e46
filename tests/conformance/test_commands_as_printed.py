"""Commands that people copy from papers, slides and guides, each run as printed, through the installed programs.

Addresses of content lead to small local repositories (a rewriting rule of git, in a home of the test's own); the
network is out of reach, so what needs it must say so in one sentence. Commands that belong to experiments, the
inference benchmark and cubes are tested with those.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.person import BIN, Person, publish, wheel

pytestmark = pytest.mark.skipif(not (BIN / "cmr").exists(), reason="the commands are not installed beside Python")


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


@pytest.fixture
def pulled(person: Person) -> Person:
    """Somebody who has typed the first command of the guides."""
    publish(person, "mlcommons/ck")
    done = person.types("cm pull repo mlcommons@ck")
    assert done.status == 0, done.err
    return person


# --- installation and repositories ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "program", ["franca", "cm", "cmr", "cmrd", "cmx", "mlcube", "mlc", "mlcr", "mlcp", "mlcd", "mlce", "mlct"]
)  # fmt: skip
def test_the_programs_exist_after_installation(program: str, person: Person) -> None:
    done = person.types(f"{program} --help")
    assert done.status == 0, done.err
    assert done.out.strip()


def test_pull_repo_clones_into_the_home_directory(pulled: Person) -> None:
    assert (pulled.repos / "mlcommons@ck" / "cmr.yaml").is_file()
    assert (pulled.repos / "mlcommons@ck" / ".git").is_dir()


def test_pull_repo_honours_cm_repos(person: Person) -> None:
    publish(person, "mlcommons/ck")
    person.environ["CM_REPOS"] = str(person.work / "elsewhere")
    assert person.types("cm pull repo mlcommons@ck").status == 0
    assert (person.work / "elsewhere" / "repos" / "mlcommons@ck" / "cmr.yaml").is_file()


def test_pull_repo_says_when_the_address_does_not_answer(person: Person) -> None:
    done = person.types("cm pull repo mlcommons@ck")
    assert done.status == 1
    assert says_once(done.err, "https://github.com/mlcommons/ck")
    assert not (person.repos / "mlcommons@ck").exists()


def test_pack_repo(pulled: Person) -> None:
    assert pulled.types("cm pack repo mlcommons@ck").status == 0
    (archive,) = pulled.work.glob("*.zip")
    assert any(name.endswith("get-ml-model-resnet50/run.sh") for name in zipfile.ZipFile(archive).namelist())


# --- the model of the slides ----------------------------------------------------------------------------

MODEL_COMMANDS = [
    "cm run script --tags=get,ml-model,resnet50,_fp32,_onnx --json --save_env",
    'cm run script "get ml-model resnet50 _fp32" --json -v',
    "cm run script 56203e4e998b4bc0 --json",
    "cm run script get-ml-model-resnet50 --json",
]


@pytest.mark.parametrize("line", MODEL_COMMANDS)
def test_getting_the_model_from_pulled_content(line: str, pulled: Person) -> None:
    env = pulled.entry(pulled.types(line))["new_env"]
    assert Path(env["CM_ML_MODEL_FILE_WITH_PATH"]).read_text() == "weights\n"
    assert env["CM_ML_MODEL_PRECISION"] == "fp32"
    if "--save_env" in line:
        assert "export CM_ML_MODEL_FILE_WITH_PATH=" in (pulled.work / "tmp-env.sh").read_text()


@pytest.mark.parametrize("line", MODEL_COMMANDS[:1])
def test_getting_the_model_without_a_network(line: str, person: Person) -> None:
    done = person.types(line)
    assert (done.status, done.out) == (1, "")
    assert says_once(done.err, "resnet50_v1.onnx")


def test_a_uid_that_nobody_has(person: Person) -> None:
    done = person.types("cm run script 56203e4e998b4bc0 --json")
    assert (done.status, done.out) == (1, "")
    assert says_once(done.err, "56203e4e998b4bc0")


def test_the_cache_has_the_verbs_of_scripts(pulled: Person) -> None:
    pulled.types(MODEL_COMMANDS[0])
    (path,) = pulled.types("cm list cache").lines
    assert pulled.types("cm find cache --tags=ml-model,resnet50,_fp32").lines == [path]
    meta = json.loads((Path(path) / "_cm.json").read_text())
    assert {"ml-model", "resnet50", "_fp32", "_onnx"} <= set(meta["tags"])
    state = json.loads((Path(path) / "cm-cached-state.json").read_text())
    assert state["new_env"]["CM_ML_MODEL_FILE_WITH_PATH"] == f"{path}/resnet50.onnx"
    assert pulled.types_and_answers("cm rm cache --tags=ml-model", "n") in (0, 1)
    assert Path(path).is_dir()
    refused = pulled.types("cm rm cache --tags=ml-model")
    assert refused.status == 1
    assert says_once(refused.err, "nobody to answer")
    assert pulled.types_and_answers("cm rm cache --tags=ml-model", "y") == 0
    assert not Path(path).exists()
    pulled.types(MODEL_COMMANDS[0])
    assert pulled.types("cm rm cache -f").status == 0
    assert pulled.types("cm list cache").lines == []


# --- looking at what there is ---------------------------------------------------------------------------


def test_finding_scripts(pulled: Person) -> None:
    everything = pulled.types("cm find script").lines
    content = str(pulled.repos / "mlcommons@ck" / "cm-mlops" / "script" / "get-ml-model-resnet50")
    assert content in everything
    assert any(line.endswith("/script/detect-os") for line in everything), "our own recipes"
    assert pulled.types("cm ls script").lines == everything
    models = pulled.types("cm find script *-ml-model-*").lines
    assert models == [line for line in everything if "-ml-model-" in os.path.basename(line)]
    assert content in pulled.types("cm find script --tags=resnet50").lines
    assert pulled.types("cm find script 56203e4e998b4bc0").lines == [content]
    absent = pulled.types("cm find script 5b4e0237da074764")
    assert (absent.status, absent.lines) == (0, []), "the uid of the automation itself is no script"


def test_loading_a_script(person: Person) -> None:
    data = person.entry(person.types("cm load script get-ml-model-resnet50 --json"))
    assert data["artifact"]["alias"] == "get-ml-model-resnet50" or data["meta"]["alias"] == "get-ml-model-resnet50"


def test_a_script_of_ones_own_from_birth_to_death(person: Person) -> None:
    assert person.types("cm add script my-new-cool-script --tags=my,new,cool-script").status == 0
    path = person.repos / "local" / "script" / "my-new-cool-script"
    assert json.loads((path / "_cm.json").read_text())["tags"] == ["my", "new", "cool-script"]
    done = person.types("cm run script --tags=my,new,cool-script --env.KEY=VALUE --json")
    assert person.entry(done)["env"]["KEY"] == "VALUE"
    assert person.types_and_answers("cm rm script --tags=my,new,cool-script", "y") == 0
    assert not path.exists()
    person.types("cm add script my-new-cool-script --tags=my,new,cool-script")
    assert person.types_and_answers("cm delete script --tags=my,new,cool-script", "y") == 0
    assert not path.exists()


def test_an_input_file_completes_any_command(person: Person) -> None:
    (person.work / "input.json").write_text('{"tags": "detect,os", "json": true}')
    assert person.entry(person.types("cm run script @input.json"))["new_env"]["CM_HOST_OS_TYPE"] == "linux"
    (line,) = person.types("cm find script @input.json --json-").lines
    assert line.endswith("/script/detect-os")


# --- scripts that our recipes serve ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('cm run script "detect os" --json', "CM_HOST_OS_TYPE"),
        ('cm run script "detect cpu" --json', "CM_HOST_CPU_TOTAL_CORES"),
        ('cm run script "get python3" --json', "CM_PYTHON_BIN_WITH_PATH"),
        ('cm run script "get python" --version_min=3.9.1 --json', "CM_PYTHON_VERSION"),
        ('cmr "get sys-utils-cm" --quiet --json', ""),
        ('cmr "get python" --version_min=3.8 --json', "CM_PYTHON_VERSION"),
    ],
)
def test_what_a_recipe_finds_on_this_machine(line: str, key: str, person: Person) -> None:
    env = person.entry(person.types(line))["new_env"]
    assert not key or env[key]


def test_downloading_a_file(person: Person, server: str) -> None:
    done = person.types(f'cm run script "download file" --url={server}/data.txt --json')
    path = person.entry(done)["new_env"]["CM_DOWNLOAD_DOWNLOADED_PATH"]
    assert Path(path).read_text() == "from the server\n"
    absent = person.types(f'cm run script "download file" --url={server}/none.txt')
    assert absent.status == 1
    assert says_once(absent.err, "404")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "data.txt").write_text("from the server\n")

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given, directory=str(tmp_path / "served"))

        def log_message(self, *given: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_virtual_environments_have_names(person: Person) -> None:
    done = person.types('cm run script "get python-venv" --name=my-cool-project')
    assert done.status == 0, done.err
    (path,) = person.types("cm find cache --tags=name-my-cool-project").lines
    assert next(Path(path).rglob("bin/python3")).exists()
    # The other words lead to the same recipe, whatever the name: what they make is not made a second time here.
    found = [person.types(f"cm find script --tags={tags}").lines for tags in ("get,python-venv", "install,python-venv")]
    assert len(found[0]) == 1 and found[0] == found[1]
    again = person.types('cm run script "install python-venv" --name=my-cool-project')
    assert again.status == 0, again.err
    assert person.types("cm find cache --tags=name-my-cool-project").lines == [path]
    planned = person.types('cm run script "install python-venv" --name=my-virtual-env --fake_run')
    assert planned.status == 0, planned.err


NEEDS_PACKAGES = [
    ('cm run script "get generic-python-lib _onnxruntime" --version_min=1.10.0', "onnxruntime"),
    ('cmr "get mlperf loadgen" --adr.compiler.tags=gcc', "loadgen"),
]


def test_python_packages(person: Person) -> None:
    for line, what in NEEDS_PACKAGES:  # in the same home: making the virtual environment takes long
        done = person.types(line)
        assert done.status > 0 and says_once(done.err, what)
    for version in ("1.9.0", "1.12.0", "1.16.0"):
        wheel(person.wheels, "onnxruntime", version)
    newest = person.types('cm run script "get generic-python-lib _onnxruntime" --version_min=1.10.0 --json')
    assert "1.16.0" in json.dumps(person.entry(newest)["new_env"])
    exactly = person.types('cm run script "get generic-python-lib_onnxruntime" --version=1.12.0 --json')
    assert "1.12.0" in json.dumps(person.entry(exactly)["new_env"])
    assert person.types('cm run script "get generic-python-lib _onnxruntime" --version=1.12.0').status == 0


NEEDS_THE_NETWORK = [
    ('cm run script "get original imagenet dataset _2012-500"', r"\.tar"),
    ('cm run script "python app image-classification onnx"', "download|onnxruntime"),
    ('cmr "get mlperf inference src"', "inference"),
    ('cmr "get ml-model object-detection retinanet _onnx"', "resnext50_32x4d_fpn.onnx"),
    ('cmr "get dataset object-detection open-images original _validation _500"', "annotations"),
    ('cmr "get preprocessed dataset object-detection open-images _validation _500 _NCHW"', "annotations"),
    ('cmr "get open-images dataset _full _NCHW" --env.TYPE=int8', "annotations"),
]


@pytest.mark.parametrize(("line", "what"), NEEDS_THE_NETWORK)
def test_what_needs_the_network_says_so(line: str, what: str, person: Person) -> None:
    done = person.types(line)
    assert done.status > 0
    assert says_once(done.err, what)


@pytest.mark.skipif(os.path.exists("/usr/local/cuda") or os.path.exists("/usr/local/bin/nvcc"), reason="CUDA is here")
def test_cuda_where_there_is_none(person: Person) -> None:
    done = person.types('cm run script "get cuda"')
    assert done.status > 0
    assert says_once(done.err, "(?i)cuda|nvcc")


def test_sources_of_the_benchmark(person: Person) -> None:
    publish(person, "mlcommons/inference")
    subprocess.run(["git", "-C", str(person.remotes / "mlcommons/inference"), "branch", "-q", "master"], check=True)
    env = person.entry(person.types('cmr "get mlperf inference src" --json'))["new_env"]
    assert (Path(env["CM_MLPERF_INFERENCE_SOURCE"]) / "cmr.yaml").is_file()


def test_the_graph_of_experiments_where_there_are_none(person: Person) -> None:
    done = person.types('cm run script "gui _graph"')
    assert done.status == 16
    assert says_once(done.err, "no results of experiments were found")


def says_once(text: str, what: str) -> bool:
    """Whether a program ends with one message, and ``what`` (a pattern) is in it."""
    messages = re.split(r"^CM error: ", text, flags=re.MULTILINE)[1:]
    assert len(messages) == 1, text
    return re.search(what, messages[0]) is not None


# --- containers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", ["cm docker script", "cmrd", "franca docker script"])
def test_what_a_container_would_run(program: str, person: Person) -> None:
    done = person.types(f'{program} "detect os" --docker_dry_run')
    assert done.status == 0, done.err
    assert "FROM ubuntu:22.04\n" in done.out
    assert "cm run script --tags=detect,os --quiet --docker_run_deps" in done.lines[-1]
    assert done.lines[-1].split()[:2] in (["docker", "run"], ["podman", "run"])


def test_a_container_without_an_engine(person: Person) -> None:
    person.environ |= {"PATH": f"{BIN}:/usr/bin:/bin", "DOCKER_HOST": "unix:///nowhere/docker.sock"}
    done = person.types('cm docker script "detect os" --docker_tool=docker')
    assert done.status > 0
    assert says_once(done.err, "docker")


# --- from Python ----------------------------------------------------------------------------------------


def test_access_from_a_notebook(person: Person) -> None:
    (person.work / "cell.py").write_text(
        "import json, franca\n"
        "r = franca.access({'action': 'run', 'automation': 'script', 'tags': 'detect,os', 'quiet': True})\n"
        "print(json.dumps([r['return'], r['new_env']['CM_HOST_OS_TYPE']]))\n"
    )
    done = person.types("python3 cell.py")
    assert json.loads(done.lines[-1]) == [0, "linux"], done.err
