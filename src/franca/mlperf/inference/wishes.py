"""What a user asked for, read from the environment keys of the benchmark recipes and checked at once.

Recipes map flags to these keys. Reading them is separate from making the request, so that a mistake is found
before anything is installed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from franca.catalog.files import read_json
from franca.errors import Location, MalformedFile, UsageError
from franca.mlperf.inference import asked
from franca.mlperf.inference.config import own_entries, read_config
from franca.mlperf.inference.division import CLOSED, check_entries, check_flags, submitted_to, tests_for
from franca.mlperf.inference.flags import OFF, refused, unclear, undecodable, with_aliases
from franca.mlperf.inference.measurements import read_measurements
from franca.mlperf.inference.models import Rules, is_benchmark, last_round, model_named, rules_of
from franca.mlperf.inference.power_wishes import read_power
from franca.mlperf.inference.profiles import PROFILES
from franca.mlperf.inference.rounds import SEEDS
from franca.mlperf.inference.scenarios import Mode, Scenario, mode_named, scenario_named
from franca.mlperf.inference.spec import RUN_CONFIG, Targets
from franca.mlperf.inference.workloads import Model, workload_of
from franca.mlperf.inference.workloads.generation import read_beams
from franca.mlperf.power.client import PowerServer
from franca.mlperf.submission import tables

DEFAULT_OUTPUT = "mlperf-results"
OUTPUT_KEYS = ("CM_MLPERF_INFERENCE_RESULTS_DIR", "OUTPUT_BASE_DIR")  #: ours, and that of the official front end
IMPLEMENTATIONS = ("", "python", "reference", "mlcommons-python", "franca", "cpp", "mlcommons-cpp", "bridge")
#: Engines of the C++ harness for ``cpp``: the runtime of each backend, inside the program.
CPP_ENGINES = {"onnxruntime": "onnxruntime", "pytorch": "libtorch"}
CATEGORIES = ("edge", "datacenter")
PRECISIONS = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}  #: short names
LIBRARY_FOR = (("cpp", ""), ("cpp", "onnxruntime"))
MOST_THREADS = 4096  #: more than any machine runs at once; runtimes would start as many as they are told
STYLES = {"test": "test", "fast": "fast", "valid": "full"}  #: execution mode to profile (section 8.2)


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """A user's choices. Paths are absolute; rates are queries or samples a second, latencies milliseconds."""

    scenarios: list[str]
    modes: list[str]
    profile: str
    model: Model
    rules: Rules  #: of the benchmark that the model is, or stands for
    output: str
    targets: Targets
    precision: str  #: of the weights, where the model can be run in several; "" = as its backend has it
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
    rescore: bool  #: score finished accuracy logs again
    strict: bool
    test_query_count: int
    lengths: dict[str, int]
    search_s: float
    peak: bool
    configs: str
    compliance: list[str]
    implementation: str
    library: str
    performance_count: int
    official_model: str
    system_fields: dict[str, str]
    measurements: dict[str, str]
    servers: list[str]
    power: PowerServer | None = None
    run_config: str = RUN_CONFIG
    notes: list[str] = []  #: what was understood in another way than it may have been meant

    @property
    def engine(self) -> str:
        """Of the C++ harness; "" = LoadGen's Python wheel."""
        if self.implementation == "cpp":
            return CPP_ENGINES[self.backend]
        return "bridge" if self.implementation == "bridge" else ""

    @property
    def style(self) -> str:
        """Name of the results folder without ``_results``: test, fast or valid (section 7.3)."""
        return PROFILES[self.profile].run_style


