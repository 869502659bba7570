"""From flows to orders: whole lots that the venue takes and the account can pay for at the worst price allowed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from trimtab.model.assets import Asset
from trimtab.model.mandate import Severity
from trimtab.model.orders import OrderKind, Side
from trimtab.plan.market import Market, Scene
from trimtab.quant import fees, filters
from trimtab.units import ZERO, canon, divide, floor_to


@dataclass(frozen=True)
class Sized:
    """An amount (base units) on one market, the wave in which it may start, and the markets it waits for."""

    market: Market
    amount: Decimal
    wave: int = 1
    needs: tuple[str, ...] = ()


def lots(scene: Scene, wanted: Mapping[str, Decimal], markets: Iterable[Market]) -> list[Sized]:
    """Whole lots of what was wanted (in value, by market), in waves; what is too small to send is left out."""
    sized = []
    for market in markets:
        amount = divide(wanted.get(market.name, ZERO), scene.prices[market.book.instrument.base])
        amount = sendable(scene, market, amount)
        if amount:
            sized.append(Sized(market, amount))
    return paid(scene, in_waves(scene, sized))


def sendable(scene: Scene, market: Market, amount: Decimal) -> Decimal:
    """The largest amount the venue and the mandate's least trade allow, not above `amount`; zero if none."""
    rules, pair = market.book.instrument.filters, market.book.instrument
    amount = canon(floor_to(amount, rules.step))
    if amount <= 0 or amount * scene.prices[pair.base] < least_trade(scene):
        return ZERO
    once = amount if rules.max_amount is None else min(amount, rules.max_amount)
    refused = filters.refusal(
        rules, side=market.book.side, kind=OrderKind.LIMIT, amount=once, price=market.book.guard, average=None
    )
    return ZERO if refused else amount


def least_trade(scene: Scene) -> Decimal:
    """The value that the mandate demands of each trade, if it blocks smaller ones."""
    clauses = scene.terms.policy.mandate.clauses
    return max((c.limit for c in clauses if c.kind == "min_trade" and c.severity is Severity.BLOCK), default=ZERO)


def in_waves(scene: Scene, sized: list[Sized]) -> list[Sized]:
    """Inventory on the spot first: a leg waits for its account's legs that bring what it spends, if it needs them.

    Legs that wait for each other in a circle cannot be paid for and are left out.
    """
    short = _short(scene, sized)
    needs = {s.market.name: _feeders(s, sized) if (s.market.account, spends(s)) in short else () for s in sized}
    waves: dict[str, int] = {}
    while ready := [n for n in needs if n not in waves and all(m in waves for m in needs[n])]:
        for name in ready:
            waves[name] = 1 + max((waves[n] for n in needs[name]), default=0)
    kept = [
        Sized(s.market, s.amount, waves[s.market.name], needs[s.market.name]) for s in sized if s.market.name in waves
    ]
    return sorted(kept, key=lambda s: (s.wave, s.market.name))


def _short(scene: Scene, sized: list[Sized]) -> set[tuple[str, str]]:
    """Where an account's legs together spend more of an asset than it has free."""
    spent: dict[tuple[str, str], Decimal] = {}
    for one in sized:
        place = one.market.account, spends(one)
        spent[place] = spent.get(place, ZERO) + cost(scene, one)
    return {place for place, amount in spent.items() if amount > scene.free.get(place, ZERO)}


def _feeders(one: Sized, sized: list[Sized]) -> tuple[str, ...]:
    found = (s.market.name for s in sized if s.market.account == one.market.account and gets(s) == spends(one))
    return tuple(sorted(found))


def paid(scene: Scene, sized: list[Sized]) -> list[Sized]:
    """The same legs, cut to what their account certainly has when they start; those cut to nothing are left out."""
    stock = dict(scene.free)
    kept = []
    for one in sized:
        place = one.market.account, spends(one)
        amount = one.amount
        if cost(scene, one) > stock.get(place, ZERO):
            amount = sendable(scene, one.market, _affordable(scene, one, stock.get(place, ZERO)))
        if amount:
            cut = Sized(one.market, amount, one.wave, one.needs)
            settle(scene, cut, stock)
            kept.append(cut)
    there = {one.market.name for one in kept}
    return [Sized(o.market, o.amount, o.wave, tuple(n for n in o.needs if n in there)) for o in kept]


def settle(scene: Scene, one: Sized, stock: dict[tuple[str, str], Decimal]) -> None:
    """Move a leg's money at the worst price it may trade at, its fee included."""
    account, book = one.market.account, one.market.book
    trade = worst(scene, one)
    fee, asset = fees.fee(one.market.fee, trade, third=third(scene, one.market, stock))
    for changed, amount in fees.changes(trade, max(ZERO, fee), asset):
        stock[account, changed] = stock.get((account, changed), ZERO) + amount
    assert book.guard > 0


def worst(scene: Scene, one: Sized) -> fees.Trade:
    """The leg's trade at its guard."""
    book = one.market.book
    base, quote = asset(scene, book.instrument.base), asset(scene, book.instrument.quote)
    return fees.Trade(book.side, one.amount, book.guard, base, quote)


def third(scene: Scene, market: Market, stock: Mapping[tuple[str, str], Decimal]) -> fees.Third | None:
    """The third fee asset with what is left of it, priced in the quote; None where it cannot be used."""
    name, quote = market.fee.third, market.book.instrument.quote
    if name is None or name not in scene.prices:
        return None
    price = divide(scene.prices[name], scene.prices[quote])
    return fees.Third(asset(scene, name), price, max(ZERO, stock.get((market.account, name), ZERO)))


def asset(scene: Scene, name: str) -> Asset:
    """An asset of the fund by its id."""
    return next(a for a in scene.terms.policy.assets if a.id == name)


def cost(scene: Scene, one: Sized) -> Decimal:
    """What a leg needs of the asset it spends, at the worst."""
    if one.market.book.side is Side.SELL:
        return one.amount
    return fees.cost_in_quote(one.market.fee, worst(scene, one))


def _affordable(scene: Scene, one: Sized, stock: Decimal) -> Decimal:
    if one.market.book.side is Side.SELL:
        return min(one.amount, max(ZERO, stock))
    step = one.market.book.instrument.filters.step
    return min(one.amount, fees.spendable(one.market.fee, stock, worst(scene, one), step))


def spends(one: Sized) -> str:
    """The asset a leg gives away."""
    pair = one.market.book.instrument
    return pair.quote if one.market.book.side is Side.BUY else pair.base


def gets(one: Sized) -> str:
    """The asset a leg brings in."""
    pair = one.market.book.instrument
    return pair.base if one.market.book.side is Side.BUY else pair.quote
