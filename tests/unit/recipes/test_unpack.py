"""The unpacker on honest and on hostile archives."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Loader = Callable[[str, str], ModuleType]
FILES = {"top/a.txt": b"alpha", "top/sub dir/\u00e9.bin": bytes(1000), "top/empty": b""}


@pytest.fixture
def unpack(recipe: Loader) -> ModuleType:
    return recipe("extract-file", "unpack")


def make(path: Path, kind: str) -> Path:
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in FILES.items():
                packed.writestr(name, content)
        return path
    with tarfile.open(path, f"w:{kind}") as tar:
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(content), 0o6755, 1_000_000_000
            tar.addfile(member, io.BytesIO(content))
    return path


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["zip", "", "gz", "bz2", "xz"])
def test_archives(unpack: ModuleType, tmp_path: Path, kind: str) -> None:
    archive, out = make(tmp_path / "archive", kind), tmp_path / "out"
    assert unpack.unpack(str(archive), str(out)) == ["top"]
    assert tree(out) == FILES
    mode = (out / "top/a.txt").stat().st_mode
    assert not mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWGRP | stat.S_IWOTH)


@pytest.mark.parametrize(("opener", "suffix"), [(gzip.open, ".gz"), (bz2.open, ".bz2"), (lzma.open, ".xz")])
def test_single_files(unpack: ModuleType, tmp_path: Path, opener: Callable[..., io.BytesIO], suffix: str) -> None:
    archive = tmp_path / f"model.onnx{suffix}"
    with opener(archive, "wb") as stream:
        stream.write(b"content")
    assert unpack.unpack(str(archive), str(tmp_path / "out")) == ["model.onnx"]
    assert tree(tmp_path / "out") == {"model.onnx": b"content"}
    unpack.unpack(str(archive), str(tmp_path / "named"), name="other")
    assert tree(tmp_path / "named") == {"other": b"content"}


def test_strip_and_merge(unpack: ModuleType, tmp_path: Path) -> None:
    archive, out = make(tmp_path / "archive", "gz"), tmp_path / "out"
    (out / "sub dir").mkdir(parents=True)
    (out / "sub dir" / "kept").write_bytes(b"kept")
    (out / "a.txt").write_bytes(b"old")
    unpack.unpack(str(archive), str(out), strip=1)
    assert tree(out) == {"a.txt": b"alpha", "sub dir/\u00e9.bin": bytes(1000), "sub dir/kept": b"kept", "empty": b""}


def test_links_inside_are_kept(unpack: ModuleType, tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, "w") as tar:
        add(tar, "d/file", b"x")
        add(tar, "d/soft", kind=tarfile.SYMTYPE, link="file")
        add(tar, "d/hard", kind=tarfile.LNKTYPE, link="d/file")
    unpack.unpack(str(archive), str(tmp_path / "out"))
    assert os.readlink(tmp_path / "out/d/soft") == "file"
    assert (tmp_path / "out/d/hard").read_bytes() == b"x"
    assert (tmp_path / "out/d/hard").stat().st_ino != (tmp_path / "out/d/file").stat().st_ino


def add(tar: tarfile.TarFile, name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "") -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, link, len(content)
    tar.addfile(member, io.BytesIO(content))


HOSTILE_TAR: dict[str, list[tuple[str, bytes, bytes, str]]] = {
    "parent": [("../out.txt", b"x", tarfile.REGTYPE, "")],
    "deep parent": [("a/../../out.txt", b"x", tarfile.REGTYPE, "")],
    "absolute": [("/tmp/franca-test-evil", b"x", tarfile.REGTYPE, "")],
    "link out": [("l", b"", tarfile.SYMTYPE, "../..")],
    "absolute link": [("l", b"", tarfile.SYMTYPE, "/etc")],
    "link chain": [("d/x", b"", tarfile.SYMTYPE, "."), ("d/x/y", b"", tarfile.SYMTYPE, "../../..")],
    "folder through link": [("l", b"", tarfile.SYMTYPE, "later"), ("later", b"", tarfile.SYMTYPE, "../../x")],
    "hard link out": [("l", b"", tarfile.LNKTYPE, "../../../etc/passwd")],
    "hard link to nothing": [("l", b"", tarfile.LNKTYPE, "absent")],
    "device": [("d", b"", tarfile.CHRTYPE, "")],
    "pipe": [("p", b"", tarfile.FIFOTYPE, "")],
    "file over folder": [("d/f", b"x", tarfile.REGTYPE, ""), ("d", b"x", tarfile.REGTYPE, "")],
}


@pytest.mark.parametrize("case", HOSTILE_TAR)
def test_hostile_tar_is_refused_and_leaves_nothing(unpack: ModuleType, tmp_path: Path, case: str) -> None:
    archive, out = tmp_path / "a.tar", tmp_path / "in" / "out"
    with tarfile.open(archive, "w") as tar:
        add(tar, "first", b"ok")
        for name, content, kind, link in HOSTILE_TAR[case]:
            add(tar, name, content, kind, link)
    with pytest.raises(unpack.UnpackError, match=str(archive)):
        unpack.unpack(str(archive), str(out))
    assert os.listdir(out) == []
    assert sorted(os.listdir(tmp_path)) == ["a.tar", "in"]


@pytest.mark.parametrize("name", ["../evil", "/tmp/franca-test-evil", "a/../../evil"])
def test_hostile_zip_is_refused(unpack: ModuleType, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(name, b"x")
    with pytest.raises(unpack.UnpackError, match="leaves the folder"):
        unpack.unpack(str(tmp_path / "a.zip"), str(tmp_path / "out"))


def test_zip_link_out_is_refused(unpack: ModuleType, tmp_path: Path) -> None:
    member = zipfile.ZipInfo("l")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(member, "../../etc")
    with pytest.raises(unpack.UnpackError, match="link that leaves"):
        unpack.unpack(str(tmp_path / "a.zip"), str(tmp_path / "out"))


@pytest.mark.parametrize("kind", ["zip", "gz", "single"])
def test_bombs_are_refused(unpack: ModuleType, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "FREE_SIZE", 1 << 20)
    archive, size = tmp_path / "bomb.gz", 8 << 20
    if kind == "zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("x", bytes(size))
    elif kind == "gz":
        with tarfile.open(archive, "w:gz") as tar:
            add(tar, "x", bytes(size))
    else:
        archive.write_bytes(gzip.compress(bytes(size)))
    with pytest.raises(unpack.UnpackError, match="--max_size"):
        unpack.unpack(str(archive), str(tmp_path / "out"))
    assert os.listdir(tmp_path / "out") == []
    unpack.unpack(str(archive), str(tmp_path / "allowed"), most=size)
    assert sum(map(len, tree(tmp_path / "allowed").values())) == size


def test_too_many_entries_are_refused(unpack: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MOST_ENTRIES", 2)
    with pytest.raises(unpack.UnpackError, match="more than 2 entries"):
        unpack.unpack(str(make(tmp_path / "a", "gz")), str(tmp_path / "out"))


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken", b"\x1f\x8b\x08broken", b"BZh9broken"])
def test_broken_files_are_one_clear_error(unpack: ModuleType, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(unpack.UnpackError, match=str(tmp_path / "a")):
        unpack.unpack(str(tmp_path / "a"), str(tmp_path / "out"))


def test_cut_archive_is_refused_and_leaves_nothing(unpack: ModuleType, tmp_path: Path) -> None:
    archive = make(tmp_path / "a", "gz")
    archive.write_bytes(archive.read_bytes()[:-30])
    with pytest.raises(unpack.UnpackError):
        unpack.unpack(str(archive), str(tmp_path / "out"))
    assert os.listdir(tmp_path / "out") == []
