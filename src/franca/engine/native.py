"""Native scripts: choosing the file, writing the wrapper, running it, reading back (script engine, section 11)."""

from __future__ import annotations

import os
import sys
import time

from franca.catalog.jsontext import to_json
from franca.errors import Interrupted, NativeFailed, NotFound, Unavailable
from franca.grammar.merge import merge
from franca.grammar.shell import export_lines, quote
from franca.model.dialect import Dialect
from franca.model.light import TYPE_CHECKING, Any
from franca.model.script import Script
from franca.runners import endings
from franca.runners.spawn import Child, start

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from select import poll

TEMPORARIES = (
    "tmp-run.sh", "tmp-run-env.out", "tmp-run-state.json", "tmp-state.json", "tmp-ver.out", "tmp-env.sh",
    "tmp-env-all.sh",
)  # fmt: skip
RUN, ENV_OUT, STATE_OUT, STATE_IN = TEMPORARIES[:4]
_GRACE = 5.0  #: seconds between asking a native script to stop and killing it
_LOOK_MS = 500  #: how often to look whether a script has ended whose streams stay open


def native_file(files: Iterable[str], stem: str, env: Mapping[str, Any], dialect: Dialect) -> str:
    """The most specific of a script's native files for this host; "" when there is none (11.2)."""
    have = set(files)

    def fact(name: str) -> str:
        return str(env.get(dialect.key(name)) or "")

    flavor, version, arch = fact("HOST_OS_FLAVOR"), fact("HOST_OS_VERSION"), fact("HOST_PLATFORM_FLAVOR")
    like, system = fact("HOST_OS_FLAVOR_LIKE"), fact("HOST_OS_TYPE")
    if dialect.is_new:
        order = [
            (flavor, version, arch), (flavor, version), (flavor, arch), (flavor,), (like, arch), (like,),
            (system, arch), (system,), (arch,),
        ]  # fmt: skip
    else:
        order = [(flavor, version, arch), (flavor, arch), (flavor, version), (flavor,), (arch,)]
    for parts in order:
        name = "-".join((stem, *parts)) + ".sh"
        if all(parts) and name in have:
            return name
    return f"{stem}.sh" if f"{stem}.sh" in have else ""


def find_native(script: Script, stem: str, env: Mapping[str, Any], *, required: bool) -> str:
    """Absolute path of the native file, "" when it may be missing. Raises NotFound."""
    name = native_file(script.files, stem or "run", env, script.dialect)
    if name:
        return os.path.join(script.path, name)
    if required:
        raise NotFound(f"script {script} has no native script {stem}.sh for this host", hint=f"look into {script.path}")
    return ""


