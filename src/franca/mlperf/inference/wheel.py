"""One LoadGen run through the Python wheel, in the child process."""

from __future__ import annotations

import sys
import time
from typing import Any

from franca.mlperf.inference.guard import CheckedResponder, Failures, guarded, watched
from franca.mlperf.inference.job import Job
from franca.mlperf.inference.lanes import Lane, Responder, lane_for
from franca.mlperf.inference.open_job import predictor_for
from franca.mlperf.inference.plugs import PlugError, build
from franca.mlperf.inference.predictor import Predictor, payload_bytes
from franca.mlperf.inference.progress import reporting
from franca.mlperf.inference.streaming import CheckedTokens, TokenResponder, token_lanes, wanted_by
from franca.mlperf.inference.sut import InlineSut, QueueSut
from franca.mlperf.inference.system import usable_processors
from franca.mlperf.power.estimate import EnergyMeter

NULL_SAMPLES = 1024  #: of the data set that the null system pretends to have


def answer(job: Job, dataset: Any, metric: Any, failures: Failures) -> dict[str, Any]:
    """Run the test of ``job`` over an open data set; what the parent wants to know of it."""
    loadgen = _import_loadgen()
    predictor, capabilities = predictor_for(job, dataset, metric)
    settings = _settings(loadgen, job)
    sut, checked = _sut(loadgen, job, predictor, failures, settings=settings)
    handle_qsl = loadgen.ConstructQSL(
        dataset.count,
        dataset.performance_count,
        guarded("load", dataset.load, failures),
        guarded("unload", dataset.unload, failures),
    )
    # The samples that the warm-up uses; LoadGen loads its own set afterwards.
    dataset.load([0])
    sut.start()
    handle_sut, destroy = _registered(loadgen, predictor, *_callbacks(sut, checked, failures), failures)
    energy = EnergyMeter()
    began, clock = time.time(), time.perf_counter()
    with reporting(sut, job.outdir):
        loadgen.StartTestWithLogSettings(handle_sut, handle_qsl, settings, _log_settings(loadgen, job), job.audit_conf)
    seconds = time.perf_counter() - clock
    estimated_power_w = energy.watts()
    guarded("stop", sut.stop, failures)()
    destroy(handle_sut)
    loadgen.DestroyQSL(handle_qsl)
    return {
        "histogram": sut.histogram() if hasattr(sut, "histogram") else None,
        "capabilities": capabilities._asdict(),
        "began": began,
        "loadgen_seconds": seconds,
        "estimated_power_w": estimated_power_w,
        "empty_responses": failures.empty_responses,
        "peak_memory_bytes": _peak_memory(),
    }


def null_answer(job: Job) -> dict[str, Any]:
    """The test of ``job`` over a system that answers everything at once with nothing: what LoadGen itself can do."""
    loadgen = _import_loadgen()
    settings = _settings(loadgen, job)

    def issue(ids: Any, indices: Any) -> None:
        loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(one, 0, 0) for one in ids])

    sut = loadgen.ConstructFastSUT(issue, _nothing)
    qsl = loadgen.ConstructQSL(NULL_SAMPLES, NULL_SAMPLES, _nothing, _nothing)
    clock = time.perf_counter()
    loadgen.StartTestWithLogSettings(sut, qsl, settings, _log_settings(loadgen, job), job.audit_conf)
    seconds = time.perf_counter() - clock
    loadgen.DestroyFastSUT(sut)
    loadgen.DestroyQSL(qsl)
    return {"loadgen_seconds": seconds}


def _nothing(*given: Any) -> None:
    pass


def _import_loadgen() -> Any:
    """``mlperf_loadgen`` only: importing ``mlcommons_loadgen`` first would replace it (section 1.1)."""
    try:
        import mlperf_loadgen
    except ImportError as error:
        raise PlugError(f"mlperf_loadgen cannot be imported by {sys.executable}: {error}") from error
    return mlperf_loadgen


