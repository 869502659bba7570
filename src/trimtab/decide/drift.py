"""Drift: how far each asset is from its target, and the band in which it may wander."""

from collections.abc import Iterable
from decimal import Decimal

from trimtab.model.decision import Drift
from trimtab.model.policy import Target, TargetWeight
from trimtab.model.valuation import Valuation
from trimtab.units import ONE, ZERO, canon, money, under_context


@under_context
def drifts(valuation: Valuation, target: Target) -> tuple[Drift, ...]:
    """The drift of every asset that is held or has a target, widest first, then by id.

    A held asset without a target has target 0 and no band. One without a price has no weight and so no drift;
    the valuation's doubts say what that means.
    """
    held = {h.asset: h.weight for h in valuation.holdings if h.weight is not None}
    unpriced = {h.asset for h in valuation.holdings if h.weight is None}
    named = {t.asset: t for t in target.weights}
    found = [
        _drift(held.get(asset, ZERO), named.get(asset) or TargetWeight(asset=asset, weight=ZERO))
        for asset in (held.keys() | named.keys()) - unpriced
    ]
    return tuple(sorted(found, key=lambda d: (-abs(d.drift), d.asset)))


def outside(found: Iterable[Drift]) -> tuple[Drift, ...]:
    """Those that have left their bands, in the same order. The edges belong to the band."""
    return tuple(d for d in found if not d.low <= d.actual <= d.high)


def _drift(actual: Decimal, target: TargetWeight) -> Drift:
    """The band is clipped to what a weight can be, and never wider than its narrower rule."""
    width = _width(target)
    return Drift(
        asset=target.asset,
        actual=actual,
        target=target.weight,
        low=money(max(ZERO, target.weight - width)),
        high=money(min(ONE, target.weight + width)),
        drift=canon(actual - target.weight),
    )


def _width(target: TargetWeight) -> Decimal:
    relative = None if target.relative_band is None else target.relative_band * target.weight
    return min((w for w in (target.band, relative) if w is not None), default=ZERO)