def read_wishes(given: Mapping[str, object]) -> Wishes:
    """The choices in ``given``, defaults filled in; keys of both front ends are understood.

    Raises:
        UsageError: a value that means nothing; the message has the flag. MalformedFile: a wrong user.conf.
    """
    env = with_aliases(dict(given))
    odd = undecodable(env)
    if odd:
        raise UsageError(odd, hint="give it in the encoding of this terminal, which is UTF-8")
    conf = asked.path(env, "CM_MLPERF_USER_CONF")
    entries = read_config(conf) if conf else []
    wrong = refused(env) or unclear(env)
    if wrong:
        raise UsageError(wrong)
    places = (asked.path(env, key) for key in OUTPUT_KEYS)
    output = next(filter(None, places), os.path.abspath(DEFAULT_OUTPUT))
    model = model_named(asked.text(env, "CM_MLPERF_MODEL"))
    if asked.text(env, "CM_MLPERF_MODEL"):  # else it may be of a file's name
        own_entries(entries, model.config_name, conf)
    if read_beams(env) and not model.name.startswith("gptj"):
        raise UsageError(f"--beam_size: the answers of {model.name} are not searched for", hint="--model=gptj-99")
    submitted = model.checked_as if asked.text(env, "CM_MLPERF_RUN_KIND") else ""
    round_name = _one_of(env, "CM_MLPERF_INFERENCE_ROUND", "round", last_round(submitted), list(SEEDS))
    category = asked.text(env, "CM_MLPERF_SUBMISSION_SYSTEM_TYPE").lower() or "edge"
    rules = rules_of(model.checked_as or model.stands_for, round_name, category.replace(" ", "").replace(",", "-"))
    if submitted and not rules.scenarios and category in CATEGORIES:
        other = next(one for one in CATEGORIES if one != category)
        raise UsageError(
            f"--category={category}: {submitted} is a benchmark of {other} systems", hint=f"--category={other}"
        )
    scenarios = _scenarios(env, rules.scenarios if model.checked_as else ())
    targets = _targets(env, scenarios, rules, model, round_name)
    count = asked.whole(env, "CM_MLPERF_LOADGEN_PERFORMANCE_SAMPLE_COUNT", "performance_sample_count", 0)
    division = submitted_to(env)
    if division in CLOSED:
        check_entries(entries, rules, division, conf)
        check_flags(targets, count, rules, division)
    tests = tests_for(env, rules.tests or model.tests, division)
    return Wishes(
        scenarios=scenarios,
        modes=_modes(env),
        profile=_profile(env),
        output=output,
        targets=targets,
        precision=_precision(env, model),
        backend=_backend(env, model),
        device=_device(env),
        threads=asked.whole(env, "CM_NUM_THREADS", "threads", 0, most=MOST_THREADS),
        workers=_workers(env),
        max_batchsize=_batch(env, model),
        batch_timeout_ms=asked.number(env, "CM_MLPERF_INFERENCE_BATCH_TIMEOUT", "batch_timeout", 0),
        coalesce=asked.is_on(env, "CM_MLPERF_LOADGEN_COALESCE_QUERIES"),
        user_conf=conf,
        round=round_name,
        model=model,
        rules=rules,
        test_query_count=asked.whole(env, "CM_TEST_QUERY_COUNT", "test_query_count", 0),
        lengths=_lengths(env),
        search_s=asked.number(env, "CM_MLPERF_INFERENCE_MAX_SEARCH_TIME", "max_search_time", 0),
        peak=asked.is_on(env, "CM_MLPERF_FIND_PERFORMANCE_MODE"),
        configs=asked.path(env, "CM_MLPERF_SUT_CONFIGS") or os.path.join(output, "configs"),
        compliance=tests.names,
        notes=tests.notes,
        run_config=_run_config(env),
        implementation=_implementation(env),
        library=_library(env),
        performance_count=count,
        official_model=_official(env, model),
        system_fields={**_status(env), **system_fields(asked.path(env, "CM_MLPERF_SYSTEM_FILE"))},
        measurements=read_measurements(asked.path(env, "CM_MLPERF_MEASUREMENTS_FILE")),
        servers=_servers(env),
        power=read_power(env),
        hw_name=asked.text(env, "CM_HW_NAME") or "default",
        rescore=asked.is_on(env, "CM_MLPERF_REGENERATE_ACCURACY_FILE"),
        rerun=asked.is_on(env, "CM_RERUN") or asked.is_on(env, "CM_MLPERF_CLEAN_ALL"),
        strict=asked.is_on(env, "CM_MLPERF_INFERENCE_STRICT"),
    )


