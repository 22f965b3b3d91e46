"""Flags of the benchmark recipes: read once, mistakes named by their flag, before anything is installed."""

from __future__ import annotations

import os

import pytest

from franca.errors import MalformedFile, Refused, UsageError
from franca.mlperf.inference.wishes import read_wishes


def test_nothing_asked_means_everything_in_short_form_here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    wishes = read_wishes({})
    assert wishes.scenarios == ["SingleStream", "MultiStream", "Server", "Offline"]
    assert wishes.modes == ["performance", "accuracy"]
    assert (wishes.profile, wishes.rerun, wishes.device) == ("short", False, "cpu")
    assert wishes.output == os.path.join(os.getcwd(), "mlperf-results")
    assert wishes.targets.server_bound_ms == 15


def test_words_and_numbers_are_taken_as_typed(tmp_path) -> None:
    wishes = read_wishes(
        {
            "CM_MLPERF_LOADGEN_SCENARIO": "offline, single-stream",
            "CM_MLPERF_LOADGEN_MODE": "accuracy",
            "CM_MLPERF_LOADGEN_SERVER_TARGET_QPS": "12.5",
            "CM_MLPERF_LOADGEN_MAX_BATCHSIZE": 64,
            "CM_RERUN": True,
            "CM_MLPERF_INFERENCE_RESULTS_DIR": str(tmp_path / "a b"),
        }
    )
    assert wishes.scenarios == ["Offline", "SingleStream"] and wishes.modes == ["accuracy"]
    assert (wishes.targets.server_qps, wishes.max_batchsize, wishes.rerun) == (12.5, 64, True)
    assert wishes.output == str(tmp_path / "a b")


WRONG = [
    ({"CM_MLPERF_LOADGEN_SCENARIO": "Offlin"}, "--scenario=Offlin: expected SingleStream"),
    ({"CM_MLPERF_LOADGEN_MODE": "fast"}, "--mode=fast"),
    ({"CM_NUM_THREADS": "100000"}, "--threads=100000"),
    ({"CM_MLPERF_INFERENCE_TEST_QPS": "x"}, "--test_qps=x"),
    ({"CM_MLPERF_SUT_SW_NOTES_EXTRA": "caf\udce9"}, "--sw_notes_extra=caf"),
    ({"CM_MLPERF_LOADGEN_MODE": "fast", "CM_MLPERF_LOADGEN_ALL_MODES": "yes"}, "--mode=fast"),
    ({"CM_MLPERF_INFERENCE_PROFILE": "long"}, "--profile=long: expected short, full"),
    ({"CM_MLPERF_LOADGEN_MAX_BATCHSIZE": "many"}, "--max_batchsize=many: expected a whole number"),
    ({"CM_MLPERF_LOADGEN_MAX_BATCHSIZE": "0"}, "--max_batchsize=0: expected a whole number of 1 or more"),
    ({"CM_MLPERF_LOADGEN_SERVER_TARGET_QPS": "nan"}, "--server_target_qps=nan"),
    ({"CM_MLPERF_LOADGEN_SERVER_LATENCY_BOUND": "-3"}, "--server_latency_bound=-3"),
    ({"CM_MLPERF_LOADGEN_SERVER_LATENCY_BOUND": "15.5"}, "--server_latency_bound=15.5: expected a whole number"),
    ({"CM_MLPERF_DEVICE": "abacus"}, "--device=abacus: expected cpu, cuda"),
    ({"CM_MLPERF_INFERENCE_ROUND": "v0.1"}, "--round=v0.1"),
]


@pytest.mark.parametrize(("env", "words"), WRONG, ids=[w[1].split(":")[0] for w in WRONG])
def test_a_mistake_is_named_by_its_flag(env, words) -> None:
    with pytest.raises(UsageError) as caught:
        read_wishes(env)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("model", "round_name", "least"),
    [
        ("resnet50", "", 24576),
        ("bert-99", "", 10833),
        ("bert-99", "v3.0", 24576),
        ("rnnt", "v4.0", 2513),
        ("3d-unet-99", "", 43),
        ("digits", "", 0),  # open: no minimum since v5.0
        ("digits", "v4.1", 24576),
    ],
)
def test_full_runs_have_the_samples_of_offline_that_the_round_asks_for(model, round_name, least) -> None:
    wishes = read_wishes({"CM_MLPERF_MODEL": model, "CM_MLPERF_INFERENCE_ROUND": round_name})
    assert wishes.targets.offline_samples == least


def test_entries_of_another_model_are_found_at_once(tmp_path) -> None:
    conf = tmp_path / "user.conf"
    conf.write_text("bert.Offline.target_qps = 100\n", "utf-8")
    assert read_wishes({"CM_MLPERF_USER_CONF": str(conf), "CM_MLPERF_MODEL": "bert-99.9"}).user_conf == str(conf)
    with pytest.raises(MalformedFile, match=r"user\.conf:1.*\n?.*bert is another model.*resnet50"):
        read_wishes({"CM_MLPERF_USER_CONF": str(conf), "CM_MLPERF_MODEL": "resnet50"})


