"""The new tree of `franca submission preprocess` is accepted, and its list says what was done to the old one."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from franca.cli.main import main
from franca.errors import AlreadyExists, Refused, UsageError
from franca.mlperf.submission.build import Built
from franca.mlperf.submission.build_verdict import judge, skips_for
from franca.mlperf.submission.checker import Options
from franca.mlperf.submission.documents import file_digest
from franca.mlperf.submission.preprocess import Preprocessed, preprocess_tree
from franca.mlperf.submission.preprocess_main import main as preprocess_main
from franca.mlperf.submission.preprocess_step import preprocess_built
from tests.unit.submission.submission_trees import (
    DATA,
    MULTI,
    OFFLINE,
    POWERED,
    REBELLIONS,
    RUN,
    SINGLE,
    TESTS,
    broken_rules,
    check,
    closed_v6,
    copy,
    replace,
    set_fields,
    set_value,
)

MODEL = "rebellions/results/ATOM/resnet50"


def files(tree: Path) -> dict[str, str]:
    return {str(p.relative_to(tree)): file_digest(str(p), "sha256") for p in sorted(tree.rglob("*")) if p.is_file()}


def process(tree: Path, **options: object) -> tuple[Path, Preprocessed]:
    """The new tree; the old one is as it was."""
    before, new = files(tree), tree.with_name("new")
    infer = bool(options.pop("infer", False))
    done = preprocess_tree(str(tree), str(new), Options(**options), infer=infer)  # type: ignore[arg-type]
    assert files(tree) == before
    assert json.loads(new.with_name("new_changes.json").read_text()) == [
        {"action": c.action, "path": c.path, "reason": c.reason, "to": c.to} for c in done.changes
    ]
    return new, done


def places(tree: Path) -> set[str]:
    return {str(p.parent.parent.parent.relative_to(tree)) for p in tree.glob(f"*/*/results/*/*/*/{RUN}")}


def invalid(tree: Path, place: str) -> None:
    set_value(tree / place / RUN, "result_validity", "INVALID")


def test_closed_model_with_low_accuracy_moves_to_open_with_measurements_and_code(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    replace(tree / SINGLE / "accuracy/accuracy.txt", "accuracy=", "accuracy=7.1%\naccuracy=")
    set_fields(tree / REBELLIONS / "systems/ATOM.json", system_type_detail="edge server")
    assert broken_rules(check(tree)) == {"A2", "B3"}
    new, done = process(tree)
    assert places(new) == {
        f"open/rebellions/results/ATOM/resnet/{s}" for s in ("SingleStream", "MultiStream", "Offline")
    }
    assert (new / "open/rebellions/measurements/ATOM/resnet/Offline/user.conf").is_file()
    assert (new / "open/rebellions/code/resnet/README.md").is_file()
    assert json.loads((new / "open/rebellions/systems/ATOM.json").read_text())["division"] == "open"
    assert not (new / "closed").exists()
    assert check(new).ok and done.verdict.ok


def test_invalid_run_is_removed_and_the_rest_of_its_closed_model_moves(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    invalid(tree, SINGLE)
    new, done = process(tree)
    assert places(new) == {f"open/rebellions/results/ATOM/resnet/{s}" for s in ("MultiStream", "Offline")}
    actions = [(c.action, c.path) for c in done.changes]
    assert ("remove", "closed/rebellions/results/ATOM/resnet/SingleStream") in actions
    assert ("move", "closed/rebellions/results/ATOM/resnet") in actions
    assert "P3 " in next(c.reason for c in done.changes if c.path.endswith("/SingleStream"))
    assert check(new).ok


def test_failed_compliance_moves_a_result_of_the_v6_layout(tmp_path: Path) -> None:
    tree = closed_v6(tmp_path / "tree")
    assert check(tree, skip=("compliance",)).ok
    shutil.rmtree(tree / OFFLINE / "TEST01")
    new, _ = process(tree)
    assert places(new) == {
        f"open/rebellions/results/ATOM/resnet/{s}" for s in ("SingleStream", "MultiStream", "Offline")
    }
    assert (new / "open/rebellions/src/resnet/README.md").is_file()
    assert check(new).ok


def test_other_submitters_and_models_stay_where_they_are(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree")
    invalid(tree, SINGLE)
    new, _ = process(tree)
    untouched = {p for p in places(tree) if "rebellions" not in p and not p.startswith("closed/cTuning")}
    assert untouched <= places(new)
    verdict = check(new)
    assert verdict.ok and len(verdict.records) == len(check(tree).records) == 8


def test_failed_power_records_go_and_the_run_stays(tmp_path: Path) -> None:
    tree = copy("v3.0-power", tmp_path / "tree")
    options = {"scenarios_to_skip": ("MultiStream", "Offline"), "skip": ("compliance",)}  # which the sample lacks
    (tree / POWERED / "performance/power/server.log").unlink()
    assert "W1" in broken_rules(check(tree))
    new, done = process(tree, **options)
    run = next(new.glob("closed/SiMa/results/*/resnet/SingleStream/performance"))
    assert {p.name for p in run.iterdir()} == {"run_1"} and not (run / "run_1/spl.txt").exists()
    assert done.verdict.ok and not done.verdict.records[0].has_power
    assert check(new, **options).ok


def test_missing_edge_scenarios_are_inferred_when_asked(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    for part in ("results", "measurements", "compliance"):
        for scenario in ("MultiStream", "Offline"):
            shutil.rmtree(tree / REBELLIONS / part / "ATOM/resnet50" / scenario)
    assert "B3" in broken_rules(check(tree))
    new, done = process(tree, infer=True)
    assert check(new).ok and done.verdict.ok
    inferred = {r.scenario: (r.inferred, r.result) for r in done.verdict.records}
    assert {name: flag for name, (flag, _) in inferred.items()} == {
        "SingleStream": False,
        "MultiStream": True,
        "Offline": True,
    }
    logged = re.search(r'"early_stopping_latency_ms", "value": (\d+)', (tree / SINGLE / RUN).read_text())
    assert logged and inferred["MultiStream"][1] == pytest.approx(8 * int(logged[1]) / 1e6)
    measured = new / "closed/rebellions/measurements/ATOM/resnet/MultiStream"
    assert (measured / "ATOM_RBLN_MultiStream.json").is_file()
    assert not (measured / "ATOM_RBLN_SingleStream.json").exists()


def test_invalid_scenario_is_replaced_by_an_inferred_one(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    invalid(tree, MULTI)
    new, done = process(tree, infer=True)
    assert done.verdict.ok and all(p.startswith("closed/") for p in places(new))
    assert [(c.action, c.to) for c in done.changes if c.action == "copy"] == [
        ("copy", "closed/rebellions/results/ATOM/resnet/MultiStream")
    ]


def test_nothing_is_inferred_without_being_asked_or_for_datacenters(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    for part in ("results", "measurements", "compliance"):
        shutil.rmtree(tree / REBELLIONS / part / "ATOM/resnet50/MultiStream")
    new, done = process(tree)
    assert not [c for c in done.changes if c.action == "copy"]
    assert places(new) == {f"open/rebellions/results/ATOM/resnet/{s}" for s in ("SingleStream", "Offline")}


def test_scenarios_of_a_mapped_open_model_are_inferred_too(tmp_path: Path) -> None:
    tree = copy("digits-v6.1", tmp_path / "tree")
    place = "open/Franca/results/digits-host/digits-cnn"
    shutil.rmtree(tree / place / "Offline")
    new, done = process(tree, infer=True)
    assert [(c.path, c.to) for c in done.changes] == [(f"{place}/MultiStream", f"{place}/Offline")]
    assert check(new).ok and {r.scenario: r.inferred for r in done.verdict.records} == {
        "SingleStream": False,
        "MultiStream": False,
        "Offline": True,
    }


def test_high_accuracy_results_stand_for_the_plain_variant(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", ("network/HPE", "open/Deci"))
    new, done = process(tree, infer=True)
    system = "network/HPE/results/dl385_q8_std-qaic-v1.8.3.7-aic100"
    assert {f"{system}/bert-99/server", f"{system}/bert-99/offline"} <= places(new)
    assert (new / "network/HPE/code/bert-99").is_dir()
    verdict = check(new)
    assert verdict.ok and len(verdict.records) == 6 and done.verdict.ok


@pytest.mark.parametrize("name", ["resnet50", "ResNet", "RESNET50"])
def test_closed_models_get_their_official_name(tmp_path: Path, name: str) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    for place in (TESTS, f"{REBELLIONS}/measurements/ATOM/resnet50", f"{REBELLIONS}/results/ATOM/resnet50"):
        (tree / place).rename((tree / place).with_name(name))
    (tree / REBELLIONS / "code/resnet50").rename(tree / REBELLIONS / "code" / name)
    new, done = process(tree)
    assert places(new) == {
        f"closed/rebellions/results/ATOM/resnet/{s}" for s in ("SingleStream", "MultiStream", "Offline")
    }
    assert [c.action for c in done.changes] == ["rename"] and check(new).ok


def test_names_of_open_models_that_mean_something_stay(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", ("open/cTuning",))
    new, done = process(tree)
    assert not done.changes and files(new) == files(tree)


def test_invalid_open_result_is_removed_with_what_it_needed(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", ("open/cTuning", "open/Deci"))
    place = next(tree.glob(f"open/Deci/results/*/*/*/{RUN}"))
    set_value(place, "result_validity", "INVALID")
    new, done = process(tree)
    assert not (new / "open/Deci").exists() and check(new).ok
    assert "no result is left" in [c.reason for c in done.changes]


def test_a_tree_without_any_good_result_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", ("open/Deci",))
    set_value(next(tree.glob(f"open/Deci/results/*/*/*/{RUN}")), "result_validity", "INVALID")
    with pytest.raises(Refused, match="no result"):
        preprocess_tree(str(tree), str(tmp_path / "new"))
    assert [p.name for p in tmp_path.iterdir()] == ["tree"]


def test_result_that_open_has_already_is_not_overwritten(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    shutil.copytree(tree / REBELLIONS, tree / "open/rebellions")
    set_fields(tree / "open/rebellions/systems/ATOM.json", division="open")
    shutil.rmtree(tree / TESTS / "Offline/TEST01")
    for scenario in ("SingleStream", "MultiStream"):
        shutil.rmtree(tree / f"open/{MODEL}" / scenario)
    (tree / f"open/{MODEL}").rename(tree / "open/rebellions/results/ATOM/resnet")
    (tree / "open/rebellions/measurements/ATOM/resnet50").rename(tree / "open/rebellions/measurements/ATOM/resnet")
    before = files(tree / "open/rebellions/results")
    new, done = process(tree)
    assert files(new / "open/rebellions/results") == before
    assert any("already" in change.reason for change in done.changes)


def test_empty_directories_go(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", ("open/cTuning",))
    (tree / "open/cTuning/code/none/at/all").mkdir(parents=True)
    new, done = process(tree)
    assert not (new / "open/cTuning/code/none").exists() and check(new).ok
    assert {c.path for c in done.changes} == {
        f"open/cTuning/code/{name}" for name in ("none", "none/at", "none/at/all")
    }


def test_output_must_be_new_and_outside(tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", ("open/Deci",))
    with pytest.raises(AlreadyExists):
        preprocess_tree(str(tree), str(tmp_path))
    with pytest.raises(UsageError, match="inside"):
        preprocess_tree(str(tree), str(tree / "new"))
    with pytest.raises(UsageError, match="no directory"):
        preprocess_tree(str(tree), str(tmp_path / "no/where"))


def test_links_of_a_hostile_tree_are_neither_followed_nor_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("kept")
    tree = copy("v3.0", tmp_path / "tree", ("open/Deci", "open/cTuning"))
    place = next(tree.glob(f"open/Deci/results/*/*/*/{RUN}"))
    set_value(place, "result_validity", "INVALID")
    (place.parents[2] / "extra").symlink_to(outside)
    process(tree)
    assert (outside / "kept.txt").read_text() == "kept"


def test_command_plans_first_and_writes_with_output(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", (REBELLIONS,))
    invalid(tree, SINGLE)
    env = {"HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}
    assert main(["submission", "preprocess", str(tree)], env) == 0
    out = capsys.readouterr().out
    removed = next(line for line in out.splitlines() if line.startswith("remove closed"))
    assert removed.startswith("remove closed/rebellions/results/ATOM/resnet/SingleStream: ") and "P3 " in removed
    assert "nothing was written: add --output=DIR" in out
    new = tmp_path / "new"
    assert main(["submission", "preprocess", str(tree), f"--output={new}", "--json"], env) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] and document["tree"] == str(new)
    assert [c["action"] for c in document["changes"]].count("move") == 1
    assert main(["submission", "check", str(new), "--brief"], env) == 0


def test_sample_trees_need_no_change_but_names() -> None:
    done = preprocess_tree(str(DATA / "v3.0"))
    assert {c.action for c in done.changes} == {"rename"} and done.path == ""
    assert len(done.verdict.records) == 9 and done.verdict.ok


def test_program_of_the_recipe_writes_the_tree(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tree = copy("v3.0", tmp_path / "tree", ("open/Deci", "open/cTuning"))
    set_value(next(tree.glob(f"open/Deci/results/*/*/*/{RUN}")), "result_validity", "INVALID")
    new = tmp_path / "new"
    assert preprocess_main([str(tree), str(new), "", "v3.0", "no"]) == 0
    out = capsys.readouterr().out
    assert "remove open/Deci: no result is left" in out and f"new tree: {new}" in out
    assert check(new).ok
    assert preprocess_main([str(tree), str(new), "", "v3.0", "no"]) != 0
    assert "exists" in capsys.readouterr().err


def built_digits(tmp_path: Path) -> Built:
    tree = copy("digits-v6.1", tmp_path / "tree")
    results = [
        f"open/{p.parent.parent.parent.relative_to(tree / 'open')}" for p in tree.glob(f"open/*/results/*/*/*/{RUN}")
    ]
    mapping = json.loads(next(tree.glob("open/*/model_mapping.json")).read_text())
    return Built(str(tree), "v6.1", "v6", "open", "valid", sorted(results), {}, mapping)


def test_step_after_a_build_goes_on_with_the_new_tree(tmp_path: Path) -> None:
    built = built_digits(tmp_path)
    set_value(Path(built.path) / built.results[0] / RUN, "result_validity", "INVALID")
    said: list[str] = []
    for _ in range(2):  # the second one keeps the first one's tree aside
        done = preprocess_built(built, said.append, clean=True, infer=False)
    assert done.path == f"{built.path}_processed" and os.path.isdir(f"{done.path}.previous")
    assert sorted(done.results) == built.results[1:]
    assert judge(done, skips_for(done)).ok
    assert any(f"remove {built.results[0]}" in line for line in said)
    assert preprocess_built(built, said.append, clean=False, infer=False) is built
