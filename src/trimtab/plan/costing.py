"""What sized legs cost and change, exactly: the walk down shared books, and fees by what they are taken from.

The walk of a book is shared out over its legs by their amounts, so that its parts are the true walk of them all (T1).
Prices better than the mark count as the mark (D4), so that no spread, walk or fee is negative.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from msgspec.structs import replace

from trimtab.model.orders import Side
from trimtab.model.plans import Change, Costs, OrderLeg
from trimtab.plan import graph
from trimtab.plan.graph import Sized
from trimtab.plan.market import Book, Place, Scene
from trimtab.quant import fees
from trimtab.units import ONE, UNIT, ZERO, canon, divide, money


@dataclass(frozen=True)
class Priced:
    """A leg with what it changes, the asset that its fee is taken from, and where it came from."""

    leg: OrderLeg
    changes: tuple[Change, ...]
    charged: str
    sized: Sized


@dataclass(frozen=True)
class Moved:
    """What a leg is expected to move in quote, and what it would at the touch."""

    quote: Decimal
    touch: Decimal


def price(scene: Scene, sized: Sequence[Sized]) -> tuple[Priced, ...]:
    """Legs in the order of their waves, numbered, with costs and changes.

    Third assets are used up in that order; what is bought of one meanwhile is not counted on.
    """
    needed = graph.needs(scene, sized)
    waves = graph.waves(needed)
    ordered = sorted(sized, key=lambda one: (waves[one.name], one.name))
    width = len(str(len(ordered)))
    ids = {one.name: f"l{number:0{width}}" for number, one in enumerate(ordered, start=1)}
    moved, stock, found = _moved(ordered), dict(scene.free), []
    for one in ordered:
        bare = _leg(scene, one, ids[one.name], moved[one.name])
        waits = tuple(sorted(ids[name] for name in needed[one.name]))
        done = _charged(scene, one, replace(bare, wave=waves[one.name], needs=waits), moved[one.name], stock)
        found.append(done)
        for change in done.changes:
            place = change.account, change.asset
            stock[place] = stock.get(place, ZERO) + min(ZERO, change.amount)
    return tuple(found)


def walk(book: Book, amount: Decimal) -> Decimal:
    """The quote that trading `amount` on a book moves. Raises ValueError where the book has less within the guard."""
    left, moved = amount, ZERO
    for rung in book.rungs:
        taken = min(left, rung.amount)
        moved += taken * rung.price
        left -= taken
        if not left:
            return moved
    raise ValueError(f"{book.name}: {amount} is more than the {book.room} that the book takes within its guard")


def _moved(ordered: Iterable[Sized]) -> dict[str, Moved]:
    by_book: dict[str, list[Sized]] = {}
    for one in ordered:
        by_book.setdefault(one.market.book.name, []).append(one)
    return {name: part for legs in by_book.values() for name, part in _shared(legs)}


def _shared(legs: Sequence[Sized]) -> Iterable[tuple[str, Moved]]:
    """Each leg's part of a book's walk, by amount; the last one takes what rounding leaves. Rounded against us."""
    book = legs[0].market.book
    total = sum((one.amount for one in legs), ZERO)
    rounding = ROUND_CEILING if book.side is Side.BUY else ROUND_FLOOR
    whole = left = walk(book, total).quantize(UNIT, rounding=rounding)
    for place, one in enumerate(legs, start=1):
        part = left if place == len(legs) else money(divide(whole * one.amount, total))
        left -= part
        yield one.name, Moved(quote=canon(part), touch=one.amount * book.rungs[0].price)


def _leg(scene: Scene, one: Sized, name: str, moved: Moved) -> OrderLeg:
    """The leg in its first wave and without its fee."""
    book, pair = one.market.book, one.market.book.instrument
    sign, worth = ONE if book.side is Side.BUY else -ONE, scene.prices[pair.quote]
    return OrderLeg(
        id=name,
        account=one.market.account,
        instrument=pair.id,
        base=pair.base,
        quote=pair.quote,
        side=book.side,
        amount=canon(one.amount),
        mark_price=canon(book.mark),
        limit_price=book.guard,
        value=money(one.amount * scene.prices[pair.base]),
        costs=Costs(
            fee=ZERO,
            spread=money(max(ZERO, sign * (moved.touch - one.amount * book.mark) * worth)),
            impact=money(max(ZERO, sign * (moved.quote - moved.touch) * worth)),
        ),
        wave=1,
    )


def _charged(scene: Scene, one: Sized, leg: OrderLeg, moved: Moved, stock: Mapping[Place, Decimal]) -> Priced:
    """The leg with its fee, and all that it changes."""
    left = stock.get((leg.account, one.market.fee.third or ""), ZERO)
    done = graph.trade(scene, one.market, one.amount, divide(moved.quote, one.amount))
    fee, charged = fees.fee(one.market.fee, done, third=graph.third(scene, one.market, left))
    fee = max(ZERO, fee)
    charged = charged if fee else one.market.charged
    sign = ONE if leg.side is Side.BUY else -ONE
    flows = {leg.base: sign * one.amount, leg.quote: -sign * moved.quote}
    flows[charged] = flows.get(charged, ZERO) - fee
    changes = tuple(
        Change(leg=leg.id, account=leg.account, asset=asset, amount=canon(amount))
        for asset, amount in sorted(flows.items())
        if amount
    )
    costs = replace(leg.costs, fee=money(fee * scene.prices[charged]))
    return Priced(replace(leg, costs=costs), changes, charged, one)
