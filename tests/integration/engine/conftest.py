"""A content repository on disk, and commands run in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


class Bench:
    """A storage root with one registered repository, and the commands that work on it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.work = folder / "work"
        self.repo = folder / "content"
        self.root = self.home / "CM"
        for path in (self.home, self.work, self.repo, self.root):
            path.mkdir(parents=True)
        (self.repo / "cmr.yaml").write_text("alias: content\nuid: '00000000000000c0'\n")
        (self.root / "repos.json").write_text(json.dumps([str(self.repo)]))
        self.count = 0

    def script(
        self, alias: str, meta: str = "", *, run: str = "", customize: str = "", files: dict[str, str] | None = None
    ) -> Path:
        """Write a script; ``meta`` is YAML below the identity keys."""
        self.count += 1
        folder = self.repo / "script" / alias
        folder.mkdir(parents=True)
        head = f"alias: {alias}\nuid: '{self.count:016x}'\nautomation_alias: script\nautomation_uid: 5b4e0237da074764\n"
        tags = "" if meta.startswith("tags:") else f"tags: [{alias}]\n"
        (folder / "_cm.yaml").write_text(head + tags + meta)
        if run:
            (folder / "run.sh").write_text("#!/bin/bash\n" + run)
        if customize:
            (folder / "customize.py").write_text(customize)
        for name, text in (files or {}).items():
            (folder / name).write_text(text)
        return folder

    def environ(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG") or k.startswith("PIP_")}
        return {**kept, "HOME": str(self.home), "CM_REPOS": str(self.root), **more}

    def start(self, *argv: str, **more: str) -> subprocess.Popen[str]:
        code = "import sys; from franca.compat.cm_front import main; sys.exit(main('cm', sys.argv[1:]))"
        return subprocess.Popen(
            [sys.executable, "-c", code, *argv],
            cwd=self.work, env=self.environ(**more), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def cm(self, *argv: str, **more: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*argv, **more)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(list(argv), process.returncode, out, err)

    def new_env(self, *argv: str, **more: str) -> dict[str, object]:
        """``new_env`` of a run, from its JSON result."""
        done = self.cm("run", "script", *argv, "--quiet", "--out=json", **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout[done.stdout.index("{\n") :])["new_env"]

    def entries(self) -> list[Path]:
        """Finished cache entries."""
        return sorted(p.parent for p in (self.root / "repos" / "local" / "cache").glob("*/_cm.json"))

    def folders(self) -> list[Path]:
        return sorted((self.root / "repos" / "local" / "cache").glob("*"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
