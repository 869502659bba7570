"""The search for a point that can be sent: what a venue would not take is closed, and whole decisions are weighed.

First downhill: the programme is solved, what is too small, trades one book both ways or goes in a circle is closed, and
the rest is solved again from there; then every fixed fee is asked whether the plan is cheaper without it. Where there
are few whole decisions all of them are searched at once, from that plan on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from trimtab.model.orders import Side
from trimtab.plan import order, programme, rounding
from trimtab.plan.ground import NOISE, Ground
from trimtab.plan.programme import Programme
from trimtab.quant import lp
from trimtab.quant.lp import Problem
from trimtab.units import ZERO

FEW: Final = 200
"""With no more legs than this that are used whole or not at all, all decisions are searched at once."""

TURNS: Final = 80
"""How many of the used legs that cost something by themselves are tried without."""

FORKS: Final = 3
"""How often in a row both ways of a book are tried; after that the lesser one is closed at once."""

TIMELY: Final = "the search for whole decisions ran out of time; a cheaper plan may exist"


@dataclass(frozen=True)
class Point:
    """A solution of the programme without the closed legs: values by column, and what it truly costs.

    `tried` are the legs that it would use if they need not be whole, with what each may leave undone for being too
    small; `because` are doubts in words.
    """

    values: Mapping[int, Decimal]
    closed: frozenset[str]
    paid: Decimal
    tried: Mapping[str, Decimal]
    basis: Any = None
    because: tuple[str, ...] = ()


@dataclass(frozen=True)
class Search:
    """A programme with what is solved again and again."""

    made: Programme

    @cached_property
    def problem(self) -> Problem:
        """What is solved: laws a little closer than they are, by what lots may cost."""
        return programme.tightened(self.made)

    @property
    def ground(self) -> Ground:
        """What the programme is of."""
        return self.made.ground

    def shut(self, closed: frozenset[str]) -> list[int]:
        """The columns of closed legs."""
        moves = [self.made.moves[move.name] for leg in sorted(closed) for move in self.ground.moves_of[leg]]
        return moves + [self.made.uses[leg] for leg in sorted(closed & self.made.uses.keys())]

    def sizes(self, values: Mapping[int, Decimal]) -> dict[str, Decimal]:
        """The size of each leg that is used."""
        return {leg: sum(moves.values(), ZERO) for leg, moves in wanted(self.made, values).items()}


def best(made: Programme) -> Point:
    """The cheapest point that was found."""
    search = Search(made)
    point = _improved(search, _downhill(search, frozenset(), None))
    if not made.uses or len(made.uses) > FEW or _settled(search):
        return point
    whole = _whole(search, point)
    if whole is None:
        return replace(point, because=(TIMELY,))
    return whole if whole.paid <= point.paid else replace(point, because=whole.because)


def wanted(made: Programme, values: Mapping[int, Decimal]) -> dict[str, dict[str, Decimal]]:
    """By leg, what each of its moves carries."""
    found: dict[str, dict[str, Decimal]] = {}
    least = made.ground.nav * NOISE
    for place, value in values.items():
        if value > least and (move := made.movers.get(place)):
            found.setdefault(move.leg, {})[move.name] = value
    return {leg: found[leg] for leg in sorted(found)}


def _settled(search: Search) -> bool:
    """Whether the programme's own optimum needs no whole decision: nothing is cheaper then."""
    values = _nonzero(lp.solve(search.problem).values)
    ground = search.ground
    sizes = search.sizes(values)
    whole = all(not ground.fixed(leg) and sizes[leg] >= ground.least(leg) for leg in sizes if leg in search.made.uses)
    return whole and not ground.problem.objective.leg and not _opposed(ground, sizes)


def _downhill(search: Search, closed: frozenset[str], basis: Any, forks: int = FORKS) -> Point:
    """Solve, close what cannot be sent, and again; every round closes something that was used, so there is an end.

    Where own accounts trade one book both ways, each way is tried alone, as long as there are `forks` left.
    """
    tried: dict[str, Decimal] = {}
    while True:
        solution = lp.solve(search.problem, closed=search.shut(closed), basis=basis)
        values, basis = _nonzero(solution.values), solution.basis
        ways = _opposed(search.ground, search.sizes(values))
        if ways and forks:
            ends = [_downhill(search, closed | way, basis, forks - 1) for way in ways]
            point = min(ends, key=lambda end: end.paid)
            return replace(point, tried=_most(tried, point.tried))
        barred, small = _barred(search, values)
        tried = _most(tried, small)
        if not barred:
            return Point(values, closed, _paid(search, values), tried, basis)
        closed |= barred


