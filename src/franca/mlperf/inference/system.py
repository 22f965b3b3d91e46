"""Facts about this machine for the system description, read without root; nothing secret is among them.

Each field says where it comes from (mlperf-inference section 18): ``detected`` or ``default``. No host name,
user name, environment variable, address or serial number is read.
"""

from __future__ import annotations

import glob
import os
import platform
import shutil
from typing import Any


def describe() -> dict[str, Any]:
    """CPU, caches, memory, storage, operating system, load; ``{"field": {"value": ..., "source": ...}}``."""
    fields: dict[str, tuple[Any, str]] = {}
    cpu = _cpu_info()
    fields["host_processor_model_name"] = _found(cpu.get("model name") or platform.processor())
    fields["host_processors_per_node"] = _found(cpu.get("sockets"), 1)
    fields["host_processor_core_count"] = _found(cpu.get("cores"), os.cpu_count() or 1)
    fields["host_processor_threads"] = _found(os.cpu_count())
    fields["host_processor_usable_threads"] = _found(usable_processors())
    fields["host_processor_frequency"] = _found(_frequency(cpu))
    fields["host_processor_caches"] = _found(_caches())
    fields["host_processor_flags"] = _found(_vector_flags(cpu))
    fields["host_memory_capacity"] = _found(_memory())
    fields["host_storage_capacity"] = _found(_storage())
    fields["host_storage_type"] = _found(_storage_type(), "SSD")
    fields["host_network_card_count"] = _found(_network_cards(), 1)
    fields["operating_system"] = _found(_operating_system())
    fields["machine"] = _found(platform.machine())
    fields["hypervisor"] = _found(_hypervisor(cpu))
    fields["governor"] = _found(_first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"))
    fields["host_load"] = _found(_load())
    fields["accelerators_per_node"] = (0, "default")
    return {name: {"value": value, "source": source} for name, (value, source) in fields.items()}


def available_memory() -> int:
    """Bytes that a new process can have without swapping; 0 when unknown."""
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return min(int(line.split()[1]) * 1024, _cgroup_left() or 1 << 62)
    return 0


def _found(value: Any, default: Any = "undefined") -> tuple[Any, str]:
    return (value, "detected") if value not in (None, "", 0) else (default, "default")


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read(1 << 20).splitlines()
    except OSError:
        return []


def _first_line(path: str) -> str:
    lines = _lines(path)
    return lines[0].strip() if lines else ""


def _cpu_info() -> dict[str, Any]:
    """The first processor's fields of /proc/cpuinfo, and counts of sockets and cores over all of them."""
    first: dict[str, Any] = {}
    sockets, cores, socket = set(), set(), "0"
    for line in _lines("/proc/cpuinfo"):
        key, _, value = (part.strip() for part in line.partition(":"))
        first.setdefault(key, value)
        if key == "physical id":
            socket = value
            sockets.add(value)
        elif key == "core id":
            cores.add((socket, value))
    first["sockets"] = len(sockets)
    first["cores"] = len(cores) // max(1, len(sockets))
    return first


def usable_processors() -> int:
    """How many this process may run on at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _frequency(cpu: dict[str, Any]) -> str:
    top = _first_line("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")
    if top.isdigit():
        return f"{int(top) // 1000} MHz"
    now = str(cpu.get("cpu MHz", "")).split(".")[0]
    return f"{now} MHz" if now else ""


def _caches() -> str:
    parts = []
    for folder in sorted(glob.glob("/sys/devices/system/cpu/cpu0/cache/index[0-9]*")):
        level, kind = _first_line(folder + "/level"), _first_line(folder + "/type")
        size = _first_line(folder + "/size")
        letter = {"Data": "d", "Instruction": "i"}.get(kind, "")
        if level and size:
            parts.append(f"L{level}{letter} cache: {size}")
    return ", ".join(parts)


def _vector_flags(cpu: dict[str, Any]) -> str:
    known = ("avx", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "sve")
    flags = set(str(cpu.get("flags", cpu.get("Features", ""))).split())
    return " ".join(f for f in known if f in flags)


def _memory() -> str:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal:"):
            return f"{int(line.split()[1]) / (1 << 20):.1f} GiB"
    return ""


def _storage() -> str:
    """Size of the root file system."""
    try:
        return f"{shutil.disk_usage(os.sep).total / 1e9:.0f} GB"
    except OSError:
        return ""


def _storage_type() -> str:
    """HDD when every disk rotates, NVMe or SSD by the names of the disks; '' when there is none to see."""
    flags = {
        path.split("/")[3]: _first_line(path)
        for path in glob.glob("/sys/block/*/queue/rotational")
        if not path.split("/")[3].startswith(("loop", "ram", "zram", "dm-", "sr"))
    }
    if not flags:
        return ""
    if all(flag == "1" for flag in flags.values()):
        return "HDD"
    return "NVMe SSD" if any(name.startswith("nvme") for name in flags) else "SSD"


def _network_cards() -> int:
    """Interfaces that have a device behind them."""
    return len(glob.glob("/sys/class/net/*/device"))


def _cgroup_left() -> int:
    """Bytes left under the control group's limit; 0 = no limit known."""
    limit = _first_line("/sys/fs/cgroup/memory.max")
    used = _first_line("/sys/fs/cgroup/memory.current")
    return max(1, int(limit) - int(used)) if limit.isdigit() and used.isdigit() else 0


def _operating_system() -> str:
    name = ""
    for line in _lines("/etc/os-release"):
        if line.startswith("PRETTY_NAME="):
            name = line.partition("=")[2].strip().strip('"')
    libc = "".join(platform.libc_ver())
    return f"{name or platform.system()} ({platform.system().lower()}-{platform.release()}-{libc})"


def _hypervisor(cpu: dict[str, Any]) -> str:
    return "yes (virtual machine)" if "hypervisor" in str(cpu.get("flags", "")).split() else "none seen"


def _load() -> str:
    try:
        return " ".join(f"{x:.2f}" for x in os.getloadavg())
    except OSError:
        return ""
