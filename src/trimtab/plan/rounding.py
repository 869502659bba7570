"""From a point of the programme to legs that can be sent: whole lots and raw units, each paid for by what is there.

Amounts are rounded down and costs up, so that a leg never moves more than was asked and never spends what is not there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from trimtab.model.orders import Side
from trimtab.model.problems import Link
from trimtab.plan.ground import QUOTE, Ground, Move, Place
from trimtab.plan.programme import NOISE
from trimtab.units import BPS, ZERO, canon, ceil_to, divide, floor_to, money

TRIES: Final = 64
"""How often an order is made smaller until it can be paid for; the first time is almost always enough."""


@dataclass(frozen=True)
class Sent:
    """A leg in whole units: how much of each move (base units, or units of what is transferred), and what it changes.

    `amount` is in units of the base asset of an order, and what leaves the source of a transfer. The costs are by kind,
    in the base currency.
    """

    leg: str
    amount: Decimal
    parts: tuple[tuple[Move, Decimal], ...]
    changes: Mapping[Place, Decimal]
    costs: Mapping[str, Decimal]

    @property
    def spends(self) -> tuple[Place, ...]:
        """The places that it takes from."""
        return tuple(sorted(place for place, amount in self.changes.items() if amount < 0))

    @property
    def target(self) -> Place:
        """The place that it brings to."""
        return self.parts[0][0].target

    @property
    def cost(self) -> Decimal:
        """All that it costs."""
        return sum(self.costs.values(), ZERO)


Wanted = Mapping[str, Mapping[str, Decimal]]
"""By leg, the value of each of its moves."""


def sent(ground: Ground, wanted: Wanted) -> list[Sent]:
    """Whole legs, feeding ones first; what is less than a venue takes is left out.

    The legs must not lead in a circle (`circle` finds one).
    """
    stock = {place: ground.free(place) for place in ground.stocks}
    room = dict(ground.rooms)
    found = []
    for leg in _ordered(ground, wanted):
        made = (
            _transfer(ground, leg, wanted[leg], stock)
            if leg in ground.links
            else _order(ground, leg, wanted[leg], stock, room)
        )
        if made is None:
            continue
        for move, amount in made.parts:
            if move.shared:
                room[move.shared] -= amount
        for place, amount in made.changes.items():
            stock[place] = stock.get(place, ZERO) + amount
        found.append(made)
    return found


def circle(ground: Ground, wanted: Wanted) -> tuple[str, ...]:
    """Legs that lead from a place back to it; empty if there are none."""
    left = {leg: _ends(ground, wanted[leg]) for leg in wanted}
    while True:
        sources = {place for spends, _ in left.values() for place in spends}
        targets = {target for _, target in left.values()}
        kept = {leg: ends for leg, ends in left.items() if ends[1] in sources and any(p in targets for p in ends[0])}
        if len(kept) == len(left):
            return tuple(sorted(kept))
        left = kept


def _ends(ground: Ground, moves: Iterable[str]) -> tuple[set[Place], Place]:
    used = [ground.named[name] for name in moves]
    spends = {move.source for move in used} | {move.third for move in used if move.third}
    return spends, used[0].target


def _ordered(ground: Ground, wanted: Wanted) -> Iterator[str]:
    """Legs in an order in which what brings money comes before what spends it."""
    left = {leg: _ends(ground, wanted[leg]) for leg in sorted(wanted)}
    while left:
        coming = {target for _, target in left.values()}
        ready = [leg for leg, (spends, _) in left.items() if not spends & coming]
        assert ready, f"legs lead in a circle: {sorted(left)}"
        yield from ready
        left = {leg: ends for leg, ends in left.items() if leg not in ready}


def _transfer(ground: Ground, leg: str, moves: Mapping[str, Decimal], stock: Mapping[Place, Decimal]) -> Sent | None:
    link, (name,) = ground.links[leg], moves
    price, unit = ground.prices[link.asset], ground.unit(link.asset)
    wanted = divide(moves[name] + ground.nav * NOISE, price)
    source, target = (link.source, link.asset), (link.target, link.asset)
    amount = floor_to(min(wanted, stock.get(source, ZERO), divide(ground.most(leg), price)), unit)
    passage = ceil_to(amount * max(ZERO, link.fee_bps) / BPS, unit)
    arrives = amount - passage - ceil_to(link.fee, unit)
    if not _carries(link, amount, arrives):
        return None
    costs = {"transfer": passage * price, "fixed": ceil_to(link.fee, unit) * price}
    return Sent(leg, amount, ((ground.named[name], amount),), {source: -amount, target: canon(arrives)}, costs)


def _carries(link: Link, amount: Decimal, arrives: Decimal) -> bool:
    """Whether so much may be transferred and anything arrives."""
    return amount > 0 and amount >= link.minimum and arrives > 0


def _order(
    ground: Ground, leg: str, moves: Mapping[str, Decimal], stock: Mapping[Place, Decimal], room: Mapping[str, Decimal]
) -> Sent | None:
    """As much of an order as can be paid for."""
    book = ground.books[ground.ways[leg][0].book]
    price, step = ground.prices[book.base], ground.step(book)
    used = sorted((ground.named[name] for name in moves), key=lambda m: (_number(m), m.third is None))
    amount = floor_to(divide(sum(moves.values(), ground.nav * NOISE), price), step)
    for _ in range(TRIES):
        parts = _parts(used, amount, {m.name: ground.amount(m, moves[m.name]) for m in used}, room)
        amount = sum((part for _, part in parts), ZERO)
        if (whole := floor_to(amount, step)) != amount:
            amount = whole
            continue
        if not amount or amount * price < ground.least(leg):
            return None
        made = _worked(ground, leg, parts, stock)
        short = min((divide(stock.get(p, ZERO), -made.changes[p]) for p in made.spends), default=ZERO)
        if short >= 1:
            return made
        smaller = floor_to(amount * short, step)
        amount = smaller if smaller < amount else amount - step
    return None


def _number(move: Move) -> int:
    return int(move.shared.rsplit(" ", 1)[1])


def _parts(
    used: Sequence[Move], amount: Decimal, shares: Mapping[str, Decimal], room: Mapping[str, Decimal]
) -> tuple[tuple[Move, Decimal], ...]:
    """An amount over moves, best first: each its share, then whatever the slices have room for."""
    left, free, found = amount, dict(room), dict.fromkeys((move.name for move in used), ZERO)
    for most in (shares, None):
        for move in used:
            taken = min(left, free[move.shared], left if most is None else most[move.name])
            taken = max(ZERO, taken)
            found[move.name] += taken
            free[move.shared] -= taken
            left -= taken
    return tuple((move, found[move.name]) for move in used if found[move.name] > 0)


def _worked(ground: Ground, leg: str, parts: tuple[tuple[Move, Decimal], ...], stock: Mapping[Place, Decimal]) -> Sent:
    """What an order changes and costs, to the raw unit, rounded against us; what rounding takes counts as fee."""
    way, side = ground.ways[leg]
    book = ground.books[way.book]
    base, quote = (way.account, book.base), (way.account, book.quote)
    amount, price, mark = sum((part for _, part in parts), ZERO), ground.prices[book.base], ground.mark(book)
    buying = side is Side.BUY
    walked = sum((part * mark * _level(move, side) for move, part in parts), ZERO)
    moved = walked.quantize(ground.unit(book.quote), rounding=ROUND_CEILING if buying else ROUND_FLOOR)
    changes = {base: amount if buying else -amount, quote: -moved if buying else moved}
    for place, paid in _fees(ground, leg, parts, stock).items():
        changes[place] = changes.get(place, ZERO) - paid
    spread = money(sum((part * price * move.spread for move, part in parts), ZERO))
    impact = money(sum((part * price * move.impact for move, part in parts), ZERO))
    lost = -sum((value * ground.prices[place[1]] for place, value in changes.items()), ZERO)
    costs = {"fee": lost - spread - impact, "spread": spread, "impact": impact}
    return Sent(leg, canon(amount), parts, {place: canon(value) for place, value in changes.items() if value}, costs)


def _level(move: Move, side: Side) -> Decimal:
    cost = move.spread + move.impact
    return 1 + cost if side is Side.BUY else 1 - cost


def _fees(
    ground: Ground, leg: str, parts: Iterable[tuple[Move, Decimal]], stock: Mapping[Place, Decimal]
) -> dict[Place, Decimal]:
    """What a leg's fees take, and where; what a third asset is too short for is taken from what is received (D2)."""
    way, side = ground.ways[leg]
    book = ground.books[way.book]
    mark, rate = ground.mark(book), max(ZERO, way.fee_bps) / BPS
    found: dict[Place, Decimal] = {}
    for move, part in parts:
        notional = part * mark * _level(move, side)
        if move.third:
            price = divide(ground.prices[move.third[1]], ground.prices[book.quote])
            paid = ceil_to(divide(notional * rate, price), ground.unit(move.third[1]))
            if found.get(move.third, ZERO) + paid <= stock.get(move.third, ZERO):
                found[move.third] = found.get(move.third, ZERO) + paid
                continue
        own = (way.account, book.base if side is Side.BUY and way.fee_from != QUOTE else book.quote)
        paid = (part if own[1] == book.base else notional) * rate
        found[own] = found.get(own, ZERO) + paid
    return {place: ceil_to(paid, ground.unit(place[1])) for place, paid in found.items() if paid}
