"""From a point of the programme to legs that can be sent: whole lots and raw units, each paid for by what is there.

Amounts are rounded down and costs up, so that a leg never moves more than was asked and never spends what is not there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from trimtab.model.orders import Side
from trimtab.model.problems import Link
from trimtab.plan.ground import NOISE, RECEIVED, Ground, Move, Place
from trimtab.units import BPS, ONE, ZERO, canon, ceil_to, divide, floor_to, money

SPARE: Final = 2
"""So many smallest units more leave with a transfer whose fees are rounded up, lest what they pay for fall short."""

NEARLY: Final = Decimal("0.99999")
"""A leg of this part of its least size is one of its least size: a search over whole decisions is no more exact."""

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
    def aside(self) -> frozenset[Place]:
        """The places that it takes nothing but fees from, in a third asset."""
        thirds = {move.third for move, _ in self.parts if move.third}
        return frozenset(place for place in thirds if place != self.parts[0][0].source)

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

Parts = tuple[tuple[Move, Decimal], ...]
"""Moves of one leg, with their amounts."""


@dataclass
class Purse:
    """What is left while legs are put together: by place, of each slice, and of what is kept for fees.

    Fees in a third asset are kept of what is there at first, so that no leg waits for its fee.
    """

    ground: Ground
    stock: dict[Place, Decimal]
    first: dict[Place, Decimal]
    kept: dict[Place, Decimal]
    room: dict[str, Decimal]

    def has(self, place: Place, made: Sent | None = None) -> Decimal:
        """What may be spent at a place: for fees that a leg pays there, what is left of what was there at first."""
        if made is not None and place in made.aside:
            return min(self.stock.get(place, ZERO), self.first.get(place, ZERO))
        return self.stock.get(place, ZERO) - self.kept.get(place, ZERO)

    def pay(self, made: Sent) -> None:
        """Take what a leg takes, and keep what it brings."""
        for move, amount in made.parts:
            if move.shared:
                self.room[move.shared] -= amount
            if move.third:
                self.kept[move.third] = max(ZERO, self.kept[move.third] - _third(self.ground, move, amount))
        for place, amount in made.changes.items():
            self.stock[place] = self.stock.get(place, ZERO) + amount
            self.first[place] = self.first.get(place, ZERO) + min(ZERO, amount)


def sent(ground: Ground, wanted: Wanted) -> list[Sent]:
    """Whole legs, feeding ones first; what is less than a venue takes is left out.

    The legs must not lead in a circle (`circle` finds one).
    """
    stock = {place: ground.free(place) for place in ground.stocks}
    purse, found = Purse(ground, stock, dict(stock), _reserved(ground, wanted), dict(ground.rooms)), []
    for leg in _ordered(ground, wanted):
        made = (_transfer if leg in ground.links else _order)(purse, leg, wanted[leg])
        if made is not None:
            purse.pay(made)
            found.append(made)
    return found


def _reserved(ground: Ground, wanted: Wanted) -> dict[Place, Decimal]:
    """What fees in third assets are to take, as far as it is there; a unit more for each, as they are rounded up."""
    found: dict[Place, Decimal] = {}
    for move, value in ((ground.named[name], value) for moves in wanted.values() for name, value in moves.items()):
        if move.third:
            paid = divide(value * move.aside, ground.prices[move.third[1]]) + ground.unit(move.third[1])
            found[move.third] = min(ground.free(move.third), found.get(move.third, ZERO) + paid)
    return {place: floor_to(amount, ground.unit(place[1])) for place, amount in found.items()}


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
    return {move.source for move in used}, used[0].target


def _ordered(ground: Ground, wanted: Wanted) -> Iterator[str]:
    """Legs in an order in which what brings money comes before what spends it."""
    left = {leg: _ends(ground, wanted[leg]) for leg in sorted(wanted)}
    while left:
        coming = {target for _, target in left.values()}
        ready = [leg for leg, (spends, _) in left.items() if not spends & coming]
        assert ready, f"legs lead in a circle: {sorted(left)}"
        yield from ready
        left = {leg: ends for leg, ends in left.items() if leg not in ready}


def _transfer(purse: Purse, leg: str, moves: Mapping[str, Decimal]) -> Sent | None:
    ground = purse.ground
    link, (name,) = ground.links[leg], moves
    price, unit = ground.prices[link.asset], ground.unit(link.asset)
    wanted = divide(moves[name] + ground.nav * NOISE, price)
    source, target = (link.source, link.asset), (link.target, link.asset)
    if link.minimum * NEARLY <= wanted < link.minimum:
        wanted = link.minimum
    asked = wanted + SPARE * unit if link.fee_bps or link.fee else wanted
    amount = floor_to(min(asked, purse.has(source), divide(ground.most(leg), price)), unit)
    passage = ceil_to(amount * max(ZERO, link.fee_bps) / BPS, unit)
    arrives = amount - passage - ceil_to(link.fee, unit)
    if not _carries(link, amount, arrives):
        return None
    costs = {"transfer": passage * price, "fixed": ceil_to(link.fee, unit) * price}
    return Sent(leg, amount, ((ground.named[name], amount),), {source: -amount, target: canon(arrives)}, costs)


def _carries(link: Link, amount: Decimal, arrives: Decimal) -> bool:
    """Whether so much may be transferred and anything arrives."""
    return amount > 0 and amount >= link.minimum and arrives > 0


def _order(purse: Purse, leg: str, moves: Mapping[str, Decimal]) -> Sent | None:
    """As much of an order as can be paid for."""
    ground = purse.ground
    book = ground.books[ground.ways[leg][0].book]
    price, step = ground.prices[book.base], ground.step(book)
    used = sorted((ground.named[name] for name in moves), key=lambda m: (_number(m), m.third is None))
    shares = {move.name: ground.amount(move, moves[move.name]) for move in used}
    amount = _asked(ground, leg, moves)
    for _ in range(TRIES):
        parts = _parts(used, amount, shares, purse.room)
        amount = sum((part for _, part in parts), ZERO)
        if (whole := floor_to(amount, step)) != amount:
            amount = whole
            continue
        if not amount or amount * price < ground.least(leg):
            return None
        made = _worked(ground, leg, _payable(purse, leg, parts))
        short = min((divide(purse.has(p, made), -made.changes[p]) for p in made.spends), default=ONE)
        if short >= 1:
            return made if made.changes.get(made.target, ZERO) > 0 else None
        smaller = floor_to(amount * short, step)
        amount = smaller if smaller < amount else amount - step
    return None


def _asked(ground: Ground, leg: str, moves: Mapping[str, Decimal]) -> Decimal:
    """A leg's amount in whole lots; one that is as good as its least is its least."""
    book = ground.books[ground.ways[leg][0].book]
    size, least = sum(moves.values(), ground.nav * NOISE), ground.least(leg)
    if least * NEARLY <= size < least:
        size = least
    return floor_to(divide(size, ground.prices[book.base]), ground.step(book))


