"""The planner: one linear programme over accounts, markets and shared books, then whole lots, waves and a proof."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from trimtab.model.decision import Rebalance
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Liquidity, Terms
from trimtab.model.orders import Side
from trimtab.model.plans import Dual, Plan
from trimtab.model.prices import Marks
from trimtab.plan import compose, costing, network, sizing
from trimtab.plan import scene as scenes
from trimtab.plan.compose import Proof
from trimtab.plan.graph import Sized
from trimtab.plan.market import Book, Market, Scene
from trimtab.plan.network import Network
from trimtab.quant import lp
from trimtab.quant.lp import Problem, Solution
from trimtab.units import ZERO, canon, under_context

ROUNDS: Final = 12
"""How often the programme is solved without the legs that came out too small, before those are just left out."""


@under_context
def plan(decision: Rebalance, snapshot: Snapshot, marks: Marks, terms: Terms, liquidity: Liquidity) -> Plan:
    """The cheapest legs that bring every asset into its goal, or as near as can be.

    The same problem gives the same bytes, whatever the order of its lists. `unmet` says in words which goals stay
    out of reach; the plan is infeasible only if there is such a goal and nothing to trade. Raises ValueError for a
    price that is not above zero, an asset, balance or book that is there twice, and an account without fee terms.
    """
    scene = scenes.arrange(decision, snapshot, marks, terms, liquidity)
    if scene.nav <= 0 or not scene.markets:
        return compose.compose(snapshot.at, scene, (), Proof(None, lp.SOLVER, lp.version(), ()))
    net = network.network(scene)
    problem = net.problem()
    sized, solution = solve(net, problem)
    priced = costing.price(scene, sized)
    proof = Proof(net, lp.SOLVER, lp.version(), prove(compose.widened(net, problem, priced), solution))
    return compose.compose(snapshot.at, scene, priced, proof)


def solve(net: Network, problem: Problem) -> tuple[list[Sized], Solution]:
    """Solve; again without what would trade an asset in a circle or both ways (D1, D4), or is too small to send.

    Every round closes a market that was used, so that there are never more rounds than markets.
    """
    scene, closed = net.scene, set[str]()
    solution = lp.solve(problem)
    for number in range(len(scene.markets) + 1):
        wanted = {name: sum((solution.values[n] for n in ways.values()), ZERO) for name, ways in net.vias.items()}
        used = [m for m in scene.markets if wanted[m.name] > scene.size * sizing.NOISE]
        barred, sized = _circling(used, wanted), list[Sized]()
        if not barred:
            sized = sizing.lots(scene, wanted)
            barred = _too_small(scene, used, wanted, sized) if number < ROUNDS else set()
        if not barred:
            return sized, solution
        closed |= barred
        shut = [place for name in sorted(closed) for place in net.vias[name].values()]
        solution = lp.solve(problem, closed=shut, basis=solution.basis)
    raise AssertionError("a market was closed and used again")


def _circling(used: Sequence[Market], wanted: Mapping[str, Decimal]) -> set[str]:
    """Markets to close because an asset is both bought and sold, or else because trades lead back to an asset.

    Of the two ways the lesser one is closed, of a circle its least part.
    """
    ways = _summed(used, wanted, lambda book: (book.instrument.base, book.side))
    both = [way for way in ways if (way[0], _other(way[1])) in ways]
    if both:
        least = min(both, key=lambda way: (ways[way], way))
        return {m.name for m in used if (m.book.instrument.base, m.book.side) == least}
    trades = _summed(used, wanted, lambda book: (book.spends, book.gets))
    circle = _circle(set(trades))
    if not circle:
        return set()
    least = min(circle, key=lambda trade: (trades[trade], trade))
    return {m.name for m in used if (m.book.spends, m.book.gets) == least}


def _summed(
    used: Sequence[Market], wanted: Mapping[str, Decimal], key: Callable[[Book], tuple[str, str]]
) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = {}
    for one in used:
        found[key(one.book)] = found.get(key(one.book), ZERO) + wanted[one.name]
    return found


def _other(side: str) -> str:
    return Side.SELL if side == Side.BUY else Side.BUY


def _circle(trades: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Trades that lie on a circle or between two, from one asset to another; empty if there is no circle."""
    while True:
        spent, got = {trade[0] for trade in trades}, {trade[1] for trade in trades}
        kept = {trade for trade in trades if trade[0] in got and trade[1] in spent}
        if kept == trades:
            return kept
        trades = kept


def _too_small(scene: Scene, used: Sequence[Market], wanted: Mapping[str, Decimal], sized: Sequence[Sized]) -> set[str]:
    """Markets to close because what they were to trade cannot be sent, and those for which all of it is too small.

    Of several that share an asset or spend the same money only the one that is furthest from its least order is
    closed: what it leaves may be enough for the others.
    """
    sent = {one.name for one in sized}
    lost = {m.name: wanted[m.name] / _least(scene, m) for m in used if m.name not in sent}
    ways = _summed(used, wanted, lambda book: (book.instrument.base, book.side))
    closed, shared = set[str](), set[tuple[str, str]]()
    for one in sorted((m for m in used if m.name in lost), key=lambda m: (lost[m.name], m.name)):
        places = {(one.account, one.book.spends), ("", one.book.instrument.base)}
        if not places & shared:
            closed.add(one.name)
        shared |= places
    hopeless = {(m.book.instrument.base, m.book.side) for m in used if m.name in lost}
    for one in scene.markets:
        way = one.book.instrument.base, one.book.side
        if way in hopeless and _least(scene, one) > ways[way]:
            closed.add(one.name)
    return closed


def _least(scene: Scene, one: Market) -> Decimal:
    return sizing.least(scene, one) * scene.prices[one.book.instrument.base]


def prove(widened: Problem, solution: Solution) -> tuple[Dual, ...]:
    """The duals of the programme whose goals a plan's legs meet, solved from where the plan was found."""
    duals = lp.solve(widened, basis=solution.basis, tie=ZERO).duals
    found = (Dual(row=row.name, value=canon(dual)) for row, dual in zip(widened.rows, duals, strict=True) if dual)
    return tuple(sorted(found, key=lambda dual: dual.row))
