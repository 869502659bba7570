"""What simpler planners would do with the same scene, so that a plan can say what it saves.

Both sell what is too much and buy what lacks through the base currency's books alone, at the same goals and prices.
What they leave away from the goals is told beside what they cost.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from trimtab.model.decision import Goal, Rebalance
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Liquidity, Terms
from trimtab.model.orders import Side
from trimtab.model.plans import Costs, Plan, Rival
from trimtab.model.prices import Marks
from trimtab.plan import compose, costing, graph, sizing
from trimtab.plan import scene as scenes
from trimtab.plan.compose import Proof
from trimtab.plan.graph import Sized
from trimtab.plan.market import Market, Place, Scene
from trimtab.units import ONE, ZERO, canon, divide, money, under_context

NAIVE: Final = "each account by itself, through the base currency"
GREEDY: Final = "largest excess and lack first, where most is held"
OURS: Final = "this plan"


@under_context
def compare(
    plan: Plan, decision: Rebalance, snapshot: Snapshot, marks: Marks, terms: Terms, liquidity: Liquidity
) -> tuple[Rival, ...]:
    """A plan beside the naive and the greedy one for the same decision, all of them as predicted.

    A scene leaves out what no good plan would do; here every book stays open both ways.
    """
    scene = scenes.arrange(decision, snapshot, marks, terms, liquidity)
    anything = tuple(replace(goal, low=ZERO, high=ONE) for goal in decision.goals)
    wide = scenes.arrange(replace(decision, goals=anything), snapshot, marks, terms, liquidity)
    ways = ((NAIVE, _naive(wide, scene.goal)), (GREEDY, _greedy(wide, scene.goal)))
    made = [(name, costing.price(wide, list(_sized(wide, wanted)))) for name, wanted in ways]
    rivals = [(name, compose.compose(snapshot.at, wide, legs, Proof(None, "", "", ()))) for name, legs in made]
    return tuple(_told(name, one, scene.goal) for name, one in (*rivals, (OURS, plan)))


def _sized(scene: Scene, wanted: Mapping[str, Decimal]) -> Iterator[Sized]:
    """Whole lots, as far as the books go; simpler planners do not ask whether a lot less would be paid for."""
    left = {market.book.name: market.book.room for market in scene.markets}
    for market in scene.markets:
        asked = divide(wanted.get(market.name, ZERO), scene.prices[market.book.instrument.base])
        if amount := sizing.sendable(scene, market, min(asked, left[market.book.name])):
            left[market.book.name] -= amount
            yield graph.sized(scene, market, amount)


def _told(name: str, plan: Plan, goals: Mapping[str, Goal]) -> Rival:
    known = ((w, goals.get(w.asset, Goal(asset=w.asset, low=ZERO, high=ZERO))) for w in plan.weights)
    away = (max(ZERO, goal.low - w.after, w.after - goal.high) for w, goal in known)
    return Rival(
        name=name,
        legs=len(plan.legs),
        traded=plan.traded,
        costs=plan.costs,
        cost=total(plan.costs),
        away=money(sum(away, ZERO) / 2 * plan.nav),
    )


def total(costs: Costs) -> Decimal:
    """All kinds together."""
    return canon(costs.fee + costs.spread + costs.impact)


def _through(scene: Scene) -> list[Market]:
    """The markets against the base currency."""
    return [market for market in scene.markets if market.book.instrument.quote == scene.base]


def _naive(scene: Scene, goals: Mapping[str, Goal]) -> dict[str, Decimal]:
    """Every account brings its own holdings to the fund's weights."""
    found: dict[str, Decimal] = {}
    for market in _through(scene):
        base = market.book.instrument.base
        goal, there = goals.get(base), scene.there.get((market.account, base), ZERO) * scene.prices[base]
        if goal is None:
            continue
        whole = _worth(scene, market.account)
        lack, excess = goal.low * whole - there, there - goal.high * whole
        found[market.name] = max(ZERO, lack if market.book.side is Side.BUY else excess)
    return found


def _worth(scene: Scene, account: str) -> Decimal:
    there = (
        n * scene.prices[asset] for (name, asset), n in scene.there.items() if name == account and asset in scene.prices
    )
    return sum(there, ZERO)


def _greedy(scene: Scene, goals: Mapping[str, Goal]) -> dict[str, Decimal]:
    """The fund's largest excess is sold first where most of it is, then the largest lack bought where most money is."""
    free = dict(scene.free)
    found: dict[str, Decimal] = {}
    for side in (Side.SELL, Side.BUY):
        for asset, left in _apart(scene, goals, side):
            found |= _taken(scene, free, left, _richest(scene, asset, side, free))
    return found


def _taken(scene: Scene, free: dict[Place, Decimal], asked: Decimal, markets: Iterable[Market]) -> dict[str, Decimal]:
    """So much value over markets, one after the other, as far as each has money and depth."""
    found, left = {}, asked
    for market in markets:
        book = market.book
        has = free.get((market.account, book.spends), ZERO) * scene.prices[book.spends]
        taken = max(ZERO, min(left, has, book.room * scene.prices[book.instrument.base]))
        found[market.name], left = taken, left - taken
        for asset, value in ((book.spends, -taken), (book.gets, taken)):
            place = market.account, asset
            free[place] = free.get(place, ZERO) + value / scene.prices[asset]
    return found


def _apart(scene: Scene, goals: Mapping[str, Goal], side: Side) -> Iterator[tuple[str, Decimal]]:
    """The assets that are too much, or too little, by value, the most first; the base currency takes what is left."""
    off = {}
    for goal in goals.values():
        if goal.asset in scene.prices and goal.asset != scene.base:
            worth = scene.worth(goal.asset)
            off[goal.asset] = worth - goal.high * scene.nav if side is Side.SELL else goal.low * scene.nav - worth
    yield from sorted(((a, value) for a, value in off.items() if value > 0), key=lambda item: (-item[1], item[0]))


def _richest(scene: Scene, asset: str, side: Side, free: Mapping[tuple[str, str], Decimal]) -> list[Market]:
    """An asset's markets against the base currency on one side, first where there is most to spend."""
    ways = [m for m in _through(scene) if m.book.instrument.base == asset and m.book.side is side]
    return sorted(ways, key=lambda m: (-free.get((m.account, m.book.spends), ZERO), m.name))
