"""Money in, out and within one simulated venue, by stages (D9) and rights (D12). Refusals raise Refusal."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from trimtab.model.holdings import Stage, Transfer
from trimtab.sim import funds
from trimtab.sim.refusals import Ground, Refusal
from trimtab.sim.rules import Member, Network, Right
from trimtab.sim.state import Direction, Exchange, Movement
from trimtab.units import ZERO, plain, under_context


@under_context
def withdraw(
    venue: Exchange,
    account: str,
    asset: str,
    amount: Decimal,
    *,
    network: str,
    target: str,
    at: datetime,
    reference: str = "",
) -> Transfer:
    """Debit `amount` (gross) now; `amount - fee` will be on chain at the network's `sent_s`, on its way to `target`.

    Tell the venue at the other end at once by `announce`, with `sent_at(venue, transfer)` as its `seen_at`.
    Refused without the right, below the minimum, and beyond what is withdrawable: free and matured.
    """
    member, way = _member(venue, account), _network(venue, asset, network)
    if Right.WITHDRAW not in member.rights:
        raise Refusal(
            Ground.RIGHT, f"{account} may not withdraw; its money leaves by {member.parent or 'another account'}"
        )
    if amount < way.minimum or amount <= way.fee:
        raise Refusal(
            Ground.MINIMUM,
            f"{plain(amount)} {asset} by {network} is below the least, {plain(max(way.minimum, way.fee))}",
        )
    _debit(venue, account, asset, amount)
    transfer = _numbered(venue, asset, amount, way.fee, (account, target), at)
    sent_at = at + timedelta(seconds=way.sent_s)
    venue.state.keep_movement(Movement(transfer, Direction.OUT, network, reference, sent_at=sent_at))
    return transfer


def sent_at(venue: Exchange, transfer: Transfer) -> datetime:
    """When a withdrawal of this venue is (or was) on chain."""
    at = venue.state.movements[transfer.id, Direction.OUT].sent_at
    if at is None:
        raise AssertionError(f"withdrawal {transfer.id} has no instant at which it is sent")
    return at


def announce(venue: Exchange, transfer: Transfer, *, network: str, seen_at: datetime) -> None:
    """A deposit for `transfer.target` will be seen on chain at `seen_at`; its stages follow from there."""
    way = _network(venue, transfer.asset, network)
    _member(venue, transfer.target)
    if (transfer.id, Direction.IN) in venue.state.movements:
        raise Refusal(Ground.STAGE, f"deposit {transfer.id} is known already")
    venue.state.keep_movement(
        Movement(
            msgspec.structs.replace(transfer, stage=Stage.REQUESTED),
            Direction.IN,
            network,
            seen_at=seen_at,
            tradable_at=seen_at + timedelta(seconds=way.tradable_s),
            withdrawable_at=seen_at + timedelta(seconds=way.withdrawable_s),
        )
    )


@under_context
def move(venue: Exchange, key: str, source: str, target: str, asset: str, amount: Decimal, *, at: datetime) -> Transfer:
    """Move money within a family of accounts at once, by the key of account `key` (D12).

    With the right to transfer, a main account's key moves between any two of its family, a sub-account's key
    only out of itself. What has not matured stays.
    """
    owner, giver, taker = _member(venue, key), _member(venue, source), _member(venue, target)
    if source == target or _head(giver) != _head(taker) or _head(owner) != _head(giver):
        raise Refusal(
            Ground.RIGHT, f"{key}, {source} and {target} are not accounts of one family, or source and target are one"
        )
    if Right.TRANSFER not in owner.rights or key not in (source, _head(giver)):
        raise Refusal(Ground.RIGHT, f"the key of {key} may not move money from {source}")
    _debit(venue, source, asset, amount)
    funds.credit(venue.state, target, asset, funds.raw(venue, asset, amount))
    moved = _numbered(venue, asset, amount, ZERO, (source, target), at)
    moved = msgspec.structs.replace(moved, stage=Stage.WITHDRAWABLE, credited_at=at, withdrawable_at=at)
    venue.state.keep_movement(Movement(moved, Direction.WITHIN, finished_at=at))
    return moved


def hold(venue: Exchange, transfer_id: str, because: str) -> None:
    """Stop a deposit (travel rule, review, wrong network) until `release`: it is not credited, or does not mature."""
    movement = venue.state.movements[transfer_id, Direction.IN]
    if movement.transfer.stage not in (Stage.SEEN, Stage.TRADABLE):
        raise Refusal(
            Ground.STAGE, f"deposit {transfer_id} is {movement.transfer.stage}; only what was seen and has not matured"
        )
    venue.state.keep_movement(_at_stage(movement, Stage.HELD, because=because))


def release(venue: Exchange, transfer_id: str, at: datetime) -> None:
    """Let a held deposit go on; what should have happened in the meantime is due at `at`."""
    movement = venue.state.movements[transfer_id, Direction.IN]
    if movement.transfer.stage is not Stage.HELD or movement.tradable_at is None or movement.withdrawable_at is None:
        raise Refusal(Ground.STAGE, f"deposit {transfer_id} is {movement.transfer.stage}, not held")
    stage = Stage.SEEN if movement.transfer.credited_at is None else Stage.TRADABLE
    later = replace(
        movement, tradable_at=max(at, movement.tradable_at), withdrawable_at=max(at, movement.withdrawable_at)
    )
    venue.state.keep_movement(_at_stage(later, stage, because=""))


def listed(venue: Exchange, account: str, since: datetime) -> tuple[Transfer, ...]:
    """Movements in or out of the account that were not finished before `since`, by id.

    A withdrawal is finished here once it is on chain, a deposit once it can be withdrawn. A deposit that has
    not been seen yet is nothing that this venue knows of.
    """
    return tuple(sorted(_listed(venue, account, since), key=lambda transfer: (transfer.id, transfer.stage)))


def ends(movement: Movement) -> tuple[str, ...]:
    """The accounts of this venue that a movement touches."""
    source, target = movement.transfer.source, movement.transfer.target
    return {Direction.OUT: (source,), Direction.IN: (target,), Direction.WITHIN: (source, target)}[movement.direction]


def visible(movement: Movement) -> bool:
    """Whether the venue knows of a movement: a deposit that is not on chain yet is nothing that it can have seen."""
    return movement.direction is not Direction.IN or movement.transfer.stage is not Stage.REQUESTED


def next_at(movement: Movement) -> datetime | None:
    """When a movement's stage changes by itself; None: never again, or not before somebody releases it."""
    if movement.finished_at is not None:
        return None
    match movement.direction, movement.transfer.stage:
        case Direction.OUT, Stage.REQUESTED:
            return movement.sent_at
        case Direction.IN, Stage.REQUESTED:
            return movement.seen_at
        case Direction.IN, Stage.SEEN:
            return movement.tradable_at
        case Direction.IN, Stage.TRADABLE:
            return movement.withdrawable_at
    return None


