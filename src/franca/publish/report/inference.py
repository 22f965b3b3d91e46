"""The report of one inference benchmark: what was measured, whether it counts, how to repeat it."""

from __future__ import annotations

from franca.publish.report import charts
from franca.publish.report.markup import Content, Markup, join, table, tag, text
from franca.publish.report.records import Accuracy, Compliance, Performance, Results, Scenario, Tokens
from franca.publish.report.style import CSS

_EXPLAINED = {
    "SingleStream": "One sample at a time, the next when the previous is answered.",
    "MultiStream": "Eight samples at a time, the next eight when the previous are answered.",
    "Server": "Single samples at random times around the target rate; the tail latency must stay under the bound.",
    "Offline": "Everything at once; only the rate counts.",
}
_SYSTEM_NAMES = {
    "host_processor_model_name": "Processor",
    "host_processors_per_node": "Sockets",
    "host_processor_core_count": "Cores per socket",
    "host_processor_threads": "Hardware threads",
    "host_processor_usable_threads": "Threads usable by this run",
    "host_processor_frequency": "Frequency",
    "host_processor_caches": "Caches",
    "host_processor_flags": "Vector instructions",
    "host_memory_capacity": "Memory",
    "operating_system": "Operating system",
    "machine": "Architecture",
    "hypervisor": "Hypervisor",
    "governor": "Frequency governor",
    "host_load": "Load average at start",
    "accelerators_per_node": "Accelerators",
    "accelerator_model_name": "Accelerator",
    "accelerator_memory_capacity": "Memory of an accelerator",
    "accelerator_frequency": "Frequency of an accelerator",
    "accelerator_host_interconnect": "Link to an accelerator",
    "accelerator_driver": "Driver of the accelerators",
    "cuda": "CUDA",
    "compiler": "Compiler",
    "docker": "Docker around the run",
    "turbo": "Turbo",
    "numa_nodes": "NUMA nodes",
    "host_memory_configuration": "Memory modules",
    "host_storage_capacity": "Storage",
    "host_storage_type": "Kind of storage",
    "host_network_card_count": "Network cards",
    "host_networking": "Network",
    "filesystem": "File system",
    "disk_drives": "Disks",
    "power_management": "Power management",
    "boot_firmware_version": "Firmware",
    "number_of_type_nics_installed": "Network cards by driver",
    "nics_enabled_os": "Network cards that are up",
    "nics_enabled_connected": "Network cards that are connected",
    "network_speed_mbit": "Network speed, Mbit/s",
}


def render(results: Results) -> str:
    """The whole page."""
    body = [
        tag("a", "Skip to the results", class_="skip", href="#results"),
        _head(results),
        tag("main", *_main(results), id="results"),
        _foot(results),
    ]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        # No part of this page may come from, or go to, anywhere else.
        tag("meta", http_equiv="Content-Security-Policy", content="default-src 'none'; style-src 'unsafe-inline'"),
        tag("title", f"{results.model} on {results.dataset}: inference benchmark"),
        tag("style", Markup(CSS)),
    )
    return "<!DOCTYPE html>\n" + tag("html", head, tag("body", *body), lang="en") + "\n"


def _main(results: Results) -> list[Content]:
    parts: list[Content] = [tag("ul", *(_card(s) for s in results.scenarios), class_="cards"), _comparison(results)]
    parts += [_scenario(s) for s in results.scenarios]
    return [*parts, _overhead(results), _setup(results), _repeat(results)]


def _head(results: Results) -> Markup:
    problems = _problems(results)
    notes: list[Content] = []
    if problems:
        notes.append(tag("p", tag("strong", "Not everything holds. "), join(problems, "; "), ".", class_="note bad"))
    if not results.submission_grade:
        notes.append(tag("p", tag("strong", "Trial run. "), results.note, class_="note"))
    noisy = [one.scenario for one in results.scenarios if one.performance and one.performance.noise]
    if noisy:
        text = f"{', '.join(noisy)}: other work took time from the model, so latencies are longer and rates lower "
        notes.append(tag("p", tag("strong", "Busy machine. "), text, "than on a quiet machine.", class_="note"))
    return tag(
        "header",
        tag("p", "Inference benchmark over MLPerf LoadGen", class_="eyebrow"),
        tag("h1", f"{results.model} on {results.dataset}"),
        tag("p", _lead(results), class_="lead"),
        *notes,
        class_="top",
    )


