"""The check of a stored plan without a solver: its own legs, assembled again, must give it back to the last digit."""

from collections.abc import Iterator

from trimtab.model.decision import Rebalance
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Liquidity, Terms
from trimtab.model.plans import OrderLeg, Plan
from trimtab.model.prices import Marks
from trimtab.plan import assemble, market, sizing
from trimtab.plan.assemble import Made
from trimtab.plan.market import Scene, room
from trimtab.plan.sizing import Sized
from trimtab.units import ZERO, is_multiple, plain, under_context


@under_context
def faults(
    plan: Plan, decision: Rebalance, snapshot: Snapshot, marks: Marks, terms: Terms, liquidity: Liquidity
) -> tuple[str, ...]:
    """What is wrong with a stored plan, in sentences; empty if its orders, money, weights and bound all hold."""
    scene = market.scene(decision, snapshot, marks, terms, liquidity)
    by_name = {m.name: m for m in scene.markets}
    strangers = tuple(
        f"leg {leg.id}: no such market is open: {_name(leg)}" for leg in plan.legs if _name(leg) not in by_name
    )
    if strangers:
        return strangers
    names = {leg.id: _name(leg) for leg in plan.legs}
    sized = [
        Sized(by_name[_name(leg)], leg.amount, leg.wave, tuple(sorted(names.get(n, n) for n in leg.needs)))
        for leg in plan.legs
    ]
    wrong = (*_unsendable(scene, sized), *_unpaid(scene, sized), *_overfull(sized), *_both_ways(sized))
    if wrong:
        return wrong
    certificate = plan.certificate
    made = Made(plan.at, plan.solver, plan.solver_version, certificate.duals if certificate else ())
    again = assemble.assemble(scene, sized, made)
    fields = Plan.__struct_fields__
    return tuple(f"{name} is not what its legs give" for name in fields if getattr(plan, name) != getattr(again, name))


def _name(leg: OrderLeg) -> str:
    return f"{leg.account} {leg.instrument} {leg.side}"


def _unsendable(scene: Scene, sized: list[Sized]) -> Iterator[str]:
    for one in sized:
        step = one.market.book.instrument.filters.step
        if not is_multiple(one.amount, step) or sizing.sendable(scene, one.market, one.amount) != one.amount:
            yield f"{one.market.name}: {plain(one.amount)} is not an order that the venue or the mandate takes"


def _unpaid(scene: Scene, sized: list[Sized]) -> Iterator[str]:
    """At the worst prices, after every leg in the order of waves, nothing may be overdrawn."""
    if sized != sizing.in_waves(scene, sized):
        yield "the legs do not wait for what pays for them"
    stock = dict(scene.free)
    for one in sized:
        if sizing.cost(scene, one) > stock.get((one.market.account, sizing.spends(one)), ZERO):
            yield f"{one.market.name}: spends more {sizing.spends(one)} than there is when it starts"
        sizing.settle(scene, one, stock)


def _overfull(sized: list[Sized]) -> Iterator[str]:
    taken: dict[str, list[Sized]] = {}
    for one in sized:
        taken.setdefault(one.market.book.name, []).append(one)
    for name, legs in taken.items():
        if sum((one.amount for one in legs), ZERO) > room(legs[0].market.book):
            yield f"{name}: the legs take more than the book has within the price tolerance"


def _both_ways(sized: list[Sized]) -> Iterator[str]:
    sides: dict[str, set[str]] = {}
    for one in sized:
        sides.setdefault(one.market.book.instrument.base, set()).add(one.market.book.side)
    for asset in sorted(sides):
        if len(sides[asset]) > 1:
            yield f"{asset} is both bought and sold"
