"""The command as a process: streams, signals, pipes, start-up and completion in a real shell."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from franca._boot import main; main('franca')"]

NOISY = """\
import os

def preprocess(i):
    print("hook on stdout")
    os.system("echo shell on stdout")
    return {'return': 0}
"""


def start(*words: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        **options,
    )  # type: ignore[call-overload,no-any-return]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    process = start(*words)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(words, process.returncode, out, err)


@pytest.fixture
def script(root: Path) -> Path:
    """An empty script of the user's, tags my,script; tests add files to its folder."""
    assert run("add", "script", "mine", "--tags=my,script", "--meta.new_env_keys,=CM_MINE").returncode == 0
    return root / "repos" / "local" / "script" / "mine"


def test_json_has_standard_output_for_itself(script: Path) -> None:
    (script / "customize.py").write_text(NOISY)
    (script / "run.sh").write_text("echo native on stdout\necho CM_MINE=1 > tmp-run-env.out\n")
    got = run("run", "my script", "--json")
    assert got.returncode == 0, got.stderr
    assert json.loads(got.stdout)["new_env"] == {"CM_MINE": "1"}
    for text in ("hook on stdout", "shell on stdout", "native on stdout"):
        assert text in got.stderr
    people = run("run", "my script")
    assert "native on stdout" in people.stdout and "CM_MINE  1" in people.stdout


def test_a_failing_native_script_has_status_2_and_names_its_log(script: Path) -> None:
    (script / "run.sh").write_text("echo details of the failure >&2\nexit 3\n")
    got = run("run", "my script")
    assert got.returncode == 2
    assert "Traceback" not in got.stderr
    (log,) = [line.split("log: ")[1] for line in got.stderr.splitlines() if "log: " in line]
    assert "details of the failure" in Path(log).read_text()
    as_json = run("run", "my script", "--json")
    assert json.loads(as_json.stdout)["status"] == as_json.returncode == 2


def test_a_failing_hook_is_an_error_not_a_crash(script: Path) -> None:
    (script / "customize.py").write_text("def preprocess(i):\n    return {'return': 5, 'error': 'no such device'}\n")
    got = run("run", "my script")
    assert (got.returncode, "no such device" in got.stderr) == (5, True)
    (script / "customize.py").write_text("def preprocess(i):\n    return 1 / 0\n")
    got = run("run", "my script")
    assert got.returncode == 1
    assert "division by zero" in got.stderr and "customize.py" in got.stderr


ENDINGS = [
    (signal.SIGINT, 130, "interrupted"),
    (signal.SIGTERM, 143, "terminated"),
    (signal.SIGHUP, 129, "the terminal has gone"),
]


@pytest.mark.parametrize(("number", "status", "word"), ENDINGS, ids=["INT", "TERM", "HUP"])
def test_a_signal_ends_with_its_status_and_one_line(
    script: Path, number: int, status: int, word: str, tmp_path: Path
) -> None:
    mark = tmp_path / "started"
    (script / "run.sh").write_text(f"touch '{mark}'\nexec sleep 60\n")
    process = start("run", "my script", "--silent", start_new_session=True)
    deadline = time.monotonic() + 60
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=120)
    assert process.returncode == status, err
    assert "Traceback" not in err
    assert err.splitlines()[0].startswith("franca: ") and word in err


def test_a_reader_that_goes_away_is_no_error(root: Path) -> None:
    run("find", "script")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*COMMAND, "help"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode != 0


def test_a_find_loads_nothing_heavy(root: Path) -> None:
    code = (
        "import sys; from franca.cli.main import main; main(['find', 'script']);"
        "print([m for m in ('rich', 'subprocess', 'difflib', 'asyncio', 'sqlite3', 'ssl', 'urllib.request',"
        " 'logging', 'packaging', 'filelock', 'franca.compat.access', 'franca.engine') if m in sys.modules],"
        " file=sys.stderr)"
    )
    run("find", "script")  # makes the store
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_help_loads_only_the_tables(root: Path) -> None:
    code = (
        "import sys; from franca.cli.main import main; main(['--help']);"
        "print([m for m in sys.modules if m.startswith(('franca.catalog', 'franca.engine', 'franca.compat', 'rich'))],"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_both_lanes_say_the_same(root: Path) -> None:
    first, second = run("find", "script", "--tags=detect"), run("find", "script", "--tags=detect")
    code = "import sys; from franca.cli.main import main; sys.exit(main(['find', 'script', '--tags=detect']))"
    slow = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert first.stdout == second.stdout == slow.stdout != ""


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes_with_the_printed_script(root: Path, tmp_path: Path) -> None:
    tool = tmp_path / "bin" / "franca"
    tool.parent.mkdir()
    tool.write_text(f"#!{sys.executable}\nfrom franca._boot import main\n\nmain('franca')\n")
    tool.chmod(0o755)

    def complete(*words: str) -> list[str]:
        quoted = " ".join(f"'{word}'" for word in ("franca", *words))
        code = f'eval "$(franca completion bash)"; COMP_WORDS=({quoted}); COMP_CWORD={len(words)};'
        code += ' _franca_complete 2>/dev/null; printf "%s\\n" "${COMPREPLY[@]}"'
        env = {**os.environ, "PATH": f"{tool.parent}:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True, env=env)
        return done.stdout.split()

    assert complete("doct") == ["doctor"]
    assert complete("show", "script", "detect-o") == ["detect-os"]
    assert "--version_min=" in complete("run", "detect-os", "--vers")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_scripts_of_other_shells_are_valid(root: Path, shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    text = run("completion", shell).stdout
    subprocess.run([shell, "-n"], input=text, text=True, check=True)
