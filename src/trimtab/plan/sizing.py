"""From flows to orders: whole lots that the venue takes and the account can pay for at the worst price allowed."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from trimtab.model.orders import OrderKind, Side
from trimtab.plan import graph
from trimtab.plan.graph import Sized
from trimtab.plan.market import Market, Scene
from trimtab.quant import fees, filters
from trimtab.units import ZERO, ceil_to, divide, floor_to

NOISE: Final = Decimal("1E-12")
"""A flow below this share of the fund is the solver's rounding; so much may be missing from a whole lot."""


def lots(scene: Scene, wanted: Mapping[str, Decimal]) -> list[Sized]:
    """Whole lots of what is wanted (value by market name), feeding legs first; what cannot be sent is left out.

    Never more than wanted, than a shared book takes, or than an account has at the worst prices.
    """
    markets = [market for market in scene.markets if wanted.get(market.name, ZERO) > scene.size * NOISE]
    places = graph.order(market.book for market in markets)
    markets.sort(key=lambda market: (places[market.book.spends], market.name))
    asked = {market.name: _asked(scene, market, wanted[market.name]) for market in markets}
    paying = [graph.sized(scene, m, asked[m.name]) for m in markets if m.fee.third]
    stock, room = graph.stock(scene, paying), {market.book.name: market.book.room for market in markets}
    legs = []
    for market in markets:
        has = stock.get((market.account, market.book.spends), ZERO)
        most = min(asked[market.name], room[market.book.name], _affordable(scene, market, has))
        if amount := sendable(scene, market, most):
            one = graph.sized(scene, market, amount)
            room[market.book.name] -= amount
            stock[one.spends] = has - one.worst.spent
            stock[one.gets] = stock.get(one.gets, ZERO) + one.worst.got
            legs.append(one)
    return legs


def _asked(scene: Scene, market: Market, value: Decimal) -> Decimal:
    whole = divide(value + scene.size * NOISE, scene.prices[market.book.instrument.base])
    return min(whole, scene.room(market))


def _affordable(scene: Scene, market: Market, stock: Decimal) -> Decimal:
    """The most of a leg that so much of what it spends can pay for."""
    if market.book.side is Side.SELL:
        return max(ZERO, stock)
    step = market.book.instrument.filters.step
    return fees.spendable(market.fee, stock, graph.trade(scene, market, ZERO, market.book.guard), step)


def sendable(scene: Scene, market: Market, amount: Decimal) -> Decimal:
    """The largest amount not above `amount` that the venue and the mandate's least trade allow; zero if none.

    An order may be smaller than a leg: more than the venue takes at once is sent in several.
    """
    rules, book = market.book.instrument.filters, market.book
    whole = floor_to(amount, rules.step)
    if whole < least(scene, market):
        return ZERO
    once = min([whole, *_mosts(market)])
    refused = filters.refusal(rules, side=book.side, kind=OrderKind.LIMIT, amount=once, price=book.guard, average=None)
    return ZERO if refused else whole


def _mosts(market: Market) -> Sequence[Decimal]:
    rules = market.book.instrument.filters
    by_value = None if rules.max_notional is None else divide(rules.max_notional, market.book.guard)
    return [floor_to(most, rules.step) for most in (rules.max_amount, by_value) if most is not None]


def least(scene: Scene, market: Market) -> Decimal:
    """The smallest amount that can be sent on a market: one step, the venue's least, the mandate's least trade."""
    rules, book = market.book.instrument.filters, market.book
    by_value = divide(rules.min_notional or ZERO, book.guard)
    by_law = divide(scene.least, scene.prices[book.instrument.base])
    return ceil_to(max(rules.step, rules.min_amount or ZERO, by_value, by_law), rules.step)
