"""What a leg may spend once the legs it needs have ended: never more than they really brought in."""

from collections.abc import Sequence
from decimal import Decimal

from trimtab.execute import orders
from trimtab.model.assets import Asset, TakenFrom
from trimtab.model.ledger import Terms
from trimtab.model.orders import Fill, Side
from trimtab.model.plans import OrderLeg
from trimtab.model.runs import Working
from trimtab.quant import fees
from trimtab.units import BPS, ONE, ZERO, canon, floor_to, plain


def allowance(leg: OrderLeg, needed: Sequence[Working], terms: Terms) -> tuple[Decimal, str]:
    """How much of a leg its feeding legs pay for, on the instrument's step, and why it is less than planned.

    The amount is scaled by what the needed legs of the same account brought of the asset it spends, fees taken
    off, over the least that the plan could count on: their amount at their price guard, less fees. Money that was
    free before is scaled along, so that the answer errs towards spending too little, never too much.
    """
    asset = orders.spends(leg)
    feeding = [w for w in needed if w.leg.account == leg.account and orders.receives(w.leg) == asset]
    promised = sum((_promised(w.leg, terms) for w in feeding), ZERO)
    brought = sum((_brought(w, asset, terms) for w in feeding), ZERO)
    if brought >= promised:
        return leg.amount, ""
    step = orders.rules(terms, leg).filters.step
    names = ", ".join(w.leg.id for w in feeding)
    because = f"{names} brought {plain(canon(brought))} of {plain(canon(promised))} {asset}"
    return floor_to(leg.amount * max(ZERO, brought) / promised, step), because


def _promised(leg: OrderLeg, terms: Terms) -> Decimal:
    """The least a leg brings if it is filled: at its guard, less the taker's fee where that is taken from it."""
    paid = fees.terms_for(terms.fees, leg.account, leg.instrument)
    own = paid.taken_from is TakenFrom.RECEIVED or (paid.taken_from is TakenFrom.QUOTE and leg.side is Side.SELL)
    kept = ONE - paid.taker_bps / BPS if own else ONE
    if leg.side is Side.BUY:
        return leg.amount * kept
    return leg.amount * orders.guard(leg, orders.rules(terms, leg)) * kept


def _brought(working: Working, asset: str, terms: Terms) -> Decimal:
    assets = {a.id: a for a in terms.policy.assets}
    pair = assets[working.leg.base], assets[working.leg.quote]
    fills = (fill for piece in working.slices for fill in piece.fills)
    return sum((amount for fill in fills for name, amount in _changes(fill, *pair) if name == asset), ZERO)


def _changes(fill: Fill, base: Asset, quote: Asset) -> tuple[tuple[str, Decimal], ...]:
    trade = fees.Trade(fill.side, fill.amount, fill.price, base, quote)
    return fees.changes(trade, fill.fee, fill.fee_asset)
