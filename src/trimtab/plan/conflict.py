"""Why targets and clauses cannot all hold: the smallest set of promises that contradict each other, in words.

A set is smallest when any one of them given up lets all others hold. What is missed, by value, would have to give.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from trimtab.plan.ground import Ground
from trimtab.plan.misses import Missed
from trimtab.plan.programme import Programme
from trimtab.plan.rounding import Sent
from trimtab.quant import lp
from trimtab.quant.lp import Column, Problem, Row, Table
from trimtab.units import ZERO, canon, plain

TRIFLE: Final = Decimal("1E-9")
MOST: Final = 400
"""With more promises than this that press, only those of the sharpest price are looked at."""


def told(made: Programme, missed: Missed) -> Iterator[str]:
    """What a person should know of the promises that are missed."""
    base = made.ground.problem.base
    if missed.hard:
        conflict = smallest(made)
        if conflict:
            yield "these cannot all hold: " + "; ".join(said(made, name) for name in conflict)
        else:
            yield "no promises contradict each other: what is missed needs orders that cannot be sent, or rounds"
        for name, value in missed.hard.items():
            yield f"{said(made, name)} is missed by {plain(value, 2)} {base}"
    for name, value in ({**missed.dust, **missed.lots}).items():
        asset = name.partition(" ")[2]
        lots = sum((made.ground.rest(leg) for leg in made.ground.legs if asset in made.ground.touches(leg)), ZERO)
        if value > lots:
            yield f"{asset} stays {plain(value, 2)} {base} from its target: what lots and smallest orders leave"


def shortfall(made: Programme, name: str, value: Decimal, nearest: Sequence[Sent]) -> str:
    """Why one target is missed by the plan that comes nearest."""
    ground, (kind, _, asset) = made.ground, name.partition(" ")
    short = kind == "low"
    off = f"{plain(value, 2)} {ground.problem.base} {'short of' if short else 'above'} its target"
    ways = [leg for leg in ground.legs if asset == _end(ground, leg, short=short) and leg in ground.ways]
    if not ways:
        return f"{asset} ends {off}: no market of this problem {'buys' if short else 'sells'} it"
    taken = {one.leg: one.amount * ground.price(one.parts[0][0]) for one in nearest}
    full = sum((ground.most(leg) for leg in ways), ZERO)
    if all(taken.get(leg, ZERO) + ground.slack(leg) >= ground.most(leg) for leg in ways):
        return f"{asset} ends {off}: its books take {plain(full, 2)} {ground.problem.base} in all"
    where = "what pays for it is not free" if short else "it is not free"
    return f"{asset} ends {off}: {where} where it could be {'bought' if short else 'sold'}, or other promises bind"


def _end(ground: Ground, leg: str, *, short: bool) -> str:
    """The asset that a leg brings, or the one that it takes."""
    move = ground.moves_of[leg][0]
    return move.target[1] if short else move.source[1]


def said(made: Programme, name: str) -> str:
    """A promise in the problem's own words."""
    kind, _, rest = name.partition(" ")
    ground = made.ground
    if kind in ("low", "high"):
        low, high = ground.goal(ground.aims[rest])
        edge = f"at least {plain(canon(low * 100))}" if kind == "low" else f"at most {plain(canon(high * 100))}"
        return f"target of {rest}, {edge} %"
    if kind == "stock":
        account, _, asset = rest.partition(" ")
        return f"{plain(ground.free((account, asset)))} {asset} free in {account}"
    if kind == "ceiling":
        return f"max_value of account {rest}"
    if kind == "depth":
        return f"depth of {rest.rpartition(' ')[0]}"
    return f"{kind} {rest}"


def smallest(made: Programme) -> tuple[str, ...]:
    """The names of promises that contradict each other, none of them idle; empty if only whole lots are in the way."""
    problem = made.problem()
    if not _missing(made, problem):
        return ()
    duals = lp.solve(problem, tie=ZERO).duals
    pressing = [row.name for row, dual in zip(problem.rows, duals, strict=True) if dual and _promise(row.name)]
    kept = list(pressing[:MOST]) if _missing(made, _only(problem, pressing[:MOST])) else _promises(problem)
    for name in tuple(kept):
        rest = [other for other in kept if other != name]
        if _missing(made, _only(problem, rest)):
            kept = rest
    return tuple(sorted(kept))


def _promise(name: str) -> bool:
    return name.startswith(("low ", "high ", "ceiling ", "clause ", "stock ", "depth "))


def _promises(problem: Problem) -> list[str]:
    return [row.name for row in problem.rows if _promise(row.name)]


def _only(problem: Problem, names: Collection[str]) -> Problem:
    """The problem with these promises alone; the depth of books that one account uses stays."""
    rows = tuple(
        Row(row.name, None, None) if _promise(row.name) and row.name not in names else row for row in problem.rows
    )
    return Problem(problem.unit, rows, problem.table)


def _missing(made: Programme, problem: Problem) -> bool:
    """Whether some promise must be missed."""
    columns: Sequence[Column] = problem.table.columns
    free = tuple(
        Column(column.cost if place in made.misses else ZERO, column.high, column.entries)
        for place, column in enumerate(columns)
    )
    values: Mapping[int, Decimal] = dict(
        enumerate(lp.solve(Problem(problem.unit, problem.rows, Table(free, 0))).values)
    )
    return sum((values[place] for place in made.misses), ZERO) > made.ground.nav * TRIFLE
