"""The plan that sized legs and duals make: exact costs, weights, and the bound that the duals prove.

The same function makes a plan and checks a stored one: a plan is right if its own legs give it back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from trimtab.model.plans import Certificate, Costs, Dual, Plan, PlannedWeight, Status
from trimtab.plan import explain, network
from trimtab.plan.costing import Priced
from trimtab.plan.market import Scene
from trimtab.plan.network import Network
from trimtab.quant import lp
from trimtab.quant.lp import Problem
from trimtab.units import ZERO, canon, divide, money

CENT: Final = Decimal("1E-8")
"""Bounds are rounded down to this, which is more than all rounding of money in a plan may add up to."""


@dataclass(frozen=True)
class Proof:
    """The programme of a scene (None: nothing can be traded), who solved it, and the duals of its bound."""

    net: Network | None
    solver: str
    version: str
    duals: tuple[Dual, ...]


def compose(at: datetime, scene: Scene, priced: Sequence[Priced], proof: Proof) -> Plan:
    """Put a plan together from its legs."""
    legs = tuple(p.leg for p in priced)
    costs = _summed([leg.costs for leg in legs])
    weights = tuple(_weights(scene, priced))
    verge = explain.verge(scene, weights, priced)
    unmet = explain.unmet(scene, weights, priced, verge)
    bound = _bound(priced, proof)
    return Plan(
        at=at,
        base=scene.base,
        nav=money(scene.nav),
        status=_status(unmet, legs),
        solver=proof.solver,
        solver_version=proof.version,
        legs=legs,
        changes=tuple(change for p in priced for change in p.changes),
        weights=weights,
        costs=costs,
        traded=canon(sum((leg.value for leg in legs), ZERO)),
        bound=bound,
        gap=canon(costs.fee + costs.spread + costs.impact - bound),
        unmet=unmet,
        certificate=Certificate(duals=proof.duals, bound=bound),
        because=explain.because(scene, unmet, priced, verge),
    )


def _status(unmet: Sequence[object], legs: Sequence[object]) -> Status:
    if not unmet:
        return Status.OPTIMAL
    return Status.FEASIBLE if legs else Status.INFEASIBLE


def _summed(costs: Sequence[Costs]) -> Costs:
    return Costs(
        fee=canon(sum((c.fee for c in costs), ZERO)),
        spread=canon(sum((c.spread for c in costs), ZERO)),
        impact=canon(sum((c.impact for c in costs), ZERO)),
    )


def _weights(scene: Scene, priced: Sequence[Priced]) -> Iterator[PlannedWeight]:
    """Weights before and after of all that is held, wanted or traded; after: of the value after costs."""
    after = dict(scene.held)
    for change in (change for p in priced for change in p.changes):
        after[change.asset] = after.get(change.asset, ZERO) + change.amount
    value = sum((after[a] * scene.prices[a] for a in sorted(after) if a in scene.prices), ZERO)
    for goal in scene.goals:
        if goal.asset in after or goal.high:
            price = scene.prices.get(goal.asset, ZERO)
            yield PlannedWeight(
                asset=goal.asset,
                before=_share(scene.worth(goal.asset), scene.nav),
                low=goal.low,
                high=goal.high,
                after=_share(after.get(goal.asset, ZERO) * price, value),
            )


def _share(value: Decimal, whole: Decimal) -> Decimal:
    return money(divide(value, whole)) if whole else ZERO


def _bound(priced: Sequence[Priced], proof: Proof) -> Decimal:
    """What no plan costs less than that ends as near to its goals as this one, before lots. Never below zero."""
    if proof.net is None:
        return ZERO
    proven = lp.bound(widened(proof.net, proof.net.problem(), priced), {dual.row: dual.value for dual in proof.duals})
    return canon(max(ZERO, proven.quantize(CENT, rounding=ROUND_FLOOR)))


def widened(net: Network, problem: Problem, priced: Sequence[Priced]) -> Problem:
    """The programme of the plans that end as near to the goals as these legs do."""
    sums: dict[int, Decimal] = {}
    for place, value in (*_shares(net, priced), *_taken(net, priced)):
        for row, entry in net.columns[place].entries:
            sums[row] = sums.get(row, ZERO) + entry * value
    lost = sums.get(0, ZERO)
    for row, entry in net.columns[0].entries:
        sums[row] = sums.get(row, ZERO) + entry * lost
    return network.widened(net, problem, sums)


def _shares(net: Network, priced: Sequence[Priced]) -> Iterator[tuple[int, Decimal]]:
    """The columns of the accounts' shares in books that legs use, with their values."""
    for p in priced:
        yield net.vias[p.sized.name][p.charged], p.sized.amount * net.scene.prices[p.leg.base]


def _taken(net: Network, priced: Sequence[Priced]) -> Iterator[tuple[int, Decimal]]:
    """The columns of the parts of books that legs take, with their values."""
    books = {p.sized.market.book.name: p.sized.market.book for p in priced}
    left = dict.fromkeys(books, ZERO)
    for p in priced:
        left[p.sized.market.book.name] += p.sized.amount
    for name, book in books.items():
        for place, step in enumerate(book.steps, start=net.takes[name]):
            if not left[name]:
                break
            taken = min(left[name], step.amount)
            left[name] -= taken
            yield place, taken * net.scene.prices[book.instrument.base]
