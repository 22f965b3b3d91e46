"""A home, a storage root and a working directory in which command lines of CM are typed."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

from tests.conformance.replay import Done, forked

RECIPES = "franca@recipes,"
#: The automation and the two artifacts that the checklist works on.
DEMO, A1, A2 = "0bab14e5135547e4", "63ea4f16977049d1", "ccaf6af9c7ee4663"


class Desk:
    """One storage root. Every command is a process of its own and must never show a traceback."""

    def __init__(self, top: Path, **environ: str) -> None:
        self.home, self.root, self.work = top / "home", top / "CM", top / "work"
        self.scratch = top / "scratch"
        for folder in (self.home, self.work, self.scratch):
            folder.mkdir(parents=True, exist_ok=True)
        self.environ = {
            "HOME": str(self.home),
            "CM_REPOS": str(self.root),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "CM_CORE_SKIP_INTERNAL_REPOS": "yes",
            "GIT_CONFIG_SYSTEM": os.devnull,
            **environ,
        }

    @property
    def repos(self) -> Path:
        return self.root / "repos"

    def types(self, line: str, *, stdin: str = "", at: Path | None = None) -> Done:
        """What a command line gives; without a shell, so that patterns stay patterns."""
        done = forked(shlex.split(line), at or self.work, self.environ, stdin, self.scratch)
        assert "Traceback" not in done.out + done.err, done.err
        return Done(
            done.status,
            "".join(f"{line}\n" for line in done.out.splitlines() if not line.startswith(RECIPES)),
            done.err,
        )

    def works(self, line: str, *, at: Path | None = None) -> str:
        """Standard output of a command that must succeed."""
        done = self.types(line, at=at)
        assert done.status == 0, f"{line}: {done.err}"
        return done.out

    def all_work(self, *lines: str) -> None:
        for line in lines:
            self.works(line)

    def names(self, line: str) -> list[str]:
        """The last part of each path that a search prints."""
        return [os.path.basename(path) for path in self.works(line).splitlines()]

    def data(self, line: str) -> Any:
        return json.loads(self.works(line))

    def fails(self, line: str, status: int, words: str) -> str:
        """Standard error of a command that must fail with a status and a message."""
        done = self.types(line)
        assert done.status == status, f"{line}: {done.status} {done.err}"
        assert re.search(words, done.err), done.err
        return done.err

    def meta(self, *parts: str) -> Any:
        return json.loads(self.repos.joinpath(*parts, "_cm.json").read_text())

    def git(self, *words: str, at: Path) -> str:
        given = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
        environ = {**self.environ, "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(["git", *given, *words], cwd=at, env=environ, check=True, capture_output=True, text=True)
        return done.stdout


def as_bytes(meta: dict[str, Any]) -> bytes:
    """A meta as CM writes it: indent 2, sorted keys, ASCII, final newline (CM core, section 1.5)."""
    return (json.dumps(meta, indent=2, sort_keys=True) + "\n").encode("ascii")


def tree(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}
