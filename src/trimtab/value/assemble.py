"""Reads, each on its own clock, become one snapshot at one cut: the moment that the transfers were read.

Transfers are read after all balances, so they tell of every movement that any balance may include. What a read
came too early for is added here; what it already shows is not; so money in flight is counted once (D10, T5).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from trimtab.model.canonical import encode
from trimtab.model.holdings import AccountRead, Balance, OpenOrder, Snapshot, Stage, Transfer, Transit, Unknown
from trimtab.units import ZERO, canon, plain, under_context
from trimtab.value import ends

MATURED: Final = (Stage.WITHDRAWABLE, Stage.RETURNED)
"""Stages at which credited money may leave again."""

Place = tuple[str, str]


@dataclass(frozen=True)
class Move:
    """What one transfer adds to one balance, beyond what its read shows. `immature` is free and may not leave yet."""

    place: Place
    amount: Decimal
    matured: Decimal
    immature: Decimal


@under_context
def assemble(
    at: datetime, reads: Sequence[AccountRead], transfers: Sequence[Transfer], unknown: Sequence[Unknown]
) -> Snapshot:
    """One snapshot of all accounts, rolled forward to the moment when the transfers were read.

    An account that is unknown counts for nothing, whatever was read of it; transfers that touch it are told in
    its reason. One with less than nothing, which no venue of ours calls a loan, is unknown (D7). Money that left
    for an account that is not the fund's makes that account unknown while it is on its way; money from such an
    account is the fund's only once credited. Raises ValueError for two reads of one account.
    """
    unknown = (*unknown, *_impossible(reads))
    lost = {item.account for item in unknown}
    seen = [read for read in reads if read.account not in lost]
    as_of = {read.account: read.as_of for read in seen}
    if len(as_of) != len(seen):
        raise ValueError("reads: an account was read twice; give its last read only")
    merged = ends.joined(transfers, as_of.keys() | lost)
    strangers = _strangers(merged, as_of.keys() | lost)
    return Snapshot(
        at=at,
        balances=_balances(seen, [move for transfer in merged for move in _moves(transfer, as_of)]),
        orders=tuple(sorted((o for read in seen for o in read.orders), key=_order_key)),
        transits=_transits(merged, as_of.keys() | lost),
        unknown=_told((*unknown, *strangers), merged),
    )


def _impossible(reads: Iterable[AccountRead]) -> Iterator[Unknown]:
    """Accounts that read as holding less than nothing. The first reason of an account is the one that is told."""
    for read in reads:
        for balance in read.balances:
            if balance.free < 0 or balance.total < 0:
                short = f"{plain(balance.free)} free of {plain(balance.total)} in total"
                because = f"its {balance.asset} is negative: {short}; it does not trade until that is explained"
                yield Unknown(account=read.account, because=because)


def moved(first: Sequence[AccountRead], second: Sequence[AccountRead]) -> tuple[str, ...]:
    """Accounts whose balances or orders differ between two readings, sorted; the instants of the reads aside.

    An account that only one of them has read differs: one reading alone proves no rest.
    """
    before, after = ({read.account: _content(read) for read in reads} for reads in (first, second))
    return tuple(a for a in sorted(before.keys() | after.keys()) if before.get(a) != after.get(a))


def _content(read: AccountRead) -> tuple[object, ...]:
    held = sorted((b.asset, b.total, b.free, str(b.withdrawable)) for b in read.balances if b.total or b.free)
    return (held, sorted(encode(order) for order in read.orders))


def _moves(transfer: Transfer, as_of: Mapping[str, datetime]) -> Iterator[Move]:
    """What the reads of both ends came too early for. A returned transfer is credited to its sender."""
    if transfer.source in as_of and transfer.debited_at > as_of[transfer.source]:
        yield Move((transfer.source, transfer.asset), -transfer.amount, -transfer.amount, ZERO)
    home = _home(transfer)
    if home not in as_of or transfer.credited_at is None:
        return
    place, arrived = (home, transfer.asset), transfer.amount - transfer.fee
    missed = arrived if transfer.credited_at > as_of[home] else ZERO
    if transfer.stage not in MATURED:
        yield Move(place, missed, ZERO, arrived)
    elif max(transfer.credited_at, transfer.withdrawable_at or transfer.credited_at) > as_of[home]:
        yield Move(place, missed, arrived, ZERO)


def _home(transfer: Transfer) -> str:
    return transfer.source if transfer.stage is Stage.RETURNED else transfer.target


def _balances(reads: Iterable[AccountRead], moves: Iterable[Move]) -> tuple[Balance, ...]:
    held = {(read.account, b.asset): b for read in reads for b in read.balances}
    instants = {read.account: read.as_of for read in reads}
    grouped: dict[Place, list[Move]] = defaultdict(list)
    for move in moves:
        grouped[move.place].append(move)
    for place, group in grouped.items():
        there = held.get(place) or _nothing(place, instants[place[0]])
        held[place] = _rolled(there, group)
    return tuple(held[place] for place in sorted(held))


def _nothing(place: Place, as_of: datetime) -> Balance:
    return Balance(account=place[0], asset=place[1], total=ZERO, free=ZERO, withdrawable=ZERO, as_of=as_of)


def _rolled(balance: Balance, moves: Sequence[Move]) -> Balance:
    """A balance after movements that its read does not show; what cannot leave yet bounds what is withdrawable."""
    added = sum((m.amount for m in moves), ZERO)
    free = balance.free + added
    matured = sum((m.matured for m in moves), ZERO)
    immature = sum((m.immature for m in moves), ZERO)
    if balance.withdrawable is not None:
        leaving: Decimal | None = balance.withdrawable + matured
    else:
        leaving = free - immature if immature else None
    return replace(
        balance,
        total=canon(balance.total + added),
        free=canon(free),
        withdrawable=None if leaving is None else canon(max(ZERO, min(leaving, free))),
    )


def _transits(transfers: Iterable[Transfer], ours: frozenset[str] | set[str]) -> tuple[Transit, ...]:
    return tuple(
        Transit(
            id=transfer.id,
            asset=transfer.asset,
            amount=canon(transfer.amount - transfer.fee),
            source=transfer.source,
            target=_home(transfer),
            stage=transfer.stage,
            since=transfer.debited_at,
        )
        for transfer in transfers
        if transfer.credited_at is None and transfer.source in ours and _home(transfer) in ours
    )


def _strangers(transfers: Iterable[Transfer], ours: set[str]) -> tuple[Unknown, ...]:
    leaving = {t.target for t in transfers if t.source in ours and _home(t) not in ours and t.credited_at is None}
    return tuple(Unknown(account=name, because="it is no account of this fund") for name in sorted(leaving))


def _told(unknown: Iterable[Unknown], transfers: Sequence[Transfer]) -> tuple[Unknown, ...]:
    """Each unknown account once, its reason followed by the transfers that touch it."""
    first: dict[str, Unknown] = {}
    for item in sorted(unknown, key=lambda u: (u.account, u.because)):
        first.setdefault(item.account, item)
    return tuple(
        replace(item, because="; ".join((item.because, *_touching(account, transfers))))
        for account, item in first.items()
    )


def _touching(account: str, transfers: Iterable[Transfer]) -> Iterator[str]:
    for transfer in transfers:
        what = f"transfer {transfer.id} of {plain(transfer.amount)} {transfer.asset}"
        if account == transfer.source:
            yield f"{what} left it for {transfer.target} ({transfer.stage})"
        elif account == transfer.target:
            yield f"{what} from {transfer.source} is meant for it ({transfer.stage})"


def _order_key(order: OpenOrder) -> tuple[str, str, str, bytes]:
    return order.account, order.instrument, order.client_id, encode(order)
