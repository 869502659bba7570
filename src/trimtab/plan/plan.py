"""The planner: one linear programme over accounts, markets and shared books, then whole lots, waves and a proof."""

from collections.abc import Sequence
from decimal import Decimal

from trimtab.model.decision import Rebalance
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Liquidity, Terms
from trimtab.model.orders import Side
from trimtab.model.plans import Dual, Plan
from trimtab.model.prices import Marks
from trimtab.plan import assemble, market, network, sizing
from trimtab.plan.assemble import Made
from trimtab.plan.market import Market, Scene
from trimtab.plan.sizing import Sized
from trimtab.quant import lp
from trimtab.units import ZERO, canon, under_context


@under_context
def plan(decision: Rebalance, snapshot: Snapshot, marks: Marks, terms: Terms, liquidity: Liquidity) -> Plan:
    """The cheapest legs that bring every asset into its goal, or as near as can be.

    Deterministic: the same problem, its lists in any order, gives the same bytes.
    """
    scene = market.scene(decision, snapshot, marks, terms, liquidity)
    sized, duals = _solve(scene)
    made = Made(snapshot.at, lp.SOLVER, lp.version(), duals)
    return assemble.assemble(scene, sized, made)


def _solve(scene: Scene) -> tuple[list[Sized], tuple[Dual, ...]]:
    """Solve, and again without one side of what was traded both ways, until nothing is (D1, D4)."""
    markets = assemble.permitted(scene)
    while markets and scene.nav > 0:
        problem = network.problem(scene, markets, {})
        solution = lp.solve(problem)
        if not solution.solved:
            return [], ()
        wanted = {
            column.name.removeprefix("via "): value
            for column, value in zip(problem.columns, solution.values, strict=True)
            if column.name.startswith("via ")
        }
        narrowed = _one_way(markets, wanted)
        if len(narrowed) == len(markets):
            duals = _kept(problem.rows, solution.duals)
            return sizing.lots(scene, wanted, markets), duals
        markets = narrowed
    return [], ()


def _one_way(markets: tuple[Market, ...], wanted: dict[str, Decimal]) -> tuple[Market, ...]:
    """The markets without the smaller side of each asset that was both bought and sold."""
    sums: dict[tuple[str, Side], Decimal] = {}
    for one in markets:
        place = one.book.instrument.base, one.book.side
        sums[place] = sums.get(place, ZERO) + wanted[one.name]
    barred = set()
    for asset in sorted({asset for asset, _ in sums}):
        bought, sold = sums.get((asset, Side.BUY), ZERO), sums.get((asset, Side.SELL), ZERO)
        if bought > NOTHING and sold > NOTHING:
            barred.add((asset, Side.BUY if bought < sold else Side.SELL))
    return tuple(m for m in markets if (m.book.instrument.base, m.book.side) not in barred)


NOTHING = Decimal("1E-6")
"""A flow in value below this is the solver's rounding."""


def _kept(rows: Sequence[lp.Row], duals: Sequence[Decimal]) -> tuple[Dual, ...]:
    found = (Dual(row=row.name, value=canon(dual)) for row, dual in zip(rows, duals, strict=True) if dual)
    return tuple(sorted(found, key=lambda dual: dual.row))
