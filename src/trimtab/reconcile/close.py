"""The close: opening + fills + transfers + fees = closing, per account and asset, over any number of cycles."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from trimtab.model.accounts import Managed
from trimtab.model.breaks import Break, BreakCause, Posting
from trimtab.model.canonical import Noun
from trimtab.model.holdings import Snapshot, Transfer
from trimtab.model.ledger import Accepted, Terms
from trimtab.model.runs import Ended
from trimtab.reconcile import breaks, postings
from trimtab.reconcile.breaks import Difference
from trimtab.units import ZERO, canon, under_context


class CloseLine(Noun, frozen=True, kw_only=True):
    """One asset of one account over a period: `closing` is opening plus what was booked, `observed` what is there.

    None: the account could not be read at that end of the period.
    """

    account: str
    asset: str
    opening: Decimal | None
    fills: Decimal
    transfers: Decimal
    fees: Decimal
    closing: Decimal | None
    observed: Decimal | None


class Explained(Noun, frozen=True, kw_only=True):
    """A break that a person has accepted: it stays in the books, and needs nobody any more."""

    found: Break
    by: str
    because: str


class Close(Noun, frozen=True, kw_only=True):
    """The books of a period at its end, and where they break; a break's `since` is when it was first found.

    `accepted` are breaks that a person has explained, to the smallest unit; one that has changed since is open again.
    """

    at: datetime
    lines: tuple[CloseLine, ...]
    breaks: tuple[Break, ...]
    accepted: tuple[Explained, ...] = ()


class Period(Noun, frozen=True, kw_only=True):
    """What happened between two looks: runs that ended, transfers seen, breaks found on the way and those accepted."""

    ended: tuple[Ended, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    found: tuple[Break, ...] = ()
    accepted: tuple[Accepted, ...] = ()


@under_context
def close(opening: Snapshot, closing: Snapshot, period: Period, terms: Terms) -> Close:
    """Close the books of a period.

    A movement counts where it came after the opening read of its account and not after the closing one, by each
    account's own clock; so a transfer that only one end has seen is no break at the other. A difference that an
    earlier cycle found keeps its date, cause and words.
    """
    fills = [fill for ended in period.ended for fill in ended.fills]
    booked = (*postings.of_fills(fills, terms), *_between(postings.of_transfers(period.transfers), opening, closing))
    wanted = breaks.expected(opening, booked)
    differing = breaks.differences(wanted, opening, closing, terms)
    found = [_break(difference, closing, period.found, terms) for difference in differing]
    levers = {_identity(b): lever for lever in period.accepted for b in lever.breaks}
    return Close(
        at=closing.at,
        lines=tuple(_lines(opening, closing, booked, terms)),
        breaks=tuple(b for b in found if _identity(b) not in levers),
        accepted=tuple(
            Explained(found=b, by=lever.by, because=lever.because)
            for b in found
            if (lever := levers.get(_identity(b))) is not None
        ),
    )


def _identity(found: Break) -> tuple[str, str, str]:
    """What a person accepts: a difference to the smallest unit, whatever trades have moved both its sides since."""
    return found.account, found.asset, found.raw


def _between(lines: Sequence[Posting], opening: Snapshot, closing: Snapshot) -> Iterator[Posting]:
    first = {(b.account, b.asset): b.as_of for b in opening.balances}
    last = {(b.account, b.asset): b.as_of for b in closing.balances}
    for line in lines:
        key = line.account, line.asset
        if first.get(key, opening.at) < line.at <= last.get(key, closing.at):
            yield line


def _lines(opening: Snapshot, closing: Snapshot, booked: Sequence[Posting], terms: Terms) -> Iterator[CloseLine]:
    first, last = breaks.totals(opening), breaks.totals(closing)
    moved: dict[tuple[str, str, str], Decimal] = {}
    for line in booked:
        kind = line.source.partition(":")[0]
        key = line.account, line.asset, kind
        moved[key] = moved.get(key, ZERO) + line.amount
    ours = {account.id for account in terms.policy.accounts}
    keys = {*first, *last, *((account, asset) for account, asset, _ in moved)}
    unopened, unread = ({item.account for item in look.unknown} for look in (opening, closing))
    for account, asset in sorted(key for key in keys if key[0] in ours):
        fills, transfers, fees = (moved.get((account, asset, kind), ZERO) for kind in ("fill", "transfer", "fee"))
        start = None if account in unopened else first.get((account, asset), ZERO)
        yield CloseLine(
            account=account,
            asset=asset,
            opening=start,
            fills=canon(fills),
            transfers=canon(transfers),
            fees=canon(fees),
            closing=None if start is None else canon(start + fills + transfers + fees),
            observed=None if account in unread else last.get((account, asset), ZERO),
        )


def _break(found: Difference, closing: Snapshot, earlier: Sequence[Break], terms: Terms) -> Break:
    known = [b for b in earlier if (b.account, b.asset) == (found.account, found.asset) and b.observed is not None]
    first = min(known, key=lambda b: b.since, default=None)
    cause, because = (first.cause, first.because) if first is not None else _cause(found, closing, terms)
    if found.observed is None:
        cause, because = _cause(found, closing, terms)
    return Break(
        account=found.account,
        asset=found.asset,
        expected=found.expected,
        observed=found.observed,
        raw="" if found.observed is None else str(breaks.raw(found, terms)),
        cause=cause,
        because=because,
        since=first.since if first is not None else closing.at,
    )


def _cause(found: Difference, closing: Snapshot, terms: Terms) -> tuple[BreakCause, str]:
    unread = next((item.because for item in closing.unknown if item.account == found.account), None)
    if unread is not None:
        return BreakCause.UNREAD, f"{found.account} could not be read: {unread}"
    shared = any(a.id == found.account and a.managed is Managed.SHARED for a in terms.policy.accounts)
    if shared:
        return BreakCause.FOREIGN, f"others act in {found.account} too"
    return BreakCause.UNEXPLAINED, "no fill, fee or transfer accounts for it, in any cycle of the period"
