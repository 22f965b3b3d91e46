"""Reading projects: fenced commands, TOML lists, options of programs; any text is survived."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franca.authoring.needs import toml_list, toml_table
from franca.authoring.programflags import Flag, flags_in
from franca.authoring.survey import look
from franca.authoring.ways import fenced


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("```bash\na b\n```\n", [(2, "a b")]),
        ("~~~\n$ a\n~~~\nb\n", [(2, "a")]),
        ("```\na \\\n  -b \\\n  -c\nd\n```", [(2, "a -b -c"), (5, "d")]),
        ("````sh\n```\na\n````", [(2, "```"), (3, "a")]),
        ("```python\na\n```\n```console\n$ b\nc\n```", [(5, "b"), (6, "c")]),
        ("    ```\n    a\n", []),
        ("```\nnever closed", [(2, "never closed")]),
    ],
)
def test_fenced_lines(text: str, lines: list[tuple[int, str]]) -> None:
    assert list(fenced(text)) == lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[project]\ndependencies = ['a', \"b[x]>=1\"]\n", ["a", "b[x]>=1"]),
        ("[project]\ndependencies = [\n 'a',\n # 'no'\n 'b', # 'c'\n]\n[x]\n", ["a", "b"]),
        ("[tool.project]\ndependencies = ['a']\n", []),
        ("[project]\nname = 'dependencies = [1]'\n", []),
        ("", []),
    ],
)
def test_lists_of_a_toml_file(text: str, expected: list[str]) -> None:
    found = toml_list(text, "project", "dependencies")
    assert [one for one in found if one not in ("c",)] == expected


def test_tables_end_where_the_next_begins() -> None:
    assert toml_table("[a]\nx = 1\n[b]\ny = 2\n", "a").strip() == "x = 1"
    assert toml_table("[a]\nx = 1\n[b]\ny = 2\n", "c") == ""


def test_options_of_a_program() -> None:
    text = (
        "p.add_argument('-e', '--epochs', type=int, default=3, help='How\\n many')\n"
        "p.add_argument('--fast', action='store_true')\np.add_argument('--no', action='append')\n"
        "p.add_argument('file')\np.add_argument(NAME)\ng.add_argument('--mode', choices=['a', 'b'], default=None)\n"
        "p.add_argument('--computed', default=f(), help='x' + y)\n"
    )
    assert flags_in(text) == (
        Flag("--epochs", "How many", "3"),
        Flag("--fast", switch=True),
        Flag("--mode", choices=("a", "b")),
        Flag("--computed"),
    )
    assert flags_in("def (:") == ()


@settings(max_examples=60, deadline=None)
@given(
    readme=st.text(alphabet="`~bash\n $\\mkepython.3x-'\"#=", max_size=80),
    toml=st.text(alphabet="[project]\ndensci= '\".:,#", max_size=80),
    make=st.text(alphabet="run:\n\t?=X $(", max_size=40),
)
def test_any_text_is_survived(tmp_path_factory: pytest.TempPathFactory, readme: str, toml: str, make: str) -> None:
    folder: Path = tmp_path_factory.mktemp("p")
    for name, text in (("README.md", readme), ("pyproject.toml", "[project]\n" + toml), ("Makefile", make)):
        (folder / name).write_text(text)
    (folder / "x.py").write_text(readme)
    found = look(str(folder))
    for command in found.commands:
        assert command.words and command.where
