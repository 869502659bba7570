"""The linear programme of a scene. All flows are value at the marks, in the base currency.

Columns: a part of a shared book that is taken; an account's share in a book; what a goal is missed by; all that fees
and prices cost. Rows: the accounts' shares of a book are what is taken from it; an account never spends more than it
has free or gets at the worst price; a weight, of the value after costs, is within its goal.

Where a cost is no line it is drawn from below, never from above: what the programme charges no plan can undercut, so
that its optimum is a bound. What is left out by that is of second order (a fee on the walk; levels that are merged).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Final

from trimtab.model.assets import TakenFrom
from trimtab.model.decision import Goal
from trimtab.model.orders import Side
from trimtab.plan.market import Book, Market, Place, Scene
from trimtab.quant.lp import Column, Problem, Row, Table
from trimtab.units import ONE, ZERO

MISS: Final = ONE
"""What missing a goal by one unit of value costs: far more than any trade within a price guard."""

MOST: Final = Decimal(2)
"""No flow exceeds this many times what is at stake: money passes a market once at most. Makes every bound finite."""

DOWN: Final = Context(prec=18, rounding=ROUND_FLOOR)
UP: Final = Context(prec=18, rounding=ROUND_CEILING)
"""Coefficients have eighteen digits, rounded to the side on which the programme allows more and charges less."""


@dataclass(frozen=True)
class Way:
    """One way of paying the fee of a market: from which asset, and which fraction of value at least."""

    asset: str
    rate: Decimal


@dataclass
class Network:
    """A programme while it is written and once it is: its rows and columns, and where those of the scene stand.

    The first row and the first column are of the value lost.
    """

    scene: Scene
    rows: list[Row] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    goals: dict[str, tuple[int, ...]] = field(default_factory=dict)
    books: dict[str, int] = field(default_factory=dict)
    free: dict[Place, int] = field(default_factory=dict)
    takes: dict[str, int] = field(default_factory=dict)
    vias: dict[str, dict[str, int]] = field(default_factory=dict)

    def row(self, name: str, low: Decimal | None, high: Decimal | None) -> int:
        """Add a row; where it stands."""
        self.rows.append(Row(name, low, high))
        return len(self.rows) - 1

    def column(
        self, high: Decimal, entries: Iterable[tuple[int, Decimal]], *, cost: Decimal = ZERO, rank: int = 0
    ) -> int:
        """Add a column, several entries on one row added up; where it stands."""
        summed: dict[int, Decimal] = {}
        for row, value in entries:
            if value:
                summed[row] = summed[row] + value if row in summed else value
        self.columns.append(Column(cost, high, tuple(sorted(summed.items())), rank))
        return len(self.columns) - 1

    def moving(self, asset: str, value: Decimal) -> Iterator[tuple[int, Decimal]]:
        """What moves so much of an asset, on whichever rows its goal has."""
        for row in self.goals[asset]:
            yield row, value

    def problem(self) -> Problem:
        """What has been written."""
        return Problem(self.scene.size, tuple(self.rows), Table(tuple(self.columns), late=0))


def network(scene: Scene) -> Network:
    """Write the programme of a scene that is worth something."""
    net = Network(scene)
    books = {market.book.name: market.book for market in scene.markets}
    net.row("lost", ZERO, ZERO)
    for name in books:
        net.books[name] = net.row(f"book {name}", ZERO, ZERO)
    for place in sorted({place for market in scene.markets for place in _stocks(scene, market)}):
        most = scene.free.get(place, ZERO) * scene.prices[place[1]]
        net.free[place] = net.row(f"free {place[0]} {place[1]}", None, most)
    goals = [goal for goal in scene.goals if goal.asset in scene.prices]
    edges = [edge for goal in goals for edge in _rows(net, goal)]
    net.column(scene.size, [(0, -ONE), *edges])
    for goal in goals:
        rows = net.goals[goal.asset]
        net.column(MOST * scene.stake, [(rows[0], ONE)], cost=MISS)
        net.column(MOST * scene.stake, [(rows[-1], -ONE)], cost=MISS)
    for book in books.values():
        _takes(net, book)
    for rank, market in enumerate(sorted(scene.markets, key=lambda m: (-_stock(scene, m), m.name)), start=1):
        _vias(net, market, rank)
    return net


def _rows(net: Network, goal: Goal) -> Iterator[tuple[int, Decimal]]:
    """The rows of one goal, one where its edges are the same; and what a unit of value lost changes on each."""
    nav, worth, name = net.scene.nav, net.scene.worth(goal.asset), goal.asset
    low, high = goal.low * nav - worth, goal.high * nav - worth
    if low == high:
        net.goals[name] = (net.row(f"goal {name}", low, high),)
    else:
        net.goals[name] = net.row(f"low {name}", low, None), net.row(f"high {name}", None, high)
    yield from zip(net.goals[name], (goal.low, goal.high), strict=False)


def _stock(scene: Scene, market: Market) -> Decimal:
    spends = market.book.spends
    return scene.free.get((market.account, spends), ZERO) * scene.prices[spends]


def _stocks(scene: Scene, market: Market) -> Iterator[Place]:
    yield market.account, market.book.spends
    for way in ways(scene, market):
        if way.asset == market.fee.third:
            yield market.account, way.asset


def ways(scene: Scene, market: Market) -> tuple[Way, ...]:
    """How a market's fee may be paid: from a third asset while the account has some, else as it falls back."""
    cheapest = ONE if market.book.side is Side.BUY else DOWN.divide(market.book.rungs[-1].price, market.book.mark)
    plain = Way(market.charged, market.rate * cheapest)
    third = market.fee.third
    if market.fee.taken_from is not TakenFrom.THIRD or third is None or third not in scene.prices:
        return (plain,)
    if not scene.free.get((market.account, third)):
        return (plain,)
    return Way(third, plain.rate * (ONE - (market.fee.discount or ZERO))), plain


