"""What a person sees while a run is worked: the plan and its question, then each leg filling up."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from trimtab.cli.frame import console
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
        for working in run.legs:
            if self._progress is not None:
                self._draw(self._progress, working)
            elif not self._quiet and working.ended and working.leg.id not in self._ended:
                self._ended.add(working.leg.id)
                console(sys.stderr).print(f"{label(working)}  {_part(working)}", markup=False)

    def start(self) -> None:
        """Begin to draw."""
        if self._progress is not None:
            self._progress.start()

    def _draw(self, progress: "Progress", working: Working) -> None:
        bar = self._bars.get(working.leg.id)
        if bar is None:
            bar = self._bars[working.leg.id] = progress.add_task(label(working), total=float(working.leg.amount))
        progress.update(bar, completed=float(filled(working)), part=_part(working))


@contextmanager
def shown(*, quiet: bool) -> Iterator[Watch]:
    """Watch a run: bars on a terminal, a line for each leg elsewhere, silence when `quiet`."""
    err = console(sys.stderr)
    if quiet or not err.is_terminal:
        yield Watch(None, quiet)
        return
    from rich.progress import BarColumn, Progress, TextColumn

    bars = Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[part]}"), console=err)
    try:
        yield Watch(bars, quiet)
    finally:
        bars.stop()


def ask(watch: Watch) -> Callable[[Thought], Awaitable[bool]]:
    """Show the plan and ask on the terminal whether to execute it; anything but yes is no."""

    async def asked(thought: Thought) -> bool:
        from trimtab.cli import views

        console(sys.stderr).print(views.thought(thought, saved=None))
        answer = await asyncio.to_thread(input, "execute this plan? [y/N] ")
        agreed = answer.strip().lower() in ("y", "yes")
        if agreed:
            watch.start()
        return agreed

    return asked


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
    return f"{plain(canon(done))} ({share:.0f} %)"
