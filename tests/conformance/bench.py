"""Scripts that a test writes itself, run by the commands of their dialect."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.conformance.replay import NEW, Done, Place, Side, result_of

Meta = dict[str, Any]
SCRIPT = {"automation_alias": "script", "automation_uid": "5b4e0237da074764"}


class Bench:
    """Scripts written for one test in one dialect; ``P_`` in them stands for the dialect's prefix."""

    def __init__(self, side: Side, top: Path) -> None:
        self.side = side
        self.content = top / "content"
        self.content.mkdir(parents=True)
        (self.content / side.repo_meta).write_text("alias: bench\nuid: 'fa57ab1e00000007'\n")
        self.place = Place(side, self.content, top / "case")
        self.made = 0

    def script(self, name: str, meta: Meta, run: str = "", hooks: str = "") -> Path:
        self.made += 1
        folder = self.content / "script" / name
        folder.mkdir(parents=True)
        full = {"alias": name, "uid": f"{self.made:016x}", "tags": [name], **SCRIPT, **meta}
        (folder / self.side.meta).write_text(self.own(json.dumps(full)))
        if run:
            (folder / "run.sh").write_text("#!/bin/bash\n" + self.own(run))
        if hooks:
            (folder / "customize.py").write_text(self.own(hooks))
        return folder

    def own(self, text: str) -> str:
        return re.sub(r"\bP_", self.side.prefix + "_", text)

    def does(self, tags: str, flags: str = "", extra: dict[str, str] = {}) -> Done:  # noqa: B006 - never changed
        program = "mlcr " if self.side is NEW else "cm run script --tags="
        done = self.place.run(f"{program}{tags} {self.own(flags)} --quiet -j", "", extra)
        assert "Traceback" not in done.out + done.err, done.err
        return done

    def result(self, tags: str, flags: str = "") -> Meta:
        done = self.does(tags, flags)
        assert done.status == 0, done.err
        return result_of(done.out)

    def new_env(self, tags: str, flags: str = "") -> Meta:
        """Exported variables, with the prefix written ``P_``."""
        env = self.result(tags, flags)["new_env"]
        return {key.replace(self.side.prefix + "_", "P_"): value for key, value in env.items()}

    def says(self, tags: str, flags: str = "") -> list[str]:
        """Lines that native scripts wrote, marked with ``=``."""
        done = self.does(tags, flags)
        assert done.status == 0, done.err
        return [line[1:] for line in (done.out + done.err).splitlines() if line.startswith("=")]