def _run_config(env: Mapping[str, object]) -> str:
    """The words that a user and variations set, and that end the name of the system under test (section 7.3)."""
    words = (asked.text(env, f"CM_MLPERF_SUT_NAME_RUN_CONFIG_SUFFIX{number or ''}") for number in range(6))
    return "_".join(filter(None, words)) or RUN_CONFIG


def _official(env: Mapping[str, object], model: Model) -> str:
    """The benchmark that a model of one's own is held to. Raises UsageError: no round has it."""
    given = asked.text(env, "CM_MLPERF_OFFICIAL_MODEL")
    if given and not is_benchmark(given):
        raise UsageError(f"--official_model={given}: no round has this benchmark", hint="e.g. resnet, llama3.1-8b-edge")
    return given or ("" if model.checked_as else model.stands_for)


def _backend(env: Mapping[str, object], model: Model) -> str:
    """What the model runs with. Raises UsageError: another runtime than its own was asked for."""
    can = workload_of(model).backends
    found = _one_of(env, "CM_MLPERF_BACKEND", "backend", can[0], list(CPP_ENGINES))
    if found not in can:
        raise UsageError(f"--backend={found}: --model={model.name} runs with {' or '.join(can)}")
    return found


def _batch(env: Mapping[str, object], model: Model) -> int:
    asked_for = asked.whole(env, "CM_MLPERF_LOADGEN_MAX_BATCHSIZE", "max_batchsize", model.batch, least=1)
    if model.most and asked_for > model.most:
        raise UsageError(f"--max_batchsize={asked_for}: {model.name} takes at most {model.most} samples at once")
    return asked_for


def _workers(env: Mapping[str, object]) -> int:
    """Both names mean the same; ours counts where both are given."""
    other = asked.whole(env, "CM_MLPERF_INFERENCE_NUM_WORKERS", "num_workers", 1, least=1)
    return asked.whole(env, "CM_MLPERF_INFERENCE_WORKERS", "workers", other, least=1)


def _targets(env: Mapping[str, object], scenarios: list[str], rules: Rules, model: Model, round_name: str) -> Targets:
    """Targets of the scenarios; the general flag counts where a scenario's own is not given (section 8.1)."""
    flag = "CM_MLPERF_LOADGEN_"
    rate = asked.number(env, flag + "TARGET_QPS", "target_qps", 0)
    trial = asked.number(env, "CM_MLPERF_INFERENCE_TEST_QPS", "test_qps", 0)
    trial = trial if _profile(env) == "test" else 0
    latency = asked.number(env, flag + "TARGET_LATENCY", "target_latency", 0)
    if rate and {"Server", "Offline"} <= set(scenarios):
        raise UsageError("--target_qps is for one scenario; give --server_target_qps and --offline_target_qps")
    if latency and {"SingleStream", "MultiStream"} <= set(scenarios):
        raise UsageError("--target_latency is for one scenario; give --singlestream_target_latency and the other")
    tokens = _token_latencies(env, model, rules)
    first, each = (rules.first_token_ms, rules.each_token_ms) if tokens else (0, 0)
    return Targets(
        server_qps=asked.number(env, flag + "SERVER_TARGET_QPS", "server_target_qps", rate),
        offline_qps=asked.number(env, flag + "OFFLINE_TARGET_QPS", "offline_target_qps", rate or trial),
        singlestream_ms=asked.number(env, flag + "SINGLESTREAM_TARGET_LATENCY", "singlestream_target_latency", latency),
        multistream_ms=asked.number(env, flag + "MULTISTREAM_TARGET_LATENCY", "multistream_target_latency", latency),
        server_bound_ms=asked.whole(
            env, flag + "SERVER_LATENCY_BOUND", "server_latency_bound", int(rules.server_bound_ms)
        ),
        token_latencies=tokens,
        ttft_ms=asked.whole(env, flag + "TTFT_LATENCY", "ttft_latency", first),
        tpot_ms=asked.whole(env, flag + "TPOT_LATENCY", "tpot_latency", each),
        inferred_tokens=rules.inferred_tokens and bool(model.checked_as),
        equal_issue=rules.equal_issue and bool(model.checked_as),
        offline_samples=rules.offline_samples if model.checked_as or _counted_in_open(round_name) else 0,
    )


