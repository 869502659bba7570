"""What one order of a simulated venue locks while it waits, and what each of its fills moves.

What is promised is locked before anything is paid, so no fill can spend what an order still needs.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from trimtab.model.assets import FeeTerms, Instrument
from trimtab.model.orders import Fill, Order, OrderStatus, Side
from trimtab.quant import fees
from trimtab.sim import funds
from trimtab.sim.rules import Outside
from trimtab.sim.state import Exchange, Placed
from trimtab.units import canon


@dataclass(frozen=True)
class Deal:
    """A part of an order that is being done: its price, whether it took or made it (`bps`), and when."""

    amount: Decimal
    price: Decimal
    bps: Decimal
    at: datetime
    outside: Outside


def terms(venue: Exchange, order: Order) -> FeeTerms:
    """What the order's account pays on its instrument."""
    return fees.terms_for(venue.rules.fees, order.account, order.instrument)


def pays(instrument: Instrument, side: Side) -> str:
    """The asset that an order gives away."""
    return instrument.quote if side is Side.BUY else instrument.base


def need(venue: Exchange, order: Order, amount: Decimal, price: Decimal) -> int:
    """Raw units that an order of `amount` at `price` must have: for a buy with the dearer of its two fees."""
    instrument = venue.rules.instrument[order.instrument]
    if order.side is Side.SELL:
        return funds.raw(venue, instrument.base, amount)
    if not amount:
        return 0
    paid = terms(venue, order)
    trade = _trade(venue, instrument, order.side, amount, price)
    return funds.raw(venue, instrument.quote, fees.cost_in_quote(paid, trade, bps=max(paid.maker_bps, paid.taker_bps)))


def apply(venue: Exchange, placed: Placed, deal: Deal, locked: int) -> None:
    """Do one part of an order: move what was traded, take the fee, keep `locked` for what is left.

    A buy's fee that comes from the quote is rounded up, but never beyond what the account has: where an order
    is done in many parts, the last unit of a part's fee may not be there, and the venue lets it go.
    """
    order, instrument = placed.order, venue.rules.instrument[placed.order.instrument]
    trade = _trade(venue, instrument, order.side, deal.amount, deal.price)
    _swap(venue, placed, trade, locked)
    paid, asset = _fee(venue, order, trade, deal)
    fill = Fill(
        id=f"{venue.rules.venue}-f{venue.state.next_fill}",
        order_id=order.id,
        account=order.account,
        instrument=order.instrument,
        side=order.side,
        amount=deal.amount,
        price=deal.price,
        fee=funds.amount(venue, asset, paid),
        fee_asset=asset,
        at=deal.at,
    )
    funds.credit(venue.state, order.account, asset, -paid)
    venue.state.next_fill += 1
    filled = canon(placed.filled + deal.amount)
    status = OrderStatus.FILLED if filled == order.amount else OrderStatus.OPEN
    fills = (*placed.fills, fill)
    venue.state.keep_order(
        replace(placed, status=status, filled=filled, locked=locked, fills=fills, changed_at=deal.at)
    )


def _trade(venue: Exchange, instrument: Instrument, side: Side, amount: Decimal, price: Decimal) -> fees.Trade:
    assets = venue.rules.asset
    return fees.Trade(side, amount, price, assets[instrument.base], assets[instrument.quote])


def _swap(venue: Exchange, placed: Placed, trade: fees.Trade, locked: int) -> None:
    amounts = (trade.base.id, trade.amount), (trade.quote.id, trade.amount * trade.price)
    (given, less), (got, more) = reversed(amounts) if trade.side is Side.BUY else amounts
    account, state = placed.order.account, venue.state
    stock = state.stock(account, given)
    total = stock.total - funds.raw(venue, given, less)
    state.keep_stock(replace(stock, total=total, locked=stock.locked - placed.locked + locked))
    funds.credit(state, account, got, funds.raw(venue, got, more))


def _fee(venue: Exchange, order: Order, trade: fees.Trade, deal: Deal) -> tuple[int, str]:
    paid, asset = fees.fee(terms(venue, order), trade, bps=deal.bps, third=_third(venue, order, deal.outside))
    units, free = funds.raw(venue, asset, paid), venue.state.stock(order.account, asset).free
    assert units <= free + 1, f"order {order.id}: its fee of {units} {asset} was not kept for it; {free} are free"
    return min(units, free), asset


def _third(venue: Exchange, order: Order, outside: Outside) -> fees.Third | None:
    third = terms(venue, order).third
    price = outside.prices.get(third) if third else None
    if third is None or not price:
        return None
    free = funds.amount(venue, third, venue.state.stock(order.account, third).free)
    return fees.Third(venue.rules.asset[third], price, free)
