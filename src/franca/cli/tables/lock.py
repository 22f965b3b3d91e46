"""Earlier runs: listing, looking, repeating, locking."""

from __future__ import annotations

from franca.cli.command import Command, Example, Option
from franca.cli.tables.runs import REQUEST

_GROUP = "Scripts"

RUNS = Command(
    name="runs",
    group=_GROUP,
    summary="list earlier runs, newest first",
    usage="[WORD ...]",
    handler="franca.cli.commands.lock:runs",
    takes_kind=False,
    description=(
        "Every run that did more than read the cache leaves a journal under the storage root. With words: "
        "the runs whose command holds all of them."
    ),
    options=(Option("limit", "at most so many; 20 without it, 0 for all", metavar="N", repeats=False),),
    examples=(
        Example("franca runs", "the last twenty"),
        Example("franca runs python3 --limit=0 --json", "all that mention python3, for programs"),
    ),
)

SHOW_RUN = Command(
    name="show",
    group=_GROUP,
    summary="print what happened in a run",
    usage="run RUN",
    handler="franca.cli.commands.lock:show_run",
    takes_kind=False,
    description="RUN is an id or the beginning of one, `last`, or the path of a journal.",
    examples=(
        Example("franca show run last", "steps, versions, seconds and logs of the last run"),
        Example("franca show run last --verbose", "every event, with its time"),
    ),
)

REPLAY = Command(
    name="replay",
    group=_GROUP,
    summary="do an earlier run again and say what came out differently",
    usage="RUN",
    handler="franca.cli.commands.lock:replay",
    takes_kind=False,
    description=(
        "Repeats the exact request of a journal. Steps, versions and exported values are compared; taking "
        "something from the cache is no difference. Status 1 when something differs. A journal holds no secrets: "
        "give them again, as --env.MY_TOKEN=..."
    ),
    options=(
        Option("explain", "say what has changed since, for each difference", repeats=False),
        Option("new", "do not take the top script from the cache", repeats=False),
    ),
    free_options=True,
    examples=(
        Example("franca replay last", "the last run again"),
        Example("franca replay last --new --explain", "without the cache, and why things differ"),
    ),
)

LOCK = Command(
    name="lock",
    group=_GROUP,
    summary="write down exactly what a request uses: scripts, commits, versions, downloads",
    usage='"TAGS" | NAME | UID | --tags=TAGS [INPUTS]',
    handler="franca.cli.commands.lock:lock",
    description=(
        "Runs the request (what is cached is not made again), then writes every script with its uid, digest, "
        "version and variations, every repository with its commit, and every address with its checksum. "
        "`franca run --locked=FILE` repeats it with the same versions, and refuses when scripts differ."
    ),
    options=(
        *REQUEST,
        Option("lock_file", "where to write; franca.lock without it", metavar="FILE", repeats=False),
    ),
    free_options=True,
    examples=(
        Example('franca lock "get python3"', "into franca.lock"),
        Example('franca lock "get ml-model digits" --lock-file=digits.lock', "into a file of its own"),
    ),
)

COMMANDS = (RUNS, SHOW_RUN, REPLAY, LOCK)
