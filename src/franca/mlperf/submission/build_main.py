"""``python -m franca.mlperf.submission.build_main OPTIONS.json``: a tree from results, checked at once.

OPTIONS.json holds the fields of ``BuildOptions``, and beside them those of ``Wanted``. Exit
status: 0, or 3 when the checker refuses the tree and ``strict`` is set, else that of the error.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from franca.errors import FrancaError, Location, MalformedFile, UsageError
from franca.mlperf.submission.build import build_tree
from franca.mlperf.submission.build_options import BuildOptions
from franca.mlperf.submission.build_verdict import conclude, judge, skips_for
from franca.mlperf.submission.documents import read_object
from franca.mlperf.submission.preprocess_step import preprocess_built

REFUSED = 3


class Wanted(msgspec.Struct, frozen=True):
    """What to do beside writing the tree."""

    check: bool = True
    strict: bool = False
    summary: str = "summary"
    archive: str = ""
    folder: str = "."
    preprocess: bool = False
    infer: bool = False


def main(argv: list[str]) -> int:
    """The program."""
    try:
        if len(argv) != 1:
            raise UsageError("expected one file of options", hint=__doc__.split("\n", 1)[0] if __doc__ else "")
        return _run(argv[0])
    except FrancaError as error:
        print("franca: error: " + "\n  ".join(error.lines()), file=sys.stderr, flush=True)
        return error.status


def _run(path: str) -> int:
    data = read_object(path)
    options, wanted = _split(data, path)
    built = build_tree(options, _say)
    _say(f"submission tree: {built.path} ({built.layout} layout, round {built.round}, {len(built.results)} results)")
    built = preprocess_built(built, _say, clean=wanted.preprocess, infer=wanted.infer)
    if not wanted.check:
        return 0
    verdict = judge(built, skips_for(built))
    outcome = conclude(built, verdict, wanted.folder, _say, summary=wanted.summary, archive=wanted.archive)
    return 0 if outcome.accepted or not wanted.strict else REFUSED


def _split(data: dict[str, Any], path: str) -> tuple[BuildOptions, Wanted]:
    own = {key: data.pop(key) for key in Wanted.__struct_fields__ if key in data}
    unknown = sorted(set(data) - set(BuildOptions.__struct_fields__))
    if unknown:
        raise MalformedFile(f"unknown option {unknown[0]}", where=Location(path, key=unknown[0]))
    try:
        return msgspec.convert(data, BuildOptions), msgspec.convert(own, Wanted)
    except msgspec.ValidationError as error:
        raise MalformedFile(f"options cannot be used: {error}", where=Location(path)) from error


def _say(text: str) -> None:
    print(f"  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
