"""One request for a benchmark, as a checked record: what recipes write and ``run`` reads."""

from __future__ import annotations

import os
from typing import Any

import msgspec

from franca.errors import Location, MalformedFile, Unavailable, UsageError
from franca.mlperf.inference.job import PartSpec
from franca.mlperf.inference.profiles import PROFILES, Length, Profile, test_profile
from franca.mlperf.inference.rounds import SEEDS
from franca.mlperf.inference.scenarios import Mode, Scenario, mode_named, scenario_named
from franca.mlperf.network.address import EXPECTED, is_address
from franca.mlperf.power.client import PowerServer

MAX_BYTES = 1 << 20
RUN_CONFIG = "default_config"
ENGINES = ("null", "bridge", "onnxruntime", "libtorch")  #: of the C++ harness (section 5.4, 6)
LOCAL_ENGINES = ("onnxruntime", "libtorch")  #: those that have the model inside the program
#: Those that this harness runs (section 9).
COMPLIANCE_TESTS = ("TEST01", "TEST04", "TEST05", "TEST06", "TEST07", "TEST09")


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plug-in: a built-in name or ``package.module:Class``, and its options."""

    name: str
    options: dict[str, Any] = {}

    def spec(self) -> PartSpec:
        return PartSpec(self.name, self.options)


class Targets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What LoadGen is told to expect; 0 = found by measurement (explained in the results)."""

    server_qps: float = 0.0
    offline_qps: float = 0.0
    singlestream_ms: float = 0.0
    multistream_ms: float = 0.0
    server_bound_ms: float = 0.0  #: latency bound of the Server scenario; 0 = LoadGen's own
    token_latencies: bool = False  #: first tokens and tokens are counted; False = as LoadGen and user.conf say
    ttft_ms: int = 0  #: bound of the first token in Server; 0 = LoadGen's own
    tpot_ms: int = 0  #: bound of each further token in Server; 0 = LoadGen's own
    inferred_tokens: bool = False  #: LoadGen infers rates of tokens from whole answers
    equal_issue: bool = False  #: every sample is issued equally often, where runs are no mere tests
    offline_samples: int = 0  #: least samples of Offline in runs of full length; 0 = LoadGen's own


class Ingredient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something the run stands on, for the record: a recipe's result with its version and place."""

    name: str
    version: str = ""
    path: str = ""
    tags: str = ""


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of the weights beside their file; "" = nobody has said."""

    retraining: str = ""  #: yes or no
    types: str = ""  #: of the weights as they were published or trained
    inputs: str = ""  #: types of the model's inputs
    origin: str = ""  #: where they come from, for people


class RunSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A benchmark: parts, scenarios, modes, length, and where the results go. Paths are absolute."""

    benchmark: str
    model: str  #: name of the model in tables and folders
    model_file: str
    dataset_name: str
    backend: Part
    dataset: Part
    metric: Part
    output: str  #: folder of results
    interpreter: str  #: Python that has LoadGen and the runtime
    python_path: list[str] = []
    scenarios: list[str] = msgspec.field(default_factory=lambda: [s.value for s in Scenario])
    modes: list[str] = msgspec.field(default_factory=lambda: [m.value for m in Mode])
    profile: str = "short"
    sut: Part | None = None
    targets: Targets = Targets()
    max_batchsize: int = 256
    workers: int = 1
    batch_timeout_ms: float = 0.0
    coalesce: bool = False
    engine: str = ""  #: of the C++ harness: null, bridge, onnxruntime, libtorch; "" = LoadGen's Python wheel
    harness: str = ""  #: the C++ harness, a program (``franca.mlperf.native.build``)
    library: str = ""  #: ONNX Runtime's library for engine onnxruntime; "" = found (``native.libraries``)
    servers: list[str] = []  #: http://HOST:PORT of servers that have the model (network division); [] = it runs here
    model_key: str = "*"  #: name of the model that LoadGen is told, for rules of its own; "*" = none
    config_name: str = ""  #: name of the model in ``user_conf``, whose entries are the run's own; "" = ``model``
    user_conf: str = ""  #: entries of the user's that go before everything found by measurement
    round: str = ""  #: seeds of this MLPerf round; "" = those of the LoadGen in use
    rerun: bool = False
    rescore: bool = False  #: score the logs of finished accuracy runs again
    hw_name: str = "default"
    implementation: str = "franca"
    device: str = "cpu"
    run_config: str = RUN_CONFIG  #: what sets apart results of one system with other settings (section 7.3)
    command: str = ""  #: repeats the run
    accuracy_target: float = 0.0  #: percent; 0 = none
    official_model: str = ""  #: the benchmark that a model of one's own stands for in a submission (open)
    system_fields: dict[str, str] = {}  #: fields of the system description that the user wrote
    weights: Weights = Weights()
    measurements: dict[str, str] = {}  #: fields of measurements.json that the user wrote
    test_query_count: int = 0  #: queries of the test profile; 0 = its own number
    lengths: dict[str, int] = {}  #: fields of ``profiles.Length`` that replace the profile's; 0 = its own
    search_s: float = 0.0  #: seconds that the search for a target may take; 0 = the profile's
    peak: bool = False  #: search the highest valid rate of Server instead of a careful one
    configs: str = ""  #: folder where measured targets are kept and read; "" = none
    compliance: list[str] = []  #: tests to run after the scenarios, of ``COMPLIANCE_TESTS``
    sampling_target: int = 0  #: responses that TEST01 compares; 0 = the official number for image classification
    end_token: int | None = None  #: ends an answer (TEST06), -1 = none does; None = the backend's option ``end``
    power: PowerServer | None = None  #: measure power with this director; None = do not
    watchdog_s: float = 0.0  #: limit of one child; 0 = by formula (section 1.9)
    patience_s: float = 0.0  #: limit of the bare loop, before which nobody knows how fast the model is; 0 = by formula
    ingredients: list[Ingredient] = []

    def wanted(self) -> list[tuple[Scenario, Mode]]:
        """Scenarios and modes in the order of the run: Offline before Server, whose target it gives."""
        order = [Scenario.SINGLE_STREAM, Scenario.MULTI_STREAM, Scenario.OFFLINE, Scenario.SERVER]
        scenarios = {_scenario(s) for s in self.scenarios}
        modes = {_mode(m) for m in self.modes}
        return [(s, m) for s in order if s in scenarios for m in Mode if m in modes]

    def length(self) -> Profile:
        profile = PROFILES[self.profile]
        if self.profile == "test" and self.test_query_count:
            profile = test_profile(self.test_query_count)
        changes = {name: value for name, value in self.lengths.items() if value}
        lengths = {**profile.lengths}
        if profile.submission_grade and self.targets.offline_samples:
            # LoadGen has them under the names of models only, and those of its own round.
            least = lengths[Scenario.OFFLINE]._replace(min_query_count=self.targets.offline_samples)
            lengths[Scenario.OFFLINE] = least
        lengths = {scenario: length._replace(**changes) for scenario, length in lengths.items()}
        server = lengths[Scenario.SERVER]._replace(max_query_count=None)  # see ``profiles.test_profile``
        return profile._replace(lengths={**lengths, Scenario.SERVER: server})


