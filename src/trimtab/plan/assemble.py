"""From sized orders to the finished plan: exact costs, changes, weights, the bound that its duals prove.

The same function makes a plan and checks a stored one: a plan is right if assembling its own legs gives it back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from trimtab.model.decision import Goal
from trimtab.model.orders import Side
from trimtab.model.plans import (
    Certificate,
    Change,
    Costs,
    Dual,
    OrderLeg,
    Plan,
    PlannedWeight,
    Status,
    Unmet,
)
from trimtab.plan import network, sizing
from trimtab.plan.market import Market, Scene, fair, instruments, walk
from trimtab.plan.sizing import Sized
from trimtab.quant import fees, lp
from trimtab.units import BPS, ONE, ZERO, canon, divide, money, plain, under_context

MARGIN: Final = Decimal("0.001")
"""An asset further than this (of NAV) outside its goal is only traded towards it."""


@dataclass(frozen=True)
class Made:
    """Who made a plan, when, and the duals that came with it."""

    at: datetime
    solver: str
    version: str
    duals: tuple[Dual, ...]


@dataclass(frozen=True)
class Priced:
    """A leg with what it is expected to move in quote, its fee, and its costs."""

    leg: OrderLeg
    changes: tuple[Change, ...]
    paid: Costs


def permitted(scene: Scene, sized: Iterable[Sized] = ()) -> tuple[Market, ...]:
    """The markets a plan may use: an asset far outside its goal trades towards it, and none trades both ways (D4)."""
    only = {goal.asset: side for goal in scene.goals if (side := _towards(scene, goal)) is not None}
    for one in sized:
        only.setdefault(one.market.book.instrument.base, one.market.book.side)
    return tuple(m for m in scene.markets if only.get(m.book.instrument.base, m.book.side) is m.book.side)


def _towards(scene: Scene, goal: Goal) -> Side | None:
    price = scene.prices.get(goal.asset)
    if price is None or not scene.nav:
        return None
    weight = divide(scene.held.get(goal.asset, ZERO) * price, scene.nav)
    if weight > goal.high + MARGIN:
        return Side.SELL
    return Side.BUY if weight < goal.low - MARGIN else None


@under_context
def assemble(scene: Scene, sized: Sequence[Sized], made: Made) -> Plan:
    """Put a plan together from its orders."""
    priced = _priced(scene, sized)
    legs = tuple(p.leg for p in priced)
    changes = tuple(c for p in priced for c in p.changes)
    costs = _summed([p.paid for p in priced])
    weights = tuple(_weights(scene, changes))
    unmet = tuple(_unmet(scene, weights, sized))
    total = costs.fee + costs.spread + costs.impact
    bound = _bound(scene, sized, made.duals)
    status = Status.OPTIMAL if not unmet else Status.FEASIBLE if legs else Status.INFEASIBLE
    return Plan(
        at=made.at,
        base=scene.base,
        nav=money(scene.nav),
        status=status,
        solver=made.solver,
        solver_version=made.version,
        legs=legs,
        changes=changes,
        weights=weights,
        costs=costs,
        traded=canon(sum((leg.value for leg in legs), ZERO)),
        bound=bound,
        gap=canon(total - bound),
        unmet=unmet,
        certificate=Certificate(duals=made.duals, bound=bound),
        because=_because(unmet, legs),
    )


def _because(unmet: Sequence[Unmet], legs: Sequence[OrderLeg]) -> tuple[str, ...]:
    if not unmet:
        return ()
    names = ", ".join(item.asset for item in unmet)
    return (f"the goals for {names} cannot be reached" + ("" if not legs else "; this plan comes as near as can be"),)


def _priced(scene: Scene, sized: Sequence[Sized]) -> list[Priced]:
    ids = {one.market.name: f"l{number:03d}" for number, one in enumerate(sized, start=1)}
    moved = _moved(sized)
    stock = dict(scene.free)
    found = []
    for one in sized:
        found.append(_leg(scene, one, ids, moved[one.market.name], stock))
        sizing.settle(scene, one, stock)
    return found


def _moved(sized: Sequence[Sized]) -> dict[str, Decimal]:
    """The quote that each leg moves: the walk of a shared book, divided by amount; the last leg takes the rest."""
    by_book: dict[str, list[Sized]] = {}
    for one in sized:
        by_book.setdefault(one.market.book.name, []).append(one)
    found: dict[str, Decimal] = {}
    for legs in by_book.values():
        total = sum((one.amount for one in legs), ZERO)
        left = money(walk(legs[0].market.book, total))
        whole = left
        for one in legs[:-1]:
            found[one.market.name] = money(divide(whole * one.amount, total))
            left -= found[one.market.name]
        found[legs[-1].market.name] = canon(left)
    return found


def _leg(
    scene: Scene, one: Sized, ids: Mapping[str, str], moved: Decimal, stock: Mapping[tuple[str, str], Decimal]
) -> Priced:
    book, pair = one.market.book, one.market.book.instrument
    name = ids[one.market.name]
    trade = fees.Trade(
        book.side,
        one.amount,
        divide(moved, one.amount),
        sizing.asset(scene, pair.base),
        sizing.asset(scene, pair.quote),
    )
    fee, paid_in = fees.fee(one.market.fee, trade, third=sizing.third(scene, one.market, stock))
    fee = max(ZERO, fee)
    sign = ONE if book.side is Side.BUY else -ONE
    best = one.amount * fair(book, book.levels[0])
    flows = {pair.base: sign * one.amount, pair.quote: -sign * moved}
    flows[paid_in] = flows.get(paid_in, ZERO) - fee
    worth = scene.prices[pair.quote]
    costs = Costs(
        fee=money(fee * scene.prices[paid_in]),
        spread=money(sign * (best - one.amount * book.mark) * worth),
        impact=money(sign * (moved - best) * worth),
    )
    leg = OrderLeg(
        id=name,
        account=one.market.account,
        instrument=pair.id,
        base=pair.base,
        quote=pair.quote,
        side=book.side,
        amount=canon(one.amount),
        mark_price=book.mark,
        limit_price=canon(book.guard),
        value=money(one.amount * scene.prices[pair.base]),
        costs=costs,
        wave=one.wave,
        needs=tuple(sorted(ids[need] for need in one.needs)),
    )
    changes = tuple(
        Change(leg=name, account=one.market.account, asset=asset, amount=canon(amount))
        for asset, amount in sorted(flows.items())
        if amount
    )
    return Priced(leg, changes, costs)


def _summed(costs: Sequence[Costs]) -> Costs:
    return Costs(
        fee=canon(sum((c.fee for c in costs), ZERO)),
        spread=canon(sum((c.spread for c in costs), ZERO)),
        impact=canon(sum((c.impact for c in costs), ZERO)),
    )


def _weights(scene: Scene, changes: Sequence[Change]) -> Iterable[PlannedWeight]:
    after = dict(scene.held)
    for change in changes:
        after[change.asset] = after.get(change.asset, ZERO) + change.amount
    value = sum((after[a] * scene.prices[a] for a in sorted(after) if a in scene.prices), ZERO)
    for goal in scene.goals:
        price = scene.prices.get(goal.asset, ZERO)
        yield PlannedWeight(
            asset=goal.asset,
            before=_share(scene.held.get(goal.asset, ZERO) * price, scene.nav),
            low=goal.low,
            high=goal.high,
            after=_share(after.get(goal.asset, ZERO) * price, value),
        )


def _share(value: Decimal, whole: Decimal) -> Decimal:
    return money(divide(value, whole)) if whole else ZERO


def _unmet(scene: Scene, weights: Sequence[PlannedWeight], sized: Sequence[Sized]) -> Iterable[Unmet]:
    """Goals missed by more than lots and least sizes explain. Cash gathers what all others leave."""
    dust = {goal.asset: _dust(scene, goal.asset) for goal in scene.goals}
    whole = sum(dust.values(), ZERO)
    traded_by = {m.book.instrument.base for m in scene.markets}
    for weight in weights:
        missed = max(weight.low - weight.after, weight.after - weight.high) * scene.nav
        if weight.asset not in scene.prices:
            if scene.held.get(weight.asset) or weight.high > 0:
                yield Unmet(asset=weight.asset, because=f"{weight.asset} has no price, so that it cannot be traded")
        elif missed > (dust[weight.asset] if weight.asset in traded_by else whole) + scene.nav / BPS / BPS:
            yield Unmet(asset=weight.asset, because=_why(scene, weight, missed, sized))


def _dust(scene: Scene, asset: str) -> Decimal:
    """The value below which an asset cannot be traded, over the accounts that might have to."""
    least = ZERO
    for market in instruments(scene.markets, asset):
        rules, price = market.book.instrument.filters, scene.prices[asset]
        quote = scene.prices[market.book.instrument.quote]
        smallest = max(rules.step, rules.min_amount or ZERO) * price
        least += max(smallest, (rules.min_notional or ZERO) * quote, sizing.least_trade(scene)) + rules.step * price
    return least


def _why(scene: Scene, weight: PlannedWeight, missed: Decimal, sized: Sequence[Sized]) -> str:
    """A goal's miss in words; the nearest reason that fits."""
    said = (
        f"{weight.asset} ends at {plain(weight.after * 100, 2)} % of the fund, "
        f"{plain(missed, 2)} {scene.base} from its goal"
    )
    side = Side.BUY if weight.after < weight.low else Side.SELL
    ways = [m for m in instruments(scene.markets, weight.asset) if m.book.side is side]
    used = [m for m in scene.markets if weight.asset in (m.book.instrument.base, m.book.instrument.quote)]
    if not used:
        return f"{said}: no open market trades it within the price tolerance"
    if ways and _exhausted(ways, sized):
        return f"{said}: the books within the price tolerance take no more"
    what = "bought with what is free" if side is Side.BUY else "sold from what is free"
    return f"{said}: no more of it can be {what} in the accounts whose venues trade it"


