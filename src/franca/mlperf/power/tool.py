"""The two programs of the released MLCommons power tool, started for the recipes that are named after them (10.1).

Neither the tool nor the PTDaemon is shipped: users name their copies. What is started is a list of words, so nothing
of what users write is read by a shell, except the workload, which the tool's client hands to one by design.

``python -m franca.mlperf.power.tool COMMAND.json`` runs a command that was prepared here.
"""

from __future__ import annotations

import configparser
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping

import msgspec

from franca.catalog.files import write_json_atomic, write_text_atomic
from franca.errors import FrancaError, Location, MalformedFile, NotFound, UsageError
from franca.mlperf.inference import asked
from franca.mlperf.power.client import PowerServer
from franca.mlperf.power.released import DEFAULT_NTP, command_line, environment_of
from franca.mlperf.power.wire import PORT

FOLDER = "ptd_client_server"  #: of the tool's repository
CONFIG = "power-server.conf"
COMMAND = "power-command.json"
FIRST_PORT = 8888  #: of the daemon of the first analyzer (10.1)
EVERYWHERE = "0.0.0.0"  # noqa: S104 - the machines that are measured are others than the director's
MOST_ANALYZERS = 16
REHEARSE = "to rehearse without a meter: franca serve director"
_K = "CM_MLPERF_POWER_"


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """What the director is told: its clock, where it listens, its daemon and its analyzers."""

    ptd: str
    ntp: str = DEFAULT_NTP
    address: str = EVERYWHERE
    port: int = PORT
    analyzers: int = 1
    interface_flag: str = ""
    device_type: int = 49
    device_port: str = "/dev/usbtmc0"
    first_port: int = FIRST_PORT


def server_config(server: Server, base: str = "") -> str:
    """The configuration of the director. Analyzers that ``base``, a configuration, describes are kept as they are.

    Raises:
        MalformedFile: the base is no such file.
    """
    config = configparser.ConfigParser(interpolation=None)
    config.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        config.read_string(base)
    except configparser.Error as error:
        raise MalformedFile("is no configuration of a power server: " + " ".join(str(error).split())) from None
    sections = {
        "server": {"ntpServer": server.ntp, "listen": f"{server.address} {server.port}"},
        "ptd": {"ptd": server.ptd, "analyzercount": str(server.analyzers)},
    }
    for number in range(1, server.analyzers + 1):
        if not config.has_section(f"analyzer{number}"):
            sections[f"analyzer{number}"] = {
                "interfaceFlag": server.interface_flag,
                "deviceType": str(server.device_type),
                "devicePort": server.device_port,
                "networkPort": str(server.first_port + number - 1),
            }
    for name, values in sections.items():
        if not config.has_section(name):
            config.add_section(name)
        for key, value in values.items():
            _replace(config, name, key, value)
    text = io.StringIO()
    config.write(text)
    return text.getvalue()


def _replace(config: configparser.ConfigParser, section: str, key: str, value: str) -> None:
    """The tool reads keys in any case, and refuses a file that has one of them twice."""
    for other in [name for name in config.options(section) if name.lower() == key.lower()]:
        config.remove_option(section, other)
    config.set(section, key, value)


