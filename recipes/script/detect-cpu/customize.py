"""Facts about the processor, memory and disk.

The kernel's own files come first (``/proc``, ``/sys``); ``lscpu`` fills in what they do not say
(decoded model names on ARM, cache sums), and nothing breaks where it is missing.
"""

from __future__ import annotations

import glob
import os
import platform
import shutil
import subprocess

_FROM_LSCPU = {
    "Architecture": "ARCHITECTURE",
    "CPU(s)": "TOTAL_CORES",
    "On-line CPU(s) list": "ON_LINE_CPUS_LIST",
    "Vendor ID": "VENDOR_ID",
    "Model name": "MODEL_NAME",
    "CPU family": "FAMILY",
    "Thread(s) per core": "THREADS_PER_CORE",
    "Core(s) per socket": "PHYSICAL_CORES_PER_SOCKET",
    "Core(s) per cluster": "PHYSICAL_CORES_PER_SOCKET",
    "Socket(s)": "SOCKETS",
    "NUMA node(s)": "NUMA_NODES",
    "CPU max MHz": "MAX_MHZ",
    "L1d cache": "L1D_CACHE_SIZE",
    "L1i cache": "L1I_CACHE_SIZE",
    "L2 cache": "L2_CACHE_SIZE",
    "L3 cache": "L3_CACHE_SIZE",
}
_FROM_SYSCTL = {
    "hw.physicalcpu": "TOTAL_PHYSICAL_CORES",
    "hw.logicalcpu": "TOTAL_CORES",
    "hw.packages": "SOCKETS",
    "hw.memsize": "MEMSIZE",
    "hw.l1icachesize": "L1I_CACHE_SIZE",
    "hw.l1dcachesize": "L1D_CACHE_SIZE",
    "hw.l2cachesize": "L2_CACHE_SIZE",
    "machdep.cpu.brand_string": "MODEL_NAME",
}
# key of /proc/cpuinfo -> environment key, for facts that only this file has
_FROM_CPUINFO = {
    "wp": "CM_HOST_CPU_WRITE_PROTECT_SUPPORT",
    "microcode": "CM_HOST_CPU_MICROCODE",
    "fpu": "CM_HOST_CPU_FPU_SUPPORT",
    "fpu_exception": "CM_HOST_CPU_FPU_EXCEPTION_SUPPORT",
    "bugs": "CM_HOST_CPU_BUGS",
    "TLB size": "CM_HOST_CPU_TLB_SIZE",
    "clflush size": "CM_HOST_CPU_CFLUSH_SIZE",
    "cache_alignment": "CM_HOST_CACHE_ALIGNMENT_SIZE",
    "power management": "CM_HOST_POWER_MANAGEMENT",
}


def preprocess(i):
    """Set every key at once; there is nothing to run afterwards."""
    env, kind = i["env"], i["os_info"]["platform"]
    facts = darwin_facts() if kind == "darwin" else linux_facts() if kind == "linux" else {}
    facts.setdefault("TOTAL_CORES", str(os.cpu_count() or 1))
    facts.setdefault("ARCHITECTURE", platform.machine())
    env.update({f"CM_HOST_CPU_{key}": value for key, value in complete(facts).items()})
    if kind == "linux":
        cpuinfo = parse_blocks(read("/proc/cpuinfo"))
        first = cpuinfo[0] if cpuinfo else {}
        env.update({target: first.get(key) or "Not Found" for key, target in _FROM_CPUINFO.items()})
        env["CM_HOST_MEMORY_CAPACITY"] = memory_capacity(read("/proc/meminfo"))
    env["CM_HOST_DISK_CAPACITY"] = human(shutil.disk_usage("/").total)
    i["state"]["host_device_raw_info"] = {"cpu": facts}
    return {"return": 0}


def linux_facts():
    """Facts from ``/proc`` and ``/sys``, made more precise by ``lscpu`` where it exists."""
    facts = cpuinfo_facts(parse_blocks(read("/proc/cpuinfo")))
    facts.update(sysfs_facts("/sys/devices/system"))
    facts.update(parse_pairs(command(["lscpu"]), _FROM_LSCPU))
    if facts.get("SOCKETS") == "-":
        facts["SOCKETS"] = "1"
    return facts


def darwin_facts():
    """Facts from ``sysctl`` of macOS."""
    return parse_pairs(command(["sysctl", *_FROM_SYSCTL]), _FROM_SYSCTL)


