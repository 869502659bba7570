"""Why a goal is missed, in sentences, and what was left out as too small."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from trimtab.model.assets import Listing
from trimtab.model.orders import Side
from trimtab.model.plans import PlannedWeight, Unmet
from trimtab.plan import sizing
from trimtab.plan.costing import Priced
from trimtab.plan.market import Market, Place, Scene
from trimtab.units import ZERO, plain

TRIFLE: Final = Decimal("1E-9")
"""A miss below this share of the fund is rounding."""


@dataclass(frozen=True)
class Verge:
    """How far assets end outside their goals, in value, and which of these misses are only rounding.

    `dust` are those among them that are more than lots: less than the smallest order in each account that could trade.
    """

    misses: Mapping[str, Decimal]
    rounded: frozenset[str]
    dust: tuple[str, ...]


def verge(scene: Scene, weights: Sequence[PlannedWeight], priced: Sequence[Priced]) -> Verge:
    """Tell misses that lots and least orders explain from real ones.

    An asset that others are quoted in takes what these leave, so it is looked at after them.
    """
    misses = {weight.asset: _missed(scene, weight) for weight in weights if weight.asset in scene.prices}
    lots = _lots(scene, priced)
    quoted = {market.book.instrument.quote for market in scene.markets}
    traded: dict[str, list[Market]] = {}
    for market in scene.markets:
        traded.setdefault(market.book.instrument.base, []).append(market)
    left = _left(scene, priced)
    spill = sum((lots[asset] for asset in sorted(lots)), scene.size * TRIFLE)
    rounded, dust = set[str](), list[str]()
    for asset in sorted(misses, key=lambda a: (a in quoted, a not in traded, a)):
        allowed = lots.get(asset, ZERO) + (spill if asset in quoted else scene.size * TRIFLE)
        if misses[asset] > allowed and asset in traded:
            allowed += _least(scene, traded[asset], left) * scene.prices[asset]
            dust += [asset] if misses[asset] <= allowed else []
        if misses[asset] <= allowed:
            rounded.add(asset)
            spill += misses[asset] if asset in traded else ZERO
    return Verge(misses, frozenset(rounded), tuple(sorted(dust)))


def _missed(scene: Scene, weight: PlannedWeight) -> Decimal:
    return max(ZERO, weight.low - weight.after, weight.after - weight.high) * max(ZERO, scene.nav)


def _lots(scene: Scene, priced: Sequence[Priced]) -> dict[str, Decimal]:
    """The value of one lot for each leg, by asset."""
    lots: dict[str, Decimal] = {}
    for p in priced:
        step = p.sized.market.book.instrument.filters.step * scene.prices[p.leg.base]
        lots[p.leg.base] = lots.get(p.leg.base, ZERO) + step
    return lots


def _left(scene: Scene, priced: Sequence[Priced]) -> dict[Place, Decimal]:
    """What is free once the legs are done."""
    left = dict(scene.free)
    for change in (change for p in priced for change in p.changes):
        place = change.account, change.asset
        left[place] = left.get(place, ZERO) + change.amount
    return left


def _least(scene: Scene, ways: Sequence[Market], left: Mapping[Place, Decimal]) -> Decimal:
    """What of an asset cannot be traded for being too little: the smallest order, or all crumbs in accounts."""
    smallest: dict[str, Decimal] = {}
    for market in ways:
        least = sizing.least(scene, market)
        smallest[market.account] = min(smallest.get(market.account, least), least)
    asset = ways[0].book.instrument.base
    rests = ((left.get((account, asset), ZERO), smallest[account]) for account in sorted(smallest))
    crumbs = sum((rest for rest, least in rests if rest < least), ZERO)
    return max(crumbs, min(smallest.values()))


def unmet(scene: Scene, weights: Sequence[PlannedWeight], priced: Sequence[Priced], found: Verge) -> tuple[Unmet, ...]:
    """Goals missed by more than rounding, and why."""
    return tuple(sorted(_unmet(scene, weights, priced, found), key=lambda item: item.asset))


def _unmet(scene: Scene, weights: Sequence[PlannedWeight], priced: Sequence[Priced], found: Verge) -> Iterator[Unmet]:
    for weight in weights:
        if weight.asset not in scene.prices:
            if scene.held.get(weight.asset) or weight.low > 0:
                yield Unmet(asset=weight.asset, because=f"{weight.asset} has no price, so it cannot be traded")
        elif weight.asset not in found.rounded:
            yield Unmet(asset=weight.asset, because=_why(scene, weight, priced))
        elif scene.nav <= 0 and weight.low > 0:
            yield Unmet(asset=weight.asset, because=f"the fund is worth {plain(scene.nav, 2)} {scene.base}")


def because(scene: Scene, missing: Sequence[Unmet], priced: Sequence[Priced], found: Verge) -> tuple[str, ...]:
    """What a person should know of the plan as a whole: goals out of reach, and what is too small to trade."""
    said = []
    if missing:
        names = ", ".join(item.asset for item in missing)
        near = "this plan comes as near as can be" if priced else "nothing that can be traded brings it nearer"
        said.append(f"not every goal can be reached ({names}); {near}")
    for asset in found.dust:
        off = f"{plain(found.misses[asset], 2)} {scene.base}"
        said.append(f"{asset} stays {off} from its goal, which is less than the smallest order")
    return tuple(said)


def _why(scene: Scene, weight: PlannedWeight, priced: Sequence[Priced]) -> str:
    """A miss in words, with the nearest reason that fits."""
    off = plain(_missed(scene, weight), 2)
    said = f"{weight.asset} ends at {plain(weight.after * 100, 2)} % of the fund, {off} {scene.base} from its goal"
    side = Side.BUY if weight.after < weight.low else Side.SELL
    ways = [m for m in scene.markets if _moves(m, weight.asset, side)]
    if not ways:
        return f"{said}: {_shut(scene, weight.asset, side)}"
    if _exhausted(ways, priced):
        return f"{said}: the books take no more within the price tolerance"
    orders = "in orders that a venue takes, with prices counted at the worst allowed"
    if side is Side.BUY:
        return f"{said}: the money that is free for it buys no more, {orders}"
    return f"{said}: no more of it is free where it can be sold, {orders}"


def _moves(market: Market, asset: str, side: Side) -> bool:
    return (market.book.gets if side is Side.BUY else market.book.spends) == asset


def _shut(scene: Scene, asset: str, side: Side) -> str:
    """Why nothing at all can be done about an asset."""
    listed = [i for i in scene.terms.instruments if asset in (i.base, i.quote)]
    if not listed:
        return "no venue of this fund lists it"
    closed = sorted(i.id for i in listed if i.listing is not Listing.TRADING)
    if len(closed) == len(listed):
        return f"none of its markets is trading ({', '.join(closed)})"
    verb = "bought" if side is Side.BUY else "sold"
    return f"no account has what it takes, at a venue where it can be {verb} within the price tolerance"


def _exhausted(ways: Sequence[Market], priced: Sequence[Priced]) -> bool:
    """Whether every book that would serve is taken up to its last lot."""
    if any(m.book.cut for m in ways):
        return False
    left: dict[str, Decimal] = {m.book.name: m.book.room - m.book.instrument.filters.step for m in ways}
    for p in priced:
        name = p.sized.market.book.name
        if name in left:
            left[name] -= p.leg.amount
    return all(rest <= 0 for rest in left.values())