def _counted_in_open(round_name: str) -> bool:
    """Whether a round refuses models of one's own, too, for few samples in Offline (rule P8)."""
    return bool(round_name) and tables.round_number(round_name) < (5, 0)


def _token_latencies(env: Mapping[str, object], model: Model, rules: Rules) -> bool:
    """Whether token latencies are measured; by default where text is generated and the benchmark asks for them."""
    words = {**dict.fromkeys(asked.TRUE, True), **dict.fromkeys(OFF[1:], False)}
    given = _one_of(env, "CM_MLPERF_LOADGEN_USE_TOKEN_LATENCIES", "use_token_latencies", "", list(words))
    if given and words[given] and not model.generates:
        raise UsageError(f"--use_token_latencies={given}: {model.name} tells no first tokens", hint="--model=counting")
    wanted = words[given] if given else model.generates and rules.token_latencies
    if wanted and (_implementation(env) in ("cpp", "bridge") or _servers(env)):
        raise UsageError(
            "token latencies are on, and neither the C++ harness nor a model behind servers tells first tokens",
            hint="leave --implementation and --network out, or --use_token_latencies=no",
        )
    return wanted


def _scenarios(env: Mapping[str, object], required: tuple[str, ...]) -> list[str]:
    """The scenarios; everything by default, Offline alone in a run for a submission (section 16.3).

    Args:
        required: what "all" means for an official benchmark; none = all four.
    """
    everything = [s.value for s in Scenario if s.value in required or not required]
    if asked.is_on(env, "CM_MLPERF_LOADGEN_ALL_SCENARIOS"):
        return everything
    default = ["Offline"] if asked.text(env, "CM_MLPERF_RUN_KIND") else everything
    return [_scenario(word) for word in _words(env, "CM_MLPERF_LOADGEN_SCENARIO", default, everything)]


def _modes(env: Mapping[str, object]) -> list[str]:
    everything = [m.value for m in Mode]
    wanted = [_mode(word) for word in _words(env, "CM_MLPERF_LOADGEN_MODE", everything, everything)]
    if asked.is_on(env, "CM_MLPERF_LOADGEN_ALL_MODES"):  # a tree needs both, whatever --mode says (section 16.2)
        return everything
    if asked.is_on(env, "CM_MLPERF_FIND_PERFORMANCE_MODE"):
        return [Mode.PERFORMANCE.value]
    return wanted


def _profile(env: Mapping[str, object]) -> str:
    """The length of the runs: ``--profile``, else the execution mode, else short.

    ``_full`` is the style of a submission, whose length an execution mode or a count of queries still decides:
    published commands have ``_full`` beside ``--execution_mode=test`` (section 16.2).
    """
    style = _one_of(env, "CM_MLPERF_RUN_STYLE", "execution_mode", "", list(STYLES))
    default = STYLES[style] if style else "test" if asked.text(env, "CM_TEST_QUERY_COUNT") else "short"
    given = _one_of(env, "CM_MLPERF_INFERENCE_PROFILE", "profile", default, list(PROFILES))
    return default if given == "full" and default != "short" else given


def _lengths(env: Mapping[str, object]) -> dict[str, int]:
    """Counts and durations of test runs that were asked for; 0 = the profile's (section 16.3)."""
    least = asked.whole(env, "CM_MLPERF_INFERENCE_MIN_QUERY_COUNT", "min_query_count", 0)
    most = asked.whole(env, "CM_MLPERF_INFERENCE_MAX_QUERY_COUNT", "max_query_count", 0)
    seconds = asked.number(env, "CM_MLPERF_MAX_DURATION_TEST", "max_test_duration", 0)
    if least and most and most < least:
        raise UsageError(f"--max_query_count={most} is below --min_query_count={least}")
    longer = asked.whole(env, "CM_MLPERF_INFERENCE_MIN_DURATION", "min_duration", 0)
    if (least or most or seconds) and _profile(env) != "test":
        raise UsageError("--min_query_count, --max_query_count and --max_test_duration are for --execution_mode=test")
    return {
        "min_query_count": least or most,
        "max_query_count": most or least,
        "max_duration_ms": int(seconds * 1000),
        "min_duration_ms": int(longer),  # in milliseconds, as user.conf has it
    }


