"""What a user asked for about power, from the flags or from the inputs of the official script's power client.

Both forms are in use: ``--power=yes --power_server=HOST``, and ``--adr.mlperf-power-client.power_server=HOST``
(mlperf-inference section 16.3).
"""

from __future__ import annotations

from collections.abc import Mapping

from franca.errors import UsageError
from franca.grammar.suggest import closest
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
OWN = {
    "server": INPUTS["power_server"],
    "server_port": INPUTS["port"],
    "run_cmd": "CM_MLPERF_RUN_CMD",
    "log_dir": "CM_MLPERF_POWER_LOG_DIR",
    "loadgen_logs_dir": "CM_MLPERF_LOADGEN_LOGS_DIR",
    "timestamp": "CM_MLPERF_POWER_TIMESTAMP",
}
"""Further inputs of the client by itself (10.1). The last four are known and passed on without effect here: the
benchmark is the command that is measured, and its folders have fixed names."""


def power_inputs(adr: object) -> dict[str, str]:
    """The environment that ``--adr.mlperf-power-client.KEY=VALUE`` means; ``.env.KEY=VALUE`` is taken as it is.

    Raises:
        UsageError: no such input.
    """
    given = adr.get(DEP) if isinstance(adr, Mapping) else None
    found: dict[str, str] = {}
    for key, value in given.items() if isinstance(given, Mapping) else ():
        known = {**INPUTS, **OWN}
        if key == "env" and isinstance(value, Mapping):
            found.update((str(name), str(text)) for name, text in value.items())
        elif str(key) in known:
            found[known[str(key)]] = str(value)
        else:
            near = ", ".join(closest(str(key), known)) or ", ".join(known)
            raise UsageError(f"--adr.{DEP}.{key}: the power client has no such input", hint=f"closest: {near}")
    return found


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