def _improved(search: Search, point: Point) -> Point:
    """The point without legs whose own cost is more than they save, the dearest for its size first."""
    ground, leg_cost = search.ground, search.ground.problem.objective.leg
    sizes = search.sizes(point.values)
    dear = {leg: (ground.fixed(leg) + leg_cost) / sizes[leg] for leg in sizes if ground.fixed(leg) or leg_cost}
    for leg in sorted(dear, key=lambda name: (-dear[name], name))[:TURNS]:
        if leg not in search.sizes(point.values):
            continue
        other = _downhill(search, point.closed | {leg}, point.basis)
        if other.paid < point.paid:
            point = replace(other, tried=_most(point.tried, other.tried))
    return point


def _whole(search: Search, start: Point) -> Point | None:
    """The best of all whole decisions, what cannot be sent closed in rounds; None if the time ran out before any."""
    aim, closed, tried = search.ground.problem.objective, frozenset[str](), dict(start.tried)
    while True:
        found = lp.search(
            search.problem,
            sorted(search.made.uses.values()),
            closed=search.shut(closed),
            gap=aim.gap,
            limit_s=aim.time_limit_s,
        )
        if found is None:
            return None
        values = _nonzero(found.values)
        barred, small = _barred(search, values)
        tried = _most(tried, small)
        if not barred:
            said = () if found.ended else (TIMELY,)
            return Point(values, closed, _paid(search, values), tried, None, said)
        closed |= barred


def _nonzero(values: tuple[Decimal, ...]) -> dict[int, Decimal]:
    return {place: value for place, value in enumerate(values) if value}


def _paid(search: Search, values: Mapping[int, Decimal]) -> Decimal:
    """What a point truly costs: fixed fees whole, also where they are missing, promises missed at their price, legs."""
    made, columns = search.made, search.problem.table.columns
    used = search.sizes(values)
    whole = {place: values[place] for place in made.moves.values() if place in values}
    whole |= {made.uses[leg]: search.ground.nav for leg in used if leg in made.uses}
    sums = programme.sums(made, whole)
    running = sum((columns[place].cost * value for place, value in whole.items()), ZERO)
    for place, name in made.misses.items():
        row = search.problem.rows[made.places[name]]
        at = sums.get(made.places[name], ZERO)
        off = max(ZERO if row.low is None else row.low - at, ZERO if row.high is None else at - row.high, ZERO)
        running += off * columns[place].cost
    return running + search.ground.problem.objective.leg * len(used)


def _most(first: Mapping[str, Decimal], second: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The larger of two figures for each leg."""
    return {leg: max(first.get(leg, ZERO), second.get(leg, ZERO)) for leg in sorted({*first, *second})}


def _barred(search: Search, values: Mapping[int, Decimal]) -> tuple[frozenset[str], dict[str, Decimal]]:
    """What to close, and what the legs of this point may leave undone for being too small.

    Closed is the lesser side of a book that own accounts trade both ways (D1), the least leg of a circle, or else those
    that a venue would not take, the smallest first and of several that share an asset only one.
    """
    ground, found, sizes = search.ground, wanted(search.made, values), search.sizes(values)
    small = {leg: ground.slack(leg) for leg in sizes}
    if both := _opposed(ground, sizes):
        return both[0], {}
    round_about = rounding.circle(ground, found)
    sents = () if round_about else rounding.sent(ground, found)
    if waiting := round_about or order.circle(order.needs(ground, sents)):
        return frozenset({min(waiting, key=lambda leg: (sizes[leg], leg))}), {}
    lost = {leg: sizes[leg] for leg in sizes if leg not in {one.leg for one in sents}}
    closed = _too_small(ground, lost)
    return closed, small | {leg: max(lost[leg], small[leg]) for leg in closed}


def _too_small(ground: Ground, lost: Mapping[str, Decimal]) -> frozenset[str]:
    closed, shared = set[str](), set[str]()
    for leg in sorted(lost, key=lambda name: (lost[name] / (ground.least(name) or ground.nav), name)):
        touched = {part for place in _places(ground, leg) for part in place}
        if not touched & shared:
            closed.add(leg)
            shared |= touched
    return frozenset(closed)


def _places(ground: Ground, leg: str) -> tuple[tuple[str, str], ...]:
    """The places whose money a leg moves, other than those of the base currency, which nearly all share."""
    move = ground.moves_of[leg][0]
    ends = [place for place in (move.source, move.target) if place[1] != ground.problem.base]
    return tuple(ends or [move.source])


def _opposed(ground: Ground, sizes: Mapping[str, Decimal]) -> tuple[frozenset[str], ...]:
    """The legs on the lesser and on the greater side of a book that is traded both ways; empty if there is none."""
    sides: dict[str, dict[Side, list[str]]] = {}
    for leg in sizes:
        if leg in ground.ways:
            way, side = ground.ways[leg]
            sides.setdefault(way.book, {}).setdefault(side, []).append(leg)
    for _, found in sorted(sides.items()):
        if len(found) > 1:
            ranked = sorted(found.values(), key=lambda legs: (sum(sizes[leg] for leg in legs), legs))
            return tuple(frozenset(legs) for legs in ranked)
    return ()
