"""The programs ``cmx``, ``cmind`` and ``cmxr``: the second command language of CM (CM core, section 14)."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from franca.compat import cmx_calls
from franca.compat.config import CM_VERSION
from franca.compat.front_parts import (
    clean_stdout,
    cm_for,
    content_raised,
    error_text,
    exit_status,
    print_json,
    save,
    tell_more,
    tell_warnings,
    wants_json,
)
from franca.compat.results import Result, failure
from franca.errors import FrancaError
from franca.model.dialect import CLASSIC

if TYPE_CHECKING:
    import logging

    from franca.compat.access import CM

USAGE = """usage: cmx ACTION AUTOMATION [NAME, UID or PATTERN] [-control] [--key=value] [key=value] [@file] [-- words]

One dash is for flags of cmx itself, two dashes or none for inputs of the action.

  -h, -help                   this text, or the description of an action
  -v, -version                the release of CM whose interface this is
  -out=con                    text for people (the default); anything else prints nothing
  -j, -json                   the result as JSON on standard output; all other text goes to standard error
  -save_to_json_file=F, -save_to_yaml_file=F
  -common                     the common action, even where the automation has its own (needs alias,uid)
  -ignore_inheritance         metas as they are in their files
  -f                          agree to what would be asked
  -log[=LEVEL], -logfile=F    what happens inside: info (the default), debug, warning or error
  -repro                      input, result and log in the folder cmx-repro; cmx @cmx-repro/cmx-input.json runs it again
  -raise                      end with a Python exception when the action fails
  -time, -profile             how long it took, and where
  -i                          free memory and disk space, first"""


def main(first: tuple[str, ...], argv: Sequence[str]) -> int:
    """Run one command line; ``first`` are the words that the program's name stands for."""
    try:
        request = cmx_calls.request_of([*first, *argv])
    except FrancaError as error:
        return _refused(failure(error))
    control = request["control"]
    if cmx_calls.unknown_flags(control):
        print(USAGE)
        return _refused(cmx_calls.refuse_flags(control))
    if not request.get("action"):
        print(CM_VERSION if control.get("v") or control.get("version") else USAGE)
        return 0
    cm = cm_for({**request, **control}, CLASSIC)
    request.pop("isolate_hooks", None)
    with clean_stdout(wants_json(control)), _logged(cm, control), _measured(control):
        result = _called(cm, request, str(control.get("out") or "con"))
    if wants_json(control):
        print_json(result)
    tell_warnings(cm)
    _save(control, result)
    return _refused(result) if result["return"] > 0 else 0


def _called(cm: CM, request: dict[str, Any], out: str) -> Result:
    try:
        return cm.x(request, out)
    except Exception as error:  # an automation of content raised, or the user asked for an exception
        if request["control"].get("raise"):
            raise
        return content_raised(error, cm)


def _refused(result: Result) -> int:
    place = ""
    if result.get("module_path"):
        place = f" while running automation {result['module_path']} ({result.get('lineno', 0)})"
    text = result.get("warning") or error_text(result)
    print(f"\nCMX detected a problem{place}: {text}!", file=sys.stderr)
    tell_more(result)
    return exit_status(result)


def _save(control: dict[str, Any], result: Result) -> None:
    if control.get("save_to_json_file"):
        save(str(control["save_to_json_file"]), result)
    if control.get("save_to_yaml_file"):
        from franca.catalog import memo
        from franca.compat.artifacts import plain
        from franca.compat.content_files import save_yaml

        memo.withdraw()  # an answer from memory would write no file
        save_yaml(str(control["save_to_yaml_file"]), plain(result))


# --- log, time, profile, facts about the machine ----------------------------------------------------------


@contextmanager
def _logged(cm: CM, control: dict[str, Any]) -> Iterator[None]:
    """While inside, ``cm.logger`` writes where ``-log``, ``-logfile`` and ``-repro`` say."""
    if not any(control.get(flag) for flag in ("log", "logfile", "repro")):
        yield
        return
    logger = _logger(control)
    cm.logger = logger
    try:
        yield
    finally:
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()


def _logger(control: dict[str, Any]) -> logging.Logger:
    import logging
    import os

    from franca.catalog import memo

    memo.withdraw()  # what is remembered has no log
    level = control.get("log")
    logger = logging.getLogger("cmx")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    form = logging.Formatter("%(levelname)s:%(name)s:%(message)s")
    places: list[tuple[logging.Handler, str]] = []
    if control.get("logfile"):
        places.append((logging.FileHandler(str(control["logfile"]), encoding="utf-8"), str(level or "debug")))
    elif level:
        places.append((logging.StreamHandler(sys.stderr), "info" if level is True else str(level)))
    if control.get("repro"):
        os.makedirs(cmx_calls.REPRO, exist_ok=True)
        path = os.path.join(cmx_calls.REPRO, "cmx.log")
        places.append((logging.FileHandler(path, mode="w", encoding="utf-8"), "debug"))
    for handler, name in places:
        number = logging.getLevelName(name.upper())
        handler.setLevel(number if isinstance(number, int) else logging.INFO)
        handler.setFormatter(form)
        logger.addHandler(handler)
    return logger


@contextmanager
def _measured(control: dict[str, Any]) -> Iterator[None]:
    if any(control.get(flag) for flag in ("i", "profile", "time")):
        from franca.catalog import memo

        memo.withdraw()  # what was measured yesterday is no answer
    if control.get("i"):
        _tell_machine()
    profiler = None
    if control.get("profile"):
        import cProfile

        profiler = cProfile.Profile()
        profiler.enable()
    started = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - started
        if profiler is not None:
            import pstats

            profiler.disable()
            pstats.Stats(profiler, stream=sys.stdout).sort_stats("cumulative").print_stats(30)
        if control.get("time"):
            print(f"\nCMX elapsed time: {seconds:.3f} sec.")


def _tell_machine() -> None:
    import shutil

    from franca.compat.content_misc import get_memory_use

    memory, disk = get_memory_use(), shutil.disk_usage(".")
    if memory["return"] == 0:
        print(f"Memory: {memory['available_memory'] >> 20} of {memory['total_memory'] >> 20} MiB are free")
    else:
        print(f"Memory: {memory['error']}")
    print(f"Disk: {disk.free >> 20} of {disk.total >> 20} MiB are free")
