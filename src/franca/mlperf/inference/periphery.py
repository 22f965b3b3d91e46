"""Disks, networks and memory modules of a machine, for the system description (mlperf-inference 10.7, 18.2).

Names of interfaces, addresses and serial numbers are not read.
"""

from __future__ import annotations

import struct
from collections import Counter

from franca.mlperf.inference.machine import Machine

_NO_DISK = ("loop", "ram", "zram", "dm-", "sr", "md", "nbd", "fd")
_SECTOR = 512  #: bytes, whatever the disk's own sectors are (Linux, Documentation/block/stat)
_INFINIBAND = 32  #: ARPHRD_INFINIBAND of if_arp.h; Ethernet is 1
#: Memory types of SMBIOS 7.18.2 that systems of today have.
_MEMORY = {
    0x18: "DDR3", 0x1A: "DDR4", 0x1B: "LPDDR", 0x1C: "LPDDR2", 0x1D: "LPDDR3", 0x1E: "LPDDR4", 0x20: "HBM",
    0x21: "HBM2", 0x22: "DDR5", 0x23: "LPDDR5", 0x24: "HBM3",
}  # fmt: skip


def disks(machine: Machine) -> list[str]:
    """Folders of the disks in ``/sys/block``."""
    return [path for path in machine.names("/sys/block/*") if not path.rpartition("/")[2].startswith(_NO_DISK)]


def storage_type(machine: Machine) -> str:
    """HDD when every disk rotates, NVMe or SSD by their names; "" when there is none to see."""
    flags = {path: machine.first(path + "/queue/rotational") for path in disks(machine)}
    told = {path: flag for path, flag in flags.items() if flag}
    if not told:
        return ""
    if all(flag == "1" for flag in told.values()):
        return "HDD"
    return "NVMe SSD" if any(path.rpartition("/")[2].startswith("nvme") for path in told) else "SSD"


def disk_drives(machine: Machine) -> str:
    """``2 x 960 GB SAMSUNG ...``; "" when there is none to see."""
    found: list[str] = []
    for path in disks(machine):
        size = machine.number(path + "/size") * _SECTOR
        if size:
            found.append(f"{size / 1e9:.0f} GB {machine.first(path + '/device/model')}".strip())
    return ", ".join(f"{count} x {text}" for text, count in Counter(found).items())


def filesystem(machine: Machine) -> str:
    """Type of the root file system; "" when it is not told."""
    mounts = [line.split() for line in machine.lines("/proc/mounts")]
    return next((words[2] for words in reversed(mounts) if len(words) > 2 and words[1] == "/"), "")


def cards(machine: Machine) -> list[str]:
    """Folders of the interfaces that have a device behind them."""
    return [path.rpartition("/")[0] for path in machine.names("/sys/class/net/*/device")]


def card_types(machine: Machine) -> str:
    """``2 x ixgbe``: how many network cards, and their drivers; "" when there is none."""
    drivers = Counter(machine.link(path + "/device/driver") or "unknown" for path in cards(machine))
    return ", ".join(f"{count} x {name}" for name, count in sorted(drivers.items()))


def cards_with(machine: Machine, file: str, value: str) -> int:
    """How many network cards say this: ``operstate`` up, ``carrier`` 1."""
    return sum(machine.first(f"{path}/{file}") == value for path in cards(machine))


def network_speed(machine: Machine) -> int:
    """Of the fastest network card, Mbit/s; 0 where none tells (virtual ones say -1)."""
    return max([0, *(machine.number(path + "/speed") for path in cards(machine))])


def networking(machine: Machine) -> str:
    """``10 Gig Ethernet``, by the fastest card; "" where none tells its speed."""
    found = {machine.number(path + "/speed"): machine.number(path + "/type") for path in cards(machine)}
    speed = max([0, *found])
    if not speed:
        return ""
    if found[speed] == _INFINIBAND:
        return f"{speed / 1000:g} Gbit/s InfiniBand"
    return "Gig Ethernet" if speed == 1000 else f"{speed / 1000:g} Gig Ethernet"


def memory_modules(machine: Machine) -> str:
    """``8 x 32 GiB DDR4-3200``: from the firmware's table where it may be read, else from the memory controllers."""
    found = _by_firmware(machine.data("/sys/firmware/dmi/tables/DMI")) or _by_controllers(machine)
    return ", ".join(f"{count} x {text}" for text, count in Counter(found).items())


def _by_controllers(machine: Machine) -> list[str]:
    """Linux EDAC; sizes are in MiB."""
    found = []
    for path in machine.names("/sys/devices/system/edac/mc/mc*/dimm*"):
        size = machine.number(path + "/size")
        kind = machine.first(path + "/dimm_mem_type").removeprefix("Unbuffered-").removeprefix("Registered-")
        if size > 0:
            found.append(f"{size / 1024:g} GiB {kind}".strip())
    return found


def _by_firmware(table: bytes) -> list[str]:
    """The filled memory devices (structures of type 17, SMBIOS 7.18)."""
    found, place = [], 0
    while place + 4 <= len(table):
        kind, length = table[place], table[place + 1]
        end = table.find(b"\0\0", place + length)
        if length < 4 or end < 0:
            break
        if kind == 17 and (text := _module(table[place : place + length])):
            found.append(text)
        place = end + 2
    return found


def _module(record: bytes) -> str:
    """One memory device: its size, type and speed; "" for an empty slot or an old, shorter record."""
    if len(record) < 0x17:
        return ""
    kind = record[0x12]
    size, speed = (struct.unpack_from("<H", record, at)[0] for at in (0x0C, 0x15))
    if size == 0x7FFF and len(record) >= 0x20:  # the size stands in another field
        size = struct.unpack_from("<I", record, 0x1C)[0]
    elif size & 0x8000:
        size = (size & 0x7FFF) // 1024  # in KiB
    if size in (0, 0xFFFF):
        return ""
    name = _MEMORY.get(kind, "")
    return f"{size / 1024:g} GiB {name}{f'-{speed}' if name and speed not in (0, 0xFFFF) else ''}".strip()
