"""What a system description says of the network (network division; mlperf-inference section 11.3)."""

from __future__ import annotations

import platform

SOURCE = "detected"


def network_facts(connections: int) -> dict[str, dict[str, str]]:
    """Fields that are known here, as ``inference.system.describe`` has them.

    Media, rate, cards and topology are not visible to a program: the user writes them with ``--system_file``.
    """
    stack = f"{platform.system()} TCP/IP, Python {platform.python_version()} http"
    fields = {
        "is_network": "true",
        "network_protocol": "HTTP/1.1",
        "number_connections": str(connections),
        "net_software_stack_loadgen": stack,
    }
    return {name: {"value": value, "source": SOURCE} for name, value in fields.items()}
