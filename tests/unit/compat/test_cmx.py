"""The second interface beyond the checklist: older and newer modules, what actions receive, flags (CM core, 14)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[int, str, str]]

MODULE = """
import json, os
from cmind.automation import Automation


class CAutomation(Automation):
    def show(self, i):
        print(json.dumps(i, sort_keys=True))
        return {"return": 0}

    def both(self, i):
        return {"return": 0, "form": "older"}

    def both_cmx(self, i):
        return {"return": 0, "form": "newer", "control": sorted(i["control"])}

    def wander(self, i):
        os.chdir("/")
        return {"return": 0}

    def nested(self, i):
        return self.cmind.x({"action": "show", "automation": "demo", "k": 1, "control": {"out": "con"}})

    def warn(self, i):
        return {"return": 5, "error": "e", "warning": "watch out"}

    def oops(self, i):
        raise ValueError("no")
"""


@pytest.fixture
def demo(store: Any, run_cm: Run) -> Path:
    """An automation without code."""
    run_cm("add", "repo", "r")
    run_cm("add", "automation", "r:demo")
    folder: Path = store.root / "repos" / "r" / "automation" / "demo"
    (folder / "module.py").unlink()
    return folder


@pytest.mark.parametrize("name", ["module.py", "modulex.py"])
def test_each_interface_takes_the_module_of_the_other_where_that_is_all(name: str, demo: Path, run_cm: Run) -> None:
    (demo / name).write_text(MODULE)
    assert json.loads(run_cm("show", "demo", "--k=v")[1])["k"] == "v"
    newer = json.loads(run_cm("show", "demo", "k=v", program="cmx")[1])
    assert newer["k"] == "v"
    assert ("cmd" in newer) is (name == "module.py"), "an older module gets the older form"
    assert newer["control"]["_input"] == {"k": "v"}


def test_an_action_may_have_a_method_for_each_form(demo: Path, cm: Any) -> None:
    (demo / "module.py").write_text(MODULE)
    assert cm.access("both demo")["form"] == "older"
    answer = cm.x("both demo -time")
    assert answer == {"return": 0, "form": "newer", "control": ["_cmd", "_input", "_parsed_automation", "time"]}


def test_calls_within_calls_and_the_current_directory(demo: Path, cm: Any, capfd: pytest.CaptureFixture[str]) -> None:
    (demo / "modulex.py").write_text(MODULE)
    here = os.getcwd()
    assert cm.x({"action": "wander", "automation": "demo"})["return"] == 0
    assert os.getcwd() == here
    assert cm.x({"action": "nested", "automation": "demo"})["return"] == 0
    assert json.loads(capfd.readouterr().out)["k"] == 1


def test_errors_warnings_and_exceptions(demo: Path, run_cm: Run) -> None:
    (demo / "modulex.py").write_text(MODULE)
    assert run_cm("warn", "demo", program="cmx") == (5, "", "\nCMX detected a problem: watch out!\n")
    status, _, err = run_cm("oops", "demo", program="cmx")
    assert (status, "ValueError: no" in err) == (1, True)
    with pytest.raises(ValueError, match="no"):
        run_cm("oops", "demo", "-raise", program="cmx")
    with pytest.raises(Exception, match="e"):
        run_cm("warn", "demo", "-raise", program="cmx")


def test_what_is_measured_and_saved(demo: Path, run_cm: Run) -> None:
    (demo / "modulex.py").write_text(MODULE)
    words = ("both", "demo", "-time", "-profile", "-i", "-save_to_json_file=a.json", "-save_to_yaml_file=a.yaml")
    status, out, err = run_cm(*words, program="cmx")
    assert (status, err) == (0, "")
    assert "CMX elapsed time:" in out
    assert "function calls" in out
    assert "Disk:" in out
    assert json.loads(Path("a.json").read_text())["form"] == "newer"
    assert Path("a.yaml").read_text().startswith("control:")
    assert json.loads(run_cm("both", "demo", "-j", "-time", program="cmx")[1])["return"] == 0


def test_an_automation_made_through_it_has_the_newer_module(run_cm: Run, store: Any) -> None:
    assert run_cm("add", "automation", "fresh", program="cmx")[0] == 0
    folder = store.root / "repos" / "local" / "automation" / "fresh"
    assert sorted(path.name for path in folder.iterdir()) == ["_cm.yaml", "modulex.py"]
    given = json.loads(run_cm("test", "fresh", "x=1", program="cmind")[1])
    assert given["control"]["_cmd"] == ["test", "fresh", "x=1"]


def test_ff_is_short_for_a_flow(run_cm: Run) -> None:
    status, _, err = run_cm("ff", "my-task", program="cmx")
    assert (status, 'automation "flex.flow" not found' in err) == (4, True)


def test_the_version_and_the_flags(run_cm: Run) -> None:
    assert run_cm("-version", program="cmx")[:2] == (0, "4.2.0\n")
    assert "-save_to_json_file" in run_cm("-h", program="cmx")[1]
    assert run_cm("-bogus", program="cmx")[0] == 1


def test_a_control_that_is_no_mapping_is_an_error(cm: Any) -> None:
    assert cm.x({"action": "version", "control": "out"})["return"] == 1


def test_one_program_runs_scripts_of_both_dialects(store: Any, run_cm: Run) -> None:
    for name, new in (("older", False), ("newer", True)):
        prefix = "MLC" if new else "CM"
        meta = {"tags": [name, "script"], "env": {f"{prefix}_K": name}, "new_env_keys": [f"{prefix}_K"]}
        store.script(store.repo(f"repo-{name}", new=new), name, meta)
        status, out, _ = run_cm(f"{name},script", "-j", program="cmxr")
        assert (status, json.loads(out)["new_env"]) == (0, {f"{prefix}_K": name})


@pytest.mark.parametrize(("program", "same"), [("cmlcr", "mlcr"), ("cr", "mlcr"), ("ft", "flextask")])
def test_shorter_names(program: str, same: str, store: Any, run_cm: Run) -> None:
    store.script(store.repo("r", new=True), "s", {"env": {"MLC_K": "v"}, "new_env_keys": ["MLC_K"]})
    assert run_cm("s", "-j", program=program) == run_cm("s", "-j", program=same)