def read_spec(path: str) -> RunSpec:
    """Read a request.

    Raises:
        MalformedFile: not JSON, an unknown or missing field, or a value of the wrong type (key named).
        UsageError: a value that means nothing here (scenario, mode, profile, round, sizes).
    """
    try:
        with open(path, "rb") as source:
            raw = source.read(MAX_BYTES)
        spec = msgspec.json.decode(raw, type=RunSpec)
    except OSError as error:
        raise MalformedFile(f"cannot be read: {error.strerror}", where=Location(path)) from error
    except msgspec.DecodeError as error:
        raise MalformedFile(f"not a benchmark request: {error}", where=Location(path)) from error
    return checked(spec)


def checked(spec: RunSpec) -> RunSpec:
    """``spec``, if its values make sense together."""
    spec.wanted()
    if not spec.scenarios or not spec.modes:
        raise UsageError("nothing to run: no scenario or no mode was asked for")
    _one_of("profile", spec.profile, PROFILES)
    if spec.round:
        _one_of("round", spec.round, SEEDS)
    _check_engine(spec)
    for name, value in (("max_batchsize", spec.max_batchsize), ("workers", spec.workers)):
        if value < 1:
            raise UsageError(f"{name} is {value}, expected 1 or more")
    for field in Targets.__struct_fields__:
        value = getattr(spec.targets, field)
        if not 0 <= value < 1e12:
            raise UsageError(f"{field} is {value}, expected a positive number")
    if spec.targets.server_bound_ms % 1:
        raise UsageError(f"server_bound_ms is {spec.targets.server_bound_ms:g}: LoadGen reads whole milliseconds only")
    if spec.test_query_count < 0:
        raise UsageError(f"test_query_count is {spec.test_query_count}, expected 1 or more")
    for name in spec.lengths:
        _one_of("length", name, Length._fields)
    for test in spec.compliance:
        _one_of("compliance test", test, COMPLIANCE_TESTS)
    for name in ("benchmark", "model", "hw_name", "implementation", "device", "run_config"):
        _plain_name(name, getattr(spec, name))
    return spec


def _check_engine(spec: RunSpec) -> None:
    for server in spec.servers:
        if not is_address(server):
            raise UsageError(f"{server!r} is no address of a server; expected {EXPECTED}")
    if not spec.engine:
        return
    if spec.servers:
        raise UsageError(f"engine {spec.engine} asks no servers", hint="leave the engine out")
    _one_of("engine", spec.engine, ENGINES)
    if spec.engine in LOCAL_ENGINES and spec.device != "cpu":
        raise UsageError(
            f"engine {spec.engine} runs on the CPU, not on {spec.device}",
            hint="the Python harness and the bridge use other devices: --implementation=bridge",
        )
    if not os.access(spec.harness, os.X_OK) or not os.path.isfile(spec.harness):
        raise Unavailable(
            f"engine {spec.engine} needs the C++ harness; there is no program {spec.harness!r}",
            hint='build it: franca run script "build mlperf inference native harness"',
        )


def _plain_name(field: str, text: str) -> None:
    """Names become folders: no separators, no leading dot."""
    if not text or text.startswith(".") or os.sep in text or "/" in text or "\\" in text or "\0" in text:
        raise UsageError(f"{field} {text!r} cannot name a folder (no / or \\, no leading dot, not empty)")


def _one_of(name: str, value: str, known: Any) -> None:
    if value not in known:
        raise UsageError(f"{name} {value!r} is not known (expected one of {', '.join(known)})")


def _scenario(text: str) -> Scenario:
    found = scenario_named(text)
    if found is None:
        raise UsageError(f"no scenario {text!r} (expected {', '.join(s.value for s in Scenario)})")
    return found


def _mode(text: str) -> Mode:
    found = mode_named(text)
    if found is None:
        raise UsageError(f"no mode {text!r} (expected {', '.join(m.value for m in Mode)})")
    return found
