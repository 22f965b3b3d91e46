"""From benchmark results to a submission tree: systems, measurements, results, compliance, code, documents.

The tree is made in a hidden sibling and renamed into place. A submitter's part that is already there is kept
beside the new tree, so nothing is lost without a word. Accuracy logs are shortened last; the whole logs stay in
``<tree>_logs`` (mlperf-inference 8.6, 11, 16.6, 16.7).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping

import msgspec

from franca.catalog.files import write_json_atomic, write_text_atomic
from franca.errors import FrancaError, Location, MalformedFile, Refused, UsageError
from franca.mlperf.logs.detail import read_detail
from franca.mlperf.submission.build_checklist import Kind
from franca.mlperf.submission.build_choice import submittable
from franca.mlperf.submission.build_hardware import FOLDER, hand_written
from franca.mlperf.submission.build_options import BuildOptions, checked_options
from franca.mlperf.submission.build_source import MEASUREMENTS, USER_CONF, ModelSource, ScenarioSource, find_results
from franca.mlperf.submission.build_system import Submitter, describe_system
from franca.mlperf.submission.build_texts import code_readme, rules_in_effect, scenario_readme
from franca.mlperf.submission.build_weights import STRICT, calibration_text, check_weights, stated
from franca.mlperf.submission.documents import read_object, read_text
from franca.mlperf.submission.fields import UNDEFINED
from franca.mlperf.submission.index import index_tree
from franca.mlperf.submission.model import CLASSIC, DIVISIONS, MERGED
from franca.mlperf.submission.tables import (
    canonical_scenario,
    detect_round,
    load_round,
    official_model,
    rounds,
)
from franca.mlperf.submission.truncate import plan_truncation, truncate

RUN_FILES = ("mlperf_log_summary.txt", "mlperf_log_detail.txt")
ACCURACY_FILES = (*RUN_FILES, "mlperf_log_accuracy.json", "accuracy.txt")
TEST_FILES = ("verify_performance.txt", "verify_accuracy.txt", "verify_output_len.txt")
TEST_ACCURACY_FILES = ("mlperf_log_accuracy.json", "accuracy.txt", "baseline_accuracy.txt", "compliance_accuracy.txt")
POWER_FOLDERS = ("power", "ranging")
GENERATED = "generated-inputs.json"  #: beside the logs of a model without data
TRACE = "mlperf_log_trace.json"


class Built(msgspec.Struct, frozen=True):
    """A tree that was written."""

    path: str
    round: str
    layout: str
    division: str
    style: str
    results: list[str]
    """Scenario folders, relative to the tree."""
    sources: dict[str, dict[str, str]]
    """System to field to where its value came from."""
    mapping: dict[str, str] = {}
    """Custom models and the official ones that they are held to."""
    kept: str = ""
    """Where the former content of this submitter went, if there was any."""
    logs: str = ""
    """Folder of the whole accuracy logs."""


def check_target(options: BuildOptions) -> None:
    """Refuse a folder for the tree that holds something else or cannot be made, before anything is run."""
    target = os.path.abspath(options.submission_dir)
    if os.path.lexists(target):
        _refuse_foreign(target, options)
    check_writable(os.path.dirname(target), "submission_dir")


def check_writable(folder: str, flag: str) -> None:
    """Refuse a folder in which nothing can be made, while nothing is lost by it yet."""
    try:
        os.makedirs(folder, exist_ok=True)
        os.rmdir(tempfile.mkdtemp(prefix=".franca-", dir=folder))
    except OSError as error:
        raise Refused(
            f"--{flag}: nothing can be written in {folder}: {error.strerror or error}", hint="name another folder"
        ) from error


def build_tree(options: BuildOptions, say: Callable[[str], None]) -> Built:
    """Write the tree of everything below ``options.results_dir``.

    Raises:
        NotFound: no results. MalformedFile: results that cannot be submitted. UsageError: see
        ``checked_options``. Refused: the folder of the tree holds something else.
    """
    checked_options(options)
    sources = find_results(options.results_dir, options.style, say)
    _refuse_generated(sources, options.division)
    chosen = options.round or _round_of(sources)
    sources = submittable(sources, load_round(chosen), options.division, options.mapping, say)
    weights = stated(sources)
    check_weights(weights, options.division, bool(options.calibration))
    layout = options.layout or (MERGED if load_round(chosen).number >= (6, 0) else CLASSIC)
    target = os.path.abspath(options.submission_dir)
    staged = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.partial-{os.getpid()}")
    shutil.rmtree(staged, ignore_errors=True)
    try:
        writer = _Writer(options, os.path.join(staged, options.division, options.submitter), layout, chosen, say)
        for source in sources:
            writer.model(source)
        writer.finish(calibration_text(weights))
        kept = _publish(staged, target, options, say)
    except OSError as error:
        raise FrancaError(f"the tree cannot be written: {error.strerror}", where=Location(target)) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    logs = shorten_logs(target, say) if options.truncate else ""
    root = f"{options.division}/{options.submitter}"
    results = [f"{root}/{place}" for place in writer.places]
    return Built(
        path=target,
        round=chosen,
        layout=layout,
        division=options.division,
        style=style_of(sources),
        results=results,
        sources=writer.field_sources,
        mapping=writer.mapping,
        kept=kept,
        logs=logs,
    )


def _refuse_generated(sources: list[ModelSource], division: str) -> None:
    """Runs over generated inputs are of no use where accuracy counts (mlperf-inference 17.1)."""
    for source in sources:
        marked = any(os.path.isfile(os.path.join(one.performance, GENERATED)) for one in source.scenarios)
        if division != "open" and (marked or source.record.get("benchmark") == "light"):
            raise Refused(
                f"{source.sut}/{source.model} ran over generated inputs (random data, no accuracy): it cannot be "
                f"submitted to the {division} division",
                hint="run the benchmark over its data set",
            )


def style_of(sources: list[ModelSource]) -> str:
    """``valid``, ``fast`` or ``test``, from the name of the results folder."""
    name = os.path.basename(os.path.dirname(os.path.dirname(sources[0].folder)))
    return name.removesuffix("_results")


def shorten_logs(tree: str, say: Callable[[str], None]) -> str:
    """Shorten all accuracy logs of a tree; the whole ones go to ``<tree>_logs``, whose path is returned."""
    pending = plan_truncation(tree, index_tree(tree))
    if not pending:
        return ""
    logs = f"{tree}_logs"
    for item in pending:
        shutil.rmtree(os.path.join(logs, *item.directory.split("/")), ignore_errors=True)
        truncate(tree, item, logs)
    say(f"accuracy logs are shortened; the whole ones are in {logs}")
    return logs


def _round_of(sources: list[ModelSource]) -> str:
    """The round whose seeds the logs carry; the newest one when the seeds are of none."""
    for source in sources:
        for scenario in source.scenarios:
            log = read_detail(os.path.join(scenario.performance, RUN_FILES[1]))
            found = detect_round(log.integer("effective_qsl_rng_seed"))
            if found:
                return found
    return rounds()[-1]


def _publish(staged: str, target: str, options: BuildOptions, say: Callable[[str], None]) -> str:
    """Put the new tree in its place; an older one of the same submitter is kept as ``<target>.previous``."""
    kept = ""
    if os.path.lexists(target):
        _refuse_foreign(target, options)
        if options.clean:
            shutil.rmtree(target)
            shutil.rmtree(f"{target}_logs", ignore_errors=True)
        else:
            kept = f"{target}.previous"
            shutil.rmtree(kept, ignore_errors=True)
            os.rename(target, kept)
            say(f"the former tree is kept in {kept} (--clean removes it)")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.rename(staged, target)
    return kept


def _refuse_foreign(target: str, options: BuildOptions) -> None:
    """Only a tree of this submitter, or an empty folder, is ever moved or removed."""
    if os.path.islink(target) or not os.path.isdir(target):
        raise Refused(f"{target} is no folder", hint="choose another place with --submission_dir=FOLDER")
    for name in sorted(os.listdir(target)):
        division = os.path.join(target, name)
        others = name not in DIVISIONS or not os.path.isdir(division)
        if others or any(child != options.submitter for child in os.listdir(division)):
            raise Refused(
                f"{target} holds more than the submission of {options.submitter} ({name})",
                hint="choose another place with --submission_dir=FOLDER",
            )


class _Writer:
    """Writes one submitter's folder. ``places`` collects the scenario folders relative to it."""

    def __init__(self, options: BuildOptions, root: str, layout: str, chosen: str, say: Callable[[str], None]) -> None:
        self.say = say
        self.options = options
        self.root = root
        self.layout = layout
        self.table = load_round(chosen)
        self.places: list[str] = []
        self.mapping: dict[str, str] = {}
        self.status: dict[str, str] = {}
        self.field_sources: dict[str, dict[str, str]] = {}

    def model(self, source: ModelSource) -> None:
        """All of one model on one system."""
        self._system(source)
        self._map(source)
        code = "src" if self.layout == MERGED else "code"
        self._text(f"{code}/{source.model}/README.md", code_readme(source))
        for scenario in source.scenarios:
            self._scenario(source, scenario)

    def finish(self, calibration: str) -> None:
        """What stands once: the mapping of models, the calibration document, where system fields came from.

        Args:
            calibration: the document where the user has given none.
        """
        if self.options.division == "open" and self.mapping:
            self._json("model_mapping.json", self.mapping)
        if self.options.calibration:
            self._text("calibration.md", read_text(self.options.calibration))
        elif self.options.division in STRICT:
            self._text("calibration.md", calibration)
        lines = ["# Where the fields of the system descriptions came from", ""]
        for system, fields in sorted(self.field_sources.items()):
            lines += [f"## {system}", "", *(f"- {name}: {where}" for name, where in sorted(fields.items())), ""]
        self._text("documentation/system-fields.md", "\n".join(lines))

    def _system(self, source: ModelSource) -> None:
        hw_name = source.sut_info.get("hardware_name") or self.options.hw_name
        who = Submitter(
            self.options.submitter,
            self.options.division,
            self.options.category,
            hw_name,
            self.options.hw_notes,
            self.options.sw_notes,
        )
        written = hand_written(self.options.results_dir, hw_name, self.say)
        given: Mapping[str, str] = {**written, **source.meta, **self.options.system}
        described = describe_system(
            who,
            source.record.get("system") or {},
            source.record.get("software") or {},
            _framework(source),
            given,
            powered=any(_has_power(scenario) for scenario in source.scenarios),
        )
        undefined = [name for name, value in described.fields.items() if value.strip().lower() == UNDEFINED]
        if undefined and self.options.division in STRICT:
            raise UsageError(
                f"the {self.options.division} division needs a value for {', '.join(undefined)}",
                hint=f"write them to {FOLDER}/{hw_name}.json in the folder of results, or to a file for --system_file: "
                '{"field": "value"}',
            )
        self._json(f"systems/{source.sut}.json", described.fields)
        self.field_sources[source.sut] = described.sources
        self.status[source.sut] = described.fields["status"]

    def _map(self, source: ModelSource) -> None:
        known = {**source.mapping, **self.options.mapping}
        if source.model in self.table.models:
            return
        if official_model(source.model, self.table, known, self.options.division) is None:
            raise UsageError(
                f"model {source.model} stands for no benchmark of round {self.table.round} in {self.options.division}",
                hint="open division: name one with --official_model=MODEL; known: "
                + ", ".join(sorted(self.table.models)),
            )
        if source.model in known:
            self.mapping[source.model] = known[source.model]

    def _scenario(self, source: ModelSource, scenario: ScenarioSource) -> None:
        name = canonical_scenario(scenario.name) or scenario.name
        rest = f"{source.sut}/{source.model}/{name}"
        result = f"results/{rest}"
        self.places.append(result)
        self._measurements(source, scenario, f"measurements/{rest}" if self.layout == CLASSIC else result)
        self._copy(scenario.performance, f"{result}/performance/run_1", (*RUN_FILES, "spl.txt"), RUN_FILES)
        for folder in POWER_FOLDERS:
            self._copy_folder(
                os.path.join(os.path.dirname(scenario.performance), folder), f"{result}/performance/{folder}"
            )
        if scenario.accuracy:
            self._copy(scenario.accuracy, f"{result}/accuracy", ACCURACY_FILES, ())
        for test, folder in sorted(scenario.tests.items()):
            self._test(folder, f"compliance/{rest}/{test}" if self.layout == CLASSIC else f"{result}/{test}")

    def _measurements(self, source: ModelSource, scenario: ScenarioSource, place: str) -> None:
        implementation = source.sut_info.get("implementation", "")
        name = MEASUREMENTS
        if self.layout == CLASSIC:
            suffix = f"_{implementation}" if implementation else ""
            name = f"{source.sut}{suffix}_{canonical_scenario(scenario.name)}.json"
            if implementation:
                self._text(f"code/{source.model}/{implementation}/README.md", code_readme(source))
        self._copy_file(os.path.join(scenario.performance, USER_CONF), f"{place}/{USER_CONF}")
        measured = dict(read_object(os.path.join(scenario.performance, MEASUREMENTS)))
        told = source.told(canonical_scenario(scenario.name) or "")
        self._json(f"{place}/{name}", {**measured, **told})
        readme = scenario_readme(source, scenario, self.options.command, self._kind(source, scenario))
        self._text(f"{place}/README.md", readme)
        for stem in ("analyzer_table", "power_settings"):
            path = getattr(self.options, stem)
            if path:
                self._copy_file(path, f"{place}/{stem}{os.path.splitext(path)[1] or '.txt'}")
        conf = os.path.join(scenario.performance, "mlperf.conf")
        if self.table.number <= (4, 1):  # later rounds have the rules inside LoadGen only
            if os.path.isfile(conf):
                self._copy_file(conf, f"{place}/mlperf.conf")
            else:
                log = read_detail(os.path.join(scenario.performance, RUN_FILES[1]))
                self._text(f"{place}/mlperf.conf", rules_in_effect(log, canonical_scenario(scenario.name) or ""))

    def _kind(self, source: ModelSource, scenario: ScenarioSource) -> Kind:
        options = self.options
        status = self.status.get(source.sut, "")
        return Kind(options.division, options.category, status, bool(scenario.tests), _has_power(scenario))

    def _test(self, folder: str, place: str) -> None:
        self._copy(folder, place, TEST_FILES, ())
        self._copy(os.path.join(folder, "performance", "run_1"), f"{place}/performance/run_1", RUN_FILES, RUN_FILES)
        self._copy(os.path.join(folder, "accuracy"), f"{place}/accuracy", TEST_ACCURACY_FILES, ())

    # -- files -------------------------------------------------------------------------------------

    def _copy(self, folder: str, place: str, names: tuple[str, ...], needed: tuple[str, ...]) -> None:
        """Copy those of ``names`` that are in ``folder``; traces and side files stay behind."""
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                self._copy_file(path, f"{place}/{name}")
            elif name in needed:
                raise MalformedFile(f"{name} of a finished run is missing", where=Location(path))

    def _copy_folder(self, folder: str, place: str) -> None:
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path) and name != TRACE:
                self._copy_file(path, f"{place}/{name}")

    def _copy_file(self, path: str, place: str) -> None:
        shutil.copyfile(path, self._made(place), follow_symlinks=False)

    def _text(self, place: str, text: str) -> None:
        write_text_atomic(self._made(place), text)

    def _json(self, place: str, data: Mapping[str, object]) -> None:
        write_json_atomic(self._made(place), dict(data))

    def _made(self, place: str) -> str:
        path = os.path.join(self.root, *place.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path


def _has_power(scenario: ScenarioSource) -> bool:
    return os.path.isdir(os.path.join(os.path.dirname(scenario.performance), "power"))


def _framework(source: ModelSource) -> str:
    """``onnxruntime v1.31.1``: from the record, else from ``cm-sut-info.json``."""
    info = source.sut_info
    if info.get("framework"):
        return f"{info['framework']} {info.get('framework_version', '')}".strip()
    backend = str((source.record.get("settings") or {}).get("backend", ""))
    software = source.record.get("software") or {}
    version = software.get({"pytorch": "torch"}.get(backend, backend), "")
    return f"{backend} v{version}" if backend and version else backend or "N/A"
