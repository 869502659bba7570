"""What time costs while money waits, moves, or is owed: by the day, or by the square root of days where it is risk."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from trimtab.units import ZERO, money, under_context


@under_context
def by_time(value: Decimal, days: Decimal, rate: Decimal) -> Decimal:
    """`value * rate * days`, for a rate by day. What would be received counts as nothing: no plan lives on it (D4)."""
    return money(max(ZERO, value * rate * _lasting(days)))


@under_context
def by_root_time(value: Decimal, days: Decimal, rate: Decimal) -> Decimal:
    """`value * rate * sqrt(days)`, for the volatility of one day: one standard deviation of what the wait may bring.

    A risk and no expectation: multiply the rate by how much of a deviation the fund wants to count.
    """
    if rate < 0:
        raise ValueError(f"rate: a volatility of {rate} is below zero")
    return money(abs(value) * rate * _lasting(days).sqrt())


COSTS: Final[Mapping[str, Callable[[Decimal, Decimal, Decimal], Decimal]]] = {
    "borrow": by_time,
    "delay": by_root_time,
    "funding": by_time,
    "hedge_drift": by_root_time,
}
"""Each takes a value, days, and its rate for one day, and gives money of that value, never below zero."""


def _lasting(days: Decimal) -> Decimal:
    if days < 0:
        raise ValueError(f"days: {days} is below zero")
    return days
