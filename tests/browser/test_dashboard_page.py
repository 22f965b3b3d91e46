"""The live dashboard in a real browser: drawn and styled under its own policy, asking for nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.playground import server as server_module
from tests.browser.test_report import browse, colours
from tests.browser.test_report import pytestmark as needs_browser
from tests.unit.playground.dashboards import record, served, write

pytestmark = needs_browser
HOSTILE = '"><img src=http://127.0.0.1:9/x onerror=alert(1)>'


def test_it_is_drawn_and_styled_under_its_own_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(server_module._Handler, "log_request", lambda self, *_: asked.append(self.path))
    many = [record(qps=100.0 + n, accuracy=0.9 - n / 100, Model=f"m{n % 5}") for n in range(20)]
    path = write(tmp_path / "runs/dashboard.jsonl", *many, record(run=HOSTILE, Model=HOSTILE))
    with served(path) as server:
        shot = tmp_path / "page.png"
        said = browse(server.url + "?refresh=0&c=Model", tmp_path, "--dump-dom")
        browse(server.url + "?refresh=0&c=Model", tmp_path, f"--screenshot={shot}")
    assert said.count("<circle") == 21 and "polyline" in said and "<img" not in said
    assert asked == ["/?refresh=0&c=Model", "/style.css"] * 2, "the page and its style sheet, and nothing else"
    assert len(colours(shot)) > 20, "a blank page has one colour"
