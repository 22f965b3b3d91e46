"""What content has written reaches a terminal as text: no sequence in it can set a title, move the cursor or hide."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys

import pytest

from tests.integration.engine.conftest import Bench

TITLE = "\x1b]0;owned\x07"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

META = {
    "tags": ["steers", f"t{TITLE}"], "name": f"n{TITLE}", "warnings": [f"w{TITLE}"],
    "env": {"CM_S": f"v{TITLE}"}, "new_env_keys": ["CM_S"], "print_env_at_the_end": {"CM_S": f"p{TITLE}"},
    "input_mapping": {f"i{TITLE}": "CM_I"}, "input_description": {f"i{TITLE}": {"desc": f"d{TITLE}"}},
    "variations": {f"var{TITLE}": {}}, "deps": [{"tags": f"nowhere{TITLE}", "enable_if_env": {"CM_D": ["yes"]}}],
}  # fmt: skip

COMMANDS = [
    "franca find script steers", "franca find script --tags=steers --long", "franca show script steers",
    "franca show repo content", "franca load script steers", "franca plan steers", "franca plan steers --why=steers",
    "franca plan steers --mermaid", "franca run steers", "franca run steers -v", "franca run steers --help",
    "franca run steers --env.CM_D=yes", "franca lint script steers", "franca doc script steers --print",
    "franca run --tags=steers,_none", "franca show run last", "franca runs",
    "cm find script steers", "cm show script steers", "cm load script steers", "cm info script steers",
    "cm run script steers", "cm run script steers -v", "cm run script steers --help", "cm show repo content",
    "cm run script steers --env.CM_D=yes", "cm run script --tags=steers,_none", "cm run script steers -j",
    "mlc run script --tags=steers", "mlc show script steers", "cmx run script steers",
]  # fmt: skip


@pytest.fixture
def steering(bench: Bench) -> Bench:
    folder = bench.script("steers")
    meta = folder / "_cm.yaml"
    lines = [f"{json.dumps(key)}: {json.dumps(value)}\n" for key, value in META.items()]
    meta.write_text(meta.read_text().replace("tags: [steers]\n", "") + "".join(lines))
    (bench.repo / "cmr.yaml").write_text('alias: content\nuid: "00000000000000c0"\ndesc: "\\e]0;owned\\a"\n')
    return bench


def at_a_terminal(bench: Bench, line: str) -> str:
    """All that a command shows, TERM being dumb, so that it sends no sequences of its own."""
    program, *words = line.split()
    module = "cli.main" if program == "franca" else "compat.cm_front"
    call = "main(sys.argv[1:])" if program == "franca" else f"main('{program}', sys.argv[1:])"
    code = f"import sys; from franca.{module} import main; sys.exit({call})"
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", code, *words, "--quiet"] if words[0] == "run" else [sys.executable, "-c", code, *words],
        cwd=bench.work, env=bench.environ(TERM="dumb"), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 65536):
            shown += data
    except OSError:  # the other side has closed
        pass
    os.close(ours)
    child.wait(60)
    return shown.decode("utf-8", "replace").replace("\r\n", "\n")


def test_no_command_sends_what_content_wants_the_terminal_to_do(steering: Bench) -> None:
    assert "owned" in at_a_terminal(steering, "cm run script steers"), "the words themselves are shown"
    found = {line: CONTROL.findall(at_a_terminal(steering, line)) for line in COMMANDS}
    assert {line: marks for line, marks in found.items() if marks} == {}