class NativeRun:
    """One run of one native script in one directory.

    Args:
        log: file to which the output is copied; "" for none.
        to_stderr: send the script's standard output to standard error (our own is machine-readable).
        ignore_error: a non-zero status is fine.
    """

    def __init__(
        self,
        script: Script,
        path: str,
        directory: str,
        *,
        log: str = "",
        to_stderr: bool = False,
        ignore_error: bool = False,
        keep_wrapper: bool = False,
    ) -> None:
        self.script, self.path, self.directory = script, path, directory
        self.log, self.to_stderr, self.ignore_error = log, to_stderr, ignore_error
        self.keep_wrapper = keep_wrapper

    def run(self, env: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], float]:
        """Run it. Returns env and state with what the script left for them, and its seconds.

        Raises NativeFailed, Interrupted, Unavailable (no bash, the directory cannot be written).
        """
        dialect = self.script.dialect
        env = {
            **env,
            dialect.key("TMP_CURRENT_SCRIPT_PATH"): self.script.path,
            dialect.key("TMP_CURRENT_SCRIPT_WORK_PATH"): self.directory,
        }
        wrapper = self._write_wrapper(env, state)
        started = time.monotonic()
        try:
            status = self._spawn(wrapper)
        finally:
            os.close(wrapper)
        seconds = time.monotonic() - started
        if status != 0 and not self.ignore_error:
            raise self._failure(status)
        return (*self._read_back(env, dict(state)), seconds)

    def _file(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def _write_wrapper(self, env: Mapping[str, Any], state: Mapping[str, Any]) -> int:
        prefix = [str(line) for line in state.get("script_prefix") or ()]
        lines = ["#!/bin/bash", "", *prefix, *export_lines(env, new=self.script.dialect.is_new), "", ""]
        text = "\n".join([*lines, f". {quote(self.path)}"]) + "\n"
        try:
            for name in (ENV_OUT, STATE_OUT):
                _remove(self._file(name))
            _write(self._file(STATE_IN), to_json(state) + "\n")
            if self.keep_wrapper:
                _write(self._file("tmp-run-without-cm.sh"), text)
            return self._put_wrapper(text)
        except OSError as error:
            raise Unavailable(
                f"cannot write into {self.directory}: {error.strerror}", hint="check permissions and free space"
            ) from None

    def _put_wrapper(self, text: str) -> int:
        """Write ``tmp-run.sh`` and return a descriptor of this very file."""
        own = self._file(f".{RUN}.{os.getpid()}")
        handle = os.open(own, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o755)
        try:
            _write_all(handle, text.encode("utf-8", "surrogateescape"))
            os.lseek(handle, 0, os.SEEK_SET)
            os.replace(own, self._file(RUN))
        except BaseException:
            os.close(handle)
            _remove(own)
            raise
        return handle

    def _spawn(self, wrapper: int) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        # By descriptor, not by name: another run in this folder may replace or remove the file at any time.
        os.set_inheritable(wrapper, True)
        child = self._started(("bash", "-c", '. "$0"', f"/dev/fd/{wrapper}"))
        try:
            self._pump(child)
            return child.wait()
        except KeyboardInterrupt:
            _stop(child)
            raise Interrupted(f"{endings.word()} while {self.path} ran", log=self.log) from None
        except BaseException:
            _stop(child)
            raise
        finally:
            child.close()

    def _started(self, words: tuple[str, ...]) -> Child:
        """The process, started in the script's directory."""
        home = os.open(".", getattr(os, "O_PATH", os.O_RDONLY))  # it may have been removed meanwhile
        try:
            os.chdir(self.directory)
            return start(words, os.environ, "", None, output=True, error=True)
        except FileNotFoundError:
            raise Unavailable("bash was not found, and native scripts need it", hint="install bash") from None
        finally:
            os.fchdir(home)
            os.close(home)

    def _pump(self, child: Child) -> None:
        """Copy both streams to ours and to the log as they come.

        The script's own children may keep the pipes open after it has ended (a daemon it started):
        a short wait after its end is enough, they are not waited for.
        """
        from select import POLLIN, poll

        assert child.output is not None and child.error is not None
        log = _open_log(self.log)
        targets = {child.output: 2 if self.to_stderr else 1, child.error: 2}
        streams = poll()
        for end in targets:
            streams.register(end, POLLIN)
        try:
            while targets:
                if not _copy(streams, targets, log, _LOOK_MS) and child.poll() is not None:
                    break
        except KeyboardInterrupt:
            _end_family(child, streams, targets, log)
            raise
        finally:
            if log >= 0:
                os.close(log)

    def _failure(self, status: int) -> NativeFailed:
        shown = []
        for name in self.script.meta.get("print_files_if_script_error") or ():
            path = self._file(os.path.basename(str(name)))
            if os.path.isfile(path):
                with open(path, encoding="utf-8", errors="replace") as stream:
                    shown.append(f"--- {name}\n{stream.read()[-20000:]}")
        for text in shown:
            print(text, file=sys.stderr)
        alias = self.script.alias or self.script.uid
        killed = f"was killed by signal {-status} ({_signal_name(-status)})" if status < 0 else ""
        how = killed or f"return code = {status * 256}"
        hint = "run the same command again when its cause is mended: what is finished is kept"
        if tracker := self._tracker():
            hint += f"; if the content is at fault, report it at {tracker}"
        ended = killed or f"ended with status {status}"
        error = NativeFailed(f"{os.path.basename(self.path)} of {alias} {ended}", log=self.log, hint=hint)
        words = (
            "Native run script failed inside MLC script" if self.script.dialect.is_new else "Portable CM script failed"
        )
        error.classic = f"{words} (name = {alias}, {how})"
        return error

    def _tracker(self) -> str:
        """Where the authors of the script want to hear of faults (section 14); "" for ours and for local ones."""
        repo = self.script.repo
        told = str(repo.meta.get("repo_to_report_errors") or "")
        if told or not repo.writable or "@" not in repo.ref.alias:
            return told
        return f"https://github.com/{repo.ref.alias.replace('@', '/')}/issues"

    def _read_back(self, env: dict[str, Any], state: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        path = self._file(STATE_OUT)
        if os.path.isfile(path):
            import json

            with open(path, encoding="utf-8") as stream:
                try:
                    extra = json.load(stream)
                except ValueError as error:
                    raise NativeFailed(f"{path} is not valid JSON: {error}", log=self.log) from None
            if isinstance(extra, dict):
                state = merge(state, extra, nested_unique=self.script.dialect.is_new)
        env.update(read_env_file(self._file(ENV_OUT)))
        return env, state


def read_env_file(path: str) -> dict[str, str]:
    """``K=V`` lines; split once, stripped, lines without ``=`` ignored (11.6 and defect 9)."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip(): value.strip() for key, sign, value in pairs if sign and key.strip()}


def clean(directory: str, files: Iterable[str], *, temporaries: bool) -> None:
    """Delete files of these names inside ``directory``; names that would leave it are ignored."""
    root = os.path.realpath(directory)
    for name in (*files, *(TEMPORARIES if temporaries else ())):
        path = os.path.join(directory, name)
        if os.path.lexists(path) and os.path.realpath(path).startswith(root + os.sep):
            _remove(path)


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        pass


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write(text)


def _open_log(path: str) -> int:
    if not path:
        return -1
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _copy(streams: poll, targets: dict[int, int], log: int, wait_ms: int) -> bool:
    """Copy what is there to our streams and the log; False when nothing was."""
    ready = streams.poll(wait_ms)
    for end, _ in ready:
        data = os.read(end, 65536)
        if not data:
            streams.unregister(end)
            del targets[end]
            continue
        if log >= 0:
            _write_all(log, data)
        _write_all(targets[end], data)
    return bool(ready)


def _end_family(child: Child, streams: poll, targets: dict[int, int], log: int) -> None:
    """Ask all that the script has started to end, and let it say its last words; what lives on then is killed."""
    from franca.runners import family

    members = family.family(child.pid)
    family.ask(members)
    limit = time.monotonic() + _GRACE
    while time.monotonic() < limit and any(family.alive(one) for one in members):
        try:
            if not targets or not _copy(streams, targets, log, 20):
                time.sleep(0.02)
        except OSError:  # a reader or a terminal that has gone
            time.sleep(0.02)
        child.poll()
    family.end(members)


def _stop(child: Child) -> None:
    """End a script and all that it has started: ask, wait a little, insist."""
    from franca.runners import family

    if child.poll() is None:
        members = family.family(child.pid)
        family.ask(members)
        family.wait(members, _GRACE)
        family.end(members)
    child.wait()


def _signal_name(number: int) -> str:
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
