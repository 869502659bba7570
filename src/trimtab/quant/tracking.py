"""Tracking error: how far a portfolio may be expected to stray from its target, by the risk of their difference."""

from collections.abc import Mapping
from decimal import Decimal

from trimtab.units import ZERO


def variance(apart: Mapping[str, Decimal], yearly: Mapping[str, Decimal], correlation: Decimal) -> Decimal:
    """The yearly variance of a difference of weights, every two assets correlated alike.

    With d the risks (weight apart times yearly standard deviation): (1 - c) times the sum of d squared, plus c times
    the square of their sum. An asset without a standard deviation does not vary.
    """
    risks = [weight * yearly.get(asset, ZERO) for asset, weight in sorted(apart.items())]
    total = sum(risks, ZERO)
    return (1 - correlation) * sum((risk * risk for risk in risks), ZERO) + correlation * total * total
