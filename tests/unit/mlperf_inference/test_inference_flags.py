"""Every flag of the benchmark command is understood: used, passed on, or refused with a reason."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import yaml

from franca.errors import UsageError
from franca.mlperf.inference.flags import FLAGS, REFUSED, YES_OR_NO, with_aliases, without_effect
from franca.mlperf.inference.models import model_named
from franca.mlperf.inference.wishes import read_wishes

SCRIPTS = Path(__file__).resolve().parents[3] / "recipes" / "script"
# The inputs of mlperf-inference 16.3, with the keys that it names; `docker_*` and data paths are in its last rows.
DOCUMENTED = {
    "division": "CM_MLPERF_SUBMISSION_DIVISION",
    "category": "CM_MLPERF_SUBMISSION_SYSTEM_TYPE",
    "system_type": "CM_MLPERF_SUBMISSION_SYSTEM_TYPE",
    "device": "CM_MLPERF_DEVICE",
    "model": "CM_MLPERF_MODEL",
    "precision": "CM_MLPERF_MODEL_PRECISION",
    "implementation": "CM_MLPERF_IMPLEMENTATION",
    "lang": "CM_MLPERF_IMPLEMENTATION",
    "backend": "CM_MLPERF_BACKEND",
    "framework": "CM_MLPERF_BACKEND",
    "scenario": "CM_MLPERF_LOADGEN_SCENARIO",
    "mode": "CM_MLPERF_LOADGEN_MODE",
    "execution_mode": "CM_MLPERF_RUN_STYLE",
    "run_style": "CM_MLPERF_RUN_STYLE",
    "sut": "CM_MLPERF_INFERENCE_SUT_VARIATION",
    "submitter": "CM_MLPERF_SUBMITTER",
    "results_dir": "OUTPUT_BASE_DIR",
    "output_dir": "OUTPUT_BASE_DIR",
    "submission_dir": "CM_MLPERF_INFERENCE_SUBMISSION_DIR",
    "hw_name": "CM_HW_NAME",
    "target_qps": "CM_MLPERF_LOADGEN_TARGET_QPS",
    "offline_target_qps": "CM_MLPERF_LOADGEN_OFFLINE_TARGET_QPS",
    "server_target_qps": "CM_MLPERF_LOADGEN_SERVER_TARGET_QPS",
    "target_latency": "CM_MLPERF_LOADGEN_TARGET_LATENCY",
    "singlestream_target_latency": "CM_MLPERF_LOADGEN_SINGLESTREAM_TARGET_LATENCY",
    "multistream_target_latency": "CM_MLPERF_LOADGEN_MULTISTREAM_TARGET_LATENCY",
    "test_query_count": "CM_TEST_QUERY_COUNT",
    "min_query_count": "CM_MLPERF_INFERENCE_MIN_QUERY_COUNT",
    "max_query_count": "CM_MLPERF_INFERENCE_MAX_QUERY_COUNT",
    "performance_sample_count": "CM_MLPERF_LOADGEN_PERFORMANCE_SAMPLE_COUNT",
    "batch_size": "CM_MLPERF_LOADGEN_MAX_BATCHSIZE",
    "threads": "CM_NUM_THREADS",
    "max_test_duration": "CM_MLPERF_MAX_DURATION_TEST",
    "find_performance": "CM_MLPERF_FIND_PERFORMANCE_MODE",
    "compliance": "CM_MLPERF_LOADGEN_COMPLIANCE",
    "power": "CM_SYSTEM_POWER",
    "clean": "CM_MLPERF_CLEAN_ALL",
    "rerun": "CM_RERUN",
    "regenerate_files": "CM_REGENERATE_MEASURE_FILES",
    "regenerate_accuracy_file": "CM_MLPERF_REGENERATE_ACCURACY_FILE",
    "run_checker": "CM_RUN_SUBMISSION_CHECKER",
    "skip_truncation": "CM_SKIP_TRUNCATE_ACCURACY",
    "preprocess_submission": "CM_RUN_MLPERF_SUBMISSION_PREPROCESSOR",
    "skip_submission_generation": "CM_MLPERF_SKIP_SUBMISSION_GENERATION",
    "output_summary": "MLPERF_INFERENCE_SUBMISSION_SUMMARY",
    "output_tar": "MLPERF_INFERENCE_SUBMISSION_TAR_FILE",
    "dashboard_wb_user": "CM_MLPERF_DASHBOARD_WANDB_USER",
    "dashboard_wb_project": "CM_MLPERF_DASHBOARD_WANDB_PROJECT",
    "push_to_github": "CM_MLPERF_RESULT_PUSH_TO_GITHUB",
    "results_git_url": "CM_MLPERF_RESULTS_GIT_REPO_URL",
    "readme": "CM_MLPERF_README",
    "sw_notes_extra": "CM_MLPERF_SUT_SW_NOTES_EXTRA",
    "network": "CM_NETWORK_LOADGEN",
    "sut_servers": "CM_NETWORK_LOADGEN_SUT_SERVERS",
    "docker": "CM_MLPERF_USE_DOCKER",
}
NEWER = {  # the newer front end, 16.9
    "min_duration": "CM_MLPERF_INFERENCE_MIN_DURATION",
    "max_duration": "CM_MLPERF_MAX_DURATION_TEST",
    "test_qps": "CM_MLPERF_INFERENCE_TEST_QPS",
    "status": "CM_MLPERF_SUBMISSION_SYSTEM_STATUS",
    "submitter_id": "CM_MLPERF_SUBMITTER_ID",
    "client_id": "CF_ACCESS_CLIENT_ID",
}
PATHS = """
imagenet_path dlrm_data_path criteo_day23_raw_data_path rgat_checkpoint_path use_dataset_from_host
use_model_from_host custom_system_nvidia gpu_name tp_size vllm_model_name num_workers beam_size pip_loadgen
pull_changes pull_inference_changes api_server all_models save_console_log dump_version_info
get_platform_details hw_notes_extra docker_keep_alive docker_it docker_dt
docker_cm_repo
""".split()  # noqa: SIM905 - a table of words reads better
VARIATIONS = """
light
find-performance performance-only accuracy-only performance-and-accuracy submission populate-readme short full
all-modes all-scenarios compliance dashboard full-performance r2.1 r3.0 r3.1 r4.0 r4.0-dev r4.1 r4.1-dev
scc24-base scc24-main
""".split()  # noqa: SIM905 - a table of words reads better


def meta(name: str) -> dict:
    return yaml.safe_load((SCRIPTS / name / "_cm.yaml").read_text("utf-8"))


def test_every_flag_says_what_it_means() -> None:
    described = meta("run-mlperf-inference-app")["input_description"]
    assert set(described) == set(FLAGS)
    assert not [name for name, said in described.items() if not str(said["desc"]).strip()]


@pytest.mark.parametrize(("name", "key"), [*DOCUMENTED.items(), *NEWER.items()])
def test_a_documented_flag_has_its_documented_key(name: str, key: str) -> None:
    assert FLAGS[name].key == key


def test_flags_without_a_documented_key_are_known_too() -> None:
    assert [name for name in PATHS if name not in FLAGS] == []


@pytest.mark.parametrize("recipe", ["run-mlperf-inference-app", "app-mlperf-inference"])
def test_the_recipe_maps_exactly_these_flags(recipe: str) -> None:
    assert meta(recipe)["input_mapping"] == {name: flag.key for name, flag in FLAGS.items()}


def test_both_notes_have_keys_of_their_own() -> None:
    assert FLAGS["hw_notes_extra"].key != FLAGS["sw_notes_extra"].key


def test_documented_variations_and_tags_are_there() -> None:
    front = meta("run-mlperf-inference-app")
    assert [name for name in VARIATIONS if name not in front["variations"]] == []
    assert {"run", "mlperf", "inference", "generate-run-cmds", "run-mlperf-inference", "common"} <= set(front["tags"])


@pytest.mark.parametrize("name", [name for name, flag in FLAGS.items() if flag.use == REFUSED])
def test_what_cannot_be_had_is_refused_when_on_and_ignored_when_off(name: str) -> None:
    key = FLAGS[name].key
    with pytest.raises(UsageError, match=f"--{name}=yes"):
        read_wishes({key: "yes"})
    assert read_wishes({key: "no"}).profile == "short"


FOUR, BOTH = ["SingleStream", "MultiStream", "Server", "Offline"], ["performance", "accuracy"]
CASES = [
    ({}, ("short", FOUR, BOTH)),
    ({"CM_MLPERF_RUN_KIND": "submission"}, ("short", ["Offline"], BOTH)),
    ({"CM_TEST_QUERY_COUNT": "10", "CM_MLPERF_RUN_KIND": "submission"}, ("test", ["Offline"], None)),
    ({"CM_MLPERF_RUN_STYLE": "valid"}, ("full", None, None)),
    ({"CM_MLPERF_RUN_STYLE": "fast"}, ("fast", None, None)),
    ({"CM_MLPERF_RUN_STYLE": "test"}, ("test", None, None)),
    ({"CM_MLPERF_INFERENCE_PROFILE": "full", "CM_TEST_QUERY_COUNT": "10"}, ("test", None, None)),
    ({"CM_MLPERF_INFERENCE_PROFILE": "full", "CM_MLPERF_RUN_STYLE": "test"}, ("test", None, None)),
    ({"CM_MLPERF_INFERENCE_PROFILE": "short", "CM_MLPERF_RUN_STYLE": "valid"}, ("short", None, None)),
    ({"CM_MLPERF_INFERENCE_PROFILE": "full"}, ("full", None, None)),
    ({"CM_MLPERF_LOADGEN_ALL_MODES": "yes", "CM_MLPERF_LOADGEN_MODE": "accuracy"}, (None, None, BOTH)),
    ({"CM_MLPERF_FIND_PERFORMANCE_MODE": "yes"}, (None, None, ["performance"])),
    ({"CM_MLPERF_RUN_KIND": "x", "CM_MLPERF_LOADGEN_SCENARIO": "all"}, (None, FOUR, None)),
]  # fmt: skip


@pytest.mark.parametrize(("env", "expected"), CASES, ids=[" ".join(e.values()) or "nothing" for e, _ in CASES])
def test_length_scenarios_and_modes_follow_from_the_flags(env, expected) -> None:
    wishes = read_wishes(env)
    for found, wanted in zip((wishes.profile, wishes.scenarios, wishes.modes), expected, strict=True):
        assert wanted is None or found == wanted


def test_flags_of_the_official_front_end_have_their_effect() -> None:
    assert read_wishes({"CM_MLPERF_INFERENCE_NUM_WORKERS": "3"}).workers == 3
    both = {"CM_MLPERF_INFERENCE_NUM_WORKERS": "3", "CM_MLPERF_INFERENCE_WORKERS": "2"}
    assert read_wishes(both).workers == 2
    assert read_wishes({"CM_MLPERF_REGENERATE_ACCURACY_FILE": "yes"}).rescore
    assert FLAGS["num_threads"].key == FLAGS["threads"].key


def test_what_has_no_effect_is_said_once_and_never_with_its_value() -> None:
    env = {"CM_NVIDIA_TP_SIZE": "2", "CF_ACCESS_CLIENT_ID": "me", "CM_MLPERF_DOCKER_IT": "no"}
    adr = {
        "compiler": {"tags": "gcc"}, "inference-src-loadgen": {"env": {"CM_GIT_URL": "https://a.b"}},
        "python": {"version_min": "3.8"}, "mlperf-inference-implementation": {"num_threads": "2"},
    }  # fmt: skip
    lines = without_effect(env, adr)
    assert [line.split()[0] for line in lines] == [
        "--client_id", "--tp_size", "--adr.compiler.tags", "--adr.inference-src-loadgen.env.CM_GIT_URL",
    ]  # fmt: skip
    assert all("has no effect here" in line for line in lines) and "me" not in lines[0].split()
    assert without_effect({}, None) == []


PRESETS = [
    ("performance-only", ("short", ["Offline"], ["performance"]), False),
    ("accuracy-only", ("short", ["Offline"], ["accuracy"]), False),
    ("scc24-base", ("test", ["Offline"], BOTH), True),
    ("scc24-main", ("test", ["Offline"], BOTH), True),
]


@pytest.mark.parametrize(("name", "expected", "tree"), PRESETS, ids=[name for name, *_ in PRESETS])
def test_a_preset_has_its_length_scenario_modes_and_tree(name: str, expected: tuple, tree: bool) -> None:
    variations = meta("run-mlperf-inference-app")["variations"]
    block = variations[name]
    length = block.get("default_variations", {}).get("length", "short")
    env = {**variations[length]["env"], **block["env"]}
    wishes = read_wishes(env)
    assert (wishes.profile, wishes.scenarios, wishes.modes) == expected
    assert (env.get("CM_MLPERF_SUBMISSION") == "yes") is tree
    counts = {"scc24-base": 50, "scc24-main": 500}
    assert wishes.test_query_count == counts.get(name, 0)
    assert wishes.run_config == (name if name in counts else "default_config")


def test_results_go_where_either_key_says() -> None:
    assert read_wishes({"OUTPUT_BASE_DIR": "/a"}).output == "/a"
    assert read_wishes({"OUTPUT_BASE_DIR": "/a", "CM_MLPERF_INFERENCE_RESULTS_DIR": "/b"}).output == "/b"


def test_a_general_target_serves_the_scenario_that_is_run() -> None:
    env = {"CM_MLPERF_LOADGEN_SCENARIO": "Offline", "CM_MLPERF_LOADGEN_TARGET_QPS": "77"}
    assert read_wishes(env).targets.offline_qps == 77
    env["CM_MLPERF_LOADGEN_OFFLINE_TARGET_QPS"] = "99"
    assert read_wishes(env).targets.offline_qps == 99
    with pytest.raises(UsageError, match="--target_qps is for one scenario"):
        read_wishes({"CM_MLPERF_LOADGEN_TARGET_QPS": "77"})


def test_counts_are_for_test_runs_only() -> None:
    env = {"CM_MLPERF_INFERENCE_MIN_QUERY_COUNT": "5", "CM_MLPERF_RUN_STYLE": "test"}
    assert read_wishes(env).lengths == {
        "min_query_count": 5,
        "max_query_count": 5,
        "max_duration_ms": 0,
        "min_duration_ms": 0,
    }
    with pytest.raises(UsageError, match="are for --execution_mode=test"):
        read_wishes({"CM_MLPERF_INFERENCE_MIN_QUERY_COUNT": "5"})
    with pytest.raises(UsageError, match="is below"):
        read_wishes({**env, "CM_MLPERF_INFERENCE_MAX_QUERY_COUNT": "4"})


@pytest.mark.parametrize(("text", "tests"), [("no", []), ("yes", ["TEST01", "TEST04"]), ("test04", ["TEST04"])])
def test_compliance_tests_by_word_or_by_name(text, tests) -> None:
    assert read_wishes({"CM_MLPERF_LOADGEN_COMPLIANCE": text}).compliance == tests


def test_a_model_is_named_or_refused_with_the_list() -> None:
    assert model_named("digits-cnn").kind == "cnn"
    assert model_named("").name == "digits"
    assert model_named("ResNet").name == "resnet50"
    with pytest.raises(
        UsageError, match="no task for this model; expected digits, digits-mlp, digits-cnn, counting, resnet50"
    ):
        model_named("alexnet")
    with pytest.raises(UsageError, match="no runner for it") as caught:
        model_named("sdxl")
    assert "bring a backend of your own" in caught.value.hint
    with pytest.raises(UsageError, match="--precision=int8"):
        read_wishes({"CM_MLPERF_MODEL_PRECISION": "int8"})


@pytest.mark.parametrize(
    ("model", "bound_ms", "tests", "required"),
    [
        ("resnet50", 15, ["TEST01", "TEST04"], ["SingleStream", "MultiStream", "Offline"]),
        ("retinanet", 100, ["TEST01"], ["SingleStream", "MultiStream", "Offline"]),
        ("bert-99", 130, ["TEST01"], ["SingleStream", "Offline"]),
    ],
)
def test_official_models_bring_the_rules_of_their_benchmark(
    model: str, bound_ms: float, tests: list[str], required: list[str]
) -> None:
    """Bounds and tests: sections 2.5 and 9.1; scenarios of edge systems: 13.1."""
    env = {"CM_MLPERF_MODEL": model, "CM_MLPERF_LOADGEN_ALL_SCENARIOS": "yes", "CM_MLPERF_LOADGEN_COMPLIANCE": "yes"}
    wishes = read_wishes({**env, "CM_MLPERF_INFERENCE_ROUND": "v5.1"})
    assert wishes.targets.server_bound_ms == bound_ms
    assert wishes.compliance == tests
    assert sorted(wishes.scenarios) == sorted(required)
    assert wishes.official_model == ""  # it is one
    assert read_wishes({**env, "CM_MLPERF_LOADGEN_SERVER_LATENCY_BOUND": "7"}).targets.server_bound_ms == 7


def test_a_benchmark_that_was_given_up_is_submitted_to_its_last_round() -> None:
    env = {"CM_MLPERF_MODEL": "retinanet", "CM_MLPERF_RUN_KIND": "submission"}
    assert read_wishes(env).round == "v6.0"
    assert read_wishes({**env, "CM_MLPERF_INFERENCE_ROUND": "v4.0"}).round == "v4.0"
    assert read_wishes({**env, "CM_MLPERF_MODEL": "resnet50"}).round == ""  # the newest round has it


def test_a_model_has_its_own_batch() -> None:
    assert read_wishes({}).max_batchsize == 256
    assert read_wishes({"CM_MLPERF_MODEL": "resnet50", "CM_MLPERF_LOADGEN_MAX_BATCHSIZE": "64"}).max_batchsize == 64
    assert read_wishes({"CM_MLPERF_MODEL": "retinanet"}).max_batchsize == 1
    with pytest.raises(UsageError, match="retinanet takes at most 1 samples at once"):
        read_wishes({"CM_MLPERF_MODEL": "retinanet", "CM_MLPERF_LOADGEN_MAX_BATCHSIZE": "2"})


def test_all_scenarios_of_a_data_center_are_others() -> None:
    env = {"CM_MLPERF_MODEL": "retinanet", "CM_MLPERF_LOADGEN_ALL_SCENARIOS": "yes"}
    center = read_wishes({**env, "CM_MLPERF_SUBMISSION_SYSTEM_TYPE": "datacenter", "CM_MLPERF_INFERENCE_ROUND": "v4.0"})
    assert sorted(center.scenarios) == ["Offline", "Server"]
    assert sorted(read_wishes({**env, "CM_MLPERF_MODEL": "digits"}).scenarios) == sorted(FOUR)


def test_keys_of_the_newer_front_end_mean_the_same() -> None:
    wishes = read_wishes({"MLC_MLPERF_LOADGEN_SCENARIO": "Server", "MLC_TEST_QUERY_COUNT": "7"})
    assert wishes.scenarios == ["Server"] and wishes.test_query_count == 7
    both = {"MLC_MLPERF_LOADGEN_SCENARIO": "Server", "CM_MLPERF_LOADGEN_SCENARIO": "Offline"}
    assert read_wishes(both).scenarios == ["Offline"]
    assert "CM_UNHEARD_OF" not in with_aliases({"MLC_UNHEARD_OF": "1"})
    assert read_wishes({"MLC_MLPERF_LOADGEN_ALL_SCENARIOS": "yes", "MLC_MLPERF_RUN_KIND": "x"}).scenarios == FOUR


def test_the_length_of_a_run_may_be_raised_and_a_trial_has_a_rate() -> None:
    assert read_wishes({"CM_MLPERF_INFERENCE_MIN_DURATION": "990000"}).lengths["min_duration_ms"] == 990000
    trial = {"CM_MLPERF_INFERENCE_TEST_QPS": "5", "CM_MLPERF_RUN_STYLE": "test"}
    assert read_wishes(trial).targets.offline_qps == 5
    assert read_wishes({**trial, "CM_MLPERF_RUN_STYLE": "valid"}).targets.offline_qps == 0


def test_the_status_of_a_system_is_one_of_three() -> None:
    assert read_wishes({"CM_MLPERF_SUBMISSION_SYSTEM_STATUS": "preview"}).system_fields == {"status": "preview"}
    with pytest.raises(UsageError, match="--status=soon: expected available, preview, rdi"):
        read_wishes({"CM_MLPERF_SUBMISSION_SYSTEM_STATUS": "soon"})


def test_a_language_model_of_one_s_own_is_audited_as_language_models_are() -> None:
    assert read_wishes({"CM_MLPERF_MODEL": "counting", "CM_MLPERF_LOADGEN_COMPLIANCE": "yes"}).compliance == ["TEST06"]


def test_token_latencies_are_on_where_text_is_generated() -> None:
    on = read_wishes({"CM_MLPERF_MODEL": "counting", "CM_MLPERF_LOADGEN_TTFT_LATENCY": "40"}).targets
    assert (on.token_latencies, on.ttft_ms, on.tpot_ms) == (True, 40, 0)
    key = "CM_MLPERF_LOADGEN_USE_TOKEN_LATENCIES"
    assert not read_wishes({"CM_MLPERF_MODEL": "counting", key: "no"}).targets.token_latencies
    assert not read_wishes({}).targets.token_latencies
    assert read_wishes({"CM_MLPERF_MODEL": "counting"}).official_model == "llama3.1-8b-edge"
    with pytest.raises(UsageError, match="tells no first tokens"):
        read_wishes({"CM_MLPERF_MODEL": "digits", key: "yes"})
    with pytest.raises(UsageError, match="--ttft_latency=soon"):
        read_wishes({"CM_MLPERF_LOADGEN_TTFT_LATENCY": "soon"})


@pytest.mark.parametrize("name", YES_OR_NO)
def test_a_switch_that_is_neither_on_nor_off_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"--{name}=perhaps: expected yes or no"):
        read_wishes({FLAGS[name].key: "perhaps"})
    for value in ("yes", "True", True, "no", "off", "", False):
        read_wishes({FLAGS[name].key: value})


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"CM_MLPERF_OFFICIAL_MODEL": "alexnet"}, "no round has this benchmark"),
        ({"CM_NETWORK_LOADGEN_SUT_SERVERS": "http://a:1"}, "are asked with --network=lon"),
        ({"CM_MLPERF_MODEL": "counting", "CM_MLPERF_IMPLEMENTATION": "bridge"}, "tells first tokens"),
        ({"CM_NETWORK_LOADGEN": "maybe"}, "expected lon, sut, no, false"),
    ],
)
def test_what_would_fail_or_go_unnoticed_later_is_refused_at_once(env: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_wishes(env)


@pytest.mark.parametrize(
    ("env", "parts"),
    [
        ({"CM_MLPERF_MODEL": "digits"}, ["mlp", "onnx", "study"]),
        ({"CM_MLPERF_MODEL": "digits-cnn", "CM_MLPERF_RUN_KIND": "submission"}, ["cnn", "onnx", "submission"]),
        ({"CM_MLPERF_MODEL": "digits", "CM_MLPERF_BACKEND": "pytorch"}, ["mlp", "torchscript", "study"]),
        ({"CM_MLPERF_MODEL": "resnet50"}, [None, None, None]),
    ],
)
def test_the_digits_are_asked_for_by_kind_form_and_split(env, parts, tmp_path, monkeypatch) -> None:
    """What is left open would be met by whatever an earlier run has left in the cache."""
    monkeypatch.chdir(tmp_path)
    code = runpy.run_path(str(SCRIPTS / "run-mlperf-inference-app" / "customize.py"))
    given = {**env, "CM_MLPERF_INFERENCE_RESULTS_DIR": str(tmp_path / "r")}
    asked = {"env": given, "input": {}, "meta": meta("run-mlperf-inference-app"), "run_script_input": {}}
    assert code["preprocess"](asked) == {"return": 0}
    assert [given.get(f"CM_MLPERF_DIGITS_{name}") for name in ("KIND", "FORMAT", "SPLIT")] == parts
    names = meta("get-ml-model-digits")["variations"]
    assert all(part is None or part in names for part in parts)
