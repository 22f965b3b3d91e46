"""``download_file`` and ``unzip_file``: what arrives is whole and inside, hostile archives are refused."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from franca.compat import transfer
from franca.errors import MalformedFile, NotFound, Refused, Unavailable, UsageError


def test_a_file_is_fetched_under_its_name(tmp_path: Path) -> None:
    source = tmp_path / "data.bin"
    source.write_bytes(b"x" * 100_000)
    target = tmp_path / "out"
    result = transfer.download_file({"url": source.as_uri(), "path": str(target), "text": ""})
    assert result == {"return": 0, "filename": "data.bin", "path": str(target / "data.bin"), "size": 100_000}
    assert (target / "data.bin").read_bytes() == source.read_bytes()
    assert os.listdir(target) == ["data.bin"]


def test_failures_are_results_and_leave_nothing(tmp_path: Path) -> None:
    result = transfer.download_file({"url": (tmp_path / "none").as_uri(), "path": str(tmp_path / "o"), "text": ""})
    assert result["return"] == 1
    assert os.listdir(tmp_path / "o") == []
    with pytest.raises(UsageError):
        transfer.download("gopher://x/y", str(tmp_path))
    with pytest.raises(Unavailable):
        transfer.download("http://127.0.0.1:1/x", str(tmp_path))


@pytest.mark.parametrize("name", ["../up", "a/b", "..", "", "nul\0"])
def test_names_that_leave_the_directory_are_refused(name: str) -> None:
    with pytest.raises(Refused):
        transfer.safe_name(name)


def archive(path: Path, members: dict[str, bytes]) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return str(path)


def test_members_arrive_without_the_stripped_folders(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.zip", {"top/x.txt": b"1", "top/sub/y.txt": b"2", "top/docs/z": b"3"})
    out = tmp_path / "out"
    result = transfer.unzip_file(
        {"filename": packed, "path": str(out), "strip_folders": 1, "skip_directories": ["docs"]}
    )
    assert result == {"return": 0}
    assert sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()) == ["sub/y.txt", "x.txt"]


def test_existing_files_stay_when_overwriting_is_off(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.zip", {"x": b"new"})
    (tmp_path / "x").write_text("old")
    transfer.unzip_file({"filename": packed, "path": str(tmp_path), "overwrite": False})
    assert (tmp_path / "x").read_text() == "old"
    transfer.unzip_file({"filename": packed, "path": str(tmp_path)})
    assert (tmp_path / "x").read_text() == "new"


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/abs/evil", "c:/evil", "..\\evil"])
@pytest.mark.parametrize("overwrite", [True, False])
def test_a_member_that_leaves_the_target_is_refused(tmp_path: Path, name: str, overwrite: bool) -> None:
    packed = archive(tmp_path / "a.zip", {name: b"x"})
    out = tmp_path / "out"
    result = transfer.unzip_file({"filename": packed, "path": str(out), "overwrite": overwrite})
    assert result["return"] == 1
    assert not (tmp_path / "evil").exists()
    assert not out.exists() or os.listdir(out) == []


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "d").symlink_to(tmp_path)
    packed = archive(tmp_path / "b.zip", {"d/x": b"1"})
    for overwrite in (True, False):
        assert transfer.unzip_file({"filename": packed, "path": str(out), "overwrite": overwrite})["return"] == 1
    assert not (tmp_path / "x").exists()


def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    with pytest.raises(MalformedFile):
        transfer.unpack(str(tmp_path / "a.zip"), str(tmp_path / "o"))
    with pytest.raises(NotFound):
        transfer.unpack(str(tmp_path / "none.zip"), str(tmp_path / "o"))
    assert transfer.unzip_file({"path": str(tmp_path)})["return"] == 1
