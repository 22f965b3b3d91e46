"""Every flag of the benchmark command, as data: its environment key and what is done with it.

The names, keys and meanings are those that users of ``run mlperf inference generate-run-cmds`` know
(mlperf-inference section 16.3). ``tests/unit/mlperf_inference`` keeps this table and the recipe's mapping equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from franca.mlperf.inference.asked import TRUE

USED = "used"
PASSED = "passed on"  #: kept in the environment for recipes below, without meaning for this harness
REFUSED = "refused"  #: understood, and refused with a reason when switched on


class Flag(NamedTuple):
    key: str
    use: str = USED
    text: str = ""  #: for REFUSED: why, and what to do instead


_P = "CM_MLPERF_"
_L = "CM_MLPERF_LOADGEN_"
_I = "CM_MLPERF_INFERENCE_"

FLAGS: dict[str, Flag] = {
    # what is run
    "model": Flag(_P + "MODEL"),
    "implementation": Flag(_P + "IMPLEMENTATION"),
    "lang": Flag(_P + "IMPLEMENTATION"),
    "backend": Flag(_P + "BACKEND"),
    "framework": Flag(_P + "BACKEND"),
    "device": Flag(_P + "DEVICE"),
    "precision": Flag(_P + "MODEL_PRECISION"),
    "scenario": Flag(_L + "SCENARIO"),
    "mode": Flag(_L + "MODE"),
    "profile": Flag(_I + "PROFILE"),
    "execution_mode": Flag(_P + "RUN_STYLE"),
    "run_style": Flag(_P + "RUN_STYLE"),
    "round": Flag(_I + "ROUND"),
    "user_conf": Flag(_P + "USER_CONF"),
    "threads": Flag("CM_NUM_THREADS"),
    "num_threads": Flag("CM_NUM_THREADS"),
    "workers": Flag(_I + "WORKERS"),
    "num_workers": Flag(_I + "NUM_WORKERS"),
    "beam_size": Flag("GPTJ_BEAM_SIZE"),
    "batch_size": Flag(_L + "MAX_BATCHSIZE"),
    "max_batchsize": Flag(_L + "MAX_BATCHSIZE"),
    "batch_timeout": Flag(_I + "BATCH_TIMEOUT"),
    "coalesce": Flag(_L + "COALESCE_QUERIES"),
    "performance_sample_count": Flag(_L + "PERFORMANCE_SAMPLE_COUNT"),
    "library": Flag(_I + "LIBRARY"),
    # data and model that the user has; with _light any model, over generated inputs
    "dataset_path": Flag(_P + "DATASET_PATH"),
    "imagenet_path": Flag("IMAGENET_PATH"),
    "dlrm_data_path": Flag("DLRM_DATA_PATH"),
    "vocabulary": Flag(_P + "VOCABULARY"),
    "preprocess": Flag(_P + "PREPROCESS"),
    "image_size": Flag(_P + "IMAGE_SIZE"),
    "outputs": Flag(_P + "MODEL_OUTPUTS"),
    "model_file": Flag("CM_ML_MODEL_FILE_WITH_PATH"),
    "modelpath": Flag("CM_ML_MODEL_FILE_WITH_PATH"),
    "model_path": Flag("CM_ML_MODEL_FILE_WITH_PATH"),
    "samples": Flag(_L + "SAMPLES"),
    "axes": Flag(_L + "AXES"),
    "inputs": Flag(_L + "INPUTS"),
    "model_code": Flag("CM_ML_MODEL_CODE_WITH_PATH"),
    "torch_mode": Flag(_P + "TORCH_MODE"),
    # network division: LoadGen on this machine, the model behind servers
    "network": Flag("CM_NETWORK_LOADGEN"),
    "sut_servers": Flag("CM_NETWORK_LOADGEN_SUT_SERVERS"),
    # targets and lengths
    "target_qps": Flag(_L + "TARGET_QPS"),
    "offline_target_qps": Flag(_L + "OFFLINE_TARGET_QPS"),
    "server_target_qps": Flag(_L + "SERVER_TARGET_QPS"),
    "target_latency": Flag(_L + "TARGET_LATENCY"),
    "singlestream_target_latency": Flag(_L + "SINGLESTREAM_TARGET_LATENCY"),
    "multistream_target_latency": Flag(_L + "MULTISTREAM_TARGET_LATENCY"),
    "server_latency_bound": Flag(_L + "SERVER_LATENCY_BOUND"),
    "use_token_latencies": Flag(_L + "USE_TOKEN_LATENCIES"),
    "ttft_latency": Flag(_L + "TTFT_LATENCY"),
    "tpot_latency": Flag(_L + "TPOT_LATENCY"),
    "test_query_count": Flag("CM_TEST_QUERY_COUNT"),
    "min_query_count": Flag(_I + "MIN_QUERY_COUNT"),
    "max_query_count": Flag(_I + "MAX_QUERY_COUNT"),
    "max_test_duration": Flag(_P + "MAX_DURATION_TEST"),
    "max_duration": Flag(_P + "MAX_DURATION_TEST"),
    "min_duration": Flag(_I + "MIN_DURATION"),
    "test_qps": Flag(_I + "TEST_QPS"),
    "find_performance": Flag(_P + "FIND_PERFORMANCE_MODE"),
    "max_search_time": Flag(_I + "MAX_SEARCH_TIME"),
    "configs": Flag(_P + "SUT_CONFIGS"),
    "compliance": Flag(_L + "COMPLIANCE"),
    # power, measured by a director on another machine
    "power": Flag("CM_SYSTEM_POWER"),
    "power_server": Flag(_P + "POWER_SERVER_ADDRESS"),
    "power_port": Flag(_P + "POWER_SERVER_PORT"),
    "ntp_server": Flag(_P + "POWER_NTP_SERVER"),
    "max_amps": Flag(_P + "POWER_MAX_AMPS"),
    "max_volts": Flag(_P + "POWER_MAX_VOLTS"),
    "power_client": Flag(_P + "POWER_CLIENT"),
    "power_settings_file": Flag(_P + "POWER_SETTINGS_FILE_PATH"),
    "analyzer_settings_file": Flag(_P + "POWER_ANALYZER_SETTINGS_FILE_PATH"),
    # results
    "output": Flag(_I + "RESULTS_DIR"),
    "output_dir": Flag("OUTPUT_BASE_DIR"),
    "results_dir": Flag("OUTPUT_BASE_DIR"),
    "rerun": Flag("CM_RERUN"),
    "clean": Flag(_P + "CLEAN_ALL"),
    "strict": Flag(_I + "STRICT"),
    "readme": Flag(_P + "README"),
    "regenerate_files": Flag("CM_REGENERATE_MEASURE_FILES", PASSED, "side files are always written again"),
    "regenerate_accuracy_file": Flag(_P + "REGENERATE_ACCURACY_FILE"),
    # submission
    "submitter": Flag(_P + "SUBMITTER"),
    "division": Flag(_P + "SUBMISSION_DIVISION"),
    "category": Flag(_P + "SUBMISSION_SYSTEM_TYPE"),
    "system_type": Flag(_P + "SUBMISSION_SYSTEM_TYPE"),
    "hw_name": Flag("CM_HW_NAME"),
    "system_file": Flag(_P + "SYSTEM_FILE"),
    "measurements_file": Flag(_P + "MEASUREMENTS_FILE"),
    "calibration_file": Flag(_P + "CALIBRATION_FILE"),
    "status": Flag(_P + "SUBMISSION_SYSTEM_STATUS"),
    "official_model": Flag(_P + "OFFICIAL_MODEL"),
    "layout": Flag(_P + "SUBMISSION_LAYOUT"),
    "submission_dir": Flag(_I + "SUBMISSION_DIR"),
    "submission_base_dir": Flag(_I + "SUBMISSION_DIR"),
    "skip_submission_generation": Flag(_P + "SKIP_SUBMISSION_GENERATION"),
    "skip_truncation": Flag("CM_SKIP_TRUNCATE_ACCURACY"),
    "preprocess_submission": Flag("CM_RUN_MLPERF_SUBMISSION_PREPROCESSOR"),
    "run_checker": Flag("CM_RUN_SUBMISSION_CHECKER"),
    "output_summary": Flag("MLPERF_INFERENCE_SUBMISSION_SUMMARY"),
    "output_tar": Flag("MLPERF_INFERENCE_SUBMISSION_TAR_FILE"),
    "hw_notes_extra": Flag(_P + "SUT_HW_NOTES_EXTRA"),
    "sw_notes_extra": Flag(_P + "SUT_SW_NOTES_EXTRA"),
    "dashboard": Flag(_P + "DASHBOARD"),
    "dashboard_wb_user": Flag(_P + "DASHBOARD_WANDB_USER"),
    "dashboard_wb_project": Flag(_P + "DASHBOARD_WANDB_PROJECT"),
    # understood, and refused when switched on
    "sut": Flag(_I + "SUT_VARIATION", REFUSED, "no presets of systems are known; name the parts by flags of their own"),
    "push_to_github": Flag(_P + "RESULT_PUSH_TO_GITHUB", REFUSED, "nothing is published from here"),
    "docker": Flag(_P + "USE_DOCKER", REFUSED, "run the whole command in a container: franca docker script ..."),
    # passed on
    "submitter_id": Flag(_P + "SUBMITTER_ID", PASSED, "who uploads; nothing is uploaded from here"),
    "client_id": Flag("CF_ACCESS_CLIENT_ID", PASSED, "no download here asks for an account"),
    "results_git_url": Flag(_P + "RESULTS_GIT_REPO_URL", PASSED),
    "docker_keep_alive": Flag(_P + "DOCKER_KEEP_ALIVE", PASSED),
    "docker_it": Flag(_P + "DOCKER_IT", PASSED),
    "docker_dt": Flag(_P + "DOCKER_DT", PASSED),
    "docker_cm_repo": Flag(_P + "DOCKER_CM_REPO", PASSED),
    "criteo_day23_raw_data_path": Flag(
        "CM_CRITEO_DAY23_RAW_DATA_PATH", PASSED, "the multi-hot arrays are read: --dlrm_data_path=FOLDER"
    ),
    "rgat_checkpoint_path": Flag("RGAT_CHECKPOINT_PATH", PASSED),
    "use_dataset_from_host": Flag("CM_USE_DATASET_FROM_HOST", PASSED),
    "use_model_from_host": Flag("CM_USE_MODEL_FROM_HOST", PASSED),
    "custom_system_nvidia": Flag("CM_CUSTOM_SYSTEM_NVIDIA", PASSED),
    "gpu_name": Flag("CM_NVIDIA_GPU_NAME", PASSED),
    "tp_size": Flag("CM_NVIDIA_TP_SIZE", PASSED),
    "vllm_model_name": Flag("CM_VLLM_SERVER_MODEL_NAME", PASSED),
    "pip_loadgen": Flag(_P + "INFERENCE_LOADGEN_INSTALL_FROM_PIP", PASSED, "LoadGen is always the released wheel"),
    "pull_changes": Flag(_P + "INFERENCE_PULL_CODE_CHANGES", PASSED),
    "pull_inference_changes": Flag(_P + "INFERENCE_PULL_SRC_CHANGES", PASSED),
    "api_server": Flag(_I + "API_SERVER", PASSED),
    "all_models": Flag("CM_MLPERF_ALL_MODELS", PASSED),
    "save_console_log": Flag("CM_SAVE_CONSOLE_LOG", PASSED),
    "dump_version_info": Flag("CM_DUMP_VERSION_INFO", PASSED),
    "get_platform_details": Flag("CM_GET_PLATFORM_DETAILS", PASSED),
}

SWITCHES = frozenset([
    _L + "ALL_SCENARIOS", _L + "ALL_MODES", _P + "RUN_KIND", _P + "SUBMISSION", _P + "LIGHT",
    *(f"{_P}SUT_NAME_RUN_CONFIG_SUFFIX{number or ''}" for number in range(6)),
])  # fmt: skip
"""Keys that variations set, and no flag."""

OFF = ("", "no", "false", "off", "0", "none")
YES_OR_NO = (
    "coalesce", "find_performance", "rerun", "clean", "strict", "readme", "skip_submission_generation",
    "skip_truncation", "preprocess_submission", "run_checker", "dashboard", "regenerate_accuracy_file",
)  # fmt: skip
"""Flags that are on or off and nothing else."""


def with_aliases(env: dict[str, object]) -> dict[str, object]:
    """``env`` with the keys of the newer front end (``MLC_...``) under the names that are read here (16.9).

    A key that is given under both names keeps its own value.
    """
    known = {flag.key for flag in FLAGS.values()} | SWITCHES
    found = {"CM_" + key[4:]: value for key, value in env.items() if key.startswith("MLC_")}
    return {**{key: value for key, value in found.items() if key in known}, **env}


def refused(env: dict[str, object]) -> str:
    """The message for the first flag that is switched on and cannot be had; '' when there is none."""
    for name, flag in FLAGS.items():
        value = str(env.get(flag.key) or "").strip()
        if flag.use == REFUSED and value.lower() not in OFF:
            return f"--{name}={value}: {flag.text}"
    return ""


def unclear(env: dict[str, object]) -> str:
    """The message for the first switch that is neither on nor off; '' when there is none."""
    for name in YES_OR_NO:
        value = str(env.get(FLAGS[name].key) or "").strip()
        if value.lower() not in (*TRUE, *OFF):
            return f"--{name}={value}: expected yes or no"
    return ""


def without_effect(env: dict[str, object], adr: object) -> list[str]:
    """A line for each flag that is given and changes nothing here, so that nobody believes it did.

    Args:
        adr: changes of dependencies, ``--adr.NAME.KEY=VALUE``: this harness takes LoadGen as its released wheel, so
            compilers and sources of the benchmark have nothing to act on.
    """
    given = {name: str(env.get(flag.key) or "").strip() for name, flag in FLAGS.items() if flag.use == PASSED}
    lines = [_plain(f"--{name}", FLAGS[name].text) for name, value in given.items() if value.lower() not in OFF]
    for name, change in adr.items() if isinstance(adr, Mapping) else ():
        if name == "compiler" or str(name).startswith("inference-src"):
            keys = ".".join(_first_keys(change))
            lines.append(
                _plain(f"--adr.{name}{keys and '.' + keys}", "LoadGen is the released wheel, nothing is built")
            )
    return lines


def _plain(flag: str, why: str) -> str:
    return f"{flag} has no effect here" + (f": {why}" if why else "")


def _first_keys(change: object) -> list[str]:
    """The keys on the way down to the first value."""
    found = []
    while isinstance(change, Mapping) and change:
        key, change = next(iter(change.items()))
        found.append(str(key))
    return found


def undecodable(env: dict[str, object]) -> str:
    """The message for the first flag whose bytes are no text, which no report could hold; '' when there is none."""
    for name, flag in FLAGS.items():
        value = str(env.get(flag.key) or "")
        if not value.isascii() and value != value.encode("utf-8", "replace").decode("utf-8"):
            shown = value.encode("utf-8", "backslashreplace").decode("utf-8")
            return f"--{name}={shown[:80]}: not UTF-8 text"
    return ""
