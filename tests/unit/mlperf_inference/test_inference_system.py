"""The description of a machine, read from the files and tools of machines that are made up here."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from franca.mlperf.inference import accelerators as gpus
from franca.mlperf.inference import system, toolchain
from franca.mlperf.inference.machine import Machine

SERVER = {
    "proc/cpuinfo": "".join(
        f"processor : {n}\nmodel name : Fast CPU 9\nphysical id : {n // 4}\ncore id : {n % 2}\ncpu MHz : 2100.5\n"
        f"flags : fpu avx avx2 avx512f\n\n"
        for n in range(8)
    ),
    "proc/meminfo": "MemTotal: 67108864 kB\nMemFree: 1 kB\nMemAvailable: 33554432 kB\n",
    "proc/mounts": "rootfs / rootfs rw 0 0\n/dev/nvme0n1p2 / xfs rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n",
    "etc/os-release": 'NAME="Example"\nPRETTY_NAME="Example OS 7"\n',
    "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "3700000\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
    "sys/devices/system/cpu/intel_pstate/no_turbo": "1\n",
    "sys/devices/system/cpu/cpu0/cache/index0/level": "1\n",
    "sys/devices/system/cpu/cpu0/cache/index0/type": "Data\n",
    "sys/devices/system/cpu/cpu0/cache/index0/size": "48K\n",
    "sys/devices/system/node/node0/cpulist": "0-3\n",
    "sys/devices/system/node/node1/cpulist": "4-7\n",
    "sys/devices/system/node/possible": "0-1\n",
    "sys/block/nvme0n1/queue/rotational": "0\n",
    "sys/block/nvme0n1/size": "1875385008\n",
    "sys/block/nvme0n1/device/model": "Disk Model 1\n",
    "sys/block/loop0/queue/rotational": "1\n",
    "sys/block/loop0/size": "100\n",
    "sys/class/net/eth0/speed": "25000\n",
    "sys/class/net/eth0/type": "1\n",
    "sys/class/net/eth0/operstate": "up\n",
    "sys/class/net/eth0/carrier": "1\n",
    "sys/class/net/eth0/device/vendor": "0x1\n",
    "sys/class/net/eth1/speed": "1000\n",
    "sys/class/net/eth1/operstate": "down\n",
    "sys/class/net/eth1/device/vendor": "0x1\n",
    "sys/class/net/lo/speed": "99999\n",
    "sys/class/dmi/id/bios_vendor": "Maker\n",
    "sys/class/dmi/id/bios_version": "1.2.3\n",
    "sys/class/dmi/id/product_serial": "SECRET-1\n",
}


def made(root: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return str(root)


def values(described: dict[str, dict[str, object]], source: str) -> dict[str, object]:
    return {name: field["value"] for name, field in described.items() if field["source"] == source}


def test_a_server_is_described_by_its_files(tmp_path) -> None:
    found = values(system.describe(root=made(tmp_path, SERVER)), "detected")
    expected = {
        "host_processor_model_name": "Fast CPU 9",
        "host_processors_per_node": 2,
        "host_processor_core_count": 2,
        "host_processor_frequency": "3700 MHz",
        "host_processor_caches": "L1d cache: 48K",
        "host_processor_flags": "avx avx2 avx512f",
        "hypervisor": "none seen",
        "host_memory_capacity": "64.0 GiB",
        "host_storage_type": "NVMe SSD",
        "host_network_card_count": 2,
        "host_networking": "25 Gig Ethernet",
        "governor": "performance",
        "turbo": "off",
        "numa_nodes": 2,
        "power_management": "performance",
        "filesystem": "xfs",
        "boot_firmware_version": "Maker 1.2.3",
        "number_of_type_nics_installed": "2 x unknown",
        "nics_enabled_os": "1",
        "nics_enabled_connected": "1",
        "network_speed_mbit": "25000",
        "disk_drives": "1 x 960 GB Disk Model 1",
    }
    assert {name: found[name] for name in expected} == expected
    assert str(found["operating_system"]).startswith("Example OS 7 (")
    assert "SECRET" not in str(found) and "eth" not in str(found)


def test_what_no_file_tells_has_its_default_and_is_marked(tmp_path) -> None:
    described = system.describe(root=made(tmp_path, {"proc/meminfo": "MemTotal: 1048576 kB\n"}))
    defaults = values(described, "default")
    assert defaults["host_networking"] == "Gig Ethernet" and defaults["host_storage_type"] == "SSD"
    assert defaults["host_network_card_count"] == 1 and defaults["accelerators_per_node"] == 0
    assert defaults["governor"] == defaults["turbo"] == "undefined"
    assert not {"filesystem", "disk_drives", "host_memory_configuration", "network_speed_mbit"} & set(described)


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"sys/block/sda/queue/rotational": "1\n", "sys/block/sdb/queue/rotational": "1\n"}, "HDD"),
        ({"sys/block/sda/queue/rotational": "1\n", "sys/block/sdb/queue/rotational": "0\n"}, "SSD"),
        ({"sys/block/dm-0/queue/rotational": "1\n", "sys/block/nvme0n1/queue/rotational": "0\n"}, "NVMe SSD"),
    ],
)
def test_storage_is_told_by_the_rotational_flags(tmp_path, files, kind) -> None:
    assert system.describe(root=made(tmp_path, files))["host_storage_type"]["value"] == kind


@pytest.mark.parametrize(
    ("speed", "kind", "words"),
    [("1000", "1", "Gig Ethernet"), ("100", "1", "0.1 Gig Ethernet"), ("-1", "1", "Gig Ethernet"),
     ("200000", "32", "200 Gbit/s InfiniBand"), ("many", "1", "Gig Ethernet")],
)  # fmt: skip
def test_the_network_is_told_by_its_fastest_card(tmp_path, speed, kind, words) -> None:
    files = {f"sys/class/net/x/{name}": text for name, text in (("speed", speed), ("type", kind), ("device/a", ""))}
    field = system.describe(root=made(tmp_path, files))["host_networking"]
    assert field == {"value": words, "source": "default" if speed in ("-1", "many") else "detected"}


@pytest.mark.parametrize(("boost", "word"), [("1", "on"), ("0", "off")])
def test_turbo_of_other_drivers(tmp_path, boost, word) -> None:
    root = made(tmp_path, {"sys/devices/system/cpu/cpufreq/boost": boost + "\n"})
    assert system.describe(root=root)["turbo"]["value"] == word


def memory_device(size: int, kind: int = 0x1A, speed: int = 3200, more: int = 0) -> bytes:
    """A structure of type 17 of SMBIOS 3, with a serial number among its texts."""
    body = bytearray(0x28)
    struct.pack_into("<BBH", body, 0, 17, len(body), 1)
    struct.pack_into("<H", body, 0x0C, size)
    body[0x12] = kind
    struct.pack_into("<H", body, 0x15, speed)
    struct.pack_into("<I", body, 0x1C, more)
    return bytes(body) + b"DIMM A1\0SERIAL-7\0\0"


OTHER = bytes([4, 6, 0, 0, 1, 2]) + b"CPU\0\0"
END = bytes([127, 4, 0, 0]) + b"\0\0"


def dimms(root: Path, table: bytes) -> object:
    path = root / "sys/firmware/dmi/tables/DMI"
    path.parent.mkdir(parents=True)
    path.write_bytes(table)
    return system.describe(root=str(root)).get("host_memory_configuration", {}).get("value")


def test_memory_modules_are_told_by_the_firmware_where_it_may_be_read(tmp_path) -> None:
    full = memory_device(0x7FFF, more=32768)
    table = (
        OTHER + full + full + memory_device(0) + memory_device(16384) + memory_device(0x7FFF, 0x22, 4800, 65536) + END
    )
    assert dimms(tmp_path, table) == "2 x 32 GiB DDR4-3200, 1 x 16 GiB DDR4-3200, 1 x 64 GiB DDR5-4800"


@pytest.mark.parametrize(
    "table", [b"", b"\x11", b"\x11\x00\x00\x00", memory_device(1024)[:20], bytes(64), b"\xff" * 90]
)
def test_a_broken_table_of_the_firmware_tells_nothing(tmp_path, table) -> None:
    assert dimms(tmp_path, table) is None


def test_memory_modules_are_told_by_the_controllers_elsewhere(tmp_path) -> None:
    files = {}
    for n in range(4):
        files[f"sys/devices/system/edac/mc/mc0/dimm{n}/size"] = "16384\n" if n < 3 else "0\n"
        files[f"sys/devices/system/edac/mc/mc0/dimm{n}/dimm_mem_type"] = "Registered-DDR4\n"
    found = system.describe(root=made(tmp_path, files))["host_memory_configuration"]
    assert found == {"value": "3 x 16 GiB DDR4", "source": "detected"}


Tool = Callable[[str, str], None]


@pytest.fixture
def tool(tmp_path, monkeypatch) -> Tool:
    """Puts a program on PATH, which has nothing else; the text is Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def make(name: str, text: str) -> None:
        path = folder / name
        path.write_text(f"#!{sys.executable}\nimport sys\n{text}\n", "utf-8")
        path.chmod(0o755)

    return make


