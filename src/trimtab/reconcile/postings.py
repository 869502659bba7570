"""Double entry derived from fills, fees and transfers: what leaves an account enters another, a venue or a cost.

Sources are `fill:…`, `fee:…` and `transfer:…`; the postings of each sum to zero per asset. The other sides of our
accounts are `venue:ID`, `transit:ID` and `cost:fee`.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from operator import attrgetter

from trimtab.model.breaks import Posting
from trimtab.model.holdings import Snapshot, Stage, Transfer, Transit
from trimtab.model.ledger import Terms
from trimtab.model.orders import Fill, Side
from trimtab.units import canon, under_context


@under_context
def of_fills(fills: Iterable[Fill], terms: Terms) -> tuple[Posting, ...]:
    """What fills moved between our accounts and their venues, and what their fees cost. A rebate is a negative fee."""
    listed = {i.id: i for i in terms.instruments}
    lines: list[Posting] = []
    for fill in fills:
        instrument = listed.get(fill.instrument)
        assert instrument is not None, f"fill {fill.id} is on {fill.instrument}, which the cycle's terms do not have"
        sign = 1 if fill.side is Side.BUY else -1
        venue, name = f"venue:{instrument.venue}", f"{fill.order_id}:{fill.id}"
        lines += _moved(f"fill:{name}", venue, fill.account, instrument.base, sign * fill.amount, fill.at)
        lines += _moved(
            f"fill:{name}", venue, fill.account, instrument.quote, -sign * fill.amount * fill.price, fill.at
        )
        lines += _moved(f"fee:{name}", fill.account, "cost:fee", fill.fee_asset, fill.fee, fill.at)
    return _sorted(lines)


@under_context
def of_transfers(transfers: Iterable[Transfer]) -> tuple[Posting, ...]:
    """What transfers took from one account, when it was debited, and brought to another, when it was credited.

    What was returned moved nothing for good.
    """
    lines: list[Posting] = []
    for transfer in transfers:
        if transfer.stage is Stage.RETURNED:
            continue
        net, transit = transfer.amount - transfer.fee, f"transit:{transfer.id}"
        source, asset = f"transfer:{transfer.id}", transfer.asset
        lines += _moved(source, transfer.source, transit, asset, net, transfer.debited_at)
        lines += _moved(f"fee:{source}", transfer.source, "cost:fee", asset, transfer.fee, transfer.debited_at)
        if transfer.credited_at is not None:
            lines += _moved(source, transit, transfer.target, asset, net, transfer.credited_at)
    return _sorted(lines)


@under_context
def of_transits(before: Snapshot, after: Snapshot) -> tuple[Posting, ...]:
    """What set out or arrived between two snapshots, as far as money in transit shows it.

    A transit names what will arrive; the sender's fee is not in it and shows up as a break of that account.
    """
    first, then = {t.id: t for t in before.transits}, {t.id: t for t in after.transits}
    lines: list[Posting] = []
    for transit in before.transits:
        if transit.id not in then:
            lines += _moved(*_between(transit, f"transit:{transit.id}", transit.target), after.at)
    for transit in after.transits:
        if transit.id not in first:
            lines += _moved(*_between(transit, transit.source, f"transit:{transit.id}"), transit.since)
    return _sorted(lines)


def _between(transit: Transit, giver: str, taker: str) -> tuple[str, str, str, str, Decimal]:
    return f"transfer:{transit.id}", giver, taker, transit.asset, transit.amount


def _moved(source: str, giver: str, taker: str, asset: str, amount: Decimal, at: datetime) -> tuple[Posting, ...]:
    if not amount:
        return ()
    return (
        Posting(source=source, account=giver, asset=asset, amount=canon(-amount), at=at),
        Posting(source=source, account=taker, asset=asset, amount=canon(amount), at=at),
    )


def _sorted(lines: Iterable[Posting]) -> tuple[Posting, ...]:
    return tuple(sorted(lines, key=attrgetter("source", "account", "asset", "at", "amount")))
