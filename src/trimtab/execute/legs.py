"""One leg being worked: what time and the venue's answers change in its slices, and what is to be done next.

Every lot of a leg belongs to exactly one slice. A slice that ends hands what it did not fill to the next one that
waits; what a venue refused, or nobody could take over, stays with it and becomes residual.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from trimtab.execute import orders, schedules
from trimtab.execute.orders import Rules, Silence, Source
from trimtab.model.orders import (
    Answered,
    Cancel,
    Command,
    Denied,
    Fill,
    Lost,
    Order,
    OrderState,
    OrderStatus,
    Place,
    Query,
    Silent,
    Unheard,
    Unsent,
)
from trimtab.model.runs import Slice, SliceState, Working
from trimtab.units import ZERO, canon, floor_to

Told = Answered | Denied | Lost | Unsent | Unheard | Silent
Pieces = list[Slice]

OVER: Final = (SliceState.ENDED, SliceState.STUCK)


def begin(working: Working, at: datetime, allowed: tuple[Decimal, str], rules: Rules) -> Working:
    """Start a leg with the amount it may trade and why that is less than planned, if it is."""
    leg, (amount, because) = working.leg, allowed
    least = orders.smallest(leg, rules)
    amount = floor_to(amount, rules.filters.step)
    if amount < least:
        return refuse(working, at, because or f"{amount} is below the smallest order, {least}")
    wanted = schedules.Wanted(amount, at, rules.filters.step, least, orders.largest(leg, rules), rules.execution)
    pieces = schedules.slices(wanted)
    if amount < leg.amount:
        pieces += (_undone(len(pieces), at, canon(leg.amount - amount), because or "it is no whole number of steps"),)
    return replace(working, started_at=at, slices=pieces)


def refuse(working: Working, at: datetime, because: str) -> Working:
    """End a leg that may not start at all."""
    return replace(working, slices=(_undone(0, at, working.leg.amount, because),), ended=True)


def _undone(index: int, at: datetime, amount: Decimal, because: str) -> Slice:
    return Slice(index=index, due=at, amount=amount, state=SliceState.ENDED, because=because)


def filled(piece: Slice) -> Decimal:
    """How much of a slice was done, over all its attempts."""
    return sum((fill.amount for fill in piece.fills), ZERO)


def left(piece: Slice) -> Decimal:
    """How much of a slice is still to do."""
    return piece.amount - filled(piece)


def stuck(working: Working) -> bool:
    """Whether a person has to find out what became of one of its orders."""
    return any(piece.state is SliceState.STUCK for piece in working.slices)


def tick(working: Working, at: datetime, source: Source, rules: Rules) -> tuple[Working, tuple[Command, ...]]:
    """Do what is due at `at`: place, ask, cancel, give up."""
    assert working.started_at is not None, f"leg {working.leg.id} is worked before it started"
    pieces = list(working.slices)
    commands: list[Command] = []
    over = at >= working.started_at + rules.deadline
    for index in range(len(pieces)):
        piece = pieces[index]
        if piece.state is SliceState.WAITING:
            if over:
                _end(pieces, index, piece.because or "the deadline passed")
            elif piece.due <= at and _ready(pieces, index):
                commands += _place(working, pieces, index, at, source, rules)
        elif piece.state not in OVER and (command := _attend(piece, at, rules, over)) is not None:
            cancels = isinstance(command, Cancel)
            pieces[index] = replace(piece, state=SliceState.CANCELLING if cancels else piece.state, asked_at=at)
            commands.append(command)
    return settle(replace(working, slices=tuple(pieces)), rules), tuple(commands)


def _attend(piece: Slice, at: datetime, rules: Rules, over: bool) -> Command | None:
    """What an order that was sent calls for: a question, a cancellation, or nothing yet."""
    if piece.state is SliceState.SENT:
        return None
    order, asked_at = _sent(piece)
    if piece.state is SliceState.OPEN and (over or at >= orders.sent_at(order, rules) + rules.rest):
        return Cancel(order=order)
    if at < asked_at + rules.ask_every:
        return None
    return Cancel(order=order) if piece.state is SliceState.CANCELLING else Query(order=order)


def _sent(piece: Slice) -> tuple[Order, datetime]:
    assert piece.order is not None, f"slice {piece.index} is {piece.state} without an order"
    assert piece.asked_at is not None, f"slice {piece.index} is {piece.state} and was never asked about"
    return piece.order, piece.asked_at


def _ready(pieces: Pieces, index: int) -> bool:
    """Whether a due slice may be worked: the last attempt waits for all that it may have to take over."""
    if any(p.state is SliceState.WAITING for p in pieces[index + 1 :]):
        return True
    return all(p.state in (*OVER, SliceState.WAITING) for p in pieces)


def _place(
    working: Working, pieces: Pieces, index: int, at: datetime, source: Source, rules: Rules
) -> tuple[Command, ...]:
    leg, piece = working.leg, pieces[index]
    amount, most = left(piece), orders.largest(leg, rules)
    amount = floor_to(amount if most is None else min(amount, most), rules.filters.step)
    if amount < orders.smallest(leg, rules):
        _pass_on(pieces, index, piece.because or "what was left is below the smallest order")
        return ()
    order = orders.order(source, leg, piece, amount, at, rules)
    because = orders.refusal(order, rules)
    if because is not None:
        _end(pieces, index, because)
        return ()
    pieces[index] = replace(piece, state=SliceState.SENT, attempt=order.attempt, order=order, asked_at=None, because="")
    return (Place(order=order),)


def told(working: Working, index: int, event: Told, rules: Rules) -> tuple[Working, tuple[Command, ...]]:
    """What one answer, or the lack of one, changes. What is heard twice, or too late to matter, changes nothing."""
    pieces = list(working.slices)
    commands: tuple[Command, ...] = ()
    match event:
        case Answered(state=state):
            _answered(working, pieces, index, state, rules)
        case _ if not _concerns(pieces[index], event.order_id):
            return working, ()
        case Denied(because=because):
            if pieces[index].state in (SliceState.SENT, SliceState.DOUBTFUL):
                _end(pieces, index, because)
        case Lost(at=at):
            commands = _lost(pieces, index, at)
        case Unsent(because=because, at=at):
            if pieces[index].state is SliceState.SENT:
                _again(pieces, index, at + rules.ask_every, because, rules)
        case Unheard(at=at):
            _unheard(working, pieces, index, at, rules)
        case Silent(because=because, at=at):
            _silent(pieces, index, at, because, rules)
    return settle(replace(working, slices=tuple(pieces)), rules), commands


def _concerns(piece: Slice, order_id: str) -> bool:
    """Whether a lack of news is about the attempt in force; about an earlier one it is no news at all."""
    return piece.order is not None and piece.order.id == order_id


def _answered(working: Working, pieces: Pieces, index: int, state: OrderState, rules: Rules) -> None:
    piece = pieces[index] = _joined(pieces[index], state)
    if piece.state is SliceState.ENDED:
        _take_back(pieces, index)
    if piece.state in (SliceState.ENDED, SliceState.WAITING) or not _concerns(piece, state.order_id):
        return
    known = sum((f.amount for f in piece.fills if f.order_id == state.order_id), ZERO)
    if state.status is OrderStatus.OPEN or state.filled > known:
        # An end whose fills are not all told is no end yet: they are money, and are asked for.
        _still_open(working, pieces, index, state.at, rules)
    elif state.status is OrderStatus.REJECTED:
        _end(pieces, index, state.because or "the venue refused it")
    else:
        _pass_on(pieces, index, state.because or "not all of it traded within the price guard")


def _still_open(working: Working, pieces: Pieces, index: int, at: datetime, rules: Rules) -> None:
    piece = pieces[index]
    if piece.state is SliceState.STUCK:
        return
    if piece.state is SliceState.CANCELLING and at >= _patience(working, rules):
        _stick(pieces, index, "the venue does not end an order that was cancelled")
        return
    cancelling = piece.state is SliceState.CANCELLING
    pieces[index] = replace(
        piece, state=SliceState.CANCELLING if cancelling else SliceState.OPEN, asked_at=_later(piece, at)
    )


def _lost(pieces: Pieces, index: int, at: datetime) -> tuple[Command, ...]:
    piece = pieces[index]
    if piece.state is not SliceState.SENT:
        return ()
    assert piece.order is not None, f"slice {index} was sent without an order"
    pieces[index] = replace(piece, state=SliceState.DOUBTFUL, asked_at=at)
    return (Query(order=piece.order),)


def _unheard(working: Working, pieces: Pieces, index: int, at: datetime, rules: Rules) -> None:
    """Only the silence about an order that was never acknowledged can become proof; any other is a contradiction."""
    piece = pieces[index]
    if piece.state in (SliceState.OPEN, SliceState.CANCELLING):
        if at >= _patience(working, rules):
            _stick(pieces, index, "the venue had this order and no longer knows it")
        else:
            pieces[index] = replace(piece, asked_at=_later(piece, at))
    elif piece.state is SliceState.DOUBTFUL:
        order, _ = _sent(piece)
        match orders.silence(order, at, rules):
            case Silence.ABSENT:
                _again(pieces, index, at, "it never reached the venue", rules)
            case Silence.FORGOTTEN:
                _stick(pieces, index, "it is unknown whether it was accepted: the venue no longer remembers")
            case Silence.NOTHING:
                pieces[index] = replace(piece, asked_at=_later(piece, at))


def _silent(pieces: Pieces, index: int, at: datetime, because: str, rules: Rules) -> None:
    piece = pieces[index]
    if piece.state in (SliceState.SENT, SliceState.WAITING, *OVER):
        return
    order, _ = _sent(piece)
    if orders.forgotten(order, at, rules):
        _stick(pieces, index, f"it is unknown what became of it, and the venue forgets: {because}")
    else:
        pieces[index] = replace(piece, asked_at=_later(piece, at))


def _patience(working: Working, rules: Rules) -> datetime:
    """When a leg stops believing that a contradiction will clear up by itself."""
    assert working.started_at is not None, f"leg {working.leg.id} has orders and never started"
    return working.started_at + rules.deadline + rules.ask_every * rules.execution.max_attempts


def _later(piece: Slice, at: datetime) -> datetime:
    return at if piece.asked_at is None else max(piece.asked_at, at)


def _joined(piece: Slice, state: OrderState) -> Slice:
    """A slice with the fills of an answer, each once: fills only ever grow."""
    known = {(fill.id, fill.order_id) for fill in piece.fills}
    fresh = [fill for fill in state.fills if (fill.id, fill.order_id) not in known]
    if not fresh:
        return piece
    assert all(fill.order_id == state.order_id for fill in fresh), f"fills of another order in {state.order_id}"
    return replace(piece, fills=tuple(sorted((*piece.fills, *fresh), key=_by_id)))


def _by_id(fill: Fill) -> tuple[str, str]:
    return fill.id, fill.order_id


def _again(pieces: Pieces, index: int, due: datetime, because: str, rules: Rules) -> None:
    """A new attempt with a new id, within bounds: an id names one intent, and is never given twice."""
    piece = pieces[index]
    if piece.attempt >= rules.execution.max_attempts:
        _pass_on(pieces, index, f"{because}, {piece.attempt} times")
    else:
        pieces[index] = replace(piece, state=SliceState.WAITING, due=due, asked_at=None, because=because)


def _end(pieces: Pieces, index: int, because: str) -> None:
    """End a slice; what it did not do is residual."""
    piece = pieces[index]
    pieces[index] = replace(piece, state=SliceState.ENDED, because=because if left(piece) > 0 else "")


def _pass_on(pieces: Pieces, index: int, because: str) -> None:
    """End a slice; what it did not do goes to the next one that waits, and is residual where none does."""
    rest = left(pieces[index])
    waiting = (n for n, p in enumerate(pieces) if p.state is SliceState.WAITING and n != index)
    heir = next(waiting, None) if rest > 0 else None
    if heir is not None:
        pieces[heir] = replace(
            pieces[heir], amount=canon(pieces[heir].amount + rest), because=pieces[heir].because or because
        )
        pieces[index] = replace(pieces[index], amount=canon(pieces[index].amount - rest))
    _end(pieces, index, because)


def _take_back(pieces: Pieces, index: int) -> None:
    """A fill came after its slice had ended and passed its rest on: slices that wait do so much less."""
    for n in range(len(pieces)):
        excess = -left(pieces[index])
        if excess > 0 and pieces[n].state is SliceState.WAITING:
            less = min(excess, left(pieces[n]))
            pieces[n] = replace(pieces[n], amount=canon(pieces[n].amount - less))
            pieces[index] = replace(pieces[index], amount=canon(pieces[index].amount + less))


def _stick(pieces: Pieces, index: int, because: str) -> None:
    """Nobody but a person can say what became of an order: the leg starts nothing more."""
    pieces[index] = replace(pieces[index], state=SliceState.STUCK, because=because)
    for n, piece in enumerate(pieces):
        if piece.state is SliceState.WAITING:
            _end(pieces, n, f"slice {index} waits for a person")


def settle(working: Working, rules: Rules) -> Working:
    """End a leg that has nothing in flight and nothing left that the venue would take."""
    alive = [n for n, piece in enumerate(working.slices) if piece.state not in OVER]
    if any(working.slices[n].state is not SliceState.WAITING for n in alive):
        return working
    if alive:
        rest = sum((left(working.slices[n]) for n in alive), ZERO)
        if rest > 0 and rest >= orders.smallest(working.leg, rules):
            return working
    pieces = list(working.slices)
    for n in alive:
        _end(pieces, n, pieces[n].because or "what was left is below the smallest order")
    return replace(working, slices=tuple(pieces), ended=True)


def resume(working: Working, at: datetime) -> tuple[Working, tuple[Command, ...]]:
    """Ask about everything that was sent, asked or cancelled without an answer; nothing else changes.

    An order that was being cancelled stays so: its venue has acknowledged it, and its silence would prove nothing.
    """
    pieces: Pieces = []
    commands: list[Command] = []
    for piece in working.slices:
        if piece.state in (SliceState.SENT, SliceState.DOUBTFUL, SliceState.CANCELLING):
            assert piece.order is not None, f"slice {piece.index} is {piece.state} without an order"
            state = SliceState.DOUBTFUL if piece.state is SliceState.SENT else piece.state
            pieces.append(replace(piece, state=state, asked_at=at))
            commands.append(Query(order=piece.order))
        else:
            pieces.append(piece)
    return replace(working, slices=tuple(pieces)), tuple(commands)


def wake(working: Working, rules: Rules) -> datetime | None:
    """The next instant at which `tick` has something to do for a started leg; None while an answer is awaited."""
    assert working.started_at is not None, f"leg {working.leg.id} is worked before it started"
    deadline = working.started_at + rules.deadline
    pieces = list(working.slices)
    instants = (_due(pieces, n, deadline, rules) for n in range(len(pieces)))
    return min((instant for instant in instants if instant is not None), default=None)


def _due(pieces: Pieces, index: int, deadline: datetime, rules: Rules) -> datetime | None:
    piece = pieces[index]
    if piece.state in (SliceState.SENT, *OVER):
        return None
    if piece.state is SliceState.WAITING:
        return min(piece.due, deadline) if _ready(pieces, index) else deadline
    order, asked_at = _sent(piece)
    again = asked_at + rules.ask_every
    if piece.state is SliceState.OPEN:
        return min(again, deadline, orders.sent_at(order, rules) + rules.rest)
    return again
