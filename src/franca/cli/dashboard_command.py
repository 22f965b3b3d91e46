"""`franca serve dashboard`: a live page over the records that runs append."""

from __future__ import annotations

from franca.cli.command import Command, Example, Option
from franca.cli.output import Answer
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import Unavailable, UsageError

DASHBOARD = Command(
    name="serve",
    group="MLPerf benchmarks",
    summary="serve a live page of the runs that were recorded, until Ctrl-C",
    usage="dashboard [FILE|FOLDER]",
    handler="franca.cli.dashboard_command:dashboard",
    takes_kind=False,
    options=(
        Option("host", "address to listen on (127.0.0.1); there is no authentication", metavar="ADDRESS"),
        Option("port", "port (8460); 0 = any that is free", metavar="N"),
    ),
    description=(
        "Shows the records of a dashboard.jsonl, or of all below a folder (the current one if absent): a scatter plot "
        "with axes and colours of your choice, the Pareto front of each group that may be compared, a table. It only "
        "reads, needs no network and no script in the browser, and shows new records by itself."
    ),
    examples=(
        Example("franca serve dashboard ./mlperf-results", "all runs below a folder"),
        Example("franca serve dashboard dashboard.jsonl --port=0", "at any free port"),
    ),
)


def dashboard(bound: Bound, session: Session) -> Answer:
    """Serve until it is stopped."""
    import sys

    from franca.playground.records import Source
    from franca.playground.server import DEFAULT_PORT, Dashboard

    if len(bound.words) > 2:
        raise UsageError(f"{bound.words[2]!r} means nothing here", hint="one FILE or FOLDER")
    source = Source(bound.words[1] if len(bound.words) == 2 else ".")
    source.check()
    host, text = bound.text("host") or "127.0.0.1", bound.text("port") or str(DEFAULT_PORT)
    if not (text.isdecimal() and int(text) <= 65535):
        raise UsageError(f"--port={text}: expected a number from 0 to 65535")
    try:
        server = Dashboard((host, int(text)), source)
    except OSError as error:
        raise Unavailable(
            f"nothing can listen on {host}:{text}: {error.strerror or error}", hint="another one: --port=0"
        ) from None
    print(f"dashboard of {source.path} at {server.url} ; Ctrl-C ends it", file=sys.stderr, flush=True)
    with server:
        server.serve_forever()
    return Answer({})