def _number(move: Move) -> int:
    return int(move.shared.rsplit(" ", 1)[1])


def _parts(used: Sequence[Move], amount: Decimal, shares: Mapping[str, Decimal], room: Mapping[str, Decimal]) -> Parts:
    """An amount over moves, best first: each its share, then whatever the slices have room for."""
    left, free = amount, {move.shared: room[move.shared] for move in used}
    found = dict.fromkeys((move.name for move in used), ZERO)
    for most in (shares, None):
        for move in used:
            taken = min(left, free[move.shared], left if most is None else most[move.name])
            taken = max(ZERO, taken)
            found[move.name] += taken
            free[move.shared] -= taken
            left -= taken
    return tuple((move, found[move.name]) for move in used if found[move.name] > 0)


def _payable(purse: Purse, leg: str, parts: Parts) -> Parts:
    """The parts with what a third asset is too short to pay for charged to what is received (D2)."""
    ground, spent, found = purse.ground, dict[Place, Decimal](), dict[str, Decimal]()
    for move, part in parts:
        other, own = f"{leg} {_number(move)} {RECEIVED}", part
        if move.third and other in ground.named:
            left = purse.kept.get(move.third, ZERO) - spent.get(move.third, ZERO)
            own = _within(ground, move, part, left)
            spent[move.third] = spent.get(move.third, ZERO) + (_third(ground, move, own) if own else ZERO)
        for name, taken in ((move.name, own), (other, part - own)):
            if taken:
                found[name] = found.get(name, ZERO) + taken
    return tuple((ground.named[name], part) for name, part in found.items())


def _within(ground: Ground, move: Move, part: Decimal, left: Decimal) -> Decimal:
    """As much of a part as so much of a third asset pays the fee of."""
    asked = _third(ground, move, part)
    if asked <= left:
        return part
    return floor_to(part * divide(left, asked), ground.unit(ground.moved(move))) if left > 0 else ZERO


def _third(ground: Ground, move: Move, part: Decimal) -> Decimal:
    """What a third asset pays for a part, in its units."""
    assert move.third is not None
    value = part * ground.price(move) * move.aside
    return ceil_to(divide(value, ground.prices[move.third[1]]), ground.unit(move.third[1]))


def _worked(ground: Ground, leg: str, parts: Parts) -> Sent:
    """What an order changes and costs, to the raw unit, rounded against us; what rounding takes counts as fee."""
    way, side = ground.ways[leg]
    book = ground.books[way.book]
    base, quote = (way.account, book.base), (way.account, book.quote)
    amount, price, mark = sum((part for _, part in parts), ZERO), ground.prices[book.base], ground.mark(book)
    buying = side is Side.BUY
    walked = sum((part * mark * _level(move, side) for move, part in parts), ZERO)
    moved = walked.quantize(ground.unit(book.quote), rounding=ROUND_CEILING if buying else ROUND_FLOOR)
    changes = {base: amount if buying else -amount, quote: -moved if buying else moved}
    for place, paid in _fees(ground, leg, parts).items():
        changes[place] = changes.get(place, ZERO) - paid
    spread = money(sum((part * price * move.spread for move, part in parts), ZERO))
    impact = money(sum((part * price * move.impact for move, part in parts), ZERO))
    lost = -sum((value * ground.prices[place[1]] for place, value in changes.items()), ZERO)
    costs = {"fee": lost - spread - impact, "spread": spread, "impact": impact}
    return Sent(leg, canon(amount), parts, {place: canon(value) for place, value in changes.items() if value}, costs)


def _level(move: Move, side: Side) -> Decimal:
    cost = move.spread + move.impact
    return 1 + cost if side is Side.BUY else 1 - cost


def _fees(ground: Ground, leg: str, parts: Parts) -> dict[Place, Decimal]:
    """What a leg's fees take, and where, in units of the assets."""
    way, side = ground.ways[leg]
    book, found = ground.books[way.book], dict[Place, Decimal]()
    for move, part in parts:
        if move.third:
            found[move.third] = found.get(move.third, ZERO) + _third(ground, move, part)
            continue
        own = book.base if side is Side.BUY and move.name.endswith(f" {RECEIVED}") else book.quote
        paid = divide(part * ground.price(move) * move.fee, ground.prices[own])
        found[way.account, own] = found.get((way.account, own), ZERO) + paid
    return {place: ceil_to(paid, ground.unit(place[1])) for place, paid in found.items() if paid}
