"""Descriptions of machines that somebody has written by hand, kept with the results (mlperf-inference 18.2).

``hardware/<hw_name>.json`` in the folder of results, or else beside that folder, holds fields of the system
description. What it says counts before what was detected; fields that it leaves empty are filled.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from franca.errors import Location, MalformedFile
from franca.mlperf.submission.documents import read_object, scalar_text
from franca.mlperf.submission.fields import KNOWN

FOLDER = "hardware"


def hand_written(results_dir: str, hw_name: str, say: Callable[[str], None]) -> dict[str, str]:
    """The filled fields of the file for this machine; none where there is no such file.

    Raises:
        MalformedFile: the file is no object of texts.
    """
    if hw_name != os.path.basename(hw_name) or hw_name.startswith("."):
        return {}  # a name from somebody's results that leads elsewhere
    results = os.path.abspath(results_dir)
    places = [os.path.join(folder, FOLDER, f"{hw_name}.json") for folder in (results, os.path.dirname(results))]
    path = next(filter(os.path.isfile, places), "")
    if not path:
        return {}
    fields: dict[str, str] = {}
    for name, value in read_object(path).items():
        text = scalar_text(value)
        if text is None:
            raise MalformedFile(f"{name}: expected a text", where=Location(path, key=name))
        if name not in KNOWN:
            say(f"{path}: {name} is no field of a system description, and left out")
        elif text.strip():
            fields[name] = text
    return fields