def _settings(loadgen: Any, job: Job) -> Any:
    """Test settings, ``FromConfig`` called exactly once (section 1.7)."""
    settings = loadgen.TestSettings()
    status = settings.FromConfig(job.user_conf, job.model_key, job.scenario, 1)
    if status:
        raise PlugError(f"LoadGen refused {job.user_conf} (status {status})")
    settings.scenario = getattr(loadgen.TestScenario, job.scenario)
    settings.mode = getattr(loadgen.TestMode, job.mode)
    settings.token_latency_scaling_factor = 1  # left uninitialised by LoadGen (section 1.5)
    if job.coalesce:
        settings.server_coalesce_queries = True
    if job.seeds:
        settings.qsl_rng_seed, settings.sample_index_rng_seed, settings.schedule_rng_seed = job.seeds
    return settings


def _log_settings(loadgen: Any, job: Job) -> Any:
    output = loadgen.LogOutputSettings()
    output.outdir = job.outdir
    output.copy_summary_to_stdout = False
    settings = loadgen.LogSettings()
    settings.enable_trace = False  # on by default, and costs a third of the issue rate (section 1.6)
    settings.log_output = output
    return settings


def _registered(loadgen: Any, predictor: Predictor, issue: Any, flush: Any, failures: Failures) -> tuple[Any, Any]:
    """LoadGen's handle, and what takes it back. Over a network the name of the system comes from there."""
    name = getattr(predictor, "name", None)
    if name is None:
        return loadgen.ConstructFastSUT(issue, flush), loadgen.DestroyFastSUT

    def named() -> str:
        try:
            return str(name())
        except Exception as error:
            failures.record("name", error)
            return "unknown"

    def query(samples: Any) -> None:
        issue([sample.id for sample in samples], [sample.index for sample in samples])

    return loadgen.ConstructQDL(query, flush, named), loadgen.DestroyQDL


def _sut(loadgen: Any, job: Job, predictor: Predictor, failures: Failures, *, settings: Any) -> tuple[Any, Any]:
    """The system under test, and its watcher when it is a plug-in."""
    tokens = wanted_by(settings)
    firsts = job.scenario != "Offline"  # which LoadGen asks no first tokens of
    if job.sut.name and tokens:
        watch = CheckedTokens(TokenResponder(loadgen, predictor.metric, firsts=firsts), failures, predictor.metric)
        calls = {"complete": watch.complete, "first_token": watch.first_token}
        return build("sut", job.sut, predictor=predictor, **calls), watch
    if job.sut.name:
        checked = CheckedResponder(Responder(loadgen), failures, payload_bytes(predictor.metric))
        return build("sut", job.sut, predictor=predictor, complete=checked.complete), checked

    def plain(capacity: int) -> Lane:
        return lane_for(loadgen, predictor.buffer(capacity))

    lane = token_lanes(loadgen, predictor, failures, firsts=firsts) if tokens else plain
    if job.scenario in ("SingleStream", "MultiStream"):
        size = 1 if job.scenario == "SingleStream" else settings.multi_stream_samples_per_query
        return InlineSut(predictor, lane, failures, size), None
    return (
        QueueSut(
            predictor,
            lane,
            failures,
            # Queries are not merged before they have crossed a network: that is the server's business.
            max_batchsize=1 if job.servers and job.scenario == "Server" else job.max_batchsize,
            workers=job.workers,
            batch_timeout_s=job.batch_timeout_ms / 1000 if job.scenario == "Server" else 0.0,
            per_query=job.scenario == "Server",
            # LoadGen orders first tokens and ends of one thread only.
            hand_over=job.scenario == "Offline" and not tokens and job.workers < usable_processors(),
        ),
        None,
    )


def _callbacks(sut: Any, checked: CheckedResponder | None, failures: Failures) -> tuple[Any, Any]:
    if checked is None:
        # The harness's own SUTs catch everything themselves; a second wrapper would cost time per query.
        return sut.issue, guarded("flush", sut.flush, failures)
    return watched(sut, checked, failures)


def _peak_memory() -> int:
    """Bytes. Linux counts for ``getrusage`` what the process that started this one had used before."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")), 0)
    except OSError:
        return _peak_of_usage()


def _peak_of_usage() -> int:
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
