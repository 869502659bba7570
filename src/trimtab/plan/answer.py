"""Legs put together to an answer: what waits for what, costs by kind, weights, the bound, and words where due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from trimtab.model.answers import Answer, Effect, Kinds, Proof, Shortfall, SolvedLeg, Solver, Taken
from trimtab.model.plans import Dual, Status
from trimtab.plan import conflict, depth, graph, misses, order, programme
from trimtab.plan.ground import Ground
from trimtab.plan.misses import Missed
from trimtab.plan.programme import Programme
from trimtab.plan.rounding import Sent
from trimtab.quant import lp
from trimtab.units import ZERO, canon, divide, money, plain

CENT: Final = Decimal("1E-8")
"""Bounds are rounded down to this, which is more than all rounding of money in a plan may add up to."""


@dataclass(frozen=True)
class Outcome:
    """What was found: the legs of a programme, the duals of their bound, what they miss, and doubts in words.

    `nearest` are the legs of the plan that comes nearest, also where it is not to be made.
    """

    made: Programme
    sents: tuple[Sent, ...]
    nearest: tuple[Sent, ...]
    duals: tuple[Dual, ...]
    missed: Missed
    because: tuple[str, ...]


def answer(found: Outcome, status: Status) -> Answer:
    """Everything that is said of a plan."""
    ground, sents = found.made.ground, found.sents
    needed = order.needs(ground, sents)
    waves = graph.waves(needed)
    legs = tuple(_legs(ground, sents, needed, waves))
    costs = kinds(sents)
    cost = canon(sum((one.cost for one in sents), ZERO))
    bound = _bound(found)
    return Answer(
        version=1,
        status=status,
        engine=Solver(name=lp.SOLVER, version=lp.version()),
        cost=cost,
        costs=costs,
        bound=bound,
        gap=canon(cost - bound),
        legs=legs,
        weights=_weights(ground, sents),
        latency_s=_longest(legs),
        unmet=tuple(_unmet(found)),
        breached=tuple(name for name in found.missed.hard if name.startswith(programme.LAWS)),
        because=(*found.because, *conflict.told(found.made, found.missed), *depth.told(ground.problem)),
        certificate=Proof(problem=ground.problem, duals=found.duals),
    )


def kinds(sents: Sequence[Sent]) -> Kinds:
    """The costs of legs by kind."""
    names = Kinds.__struct_fields__
    return Kinds(**{name: canon(sum((one.costs.get(name, ZERO) for one in sents), ZERO)) for name in names})


def _legs(
    ground: Ground, sents: Sequence[Sent], needed: Mapping[str, tuple[str, ...]], waves: Mapping[str, int]
) -> list[SolvedLeg]:
    ranked = sorted(sents, key=lambda one: (waves[one.leg], one.leg))
    width = len(str(len(ranked)))
    ids = {one.leg: f"l{number:0{width}}" for number, one in enumerate(ranked, start=1)}
    found = []
    for one in ranked:
        trade, link = ground.ways.get(one.leg), ground.links.get(one.leg)
        found.append(
            SolvedLeg(
                id=ids[one.leg],
                kind="transfer" if link else "order",
                market=trade[0].id if trade else one.leg,
                side=trade[1] if trade else None,
                amount=one.amount,
                value=canon(one.amount * ground.price(one.parts[0][0])),
                costs=kinds([one]),
                wave=waves[one.leg],
                needs=tuple(sorted(ids[leg] for leg in needed[one.leg])),
                latency_s=link.latency_s if link else 0,
                takes=tuple(Taken(move=move.name, amount=canon(part)) for move, part in one.parts),
                changes=tuple(
                    Effect(account=account, asset=asset, amount=amount)
                    for (account, asset), amount in sorted(one.changes.items())
                ),
            )
        )
    return found


def _weights(ground: Ground, sents: Sequence[Sent]) -> dict[str, Decimal]:
    after = dict(ground.held)
    for one in sents:
        for (_, asset), amount in one.changes.items():
            after[asset] = after.get(asset, ZERO) + amount
    values = {asset: after.get(asset, ZERO) * price for asset, price in sorted(ground.prices.items())}
    whole = sum(values.values(), ZERO)
    named = {aim.asset for aim in ground.problem.targets}
    return {a: money(divide(v, whole)) if whole else ZERO for a, v in values.items() if v or a in named}


def _longest(legs: Sequence[SolvedLeg]) -> int:
    """How long the longest chain of legs takes."""
    ends: dict[str, int] = {}
    for leg in legs:
        ends[leg.id] = leg.latency_s + max((ends[name] for name in leg.needs), default=0)
    return max(ends.values(), default=0)


def _unmet(found: Outcome) -> list[Shortfall]:
    """The targets that are not met, and why."""
    made, told = found.made, []
    for name, value in found.missed.hard.items():
        if name.startswith(programme.TARGETS):
            because = conflict.shortfall(made, name, value, found.nearest)
            told.append(Shortfall(asset=name.partition(" ")[2], value=money(value), because=because))
    for name, value in found.missed.dust.items():
        asset = name.partition(" ")[2]
        off = f"{plain(value, 2)} {made.ground.problem.base}"
        because = f"{asset} ends {off} from its target: what could be sent is less than the smallest orders"
        told.append(Shortfall(asset=asset, value=money(value), because=because))
    return sorted(told, key=lambda one: one.asset)


def _bound(found: Outcome) -> Decimal:
    """What no plan costs less than that ends as near to its targets as this one, before lots. Never below zero."""
    widened = programme.widened(found.made, misses.sums(found.made, found.sents))
    proven = lp.bound(widened, {dual.row: dual.value for dual in found.duals})
    return canon(max(ZERO, proven.quantize(CENT, rounding=ROUND_FLOOR)))
