"""How a run ended: its fills, what each leg failed to do and why, and what it cost against the plan's marks."""

from collections.abc import Iterable
from decimal import Decimal

from trimtab.execute import legs
from trimtab.model.assets import TakenFrom
from trimtab.model.ledger import Terms
from trimtab.model.orders import Fill, Side
from trimtab.model.plans import Costs, OrderLeg
from trimtab.model.prices import Marks
from trimtab.model.runs import Ended, Residual, Run, RunState, Working
from trimtab.quant import fees
from trimtab.units import BPS, ONE, ZERO, canon, money, under_context


@under_context
def finish(run: Run, terms: Terms, marks: Marks) -> Ended:
    """Sum a run up once it is over. `marks` are those the plan was made by: cost is paid against them."""
    assert run.state in (RunState.ENDED, RunState.STUCK), f"a run that is {run.state} has no end to sum up"
    prices = {mark.asset: mark.price for mark in marks.marks}
    paid = [_paid(working, prices, terms) for working in run.legs]
    return Ended(
        plan_hash=run.plan_hash,
        state=run.state,
        at=run.now,
        fills=tuple(sorted((f for w in run.legs for f in _fills(w)), key=lambda f: (f.id, f.order_id))),
        residuals=tuple(r for w in run.legs if (r := residual(w)) is not None),
        paid=Costs(
            fee=money(sum((fee for fee, _, _ in paid), ZERO)),
            spread=money(sum((spread for _, spread, _ in paid), ZERO)),
            impact=money(sum((impact for _, _, impact in paid), ZERO)),
        ),
    )


@under_context
def residual(working: Working) -> Residual | None:
    """What a leg failed to do, and why, in the words of the slices that have something left; None if it did all."""
    rest = working.leg.amount - sum((fill.amount for fill in _fills(working)), ZERO)
    if rest <= 0:
        return None
    reasons = dict.fromkeys(piece.because for piece in working.slices if legs.left(piece) > 0)
    return Residual(leg=working.leg.id, amount=canon(rest), because="; ".join(reasons))


def _fills(working: Working) -> Iterable[Fill]:
    return (fill for piece in working.slices for fill in piece.fills)


def _paid(working: Working, prices: dict[str, Decimal], terms: Terms) -> tuple[Decimal, Decimal, Decimal]:
    """Fee, spread and impact of a leg in the base currency.

    What the fills gave away against the plan's mark is half spread up to the leg's predicted one for what was
    filled, and impact beyond; a gain against the mark is negative impact.
    """
    leg = working.leg
    quote = prices.get(leg.quote) or leg.value / (leg.amount * leg.mark_price)
    known = {leg.base: quote * leg.mark_price, leg.quote: quote, **prices}
    sign = 1 if leg.side is Side.BUY else -1
    fills = tuple(_fills(working))
    slip = sum((sign * (f.price - leg.mark_price) * f.amount * quote for f in fills), ZERO)
    expected = leg.costs.spread * sum((f.amount for f in fills), ZERO) / leg.amount
    spread = max(ZERO, min(slip, expected))
    return sum((_fee(f, leg, known, terms) for f in fills), ZERO), spread, slip - spread


def _fee(fill: Fill, leg: OrderLeg, prices: dict[str, Decimal], terms: Terms) -> Decimal:
    """A fee at its asset's mark; where that has none, what the account's terms say that the fee is worth."""
    if fill.fee_asset in prices:
        return fill.fee * prices[fill.fee_asset]
    paid = fees.terms_for(terms.fees, leg.account, leg.instrument)
    off = paid.discount or ZERO if paid.taken_from is TakenFrom.THIRD else ZERO
    return fill.amount * fill.price * prices[leg.quote] * paid.taker_bps / BPS * (ONE - off)
