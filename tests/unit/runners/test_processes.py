"""Starting programs: statuses, streams, limits, and what engines say when they refuse. Real processes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from franca.model.job import Command
from franca.runners.process import Processes
from franca.runners.runner import decisive_line, remedy

ENVIRON = {"PATH": os.environ["PATH"]}


def python(code: str, *words: str, **more: object) -> Command:
    return Command((sys.executable, "-c", code, *words), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("directory", ["", "/"])
@pytest.mark.parametrize(
    ("code", "status"),
    [("pass", 0), ("raise SystemExit(42)", 42), ("import os; os.kill(os.getpid(), 9)", 137)],
)
def test_the_status_is_the_programs(directory: str, code: str, status: int) -> None:
    assert Processes(ENVIRON).run(python(code, directory=directory)).status == status


@pytest.mark.parametrize("directory", ["", "/"])
def test_what_a_quiet_program_prints_is_read(directory: str) -> None:
    code = "import sys; print('x' * 200_000); print('bad', file=sys.stderr); sys.exit(3)"
    outcome = Processes(ENVIRON).run(python(code, quiet=True, directory=directory))
    assert (outcome.status, len(outcome.output), outcome.error) == (3, 200_001, "bad\n")


def test_a_missing_program_and_one_that_cannot_be_started(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program")
    assert Processes(ENVIRON).run(Command(("no-such-program",))).status == 127
    assert Processes(ENVIRON).run(Command((str(tmp_path / "none"),))).status == 127
    assert Processes({"PATH": str(tmp_path)}).run(Command(("plain",))).status == 126
    (tmp_path / "plain").chmod(0o755)
    assert Processes({"PATH": str(tmp_path)}).run(Command(("plain",))).status == 126  # nobody knows its format
    assert Processes(ENVIRON).run(Command(("true",), directory=str(tmp_path / "none"))).status == 127


def test_programs_are_found_where_the_child_looks(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text(f"#!{sys.executable}\nraise SystemExit(5)\n")
    (tmp_path / "mine").chmod(0o755)
    assert Processes({"PATH": f"/nowhere:{tmp_path}"}).run(Command(("mine",))).status == 5
    assert Processes(ENVIRON).run(Command(("mine",), env=(("PATH", str(tmp_path)),))).status == 5


def test_the_child_gets_the_commands_text_and_variables() -> None:
    code = "import os, sys; sys.stdout.write(sys.stdin.read() + os.environ['A'])"
    text = "it's é\n" * 50_000
    assert Processes(ENVIRON).run(python(code, stdin=text, env=(("A", "b c"),), quiet=True)).output == text + "b c"


def test_a_quiet_program_does_not_take_our_input() -> None:
    code = "import sys; print(repr(sys.stdin.read()))"
    assert Processes(ENVIRON).run(python(code, quiet=True)).output == "''\n"


def test_a_broken_pipe_ends_a_child_as_in_a_shell() -> None:
    """Python ignores SIGPIPE; a child that inherited that would go on."""
    code = "import _signal; print(_signal.getsignal(13) == _signal.SIG_DFL)"
    assert Processes(ENVIRON).run(Command((sys.executable, "-I", "-c", code), quiet=True)).status == 0
    words = ("sh", "-c", "yes 2>&1 | head -n 1; kill -PIPE $$; echo went on")
    assert Processes(ENVIRON).run(Command(words, quiet=True)).status == 128 + 13


@pytest.mark.parametrize("quiet", [True, False])
def test_a_limit_ends_the_program(quiet: bool, capfd: pytest.CaptureFixture[str]) -> None:
    code = "import time; print('a', flush=True); time.sleep(60)"
    outcome = Processes(ENVIRON).run(python(code, quiet=quiet), 0.3)
    assert outcome.status == 124
    assert "stopped after 0.3 s" in outcome.error


def test_output_goes_to_the_terminal_and_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    log = io.BytesIO()
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    outcome = Processes(ENVIRON, log=log).run(python(code))
    assert capfd.readouterr() == ("out\n", "err\n")
    assert sorted(log.getvalue().split()) == [b"err", b"out"]
    assert (outcome.output, outcome.error) == ("", "err\n")


def test_a_watched_program_keeps_our_output_and_its_last_words_are_known(capfd: pytest.CaptureFixture[str]) -> None:
    code = "import sys; print('out', flush=True); sys.stderr.write('e' * 10_000 + 'end')"
    outcome = Processes(ENVIRON).run(python(code, watch=True))
    assert capfd.readouterr().out == "out\n"
    assert outcome.error.endswith("end")
    assert len(outcome.error) == 4096


def test_a_process_that_holds_the_pipe_does_not_hold_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("franca.runners.process._LINGER", 0.2)
    words = ("sh", "-c", "sleep 60 & echo $!; exit 7")
    outcome = Processes(ENVIRON).run(Command(words, quiet=True))
    os.kill(int(outcome.output), 9)
    assert outcome.status == 7


def test_begun_is_called_once_while_the_first_program_runs(tmp_path: Path) -> None:
    """The program waits for what ``begun`` makes, so it cannot have been called before or after."""
    flag, calls = tmp_path / "flag", []

    def begun() -> None:
        calls.append(1)
        flag.touch()

    code = "import os, sys, time\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.01)"
    executor = Processes(ENVIRON, begun=begun)
    assert executor.run(Command(("no-such-program",))).status == 127
    assert not calls
    assert executor.run(python(code, str(flag)), 60).status == 0
    executor.run(python("pass"))
    assert len(calls) == 1


def test_an_interruption_ends_the_child(tmp_path: Path) -> None:
    file = tmp_path / "pid"

    def interrupt() -> None:
        while not (file.exists() and file.read_text().endswith("\n")):
            time.sleep(0.01)
        raise KeyboardInterrupt

    code = "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'w'), flush=True); time.sleep(600)"
    with pytest.raises(KeyboardInterrupt):
        Processes(ENVIRON, begun=interrupt).run(python(code, str(file)))
    with pytest.raises(ProcessLookupError):
        os.kill(int(file.read_text()), 0)


MANY = """
import os, sys, threading
from franca.model.job import Command
from franca.runners.process import Processes
before, found = len(os.listdir("/proc/self/fd")), []
def run(directory):
    command = Command((sys.executable, "-I", "-c", "print(1)"), quiet=True, directory=directory)
    found.append(Processes({}).run(command).output)