@under_context
def advance(venue: Exchange, key: tuple[str, Direction]) -> None:
    """Bring a movement to its next stage, at the instant that `next_at` names; a deposit is credited on the way."""
    movement = venue.state.movements[key]
    transfer, at = movement.transfer, next_at(movement)
    match movement.direction, transfer.stage:
        case Direction.OUT, Stage.REQUESTED:
            moved = replace(_at_stage(movement, Stage.SENT), finished_at=at)
        case Direction.IN, Stage.REQUESTED:
            moved = _at_stage(movement, Stage.SEEN)
        case Direction.IN, Stage.SEEN:
            arrived = funds.raw(venue, transfer.asset, transfer.amount - transfer.fee)
            funds.credit(venue.state, transfer.target, transfer.asset, arrived)
            moved = _at_stage(movement, Stage.TRADABLE, credited_at=at)
        case Direction.IN, Stage.TRADABLE:
            moved = replace(_at_stage(movement, Stage.WITHDRAWABLE, withdrawable_at=at), finished_at=at)
        case _:
            raise AssertionError(f"transfer {transfer.id} is {transfer.stage}; nothing is due to it")
    venue.state.keep_movement(moved)


def _at_stage(movement: Movement, stage: Stage, **more: datetime | str | None) -> Movement:
    return replace(movement, transfer=msgspec.structs.replace(movement.transfer, stage=stage, **more))


def _listed(venue: Exchange, account: str, since: datetime) -> Iterator[Transfer]:
    for movement in venue.state.movements.values():
        mine = account in ends(movement) and visible(movement)
        if mine and (movement.finished_at is None or movement.finished_at >= since):
            yield movement.transfer


def _debit(venue: Exchange, account: str, asset: str, amount: Decimal) -> None:
    try:
        units = funds.raw(venue, asset, amount)
    except ValueError as error:
        raise Refusal(Ground.MINIMUM, str(error)) from error
    there = funds.withdrawable(venue, account, asset)
    if not 0 < units <= there:
        left = plain(funds.amount(venue, asset, there))
        raise Refusal(Ground.FUNDS, f"{plain(amount)} {asset} cannot leave {account}: {left} is withdrawable")
    funds.credit(venue.state, account, asset, -units)


def _numbered(
    venue: Exchange, asset: str, amount: Decimal, fee: Decimal, ends: tuple[str, str], at: datetime
) -> Transfer:
    transfer = Transfer(
        id=f"{venue.rules.venue}-t{venue.state.next_transfer}",
        asset=asset,
        amount=amount,
        fee=fee,
        source=ends[0],
        target=ends[1],
        stage=Stage.REQUESTED,
        debited_at=at,
    )
    venue.state.next_transfer += 1
    return transfer


def _head(member: Member) -> str:
    return member.parent or member.id


def _member(venue: Exchange, account: str) -> Member:
    member = venue.rules.member.get(account)
    if member is None:
        raise Refusal(Ground.ACCOUNT, f"there is no account {account} at {venue.rules.venue}")
    return member


def _network(venue: Exchange, asset: str, network: str) -> Network:
    way = venue.rules.network.get((asset, network))
    if way is None:
        raise Refusal(Ground.NETWORK, f"{venue.rules.venue} carries no {asset} by {network}")
    return way
