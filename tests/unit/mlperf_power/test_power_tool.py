"""The configuration and the commands that are prepared for the released power tool (mlperf-inference 10.1)."""

from __future__ import annotations

import configparser
import json
from pathlib import Path

import pytest

from franca.errors import MalformedFile, NotFound
from franca.mlperf.power.tool import Server, main, prepare_client, prepare_server, server_config


def parsed(text: str) -> dict[str, dict[str, str]]:
    """As the released server reads it: keys in any case."""
    config = configparser.ConfigParser()
    config.read_string(text)
    return {name: dict(config[name]) for name in config.sections()}


def test_defaults_are_those_of_the_official_scripts() -> None:
    assert parsed(server_config(Server(ptd="/opt/ptd"))) == {
        "server": {"ntpserver": "time.google.com", "listen": "0.0.0.0 4950"},
        "ptd": {"ptd": "/opt/ptd", "analyzercount": "1"},
        "analyzer1": {
            "interfaceflag": "",
            "devicetype": "49",
            "deviceport": "/dev/usbtmc0",
            "networkport": "8888",
        },
    }


def test_each_analyzer_has_a_section_and_a_port_of_its_own() -> None:
    text = server_config(Server(ptd="/opt/ptd", analyzers=3, device_type=77, interface_flag="-y", device_port="C2"))
    found = parsed(text)
    assert [found[f"analyzer{n}"]["networkport"] for n in (1, 2, 3)] == ["8888", "8889", "8890"]
    assert {found[f"analyzer{n}"]["devicetype"] for n in (1, 2, 3)} == {"77"}
    assert "[analyzer1]\ninterfaceFlag = -y\ndeviceType = 77\ndevicePort = C2\nnetworkPort = 8888\n" in text


def test_a_given_configuration_keeps_its_analyzers_and_gets_server_and_daemon() -> None:
    base = "[server]\nntpserver: old\nrangingMode: AUTO\n[ptd]\nPTD: old\n[analyzer1]\ndeviceType: 52\nchannel: 1,2\n"
    found = parsed(server_config(Server(ptd="/opt/ptd", ntp="ntp.lab", port=5000, analyzers=2), base))
    assert found["server"] == {"ntpserver": "ntp.lab", "rangingmode": "AUTO", "listen": "0.0.0.0 5000"}
    assert found["ptd"] == {"ptd": "/opt/ptd", "analyzercount": "2"}
    assert found["analyzer1"] == {"devicetype": "52", "channel": "1,2"}
    assert found["analyzer2"]["networkport"] == "8889"


@pytest.mark.parametrize("base", ["no section\n", "[a]\n[a]\n", "[server]\nlisten\n"])
def test_what_is_no_configuration_is_refused(base: str) -> None:
    with pytest.raises(MalformedFile, match="no configuration of a power server"):
        server_config(Server(ptd="/opt/ptd"), base)


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    """A stand-in for the user's copy of the tool: it writes down how it was started."""
    folder = tmp_path / "to ol" / "ptd_client_server"
    folder.mkdir(parents=True)
    for name in ("server.py", "client.py"):
        (folder / name).write_text(
            "import json, os, sys\n"
            "with open(os.path.join(os.path.dirname(__file__), 'seen.json'), 'w') as out:\n"
            "    json.dump([sys.argv, os.environ['PYTHONPATH']], out)\n"
            "sys.exit(3)\n"
        )
    return folder


@pytest.mark.parametrize("below", ["", "ptd_client_server"])
def test_the_server_is_started_with_its_configuration(tool: Path, tmp_path: Path, below: str) -> None:
    (tmp_path / "pt d").write_text("")
    env = {"CM_MLPERF_POWER_SOURCE": str(tool.parent / below), "CM_MLPERF_PTD_PATH": str(tmp_path / "pt d")}
    found = prepare_server(env, str(tmp_path))
    assert main([found["CM_MLPERF_POWER_COMMAND_FILE"]]) == 3
    seen, path = json.loads((tool / "seen.json").read_text())
    assert seen == [str(tool / "server.py"), "-c", found["CM_MLPERF_POWER_SERVER_CONFIG"]]
    assert path == str(tool.parent)
    assert parsed(Path(seen[2]).read_text())["ptd"]["ptd"] == str(tmp_path / "pt d")


def test_the_client_gets_each_word_as_it_is(tool: Path, tmp_path: Path) -> None:
    env = {
        "CM_MLPERF_POWER_SOURCE": str(tool.parent),
        "CM_MLPERF_RUN_CMD": "cd 'a b' && ./bench \"$X\"; true",
        "CM_MLPERF_POWER_SERVER_ADDRESS": "10.0.0.7; rm -rf x",
        "CM_MLPERF_POWER_MAX_AMPS": "2",
        "CM_MLPERF_POWER_MAX_VOLTS": "240",
    }
    main([prepare_client(env, str(tmp_path))["CM_MLPERF_POWER_COMMAND_FILE"]])
    assert json.loads((tool / "seen.json").read_text())[0][1:] == [
        "-a", "10.0.0.7; rm -rf x", "-p", "4950", "-w", "cd 'a b' && ./bench \"$X\"; true",
        "-L", str(tmp_path / "loadgen_logs"), "-o", str(tmp_path / "logs"), "-n", "time.google.com",
        "--no-timestamp-path", "--max-amps", "2", "--max-volts", "240",
    ]  # fmt: skip


def test_without_a_daemon_the_refusal_names_the_rehearsal(tool: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as error:
        prepare_server({"CM_MLPERF_POWER_SOURCE": str(tool.parent)}, str(tmp_path))
    assert "franca serve director" in error.value.hint and "--ptd=FILE" in error.value.hint
    assert not list(tmp_path.glob("*.conf"))