H200 = "GPU-%s, NVIDIA H200, 143771, 1980, 5, 16, 570.86.15"
SMI = f"""
rows = ["0, {H200 % "aaa"}", "1, {H200 % "bbb"}"]
if len(sys.argv) == 1:
    print("| NVIDIA-SMI 570.86.15   Driver Version: 570.86.15   CUDA Version: 12.8 |")
else:
    assert sys.argv[1].startswith("--query-gpu=index,uuid,name,"), sys.argv
    print("\\n".join(rows))
"""


def test_gpus_are_told_by_their_tool(tool) -> None:
    tool("nvidia-smi", SMI)
    described = system.describe("cuda")
    found = {name: described[name]["value"] for name in described if name.startswith(("accelerator", "cuda"))}
    assert found == {
        "accelerators_per_node": "2",
        "accelerator_model_name": "NVIDIA H200",
        "accelerator_memory_capacity": "140.4 GiB",
        "accelerator_frequency": "1980 MHz",
        "accelerator_host_interconnect": "PCIe Gen5 x16",
        "accelerator_driver": "570.86.15",
        "cuda": "12.8",
    }
    assert all(described[name]["source"] == "detected" for name in found)
    assert "GPU-" not in str(described)


def test_a_run_on_processors_claims_no_gpu(tool) -> None:
    tool("nvidia-smi", SMI)
    described = system.describe("cpu")
    assert described["accelerators_per_node"] == {"value": 0, "source": "default"}
    assert "accelerator_model_name" not in described and "cuda" not in described


