"""What a user asked for, read from the environment keys of the benchmark recipes and checked at once.

Recipes map flags to these keys. Reading them is separate from making the request, so that a mistake is found
before anything is installed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from franca.errors import UsageError
from franca.mlperf.inference.config import read_config
from franca.mlperf.inference.profiles import PROFILES
from franca.mlperf.inference.rounds import SEEDS
from franca.mlperf.inference.scenarios import Mode, Scenario, mode_named, scenario_named
from franca.mlperf.inference.spec import Targets

DEFAULT_OUTPUT = "mlperf-results"
#: The bound of the image classification benchmark, the nearest relative of the digits (mlperf-inference 2.5).
SERVER_BOUND_MS = 15.0
_TRUE = ("yes", "true", "on", "1")


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """A user's choices. Paths are absolute; rates are queries or samples a second, latencies milliseconds."""

    scenarios: list[str]
    modes: list[str]
    profile: str
    output: str
    targets: Targets
    backend: str
    device: str
    threads: int
    workers: int
    max_batchsize: int
    batch_timeout_ms: float
    coalesce: bool
    user_conf: str
    round: str
    hw_name: str
    rerun: bool
    strict: bool


def read_wishes(env: Mapping[str, object]) -> Wishes:
    """The choices in ``env``, defaults filled in.

    Raises:
        UsageError: a value that means nothing; the message has the flag. MalformedFile: a wrong user.conf.
    """
    conf = _path(env, "CM_MLPERF_USER_CONF")
    if conf:
        read_config(conf)
    return Wishes(
        scenarios=[_scenario(word) for word in _words(env, "CM_MLPERF_LOADGEN_SCENARIO", [s.value for s in Scenario])],
        modes=[_mode(word) for word in _words(env, "CM_MLPERF_LOADGEN_MODE", [m.value for m in Mode])],
        profile=_one_of(env, "CM_MLPERF_INFERENCE_PROFILE", "profile", "short", list(PROFILES)),
        output=_path(env, "CM_MLPERF_INFERENCE_RESULTS_DIR") or os.path.abspath(DEFAULT_OUTPUT),
        targets=_targets(env),
        backend=_text(env, "CM_MLPERF_BACKEND") or "onnxruntime",
        device=_one_of(env, "CM_MLPERF_DEVICE", "device", "cpu", ["cpu", "cuda"]),
        threads=int(_number(env, "CM_NUM_THREADS", "threads", 0, whole=True)),
        workers=int(_number(env, "CM_MLPERF_INFERENCE_WORKERS", "workers", 1, whole=True, least=1)),
        max_batchsize=int(_number(env, "CM_MLPERF_LOADGEN_MAX_BATCHSIZE", "max_batchsize", 256, whole=True, least=1)),
        batch_timeout_ms=_number(env, "CM_MLPERF_INFERENCE_BATCH_TIMEOUT", "batch_timeout", 0),
        coalesce=_is_on(env, "CM_MLPERF_LOADGEN_COALESCE_QUERIES"),
        user_conf=conf,
        round=_one_of(env, "CM_MLPERF_INFERENCE_ROUND", "round", "", list(SEEDS)),
        hw_name=_text(env, "CM_HW_NAME") or "default",
        rerun=_is_on(env, "CM_RERUN"),
        strict=_is_on(env, "CM_MLPERF_INFERENCE_STRICT"),
    )


def _targets(env: Mapping[str, object]) -> Targets:
    flag = "CM_MLPERF_LOADGEN_"
    return Targets(
        server_qps=_number(env, flag + "SERVER_TARGET_QPS", "server_target_qps", 0),
        offline_qps=_number(env, flag + "OFFLINE_TARGET_QPS", "offline_target_qps", 0),
        singlestream_ms=_number(env, flag + "SINGLESTREAM_TARGET_LATENCY", "singlestream_target_latency", 0),
        multistream_ms=_number(env, flag + "MULTISTREAM_TARGET_LATENCY", "multistream_target_latency", 0),
        server_bound_ms=_number(env, flag + "SERVER_LATENCY_BOUND", "server_latency_bound", SERVER_BOUND_MS),
    )


def _text(env: Mapping[str, object], key: str) -> str:
    value = env.get(key)
    return "" if value is None else str(value).strip()


def _path(env: Mapping[str, object], key: str) -> str:
    text = _text(env, key)
    return os.path.abspath(os.path.expanduser(text)) if text else ""


def _is_on(env: Mapping[str, object], key: str) -> bool:
    return _text(env, key).lower() in _TRUE


def _words(env: Mapping[str, object], key: str, everything: list[str]) -> list[str]:
    """One or several words, parted by commas; ``all`` or nothing means everything."""
    text = _text(env, key)
    if text.lower() in ("", "all"):
        return everything
    return [word.strip() for word in text.split(",") if word.strip()]


def _scenario(word: str) -> str:
    found = scenario_named(word)
    if found is None:
        raise UsageError(f"--scenario={word}: expected {', '.join(s.value for s in Scenario)}, several, or all")
    return found.value


def _mode(word: str) -> str:
    found = mode_named(word)
    if found is None:
        raise UsageError(f"--mode={word}: expected {', '.join(m.value for m in Mode)}, or all")
    return found.value


def _one_of(env: Mapping[str, object], key: str, flag: str, default: str, known: list[str]) -> str:
    text = _text(env, key).lower()
    if text and text not in known:
        raise UsageError(f"--{flag}={text}: expected {', '.join(known)}")
    return text or default


def _number(
    env: Mapping[str, object], key: str, flag: str, default: float, *, whole: bool = False, least: float = 0
) -> float:
    text = _text(env, key)
    if not text:
        return default
    kind = "a whole number" if whole else "a number"
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        raise UsageError(f"--{flag}={text}: expected {kind}") from None
    if not least <= value < 1e12:
        raise UsageError(f"--{flag}={text}: expected {kind} of {least:g} or more")
    return value
