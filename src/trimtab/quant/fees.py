"""What a trade costs and changes, exactly, by what its fee is taken from (D2).

A fee is rounded up to the smallest unit of the asset it is taken from, always against us; a rebate is
rounded down for the same reason. What was traded (amount times price) is never rounded here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from trimtab.model.assets import Asset, FeeTerms, TakenFrom
from trimtab.model.orders import Side
from trimtab.units import BPS, ONE, ZERO, canon, ceil_to, under_context


@dataclass(frozen=True)
class Trade:
    """An `amount` of base traded for quote at `price` (quote per base)."""

    side: Side
    amount: Decimal
    price: Decimal
    base: Asset
    quote: Asset


@dataclass(frozen=True)
class Third:
    """The third asset that fees may be taken from: its price in the trade's quote, and how much of it is free."""

    asset: Asset
    price: Decimal
    free: Decimal


def terms_for(fees: Sequence[FeeTerms], account: str, instrument: str) -> FeeTerms:
    """What `account` pays on `instrument`: its terms for just that instrument, else its terms for all.

    Raises ValueError where it has neither: a missing fee is not a fee of zero.
    """
    general = None
    for terms in fees:
        if terms.account == account and terms.instrument == instrument:
            return terms
        if terms.account == account and terms.instrument is None:
            general = terms
    if general is None:
        raise ValueError(f"fees: account {account} has no terms for {instrument}; give it terms for all instruments")
    return general


@under_context
def fee(
    terms: FeeTerms, trade: Trade, *, bps: Decimal | None = None, third: Third | None = None
) -> tuple[Decimal, str]:
    """The fee of one fill and the id of the asset it is taken from. Negative is a rebate.

    `bps` is the rate that applies, the taker's where none is given (`terms.maker_bps` for a fill that rested).
    A third asset pays the whole fee of a fill or none of it: where it is short, unknown or unpriced the fill
    pays in what it received, without the discount, and later fills of the same parent may again differ.
    """
    rate = (terms.taker_bps if bps is None else bps) / BPS
    notional = trade.amount * trade.price
    if terms.taken_from is TakenFrom.THIRD and third is not None:
        paid = _up(notional * rate * (ONE - (terms.discount or ZERO)) / third.price, third.asset)
        if paid <= third.free:
            return paid, third.asset.id
    if terms.taken_from is TakenFrom.QUOTE or trade.side is Side.SELL:
        return _up(notional * rate, trade.quote), trade.quote.id
    return _up(trade.amount * rate, trade.base), trade.base.id


@under_context
def changes(trade: Trade, paid: Decimal, asset: str) -> tuple[tuple[str, Decimal], ...]:
    """What a fill and its fee (`paid` in `asset`) change in its account, by asset, sorted; zeros left out.

    Give it a real fill's own fee to reconcile, or `fee(...)` to predict.
    """
    sign = 1 if trade.side is Side.BUY else -1
    moved = {trade.base.id: sign * trade.amount}
    moved[trade.quote.id] = moved.get(trade.quote.id, ZERO) - sign * trade.amount * trade.price
    moved[asset] = moved.get(asset, ZERO) - paid
    return tuple((name, canon(amount)) for name, amount in sorted(moved.items()) if amount)


@under_context
def cost_in_quote(terms: FeeTerms, trade: Trade, *, bps: Decimal | None = None) -> Decimal:
    """The quote that a buy must have free: its notional, and the fee where that is taken from the quote.

    A rebate is not counted on before it is paid.
    """
    notional = trade.amount * trade.price
    if terms.taken_from is not TakenFrom.QUOTE:
        return canon(notional)
    return canon(notional + max(ZERO, fee(terms, trade, bps=bps)[0]))


@under_context
def spendable(terms: FeeTerms, budget: Decimal, trade: Trade, step: Decimal, *, bps: Decimal | None = None) -> Decimal:
    """The largest amount (a multiple of `step`) that `budget` of quote buys at the price of `trade`.

    The trade's own amount is not read. Exact also where the fee's rounding costs the last unit.
    """
    if budget <= 0:
        return ZERO
    rate = max(ZERO, (terms.taker_bps if bps is None else bps) / BPS)
    gross = trade.price * (ONE + rate) if terms.taken_from is TakenFrom.QUOTE else trade.price
    unit = ONE.scaleb(-trade.quote.decimals)
    high = _steps(budget / gross, step)
    low = _steps(max(ZERO, budget - unit) / gross, step)
    while low < high:
        middle = (low + high + 1) // 2
        wanted = Trade(trade.side, middle * step, trade.price, trade.base, trade.quote)
        if cost_in_quote(terms, wanted, bps=bps) <= budget:
            low = middle
        else:
            high = middle - 1
    return canon(low * step)


def _up(value: Decimal, asset: Asset) -> Decimal:
    return ceil_to(value, ONE.scaleb(-asset.decimals))


def _steps(value: Decimal, step: Decimal) -> int:
    return int((value / step).to_integral_value(ROUND_FLOOR))
