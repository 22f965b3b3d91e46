"""Power of a real LoadGen run, measured against a director whose meter is simulated."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.errors import NotFound, Refused, StepFailed, Unavailable
from franca.mlperf.inference import powered as powered_module
from franca.mlperf.inference.boot import boot_argv
from franca.mlperf.inference.campaign import run
from franca.mlperf.inference.config import read_config
from franca.mlperf.inference.job import Job, PartSpec
from franca.mlperf.inference.powered import ranging_job
from franca.mlperf.inference.results import Performance
from franca.mlperf.inference.scenarios import Scenario
from franca.mlperf.logs.detail import read_detail
from franca.mlperf.power import client
from franca.mlperf.power.client import PowerServer, measure
from franca.mlperf.power.director import SimulatedDirector
from franca.mlperf.power.meter import steady
from franca.mlperf.power.released import command_line, measure_released
from franca.mlperf.power.turns import write_plan
from franca.mlperf.power.wire import SERVER_HELLO, Gone, Wire
from franca.mlperf.submission.build import BuildOptions, build_tree
from franca.mlperf.submission.checker import check_tree
from franca.mlperf.submission.power_records import read_samples
from tests.integration.mlperf_inference.inference_cases import request

WATTS = 40.0


def silent(text: str) -> None:
    pass


@pytest.fixture(scope="module")
def director() -> Iterator[PowerServer]:
    with SimulatedDirector(load=steady(WATTS), interval_s=0.02) as there:
        host, port = there.address
        yield PowerServer(host=host, port=port, label="test")


@pytest.fixture(scope="module")
def powered(large_parts, tmp_path_factory, director):
    """A finished measurement, for tests that only read it or work on a copy."""
    out = tmp_path_factory.mktemp("powered")
    plain = msgspec.to_builtins(director)
    spec = request(large_parts, out / "r", power=plain, model="resnet50", scenarios=["SingleStream", "Offline"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(powered_module, "RANGING_MS", 100)  # these runs last 0.2 s
        return spec, run(spec, silent)


def test_ranging_is_shorter_than_testing(powered) -> None:
    _, result = powered
    for one in result.scenarios:
        place = Path(one.performance.folder).parent
        lengths = {
            name: read_detail(str(place / name / "mlperf_log_detail.txt")).integer("effective_min_duration_ms")
            for name in ("ranging", "run_1")
        }
        assert lengths == {"ranging": 100, "run_1": 200}
        assert one.performance.min_duration_s == 0.2


def performance(**changes: object) -> Performance:
    """A finished run of full length, as far as a ranging run is made from it."""
    plain: dict[str, object] = {
        "metric": "m", "title": "t", "unit": "ms", "value": 1.0, "samples_per_second": 1.0, "valid": True, "flags": [],
        "errors": [], "warnings": [], "queries": 6000, "samples": 6000, "dataset_samples": 10, "duration_s": 600.0,
        "min_duration_s": 600.0, "latency": {}, **changes,
    }  # fmt: skip
    return Performance(**plain)  # type: ignore[arg-type]


# Scenario, what was measured, and the lines that the ranging run gets (specification 8.2, 8.3).
RANGING = [
    (Scenario.SINGLE_STREAM, {}, {"min_duration": "300000", "max_duration": "300000"}),
    (Scenario.SINGLE_STREAM, {"queries": 300}, {"min_duration": "300000"}),  # too slow for a maximum
    (Scenario.MULTI_STREAM, {"queries": 3000}, {"min_duration": "300000", "max_duration": "300000"}),
    (Scenario.MULTI_STREAM, {"queries": 2000}, {"min_duration": "300000"}),
    (Scenario.SERVER, {"target_qps": 50.0}, {"min_duration": "300000"}),
    (Scenario.OFFLINE, {"target_qps": 50.0}, {"min_duration": "300000", "max_query_count": "15000"}),
]


@pytest.mark.parametrize(("scenario", "measured", "lines"), RANGING)
def test_a_ranging_run_of_full_length_is_cut_to_300_s(tmp_path, scenario, measured, lines) -> None:
    conf = tmp_path / "user.conf"
    conf.write_text(f"resnet50.{scenario.value}.target_qps = 50\nresnet50.{scenario.value}.min_duration = 600000\n")
    part = PartSpec("p")
    job = Job("loadgen", str(tmp_path), part, part, part, part, model_key="resnet50", user_conf=str(conf))
    shorter = ranging_job(job, str(tmp_path), scenario, performance(**measured))
    assert shorter._replace(user_conf="") == job._replace(user_conf="")
    found = {entry.key: entry.value for entry in read_config(shorter.user_conf)}
    assert found == {"target_qps": "50", **lines}
    short = performance(**{**measured, "min_duration_s": 10.0})
    assert ranging_job(job, str(tmp_path), scenario, short) == job


def test_turns_run_one_command_after_the_other_and_stay_at_the_last(tmp_path) -> None:
    plan, out = tmp_path / "plan.json", tmp_path / "out"
    program = "import sys; open(sys.argv[1], 'a').write(sys.argv[2] + sys.stdin.read()); sys.exit(int(sys.argv[3]))"
    words = [[sys.executable, "-c", program, str(out), name, str(code)] for name, code in (("a b;", 0), ("c", 7))]
    write_plan(str(plan), words)
    line = boot_argv(sys.executable, "franca.mlperf.power.turns", str(plan))
    codes = [subprocess.run(line, input="!", text=True, check=False).returncode for _ in range(3)]
    assert codes == [0, 7, 7] and out.read_text() == "a b;!c!c!"


@pytest.mark.parametrize("ntp", ["", "127.0.0.1"])
def test_clocks_are_compared_and_set_before_each_phase(tmp_path, director, ntp) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for name in client.RUN_LOGS:
        (logs / name).write_text("")
    measure(msgspec.structs.replace(director, ntp=ntp), lambda phase: str(logs), str(tmp_path))
    sent = [message["cmd"] for message in json.loads((tmp_path / "power/client.json").read_text())["messages"]]
    verbs = [re.sub("^session,.*?,(start|stop),", r"\1 ", re.sub("^new,.*", "new", command)) for command in sent]
    synchronise = ["set_ntp", "time"] if ntp else ["time"]
    assert verbs == [
        "mlcommons/power client v3", *synchronise, "new", "time", "start ranging", "stop ranging",
        *synchronise, "start testing", "stop testing",
    ]  # fmt: skip


def test_the_metrics_follow_from_the_samples_and_loadgens_window(powered) -> None:
    _, result = powered
    stream, offline = (one.performance for one in result.scenarios)
    for performance in (stream, offline):
        assert performance.valid
        assert performance.power.watts == pytest.approx(WATTS, rel=0.011)  # the ripple of the load is one per cent
        assert performance.power.simulated
        assert performance.host.cores > 0  # of the run under the meter
    assert offline.power.unit == "W" and offline.power.value == offline.power.watts
    assert offline.power.samples_per_joule == pytest.approx(offline.value / offline.power.watts)
    log = read_detail(os.path.join(stream.folder, "mlperf_log_detail.txt"))
    joules = stream.power.watts * stream.duration_s
    assert stream.power.unit == "mJ/query"
    assert stream.power.value == pytest.approx(1000 * joules / log.integer("result_query_count"))
    assert stream.power.samples_per_joule == pytest.approx(log.integer("result_query_count") / joules)


def test_the_tree_has_the_official_files_and_only_what_needs_a_real_meter_fails(powered, tmp_path) -> None:
    spec, _ = powered
    (tmp_path / "analyzer_table.md").write_text("one meter\n")
    (tmp_path / "power_settings.md").write_text("defaults\n")
    options = BuildOptions(
        results_dir=spec.output, submission_dir=str(tmp_path / "tree"), submitter="Test", round="v4.1",
        analyzer_table=str(tmp_path / "analyzer_table.md"),
        power_settings=str(tmp_path / "power_settings.md"),
    )  # fmt: skip
    built = build_tree(options, silent)
    place = Path(built.path) / built.results[0] / "performance"
    power_files = ["client.json", "client.log", "ptd_logs.txt", "server.json", "server.log"]
    assert sorted(p.name for p in (place / "power").iterdir()) == power_files
    for name in ("ranging", "run_1"):
        run_files = ["mlperf_log_detail.txt", "mlperf_log_summary.txt", "spl.txt"]
        assert sorted(p.name for p in (place / name).iterdir()) == run_files
    for path in (place / "power").iterdir():
        assert "simulated" in path.read_text("utf-8").lower(), path.name
    os.rename(f"{built.path}/open", f"{built.path}/closed")
    found = check_tree(built.path).findings
    assert [f for f in found if f.rule in ("W1", "W2", "W4", "S7")] == []
    assert {f.message for f in found if f.rule == "W5"} == {"the records are simulated"}
    failed = {f.message.partition(":")[0] for f in found if f.rule == "W3" and f.severity == "error"}
    assert failed == {
        "Check client sources checksum", "Check server sources checksum", "Check PTD commands and replies",
        "Check errors and warnings from PTD logs", "Check PTD configuration",
    }  # fmt: skip


def test_a_finished_measurement_is_kept_and_one_without_power_is_not_taken_for_it(powered, tmp_path) -> None:
    spec = msgspec.structs.replace(powered[0], output=str(tmp_path / "r"))
    shutil.copytree(powered[0].output, spec.output)
    again = run(spec, silent)
    assert all(one.performance.reused for one in again.scenarios)
    assert again.scenarios[0].performance.power.unit == "mJ/query"
    without = run(msgspec.structs.replace(spec, power=None, modes=["performance"]), silent)
    assert not any(one.performance.reused or one.performance.power for one in without.scenarios)


def test_the_command_serves_a_director_that_a_measurement_can_use(tmp_path) -> None:
    program = str(Path(sys.executable).parent / "franca")
    words = [program, "serve", "director", "--port=0", "--watts=60"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stderr.readline()
            port = int(re.match(r"simulated director at 127.0.0.1:(\d+);", line)[1])
            logs = tmp_path / "logs"
            logs.mkdir()
            for name in client.RUN_LOGS:
                (logs / name).write_text("")
            measure(PowerServer(host="127.0.0.1", port=port), lambda phase: str(logs), str(tmp_path))
        finally:
            process.terminate()
    samples = read_samples(str(tmp_path / "run_1" / "spl.txt"))
    assert samples and all(abs(sample.watts - 60) <= 0.6001 for sample in samples)


def test_a_director_that_is_not_there_is_named(parts, tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    spec = request(parts, tmp_path / "r", power={"host": "127.0.0.1", "port": port}, scenarios=["Offline"])
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port} does not answer"):
        run(spec, silent)


@contextmanager
def scripted(*replies: str | None) -> Iterator[PowerServer]:
    """A director that gives these answers in turn; None = it closes the connection."""

    def serve(listener: socket.socket) -> None:
        with listener.accept()[0] as connection:
            wire = Wire(connection, "client")
            for reply in replies:
                if wire.receive() is None or reply is None:
                    return
                wire.send(reply)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield PowerServer(host="127.0.0.1", port=listener.getsockname()[1])
        thread.join(10)


@pytest.mark.parametrize(
    ("replies", "kind", "message"),
    [
        (["hello"], StepFailed, "no power director of the protocol"),
        ([SERVER_HELLO, "1000000000.5"], Refused, "clock of the director .* off ours"),
        ([SERVER_HELLO, "noon"], StepFailed, "answered 'noon' to the question for its time"),
        ([SERVER_HELLO, None], Unavailable, "closed the connection after 'time'"),
        ([SERVER_HELLO, "nan"], Refused, "clock of the director"),
    ],
)
def test_what_a_director_does_wrong_is_said(tmp_path, replies, kind, message) -> None:
    with scripted(*replies) as server, pytest.raises(kind, match=message):
        measure(server, lambda phase: pytest.fail("the workload was run"), str(tmp_path))


def test_a_refused_start_ends_the_measurement(tmp_path, director, monkeypatch) -> None:
    monkeypatch.setattr(client, "PHASES", {"warming": "run_1"})  # a phase that no director knows
    monkeypatch.setattr(client.SessionLog, "mark", lambda log, phase: None)
    with pytest.raises(StepFailed, match=r"refused 'session,.*,start,warming'"):
        measure(director, lambda phase: pytest.fail("the workload was run"), str(tmp_path))


def test_a_workload_that_fails_ends_the_session(tmp_path, director) -> None:
    def fails(phase: str) -> str:
        raise StepFailed(f"no {phase}")

    with pytest.raises(StepFailed, match="no ranging"):
        measure(director, fails, str(tmp_path))
    assert not (tmp_path / "power").exists()


@pytest.mark.parametrize("length", ["-1", "1e3", "99999999999", "", "Error"])
def test_a_file_of_strange_length_is_refused(tmp_path, length) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(length.encode() + b"\r\n")
        with pytest.raises(Gone, match="length of a part of a file"):
            Wire(ours, "them").receive_file(str(tmp_path / "f"))
    assert not (tmp_path / "f").exists()


def test_a_file_arrives_as_it_was_sent(tmp_path) -> None:
    data = bytes(range(256)) * 9000
    (tmp_path / "a").write_bytes(data)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=Wire(theirs, "us").send_file, args=(str(tmp_path / "a"),))
        sender.start()
        Wire(ours, "them").receive_file(str(tmp_path / "b"))
        sender.join()
    assert (tmp_path / "b").read_bytes() == data


def test_an_endless_line_is_refused() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"x" * 100_000)
        with pytest.raises(Gone, match="a line of more than"):
            Wire(ours, "them").receive()


def test_the_command_line_of_the_released_client() -> None:
    server = PowerServer(
        host="10.0.0.7", port=4960, ntp="ntp.lab", max_amps=2.5, max_volts=240, label="day-1", client="/t/client.py"
    )
    assert command_line(server, ["run", "a b"], "/logs", "/out")[1:] == [
        "/t/client.py", "-a", "10.0.0.7", "-p", "4960", "-w", "run 'a b'", "-L", "/logs", "-o", "/out", "-n", "ntp.lab",
        "--no-timestamp-path", "-l", "day-1", "--max-amps", "2.5", "--max-volts", "240",
    ]  # fmt: skip
    least = command_line(PowerServer(host="h", max_amps=2, client="/t/client.py"), ["x"], "/l", "/o")
    assert least[1:] == [
        "/t/client.py", "-a", "h", "-p", "4950", "-w", "x", "-L", "/l", "-o", "/o", "-n", "time.google.com",
        "--no-timestamp-path",
    ]  # fmt: skip


@given(words=st.lists(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])), min_size=1))
def test_the_released_client_gets_the_workload_as_one_quoted_word(words) -> None:
    line = command_line(PowerServer(host="h", client="/tools/client.py"), words, "/logs", "/out")
    assert shlex.split(line[line.index("-w") + 1]) == words


def test_a_released_client_that_is_not_there_is_named(tmp_path) -> None:
    server = PowerServer(host="h", client=str(tmp_path / "client.py"))
    with pytest.raises(NotFound, match="no power client at"):
        measure_released(server, ["true"], str(tmp_path), str(tmp_path))


def test_a_released_client_that_ends_early_without_an_error_is_a_failure(tmp_path) -> None:
    tool = tmp_path / "client.py"
    tool.write_text("print('no time server')\n")
    with pytest.raises(StepFailed, match="status 0: no time server"):
        measure_released(PowerServer(host="h", client=str(tool)), ["true"], str(tmp_path), str(tmp_path))


@pytest.mark.skipif("FRANCA_POWER_CLIENT" not in os.environ, reason="set FRANCA_POWER_CLIENT to the released client.py")
def test_the_released_client_measures_too(parts, tmp_path, director) -> None:
    plain = {**msgspec.to_builtins(director), "client": os.environ["FRANCA_POWER_CLIENT"], "ntp": "127.0.0.1"}
    result = run(request(parts, tmp_path / "r", power=plain, scenarios=["Offline"], modes=["performance"]), silent)
    performance = result.scenarios[0].performance
    assert performance.power.watts == pytest.approx(WATTS, rel=0.011)
    assert json.loads((Path(performance.folder).parent / "power" / "client.json").read_text())["sources"]


def test_what_the_processors_counted_is_in_the_results_and_is_no_metric(parts, tmp_path) -> None:
    zone = tmp_path / "powercap" / "intel-rapl:0"
    zone.mkdir(parents=True)
    (zone / "max_energy_range_uj").write_text("1000000000\n")
    (zone / "energy_uj").write_text("0\n")
    sut = {"name": "inference_energy:MeteredSut", "options": {"root": str(zone.parent)}}
    result = run(request(parts, tmp_path / "r", sut=sut, scenarios=["Offline"], modes=["performance"]), silent)
    measured = result.scenarios[0].performance
    assert measured.estimated_power_w > 0 and measured.power is None
    path = tmp_path / "r" / "results.json"
    (written,) = json.loads(path.read_text("utf-8"))["scenarios"]
    assert written["performance"]["estimated_power_w"] == measured.estimated_power_w
    assert written["performance"].get("power") is None
