"""What every runner has to pass: a launcher and a container, real or new.

Subclass in a test module, give the fixtures ``runner`` and ``base``, and collect::

    class TestMyRunner(RunnerTestCase):
        @pytest.fixture
        def runner(self): return Runner(MyLauncher(), DockerLike())

        @pytest.fixture
        def base(self): return Job("job", (), image=Image("python:3.11-slim"))

The image must have ``python3`` and ``sh``; nothing else is asked of it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from franca.model.job import Expected, Job, Mount, PathWord
from franca.runners.process import Processes
from franca.runners.runner import Runner, run_stage

_COPY = "import sys, os; open(sys.argv[2][6:], 'w').write(open(sys.argv[1][5:]).read().upper())"
_SHOW = "import sys; open(sys.argv[1][6:], 'w').write('\\0'.join(sys.argv[2:]))"
_ENV = "import sys, os; open(sys.argv[1][6:], 'w').write(os.environ['SHARED_CASE'])"
HOSTILE = ("plain", "two words", "it's", 'say "x"', "$HOME", "$(touch INJECTED)", "a;b|c&d", "", "*", "-n", "é", "a\nb")


class RunnerTestCase:
    """The contract of a runner, as tests."""

    @pytest.fixture
    def runner(self) -> Runner:
        raise NotImplementedError

    @pytest.fixture
    def base(self) -> Job:
        raise NotImplementedError

    @pytest.fixture
    def executor(self) -> Processes:
        return Processes(dict(os.environ))

    @pytest.fixture
    def files(self, tmp_path: Path) -> tuple[Path, Path]:
        """A directory of inputs and one of outputs, with a blank in their path."""
        directories = tmp_path / "work place" / "in", tmp_path / "work place" / "out"
        for directory in directories:
            directory.mkdir(parents=True)
        return directories

    def perform(self, runner: Runner, job: Job, executor: Any) -> int:
        for stage in runner.steps(job).before:
            run_stage(stage, executor)
        return runner.run(job, executor).status

    def job(self, base: Job, files: tuple[Path, Path], code: str, *words: str | PathWord) -> Job:
        source, target = files
        return base._replace(
            name="shared-case",
            entrypoint=("python3", "-c", code),
            words=words,
            mounts=(Mount(str(source), "/mlcube_io0", "ro"), Mount(str(target), "/mlcube_io1")),
            inputs=(str(source),),
            outputs=(Expected("out", str(target), True),),
        )

    def test_inputs_are_seen_and_outputs_come_back(
        self, runner: Runner, base: Job, files: tuple[Path, Path], executor: Processes
    ) -> None:
        (files[0] / "a.txt").write_text("some text")
        words = PathWord("--in=", str(files[0] / "a.txt")), PathWord("--out=", str(files[1] / "b.txt"))
        assert self.perform(runner, self.job(base, files, _COPY, *words), executor) == 0
        assert (files[1] / "b.txt").read_text() == "SOME TEXT"

    def test_words_arrive_unchanged(
        self, runner: Runner, base: Job, files: tuple[Path, Path], executor: Processes
    ) -> None:
        out = PathWord("--out=", str(files[1] / "words"))
        assert self.perform(runner, self.job(base, files, _SHOW, out, *HOSTILE), executor) == 0
        assert tuple((files[1] / "words").read_text().split("\0")) == HOSTILE
        assert not list(files[0].parent.rglob("INJECTED"))

    def test_the_status_is_the_jobs(
        self, runner: Runner, base: Job, files: tuple[Path, Path], executor: Processes
    ) -> None:
        assert self.perform(runner, self.job(base, files, "import sys; sys.exit(42)"), executor) == 42

    def test_the_environment_arrives(
        self, runner: Runner, base: Job, files: tuple[Path, Path], executor: Processes
    ) -> None:
        out = PathWord("--out=", str(files[1] / "value"))
        job = self.job(base, files, _ENV, out)._replace(env=(("SHARED_CASE", "a b'$x"),))
        assert self.perform(runner, job, executor) == 0
        assert (files[1] / "value").read_text() == "a b'$x"
