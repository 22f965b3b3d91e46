"""Archives of strangers: what is good is unpacked whole, what is not leaves nothing."""

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

import pytest

from franca.catalog.archive import Limits, extract, pack
from franca.errors import FrancaError, MalformedFile, NotFound, Refused

Entry = tuple[str, str, bytes]  # name, kind, content or target


def make_zip(path: Path, entries: list[Entry]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, kind, content in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            mode = {"file": stat.S_IFREG | 0o644, "exe": stat.S_IFREG | 0o755, "link": stat.S_IFLNK | 0o777,
                    "pipe": stat.S_IFIFO | 0o644, "dev": stat.S_IFCHR | 0o644}[kind]  # fmt: skip
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return path


def make_tar(path: Path, entries: list[Entry]) -> Path:
    kinds = {"link": tarfile.SYMTYPE, "same": tarfile.LNKTYPE, "pipe": tarfile.FIFOTYPE, "dev": tarfile.CHRTYPE}
    with tarfile.open(path, f"w:{path.suffix[1:]}" if path.suffix != ".tar" else "w") as archive:
        for name, kind, content in entries:
            info = tarfile.TarInfo(name)
            info.mode = 0o4755 if kind == "exe" else 0o644
            if kind in kinds:
                info.type = kinds[kind]
                info.linkname = content.decode()
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


def tree(path: Path) -> dict[str, str]:
    return {
        str(p.relative_to(path)): os.readlink(p) if p.is_symlink() else p.read_text()
        for p in sorted(path.rglob("*"))
        if p.is_symlink() or p.is_file()
    }


GOOD: list[Entry] = [
    ("top/a.txt", "file", b"a"),
    ("top/run.sh", "exe", b"#!/bin/sh"),
    ("top/deep/./b.txt", "file", b"b"),
    ("top/link", "link", b"deep/b.txt"),
]


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz", "x.tar.bz2", "x.tar.xz"])
def test_good_archives(tmp_path: Path, name: str) -> None:
    make: Callable[[Path, list[Entry]], Path] = make_zip if name.endswith("zip") else make_tar
    files = extract(str(make(tmp_path / name, GOOD)), str(tmp_path / "out"), strip=1)
    assert tree(tmp_path / "out") == {"a.txt": "a", "run.sh": "#!/bin/sh", "deep/b.txt": "b", "link": "deep/b.txt"}
    assert sorted(files) == ["a.txt", "deep/b.txt", "link", "run.sh"]
    assert (tmp_path / "out/run.sh").stat().st_mode & 0o7777 == 0o755
    assert sorted(os.listdir(tmp_path)) == ["out", name]


@pytest.mark.parametrize("suffix, module", [("gz", gzip), ("bz2", bz2), ("xz", lzma)])
def test_single_compressed_files(tmp_path: Path, suffix: str, module: object) -> None:
    (tmp_path / f"data.bin.{suffix}").write_bytes(module.compress(b"content"))  # type: ignore[attr-defined]
    assert extract(str(tmp_path / f"data.bin.{suffix}"), str(tmp_path / "out")) == ("data.bin",)
    assert (tmp_path / "out/data.bin").read_text() == "content"


def test_into_an_existing_directory(tmp_path: Path) -> None:
    (tmp_path / "out/deep").mkdir(parents=True)
    (tmp_path / "out/deep/old").write_text("old")
    (tmp_path / "out/a.txt").write_text("old")
    extract(str(make_zip(tmp_path / "x.zip", GOOD)), str(tmp_path / "out"), strip=1)
    assert tree(tmp_path / "out")["a.txt"] == "a" and tree(tmp_path / "out")["deep/old"] == "old"


def test_hard_links_become_copies(tmp_path: Path) -> None:
    make_tar(tmp_path / "x.tar", [("a", "file", b"1"), ("b", "same", b"a")])
    extract(str(tmp_path / "x.tar"), str(tmp_path / "out"))
    assert tree(tmp_path / "out") == {"a": "1", "b": "1"}


LEAVES: list[list[Entry]] = [
    [("../x", "file", b"1")],
    [("a/../../x", "file", b"1")],
    [("/tmp/franca-escape", "file", b"1")],
    [("a\\..\\..\\x", "file", b"1")],
    [("C:/x", "file", b"1")],
    [("l", "link", b"/etc")],
    [("l", "link", b"../outside")],
    [("l", "link", b".."), ("l/x", "file", b"1")],
    [("d/e/l", "link", b"../.."), ("d/e/m", "link", b"l/..")],
    [("a", "file", b"1"), ("a", "link", b"b")],
]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("make, name", [(make_zip, "x.zip"), (make_tar, "x.tar.gz")])
@pytest.mark.parametrize("entries", LEAVES, ids=lambda entries: " ".join(e[0] for e in entries))
def test_members_that_leave_the_target(
    tmp_path: Path, make: Callable[[Path, list[Entry]], Path], name: str, entries: list[Entry]
) -> None:
    box = tmp_path / "box"
    box.mkdir()
    archive = make(tmp_path / name, [("fine", "file", b"1"), *entries])
    with pytest.raises(FrancaError):
        extract(str(archive), str(box / "out"))
    assert list(box.iterdir()) == [] and sorted(os.listdir(tmp_path)) == sorted(["box", name])


@pytest.mark.parametrize("kind", ["pipe", "dev"])
def test_devices_are_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(Refused, match="device or a pipe"):
        extract(str(make_tar(tmp_path / "x.tar", [("p", kind, b"")])), str(tmp_path / "out"))


@pytest.mark.parametrize("kind", ["pipe", "dev"])
def test_devices_in_a_zip_are_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(Refused, match="device or a pipe"):
        extract(str(make_zip(tmp_path / "x.zip", [("p", kind, b"")])), str(tmp_path / "out"))


@pytest.mark.parametrize(
    "name", ["two\nlines", "title\x1b]0;x\x07", "tab\there", "rubout\x7f", "/".join(["d"] * 3000), "a" * 1001]
)
def test_names_that_steer_terminals_or_have_no_end_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="no path"):
        extract(str(make_zip(tmp_path / "x.zip", [(name, "file", b"1")])), str(tmp_path / "out"))
    assert sorted(os.listdir(tmp_path)) == ["x.zip"]