def _takes(net: Network, book: Book) -> None:
    """One unit of value taken from a part of a book: what it moves in quote, and what that loses against the mark."""
    price, most, row = net.scene.prices[book.instrument.base], MOST * net.scene.stake, net.books[book.name]
    context, sign = (DOWN, ONE) if book.side is Side.BUY else (UP, -ONE)
    quotes = net.goals[book.instrument.quote]
    net.takes[book.name] = len(net.columns)
    for step in book.steps:
        moved = context.divide(step.price, book.mark)
        lost = sign * (moved - ONE)
        entries = ((0, lost), (row, -ONE), *((quote, -sign * moved) for quote in quotes))
        net.columns.append(Column(lost, min(step.amount * price, most), entries))


def _vias(net: Network, market: Market, rank: int) -> None:
    """One unit of value through an account: base moves, a fee is paid, and at the guard nothing is overdrawn."""
    book, scene = market.book, net.scene
    spent, got = _worst(market)
    base = ONE if book.side is Side.BUY else -ONE
    most = min(scene.room(market) * scene.prices[book.instrument.base], MOST * scene.stake)
    net.vias[market.name] = {}
    for way in ways(scene, market):
        entries = [
            (0, way.rate),
            (net.books[book.name], ONE),
            *net.moving(book.instrument.base, base),
            *net.moving(way.asset, -way.rate),
            (net.free[market.account, book.spends], spent),
        ]
        if (gets := net.free.get((market.account, book.gets))) is not None:
            entries.append((gets, -got))
        if way.asset == market.fee.third:
            entries.append((net.free[market.account, way.asset], way.rate))
        net.vias[market.name][way.asset] = net.column(most, entries, cost=way.rate, rank=rank)


def _worst(market: Market) -> tuple[Decimal, Decimal]:
    """What one unit of value spends at most and brings at least, in value: at the guard, the fee taken off.

    A fee that a third asset should pay may still fall back on what is received (D2).
    """
    book, rate = market.book, market.rate
    if book.side is Side.SELL:
        return ONE, UP.divide(book.guard, book.mark) * (ONE - rate)
    guarded = DOWN.divide(book.guard, book.mark)
    if market.fee.taken_from is TakenFrom.QUOTE:
        return guarded * (ONE + rate), ONE
    return guarded, ONE - rate


def widened(net: Network, problem: Problem, sums: Mapping[int, Decimal]) -> Problem:
    """The same problem with every goal as wide as a point with these sums by row needs."""
    rows = list(problem.rows)
    for place in (place for places in net.goals.values() for place in places):
        row, found = rows[place], sums.get(place, ZERO)
        low = None if row.low is None else min(row.low, found)
        high = None if row.high is None else max(row.high, found)
        rows[place] = Row(row.name, low, high)
    return Problem(problem.unit, tuple(rows), problem.table)
