"""The system settings: files of both published versions, and every edit of ``mlcube config``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from franca.cube.settings import filled, load_settings
from franca.cube.show import edit_settings, settings_text
from franca.errors import FrancaError, MalformedFile, NotFound, UsageError


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "FRANCA_CACHE": str(tmp_path / "cache")}


def edited(environ: dict[str, str], **options: Any) -> dict[str, Any]:
    settings = load_settings(environ)
    named = {"--" + key.replace("_", "-"): value for key, value in options.items()}
    assert edit_settings(settings, named)
    settings.save()
    tree = yaml.safe_load(Path(settings.path).read_text())
    assert isinstance(tree, dict)
    return tree


def test_a_fresh_home_has_every_runner_and_writes_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    settings = load_settings(environ)
    assert not settings.exists
    assert list(settings.tree["runners"])[:2] == ["docker", "singularity"]
    assert settings.platform("podman")["docker"] == "podman"
    assert not (tmp_path / "mlcube.yaml").exists()


def test_the_environment_names_another_file(environ: dict[str, str], tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("platforms: {docker: {runner: docker, docker: mydocker}}\n")
    settings = load_settings({**environ, "MLCUBE_SYSTEM_SETTINGS": str(other)})
    assert settings.platform("docker")["docker"] == "mydocker"


def test_lacking_keys_are_filled_in() -> None:
    entry, lacking = filled({"runner": "docker", "docker": "mydocker"}, "docker")
    assert entry["docker"] == "mydocker"
    assert entry["build_strategy"] == "pull"
    assert "build_strategy" in lacking
    assert "docker" not in lacking


def test_create_copy_rename_remove_platforms(environ: dict[str, str]) -> None:
    assert edited(environ, create_platform=("docker", "d1"))["platforms"]["d1"]["runner"] == "docker"
    tree = edited(environ, copy_platform=("d1", "d2"))
    assert tree["platforms"]["d1"] == tree["platforms"]["d2"]
    tree = edited(environ, rename_platform=("d2", "d3"))
    assert "d2" not in tree["platforms"]
    assert "d3" in tree["platforms"]
    assert "d3" not in edited(environ, remove_platform="d3")["platforms"]


def test_rename_a_runner_and_its_platforms(environ: dict[str, str]) -> None:
    tree = edited(environ, rename_runner=("docker", "dk"), update_platforms=True)
    assert tree["runners"]["dk"] == {"pkg": "mlcube_docker"}
    assert "docker" not in tree["runners"]
    assert tree["platforms"]["docker"]["runner"] == "dk"
    settings = load_settings(environ)
    assert settings.runner_type(settings.platform("docker")) == "docker"


def test_a_removed_runner_returns_with_the_next_start(environ: dict[str, str]) -> None:
    assert "docker" not in edited(environ, remove_runner="docker", remove_platforms=True)["runners"]
    assert "docker" in load_settings(environ).tree["runners"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"create_platform": ("nope", "x")}, NotFound),
        ({"create_platform": ("docker", "docker")}, UsageError),
        ({"rename_platform": ("nope", "x")}, NotFound),
        ({"copy_platform": ("docker", "podman")}, UsageError),
        ({"rename_runner": ("docker", "dk")}, UsageError),
        ({"rename_runner": ("docker", "ssh"), "update_platforms": True}, UsageError),
        ({"remove_runner": "docker"}, UsageError),
        ({"remove_runner": "nope"}, NotFound),
    ],
)
def test_refused_edits(environ: dict[str, str], options: dict[str, Any], error: type[FrancaError]) -> None:
    with pytest.raises(error) as caught:
        edited(environ, **options)
    assert caught.value.hint or "exists" in caught.value.message


@pytest.mark.parametrize(
    ("key", "text"),
    [("platforms.docker.docker", "docker"), ("platforms.docker.env_args", "{}"), ("storage", "{}"),
     ("platforms.docker.--gpus", ""), ("runners.docker", "pkg: mlcube_docker")],
)  # fmt: skip
def test_getting_values(environ: dict[str, str], key: str, text: str) -> None:
    assert settings_text(load_settings(environ), {"--get": key}) == text


@pytest.mark.parametrize("key", ["nope", "platforms.nope", "platforms.docker.docker.x"])
def test_getting_what_is_not_there(environ: dict[str, str], key: str) -> None:
    with pytest.raises(NotFound):
        settings_text(load_settings(environ), {"--get": key})


@pytest.mark.parametrize("text", ["- 1\n", "platforms: [a]\n", "runners: 3\n", "a: [\n"])
def test_broken_settings_name_the_file(environ: dict[str, str], tmp_path: Path, text: str) -> None:
    (tmp_path / "mlcube.yaml").write_text(text)
    with pytest.raises(MalformedFile) as caught:
        load_settings(environ)
    assert str(tmp_path / "mlcube.yaml") in str(caught.value)