def test_a_member_below_a_file_is_refused(tmp_path: Path) -> None:
    entries: list[Entry] = [("f", "file", b"1"), ("f/g", "file", b"2")]
    with pytest.raises(Refused, match="below another member that is a file"):
        extract(str(make_zip(tmp_path / "x.zip", entries)), str(tmp_path / "out"))


def test_holes_count_as_what_they_unpack_to(tmp_path: Path) -> None:
    """A sparse member of a tar says that it is huge in a few bytes."""
    info = tarfile.TarInfo("big")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(5 << 40)}
    info.pax_headers["GNU.sparse.name"] = "big"
    content = b"1\n0\n0\n".ljust(512, b"\0")
    info.size = len(content)
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(content))
    with tarfile.open(path) as archive:
        assert archive.getmembers()[0].size == 5 << 40
    with pytest.raises(Refused, match="which its size does not explain"):
        extract(str(path), str(tmp_path / "out"), limits=Limits(free_bytes=1 << 20))


def test_hard_link_to_the_outside(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    for target in (b"../secret", str(tmp_path / "secret").encode(), b"nosuch"):
        with pytest.raises(Refused):
            extract(str(make_tar(tmp_path / "x.tar", [("p", "same", target)])), str(tmp_path / "out"))


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.tar.gz", "bomb.gz"])
def test_bombs(tmp_path: Path, name: str) -> None:
    content = b"\0" * 3_000_000
    path = tmp_path / name
    if name == "bomb.gz":
        path.write_bytes(gzip.compress(content))
    else:
        (make_zip if name.endswith("zip") else make_tar)(path, [("big", "file", content)])
    with pytest.raises(Refused, match="which its size does not explain"):
        extract(str(path), str(tmp_path / "out"), limits=Limits(ratio=20, free_bytes=10_000))
    assert not (tmp_path / "out").exists()


def test_too_many_members(tmp_path: Path) -> None:
    make_zip(tmp_path / "x.zip", [(f"f{n}", "file", b"") for n in range(20)])
    with pytest.raises(Refused, match="more than 10 members"):
        extract(str(tmp_path / "x.zip"), str(tmp_path / "out"), limits=Limits(members=10))


def test_existing_links_are_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "out" / "deep")
    with pytest.raises(Refused, match="leads outside"):
        extract(str(make_zip(tmp_path / "x.zip", [("deep/b", "file", b"1")])), str(tmp_path / "out"))
    assert os.listdir(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("name", ["x.zip", "x.tar.gz", "x.gz", "x.txt"])
def test_what_is_no_archive(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"just text, no archive at all")
    with pytest.raises(MalformedFile, match=name):
        extract(str(tmp_path / name), str(tmp_path / "out"))
    assert os.listdir(tmp_path) == [name]


def test_a_cut_archive(tmp_path: Path) -> None:
    whole = make_tar(tmp_path / "x.tar.gz", [("big", "file", os.urandom(200_000))])
    whole.write_bytes(whole.read_bytes()[:100_000])
    with pytest.raises(MalformedFile, match="cannot be unpacked"):
        extract(str(whole), str(tmp_path / "out"))
    assert os.listdir(tmp_path) == ["x.tar.gz"]


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises((NotFound, MalformedFile)):
        extract(str(tmp_path / "nosuch.zip"), str(tmp_path / "out"))


def test_pack_and_extract_give_the_same_tree(tmp_path: Path) -> None:
    source = tmp_path / "src"
    (source / ".git").mkdir(parents=True)
    (source / ".git/config").write_text("secret")
    (source / "deep").mkdir()
    (source / "deep/a").write_text("a")
    (source / "run.sh").write_text("x")
    (source / "run.sh").chmod(0o755)
    os.symlink("deep/a", source / "link")
    assert pack(str(source), str(tmp_path / "x.zip")) == 3
    extract(str(tmp_path / "x.zip"), str(tmp_path / "out"))
    assert tree(tmp_path / "out") == {"deep/a": "a", "run.sh": "x", "link": "deep/a"}
    assert (tmp_path / "out/run.sh").stat().st_mode & 0o777 == 0o755