def test_a_wrong_user_conf_is_found_at_once(tmp_path) -> None:
    (tmp_path / "user.conf").write_text("*.Server.target_qps=1\n", "utf-8")
    with pytest.raises(MalformedFile, match="blanks are needed"):
        read_wishes({"CM_MLPERF_USER_CONF": str(tmp_path / "user.conf")})


def submission(division: str, **more: str) -> dict[str, str]:
    flags = {"compliance": "LOADGEN_COMPLIANCE", "bound": "LOADGEN_SERVER_LATENCY_BOUND", "conf": "USER_CONF",
             "count": "LOADGEN_PERFORMANCE_SAMPLE_COUNT", "model": "MODEL", "find": "FIND_PERFORMANCE_MODE",
             "category": "SUBMISSION_SYSTEM_TYPE", "tokens": "LOADGEN_USE_TOKEN_LATENCIES"}  # fmt: skip
    given = {f"CM_MLPERF_{flags[name]}": value for name, value in more.items()}
    kind = {"CM_MLPERF_SUBMISSION": "yes", "CM_MLPERF_RUN_KIND": "submission"} if division else {}
    return {"CM_MLPERF_MODEL": "resnet50", "CM_MLPERF_SUBMISSION_DIVISION": division, **kind, **given}


@pytest.mark.parametrize(
    ("env", "tests", "said"),
    [
        (submission("closed"), ["TEST01", "TEST04"], False),
        (submission("network", model="bert-99"), ["TEST01"], False),
        (submission("closed", compliance="no"), [], False),
        (submission("closed", find="yes"), [], False),
        (submission("closed", compliance="TEST04"), ["TEST04"], False),
        (submission("open"), [], False),
        (submission("open", compliance="yes"), [], True),
        (submission("open", compliance="TEST01"), ["TEST01"], False),
        (submission(""), [], False),
        (submission("", compliance="yes"), ["TEST01", "TEST04"], False),
    ],
)
def test_compliance_follows_the_division(env, tests, said) -> None:
    wishes = read_wishes(env)
    assert wishes.compliance == tests
    assert ("no compliance tests" in " ".join(wishes.notes)) is said


FIXED = [
    ("*.Server.target_latency = 20", "the benchmark has 15"),
    ("*.*.target_latency = 3", "the benchmark has 15"),
    ("*.SingleStream.target_latency_percentile = 50", "the benchmark has 90"),
    ("*.*.target_latency_percentile = 99", "no value of it is official"),
    ("resnet50.MultiStream.samples_per_query = 16", "the benchmark has 8"),
    ("*.*.max_async_queries = 4", "the benchmark has 0"),
    ("*.*.use_token_latencies = 1", "the benchmark has 0"),
    ("*.*.sample_concatenate_permutation = 1", "the benchmark has 0"),
    ("*.*.performance_issue_same = 1", "the benchmark has 0"),
    ("*.*.accuracy_log_sampling_target = 10", "no value of it is official"),
]
OWN = """*.Server.target_latency = 15
*.SingleStream.target_latency = 3.5
*.SingleStream.target_latency_percentile = 90
*.MultiStream.samples_per_query = 8
*.*.min_query_count = 100000
*.*.coalesce_queries = 1
resnet50.Offline.target_qps = 100
"""


@pytest.mark.parametrize(("line", "words"), FIXED, ids=[row[0] for row in FIXED])
def test_a_closed_submission_does_not_change_the_benchmark(tmp_path, line, words) -> None:
    conf = tmp_path / "user.conf"
    conf.write_text(f"# mine\n{line}\n", "utf-8")
    with pytest.raises(Refused, match=r"user\.conf:2 .*closed") as caught:
        read_wishes(submission("closed", conf=str(conf)))
    assert words in caught.value.message
    read_wishes(submission("open", conf=str(conf)))


@pytest.mark.parametrize(
    ("more", "words"),
    [({"bound": "20"}, "--server_latency_bound=20 .*has 15"), ({"count": "100"}, "--performance_sample_count=100")],
)
def test_flags_do_not_change_it_either(more, words) -> None:
    with pytest.raises(Refused, match=words):
        read_wishes(submission("network", **more))
    read_wishes(submission("open", **more))


def test_a_closed_submission_chooses_its_targets_and_may_say_what_is_official(tmp_path) -> None:
    conf = tmp_path / "user.conf"
    conf.write_text(OWN, "utf-8")
    assert read_wishes(submission("closed", conf=str(conf), bound="15", count="1024")).compliance
    for model in ("gptj-99", "3d-unet-99", "retinanet", "rnnt"):
        read_wishes(submission("closed", model=model))
    for model in ("dlrm-v2-99.9", "llama2-70b-99.9", "bert-99.9", "llama3.1-8b"):
        read_wishes(submission("closed", model=model, category="datacenter"))


def test_words_of_variations_end_the_name_of_the_system() -> None:
    assert read_wishes({}).run_config == "default_config"
    words = {f"CM_MLPERF_SUT_NAME_RUN_CONFIG_SUFFIX{n}": word for n, word in ((1, "using_x"), (4, "scc24-base"))}
    assert read_wishes(words).run_config == "using_x_scc24-base"
    newer = {key.replace("CM_", "MLC_", 1): word for key, word in words.items()}
    assert read_wishes(newer).run_config == "using_x_scc24-base"
