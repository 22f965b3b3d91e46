"""`franca serve director`: a stand-in for the power director of MLPerf, to rehearse a measurement without a meter."""

from __future__ import annotations

from franca.cli.command import Command, Example, Option
from franca.cli.output import Answer
from franca.cli.parsing import Bound
from franca.cli.session import Session
from franca.errors import Unavailable, UsageError

DIRECTOR = Command(
    name="serve",
    group="MLPerf benchmarks",
    summary="simulate the director of power measurements, until Ctrl-C",
    usage="director [--OPTION=VALUE ...]",
    handler="franca.cli.power_commands:director",
    takes_kind=False,
    options=(
        Option("host", "address to listen on (127.0.0.1)", metavar="ADDRESS"),
        Option("port", "port (4950); 0 = any that is free", metavar="N"),
        Option("watts", "power that the meter pretends to see (100)", metavar="N"),
    ),
    description="No power is measured: every record says `simulated`, and the checker refuses it in the closed and "
    "network divisions.",
    examples=(
        Example("franca serve director --watts=60", "then, in another terminal, a run with --power=yes"),
        Example("franca serve director --host=0.0.0.0 --port=4950", "for a system under test on another machine"),
    ),
)


def director(bound: Bound, session: Session) -> Answer:
    """Serve until it is stopped."""
    import sys

    from franca.mlperf.power.director import DEFAULT_WATTS, SimulatedDirector
    from franca.mlperf.power.meter import steady
    from franca.mlperf.power.wire import PORT

    if bound.words[1:]:
        raise UsageError(f"{bound.words[1]!r} means nothing here", hint="franca serve director --help")
    host = bound.text("host") or "127.0.0.1"
    port = int(_number(bound, "port", PORT, 65535))
    watts = _number(bound, "watts", DEFAULT_WATTS, 1e6)
    try:
        there = SimulatedDirector(host, port, load=steady(watts))
    except OSError as error:
        raise Unavailable(
            f"nothing can listen on {host}:{port}: {error.strerror or error}", hint="another one: --port=0"
        ) from None
    print(f"simulated director at {there.address[0]}:{there.address[1]}; Ctrl-C ends it", file=sys.stderr, flush=True)
    there.serve()
    return Answer({})


def _number(bound: Bound, name: str, default: float, most: float) -> float:
    text = bound.text(name)
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise UsageError(f"--{name}={text}: expected a number from 0 to {most:g}")
    return value