def _exhausted(ways: Sequence[Market], sized: Sequence[Sized]) -> bool:
    taken: dict[str, Decimal] = {}
    for one in sized:
        taken[one.market.book.name] = taken.get(one.market.book.name, ZERO) + one.amount
    rooms = {m.book.name: sum((level.amount for level in m.book.levels), ZERO) for m in ways}
    steps = {m.book.name: m.book.instrument.filters.step for m in ways}
    return all(taken.get(name, ZERO) + steps[name] * 2 > size for name, size in rooms.items())


def _bound(scene: Scene, sized: Sequence[Sized], duals: Sequence[Dual]) -> Decimal:
    """What no plan costs less than that ends as near to its goals as this one, before lots.

    The programme charges a sale's fee on its value at the mark, really it is on the proceeds: the true cost is at
    least the programme's divided by one plus the highest fee.
    """
    markets = permitted(scene, sized)
    if not markets:
        return ZERO
    slack = _slack(scene, markets, sized)
    widened = network.problem(scene, markets, slack)
    known = {dual.row: dual.value for dual in duals}
    proven = lp.bound(widened, [known.get(row.name, ZERO) for row in widened.rows])
    dearest = max(market.rate for market in markets)
    return money(max(ZERO, divide(proven, ONE + dearest)).quantize(Decimal("1E-8"), rounding="ROUND_FLOOR"))


