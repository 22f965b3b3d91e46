"""What people see: tables, errors, progress lines, plans."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest

from franca.cli.output import Answer, Output, Table, error_data, plain, table_lines
from franca.cli.plan_view import dot, mermaid, tree_lines
from franca.cli.screen import Level, PlainScreen, line_of, screen, seconds
from franca.errors import FrancaError, Location, MalformedFile, NativeFailed, NotFound
from franca.model import event as ev
from franca.model.plan import DEFER, REUSE, RUN, SKIP, Plan, Step


def test_tables_align_and_end_without_blanks() -> None:
    table = Table(("name", "tags"), (("a", "x,y"), ("longer", ""), ("c", "z")))
    assert table_lines(table) == ["name    tags", "a       x,y", "longer", "c       z"]


def test_control_characters_are_shown_not_sent() -> None:
    assert plain("a\x1b[31mb\nc\rd é") == "a\\x1b[31mb\\nc\\rd é"


def streams(as_json: bool = False) -> tuple[Output, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Output(out, err, as_json=as_json), out, err


def test_an_answer_for_people_and_for_programs() -> None:
    answer = Answer({"list": [1], "odd": object}, ("one", "two"), Table(("h",), (("v",),)), status=3)
    output, out, err = streams()
    assert output.answer(answer) == 3
    assert (out.getvalue(), err.getvalue()) == ("one\ntwo\nh\nv\n", "")
    output, out, err = streams(as_json=True)
    assert output.answer(answer) == 3
    assert json.loads(out.getvalue())["list"] == [1]
    assert json.loads(out.getvalue())["status"] == 3


def test_raw_text_is_the_whole_answer() -> None:
    output, out, _ = streams()
    output.answer(Answer({"x": 1}, ("not shown",), raw="digraph {}\n"))
    assert out.getvalue() == "digraph {}\n"


def test_errors_for_people_and_for_programs() -> None:
    error = MalformedFile("a mapping was expected", where=Location("/x/_cm.yaml", 3, 5, "deps"), hint="repair it")
    output, out, err = streams()
    assert output.error(error) == 4
    assert out.getvalue() == ""
    assert err.getvalue() == "franca: /x/_cm.yaml:3:5 (key 'deps'): a mapping was expected\n  next: repair it\n"
    output, out, _ = streams(as_json=True)
    output.error(error)
    assert json.loads(out.getvalue()) == {
        "error": {
            "kind": "MalformedFile", "message": "a mapping was expected", "hint": "repair it",
            "where": {"path": "/x/_cm.yaml", "line": 3, "column": 5, "key": "deps"},
        },
        "status": 4,
    }  # fmt: skip


def test_a_failed_step_says_which_and_where_its_log_is() -> None:
    data = error_data(NativeFailed("run.sh ended with 3", step="a,b", chain=("top", "a,b"), log="/l.log"))
    assert data["error"]["step"] == "a,b"
    assert data["error"]["chain"] == ["top", "a,b"]
    assert data["error"]["log"] == "/l.log"
    assert data["status"] == 2
    assert "chain" not in error_data(FrancaError("x"))["error"]


# ---- progress --------------------------------------------------------------------------------------------


DURATIONS = [(0.004, "0.00 s"), (9.99, "9.99 s"), (12.34, "12.3 s"), (100, "1 min 40 s"), (185, "3 min 05 s")]


@pytest.mark.parametrize(("value", "text"), [*DURATIONS, (7620, "2 h 07 min")])
def test_durations(value: float, text: str) -> None:
    assert seconds(value) == text


EVENTS: list[tuple[ev.Event, str, str, str]] = [
    (ev.Said(text="hello"), "hello", "hello", "hello"),
    (ev.Warned(text="odd"), "warning: odd", "warning: odd", "warning: odd"),
    (ev.StepStarted(step="a,b", script="s", depth=1), "", "* a,b", "* a,b"),
    (ev.CacheHit(step="a", path="/c", state_file="f"), "", "  = cached in /c", "  = cached in /c"),
    (ev.StepFinished(step="a", seconds=0.1), "", "", ""),
    (ev.StepFinished(step="a", seconds=2), "", "  done in 2.00 s", "  done in 2.00 s"),
    (ev.StepFinished(step="a", seconds=0, version="1.2"), "", "  version 1.2", "  version 1.2"),
    (ev.NativeStarted(step="a", path="/s/run.sh", directory="/d"), "", "  > run.sh in /d", "  > run.sh in /d"),
    (ev.StepErred(step="a", error="e", status=2), "", "  failed: a", "  failed: a"),
    (ev.HookStarted(step="a", hook="preprocess", path="p"), "", "", "  . preprocess"),
    (ev.StepSkipped(step="a", reason="no"), "", "", "- a: no"),
    (ev.RunStarted(run="r", command="c"), "", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("event", "silent", "normal", "verbose"), EVENTS)
def test_what_each_level_shows(event: ev.Event, silent: str, normal: str, verbose: str) -> None:
    for level, text in ((Level.SILENT, silent), (Level.NORMAL, normal), (Level.VERBOSE, verbose)):
        line = line_of(event, level)
        assert (line.text if line else "") == text


def test_plain_lines_are_indented_by_depth_and_go_to_standard_error() -> None:
    output, out, err = streams()
    show = PlainScreen(output, Level.NORMAL)
    show(ev.StepStarted(step="top", script="s"))
    show(ev.StepStarted(step="below\x1b", script="s", depth=2))
    show.close()
    assert (out.getvalue(), err.getvalue()) == ("", "* top\n    * below\\x1b\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_the_same_words_and_no_spinner_is_left() -> None:
    err = Terminal()
    show = screen(Output(io.StringIO(), err), Level.NORMAL)
    for event in (
        ev.StepStarted(step="a[b]", script="s"),
        ev.NativeStarted(step="a", path="/s/run.sh", directory="/d"),
    ):
        show(event)
    assert getattr(show, "status", None) is None, "the spinner rests while a native script runs"
    show(ev.CacheWait(step="a", holder="process 7"))
    show.close()
    show.close()
    words = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", err.getvalue())
    assert "* a[b]\n" in words and "  > run.sh in /d\n" in words and "waiting: process 7" in words
    assert err.getvalue().rfind("\x1b[?25h") >= err.getvalue().rfind("\x1b[?25l"), "the cursor comes back"


# ---- plans -----------------------------------------------------------------------------------------------


def sample() -> Plan:
    def python(number: str) -> Step:
        return Step(number, "get,python3", REUSE, "a cached result", version="3.11", cache_path="/c/1")

    does = {"hooks": ("preprocess",), "native": "run.sh"}
    lib = Step("1.2", "get,lib,_x", RUN, "not cached", steps=(python("1.2.1"),), **does)
    gpu = Step("1.3", "get,cuda", SKIP, "DEVICE=cpu", section="post_deps")
    late = Step("1.4", 'say,"<b>"', DEFER, "depends on a hook", waits_for=("CM_A", "CM_B"))
    top = Step("1", "app", RUN, "not cached", steps=(python("1.1"), lib, gpu, late))
    return Plan(command="franca run script app", inputs={}, step=top)


def test_a_plan_as_a_tree() -> None:
    assert tree_lines(sample()) == [
        "plan of: franca run script app",
        "",
        "> app",
        "│   run: not cached",
        "├── = get,python3  version 3.11",
        "│       reuse: a cached result",
        "│       cache: /c/1",
        "├── > get,lib,_x",
        "│   │   run: not cached",
        "│   │   does: preprocess, run.sh",
        "│   └── = get,python3  version 3.11  (as above)",
        "├── - get,cuda  (post_deps)",
        "│       skip: DEVICE=cpu",
        '└── ? say,"<b>"',
        "        decided during the run: depends on a hook",
        "        waits for: CM_A, CM_B",
        "",
        "steps: 2 to reuse, 2 to run, 1 to skip, 1 decided during the run",
        "marks: = reuse  > run  - skip  ? decided during the run",
    ]


def test_why_shows_the_way_to_a_step_only() -> None:
    text = "\n".join(tree_lines(sample(), why="cuda"))
    assert "get,cuda" in text and "app" in text and "python3" not in text
    text = "\n".join(tree_lines(sample(), why="get,python3"))
    assert text.count("get,python3") == 2 and "get,lib" in text
    with pytest.raises(NotFound, match=r"closest: python3"):
        tree_lines(sample(), why="pyhton3")


def test_full_repeats_what_stands_above() -> None:
    assert "(as above)" not in "\n".join(tree_lines(sample(), full=True))


def test_a_long_row_of_skipped_steps_is_one_line_and_a_short_one_is_not() -> None:
    def skipped(count: int) -> Plan:
        steps = tuple(Step(f"1.{n}", f"get,thing{n},of,a,kind", SKIP, f"KIND={n}") for n in range(1, count + 1))
        last = Step(f"1.{count + 1}", "get,needed", RUN, "not cached")
        return Plan(command="franca run script app", inputs={}, step=Step("1", "app", RUN, "", steps=(*steps, last)))

    text = "\n".join(tree_lines(skipped(6)))
    assert "├── - 6 steps: get,thing1,of,a,kind; get,thing2,of,a,kind; get,thing3,of,a,kind; ...\n" in text
    assert "KIND=" not in text and "└── > get,needed" in text
    assert "\n".join(tree_lines(skipped(6), full=True)).count("KIND=") == 6
    assert "\n".join(tree_lines(skipped(3))).count("KIND=") == 3
    assert "KIND=4" in "\n".join(tree_lines(skipped(6), why="thing4"))


def test_dot_quotes_and_links() -> None:
    text = dot(sample())
    assert text.startswith("digraph plan {") and text.endswith("}\n")
    assert 'label="say,\\"<b>\\"\\ndecided during the run"' in text
    assert re.findall(r'"([\d.]+)" -> "([\d.]+)" \[label="(\d)"\]', text) == [
        ("1", "1.1", "1"), ("1", "1.2", "2"), ("1", "1.3", "3"), ("1", "1.4", "4"), ("1.2", "1.2.1", "1"),
    ]  # fmt: skip


def test_mermaid_leaves_no_mark_unescaped() -> None:
    text = mermaid(sample())
    assert text.startswith("flowchart LR\n")
    labels = re.findall(r'^  \w+\["(.*)"\]:::\w+$', text, re.M)
    assert len(labels) == 6
    for label in labels:
        assert not set('"<>`[]') & set(label.replace("<br/>", ""))
    assert "  s1_2 -->|1| s1_2_1" in text


def test_plans_survive_the_trip_through_json() -> None:
    output, out, _ = streams(as_json=True)
    output.answer(Answer({"plan": sample()}))
    plan: dict[str, Any] = json.loads(out.getvalue())["plan"]
    assert plan["step"]["steps"][1]["steps"][0]["label"] == "get,python3"