def _device(env: Mapping[str, object]) -> str:
    found = _one_of(env, "CM_MLPERF_DEVICE", "device", "cpu", ["cpu", "cuda", "gpu"])
    return "cuda" if found == "gpu" else found


def _implementation(env: Mapping[str, object]) -> str:
    text = asked.text(env, "CM_MLPERF_IMPLEMENTATION")
    if text.lower() not in IMPLEMENTATIONS:
        known = ", ".join(name for name in IMPLEMENTATIONS if name)
        raise UsageError(f"--implementation={text}: expected {known}")
    return text.lower().removeprefix("mlcommons-") or "franca"


def _library(env: Mapping[str, object]) -> str:
    """The file that ``--library`` names, for the C++ harness with ONNX Runtime."""
    found = asked.path(env, "CM_MLPERF_INFERENCE_LIBRARY")
    if found and (_implementation(env), asked.text(env, "CM_MLPERF_BACKEND").lower()) not in LIBRARY_FOR:
        raise UsageError(f"--library={found}: only --implementation=cpp --backend=onnxruntime opens a library")
    return found


def _servers(env: Mapping[str, object]) -> list[str]:
    """Addresses of the servers that have the model, for ``--network=lon`` (LoadGen over the network)."""
    side = _one_of(env, "CM_NETWORK_LOADGEN", "network", "", ["lon", "sut", *OFF])
    words = _words(env, "CM_NETWORK_LOADGEN_SUT_SERVERS", [], [])
    if side == "sut":
        raise UsageError("--network=sut: this command runs LoadGen", hint="serve the model with: franca serve sut")
    if side != "lon" and words:
        raise UsageError("--sut_servers: servers are asked with --network=lon")
    if side != "lon":
        return []
    if not words:
        raise UsageError("--network=lon: expected --sut_servers=http://HOST:PORT, one or several parted by commas")
    return words


def _precision(env: Mapping[str, object], model: Model) -> str:
    """The precision that is asked for. Raises UsageError: the model is not run in it."""
    given = asked.text(env, "CM_MLPERF_MODEL_PRECISION").lower()
    found = PRECISIONS.get(given, given)
    can = workload_of(model).precisions
    if found and found not in can:
        raise UsageError(f"--precision={given}: {model.name} is run in {', '.join(can)} only")
    return found


def _status(env: Mapping[str, object]) -> dict[str, str]:
    """The field that ``--status`` gives."""
    found = _one_of(env, "CM_MLPERF_SUBMISSION_SYSTEM_STATUS", "status", "", ["available", "preview", "rdi"])
    return {"status": found} if found else {}


def system_fields(path: str) -> dict[str, str]:
    """Fields of the system description in a user's JSON file; none without a path. Raises MalformedFile."""
    if not path:
        return {}
    content = read_json(path)
    if not isinstance(content, dict) or not all(isinstance(v, (str, int, float)) for v in content.values()):
        raise MalformedFile("expected fields of the system description and their texts", where=Location(path))
    return {str(key): str(value) for key, value in content.items()}


def _words(env: Mapping[str, object], key: str, default: list[str], everything: list[str]) -> list[str]:
    """One or several words, parted by commas; ``all`` means everything, nothing the default."""
    text = asked.text(env, key)
    if text.lower() in ("", "all"):
        return everything if text else default
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
    text = asked.text(env, key).lower()
    if text and text not in known:
        raise UsageError(f"--{flag}={text}: expected {', '.join(word for word in known if word)}")
    return text or default
