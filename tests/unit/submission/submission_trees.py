"""Copies of the real sample trees, and ways to damage them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from franca.mlperf.submission.checker import Options, Verdict, check_tree

DATA = Path(__file__).resolve().parents[2] / "data" / "mlperf"
REBELLIONS = "closed/rebellions"
SINGLE = f"{REBELLIONS}/results/ATOM/resnet50/SingleStream"
MULTI = f"{REBELLIONS}/results/ATOM/resnet50/MultiStream"
OFFLINE = f"{REBELLIONS}/results/ATOM/resnet50/Offline"
TESTS = f"{REBELLIONS}/compliance/ATOM/resnet50"
MEASURED = f"{REBELLIONS}/measurements/ATOM/resnet50/Offline"
SYSTEM = f"{REBELLIONS}/systems/ATOM.json"
RUN = "performance/run_1/mlperf_log_detail.txt"
SUMMARY = "performance/run_1/mlperf_log_summary.txt"
SERVER = (
    "closed/cTuning/results/aws_g4dn.xlarge.497G-nvidia_original-gpu-tensorrt-v8.5.2.2-default_config/resnet50/server"
)
POWERED = "closed/SiMa/results/davinci_dualm2/resnet50/SingleStream"

Damage = Callable[[Path], object]


def copy(name: str, target: Path, only: tuple[str, ...] = ()) -> Path:
    """A copy of a sample tree; `only` keeps these submitters (`closed/rebellions`)."""
    for part in only or (".",):
        shutil.copytree(DATA / name / part, target / part, dirs_exist_ok=True)
    return target


def broken_rules(verdict: Verdict) -> set[str]:
    return {finding.rule for finding in verdict.findings if finding.severity == "error"}


def check(tree: Path, **options: object) -> Verdict:
    return check_tree(str(tree), Options(**options))  # type: ignore[arg-type]


def set_value(path: Path, key: str, value: object) -> None:
    """Give all entries of a key of a detail log another value (as JSON)."""
    text = path.read_text("utf-8")
    pattern = rf'(\{{"key": "{re.escape(key)}", "value": )(?:"[^"]*"|\[[^\]]*\]|[^,]*)(, "time_ms")'
    changed, count = re.subn(pattern, lambda m: m.group(1) + json.dumps(value) + m.group(2), text)
    assert count, f"{path} has no {key}"
    path.write_text(changed, "utf-8")


def drop_key(path: Path, key: str) -> None:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if f'"key": "{key}"' not in line]
    assert len(kept) < len(lines)
    path.write_text("".join(kept), "utf-8")


def add_entry(path: Path, key: str, value: object, **meta: bool) -> None:
    """Append an entry, at the time of the last one."""
    last = path.read_text("utf-8").rstrip().splitlines()[-1]
    record = json.loads(last.removeprefix(":::MLLOG"))
    record.update(key=key, value=value)
    record["metadata"].update(meta)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(":::MLLOG " + json.dumps(record) + "\n")


def set_fields(path: Path, **fields: object) -> None:
    """Change a JSON object; None removes a field."""
    raw = json.loads(path.read_text("utf-8"))
    raw.update(fields)
    path.write_text(json.dumps({k: v for k, v in raw.items() if v is not None}), "utf-8")


def swap(one: Path, other: Path) -> None:
    aside = one.with_name(one.name + "-aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


V6_SEEDS = {
    "qsl_rng_seed": (10003631887983097364, 2085463073848966840),
    "sample_index_rng_seed": (17183018601990103738, 2747215439041700203),
    "schedule_rng_seed": (12134888396634371638, 16159082839903944936),
}


def closed_v6(target: Path) -> Path:
    """The closed sample of v3.0 in the layout, fields and seeds of v6.1 (made up from real parts)."""
    old = copy("v3.0", target.with_name("classic"), (REBELLIONS,)) / REBELLIONS
    new = target / REBELLIONS
    (new / "src/resnet50").mkdir(parents=True)
    shutil.copy(old / "code/resnet50/README.md", new / "src/resnet50/README.md")
    (new / "documentation").mkdir()
    (new / "documentation/calibration.md").write_text("none\n")
    shutil.copytree(old / "systems", new / "systems")
    raw = json.loads((new / "systems/ATOM.json").read_text("utf-8"))
    filled = {key: value or "N/A" for key, value in raw.items()}
    filled.update(host_processor_core_count="18", system_type_detail="edge server")
    (new / "systems/ATOM.json").write_text(json.dumps(filled), "utf-8")
    for scenario in ("SingleStream", "MultiStream", "Offline"):
        place = new / "results/ATOM/resnet50" / scenario
        shutil.copytree(old / "results/ATOM/resnet50" / scenario, place)
        for test in ("TEST01", "TEST04"):
            shutil.copytree(old / "compliance/ATOM/resnet50" / scenario / test, place / test)
        measured = old / "measurements/ATOM/resnet50" / scenario
        for name in ("user.conf", "README.md"):
            shutil.copy(measured / name, place / name)
        shutil.copy(measured / f"ATOM_RBLN_{scenario}.json", place / "measurements.json")
    for log in new.rglob("mlperf_log_*.txt"):
        text = log.read_text("utf-8")
        for before, after in V6_SEEDS.values():
            text = text.replace(str(before), str(after))
        log.write_text(text, "utf-8")
    shutil.rmtree(old.parents[1])
    return target
