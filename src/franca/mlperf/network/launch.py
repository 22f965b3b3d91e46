"""``python -m franca.mlperf.network.launch --model=FILE [options]``: serve a model to network-division runs.

Options, each as --name=value: backend (onnxruntime), device (cpu), threads, metric (label), name, host (127.0.0.1),
port (8457; 0 = any), max_batchsize (256), workers (1), max_body_mb (256), python (the interpreter with the runtime).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from franca.errors import FrancaError, Interrupted, NotFound, StepFailed, UsageError
from franca.mlperf.inference.boot import boot_argv
from franca.mlperf.inference.runner import Interpreter
from franca.mlperf.network.server import DEFAULT_PORT
from franca.runners import endings

END_S = 10.0


class ServeOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to serve, and where."""

    model: str
    backend: str = "onnxruntime"
    device: str = "cpu"
    threads: int = 0
    metric: str = "label"
    name: str = ""
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    max_batchsize: int = 256
    workers: int = 1
    max_body_mb: int = 256
    python: str = sys.executable
    python_path: str = ""  #: folders of plug-ins, parted as in PATH


def checked_options(options: ServeOptions) -> ServeOptions:
    """``options``, if they mean something. Raises UsageError or NotFound."""
    if not os.path.isfile(options.model):
        raise NotFound(f"model file {options.model} does not exist")
    if not 0 <= options.port < 1 << 16:
        raise UsageError(f"--port={options.port}: expected 0 to 65535")
    for name in ("max_batchsize", "workers", "max_body_mb"):
        if getattr(options, name) < 1:
            raise UsageError(f"--{name}={getattr(options, name)}: expected 1 or more")
    return options


class Served:
    """A server in a process of its own. Use as a context; ``url`` is where it listens."""

    def __init__(self, options: ServeOptions) -> None:
        options = checked_options(options)
        asked = {
            "backend": {"name": options.backend, "options": _backend_options(options)},
            "metric": {"name": options.metric, "options": {}},
            "name": options.name or os.path.splitext(os.path.basename(options.model))[0],
            "host": options.host,
            "port": options.port,
            "max_batchsize": options.max_batchsize,
            "workers": options.workers,
            "max_body": options.max_body_mb << 20,
        }
        folders = [one for one in options.python_path.split(os.pathsep) if one]
        environ = Interpreter(options.python, folders).environment()
        argv = boot_argv(options.python, "franca.mlperf.network.serve", json.dumps(asked))
        try:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
            )
        except OSError as error:
            raise StepFailed(f"{options.python} does not start: {error.strerror}") from error
        self.url = self._ready()

    def _ready(self) -> str:
        assert self.process.stdout is not None and self.process.stderr is not None
        for line in self.process.stdout:
            if line.startswith("ready "):
                return line.split()[1]
        said = self.process.stderr.read().strip().splitlines()
        self.close()
        raise StepFailed(f"the server could not start: {said[-1] if said else 'it said nothing'}")

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self) -> int:
        return self.process.wait()

    def close(self) -> None:
        """End the server: it sees the end of its standard input."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


def _backend_options(options: ServeOptions) -> dict[str, Any]:
    return {"model": os.path.abspath(options.model), "device": options.device, "threads": options.threads}


def serve(options: ServeOptions, say: Callable[[str], None]) -> int:
    """Serve until Ctrl-C or a termination signal.

    Raises:
        StepFailed: the server could not start, or died. Interrupted: it was stopped.
    """
    with Served(options) as served:
        say(f"serving {options.model} at {served.url}; Ctrl-C ends it")
        try:
            status = served.wait()
        except KeyboardInterrupt:
            raise Interrupted("the server was stopped") from None
    raise StepFailed(f"the server ended with status {status}")


def read_options(argv: list[str]) -> ServeOptions:
    """Options from a command line. Raises UsageError."""
    given: dict[str, str] = {}
    for word in argv:
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not equals:
            raise UsageError(f"unexpected {word!r}", hint="expected --name=value; see the head of this module")
        given[name] = value
    return options_from(given)


def options_from(given: dict[str, str]) -> ServeOptions:
    """Options from their texts. Raises UsageError."""
    if not given.get("model"):
        raise UsageError("which model is to be served?", hint="--model=FILE")
    try:
        return msgspec.convert(given, ServeOptions, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"options of the server: {error}") from error


def main(argv: list[str]) -> int:
    endings.heed()
    try:
        return serve(read_options(argv), lambda text: print(text, file=sys.stderr, flush=True))
    except FrancaError as error:
        print("franca: error: " + "\n  ".join(error.lines()), file=sys.stderr, flush=True)
        return error.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
