"""The OpenImages recipes with a small store of our own: real files, fetched as the real ones are."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from tests.integration.recipes.conftest import ROOT, Site

JPEG = b"\xff\xd8\xff\xe0 not much of a picture \xff\xd9"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Annotations of three pictures, and the pictures."""
    images = [{"id": n, "file_name": f"picture{n}.jpg", "height": 2, "width": 2} for n in (1, 2, 3)]
    boxes = [{"id": n, "image_id": n, "category_id": 0, "bbox": [0, 0, 1, 1]} for n in (1, 2, 3)]
    content = {"images": images, "annotations": boxes, "categories": [{"id": 0, "name": "thing"}]}
    (tmp_path / "openimages-mlperf.json").write_text(json.dumps(content))
    for split in ("validation", "train"):
        (tmp_path / "store" / split).mkdir(parents=True)
        for image in images:
            (tmp_path / "store" / split / str(image["file_name"])).write_bytes(JPEG)
    return tmp_path


def test_the_pictures_and_the_annotations_about_them(site: Site, store: Path) -> None:
    words = ["get dataset object-detection open-images original _validation _size.2", "--url=store", "--new"]
    env = site.env(*words, "--annotations=openimages-mlperf.json", cwd=store)
    assert sorted(path.name for path in Path(env["CM_DATASET_PATH"]).iterdir()) == ["picture1.jpg", "picture2.jpg"]
    assert env["CM_DATASET_SIZE"] == "2"
    content = json.loads(Path(env["CM_DATASET_ANNOTATIONS_FILE_PATH"]).read_text())
    assert [box["image_id"] for box in content["annotations"]] == [1, 2]
    root = Path(env["CM_DATASET_PATH_ROOT"])
    assert (root / "validation" / "data") == Path(env["CM_DATASET_PATH"])
    assert (root / "annotations" / "openimages-mlperf.json").is_file()


def test_the_annotations_come_from_their_recipe(store: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    site = Site(tmp_path / "own")  # other annotations would answer as well
    site.env("get openimages annotations", "--from=openimages-mlperf.json", "--new", cwd=store)
    env = site.env("get dataset open-images original _validation _full", "--url=store", "--new", cwd=store)
    assert env["CM_DATASET_SIZE"] == "3"


def test_pictures_for_calibration(site: Site, store: Path) -> None:
    (store / "list.txt").write_text("picture3.jpg\npicture1.jpg\n")
    env = site.env("get dataset openimages original _calibration", "--url=store", "--list=list.txt", "--new", cwd=store)
    folder = Path(env["CM_CALIBRATION_DATASET_PATH"])
    assert sorted(path.name for path in folder.iterdir()) == ["picture1.jpg", "picture3.jpg"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), "1 of 3 pictures could not be fetched"),
        (lambda path: path.write_bytes(b"<html>"), "not a JPEG picture"),
    ],
)
def test_a_picture_that_cannot_be_had_is_named(site: Site, store: Path, spoil: object, message: str) -> None:
    assert callable(spoil)
    spoil(store / "store" / "validation" / "picture2.jpg")
    words = ["get dataset openimages original _full", "--url=store", "--annotations=openimages-mlperf.json", "--new"]
    done = site.run(*words, cwd=store, status=2)
    assert message in done.stderr
    assert "picture2.jpg" in done.stderr


def prepare() -> ModuleType:
    path = ROOT / "recipes" / "script" / "get-preprocessed-dataset-openimages" / "prepare.py"
    spec = importlib.util.spec_from_file_location("prepare_openimages", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_prepared_picture_is_a_square_of_values_from_0_to_1(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (6, 3), (255, 51, 0)).save(tmp_path / "a.png")
    array = prepare().prepare(tmp_path / "a.png", 4)
    assert (array.shape, array.dtype) == ((4, 4, 3), np.float32)
    assert np.allclose(array[2, 1], [1.0, 0.2, 0.0])
