"""What users ask of the power client reaches it, and what it does not know is refused."""

from __future__ import annotations

import pytest

from franca.errors import UsageError
from franca.mlperf.inference.power_wishes import power_inputs, read_power


def test_inputs_of_the_power_client_are_those_of_the_benchmark() -> None:
    env = power_inputs({"mlperf-power-client": {"power_server": "10.0.0.7", "port": 4960, "max_amps": 2}})
    server = read_power({**env, "CM_SYSTEM_POWER": "yes"})
    assert server is not None
    assert (server.host, server.port, server.max_amps) == ("10.0.0.7", 4960, 2.0)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("run_cmd", "CM_MLPERF_RUN_CMD"),
        ("log_dir", "CM_MLPERF_POWER_LOG_DIR"),
        ("loadgen_logs_dir", "CM_MLPERF_LOADGEN_LOGS_DIR"),
        ("timestamp", "CM_MLPERF_POWER_TIMESTAMP"),
        ("server", "CM_MLPERF_POWER_SERVER_ADDRESS"),
        ("server_port", "CM_MLPERF_POWER_SERVER_PORT"),
        ("ntp_server", "CM_MLPERF_POWER_NTP_SERVER"),
        ("max_volts", "CM_MLPERF_POWER_MAX_VOLTS"),
    ],
)
def test_all_inputs_of_the_official_client_are_known(name: str, key: str) -> None:
    assert power_inputs({"mlperf-power-client": {name: "x"}}) == {key: "x"}


def test_environment_of_the_client_is_taken_as_it_is() -> None:
    assert power_inputs({"mlperf-power-client": {"env": {"CM_MLPERF_POWER_SERVER_ADDRESS": "a"}}}) == {
        "CM_MLPERF_POWER_SERVER_ADDRESS": "a"
    }


@pytest.mark.parametrize(("name", "near"), [("power_sever", "power_server"), ("prot", "port"), ("maxamps", "max_amps")])
def test_a_misspelt_input_is_refused_with_the_right_one(name: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"--adr.mlperf-power-client.{name}") as error:
        power_inputs({"mlperf-power-client": {name: "10.0.0.7"}})
    assert near in error.value.hint


@pytest.mark.parametrize("adr", [None, {}, {"python": {"version": "3.11"}}, {"mlperf-power-client": "no mapping"}])
def test_nothing_asked_of_the_client_changes_nothing(adr: object) -> None:
    assert power_inputs(adr) == {}
