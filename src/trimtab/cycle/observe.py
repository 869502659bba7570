"""Look at the world: terms, accounts, touches and books, concurrently, each source on its own clock.

What cannot be read becomes *unknown* with its reason; a failing venue never stops the reading of the others.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from trimtab.model.accounts import Account
from trimtab.model.assets import FeeTerms, Instrument
from trimtab.model.holdings import AccountRead, Snapshot, Transfer, Unknown
from trimtab.model.ledger import Liquidity, Quoted, Terms
from trimtab.model.prices import Ladder, Quote
from trimtab.ports import Desk, EdgeError, Venue
from trimtab.value import assemble, ends

T = TypeVar("T")

LADDER_LEVELS = 50
"""How deep a book is read: what a plan cannot see, it cannot trade."""


@dataclass(frozen=True)
class Look:
    """One reading of all accounts: what answered and what did not."""

    reads: tuple[AccountRead, ...]
    unknown: tuple[Unknown, ...]


async def terms(desk: Desk) -> Terms:
    """What every venue lists and charges; a venue that does not answer lists nothing."""
    listed = await asyncio.gather(*(_listed(desk, venue) for venue in desk.venues.values()))
    charged = await asyncio.gather(*(_charged(desk, account) for account in desk.policy.accounts))
    known = {asset.id for asset in desk.policy.assets}
    instruments = [i for venue in listed for i in venue if i.base in known and i.quote in known]
    fees = [terms for account in charged for terms in account]
    return Terms(
        policy=desk.policy,
        instruments=tuple(sorted(instruments, key=lambda i: i.id)),
        fees=tuple(sorted(fees, key=lambda f: (f.account, f.instrument or ""))),
        venues=tuple(sorted((v.terms for v in desk.venues.values()), key=lambda v: v.venue)),
    )


async def accounts(desk: Desk, frozen: Sequence[Unknown] = ()) -> Snapshot:
    """Read every account until two readings in a row agree, then the transfers between them.

    A balance that still moves after `max_read_rounds` is not a balance: that account is unknown. Transfers are
    read last, so that they tell of every movement a balance may already include.
    """
    first, second, moving = await _look(desk), Look((), ()), tuple[str, ...]()
    for _ in range(desk.policy.limits.max_read_rounds):
        second = await _look(desk)
        moving = assemble.moved(first.reads, second.reads)
        if not moving:
            break
        first = second
    restless = tuple(Unknown(account=a, because="its balances moved between every two readings") for a in moving)
    transfers, unheard = await _transfers(desk, second.reads)
    unknown = _one_each((*frozen, *second.unknown, *restless, *unheard))
    lost = {u.account for u in unknown}
    reads = tuple(r for r in second.reads if r.account not in lost)
    return assemble.assemble(desk.clock.now(), reads, transfers, unknown)


async def transfers(desk: Desk, since: datetime) -> tuple[Transfer, ...]:
    """Every movement that was not finished before `since`, as far as the venues tell; each one once."""
    answers = await asyncio.gather(*(_moved(desk, a.venue, a.id, since) for a in desk.policy.accounts))
    told = [t for answer in answers if not isinstance(answer, Unknown) for t in answer]
    return tuple(ends.joined(told, {account.id for account in desk.policy.accounts}))


async def quotes(desk: Desk, known: Terms) -> Quoted:
    """The touch of every listed instrument."""
    asked = _by_venue(known.instruments)
    answers = await asyncio.gather(*(_quotes(desk, desk.venues[v], ids) for v, ids in asked.items()))
    return Quoted(quotes=tuple(sorted((q for answer in answers for q in answer), key=lambda q: q.instrument)))


async def books(desk: Desk, known: Terms) -> Liquidity:
    """The visible books of every listed instrument."""
    asked = _by_venue(known.instruments)
    answers = await asyncio.gather(*(_ladders(desk, desk.venues[v], ids) for v, ids in asked.items()))
    ladders = sorted((book for answer in answers for book in answer), key=lambda book: book.instrument)
    return Liquidity(ladders=tuple(ladders))


async def _look(desk: Desk) -> Look:
    answers = await asyncio.gather(*(_read(desk, account) for account in desk.policy.accounts))
    reads = tuple(a for a in answers if isinstance(a, AccountRead))
    return Look(reads, tuple(a for a in answers if isinstance(a, Unknown)))


async def _read(desk: Desk, account: Account) -> AccountRead | Unknown:
    try:
        return await _in_time(desk, desk.venues[account.venue].read(account.id))
    except EdgeError as error:
        return Unknown(account=account.id, because=str(error))
    except TimeoutError:
        return _no_answer(desk, account.id)


async def _transfers(desk: Desk, reads: Sequence[AccountRead]) -> tuple[tuple[Transfer, ...], tuple[Unknown, ...]]:
    if not reads:
        return (), ()
    since = min(read.as_of for read in reads)
    venues = {account.id: account.venue for account in desk.policy.accounts}
    answers = await asyncio.gather(*(_moved(desk, venues[r.account], r.account, since) for r in reads))
    found = [t for a in answers if not isinstance(a, Unknown) for t in a]
    return tuple(found), tuple(a for a in answers if isinstance(a, Unknown))


async def _moved(desk: Desk, venue: str, account: str, since: datetime) -> tuple[Transfer, ...] | Unknown:
    try:
        return await _in_time(desk, desk.venues[venue].transfers(account, since))
    except EdgeError as error:
        return Unknown(account=account, because=f"its transfers could not be read: {error}")
    except TimeoutError:
        return _no_answer(desk, account)


async def _listed(desk: Desk, venue: Venue) -> tuple[Instrument, ...]:
    try:
        return await _in_time(desk, venue.instruments())
    except (EdgeError, TimeoutError):
        return ()  # Its accounts fail to read too, and say why there.


async def _charged(desk: Desk, account: Account) -> tuple[FeeTerms, ...]:
    try:
        return await _in_time(desk, desk.venues[account.venue].fees(account.id))
    except (EdgeError, TimeoutError):
        return ()


async def _quotes(desk: Desk, venue: Venue, instruments: Sequence[str]) -> tuple[Quote, ...]:
    try:
        return await _in_time(desk, venue.quotes(instruments))
    except (EdgeError, TimeoutError):
        return ()  # An asset without a quote is unpriced, which the valuation says.


async def _ladders(desk: Desk, venue: Venue, instruments: Sequence[str]) -> tuple[Ladder, ...]:
    try:
        return await _in_time(desk, venue.ladders(instruments, LADDER_LEVELS))
    except (EdgeError, TimeoutError):
        return ()


async def _in_time(desk: Desk, answer: Awaitable[T]) -> T:
    return await asyncio.wait_for(answer, desk.policy.limits.read_timeout_s)


def _no_answer(desk: Desk, account: str) -> Unknown:
    return Unknown(account=account, because=f"no answer within {desk.policy.limits.read_timeout_s} s")


def _one_each(unknown: Iterable[Unknown]) -> tuple[Unknown, ...]:
    first: dict[str, Unknown] = {}
    for item in unknown:
        first.setdefault(item.account, item)
    return tuple(first[account] for account in sorted(first))


def _by_venue(instruments: Iterable[Instrument]) -> dict[str, list[str]]:
    asked: dict[str, list[str]] = {}
    for instrument in instruments:
        asked.setdefault(instrument.venue, []).append(instrument.id)
    return asked