def _lead(results: Results) -> str:
    cpu = str(results.system.get("host_processor_model_name", {}).get("value", "unknown processor"))
    backend = str(results.settings.get("backend", ""))
    version = results.software.get(backend, "")
    return f"{backend} {version} on {cpu} · {results.profile} profile · finished {_when(results.finished)}"


def _when(stamp: str) -> str:
    return stamp.replace("T", " ").replace("Z", " UTC")


def _problems(results: Results) -> list[str]:
    out = []
    for one in results.scenarios:
        if one.performance and not one.performance.good:
            out.append(f"{one.scenario} is INVALID")
        if one.accuracy and not one.accuracy.passed:
            out.append(f"{one.scenario} accuracy failed")
        out += [f"{one.scenario} {test.test} did not pass" for test in one.compliance if not test.passed]
    return out


def _badge(good: bool | None, yes: str = "VALID", no: str = "INVALID") -> Markup:
    if good is None:
        return tag("span", "not run", class_="badge none")
    return tag("span", yes if good else no, class_="badge good" if good else "badge bad")


def _card(one: Scenario) -> Markup:
    perf = one.performance
    name = tag("div", one.scenario, _badge(perf.good if perf else None), class_="name")
    if perf is None:
        return tag("li", name, tag("p", _accuracy_words(one.accuracy), class_="facts"), class_="card")
    return tag(
        "li",
        name,
        tag("p", _number(perf.value), " ", tag("span", perf.unit, class_="unit"), class_="value"),
        tag("p", perf.title, class_="what"),
        tag("p", _accuracy_words(one.accuracy), class_="facts"),
        class_="card",
    )


def _accuracy_words(accuracy: Accuracy | None) -> str:
    if accuracy is None:
        return "Accuracy not run"
    equal = "equal to" if accuracy.equals_direct else "NOT equal to"
    return f"Accuracy {accuracy.shown}, {equal} direct evaluation"


def _comparison(results: Results) -> Markup:
    rows: list[list[Content]] = []
    for one in results.scenarios:
        perf, acc = one.performance, one.accuracy
        accuracy = acc.shown if acc else "–"
        if perf is None:
            rows.append([one.scenario, _badge(None), "–", "–", "–", "–", "–", "–", accuracy])
            continue
        latencies = ["–"] * 3 if one.scenario == "Offline" else [_latency(perf, p) for p in ("50.00", "90.00", "99.00")]
        metric = f"{_number(perf.value)} {perf.unit}"
        rows.append(
            [
                one.scenario,
                _badge(perf.good),
                metric,
                _number(perf.samples_per_second),
                *latencies,
                f"{perf.duration_s:.1f} s",
                accuracy,
            ]
        )
    head = ["Scenario", "Result", "Metric", "Samples/s", "p50", "p90", "p99", "Measured for", "Accuracy"]
    return tag("section", table("Results", head, rows, class_="numbers"), class_="panel")


def _latency(perf: Performance, percentile: str) -> str:
    value = perf.latency.percentiles.get(percentile)
    return "–" if value is None else charts.time_text(value)


def _scenario(one: Scenario) -> Markup:
    perf = one.performance
    title = tag("h2", one.scenario, _badge(perf.good if perf else None), id=one.scenario.lower())
    parts: list[Content] = [title, tag("p", _EXPLAINED.get(one.scenario, ""), class_="muted")]
    left: list[Content] = []
    if perf is not None:
        parts.append(_plots(one.scenario, perf))
        left.append(_validity(perf))
    if one.accuracy is not None:
        left.append(_accuracy(one.accuracy))
    if one.compliance:
        left.append(_compliance(one.compliance))
    if perf is not None:
        if perf.steps:
            left += [tag("h3", "How the target was found"), _list(perf.steps)]
        parts.append(tag("div", tag("div", *left), _figures(one.scenario, perf), class_="columns"))
    else:
        parts += left
    return tag("section", *parts, class_="panel", aria_labelledby=one.scenario.lower())


def _list(lines: list[str]) -> Markup:
    return tag("ol", *(tag("li", line) for line in lines), class_="steps")


