"""Finding tools: names with version suffixes, order, constraints, upwards and downwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.compat import file_search as search
from franca.errors import NotFound, UsageError


def tool(directory: Path, name: str, text: str = "x") -> str:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text(text)
    return str(directory / name)


def test_a_name_may_carry_a_version_and_nothing_else(tmp_path: Path) -> None:
    wanted = ["gcc", "gcc.9", "gcc-9", "gcc-13", "gcc13", "gcc12.2"]
    for name in (*wanted, "gcc-ar", "gcc-13-extra", "xgcc", "gcc-123"):
        tool(tmp_path, name, name)
    found = [Path(path).name for path in search.candidates([str(tmp_path)], "gcc")]
    assert found[0] == "gcc"
    assert sorted(found) == sorted(wanted)


def test_directories_keep_their_order_and_a_file_comes_once(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    one = tool(first, "t")
    two = tool(second, "t")
    (second / "t-9").symlink_to(one)
    assert search.candidates([str(second), str(first)], "t") == [two, str(second / "t-9")]
    assert search.candidates([str(first), str(second), str(tmp_path / "none")], "t") == [one, two]


def test_directories_count_only_where_they_are_wanted(tmp_path: Path) -> None:
    (tmp_path / "cuda").mkdir()
    assert search.candidates([str(tmp_path)], "cuda", files_only=True) == []
    assert search.candidates([str(tmp_path)], "cuda") == [str(tmp_path / "cuda")]


def test_given_directories_must_exist_unless_told_otherwise(tmp_path: Path) -> None:
    text = f"{tmp_path}:{tmp_path}/none"
    with pytest.raises(UsageError, match="doesn't exist"):
        search.given_directories(text, ignore_missing=False)
    assert search.given_directories(text, ignore_missing=True) == [str(tmp_path)]


@pytest.mark.parametrize(
    ("rule", "version", "accepted"),
    [
        (search.VersionRule(exact="3.11"), "3.11.7", False),
        (search.VersionRule(exact="3.11", new=True), "3.11.7", True),
        (search.VersionRule(exact="3.1", new=True), "3.11.7", False),
        (search.VersionRule(minimum="3.8"), "3.10", True),
        (search.VersionRule(minimum="3.8", maximum="3.9"), "3.10", False),
        (search.VersionRule(), "anything", True),
    ],
)
def test_version_rules(rule: search.VersionRule, version: str, accepted: bool) -> None:
    assert rule.accepts(version) is accepted


def test_candidates_are_filtered_by_what_they_report() -> None:
    reported = {"a": "1.0", "b": "2.0", "c": "-1", "d": ""}
    found = search.versioned(reported, reported.__getitem__, search.VersionRule(minimum="1.5"))
    assert [(one.path, one.version) for one in found] == [("b", "2.0"), ("d", "")]


def test_choosing() -> None:
    both = [search.Candidate("a"), search.Candidate("b")]
    asked: list[list[str]] = []

    def ask(lines: object) -> int:
        asked.append(list(lines))  # type: ignore[call-overload]
        return 1

    assert search.choose(both, take_first=True, ask=ask, what="t").path == "a"
    assert asked == []
    assert search.choose(both, take_first=False, ask=ask, what="t").path == "b"
    assert search.choose(both[:1], take_first=False, ask=ask, what="t").path == "a"
    assert asked == [["a", "b"]]
    with pytest.raises(NotFound) as caught:
        search.choose([], take_first=True, ask=ask, what="gcc")
    assert caught.value.status == 16


def test_upwards_and_downwards(tmp_path: Path) -> None:
    tool(tmp_path / "a" / "x64", "cl.exe")
    tool(tmp_path / "b" / "x86", "cl.exe")
    assert search.find_downwards([str(tmp_path)], "cl.exe") == [str(tmp_path / "a/x64"), str(tmp_path / "b/x86")]
    assert search.find_downwards([str(tmp_path)], "cl.exe", ["x64"]) == [str(tmp_path / "a/x64")]
    assert search.find_upwards(str(tmp_path / "a" / "x64"), "b") == str(tmp_path)
    assert search.find_upwards(str(tmp_path), "no-such-file-anywhere") == ""


def test_below_stops_at_a_depth(tmp_path: Path) -> None:
    (tmp_path / "1" / "2" / "3").mkdir(parents=True)
    found = search.below(str(tmp_path), 2)
    assert found == [str(tmp_path), str(tmp_path / "1"), str(tmp_path / "1/2")]


def test_a_version_in_a_text() -> None:
    parsed = search.parse_version_text("gcc (Debian) 12.2.0", r"\s(\d+)\.(\d+)", 1, extra_group=2, joiner="_")
    assert parsed is not None
    assert parsed.version == "12_2"
    assert search.parse_version_text("none", r"(\d+)", 1) is None
