"""Accelerators of a machine, asked of their vendors' tools (mlperf-inference section 18.1).

Asked only for runs that use them: a run on processors claims no accelerator, whatever else the machine has.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence

from franca.mlperf.inference.toolchain import answer_of

_QUERY = ("index", "uuid", "name", "memory.total", "clocks.max.sm", "pcie.link.gen.max", "pcie.link.width.max",
          "driver_version")  # fmt: skip
_NOTHING = ("", "[n/a]", "n/a", "[not supported]", "[unknown error]", "unknown")


def accelerators(device: str) -> dict[str, str]:
    """Fields of the system description; none where no tool tells about this kind of device.

    Args:
        device: ``cuda`` (also ``cuda:N``, ``gpu``) or ``rocm``.
    """
    ask = _TOOLS.get(device.partition(":")[0])
    return ask() if ask else {}


def _nvidia() -> dict[str, str]:
    """From ``nvidia-smi``; only the devices that CUDA_VISIBLE_DEVICES leaves, where it is set."""
    said = answer_of(["nvidia-smi", f"--query-gpu={','.join(_QUERY)}", "--format=csv,noheader,nounits"])
    rows = [dict(zip(_QUERY, map(str.strip, row), strict=False)) for row in csv.reader(said.splitlines())]
    used = _visible([row for row in rows if len(row) == len(_QUERY)])
    if not used:
        return {}
    memory = max((int(row["memory.total"]) for row in used if row["memory.total"].isdigit()), default=0)
    clock, generation, lanes, driver = (_said(used, name) for name in (*_QUERY[4:7], "driver_version"))
    cuda = re.search(r"CUDA Version:\s*([\d.]+)", answer_of(["nvidia-smi"]))
    return {
        "accelerators_per_node": str(len(used)),
        "accelerator_model_name": _said(used, "name"),
        "accelerator_memory_capacity": f"{memory / 1024:.1f} GiB" if memory else "",
        "accelerator_frequency": f"{clock} MHz" if clock else "",
        "accelerator_host_interconnect": f"PCIe Gen{generation} x{lanes}" if generation and lanes else "",
        "accelerator_driver": driver,
        "cuda": cuda[1] if cuda else "",
    }


def _visible(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    asked = os.environ.get("CUDA_VISIBLE_DEVICES")
    if asked is None:
        return rows
    words = [word.strip() for word in asked.split(",") if word.strip()]
    return [row for row in rows if any(word == row["index"] or row["uuid"].startswith(word) for word in words)]


def _said(rows: Sequence[Mapping[str, str]], name: str) -> str:
    """The different values of a field; "" where the tool does not know it."""
    return ", ".join(dict.fromkeys(row[name] for row in rows if row[name].lower() not in _NOTHING))


def _amd() -> dict[str, str]:
    """From ``rocm-smi``, whose spelling of keys changes from release to release."""
    try:
        told = json.loads(answer_of(["rocm-smi", "--showproductname", "--showmeminfo", "vram", "--json"]) or "{}")
    except ValueError:
        return {}
    cards = [
        {str(key).lower(): str(value) for key, value in card.items()}
        for name, card in (told.items() if isinstance(told, dict) else ())
        if name.startswith("card") and isinstance(card, dict)
    ]
    if not cards:
        return {}
    memory = max((int(text) for card in cards if (text := card.get("vram total memory (b)", "")).isdigit()), default=0)
    names = dict.fromkeys(card.get("card series") or card.get("card model") or "" for card in cards)
    return {
        "accelerators_per_node": str(len(cards)),
        "accelerator_model_name": ", ".join(name for name in names if name.lower() not in _NOTHING),
        "accelerator_memory_capacity": f"{memory / (1 << 30):.1f} GiB" if memory else "",
    }


_TOOLS: dict[str, Callable[[], dict[str, str]]] = {"cuda": _nvidia, "gpu": _nvidia, "rocm": _amd}
