"""What a submission tree is built from and for, checked before anything is run."""

from __future__ import annotations

import os
import re

import msgspec

from franca.errors import Location, MalformedFile, NotFound, UsageError
from franca.mlperf.logs.lines import excerpt
from franca.mlperf.submission.documents import read_text
from franca.mlperf.submission.model import CLASSIC, DIVISIONS, MERGED
from franca.mlperf.submission.tables import category_key, load_round

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{,99}")


class BuildOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a tree is built from and for. ``round`` '' is that of the logs; ``layout`` '' that of the round."""

    results_dir: str
    submission_dir: str
    submitter: str
    division: str = "open"
    category: str = "edge"
    hw_name: str = "default"
    style: str = ""
    round: str = ""
    layout: str = ""
    clean: bool = False
    truncate: bool = True
    hw_notes: str = ""
    sw_notes: str = ""
    system: dict[str, str] = {}
    """Fields of the system description that the user wrote."""
    mapping: dict[str, str] = {}
    """Custom model to official model (open)."""
    command: str = ""
    analyzer_table: str = ""
    """File about the meter, and one about the machine's power settings (10.7)."""
    power_settings: str = ""
    calibration: str = ""
    """The user's document on how weights were quantised; '' = written from what the measurements say."""


def checked_options(options: BuildOptions) -> BuildOptions:
    """``options``, if a tree can be built with them; called before anything is run.

    Raises:
        UsageError: a division, category, layout or name that no tree can have. NotFound: a file to be copied
            is not there.
    """
    if options.division not in DIVISIONS:
        raise UsageError(f"--division={options.division}: expected {', '.join(DIVISIONS)}")
    if category_key(options.category) is None:
        raise UsageError(f"--category={options.category}: expected edge, datacenter or datacenter,edge")
    if not _NAME.fullmatch(options.submitter):
        shown = excerpt(options.submitter, 40)
        raise UsageError(
            f"--submitter={shown!r}: it names a folder, so only letters, digits and . _ + - are allowed, at most 100"
        )
    if options.layout not in ("", CLASSIC, MERGED):
        raise UsageError(f"--layout={options.layout}: expected {CLASSIC} or {MERGED}")
    for flag, path in (
        ("power_settings_file", options.power_settings),
        ("analyzer_settings_file", options.analyzer_table),
        ("calibration_file", options.calibration),
    ):
        if path and not os.path.isfile(path):
            raise NotFound(f"--{flag}: no file {path}")
    if options.calibration and not read_text(options.calibration).strip():
        raise MalformedFile("--calibration_file: is empty", where=Location(options.calibration))
    if options.round:
        load_round(options.round)
    return options
