"""Which engine and which servers the benchmark's flags ask for."""

from __future__ import annotations

import pytest

from franca.errors import UsageError
from franca.mlperf.inference.wishes import read_wishes

ENGINES = [("", ""), ("python", ""), ("reference", ""), ("bridge", "bridge"), ("cpp", "onnxruntime")]


@pytest.mark.parametrize(("implementation", "engine"), [*ENGINES, ("mlcommons-cpp", "onnxruntime")])
def test_the_implementation_names_the_engine(implementation: str, engine: str) -> None:
    assert read_wishes({"CM_MLPERF_IMPLEMENTATION": implementation}).engine == engine


def test_servers_are_read_where_loadgen_runs_over_the_network() -> None:
    env = {"CM_NETWORK_LOADGEN": "lon", "CM_NETWORK_LOADGEN_SUT_SERVERS": "http://a:1, http://b:2"}
    assert read_wishes(env).servers == ["http://a:1", "http://b:2"]
    with pytest.raises(UsageError, match="servers are asked with --network=lon"):
        read_wishes({**env, "CM_NETWORK_LOADGEN": ""})


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"CM_NETWORK_LOADGEN": "lon"}, "expected --sut_servers=http://HOST:PORT"),
        ({"CM_NETWORK_LOADGEN": "sut"}, "this command runs LoadGen"),
        ({"CM_NETWORK_LOADGEN": "wifi"}, "--network=wifi: expected lon"),
        ({"CM_MLPERF_IMPLEMENTATION": "rust"}, "--implementation=rust: expected"),
    ],
)
def test_what_means_nothing_is_refused(env: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_wishes(env)
