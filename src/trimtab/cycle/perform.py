"""Carry out commands at the venues and say what came of each: the one place where edge errors become events."""

import asyncio
from collections.abc import Sequence

from trimtab.model.orders import (
    Answered,
    Cancel,
    Command,
    Denied,
    Event,
    Lost,
    Order,
    Place,
    Query,
    Silent,
    Unheard,
    Unsent,
)
from trimtab.ports import Desk, EdgeError, Refused, Unavailable, Venue


async def perform(desk: Desk, commands: Sequence[Command]) -> tuple[Event, ...]:
    """Do all commands at once; their events come back in the order of the commands."""
    return tuple(await asyncio.gather(*(_do(desk, command) for command in commands)))


async def _do(desk: Desk, command: Command) -> Event:
    venue = _venue(desk, command.order)
    match command:
        case Place(order=order):
            return await _place(desk, venue, order)
        case Query(order=order):
            return await _ask(desk, venue, order)
        case Cancel(order=order):
            return await _cancel(desk, venue, order)


async def _place(desk: Desk, venue: Venue, order: Order) -> Event:
    """Only a refusal or a certain failure to send is believed; everything else may have happened."""
    try:
        return Answered(state=await asyncio.wait_for(venue.place(order), desk.policy.limits.read_timeout_s))
    except Unavailable as error:
        return Unsent(order_id=order.id, because=str(error), at=desk.clock.now())
    except Refused as error:
        return Denied(order_id=order.id, because=str(error), at=desk.clock.now())
    except (EdgeError, TimeoutError):
        return Lost(order_id=order.id, at=desk.clock.now())


async def _ask(desk: Desk, venue: Venue, order: Order) -> Event:
    asked_at = desk.clock.now()  # Before the call: absence is proven for the moment of asking, not of the answer.
    try:
        state = await asyncio.wait_for(venue.query(order), desk.policy.limits.read_timeout_s)
    except (EdgeError, TimeoutError) as error:
        return Silent(order_id=order.id, because=_why(error), at=desk.clock.now())
    return Unheard(order_id=order.id, at=asked_at) if state is None else Answered(state=state)


async def _cancel(desk: Desk, venue: Venue, order: Order) -> Event:
    asked_at = desk.clock.now()
    try:
        state = await asyncio.wait_for(venue.cancel(order), desk.policy.limits.read_timeout_s)
    except (EdgeError, TimeoutError) as error:
        return Silent(order_id=order.id, because=_why(error), at=desk.clock.now())
    return Unheard(order_id=order.id, at=asked_at) if state is None else Answered(state=state)


def _why(error: Exception) -> str:
    return str(error) or "no answer in time"


def _venue(desk: Desk, order: Order) -> Venue:
    homes = {account.id: account.venue for account in desk.policy.accounts}
    return desk.venues[homes[order.account]]
