"""Downloading and extracting through the engine."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from tests.integration.recipes.conftest import Site


def make_archive(path: Path, name: str = "top/data.txt") -> bytes:
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = 5
        tar.addfile(member, io.BytesIO(b"hello"))
    return path.read_bytes()


def test_download_checks_and_exports(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "some file.tgz"
    digest = hashlib.sha256(make_archive(source)).hexdigest()
    env = site.env("download file", f"--url={source.as_uri()}", f"--sha256={digest}")
    assert Path(env["CM_DOWNLOAD_DOWNLOADED_PATH"]) == site.work / "some file.tgz"
    assert Path(env["CM_DOWNLOAD_DOWNLOADED_PATH"]).read_bytes() == source.read_bytes()


def test_wrong_checksum_is_one_clear_error(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "f"
    source.write_bytes(b"x")
    done = site.run("download file", f"--url={source}", "--output_file=wrong.bin", f"--md5sum={'0' * 32}", status=1)
    assert "expected " + "0" * 32 in done.stderr
    assert "Traceback" not in done.stderr
    assert not (site.work / "wrong.bin").exists()


def test_download_and_extract(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "a.tar.gz"
    make_archive(source)
    env = site.env(
        "download-and-extract file _extract", f"--url={source.as_uri()}", "--extra_folder=out", "--strip_folders=1"
    )
    assert Path(env["CM_EXTRACT_EXTRACTED_PATH"]) == site.work / "out"
    assert (site.work / "out" / "data.txt").read_bytes() == b"hello"


def test_cached_download_survives_its_source(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "once.bin"
    source.write_bytes(b"once")
    words = ("download file", f"--url={source}", "--force_cache", "--extra_cache_tags=once")
    first = site.env(*words)
    source.unlink()
    assert site.env(*words)["CM_DOWNLOAD_DOWNLOADED_PATH"] == first["CM_DOWNLOAD_DOWNLOADED_PATH"]
    assert Path(first["CM_DOWNLOAD_DOWNLOADED_PATH"]).read_bytes() == b"once"


def test_hostile_archive_is_refused(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "evil.tgz"
    make_archive(source, "../../evil.txt")
    done = site.run("extract file", f"--input={source}", status=1)
    assert "leaves the folder" in done.stderr
    assert not list(tmp_path.parent.rglob("evil.txt"))
