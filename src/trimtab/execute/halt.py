"""Stopping: a halted run starts nothing, takes its orders off the books, and ends once all of them have answered."""

from datetime import datetime

from msgspec.structs import replace

from trimtab.execute import legs
from trimtab.execute.orders import Rules
from trimtab.model.orders import Cancel, Command
from trimtab.model.runs import SliceState, Working


def stop(working: Working, at: datetime, because: str, rules: Rules) -> tuple[Working, tuple[Command, ...]]:
    """Stop one leg. Orders without an answer are waited for: only their venue can end them."""
    if working.ended:
        return working, ()
    if working.started_at is None:
        return legs.refuse(working, at, because), ()
    pieces = []
    commands: list[Command] = []
    for piece in working.slices:
        if piece.state is SliceState.WAITING:
            pieces.append(replace(piece, state=SliceState.ENDED, because=because if legs.left(piece) > 0 else ""))
        elif piece.state is SliceState.OPEN:
            assert piece.order is not None, f"slice {piece.index} is open without an order"
            pieces.append(replace(piece, state=SliceState.CANCELLING, asked_at=at))
            commands.append(Cancel(order=piece.order))
        else:
            pieces.append(piece)
    return legs.settle(replace(working, slices=tuple(pieces)), rules), tuple(commands)
