"""What a verdict is judged on: the fund as it would stand after each wave, recomputed from legs, snapshot and marks.

Nothing that the planner concluded (changes, weights, traded, nav) is read here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from trimtab.model.assets import Asset, Instrument
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Terms
from trimtab.model.orders import Side
from trimtab.model.plans import OrderLeg
from trimtab.model.prices import Marks
from trimtab.model.valuation import Valuation
from trimtab.quant import fees
from trimtab.units import ZERO, money

Place = tuple[str, str]
"""An account and an asset in it."""


@dataclass(frozen=True)
class World:
    """What is true whatever the plan says, arranged for looking up."""

    terms: Terms
    snapshot: Snapshot
    prices: Mapping[str, Decimal]
    assets: Mapping[str, Asset]
    venues: Mapping[str, str]
    instruments: Mapping[str, Instrument]


@dataclass(frozen=True)
class Standing:
    """The fund after one wave (0: now): money in the base currency, by asset and by venue."""

    wave: int
    nav: Decimal
    by_asset: Mapping[str, Decimal]
    by_venue: Mapping[str, Decimal]


@dataclass(frozen=True)
class Trade:
    """One leg as money: what it is worth at the marks, and what it buys."""

    leg: str
    wave: int
    value: Decimal
    bought: str


@dataclass(frozen=True)
class Scene:
    """Everything that a clause may be judged on. `unpriced` assets may be worth up to `ceiling` of NAV, each."""

    base: str
    standings: tuple[Standing, ...]
    trades: tuple[Trade, ...]
    unpriced: tuple[str, ...]
    ceiling: Decimal


def world(snapshot: Snapshot, marks: Marks, terms: Terms) -> World:
    """Arrange what a plan is checked against."""
    return World(
        terms=terms,
        snapshot=snapshot,
        prices={mark.asset: mark.price for mark in marks.marks},
        assets={asset.id: asset for asset in terms.policy.assets},
        venues={account.id: account.venue for account in terms.policy.accounts},
        instruments={instrument.id: instrument for instrument in terms.instruments},
    )


def present(valuation: Valuation, ceiling: Decimal) -> Scene:
    """The fund as it is valued now, without any plan."""
    by_venue: dict[str, Decimal] = defaultdict(Decimal)
    for account in valuation.accounts:
        by_venue[account.venue] += account.value
    by_asset = {h.asset: h.value for h in valuation.holdings if h.value is not None}
    unpriced = tuple(h.asset for h in valuation.holdings if h.value is None)
    return Scene(valuation.base, (Standing(0, valuation.nav, by_asset, by_venue),), (), unpriced, ceiling)


def scene(world: World, legs: Iterable[OrderLeg]) -> Scene:
    """The fund after each wave of legs that are all sound: filled at the marks moved by their predicted costs."""
    ordered = sorted(legs, key=lambda leg: (leg.wave, leg.id))
    prices = world.prices
    held = {(b.account, b.asset): b.total for b in world.snapshot.balances}
    unpriced = sorted(
        {asset for _, asset in held if asset not in prices}
        | {t.asset for t in world.snapshot.transits if t.asset not in prices}
    )
    return Scene(
        base=world.terms.policy.base,
        standings=tuple(_standings(world, held, ordered)),
        trades=tuple(_trade(leg, prices) for leg in ordered),
        unpriced=tuple(unpriced),
        ceiling=world.terms.policy.prices.max_unpriced_weight,
    )


def _standings(world: World, held: dict[Place, Decimal], ordered: Iterable[OrderLeg]) -> Iterator[Standing]:
    yield _standing(0, world, held)
    waves: dict[int, list[OrderLeg]] = defaultdict(list)
    for leg in ordered:
        waves[leg.wave].append(leg)
    for wave in sorted(waves):
        for leg in waves[wave]:
            for asset, amount in changes(world, leg, expected_price(leg, world.prices), held):
                place = (leg.account, asset)
                held[place] = held.get(place, ZERO) + amount
        yield _standing(wave, world, held)


def _standing(wave: int, world: World, held: Mapping[Place, Decimal]) -> Standing:
    by_asset: dict[str, Decimal] = defaultdict(Decimal)
    by_venue: dict[str, Decimal] = defaultdict(Decimal)
    pending = [((t.target, t.asset), t.amount) for t in world.snapshot.transits]
    for (account, asset), amount in (*held.items(), *pending):
        worth = amount * world.prices.get(asset, ZERO)
        by_asset[asset] += worth
        by_venue[world.venues.get(account, "")] += worth
    return Standing(wave, sum(by_asset.values(), ZERO), by_asset, by_venue)


def _trade(leg: OrderLeg, prices: Mapping[str, Decimal]) -> Trade:
    bought = leg.base if leg.side is Side.BUY else leg.quote
    return Trade(leg.id, leg.wave, money(leg.amount * prices[leg.base]), bought)


def mark_price(leg: OrderLeg, prices: Mapping[str, Decimal]) -> Decimal:
    """The price of a leg's base in its quote that the marks imply, whatever the leg says."""
    return prices[leg.base] / prices[leg.quote]


def expected_price(leg: OrderLeg, prices: Mapping[str, Decimal]) -> Decimal:
    """The mark moved against us by the leg's half spread and walk, but never past its limit."""
    moved = (leg.costs.spread + leg.costs.impact) / leg.amount / prices[leg.quote]
    if leg.side is Side.BUY:
        return min(mark_price(leg, prices) + moved, max(leg.limit_price, mark_price(leg, prices)))
    return max(mark_price(leg, prices) - moved, min(leg.limit_price, mark_price(leg, prices)))


def changes(
    world: World, leg: OrderLeg, price: Decimal, there: Mapping[Place, Decimal]
) -> tuple[tuple[str, Decimal], ...]:
    """What a whole leg filled at `price` changes in its account, its fee included. `there` may pay third-asset fees."""
    terms = fees.terms_for(world.terms.fees, leg.account, leg.instrument)
    trade = fees.Trade(leg.side, leg.amount, price, world.assets[leg.base], world.assets[leg.quote])
    third = None
    if terms.third is not None and terms.third in world.prices and terms.third in world.assets:
        quoted = world.prices[terms.third] / world.prices[leg.quote]
        third = fees.Third(world.assets[terms.third], quoted, there.get((leg.account, terms.third), ZERO))
    paid, asset = fees.fee(terms, trade, third=third)
    return fees.changes(trade, paid, asset)
