"""Version rules and the record of a virtual environment (recipe get-generic-python-lib)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

Loader = Callable[[str, str], ModuleType]


@pytest.fixture(scope="module")
def environment(recipe: Loader) -> ModuleType:
    return recipe("get-generic-python-lib", "environment")


versions = st.builds(
    lambda release, suffix: ".".join(map(str, release)) + suffix,
    st.lists(st.integers(0, 30), min_size=1, max_size=4),
    st.sampled_from(["", "", "a1", "b2", "rc1", ".dev3", ".post1", "rc2", "a10"]),
)


@given(a=versions, b=versions)
def test_versions_are_ordered_as_packaging_orders_them(environment: ModuleType, a: str, b: str) -> None:
    assert (environment.order(a) < environment.order(b)) == (Version(a) < Version(b))
    assert (environment.order(a) == environment.order(b)) == (Version(a) == Version(b))


@pytest.mark.parametrize(
    ("exact", "least", "greatest", "text"),
    [
        ("", "", (), "numpy"),
        ("1.26", "1.0", ("2",), "numpy==1.26"),
        ("", "1.10.0", (), "numpy>=1.10.0"),
        ("", "1", ("2", ""), "numpy>=1,<=2"),
        ("", "", ("2", "1.9"), "numpy<=2,<=1.9"),
    ],
)
def test_requirement(environment: ModuleType, exact: str, least: str, greatest: tuple[str, ...], text: str) -> None:
    assert environment.requirement("numpy", exact, least, greatest) == text
    assert environment.split(text)[0] == "numpy"


@pytest.mark.parametrize(
    "package",
    [
        "--help",
        "-r/etc/passwd",
        "a b",
        "git+https://example.org/x",
        "x;os_name=='nt'",
        "$(id)",
        "../x",
        "x @ file:///x",
        "",
        "x\n--index-url=http://evil",
    ],
)
def test_options_and_addresses_are_no_packages(environment: ModuleType, package: str) -> None:
    with pytest.raises(environment.BadRequirement):
        environment.requirement(package)


def test_extras_are_accepted(environment: ModuleType) -> None:
    assert environment.split("Uvicorn[standard]>=0.2") == ("uvicorn", [(">=", "0.2")])


def fake_venv(root: Path, **packages: str) -> str:
    """An environment that claims to have packages; only its record and folders matter here."""
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "python3").write_text("")
    dists = {}
    for name, version in packages.items():
        info = f"lib/python3.11/site-packages/{name}-{version}.dist-info"
        (root / info).mkdir(parents=True)
        dists[name.replace("_", "-")] = {"version": version, "info": info}
    (root / "franca-env.json").write_text(json.dumps({"format": 1, "dists": dists}))
    return str(root)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("numpy", ("present", "2.1.0")),
        ("NumPy>=2", ("present", "2.1.0")),
        ("numpy==2.1", ("present", "2.1.0")),
        ("numpy<=1.26", ("other", "2.1.0")),
        ("scipy", ("absent", "")),
    ],
)
def test_answer(environment: ModuleType, tmp_path: Path, text: str, answer: tuple[str, str]) -> None:
    assert environment.answer(fake_venv(tmp_path / "v", numpy="2.1.0"), text) == answer


def test_a_package_removed_behind_our_back_is_absent(environment: ModuleType, tmp_path: Path) -> None:
    venv = fake_venv(tmp_path / "v", numpy="2.1.0")
    os.rmdir(os.path.join(venv, "lib/python3.11/site-packages/numpy-2.1.0.dist-info"))
    assert environment.answer(venv, "numpy") == ("absent", "")


@pytest.mark.parametrize("damage", ["gone", "garbage", "unfinished"])
def test_a_damaged_environment_is_broken(environment: ModuleType, tmp_path: Path, damage: str) -> None:
    venv = fake_venv(tmp_path / "v", numpy="2.1.0")
    if damage == "gone":
        os.remove(os.path.join(venv, "bin/python3"))
    elif damage == "garbage":
        Path(venv, "franca-env.json").write_text("{")
    else:
        Path(venv, "franca-installing.json").write_text("{}")
    assert environment.answer(venv, "numpy")[0] == "broken"


def test_installing_pins_what_is_there_but_not_what_shall_change(environment: ModuleType) -> None:
    record = {"dists": {"numpy": {"version": "2.1.0"}, "scipy": {"version": "1.14"}}}
    assert environment.pins(record, ["pandas"]) == ["numpy==2.1.0", "scipy==1.14"]
    assert environment.pins(record, ["numpy==1.26"]) == ["scipy==1.14"]
    assert environment.pins(record, ["numpy>=2"]) == ["numpy==2.1.0", "scipy==1.14"]


def decide(recipe: Loader, env: dict[str, Any], package: str) -> str:
    customize = recipe("get-generic-python-lib", "customize")
    env = {"CM_GENERIC_PYTHON_PACKAGE_NAME": package, **env}
    result = customize.preprocess({"env": env, "meta": {"variations": {}}})
    assert result == {"return": 0}
    return str(env["CM_TMP_PYTHON_VENV_SWITCH"])


def test_a_job_stays_in_its_environment_while_everything_fits(recipe: Loader, tmp_path: Path) -> None:
    env = {"CM_PYTHON_VENV_PATH": fake_venv(tmp_path / "v", numpy="2.1.0"), "CM_PYTHON_VENV_NAME": "shared"}
    assert decide(recipe, {**env, "CM_VERSION_MIN": "2.0"}, "numpy") == ""
    assert decide(recipe, {**env, "CM_VERSION": "1.0"}, "scipy") == ""


def test_a_version_that_does_not_fit_makes_the_same_fork_each_time(recipe: Loader, tmp_path: Path) -> None:
    env = {"CM_PYTHON_VENV_PATH": fake_venv(tmp_path / "v", numpy="2.1.0"), "CM_PYTHON_VENV_NAME": "shared"}
    first = decide(recipe, {**env, "CM_VERSION": "1.26"}, "numpy")
    assert first.startswith("fork-")
    assert decide(recipe, {**env, "CM_VERSION": "1.26"}, "numpy") == first
    with_more = {**env, "CM_VERSION": "1.26", "+CM_PYTHON_LIB_REQUESTS": ["scipy"]}
    assert decide(recipe, with_more, "numpy") != first


def test_a_named_environment_belongs_to_the_user(recipe: Loader, tmp_path: Path) -> None:
    env = {"CM_PYTHON_VENV_PATH": fake_venv(tmp_path / "v", numpy="2.1.0"), "CM_PYTHON_VENV_NAME": "mine"}
    assert decide(recipe, {**env, "CM_VERSION": "1.26"}, "numpy") == ""


def test_an_environment_that_has_gone_is_made_again_under_its_name(recipe: Loader, tmp_path: Path) -> None:
    env = {"CM_PYTHON_VENV_PATH": str(tmp_path / "gone"), "CM_PYTHON_VENV_NAME": "mine"}
    assert decide(recipe, env, "numpy") == "mine"


def test_bad_package_is_one_clear_error(recipe: Loader) -> None:
    customize = recipe("get-generic-python-lib", "customize")
    for name, part in (("--help", "not a package name"), ("", "_package.numpy")):
        result = customize.preprocess({"env": {"CM_GENERIC_PYTHON_PACKAGE_NAME": name}, "meta": {"variations": {}}})
        assert result["return"] == 1
        assert part in result["error"]


def make_package(folder: Path, name: str, version: str) -> None:
    """A real wheel, small, so that pip can install it without a network."""
    import zipfile

    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"version = {version!r}\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


def test_real_environment_from_creation_to_recovery(recipe: Loader, environment: ModuleType, tmp_path: Path) -> None:
    """Make, install, ask, fail, recover from a killed installation; with the real venv and pip.

    The pip is that of the base interpreter, as where ``ensurepip`` is missing: putting one into the environment takes
    longer than all the rest, and is what the integration tests do.
    """
    index, venv = tmp_path / "wheels", str(tmp_path / "v e é")
    index.mkdir()
    for name, version in (("alpha", "1.0"), ("alpha", "2.0"), ("beta", "1.0")):
        make_package(index, name, version)
    maker = recipe("install-python-venv", "make_venv")
    if not maker.base_pip_can_target():
        pytest.skip("the pip of this Python is missing or older than 22.3")
    assert maker.create(venv, with_pip=False)
    maker.write_record(venv, sys.executable)
    program = [environment.interpreter(venv), "-I", "-B", str(environment.__file__), venv]
    options = ["--no-index", f"--find-links={index}"]

    def install(*wanted: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*program, *options, *wanted], capture_output=True, text=True, check=False)

    assert install("alpha<=1.5").returncode == 0
    assert environment.answer(venv, "alpha") == ("present", "1.0")
    failed = install("gamma")
    assert failed.returncode != 0
    assert "gamma" in failed.stderr and "franca-pip.log" in failed.stderr
    # A killed installation: the mark is there and half a package lies around.
    Path(venv, "franca-installing.json").write_text('{"wanted": ["beta"]}')
    site = Path(environment.site_folder(venv))
    (site / "beta.py").write_text("half = ")
    assert install("beta").returncode == 0
    assert environment.answer(venv, "alpha") == ("present", "1.0")
    code = "import alpha, beta; print(alpha.version, beta.version)"
    shown = subprocess.run(
        [environment.interpreter(venv), "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == ["1.0", "1.0"]
