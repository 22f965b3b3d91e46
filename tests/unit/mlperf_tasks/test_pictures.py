"""Pictures as model input: resizing, cropping, classes."""

from __future__ import annotations

import pytest

from franca.errors import FrancaError, MalformedFile

np = pytest.importorskip("numpy")

from franca.mlperf.tasks import images  # noqa: E402
from franca.mlperf.tasks.imagenet import CHANNEL_MEANS, ImageNet, read_classes  # noqa: E402


def ramp(height: int, width: int) -> object:
    row = np.arange(width, dtype=np.float32)
    return np.repeat(np.stack([row] * 3, axis=1)[None], height, axis=0)


def test_resizing_keeps_what_is_even_and_what_is_linear() -> None:
    even = np.full((7, 5, 3), 9, dtype=np.uint8)
    for area in (False, True):
        assert (images.resize(even, 3, 4, area=area) == 9).all() and images.resize(even, 3, 4).dtype == np.uint8
    # half the width: new centres lie between two old ones, for both ways of resizing
    for area in (False, True):
        assert images.resize(ramp(4, 8), 2, 4, area=area)[0, :, 0].tolist() == [0.5, 2.5, 4.5, 6.5]
    assert images.resize(ramp(2, 3), 2, 6)[1, :, 0].tolist() == [0, 0.25, 0.75, 1.25, 1.75, 2]


def test_area_means_every_pixel_by_its_share() -> None:
    assert images.resize(ramp(1, 3), 1, 2, area=True)[0, :, 0] == pytest.approx([(0 + 0.5) / 1.5, (0.5 + 2) / 1.5])


LINEAR = [((60, 45), (32, 32), False), ((31, 64), (60, 20), False), ((80, 80), (79, 81), False)]
AREA = [((60, 45), (32, 32), True), ((64, 64), (16, 32), True), ((50, 70), (49, 70), True)]


@pytest.mark.parametrize(("old", "new", "area"), [*LINEAR, *AREA])
def test_resizing_is_that_of_opencv(old, new, area) -> None:
    cv2 = pytest.importorskip("cv2")
    pixels = np.random.default_rng(0).uniform(0, 255, (*old, 3)).astype(np.float32)
    other = cv2.resize(pixels, new[::-1], interpolation=cv2.INTER_AREA if area else cv2.INTER_LINEAR)
    assert images.resize(pixels, *new, area=area) == pytest.approx(other, abs=0.01)


def test_a_picture_becomes_the_input_of_the_official_model(tmp_path) -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = np.zeros((300, 600, 3), dtype=np.uint8)
    pixels[:, :, 0] = 200
    pixels[:, :150] = 255  # is cropped away
    image.fromarray(pixels).save(tmp_path / "a.JPEG", "PNG")
    (tmp_path / "val_map.txt").write_text("a.JPEG 65\n", "utf-8")
    data = ImageNet(str(tmp_path))
    data.open()
    data.load([0])
    batch = data.batch([0])
    assert batch.shape == (1, 3, 224, 224) and batch.dtype == np.float32 and data.labels().tolist() == [65]
    for channel, value in enumerate((200, 0, 0)):
        assert batch[0, channel] == pytest.approx(value - CHANNEL_MEANS[channel], abs=1e-3)
    torch_like = ImageNet(str(tmp_path), form="torch", channels_last=True)
    torch_like.open()
    torch_like.load([0])
    found = torch_like.batch([0])
    assert found.shape == (1, 224, 224, 3)
    assert found[0, 0, 0] == pytest.approx([(200 / 255 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225], abs=1e-4)
    symmetric = ImageNet(str(tmp_path), form="symmetric")
    symmetric.open()
    symmetric.load([0])
    assert symmetric.batch([0])[0, :, 100, 100] == pytest.approx([2 * 200 / 255 - 1, -1, -1], abs=1e-4)


def test_what_is_no_picture_is_named(tmp_path) -> None:
    pytest.importorskip("PIL.Image")
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(MalformedFile, match="no picture"):
        images.read_rgb(str(tmp_path / "a.jpg"))


@pytest.mark.parametrize("text", ["a.JPEG\n", "a.JPEG x\n", "a b 1\n", "\n"])
def test_a_list_of_classes_that_is_wrong_is_named(tmp_path, text) -> None:
    (tmp_path / "val.txt").write_text(text, "utf-8")
    with pytest.raises(MalformedFile, match=r"val\.txt"):
        read_classes(str(tmp_path / "val.txt"))


def test_missing_pictures_are_counted(tmp_path) -> None:
    (tmp_path / "val.txt").write_text("a.JPEG 1\nb.JPEG 2\n", "utf-8")
    data = ImageNet(str(tmp_path))
    with pytest.raises(FrancaError, match="2 of 2 pictures are missing"):
        data.open()