def cpuinfo_facts(blocks):
    """Topology and model from the parsed blocks of ``/proc/cpuinfo``."""
    if not blocks:
        return {}
    first = blocks[0]
    sockets = {block.get("physical id", "0") for block in blocks}
    cores = {(block.get("physical id", "0"), block.get("core id", str(n))) for n, block in enumerate(blocks)}
    facts = {
        "TOTAL_CORES": str(len(blocks)),
        "SOCKETS": str(len(sockets)),
        "PHYSICAL_CORES_PER_SOCKET": str(max(1, len(cores) // len(sockets))),
        "THREADS_PER_CORE": str(max(1, len(blocks) // len(cores))),
        "VENDOR_ID": first.get("vendor_id", first.get("CPU implementer", "")),
        "MODEL_NAME": first.get("model name", first.get("Processor", "")),
        "FAMILY": first.get("cpu family", first.get("CPU architecture", "")),
    }
    return {key: value for key, value in facts.items() if value}


def sysfs_facts(root):
    """Online list, NUMA nodes, top frequency and caches of the first processor from sysfs."""
    facts = {"ON_LINE_CPUS_LIST": read(f"{root}/cpu/online").strip()}
    nodes = glob.glob(f"{glob.escape(root)}/node/node[0-9]*")
    facts["NUMA_NODES"] = str(len(nodes)) if nodes else ""
    top = read(f"{root}/cpu/cpu0/cpufreq/cpuinfo_max_freq").strip()
    facts["MAX_MHZ"] = f"{int(top) / 1000:.4f}" if top.isdigit() else ""
    for cache in sorted(glob.glob(f"{glob.escape(root)}/cpu/cpu0/cache/index[0-9]*")):
        level = read(f"{cache}/level").strip()
        letter = {"Data": "D", "Instruction": "I"}.get(read(f"{cache}/type").strip(), "")
        facts[f"L{level}{letter}_CACHE_SIZE"] = read(f"{cache}/size").strip()
    return {key: value for key, value in facts.items() if value}


def complete(facts):
    """Add the counts that follow from others."""
    facts = dict(facts)
    facts.setdefault("TOTAL_LOGICAL_CORES", facts["TOTAL_CORES"])
    sockets, per_socket = number(facts.get("SOCKETS")), number(facts.get("PHYSICAL_CORES_PER_SOCKET"))
    if sockets and per_socket:
        facts.setdefault("TOTAL_PHYSICAL_CORES", str(sockets * per_socket))
    physical, logical = number(facts.get("TOTAL_PHYSICAL_CORES")), number(facts["TOTAL_LOGICAL_CORES"])
    if physical and logical:
        facts.setdefault("THREADS_PER_CORE", str(max(1, logical // physical)))
        facts.setdefault("PHYSICAL_CORES_PER_SOCKET", str(max(1, physical // (sockets or 1))))
    return facts


def number(text):
    """The whole number that a text holds, or 0."""
    return int(text) if text and text.isdigit() else 0


def parse_blocks(text):
    """``key : value`` lines in blocks parted by empty lines, one dictionary for each processor block."""
    blocks = []
    for part in text.split("\n\n"):
        pairs = (line.partition(":") for line in part.splitlines() if ":" in line)
        block = {key.strip(): value.strip() for key, _, value in pairs}
        if "processor" in block:
            blocks.append(block)
    return blocks


def parse_pairs(text, names):
    """Values of the wanted names in ``name: value`` lines."""
    found = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in names and value.strip():
            found[names[key.strip()]] = value.strip()
    return found


def memory_capacity(text):
    """Total memory in the style of ``free -h --si`` from the text of ``/proc/meminfo`` (in KiB)."""
    words = parse_pairs(text, {"MemTotal": "total"}).get("total", "").split()
    return human(int(words[0]) * 1024) if words and words[0].isdigit() else ""


def human(size):
    """A size in bytes with a decimal unit: 16000000000 -> ``16G``."""
    value = float(size)
    for unit in ("", "K", "M", "G", "T"):
        if value < 1000:
            return f"{value:.0f}{unit}" if value >= 10 or not unit else f"{value:.1f}{unit}"
        value /= 1000
    return f"{value:.0f}P"


def command(argv):
    """Standard output of a program in the C locale; empty when it is missing or fails."""
    environ = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, env=environ, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def read(path):
    """Text of a small file, or an empty text."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""
