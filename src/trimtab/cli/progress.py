"""What a person sees while a run is worked: the plan and its question, then each leg filling up."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from trimtab.cli.frame import console, tell
from trimtab.model.runs import Run, Working
from trimtab.model.thought import Thought
from trimtab.units import canon, plain

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Watch:
    """One bar for each leg. Off a terminal it says nothing until a leg ends, then one line."""

    def __init__(self, progress: "Progress | None", quiet: "bool") -> None:
        self._progress = progress
        self._quiet = quiet
        self._bars: dict[str, TaskID] = {}
        self._ended: set[str] = set()

    def update(self, run: Run) -> None:
        """Show the newest state of the run."""
        if self._progress is not None and not self._progress.live.is_started:
            self._progress.console.print()
            self._progress.start()
        for working in run.legs:
            if self._progress is not None:
                self._draw(self._progress, working)
            elif not self._quiet and working.ended and working.leg.id not in self._ended:
                self._ended.add(working.leg.id)
                tell(f"{working.leg.id}  {label(working)}: {_part(working)}")

    def _draw(self, progress: "Progress", working: Working) -> None:
        name = working.leg.id
        if name not in self._bars:
            self._bars[name] = progress.add_task(name, total=1.0, label=label(working), part="")
        # A share, since a bar of floats that should be full may else stop half a step before its end.
        share = float(filled(working) / working.leg.amount)
        progress.update(self._bars[name], completed=share, part=_part(working))


@contextmanager
def shown(*, quiet: bool) -> Iterator[Watch]:
    """Watch a run: bars on a terminal, a line for each leg elsewhere, silence when `quiet`."""
    err = console(sys.stderr)
    if quiet or not err.is_terminal:
        yield Watch(None, quiet)
        return
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    label = TextColumn("{task.fields[label]}", table_column=Column(no_wrap=True))
    part = TextColumn("{task.fields[part]}", justify="right", table_column=Column(no_wrap=True))
    bar = BarColumn(None, complete_style="cyan", finished_style="green", table_column=Column(ratio=1, min_width=5))
    bars = Progress(label, bar, part, console=err, expand=True, refresh_per_second=8)
    try:
        yield Watch(bars, quiet)
    finally:
        if bars.live.is_started:
            bars.stop()
            err.print()


def ask(stopping: asyncio.Event, *, verbose: bool) -> Callable[[Thought], Awaitable[bool]]:
    """Show the plan and ask on the terminal whether to execute it; anything but yes is no."""

    async def asked(thought: Thought) -> bool:
        _show(thought, verbose=verbose)
        sys.stderr.write("\nExecute this plan? [y/N] ")
        sys.stderr.flush()
        return (await _answer(stopping)).strip().lower() in ("y", "yes")

    return asked


def agree(*, quiet: bool, verbose: bool) -> Callable[[Thought], Awaitable[bool]]:
    """Execute without asking; on a terminal, show the plan all the same."""

    async def agreed(thought: Thought) -> bool:
        if not quiet and sys.stderr.isatty():
            _show(thought, verbose=verbose)
        return True

    return agreed


def _show(thought: Thought, *, verbose: bool) -> None:
    from trimtab.cli import views

    console(sys.stderr).print(views.plan(thought, verbose=verbose), crop=False)


async def _answer(stopping: asyncio.Event) -> str:
    """A line from the terminal. Raises Interrupted as soon as the process is asked to stop."""
    from trimtab import api

    loop = asyncio.get_running_loop()
    typed: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        if not typed.done():
            typed.set_result(sys.stdin.readline())

    loop.add_reader(sys.stdin.fileno(), read)
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait((typed, stopped), return_when=asyncio.FIRST_COMPLETED)
    finally:
        loop.remove_reader(sys.stdin.fileno())
        stopped.cancel()
    if not typed.done():
        sys.stderr.write("\n")
        raise api.Interrupted
    return typed.result()


def filled(working: Working) -> Decimal:
    """How much of a leg was done, in base units."""
    return sum((fill.amount for piece in working.slices for fill in piece.fills), Decimal(0))


def label(working: Working) -> str:
    """A leg in a few words."""
    leg = working.leg
    return f"{leg.account}: {leg.side} {plain(leg.amount)} {leg.base} for {leg.quote}"


def _part(working: Working) -> str:
    done = filled(working)
    share = done / working.leg.amount * 100
    return f"{plain(canon(done))} {working.leg.base} ({share:.0f}%)"
