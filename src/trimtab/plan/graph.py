"""What funds what: the order in which legs can be paid for, which legs wait for which, and what that makes safe.

In every account inventory on the spot comes first: a leg waits only if the money that is free does not reach for
it, and then for all legs of its account that bring that money. So every set of legs that is closed under what they
wait for can be paid, whichever of them run at once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trimtab.model.assets import TakenFrom
from trimtab.model.orders import Side
from trimtab.plan.market import Book, Market, Place, Scene
from trimtab.quant import fees
from trimtab.units import ZERO, divide, plain


@dataclass(frozen=True)
class Worst:
    """What a leg spends at most and brings at least, filled whole at its guard; and what a third asset may pay."""

    spent: Decimal
    got: Decimal
    third: Decimal


@dataclass(frozen=True)
class Sized:
    """An amount (base units) to trade on one market, and the worst that can come of it."""

    market: Market
    amount: Decimal
    worst: Worst

    @property
    def name(self) -> str:
        """The market's."""
        return self.market.name

    @property
    def spends(self) -> Place:
        """The money that it gives away."""
        return self.market.account, self.market.book.spends

    @property
    def gets(self) -> Place:
        """The money that it brings."""
        return self.market.account, self.market.book.gets


def order(books: Iterable[Book]) -> dict[str, int]:
    """A place for every asset such that trades lead from earlier to later ones. Raises ValueError for a circle."""
    edges = {(book.spends, book.gets) for book in books}
    left = sorted({asset for edge in edges for asset in edge})
    found: dict[str, int] = {}
    while left:
        led_to = {got for _, got in edges}
        first = [asset for asset in left if asset not in led_to]
        if not first:
            raise ValueError(f"trades go round in a circle among {', '.join(left)}")
        found |= {asset: len(found) + number for number, asset in enumerate(first)}
        left = [asset for asset in left if asset in led_to]
        edges = {edge for edge in edges if edge[0] in led_to}
    return found


def trade(scene: Scene, market: Market, amount: Decimal, price: Decimal) -> fees.Trade:
    """A trade of so much on a market at some price."""
    pair = market.book.instrument
    return fees.Trade(market.book.side, amount, price, scene.assets[pair.base], scene.assets[pair.quote])


def third(scene: Scene, market: Market, free: Decimal) -> fees.Third | None:
    """The third asset that pays a market's fees, with so much of it free; None where there is none with a price."""
    name = market.fee.third
    if market.fee.taken_from is not TakenFrom.THIRD or name is None:
        return None
    if name not in scene.prices or name not in scene.assets:
        return None
    price = divide(scene.prices[name], scene.prices[market.book.instrument.quote])
    return fees.Third(scene.assets[name], price, free)


def sized(scene: Scene, market: Market, amount: Decimal) -> Sized:
    """A leg with its worst. A fee that a third asset should pay may fall back on what is received: it counts twice."""
    done = trade(scene, market, amount, market.book.guard)
    paid, charged = fees.fee(market.fee, done)
    own = max(ZERO, paid) if charged == market.book.gets else ZERO
    aside = third(scene, market, Decimal("Infinity"))
    reserved = max(ZERO, fees.fee(market.fee, done, third=aside)[0]) if aside else ZERO
    if market.book.side is Side.SELL:
        return Sized(market, amount, Worst(amount, amount * done.price - own, reserved))
    return Sized(market, amount, Worst(fees.cost_in_quote(market.fee, done), amount - own, reserved))


def stock(scene: Scene, legs: Iterable[Sized]) -> dict[Place, Decimal]:
    """What is free for trades: third-asset fees are set aside where the asset itself is spent."""
    found = dict(scene.free)
    for one in legs:
        if one.worst.third:
            place = one.market.account, one.market.fee.third or ""
            found[place] = max(ZERO, found.get(place, ZERO) - one.worst.third)
    return found


def needs(scene: Scene, legs: Sequence[Sized]) -> dict[str, tuple[str, ...]]:
    """The legs that each leg waits for, by market name: none where free money reaches for it, the smaller first."""
    left = stock(scene, legs)
    bringing: dict[Place, list[str]] = {}
    for one in legs:
        bringing.setdefault(one.gets, []).append(one.name)
    found: dict[str, tuple[str, ...]] = {}
    for one in sorted(legs, key=lambda leg: (leg.worst.spent, leg.name)):
        if one.worst.spent <= left.get(one.spends, ZERO):
            left[one.spends] -= one.worst.spent
            found[one.name] = ()
        else:
            left[one.spends] = ZERO
            found[one.name] = tuple(sorted(bringing.get(one.spends, ())))
    return found


def waves(needed: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The wave of each leg: 1 if it waits for nothing, else one more than the last that it waits for."""
    found: dict[str, int] = {}
    while len(found) < len(needed):
        ready = [n for n in needed if n not in found and all(m in found for m in needed[n])]
        assert ready, f"legs wait for each other: {sorted(set(needed) - set(found))}"
        for name in ready:
            found[name] = 1 + max((found[n] for n in needed[name]), default=0)
    return found


def overdrafts(scene: Scene, legs: Sequence[Sized]) -> Iterator[str]:
    """Where the legs of an account spend more of an asset, at the worst, than it has free and they certainly bring."""
    there = stock(scene, legs)
    spent: dict[Place, Decimal] = {}
    for one in legs:
        spent[one.spends] = spent.get(one.spends, ZERO) + one.worst.spent
        there[one.gets] = there.get(one.gets, ZERO) + one.worst.got
    for (account, asset), amount in sorted(spent.items()):
        has = there.get((account, asset), ZERO)
        if amount > has:
            yield f"{account} would spend {plain(amount)} {asset} at the worst and has {plain(has)} for it"
