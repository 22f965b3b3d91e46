"""The recipes of the data sets against local mirrors of the places that they download from."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.integration.recipes.conftest import ROOT, Site
from tests.unit.mlperf_tasks.task_data import write_log, write_squad

SCRIPTS = ROOT / "recipes" / "script"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


def mirror(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    """A set as the storage of MLCommons has it; the description."""
    for path, content in files.items():
        place = folder / "files" / name / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    lists = folder / "metadata"
    lists.mkdir(exist_ok=True)
    (lists / f"{name}.uri").write_text((folder / "files" / name).as_uri() + "\n", "utf-8")
    rows = [f"{hashlib.md5(content).hexdigest()}  ./{path}\n" for path, content in files.items()]
    (lists / f"{name}.md5").write_text("".join(rows), "utf-8")
    return lists / f"{name}.uri"


def test_a_set_is_downloaded_and_checked_file_by_file(site, tmp_path) -> None:
    described = mirror(tmp_path, "set", {"one/a b.bin": b"a", "c.txt": b"c"})
    env = site.env("download mlperf-storage", f"--url={described.as_uri()}", "--to=here", cwd=tmp_path)
    folder = Path(env["CM_MLPERF_STORAGE_PATH"])
    assert folder == tmp_path / "here"
    assert (folder / "one" / "a b.bin").read_bytes() == b"a" and (folder / "c.txt").read_bytes() == b"c"
    env = site.env("download mlperf-storage", f"--url={described.as_uri()}", "--to=some", "--files=c.txt", cwd=tmp_path)
    assert not (tmp_path / "some" / "one").exists() and (tmp_path / "some" / "c.txt").exists()


def test_a_file_of_another_checksum_is_refused(site, tmp_path) -> None:
    described = mirror(tmp_path, "set", {"c.txt": b"c"})
    (tmp_path / "files" / "set" / "c.txt").write_bytes(b"d")
    done = site.run("download mlperf-storage", f"--url={described.as_uri()}", "--to=here", cwd=tmp_path, status=1)
    assert "expected " + hashlib.md5(b"c").hexdigest() in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "here" / "c.txt").exists()


def with_mirror(folder: Path, recipe: str, changes: dict[str, str]) -> Path:
    """A repository with one recipe whose addresses and checksums are those of a local mirror."""
    copied = folder / "repository"
    for name in {recipe, "download-mlperf-storage", "download-file", "download-and-extract", "extract-file"}:
        shutil.copytree(SCRIPTS / name, copied / "script" / name)
    (copied / "cmr.yaml").write_text("alias: mirrored\nuid: 0123456789abcdef\ngit: false\n", "utf-8")
    meta = copied / "script" / recipe / "_cm.yaml"
    text = meta.read_text("utf-8")
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    meta.write_text(text, "utf-8")
    return copied


def run_in(repository: Path, tmp_path: Path, *words: str) -> dict[str, str]:
    """What the recipe exports, run from the copied repository in a storage root of its own."""
    own = tmp_path / "own"
    own.mkdir()
    site = Site(own)
    site.environ["CM_REPOS"] = str(own / "repos")
    cm = [sys.executable, str(ROOT / "launchers" / "cm")]
    subprocess.run([*cm, "add", "repo", "mirrored", f"--path={repository}", "--quiet"], env=site.environ, check=True,
                   capture_output=True, stdin=subprocess.DEVNULL)  # fmt: skip
    return site.env(*words, cwd=tmp_path)


def test_squad_and_its_vocabulary_are_downloaded(tmp_path) -> None:
    (tmp_path / "dev-v1.1.json").write_bytes(b'{"data": []}')
    url = "https://raw.githubusercontent.com/rajpurkar/SQuAD-explorer/master/dataset/dev-v1.1.json"
    digest = hashlib.md5(b'{"data": []}').hexdigest()
    changes = {url: (tmp_path / "dev-v1.1.json").as_uri(), "3e85deb501d4e538b6bc56f786231552": digest}
    env = run_in(with_mirror(tmp_path, "get-dataset-squad", changes), tmp_path, "get dataset squad")
    path = Path(env["CM_DATASET_SQUAD_VAL_PATH"])
    assert path.name == "dev-v1.1.json" and path.read_bytes() == b'{"data": []}'
    assert env["CM_DATASET_PATH"] == str(path.parent)


def test_librispeech_is_downloaded_and_unpacked(tmp_path) -> None:
    archive = tmp_path / "dev-clean.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("LibriSpeech/dev-clean/84/1/84-1.trans.txt")
        member.size = 5
        tar.addfile(member, io.BytesIO(b"84 HI"))
    changes = {
        "https://www.openslr.org/resources/12/<<<CM_DATASET_ARCHIVE>>>": archive.as_uri(),
        "42e2234ba48799c1f50f24a7926300a1": hashlib.md5(archive.read_bytes()).hexdigest(),
    }
    env = run_in(with_mirror(tmp_path, "get-dataset-librispeech", changes), tmp_path, "get dataset librispeech")
    folder = Path(env["CM_DATASET_LIBRISPEECH_PATH"])
    assert folder.name == "dev-clean" and (folder / "84" / "1" / "84-1.trans.txt").read_bytes() == b"84 HI"


def test_coco_comes_in_two_archives(tmp_path) -> None:
    members = {"val2017.zip": "val2017/1.jpg", "annotations_trainval2017.zip": "annotations/instances_val2017.json"}
    changes = {}
    for (name, member), digest in zip(
        members.items(), ("442b8da7639aecaf257c1dceb8ba8c80", "f4bbac642086de4f52a3fdda2de5fa2c"), strict=True
    ):
        with zipfile.ZipFile(tmp_path / name, "w") as out:
            out.writestr(member, "x")
        part = "zips" if name == "val2017.zip" else "annotations"
        changes[f"http://images.cocodataset.org/{part}/{name}"] = (tmp_path / name).as_uri()
        changes[digest] = hashlib.md5((tmp_path / name).read_bytes()).hexdigest()
    env = run_in(with_mirror(tmp_path, "get-dataset-coco", changes), tmp_path, "get dataset coco")
    assert (Path(env["CM_DATASET_PATH_ROOT"]) / "val2017" / "1.jpg").exists()
    assert Path(env["CM_DATASET_ANNOTATIONS_FILE_PATH"]).read_text("utf-8") == "x"


@pytest.mark.parametrize(
    ("recipe", "words", "name", "url", "files", "key"),
    [
        ("get-dataset-cnndm", "get dataset cnndm", "llama3-1-8b-cnn-eval", "llama3-1-8b-cnn-eval.uri",
         {"cnn_eval.json": json.dumps([{"tok_input": [1], "output": "y"}]).encode()}, "CM_DATASET_EVAL_PATH"),
        ("get-preprocessed-dataset-openorca", "get dataset openorca preprocessed", "orca",
         "llama-2-70b-open-orca-dataset.uri",
         {"open_orca_gpt4_tokenized_llama.sampled_24576.pkl.gz": b"pickle", "other.pkl.gz": b"x"},
         "CM_DATASET_PREPROCESSED_PATH"),
        ("get-preprocessed-dataset-criteo", "get dataset criteo preprocessed", "criteo",
         "dlrm-v2-preprocessed-dataset.uri",
         {"dlrm/day_23_dense.npy": b"1", "dlrm/day_23_labels.npy": b"2", "dlrm/day_23_sparse_multi_hot.npz": b"3"},
         "CM_DATASET_PREPROCESSED_PATH"),
        ("get-ml-model-gptj", "get ml-model gptj", "gptj", "gpt-j-model-checkpoint.uri",
         {"gpt-j/checkpoint-final/config.json": b"{}", "gpt-j/checkpoint-final/model.safetensors": b"1"},
         "CM_ML_MODEL_FILE_WITH_PATH"),
        ("get-ml-model-dlrm-terabyte", "get ml-model dlrm", "dlrm", "dlrm-v2-model-weights.uri",
         {"model_weights/.snapshot_metadata": b"1", "model_weights/0": b"2"}, "CM_ML_MODEL_FILE_WITH_PATH"),
    ],
)  # fmt: skip
def test_sets_of_the_storage_are_downloaded(tmp_path, recipe, words, name, url, files, key) -> None:
    described = mirror(tmp_path, name, files)
    changes = {f"https://inference.mlcommons-storage.org/metadata/{url}": described.as_uri()}
    env = run_in(with_mirror(tmp_path, recipe, changes), tmp_path, words)
    path = Path(env[key])
    found = path.read_bytes() if path.is_file() else {one.name for one in path.iterdir()}
    first = next(iter(files))
    assert found in (files[first], {Path(one).name for one in files})


def test_logs_are_scored_by_the_command_of_the_automation(site, tmp_path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "val.txt").write_text("a.JPEG 1\nb.JPEG 2\n", "utf-8")
    for name, second in (("one", 2), ("two", 3)):
        answers = {0: (1).to_bytes(4, "little"), 1: second.to_bytes(4, "little")}
        write_log(tmp_path / name, answers)
    words = ["process mlperf accuracy _imagenet _int32", "--result_dir=one:two", "--data=labels"]
    site.run(*words, f"--python={sys.executable}", cwd=tmp_path)
    lines = [(tmp_path / name / "accuracy.txt").read_text("utf-8") for name in ("one", "two")]
    assert lines == ["accuracy=100.000%, good=2, total=2\n", "accuracy=50.000%, good=1, total=2\n"]
    (tmp_path / "one" / "accuracy.txt").write_text("kept", "utf-8")
    site.run(*words, f"--python={sys.executable}", cwd=tmp_path)
    assert (tmp_path / "one" / "accuracy.txt").read_text("utf-8") == "kept"
    site.run(*words, "--rerun", f"--python={sys.executable}", cwd=tmp_path)
    assert (tmp_path / "one" / "accuracy.txt").read_text("utf-8") == lines[0]


def test_the_figures_of_a_line_of_json_go_into_the_state(site, tmp_path) -> None:
    data, vocabulary = write_squad(tmp_path / "squad")
    write_log(tmp_path / "log", dict.fromkeys(range(2), b"\x00" * (384 * 8)))
    target = tmp_path / "result.json"
    site.run("process mlperf accuracy _squad", "--result_dir=log", f"--data={data}", f"--python={sys.executable}",
             f"--env.CM_ML_MODEL_BERT_VOCAB_FILE_WITH_PATH={vocabulary}", f"--save_to_json={target}",
             cwd=tmp_path)  # fmt: skip
    assert json.loads(target.read_text("utf-8"))["new_state"]["app_mlperf_inference_accuracy"]["exact_match"] == 0.0


def test_a_log_that_cannot_be_scored_ends_the_command(site, tmp_path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "val.txt").write_text("a.JPEG 1\n", "utf-8")
    write_log(tmp_path / "log", {0: b"\0"})
    words = ["process mlperf accuracy _imagenet _int32", "--result_dir=log", "--data=labels"]
    done = site.run(*words, f"--python={sys.executable}", cwd=tmp_path, status=2)
    assert "sample 0 has 1 bytes of answer, expected 4" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "log" / "accuracy.txt").exists()


def test_recordings_become_waves_with_a_manifest(site, tmp_path) -> None:
    soundfile = pytest.importorskip("soundfile")
    import numpy as np

    from franca.mlperf.tasks.librispeech import LibriSpeech

    folder = tmp_path / "dev-clean" / "84" / "1"
    folder.mkdir(parents=True)
    sound = np.array([0, 100, -200, 300] * 400, dtype=np.int16)
    for n in (0, 1):
        soundfile.write(folder / f"84-1-000{n}.flac", sound[: 1600 - 800 * n], 16000)
    (folder / "84-1.trans.txt").write_text("84-1-0000 HELLO YOU\n84-1-0001 WELL\n", "utf-8")
    env = site.env("get dataset librispeech preprocessed", "--from=dev-clean", f"--python={sys.executable}",
                   cwd=tmp_path)  # fmt: skip
    data = LibriSpeech(env["CM_DATASET_PREPROCESSED_PATH"], env["CM_DATASET_PREPROCESSED_JSON"])
    data.open()
    data.load([0, 1])
    batch = data.batch([0, 1])
    assert data.labels() == ["hello you", "well"] and batch["lengths"].tolist() == [1600, 800]
    assert batch["audio"][0] == pytest.approx(sound / 32768)


def test_a_trusted_pickle_becomes_parquet(tmp_path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    from franca.mlperf.tasks.texts import read_pairs

    source, target = tmp_path / "o.pkl.gz", tmp_path / "o.parquet"
    pandas.DataFrame({"tok_input": [[1, 2], [3]], "output": ["x", "y"]}).to_pickle(source)
    program = SCRIPTS / "get-preprocessed-dataset-openorca" / "to_parquet.py"
    subprocess.run([sys.executable, str(program), str(source), str(target)], check=True)
    assert [(pair.tokens, pair.expected) for pair in read_pairs(str(target))] == [((1, 2), "x"), ((3,), "y")]
