"""Facts about the host, from texts and from this machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Loader = Callable[[str, str], ModuleType]
OS_INFO = {"platform": "linux", "bits": "64", "python_bits": "64"}


@pytest.mark.parametrize(
    ("text", "flavor", "like", "version"),
    [
        ('ID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\n', "ubuntu", "debian", "22.04"),
        ('ID="rhel"\nID_LIKE=\'fedora\'\nVERSION_ID="9.4"\n', "rhel", "fedora", "9.4"),
        ("ID=Arch\n", "arch", "", ""),
        ('NAME="A \\"quoted\\" name"\nID=x\nVERSION_ID="1\n', "x", "", '"1'),
        ("# ID=no\n\nnonsense\n", "linux", "", ""),
    ],
)
def test_os_release_is_read_as_the_shell_would(recipe: Loader, text: str, flavor: str, like: str, version: str) -> None:
    assert recipe("detect-os", "customize").linux_distribution(text) == {
        "CM_HOST_OS_FLAVOR": flavor,
        "CM_HOST_OS_FLAVOR_LIKE": like,
        "CM_HOST_OS_VERSION": version,
    }


@pytest.mark.parametrize(
    ("flavor", "like", "manager"),
    [
        ("debian", "", "apt"),
        ("mint", "ubuntu debian", "apt"),
        ("rocky", "rhel centos fedora", "dnf"),
        ("amzn", "centos rhel fedora", "yum"),
        ("macos", "", "brew"),
    ],
)
def test_package_manager(recipe: Loader, flavor: str, like: str, manager: str) -> None:
    found = recipe("detect-os", "customize").package_manager(flavor, like)
    assert found["CM_HOST_OS_PACKAGE_MANAGER"] == manager


def test_unknown_distribution_has_no_package_manager(recipe: Loader) -> None:
    assert recipe("detect-os", "customize").package_manager("plan9", "") == {}


def test_this_host(recipe: Loader) -> None:
    env: dict[str, Any] = {}
    state: dict[str, Any] = {}
    result = recipe("detect-os", "customize").preprocess({"env": env, "state": state, "os_info": OS_INFO})
    assert result == {"return": 0}
    assert env["CM_HOST_PLATFORM_FLAVOR"] == platform.machine() == state["os_uname_machine"]
    assert env["CM_HOST_OS_TYPE"] == "linux"
    assert platform.release() in state["os_uname_all"]


CPUINFO = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model name\t: Some CPU @ 2.0GHz: fast
physical id\t: 0
core id\t\t: 0

processor\t: 1
physical id\t: 0
core id\t\t: 0

processor\t: 2
physical id\t: 1
core id\t\t: 0

processor\t: 3
physical id\t: 1
core id\t\t: 0

"""


def test_topology_from_proc(recipe: Loader) -> None:
    cpu = recipe("detect-cpu", "customize")
    facts = cpu.complete(cpu.cpuinfo_facts(cpu.parse_blocks(CPUINFO)))
    wanted = {"TOTAL_CORES": "4", "SOCKETS": "2", "PHYSICAL_CORES_PER_SOCKET": "1", "THREADS_PER_CORE": "2"}
    assert {key: facts[key] for key in wanted} == wanted
    assert facts["TOTAL_PHYSICAL_CORES"] == "2"
    assert facts["MODEL_NAME"] == "Some CPU @ 2.0GHz: fast"


def test_caches_from_sysfs(recipe: Loader, tmp_path: Path) -> None:
    for number, (level, kind, size) in enumerate([(1, "Data", "32K"), (1, "Instruction", "64K"), (2, "Unified", "1M")]):
        folder = tmp_path / "cpu" / "cpu0" / "cache" / f"index{number}"
        folder.mkdir(parents=True)
        for name, value in (("level", level), ("type", kind), ("size", size)):
            (folder / name).write_text(f"{value}\n")
    facts = recipe("detect-cpu", "customize").sysfs_facts(str(tmp_path))
    assert facts == {"L1D_CACHE_SIZE": "32K", "L1I_CACHE_SIZE": "64K", "L2_CACHE_SIZE": "1M"}


def test_processor_is_described_without_lscpu(recipe: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    env: dict[str, Any] = {}
    recipe("detect-cpu", "customize").preprocess({"env": env, "state": {}, "os_info": OS_INFO})
    assert env["CM_HOST_CPU_TOTAL_CORES"] == str(os.cpu_count())
    assert env["CM_HOST_CPU_ARCHITECTURE"] == platform.machine()
    assert env["CM_HOST_MEMORY_CAPACITY"]


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0"), (999, "999"), (1500, "1.5K"), (16_000_000_000, "16G"), (9_400_000_000_000, "9.4T")]
)
def test_sizes_have_decimal_units(recipe: Loader, size: int, text: str) -> None:
    assert recipe("detect-cpu", "customize").human(size) == text


@pytest.mark.parametrize(
    ("version", "limits", "answer"),
    [
        ("3.11.7", {}, True),
        ("3.11.7", {"VERSION_MIN": "3.9"}, True),
        ("3.9.0", {"VERSION_MIN": "3.10"}, False),
        ("3.12.1", {"VERSION_MAX": "3.12"}, False),
        ("3.12.0", {"VERSION_MAX": "3.12"}, True),
        ("3.11.7", {"VERSION": "3.11"}, False),
        ("3.11.0", {"VERSION": "3.11"}, True),
    ],
)
def test_python_limits(recipe: Loader, version: str, limits: dict[str, str], answer: bool) -> None:
    wanted = {"VERSION": "", "VERSION_MIN": "", "VERSION_MAX": "", **limits}
    assert recipe("get-python3", "customize").suits(version, wanted) is answer