def prepare_server(env: Mapping[str, object], folder: str) -> dict[str, str]:
    """Write the director's configuration and command into a folder; keys for the recipe's script.

    Raises:
        NotFound: no tool, no PTDaemon, or no such configuration. UsageError: a number that is none.
        MalformedFile: the given configuration cannot be used.
    """
    if asked.is_on(env, f"{_K}SERVER_USE_SCREEN"):
        raise UsageError("--screen=yes: the server runs in the foreground", hint="start this command inside screen")
    program = _program(env, "server.py")
    daemon = asked.path(env, "CM_MLPERF_PTD_PATH")
    if not daemon or not os.path.isfile(daemon):
        raise NotFound(
            f"no PTDaemon at {daemon}" if daemon else "the PTDaemon is not named",
            hint=f"SPEC licenses it and it is not shipped here: give its file with --ptd=FILE; {REHEARSE}",
        )
    server = Server(
        ptd=daemon,
        ntp=asked.text(env, f"{_K}NTP_SERVER") or DEFAULT_NTP,
        address=asked.text(env, f"{_K}SERVER_ADDRESS") or EVERYWHERE,
        port=asked.whole(env, f"{_K}SERVER_PORT", "port", PORT, most=65535),
        analyzers=asked.whole(env, f"{_K}NUM_ANALYZERS", "num_analyzers", 1, least=1, most=MOST_ANALYZERS),
        interface_flag=asked.text(env, f"{_K}INTERFACE_FLAG"),
        device_type=asked.whole(env, f"{_K}DEVICE_TYPE", "device_type", 49, most=100_000),
        device_port=asked.text(env, f"{_K}DEVICE_PORT") or "/dev/usbtmc0",
        first_port=asked.whole(env, f"{_K}NETWORK_PORT_START", "network_port_start", FIRST_PORT, most=65_000),
    )
    config = os.path.join(folder, CONFIG)
    write_text_atomic(config, server_config(server, _base(asked.path(env, f"{_K}SERVER_CONF_FILE"))))
    return {**_prepared(folder, [sys.executable, program, "-c", config], program), f"{_K}SERVER_CONFIG": config}


def _base(path: str) -> str:
    if not path:
        return ""
    try:
        with open(path, encoding="utf-8") as source:
            return source.read(1 << 20)
    except OSError as error:
        raise NotFound(f"--conf_file={path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise MalformedFile("is not UTF-8 text", where=Location(path)) from None


def prepare_client(env: Mapping[str, object], folder: str) -> dict[str, str]:
    """Write the client's command into a folder; keys for the recipe's script.

    Raises:
        NotFound: no tool. UsageError: no command to measure, or a number that is none.
    """
    workload = asked.text(env, "CM_MLPERF_RUN_CMD")
    if not workload:
        raise UsageError("there is nothing to measure", hint="give the command of the benchmark with --run_cmd=TEXT")
    program = _program(env, "client.py")
    server = PowerServer(
        host=asked.text(env, f"{_K}SERVER_ADDRESS") or "localhost",
        port=asked.whole(env, f"{_K}SERVER_PORT", "port", PORT, most=65535),
        ntp=asked.text(env, f"{_K}NTP_SERVER"),
        max_amps=asked.number(env, f"{_K}MAX_AMPS", "max_amps", 0, most=1e6),
        max_volts=asked.number(env, f"{_K}MAX_VOLTS", "max_volts", 0, most=1e6),
        client=program,
    )
    logs = asked.path(env, "CM_MLPERF_LOADGEN_LOGS_DIR") or os.path.join(folder, "loadgen_logs")
    out = asked.path(env, f"{_K}LOG_DIR") or os.path.join(folder, "logs")
    words = command_line(server, workload, logs, out, timestamp=asked.is_on(env, f"{_K}TIMESTAMP"))
    return {**_prepared(folder, words, program), f"{_K}LOG_DIR": out}


def _program(env: Mapping[str, object], name: str) -> str:
    """A program of the released tool, from the folder of its repository or of the programs."""
    given = asked.path(env, f"{_K}SOURCE")
    for folder in (os.path.join(given, FOLDER), given) if given else ():
        if os.path.isfile(os.path.join(folder, name)):
            return os.path.join(folder, name)
    raise NotFound(
        f"no {FOLDER}/{name} in {given}" if given else "the MLCommons power tool is not named",
        hint=f"clone its repository and give the folder with --power_src=DIR; {REHEARSE}",
    )


def _prepared(folder: str, words: list[str], program: str) -> dict[str, str]:
    path = os.path.join(folder, COMMAND)
    write_json_atomic(path, {"words": words, "program": program})
    return {f"{_K}COMMAND_FILE": path}


def main(argv: list[str]) -> int:
    """Run a prepared command; its exit status."""
    with open(argv[0], encoding="utf-8") as source:
        command = json.load(source)
    print("  running " + json.dumps(command["words"]), flush=True)
    return subprocess.call(command["words"], env=environment_of(command["program"]))


def explain(error: FrancaError) -> dict[str, object]:
    """An error as a recipe hands it back."""
    return {"return": error.status, "error": "\n".join(error.lines())}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
