"""Facts about this machine for the system description, read without root; nothing secret is among them.

Each field says where it comes from (mlperf-inference section 18): ``detected`` or ``default``. No host name,
user name, environment variable, address or serial number is read.
"""

from __future__ import annotations

import os
import platform
import shutil
from typing import Any

from franca.mlperf.inference import periphery, toolchain
from franca.mlperf.inference.accelerators import accelerators
from franca.mlperf.inference.machine import Machine

_CPU = "/sys/devices/system/cpu"


def describe(device: str = "cpu", root: str = os.sep) -> dict[str, Any]:
    """CPU, memory, storage, network, software, load; ``{"field": {"value": ..., "source": ...}}``.

    Args:
        device: that the runs use; accelerators are named for those that use them.
        root: another place for ``/proc``, ``/sys`` and ``/etc``.
    """
    machine = Machine(root)
    fields = {**_processors(machine), **_memory_and_disks(machine), **_network(machine), **_state(machine)}
    fields |= _software(machine) | _power(machine) | _accelerators(device)
    return {name: {"value": value, "source": source} for name, (value, source) in fields.items()}


def available_memory() -> int:
    """Bytes that a new process can have without swapping; 0 when unknown."""
    machine = Machine()
    free = _meminfo(machine, "MemAvailable")
    return min(free, _cgroup_left(machine) or 1 << 62) if free else 0


def usable_processors() -> int:
    """How many this process may run on at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


Field = tuple[Any, str]


def _found(value: Any, default: Any = "undefined") -> Field:
    return (value, "detected") if value not in (None, "", 0) else (default, "default")


def _present(**fields: Any) -> dict[str, Field]:
    """Those that were found; the others are left out."""
    return {name: (value, "detected") for name, value in fields.items() if value not in (None, "", 0)}


def _processors(machine: Machine) -> dict[str, Field]:
    cpu = _cpu_info(machine)
    return {
        "host_processor_model_name": _found(cpu.get("model name") or platform.processor()),
        "host_processors_per_node": _found(cpu.get("sockets"), 1),
        "host_processor_core_count": _found(cpu.get("cores"), os.cpu_count() or 1),
        "host_processor_threads": _found(os.cpu_count()),
        "host_processor_usable_threads": _found(usable_processors()),
        "host_processor_frequency": _found(_frequency(machine, cpu)),
        "host_processor_caches": _found(_caches(machine)),
        "host_processor_flags": _found(_vector_flags(cpu)),
        "hypervisor": _found(_hypervisor(cpu)),
    }


def _memory_and_disks(machine: Machine) -> dict[str, Field]:
    memory = _meminfo(machine, "MemTotal")
    return {
        "host_memory_capacity": _found(f"{memory / (1 << 30):.1f} GiB" if memory else ""),
        "host_storage_capacity": _found(_storage(machine)),
        "host_storage_type": _found(periphery.storage_type(machine), "SSD"),
        **_present(host_memory_configuration=periphery.memory_modules(machine)),
    }


def _network(machine: Machine) -> dict[str, Field]:
    return {
        "host_network_card_count": _found(len(periphery.cards(machine)), 1),
        "host_networking": _found(periphery.networking(machine), "Gig Ethernet"),
    }


def _state(machine: Machine) -> dict[str, Field]:
    """How the machine is set, and what it does at the moment."""
    return {
        "governor": _found(machine.first(f"{_CPU}/cpu0/cpufreq/scaling_governor")),
        "turbo": _found(_turbo(machine)),
        "numa_nodes": _found(len(machine.names("/sys/devices/system/node/node[0-9]*"))),
        "host_load": _found(_load()),
    }


def _software(machine: Machine) -> dict[str, Field]:
    return {
        "operating_system": _found(_operating_system(machine)),
        "machine": _found(platform.machine()),
        **_present(compiler=toolchain.compiler(), docker=toolchain.container(machine)),
    }


def _power(machine: Machine) -> dict[str, Field]:
    """What power submissions say beside the rest, as far as it can be read (section 10.7)."""
    speed = periphery.network_speed(machine)
    bios = " ".join(filter(None, (machine.first(f"/sys/class/dmi/id/bios_{one}") for one in ("vendor", "version"))))
    return _present(
        power_management=machine.first(f"{_CPU}/cpu0/cpufreq/scaling_governor"),
        filesystem=periphery.filesystem(machine),
        boot_firmware_version=bios,
        number_of_type_nics_installed=periphery.card_types(machine),
        nics_enabled_os=str(periphery.cards_with(machine, "operstate", "up") or ""),
        nics_enabled_connected=str(periphery.cards_with(machine, "carrier", "1") or ""),
        network_speed_mbit=str(speed or ""),
        disk_drives=periphery.disk_drives(machine),
    )


def _accelerators(device: str) -> dict[str, Field]:
    if device == "cpu":
        return {"accelerators_per_node": (0, "default")}
    found = accelerators(device)
    if not found:  # it runs on one, and no tool tells which
        return {"accelerators_per_node": ("undefined", "default"), "accelerator_model_name": ("undefined", "default")}
    return _present(**found)


def _cpu_info(machine: Machine) -> dict[str, Any]:
    """The first processor's fields of /proc/cpuinfo, and counts of sockets and cores over all of them."""
    first: dict[str, Any] = {}
    sockets, cores, socket = set(), set(), "0"
    for line in machine.lines("/proc/cpuinfo"):
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


def _frequency(machine: Machine, cpu: dict[str, Any]) -> str:
    top = machine.number(f"{_CPU}/cpu0/cpufreq/cpuinfo_max_freq")
    now = str(cpu.get("cpu MHz", "")).split(".")[0]
    return f"{top // 1000} MHz" if top else f"{now} MHz" if now else ""


def _caches(machine: Machine) -> str:
    parts = []
    for folder in machine.names(f"{_CPU}/cpu0/cache/index[0-9]*"):
        level, kind, size = (machine.first(f"{folder}/{name}") for name in ("level", "type", "size"))
        letter = {"Data": "d", "Instruction": "i"}.get(kind, "")
        if level and size:
            parts.append(f"L{level}{letter} cache: {size}")
    return ", ".join(parts)


def _vector_flags(cpu: dict[str, Any]) -> str:
    known = ("avx", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "sve")
    flags = set(str(cpu.get("flags", cpu.get("Features", ""))).split())
    return " ".join(f for f in known if f in flags)


def _turbo(machine: Machine) -> str:
    """Of Intel's driver, which counts the other way round, or of the others; "" where neither tells."""
    words = {f"{_CPU}/intel_pstate/no_turbo": ("on", "off"), f"{_CPU}/cpufreq/boost": ("off", "on")}
    for path, (zero, one) in words.items():
        if flag := machine.first(path):
            return one if flag == "1" else zero
    return ""


def _meminfo(machine: Machine, key: str) -> int:
    """Bytes; 0 where it is not told."""
    for line in machine.lines("/proc/meminfo"):
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    return 0


def _storage(machine: Machine) -> str:
    """Size of the root file system."""
    try:
        return f"{shutil.disk_usage(machine.root).total / 1e9:.0f} GB"
    except OSError:
        return ""


def _cgroup_left(machine: Machine) -> int:
    """Bytes left under the control group's limit; 0 = no limit known."""
    limit, used = (machine.first(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    return max(1, int(limit) - int(used)) if limit.isdigit() and used.isdigit() else 0


def _operating_system(machine: Machine) -> str:
    name = ""
    for line in machine.lines("/etc/os-release"):
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
