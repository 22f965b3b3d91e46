"""What a script and its caller wish for a container (script engine, sections 15.1 to 15.3 and 15.6).

Each setting comes from the input ``docker_<key>``, else from the ``docker`` block of the script, its variations
and conditional blocks, else from the default here. For Apptainer, ``apptainer_<key>`` and an ``apptainer`` block
come before these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from franca.errors import UsageError
from franca.model.dialect import Dialect
from franca.planner.guards import is_true

_IMAGES = {"ubuntu": "ubuntu", "debian": "debian", "fedora": "fedora", "rhel": "registry.access.redhat.com/ubi9"}
_VERSIONS = {"ubuntu": "22.04", "debian": "12", "fedora": "41", "rhel": "latest"}


class Settings(msgspec.Struct, frozen=True):
    os: str
    os_version: str
    base_image: str
    image_name: str  #: with repository and tag
    user: str  #: account in the image
    package: str  #: what pip installs there: requirements, or paths of wheels; "" is the Franca that is running
    repo: str = ""  #: content to pull while building
    repo_branch: str = ""
    repo_flags: str = ""
    mounts: tuple[str, ...] = ()
    deps: tuple[dict[str, Any], ...] = ()
    build_deps: tuple[dict[str, Any], ...] = ()
    pre_run_cmds: tuple[str, ...] = ()
    run_final_cmds: tuple[str, ...] = ()
    run_cmd_prefix: str = ""
    copy_files: tuple[str, ...] = ()
    extra_sys_deps: tuple[str, ...] = ()
    extra_run_args: str = ""
    env: dict[str, Any] = {}
    dockerfile_env: dict[str, Any] = {}
    skip_input_for_fake_run: tuple[str, ...] = ()
    port_maps: tuple[str, ...] = ()
    device: str = ""
    shm_size: str = ""
    gpus: str = ""
    run: bool = True
    real_run: bool = False
    fake_run_deps: bool = False
    skip_run_cmd: bool = False
    interactive: bool = False
    detached: bool = False
    privileged: bool = False
    mount_current_dir: str = ""
    use_host_user_id: bool = True
    use_host_group_id: bool = True
    rebuild: bool = False
    image_path: str = ""  #: of an image that is a file
    fakeroot: bool = False
    sandbox: bool = False  #: the image is a folder
    pass_to_script: bool = False  #: the script makes its container itself

    @property
    def home(self) -> str:
        return "/root" if self.user == "root" else f"/home/{self.user}"


def resolve(
    docker: Mapping[str, Any], inputs: Mapping[str, Any], dialect: Dialect, name: str,
    prefixes: Sequence[str] = ("docker_",),
) -> Settings:  # fmt: skip
    """The settings of one request. ``name`` is that of the script, for the image; the first of ``prefixes`` wins.

    Raises:
        UsageError: a distribution that nobody knows.
    """
    read = _Reader(docker, inputs, prefixes)
    system = read.text("os", "ubuntu").lower()
    if system not in _IMAGES:
        raise UsageError(f"docker_os: {system!r} is none of {', '.join(_IMAGES)}", hint="or give --docker_base_image")
    version = read.text("os_version", _VERSIONS[system])
    base = read.text("base_image", f"{_IMAGES[system]}:{version}")
    word = "mlc" if dialect.is_new else "cm"
    return Settings(
        os=system,
        os_version=version,
        base_image=base,
        image_name=_image_name(read, f"{word}-script-{name}", base),
        user=read.text("user", f"{word}user"),
        package=read.text("package", ""),
        repo=read.text(f"{word}_repo", ""),
        repo_branch=read.text(f"{word}_repo_branch", ""),
        repo_flags=read.text(f"{word}_repo_flags", ""),
        mounts=read.texts("mounts"),
        deps=read.entries("deps"),
        build_deps=read.entries("build_deps"),
        pre_run_cmds=read.texts("pre_run_cmds"),
        run_final_cmds=read.texts("run_final_cmds"),
        run_cmd_prefix=read.text("run_cmd_prefix", ""),
        copy_files=read.texts("copy_files"),
        extra_sys_deps=tuple(word for text in read.texts("extra_sys_deps") for word in text.replace(",", " ").split()),
        extra_run_args=read.text("extra_run_args", ""),
        env=read.mapping("env"),
        dockerfile_env={**read.mapping("build_env"), **read.mapping("dockerfile_env")},
        skip_input_for_fake_run=read.texts("skip_input_for_fake_run"),
        port_maps=read.texts("port_maps"),
        device=read.text("device", ""),
        shm_size=read.text("shm_size", ""),
        gpus=read.text("num_gpus", "") or ("all" if read.on("all_gpus") or read.on("nv") else ""),
        run=read.on("run", default=True),
        real_run=read.on("real_run"),
        fake_run_deps=read.on("fake_run_deps"),
        skip_run_cmd=read.on("skip_run_cmd"),
        interactive=read.on("interactive") or read.on("it"),
        detached=read.on("detached") or read.on("dt"),
        privileged=read.on("privileged"),
        mount_current_dir=read.text("mount_current_dir", ""),
        use_host_user_id=read.on("use_host_user_id", default=True),
        use_host_group_id=read.on("use_host_group_id", default=True),
        rebuild=read.on("rebuild") or read.on("recreate"),
        image_path=read.text("image_path", ""),
        fakeroot=read.on("fakeroot"),
        sandbox=read.on("sandbox"),
        pass_to_script=read.on("pass_docker_to_script"),
    )


def _image_name(read: _Reader, default: str, base: str) -> str:
    """``repository/name:base-extra-tag``: one image for each base, so that they do not replace each other."""
    name = read.text("image_name", default).lower()
    if ":" in name.rpartition("/")[2]:
        return name
    tag = base.rpartition("/")[2].replace(":", "-").replace("@", "-")
    tag += read.text("image_tag_extra", "") + "-" + read.text("image_tag", "latest")
    repo = read.text("image_repo", "" if "/" in name else "local")
    return f"{repo}/{name}:{tag}" if repo else f"{name}:{tag}"


class _Reader:
    def __init__(self, docker: Mapping[str, Any], inputs: Mapping[str, Any], prefixes: Sequence[str]) -> None:
        self.docker, self.inputs, self.prefixes = docker, inputs, prefixes

    def value(self, key: str) -> Any:
        for prefix in self.prefixes:
            if (given := self.inputs.get(prefix + key)) is not None:
                return given
        return self.docker.get(key)

    def text(self, key: str, default: str) -> str:
        value = self.value(key)
        return default if value in (None, "", True, False) else str(value)

    def on(self, key: str, *, default: bool = False) -> bool:
        value = self.value(key)
        return default if value in (None, "") else is_true(value)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.value(key)
        if value in (None, "", True, False):
            return ()
        return tuple(map(str, value)) if isinstance(value, (list, tuple)) else (str(value),)

    def entries(self, key: str) -> tuple[dict[str, Any], ...]:
        return tuple(one for one in self.docker.get(key) or () if isinstance(one, dict))

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.value(key)
        return dict(value) if isinstance(value, Mapping) else {}
