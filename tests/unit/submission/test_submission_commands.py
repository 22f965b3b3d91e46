"""`franca submission ...` as people type it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from franca.cli.main import main
from tests.unit.submission.submission_trees import DATA, REBELLIONS, RUN, SINGLE, TESTS, copy, set_value


def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, *words: str) -> tuple[int, str, str]:
    status = main(["submission", *words], {"HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"})
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_accepted_tree_gives_status_0_and_the_verdict(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, err = run(capsys, tmp_path, "check", str(DATA / "v3.0"), "--brief")
    assert (status, out, err) == (0, "OK: Results=9, NoResults=0, round v3.0\n", "")


def test_refused_tree_gives_status_1_findings_and_remedies(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    set_value(tree / SINGLE / RUN, "result_validity", "INVALID")
    status, out, _ = run(capsys, tmp_path, "check", str(tree))
    assert status == 1
    assert f"error: P3 {SINGLE}/{RUN}: result is not valid" in out
    assert "next: Repeat the run" in out
    assert out.endswith("REFUSED: Results=2, NoResults=1, round v3.0\n")


def test_json_is_one_document(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = run(capsys, tmp_path, "check", str(DATA / "v3.0-power"), "--json")
    document = json.loads(out)
    assert status == document["status"] == 1
    assert document["results"][0]["power"] == 15.285569636160059


def test_summary_and_page_are_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    csv, page = tmp_path / "s.csv", tmp_path / "r.html"
    status, out, _ = run(capsys, tmp_path, "report", str(DATA / "v3.0"), f"--csv={csv}", f"--html={page}")
    assert status == 0 and "rebellions" in out
    assert csv.read_bytes() == (DATA / "expected-v3.0.csv").read_bytes()
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_typed_rows_are_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = tmp_path / "rows.json"
    run(capsys, tmp_path, "report", str(DATA / "v3.0-power"), f"--rows={rows}", "--url=https://example.org/r")
    plain, power = json.loads(rows.read_text())
    assert (plain["Result"], power["Result_Power"]) == (1.202577, 15.285569636160059)
    assert plain["url"].startswith("https://example.org/r/tree/master/closed/SiMa")


def test_options_reach_the_checker(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tree = str(DATA / "digits-v6.1")
    assert run(capsys, tmp_path, "check", tree, "--brief")[:2] == (0, "OK: Results=3, NoResults=0, round v6.1\n")
    status, out, _ = run(capsys, tmp_path, "check", tree, "--skip=dataset-size-check", "--round=v6.1", "--brief")
    assert status == 0 and out.startswith("OK with exceptions (skipped: dataset-size-check)")
    assert run(capsys, tmp_path, "check", str(DATA / "v3.0"), "--submitter=Deci", "--brief")[1].startswith(
        "OK: Results=1"
    )


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("check", "/no/such"), 16, "no directory '/no/such'"),
        (("check",), 1, "submission check takes DIRECTORY"),
        (("check", "a", "b"), 1, "submission check takes DIRECTORY"),
        (("diff", "a"), 1, "submission diff takes OLD NEW"),
        (("chek", "a"), 1, "no command 'submission chek'"),
        (("check", "{tree}", "--skip=compliancy"), 1, "closest: compliance"),
        (("check", "{tree}", "--round=v9.9"), 16, "known: v3.0"),
        (("check", "{tree}", "--ruond=v3.0"), 1, "--round"),
        (("fix", "{tree}", "--in-place", "--output=x"), 1, "exclude each other"),
        (("fix", "{tree}", "--rule=P3"), 1, "no mechanical repair for P3"),
    ],
)
def test_mistakes_get_one_message(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...], status: int, says: str
) -> None:
    found, out, err = run(capsys, tmp_path, *(word.format(tree=DATA / "v3.0") for word in words))
    assert (found, out) == (status, "")
    assert says in err and "Traceback" not in err


def test_fix_shows_first_and_repairs_a_copy_when_asked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    (tree / REBELLIONS / "code/__pycache__").mkdir()
    status, out, _ = run(capsys, tmp_path, "fix", str(tree))
    assert status == 0
    assert out == f"F1 {REBELLIONS}/code/__pycache__: remove\nnothing was changed: add --output=DIR or --in-place\n"
    assert (tree / REBELLIONS / "code/__pycache__").exists()
    run(capsys, tmp_path, "fix", str(tree), f"--output={tmp_path / 'new'}")
    assert (tree / REBELLIONS / "code/__pycache__").exists()
    assert run(capsys, tmp_path, "check", str(tmp_path / "new"))[0] == 0


@pytest.mark.parametrize(
    ("place", "rule"),
    [(f"{SINGLE}/accuracy", "A3"), (f"{TESTS}/Offline/TEST01/accuracy", "C5")],
)
def test_a_log_without_its_score_cannot_be_repaired_and_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, place: str, rule: str
) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    (tree / place / "accuracy.txt").unlink()
    for words in ([], [f"--rule={rule}"], ["--in-place"]):
        status, out, _ = run(capsys, tmp_path, "fix", str(tree), *words)
        assert status == 1 and "nothing to repair" not in out
        assert f"{rule} {place}: cannot be repaired: accuracy.txt cannot be read: No such file" in out
    assert run(capsys, tmp_path, "fix", str(tree), "--rule=F1")[:2] == (0, "nothing to repair\n")
    assert json.loads(run(capsys, tmp_path, "fix", str(tree), "--json")[1])["irreparable"][0]["path"] == place


def test_pack_and_diff(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    output = tmp_path / "a.tar.gz"
    status, out, _ = run(capsys, tmp_path, "pack", str(DATA / "v3.0"), f"--output={output}")
    assert status == 0 and "196 files" in out and output.exists()
    status, _, err = run(capsys, tmp_path, "pack", str(DATA / "v3.0"), f"--output={output}")
    assert status == 8 and "--force" in err
    assert run(capsys, tmp_path, "diff", str(DATA / "v3.0"), str(DATA / "v3.0")) == (0, "no difference\n", "")
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    status, out, _ = run(capsys, tmp_path, "diff", str(DATA / "v3.0"), str(tree))
    assert status == 1 and "removed result open/Deci" in out


def test_skips_and_commands_can_be_listed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "dataset-size-check: A5" in run(capsys, tmp_path, "check", "--skip=list")[1]
    assert "franca submission pack DIRECTORY" in run(capsys, tmp_path)[1]


# Names of the official tools' options, and what the refusal must name (specification 12.2).
OFFICIAL = {
    "--input=tree": "franca submission check DIRECTORY",
    "--version=v3.1": "--round=vX.Y",
    "--skip_compliance": "--skip=compliance",
    "--extra-model-benchmark-map=m.json": "--mapping=FILE",
    "--debug": "--json",
    "--submission-exceptions": "--skip=list",
    "--more-power-check": "franca submission power",
    "--skip-power-check": "--skip=power-check",
    "--skip-meaningful-fields-emptiness-check": "--skip=meaningful-fields-emptiness-check",
    "--skip-check-power-measure-files": "--skip=check-power-measure-files",
    "--skip-empty-files-check": "--skip=empty-files-check",
    "--skip-extra-files-in-root-check": "--skip=extra-files-in-root-check",
    "--skip-extra-accuracy-files-check": "--skip=extra-accuracy-files-check",
    "--skip-all-systems-have-results-check": "--skip=all-systems-have-results-check",
    "--skip-calibration-check": "--skip=calibration-check",
    "--skip-dataset-size-check": "--skip=dataset-size-check",
    "--private-ids": "privateid.json",
}


@pytest.mark.parametrize("option", OFFICIAL)
def test_options_of_the_official_tools_are_told_what_replaces_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str
) -> None:
    status, out, err = run(capsys, tmp_path, "check", str(DATA / "v3.0"), option)
    assert (status, out) == (1, "") and OFFICIAL[option] in err
    name = OFFICIAL[option].removeprefix("--skip=")
    listed = [line.split(":")[0] for line in run(capsys, tmp_path, "check", "--skip=list")[1].splitlines()]
    assert not option.startswith("--skip") or name in listed


def test_rules_are_listed_with_source_and_remedy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = run(capsys, tmp_path, "rules", "P3", "C4")
    assert status == 0
    assert [line.split(":")[0] for line in out.splitlines() if not line.startswith(" ")] == ["P3", "C4"]
    assert out.count("source: ") == out.count("next: ") == 2
    assert json.loads(run(capsys, tmp_path, "rules", "--json")[1])["rules"][0]["id"] == "F1"
    assert run(capsys, tmp_path, "rules", "Z9")[0] == 1


def test_commands_of_the_guide_exist() -> None:
    import re

    from franca.cli import registry

    guide = (DATA.parents[2] / "docs/how-to/check-a-submission.md").read_text("utf-8")
    lines = re.findall(r"^franca (submission \w+)(.*)$", guide, re.M)
    assert len(lines) >= 6
    for name, rest in lines:
        command = registry.command(*name.split())
        assert command is not None and command.usage.startswith(name.split()[1])
        for option in re.findall(r"--([a-z-]+)", rest):
            assert command.option(option.replace("-", "_")) is not None


def test_nothing_heavy_is_imported_for_help() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from franca.cli.main import main; main(['submission', 'check', '--help']);"
        "print([m for m in sys.modules if m.startswith('franca.mlperf')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert io.StringIO(done.stdout).readline().startswith("franca submission")


def test_building_from_nothing_and_with_wrong_words_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    place = str(tmp_path / "empty")
    for words, message in (
        ([place], "no benchmark results"),
        ([place, "--map=digits"], "expected NAME=OFFICIAL"),
        ([place, "--division=ajar"], "ajar is not one of"),
        ([place, "--submitter=a b"], "it names a folder"),
        ([], "takes RESULTS"),
    ):
        assert main(["submission", "build", *words, f"--output={tmp_path / 'tree'}"]) != 0
        err = capsys.readouterr().err
        assert message in err and "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