threads = [threading.Thread(target=run, args=(directory,)) for directory in ("", "/") * 4]
for thread in threads: thread.start()
for thread in threads: thread.join()
missing = Processes({}).run(Command(("no-such-program",), quiet=True)).status
print(found == ["1\\n"] * 8, missing, len(os.listdir("/proc/self/fd")) - before)
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open descriptors are counted in /proc")
def test_many_at_a_time_leave_no_descriptor_open() -> None:
    done = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, check=True)
    assert done.stdout == "True 127 0\n"


@pytest.mark.parametrize(
    ("said", "line", "step"),
    [
        ("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n"
         "error during connect: context canceled\n", "Cannot connect to the Docker daemon", "start the engine"),
        ("step 1\nwrite /x: no space left on device\nclosed pipe\n", "no space left", "free disk space"),
        ("docker: Error response from daemon: pull access denied for x.\nSee 'docker run --help'.\n",
         "pull access denied", "build_strategy=auto"),
        ("first\nlast words\n", "last words", "printed above"),
        ("", "", "printed above"),
    ],
)  # fmt: skip
def test_the_reason_is_named_and_not_what_follows_from_it(said: str, line: str, step: str) -> None:
    assert decisive_line(said).startswith(line) or line in decisive_line(said)
    assert "\n" not in decisive_line(said)
    assert step in remedy("docker", said)