def _plots(scenario: str, perf: Performance) -> Markup:
    if perf.histogram is None or not perf.histogram.counts:
        return Markup("")
    histogram = perf.histogram
    marks = [
        charts.Mark(charts.quantile(histogram, share), label)
        for share, label in ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"))
    ]
    what = histogram.what[:1].upper() + histogram.what[1:]
    first = _figure(what, "measured by the harness", charts.distribution(histogram, marks, what))
    # Offline latencies count from the one moment of issue: only the time of a batch says anything.
    reported = {} if scenario == "Offline" else perf.latency.percentiles
    bound = perf.latency_bound_ms * 1e6 if perf.latency_bound_ms else None
    note = "line: harness, dots: LoadGen" if reported else "measured by the harness"
    if scenario == "Server":
        note += ", which counts from the scheduled time"
    plot = charts.percentiles(histogram, reported, bound, f"{what} by percentile")
    return tag("div", first, _figure("By percentile", note, plot), class_="plots")


def _figure(title: str, note: str, plot: Markup) -> Markup:
    return tag("figure", tag("figcaption", tag("strong", title), f" · {note}"), plot)


def _validity(perf: Performance) -> Markup:
    rows: list[list[Content]] = []
    for flag in perf.flags:
        mark = tag("span", "met", class_="yes") if flag.met else tag("span", "NOT met", class_="no")
        rows.append([flag.name, mark, flag.reason])
    errors: Content = (
        tag("span", "none", class_="yes") if not perf.errors else tag("span", str(len(perf.errors)), class_="no")
    )
    rows.append(["LoadGen errors", errors, "; ".join(perf.errors[:5])])
    if perf.warnings:
        rows.append(["LoadGen warnings", str(len(perf.warnings)), "; ".join(perf.warnings[:5])])
    if perf.noise:
        rows.append(["Busy machine", "", perf.noise])
    rows += [["What to do", "", text] for text in perf.advice]
    return table("Why it is " + ("valid" if perf.good else "not valid"), ["Condition", "", "What it says"], rows)


def _figures(scenario: str, perf: Performance) -> Markup:
    rows: list[list[Content]] = [
        [perf.title[:1].upper() + perf.title[1:], f"{_number(perf.value)} {perf.unit}"],
        ["Queries", f"{perf.queries:,}"],
        ["Samples", f"{perf.samples:,}"],
        ["Measured for", f"{perf.duration_s:.2f} s"],
    ]
    if scenario != "Offline":
        rows += [[f"p{float(p):g}", charts.time_text(v)] for p, v in perf.latency.percentiles.items()]
        latency = perf.latency
        rows.append(
            [
                "Least, mean, most",
                ", ".join(charts.time_text(v) for v in (latency.minimum, latency.mean, latency.maximum)),
            ]
        )
    if perf.tokens:
        rows += _token_rows(perf.tokens)
    if perf.target_qps:
        rows.append(["Target rate", f"{_number(perf.target_qps)}/s"])
    if perf.peak_memory_bytes:
        rows.append(["Peak memory of the process", f"{perf.peak_memory_bytes / (1 << 20):.0f} MiB"])
    return table("Figures", [], rows, class_="facts")


def _token_rows(tokens: Tokens) -> list[list[Content]]:
    """Tokens a second, and what 99 of 100 answers stay below (a run with token latencies)."""
    rows: list[list[Content]] = []
    if tokens.per_second is not None:
        rows.append(["Tokens", f"{_number(tokens.per_second)}/s"])
    for name, latency in (("First token, 99 %", tokens.first), ("Each further token, 99 %", tokens.each)):
        if latency is not None and "99.00" in latency.percentiles:
            rows.append([name, f"{latency.percentiles['99.00'] / 1e6:.4g} ms"])
    return rows


def _accuracy(accuracy: Accuracy) -> Markup:
    same = (
        "sample by sample the same as a direct evaluation of the model"
        if accuracy.equals_direct
        else f"DIFFERENT from a direct evaluation of the model ({accuracy.direct:.3f} %)"
    )
    target = f" Target: {accuracy.target:g} %." if accuracy.target else ""
    words = f"{accuracy.counted}; {same}.{target}"
    return join(
        [
            tag("h3", "Accuracy ", _badge(accuracy.passed, accuracy.shown, accuracy.shown)),
            tag("p", words),
        ]
    )