@pytest.mark.parametrize(("chosen", "count"), [("1", "1"), ("0,1", "2"), ("GPU-bbb", "1"), ("7", None), ("", None)])
def test_only_gpus_that_the_run_may_use_count(tool, monkeypatch, chosen, count) -> None:
    tool("nvidia-smi", SMI)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert gpus.accelerators("cuda").get("accelerators_per_node") == count


def test_what_the_tool_does_not_know_is_left_out(tool) -> None:
    tool("nvidia-smi", 'print("0, GPU-a, Old GPU, [N/A], [Not Supported], [N/A], [N/A], 1.0")')
    found = gpus.accelerators("cuda")
    assert found["accelerator_memory_capacity"] == found["accelerator_frequency"] == ""
    described = system.describe("cuda")
    assert "accelerator_frequency" not in described and described["accelerator_model_name"]["value"] == "Old GPU"


@pytest.mark.parametrize("text", ["sys.exit(9)", "print('No devices were found')", "print('\\xff' * 9)", "print(1, 2)"])
def test_a_tool_that_fails_leaves_the_device_undefined(tool, text) -> None:
    tool("nvidia-smi", text)
    described = system.describe("cuda")
    assert described["accelerators_per_node"] == {"value": "undefined", "source": "default"}
    assert described["accelerator_model_name"] == {"value": "undefined", "source": "default"}


def test_a_tool_that_hangs_is_ended(tool, monkeypatch) -> None:
    monkeypatch.setattr(toolchain, "PATIENCE_S", 0.2)
    tool("nvidia-smi", "import time\ntime.sleep(60)")
    assert gpus.accelerators("cuda:0") == {}


def test_gpus_of_the_other_vendor(tool) -> None:
    tool(
        "rocm-smi",
        "import json\n"
        'card = {"Card Series": "Instinct MI300X", "VRAM Total Memory (B)": str(192 << 30)}\n'
        'print(json.dumps({"card0": card, "card1": card, "system": {"Driver version": "6.3"}}))',
    )
    assert gpus.accelerators("rocm") == {
        "accelerators_per_node": "2",
        "accelerator_model_name": "Instinct MI300X",
        "accelerator_memory_capacity": "192.0 GiB",
    }
    tool("rocm-smi", "print('[1]')")
    assert gpus.accelerators("rocm") == {}


def test_the_compiler_and_the_container_are_told(tool, tmp_path) -> None:
    assert (toolchain.compiler(), toolchain.container(Machine(str(tmp_path)))) == ("", "")
    tool("gcc", "print('13.2.1')")
    (tmp_path / ".dockerenv").touch()
    assert toolchain.compiler() == "gcc-13.2.1"
    assert toolchain.container(Machine(str(tmp_path))) == "unknown"
    tool("docker", "print('Docker version 28.2.2, build e6534b4')")
    assert toolchain.container(Machine(str(tmp_path))) == "28.2.2"
    assert system.describe(root=str(tmp_path))["docker"]["value"] == "28.2.2"


def test_free_memory_is_that_of_the_machine_or_its_control_group() -> None:
    free = system.available_memory()
    assert 0 < free < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
