"""The check of a stored plan without a solver: its own legs must give it back, to the last digit.

The scene is made again from the plan's inputs; legs must be orders that can be sent, paid for at their worst prices
whichever of them run at once, and taken by the books; costs, weights and the bound of the stored duals are recomputed.
"""

from collections.abc import Iterator, Sequence

from trimtab.model.decision import Rebalance
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Liquidity, Terms
from trimtab.model.orders import Side
from trimtab.model.plans import Dual, OrderLeg, Plan
from trimtab.model.prices import Marks
from trimtab.plan import compose, costing, graph, network, sizing
from trimtab.plan import scene as scenes
from trimtab.plan.compose import Proof
from trimtab.plan.graph import Sized
from trimtab.plan.market import Scene
from trimtab.plan.network import Network
from trimtab.units import ZERO, is_multiple, plain, under_context


@under_context
def faults(
    plan: Plan, decision: Rebalance, snapshot: Snapshot, marks: Marks, terms: Terms, liquidity: Liquidity
) -> tuple[str, ...]:
    """What is wrong with a stored plan, in sentences; empty if its orders, money, weights and bound all hold."""
    scene = scenes.arrange(decision, snapshot, marks, terms, liquidity)
    sized, strange = _sized(scene, plan.legs)
    wrong = [*strange, *_unsendable(scene, sized), *_overfull(scene, sized), *_circling(sized)]
    wrong += wrong or graph.overdrafts(scene, sized)
    if wrong:
        return tuple(wrong)
    net = network.network(scene) if scene.nav > 0 and scene.markets else None
    duals = plan.certificate.duals if plan.certificate else ()
    if misplaced := _misplaced(net, duals):
        return misplaced
    proof = Proof(net, plan.solver, plan.solver_version, duals)
    again = compose.compose(snapshot.at, scene, costing.price(scene, sized), proof)
    return tuple(_differences(plan, again))


def _sized(scene: Scene, legs: Sequence[OrderLeg]) -> tuple[list[Sized], list[str]]:
    """The legs as amounts on markets, and what is wrong with those that are on none."""
    markets = {m.name: m for m in scene.markets}
    found: dict[str, Sized] = {}
    strange = []
    for leg in legs:
        name = f"{leg.account} {leg.instrument} {leg.side}"
        if name not in markets:
            strange.append(f"leg {leg.id}: {name} is not open to this plan")
        elif name in found:
            strange.append(f"leg {leg.id}: there is another one of {name}")
        elif leg.amount <= 0:
            strange.append(f"leg {leg.id}: its amount is {plain(leg.amount)}")
        else:
            found[name] = graph.sized(scene, markets[name], leg.amount)
    return list(found.values()), strange


def _unsendable(scene: Scene, sized: Sequence[Sized]) -> Iterator[str]:
    for one in sized:
        step = one.market.book.instrument.filters.step
        if not is_multiple(one.amount, step) or sizing.sendable(scene, one.market, one.amount) != one.amount:
            yield f"{one.name}: {plain(one.amount)} is not an amount that the venue and the mandate take"


def _overfull(scene: Scene, sized: Sequence[Sized]) -> Iterator[str]:
    taken = {one.market.book.name: ZERO for one in sized}
    for one in sized:
        book = one.market.book
        taken[book.name] += one.amount
        if one.amount > scene.room(one.market) or taken[book.name] > book.room:
            yield f"{one.name}: {plain(taken[book.name])} is more than can be taken within the price tolerance"


def _circling(sized: Sequence[Sized]) -> Iterator[str]:
    """An asset traded both ways, or trades that lead back to an asset (D1, D4)."""
    sides: dict[str, set[Side]] = {}
    for one in sized:
        sides.setdefault(one.market.book.instrument.base, set()).add(one.market.book.side)
    both = sorted(asset for asset, found in sides.items() if len(found) > 1)
    if both:
        yield f"{', '.join(both)}: both bought and sold"
        return
    try:
        graph.order(one.market.book for one in sized)
    except ValueError as error:
        yield str(error)


def _misplaced(net: Network | None, duals: Sequence[Dual]) -> tuple[str, ...]:
    """Duals of rows that do not exist, or are not sorted by them, each once."""
    rows = {row.name for row in net.rows} if net else set()
    names = [dual.row for dual in duals]
    unknown = tuple(f"certificate: there is no row {name}" for name in names if name not in rows)
    return unknown or (() if names == sorted(set(names)) else ("certificate: its duals are not sorted, each row once",))


def _differences(plan: Plan, again: Plan) -> Iterator[str]:
    for name in Plan.__struct_fields__:
        if getattr(plan, name) != getattr(again, name):
            yield f"{name}: the plan says other than its legs and inputs give"