def _compliance(tests: list[Compliance]) -> Markup:
    rows: list[list[Content]] = []
    for test in tests:
        rates = f"{_number(test.score)} against {_number(test.reference)}"
        rows.append([test.test, _badge(test.passed, "passed", "NOT passed"), rates, "; ".join(test.details)])
    head = ["Test", "", "Samples/s, test against run", "What it says"]
    return join([tag("h3", "Compliance"), table("Compliance tests", head, rows)])


def _overhead(results: Results) -> Markup:
    found = [
        (s.scenario, s.performance.overhead) for s in results.scenarios if s.performance and s.performance.overhead
    ]
    if not found:
        return Markup("")
    rows: list[list[Content]] = []
    for name, over in found:
        difference = "–" if over.latency_difference_us is None else f"{over.latency_difference_us:+.1f} µs"
        rows.append(
            [name, str(over.bare_batch), f"{over.bare_rate:,.0f}", f"{over.rate:,.0f}", f"{over.ratio:.2f}", difference]
        )
    head = ["Scenario", "Batch", "Bare loop, samples/s", "With LoadGen", "Ratio", "Added mean latency"]
    words = (
        "The same model, batch and threads in a bare loop. A ratio near 1 means that the figures above measure "
        "the model; a low one means that they measure the harness, as happens with models that take microseconds."
    )
    plot = charts.ratio_bars(
        [(name, o.bare_rate, o.rate) for name, o in found], "Samples per second, bare and with LoadGen"
    )
    return tag(
        "section",
        tag("h2", "Harness or model?"),
        tag("p", words, class_="muted"),
        tag("figure", plot, class_="narrow"),
        table("Overhead", head, rows, class_="numbers"),
        class_="panel",
    )


def _setup(results: Results) -> Markup:
    system: list[list[Content]] = [
        [_SYSTEM_NAMES.get(name, name), str(field.get("value"))]
        for name, field in results.system.items()
        if field.get("value") not in ("undefined", None)
    ]
    software: list[list[Content]] = [[name, version] for name, version in sorted(results.software.items())]
    settings: list[list[Content]] = [
        [_words(k), _setting(v)] for k, v in results.settings.items() if v not in ({}, None)
    ]
    right: list[Content] = [
        table("Software", [], software, class_="facts"),
        table("Settings", [], settings, class_="facts"),
    ]
    parts: list[Content] = [
        tag("h2", "What it ran on"),
        tag("div", table("System", [], system, class_="facts"), tag("div", *right), class_="columns"),
    ]
    if results.ingredients:
        rows: list[list[Content]] = [
            [i.get("name", ""), i.get("version", "") or "–", tag("code", i.get("path", "") or i.get("tags", ""))]
            for i in results.ingredients
        ]
        parts.append(table("The plan: what the run stands on", ["Step", "Version", "Where"], rows))
    return tag("section", *parts, class_="panel")


def _words(name: str) -> str:
    return name.replace("_", " ").replace("ms", "(ms)") if name.endswith("_ms") else name.replace("_", " ")


def _setting(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{k} = {v}" for k, v in value.items())
    return str(value)


def _repeat(results: Results) -> Markup:
    rows: list[list[Content]] = [
        ["System under test", tag("code", results.sut)],
        ["Model, SHA-256", tag("code", results.model_sha256)],
        ["Data set, SHA-256", tag("code", results.dataset_sha256 or "–")],
        ["Samples", f"{results.samples:,}"],
        ["Seeds of round", results.round],
        ["Started, finished", f"{_when(results.started)}, {_when(results.finished)}"],
        ["Time", f"LoadGen {results.loadgen_seconds:.1f} s, everything else {results.franca_seconds:.1f} s"],
        ["Logs and results", tag("code", results.folder)],
    ]
    command: Content = (
        tag("pre", tag("code", results.command)) if results.command else tag("p", "No command was recorded.")
    )
    return tag(
        "section", tag("h2", "Repeat this run"), command, table("Identity", [], rows, class_="facts"), class_="panel"
    )


def _foot(results: Results) -> Markup:
    words = (
        "Made by Franca from results.json. LoadGen decides validity; nothing here changes its verdicts. "
        "Unofficial result, not reviewed by MLCommons."
    )
    return tag("footer", text(words))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
