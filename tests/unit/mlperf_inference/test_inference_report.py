"""The report: self-contained, escaped, well-formed, true to its data."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import MalformedFile
from franca.mlperf.inference import results as written
from franca.publish.report import charts
from franca.publish.report.inference import render
from franca.publish.report.markup import Markup, tag, text
from franca.publish.report.records import Histogram, Results, read_results

HOSTILE = "<script>alert('x')</script>\"&"
VOID = {"meta"}


class Balance(HTMLParser):
    """Checks that every element is closed in order, and collects attributes that could load something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(name)
        self.loads += [
            f"{k}={v}" for k, v in attrs if k in ("src", "href", "action", "data") and not str(v).startswith("#")
        ]
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open and self.open.pop() == name


def performance(valid: bool = True, **changes) -> written.Performance:
    base = written.Performance(
        metric="early_stopping_latency_ss", title="90th-percentile latency", unit="ms", value=0.125,
        samples_per_second=8000.0, valid=valid, queries=1000, samples=1000, dataset_samples=40,
        duration_s=3.0, min_duration_s=3.0,
        flags=[written.Flag("Minimum duration", valid, HOSTILE)], errors=[], warnings=[],
        latency=written.Latency(9e4, 1.2e5, 5e6, {"50.00": 1.1e5, "99.00": 4e5, "99.90": 2e6}),
        histogram=written.Histogram("time to answer a query", 16, 260, [3, 0, 900, 80, 10, 6, 1]),
        overhead=written.Overhead(10_000.0, 8000.0, 0.8, 12.5, 1), steps=[HOSTILE],
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


def accuracy(**changes) -> written.Accuracy:
    base = written.Accuracy(
        name="acc", value=97.5, good=39, total=40, line="accuracy=97.5%", equals_direct=True, direct=97.5
    )
    return msgspec.structs.replace(base, **changes)


def benchmark(*scenarios: written.ScenarioResult, **changes) -> written.BenchmarkResult:
    base = written.BenchmarkResult(
        benchmark="digits", model=HOSTILE, model_sha256="ab", dataset="digits", dataset_sha256="cd", samples=40,
        sut="sut", profile="short", note="Not a submission run.", submission_grade=False, round="v6.1",
        started="2026-01-01T00:00:00Z", finished="2026-01-01T00:01:00Z", command=f"franca run {HOSTILE}",
        system={"host_processor_model_name": {"value": HOSTILE, "source": "detected"}}, software={"python": "3.12"},
        ingredients=[{"name": "Model", "version": "1", "path": HOSTILE, "tags": ""}],
        settings={"backend": "onnxruntime"},
        scenarios=list(scenarios), loadgen_seconds=10.0, franca_seconds=2.0, folder="/results",
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


def page(result: written.BenchmarkResult) -> str:
    return render(msgspec.json.decode(msgspec.json.encode(result), type=Results))


FULL = benchmark(
    written.ScenarioResult("SingleStream", performance(), accuracy()),
    written.ScenarioResult("Server", performance(target_qps=100.0, latency_bound_ms=15.0), accuracy()),
    written.ScenarioResult("Offline", None, accuracy()),
)


def test_the_page_is_balanced_loads_nothing_and_runs_nothing() -> None:
    html = page(FULL)
    check = Balance()
    check.feed(html)
    assert check.open == [] and check.loads == []
    assert not check.tags & {"script", "link", "iframe", "img", "object", "form"}
    assert "default-src 'none'".replace("'", "&#x27;") in html


def test_text_of_others_is_escaped_wherever_it_appears() -> None:
    html = page(FULL)
    assert "<script>" not in html
    assert html.count("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&quot;&amp;") >= 6


def test_what_is_not_valid_is_said_at_the_top_and_in_its_place() -> None:
    bad = benchmark(
        written.ScenarioResult("Server", performance(False, errors=["Ending early"]), accuracy(equals_direct=False))
    )
    html = page(bad)
    assert "Server is INVALID; Server accuracy failed" in html
    assert "Ending early" in html and "NOT met" in html and "DIFFERENT from a direct evaluation" in html
    good = page(FULL)
    assert "Not everything holds" not in good and "NOT met" not in good


def test_what_to_do_about_an_invalid_run_stands_beside_it() -> None:
    advised = performance(valid=False, advice=[f"Likely cause: {HOSTILE}. Next: wait."])
    text = page(benchmark(written.ScenarioResult("Server", advised)))
    assert "What to do" in text and "Next: wait." in text and HOSTILE not in text
    assert "What to do" not in page(benchmark(written.ScenarioResult("Server", performance())))


def test_a_result_of_a_busy_machine_says_so_at_the_top_and_in_its_place() -> None:
    def shown(others: float) -> str:
        host = written.HostLoad(cores=2, others=others, steal=0.0, load_before=1.0, load_after=3.5)
        return page(benchmark(written.ScenarioResult("Server", performance(host=host))))

    text = shown(1.5)
    assert "Busy machine. " in text and "other programs used 1.5 of 2 cores; load average 3.5" in text
    assert "Busy machine" not in shown(0.1) and "Busy machine" not in page(FULL)


def test_compliance_tests_are_shown_with_their_verdicts_and_reasons() -> None:
    tests = [
        written.Compliance(test="TEST01", passed=True, valid=True, reference=8000.0, score=7900.0, details=["same"]),
        written.Compliance(
            test="TEST04", passed=False, valid=True, reference=8000.0, score=9900.0, details=[f"24 % faster {HOSTILE}"]
        ),
    ]
    html = page(benchmark(written.ScenarioResult("Offline", performance(), accuracy(), tests)))
    assert "Offline TEST04 did not pass" in html and "TEST01 did not pass" not in html
    assert "9,900 against 8,000" in html and "24 % faster" in html and "<script>" not in html
    assert "Compliance tests" not in page(FULL)


def test_a_short_run_says_that_it_is_no_submission() -> None:
    assert "Not a submission run." in page(FULL)
    assert "Trial run" not in page(msgspec.structs.replace(FULL, submission_grade=True))


def test_figures_carry_their_units() -> None:
    html = page(FULL)
    for words in ("0.125", "97.500 %", "110 µs", "400 µs", "2 ms", "+12.5 µs", "bound 15 ms"):
        assert words in html, words


def test_reads_what_the_harness_writes_and_refuses_the_rest(tmp_path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(msgspec.json.encode(FULL))
    assert [s.scenario for s in read_results(str(path)).scenarios] == ["SingleStream", "Server", "Offline"]
    for content, words in (("{", "not a results file"), ('{"schema": "x"}', "missing required field")):
        path.write_text(content, "utf-8")
        with pytest.raises(MalformedFile, match=words):
            read_results(str(path))
    data = json.loads(msgspec.json.encode(FULL))
    path.write_text(json.dumps({**data, "schema": "franca-inference-result-99"}), "utf-8")
    with pytest.raises(MalformedFile, match="result-99"):
        read_results(str(path))


@given(st.integers(100, 700), st.lists(st.integers(0, 10**7), min_size=1, max_size=60).filter(any))
def test_any_histogram_becomes_well_formed_plots(first: int, counts: list[int]) -> None:
    histogram = Histogram("x", 16, first, counts)
    middle = charts.quantile(histogram, 0.5)
    plots = [
        charts.distribution(histogram, [charts.Mark(middle, "p50")], "t"),
        charts.percentiles(histogram, {"50.00": middle}, middle * 2, "t"),
    ]
    for plot in plots:
        root = ElementTree.fromstring(plot)
        assert root.find("title") is not None and root.find("desc") is not None
        assert "nan" not in plot and "inf" not in plot


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=40).filter(any),
    st.floats(0.001, 0.999),
    st.floats(0.001, 0.999),
)
def test_quantiles_rise_and_stay_inside(counts: list[int], one: float, other: float) -> None:
    histogram = Histogram("x", 16, 300, counts)
    edges = charts.bucket_edges(histogram)
    low, high = sorted([charts.quantile(histogram, min(one, other)), charts.quantile(histogram, max(one, other))])
    assert edges[0] <= low <= high <= edges[-1] * 1.0000001
    assert low == charts.quantile(histogram, min(one, other))


TIMES = [(850.0, "850 ns"), (12_345.0, "12.3 µs"), (4_560_000.0, "4.56 ms"), (1.2e9, "1.2 s"), (5e8, "500 ms")]


@pytest.mark.parametrize(("ns", "shown"), TIMES)
def test_times_are_short_and_have_units(ns: float, shown: str) -> None:
    assert charts.time_text(ns) == shown


def test_markup_escapes_once() -> None:
    assert tag("p", "a<b", tag("b", '"x"'), title='"') == '<p title="&quot;">a&lt;b<b>&quot;x&quot;</b></p>'
    assert text(Markup("<i></i>")) == "<i></i>"