def _slack(scene: Scene, markets: tuple[Market, ...], sized: Sequence[Sized]) -> dict[str, Decimal]:
    """By how much the sized orders, as a point of the programme, miss each goal's rows."""
    exact = network.problem(scene, markets, {})
    point = _point(scene, sized)
    sums = [ZERO] * len(exact.rows)
    for column in exact.columns:
        value = point.get(column.name, ZERO)
        if value:
            for row, entry in column.entries:
                sums[row] += entry * value
    lost = sums[0]
    by_name = {row.name: (row, sums[at]) for at, row in enumerate(exact.rows)}
    found = {}
    for goal in scene.goals:
        if goal.asset in scene.prices:
            low, at_low = by_name[f"low {goal.asset}"]
            high, at_high = by_name[f"high {goal.asset}"]
            assert low.low is not None
            assert high.high is not None
            short = low.low - (at_low + goal.low * lost)
            over = at_high + goal.high * lost - high.high
            found[goal.asset] = max(ZERO, short, over)
    return found


def _point(scene: Scene, sized: Sequence[Sized]) -> dict[str, Decimal]:
    point: dict[str, Decimal] = {}
    totals: dict[str, tuple[Sized, Decimal]] = {}
    for one in sized:
        book, price = one.market.book, scene.prices[one.market.book.instrument.base]
        point[f"via {one.market.name}"] = one.amount * price
        totals[book.name] = one, totals.get(book.name, (one, ZERO))[1] + one.amount
    for name, (one, total) in totals.items():
        price = scene.prices[one.market.book.instrument.base]
        left = total
        for number, level in enumerate(one.market.book.levels):
            taken = min(left, level.amount)
            point[f"take {name} {number}"] = taken * price
            left -= taken
    return point
