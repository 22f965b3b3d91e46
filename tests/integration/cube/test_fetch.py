"""Cubes from Git repositories and archives: cached by commit or digest, offline afterwards, never escaping."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from franca.cube.fetch import Fetched, Source, fetch, parse_source
from franca.errors import ChecksumMismatch, FrancaError, NotFound, Refused, Unavailable, UsageError

DEFINITION = "name: c\ndocker: {image: a:1}\ntasks: {t: }\n"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "FRANCA_CACHE": str(tmp_path / "cache")}


def git(directory: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *words], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "upstream" / "cubes"
    (path / "a" / "b").mkdir(parents=True)
    (path / "a" / "b" / "mlcube.yaml").write_text(DEFINITION)
    git(path, "init", "-q")
    git(path, "add", ".")
    git(path, "commit", "-qm", "one")
    git(path, "branch", "dev")
    return path


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("https://host/owner/repo", Source("https://host/owner/repo")),
        ("https://host/owner/repo.git", Source("https://host/owner/repo")),
        ("https://host/o/r/tree/dev", Source("https://host/o/r", branch="dev")),
        ("https://host/o/r/tree/v1.0/a/b", Source("https://host/o/r", branch="v1.0", folder="a/b")),
        ("git+https://host/x@v2#subdirectory=a/b", Source("https://host/x", branch="v2", folder="a/b")),
        ("git+ssh://git@host/x", Source("ssh://git@host/x")),
        ("https://host/x/c.tar.gz#sha256=ab", Source("https://host/x/c.tar.gz", True, sha256="ab")),
        ("/w/c.zip", Source("/w/c.zip", True)),
    ],
)
def test_addresses(text: str, source: Source) -> None:
    assert parse_source(text, "/w") == source


@pytest.mark.parametrize("text", ["-oProxyCommand=x.zip", "--upload-pack=touch x", "ext::sh -c x", "a\0b"])
def test_addresses_that_are_options_or_commands_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_source(text, "/w")


def test_a_branch_and_a_folder_are_fetched_and_work_offline(environ: dict[str, str], repository: Path) -> None:
    address = f"git+file://{repository}@dev#subdirectory=a/b"
    found = fetch(address, environ, "/")
    assert found.digest == git(repository, "rev-parse", "dev")
    assert Path(found.directory, "mlcube.yaml").read_text() == DEFINITION
    assert not list(Path(environ["FRANCA_CACHE"]).rglob(".git"))
    os.rename(repository, repository.with_name("gone"))
    assert fetch(address, environ, "/", offline=True) == found
    assert fetch(address, environ, "/") == found, "no network: the copy is used"


def test_a_branch_that_moved_is_fetched_again(environ: dict[str, str], repository: Path) -> None:
    address = f"git+file://{repository}@main#subdirectory=a/b"
    first = fetch(address, environ, "/")
    (repository / "a/b/new").write_text("x")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "two")
    assert fetch(address, environ, "/", offline=True) == first
    second = fetch(address, environ, "/")
    assert second.digest != first.digest
    assert Path(second.directory, "new").exists()
    assert Path(first.directory).exists()


def test_what_was_never_fetched_is_said(environ: dict[str, str], repository: Path) -> None:
    with pytest.raises(Unavailable, match="not fetched before"):
        fetch(f"git+file://{repository}", environ, "/", offline=True)
    with pytest.raises(NotFound, match="no/such"):
        fetch(f"git+file://{repository}#subdirectory=no/such", environ, "/")
    with pytest.raises(Unavailable, match="cannot fetch"):
        fetch(f"git+file://{repository}@no-such-branch", environ, "/")
    with pytest.raises(Refused, match="leaves"):
        fetch(f"git+file://{repository}#subdirectory=../..", environ, "/")


def test_hooks_and_links_of_a_repository_do_no_harm(environ: dict[str, str], repository: Path) -> None:
    hook = repository / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {repository.parent}/INJECTED\n")
    hook.chmod(0o755)
    (repository / "a/leaves").symlink_to("/etc")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "link")
    with pytest.raises(Refused, match="a/leaves"):
        fetch(f"git+file://{repository}", environ, "/")
    assert not (repository.parent / "INJECTED").exists()
    assert not [p for p in Path(environ["FRANCA_CACHE"]).rglob("*") if p.name.startswith(".clone")]


def archive(tmp_path: Path, name: str, members: dict[str, bytes]) -> Path:
    path = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as file:
            for member, data in members.items():
                file.writestr(member, data)
    else:
        with tarfile.open(path, "w:gz") as file:
            for member, data in members.items():
                info = tarfile.TarInfo(member)
                info.size = len(data)
                info.mode = 0o755
                file.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("name", ["c.zip", "c.tar.gz"])
@pytest.mark.parametrize("prefix", ["", "repo-1.0/"])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_archives(environ: dict[str, str], tmp_path: Path, name: str, prefix: str, scheme: str) -> None:
    path = archive(tmp_path, name, {f"{prefix}mlcube.yaml": DEFINITION.encode(), f"{prefix}sub/x.sh": b"x"})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    found = fetch(f"{scheme}{path}", environ, "/", sha256=digest)
    assert found == Fetched(found.directory, digest)
    assert Path(found.directory, "mlcube.yaml").read_text() == DEFINITION
    path.unlink()
    assert fetch(f"{scheme}{path}", environ, "/", sha256=digest) == found
    if scheme:
        assert fetch(f"{scheme}{path}", environ, "/", offline=True) == found


def test_a_wrong_digest_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    path = archive(tmp_path, "c.zip", {"mlcube.yaml": b"x"})
    with pytest.raises(ChecksumMismatch, match="expected " + "0" * 64):
        fetch(str(path), environ, "/", sha256="0" * 64)


def hostile_archives(tmp_path: Path) -> list[Path]:
    paths = [
        archive(tmp_path, f"h{n}{suffix}", {member: b"x"})
        for suffix in (".zip", ".tar.gz")
        for n, member in enumerate(("../up", "/abs", "a/../../up", "a/../.."))
    ]
    link = tmp_path / "link.tar.gz"
    with tarfile.open(link, "w:gz") as file:
        info = tarfile.TarInfo("l")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(info)
    device = tmp_path / "device.tar.gz"
    with tarfile.open(device, "w:gz") as file:
        info = tarfile.TarInfo("d")
        info.type = tarfile.CHRTYPE
        file.addfile(info)
    zipped = tmp_path / "link.zip"
    with zipfile.ZipFile(zipped, "w") as file:
        entry = zipfile.ZipInfo("l")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(entry, "/etc/passwd")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 nothing")
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive(tmp_path, "whole.tar.gz", {"a": os.urandom(5000)}).read_bytes()[:900])
    return [*paths, link, device, zipped, broken, cut]


def test_hostile_archives_are_refused_and_leave_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    for path in hostile_archives(tmp_path):
        with pytest.raises(FrancaError) as caught:
            fetch(str(path), environ, "/")
        assert isinstance(caught.value, Refused), path.name
    store = Path(environ["FRANCA_CACHE"]) / "cube" / "fetched"
    assert list(store.iterdir()) == []
    assert not (tmp_path / "up").exists()
