"""`franca results choose`: what a person and a program are told, and the page."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from franca.cli.main import main
from franca.publish.report.scatter import Dot, frame, scatter
from tests.unit.results.result_rows import row

Capture = pytest.CaptureFixture[str]

URL = "https://example.org/tree/master"
HOSTILE = '<script>alert("x")</script>\x1b[2J'


def place(platform: str) -> str:
    return f"closed/Acme/results/{platform}/resnet50/Offline"


ROWS = [
    row(Platform=name, SystemName=f"System {name}", Result=rate, Result_Power=power, Location=place(name),
        url=f"{URL}/{place(name)}")
    for name, rate, power in (("slow", 100, 50), ("fast", 400, 90), ("near", 99, 50.2), ("bare", 900, None))
]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, capsys: Capture) -> str:
    (tmp_path / "rows.json").write_text(json.dumps([*ROWS, row(Platform="later", version="v3.1")]), "utf-8")
    assert main(["results", "import", str(tmp_path / "rows.json"), f"--store={tmp_path / 'store'}"]) == 0
    capsys.readouterr()
    return f"--store={tmp_path / 'store'}"


def told(capsys: Capture, *words: str, status: int = 0) -> str:
    assert main(["results", "choose", *words]) == status
    return capsys.readouterr().out


def test_a_program_gets_everything(store: str, capsys: Capture) -> None:
    found = json.loads(told(capsys, store, "--max_power=60", "--json"))
    (group, other) = found["groups"]
    assert [one["platform"] for one in group["front"]] == ["slow"]
    (tie,) = group["dominated"]
    assert (tie["result"]["platform"], tie["tie"], tie["by"]) == ("near", True, group["front"][0]["key"])
    assert [(one["result"]["platform"], one["why"]) for one in group["excluded"]] == [("fast", ["power"])]
    assert [(one["result"]["platform"], one["why"]) for one in group["incomplete"]] == [("bare", ["power"])]
    assert group["relaxations"][0]["needed"] == 90 and other["front"] == []


def test_a_person_gets_tables_and_what_would_have_to_give_way(store: str, capsys: Capture) -> None:
    lines = told(capsys, store, "--max_power=60", "--round=v3.0").splitlines()
    assert lines[0] == "4 results in 1 groups that may be compared; 1 have something to offer"
    text = "\n".join(lines)
    assert "1 on the front, 1 behind it (1 within the spread), 1 miss a limit, 1 lack a figure" in text
    assert "not judged, power unknown: 1 (" in text
    assert "relax power from 60 to 90 (+50.0%): 1 more result, throughput 400 instead of 100" in text
    assert f"again: {URL}/closed/Acme/measurements/slow/resnet50/Offline/README.md" in text
    assert any("tie with" in line and "System near" in line for line in lines)


def test_a_smaller_spread_makes_no_tie(store: str, capsys: Capture) -> None:
    assert "behind it (0 within" in told(capsys, store, "--max_power=60", "--spread=0.1")


def test_nothing_that_will_do_is_a_status_with_the_nearest(store: str, capsys: Capture) -> None:
    text = told(capsys, store, "--max_power=40", "--min_throughput=500", "--round=v3.0", status=1)
    assert (
        "0 on the front" in text and "nearest: " in text and "System slow: throughput 100 Samples/s, power 50" in text
    )
    text = told(capsys, store, "--max_power=49", "--round=v3.0", status=1)
    assert "relax power from 49 to 50 (+2.0%): 1 more result, throughput 100, accuracy 76" in text


def test_the_command_for_this_machine_is_one_that_works(store: str, capsys: Capture) -> None:
    text = told(capsys, store, "--round=v3.0")
    (line,) = [line for line in text.splitlines() if "on this machine: " in line]
    words = line.partition("on this machine: franca ")[2].split()
    assert main([*words, "--quiet", "--dry-run"]) == 0
    assert "--model=resnet --scenario=Offline --category=edge --division=closed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--max_power=much"], "--max_power=much: expected a number"), (["--min_accuracy=-1"], "expected a number from 0"),
     (["--max_cost=3"], "--prices=FILE"), (["--axes=beauty"], "no axis beauty"), (["more"], "'more' means nothing"),
     (["--max_power=nan"], "expected a number")],
)  # fmt: skip
def test_mistakes_have_one_message(store: str, words: list[str], message: str, capsys: Capture) -> None:
    assert main(["results", "choose", store, *words]) == 1
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said


def test_prices_make_cost_an_axis(store: str, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "prices.json").write_text('{"currency": "EUR", "per_hour": {"slow": 1, "fast": 9}}', "utf-8")
    prices = f"--prices={tmp_path / 'prices.json'}"
    (group,) = json.loads(told(capsys, store, "--max_cost=5", prices, "--round=v3.0", "--json"))["groups"]
    assert group["axes"] == ["throughput", "accuracy", "cost"]
    assert [one["platform"] for one in group["front"]] == ["slow"]
    assert sorted(one["result"]["platform"] for one in group["incomplete"]) == ["bare", "near"]


class Page(HTMLParser):
    """Elements of a page: how often each stands there, and the classes of its circles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.kinds: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        values = dict(attrs)
        if tag == "circle":
            self.kinds.append(str(values["class"]).split()[0])
        if tag == "a":
            self.links.append(str(values["href"]))


def test_the_page_has_the_front_and_only_words_where_the_source_has_markup(tmp_path: Path, capsys: Capture) -> None:
    rows = [*ROWS, row(Platform="p", Organization=HOSTILE, SystemName=HOSTILE, Result=300, Result_Power=55,
                       Location="x", url="javascript:alert(1)/x")]  # fmt: skip
    (tmp_path / "rows.json").write_text(json.dumps(rows), "utf-8")
    store, page = f"--store={tmp_path / 'store'}", tmp_path / "choice.html"
    assert main(["results", "import", str(tmp_path / "rows.json"), store]) == 0
    assert "page: " in told(capsys, store, "--max_power=60", f"--html={page}")
    text = page.read_text("utf-8")
    found = Page(text)
    assert "script" not in found.names and "&lt;script&gt;" in text
    assert sorted(found.kinds) == ["front", "front", "tie"]
    assert found.links and all(link.startswith("https://") for link in found.links)


def test_the_picture_is_over_the_axis_that_tells_systems_apart(store: str, tmp_path: Path, capsys: Capture) -> None:
    page = tmp_path / "choice.html"
    told(capsys, store, "--max_power=100", "--round=v3.0", f"--html={page}")  # all have one accuracy
    text = page.read_text("utf-8")
    assert "power by throughput: " in text and "accuracy by throughput: " not in text


@pytest.mark.parametrize(
    "values",
    [[], [0.0], [5.0], [-1.0, 1.0], [1.0, 1e9], [1e-300, 1e300], [-1e300, 1e300], [0.0, 1e-320], [3.0, 3.0 + 1e-15]],
)
def test_any_values_have_a_frame_with_ticks_inside_and_a_picture(values: list[float]) -> None:
    one = frame(values)
    assert one.low < one.high and all(one.low <= value <= one.high for value in values)
    assert all(one.low <= tick <= one.high for tick in one.ticks()) and len(one.ticks()) <= 13
    picture = scatter([Dot(value, value, "a", "front") for value in values], "x", "y", "t")
    assert "nan" not in picture and "inf" not in picture


def test_points_beyond_any_measure_lie_on_the_edge() -> None:
    picture = scatter([Dot(-1e308, -1e308, "a"), Dot(1e308, 1e308, "b")], "x", "y", "t")
    assert "nan" not in picture and "inf" not in picture and picture.count("<circle") == 2
