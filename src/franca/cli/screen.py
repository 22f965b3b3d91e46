"""A run as it happens, for people: one line an event on standard error, with life in it on a terminal."""

from __future__ import annotations

import os

from franca.cli.output import Output, plain
from franca.model import event as ev
from franca.model.light import Any


class Level:
    """How much is said."""

    SILENT = 0  #: warnings and what the script itself has to say
    NORMAL = 1  #: steps, results, native scripts
    VERBOSE = 2  #: hooks, skipped steps, variables


class Line:
    """A line of the screen: its text, how deep it is, and the colour that carries its meaning."""

    __slots__ = ("depth", "style", "text")

    def __init__(self, text: str, depth: int = 0, style: str = "") -> None:
        self.text = text
        self.depth = depth
        self.style = style


def seconds(value: float) -> str:
    """``0.42 s``, ``12.3 s``, ``3 min 05 s``, ``2 h 07 min``."""
    if value < 10:
        return f"{value:.2f} s"
    if value < 100:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def line_of(event: ev.Event, level: int) -> Line | None:
    """What an event looks like at this level; None when it is not shown."""
    if isinstance(event, ev.Said):
        return Line(event.text)
    if isinstance(event, ev.Warned):
        return Line(f"warning: {event.text}", style="yellow")
    if level == Level.SILENT:
        return None
    maker = _NORMAL.get(type(event)) or (_VERBOSE.get(type(event)) if level == Level.VERBOSE else None)
    return maker(event) if maker else None


def _started(event: ev.StepStarted) -> Line:
    return Line(f"* {event.step}", event.depth, "bold")


def _hit(event: ev.CacheHit) -> Line:
    return Line(f"  = cached in {event.path}", event.depth, "green")


def _wait(event: ev.CacheWait) -> Line:
    return Line(f"  ... waiting: {event.holder}", event.depth, "yellow")


def _native(event: ev.NativeStarted) -> Line:
    return Line(f"  > {os.path.basename(event.path)} in {event.directory}", event.depth, "cyan")


def _finished(event: ev.StepFinished) -> Line | None:
    said = [f"done in {seconds(event.seconds)}"] if event.seconds >= 0.5 else []
    said += [f"version {event.version}"] if event.version else []
    return Line("  " + ", ".join(said), event.depth, "green") if said else None


def _failed(event: ev.StepErred) -> Line | None:
    return Line(f"  failed: {event.step}", event.depth, "red") if event.step else None


def _skipped(event: ev.StepSkipped) -> Line:
    return Line(f"- {event.step}: {event.reason}", event.depth, "dim")


def _hook(event: ev.HookStarted) -> Line:
    return Line(f"  . {event.hook}", event.depth, "dim")


def _native_done(event: ev.NativeFinished) -> Line:
    return Line(f"  > status {event.status} after {seconds(event.seconds)}", event.depth, "dim")


def _stored(event: ev.CacheStored) -> Line:
    return Line(f"  + stored in {event.path}", event.depth, "dim")


_NORMAL: dict[type[ev.Event], Any] = {
    ev.StepStarted: _started,
    ev.CacheHit: _hit,
    ev.CacheWait: _wait,
    ev.NativeStarted: _native,
    ev.StepFinished: _finished,
    ev.StepErred: _failed,
}
_VERBOSE: dict[type[ev.Event], Any] = {
    ev.StepSkipped: _skipped,
    ev.HookStarted: _hook,
    ev.NativeFinished: _native_done,
    ev.CacheStored: _stored,
}


class PlainScreen:
    """Plain lines, as they go into a log."""

    def __init__(self, output: Output, level: int) -> None:
        self.output = output
        self.level = level

    def __call__(self, event: ev.Event) -> None:
        line = line_of(event, self.level)
        if line is not None:
            self.output.note("  " * line.depth + "\n".join(plain(part) for part in line.text.splitlines()))

    def close(self) -> None:
        """Nothing is held."""


class LiveScreen:
    """Coloured lines with a spinner below them while Franca itself works.

    The spinner rests while a native script or a hook runs, since these write to the terminal as well.
    """

    def __init__(self, output: Output, level: int) -> None:
        from rich.console import Console

        self.level = level
        self.console = Console(file=output.err, highlight=False, soft_wrap=True)
        self.status: Any = None

    def __call__(self, event: ev.Event) -> None:
        if isinstance(event, (ev.NativeStarted, ev.HookStarted, ev.RunFinished, ev.StepErred)):
            self.close()
        line = line_of(event, self.level)
        if line is not None:
            from rich.text import Text

            text = "\n".join(plain(part) for part in line.text.splitlines())
            self.console.print(Text("  " * line.depth + text, style=line.style))
        if isinstance(event, (ev.StepStarted, ev.CacheWait)) and self.level != Level.SILENT:
            self.spin(event.step)

    def spin(self, step: str) -> None:
        self.close()
        from rich.text import Text

        self.status = self.console.status(Text(plain(step), style="dim"))
        self.status.start()

    def close(self) -> None:
        if self.status is not None:
            self.status.stop()
            self.status = None


def screen(output: Output, level: int) -> PlainScreen | LiveScreen:
    """The screen that fits the standard error stream."""
    if output.terminal(output.err) and os.environ.get("TERM") != "dumb":
        return LiveScreen(output, level)
    return PlainScreen(output, level)
