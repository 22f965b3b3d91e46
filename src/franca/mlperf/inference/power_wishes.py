"""What a user asked for about power, from the flags or from the inputs of the official script's power client.

Both forms are in use: ``--power=yes --power_server=HOST``, and ``--adr.mlperf-power-client.power_server=HOST``
(mlperf-inference section 16.3).
"""

from __future__ import annotations

from collections.abc import Mapping

from franca.mlperf.inference import asked
from franca.mlperf.inference.flags import OFF
from franca.mlperf.power.client import PowerServer
from franca.mlperf.power.wire import PORT

DEFAULT_SERVER = "192.168.0.15"  #: of the official scripts
DEP = "mlperf-power-client"
MOST = 1e6  #: amperes or volts
INPUTS = {
    "power_server": "CM_MLPERF_POWER_SERVER_ADDRESS",
    "port": "CM_MLPERF_POWER_SERVER_PORT",
    "ntp_server": "CM_MLPERF_POWER_NTP_SERVER",
    "max_amps": "CM_MLPERF_POWER_MAX_AMPS",
    "max_volts": "CM_MLPERF_POWER_MAX_VOLTS",
}
"""Inputs of the power client to environment keys; the flags of the benchmark have the same keys."""


def power_inputs(adr: object) -> dict[str, str]:
    """The environment that ``--adr.mlperf-power-client.KEY=VALUE`` means."""
    given = adr.get(DEP) if isinstance(adr, Mapping) else None
    if not isinstance(given, Mapping):
        return {}
    return {INPUTS[str(key)]: str(value) for key, value in given.items() if str(key) in INPUTS}


def read_power(env: Mapping[str, object]) -> PowerServer | None:
    """Where to measure power; None when it was not asked for.

    Raises:
        UsageError: a port, current or voltage that is none.
    """
    if asked.text(env, "CM_SYSTEM_POWER").lower() in OFF:
        return None
    return PowerServer(
        host=asked.text(env, INPUTS["power_server"]) or DEFAULT_SERVER,
        port=asked.whole(env, INPUTS["port"], "power_port", PORT, most=65535),
        ntp=asked.text(env, INPUTS["ntp_server"]),
        max_amps=asked.number(env, INPUTS["max_amps"], "max_amps", 0, most=MOST),
        max_volts=asked.number(env, INPUTS["max_volts"], "max_volts", 0, most=MOST),
        client=asked.text(env, "CM_MLPERF_POWER_CLIENT"),
    )
