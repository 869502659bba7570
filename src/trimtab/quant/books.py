"""What a book says at a glance."""

from decimal import Decimal
from typing import Final

from trimtab.model.prices import Ladder, Level, Quote
from trimtab.units import BPS, ZERO, canon, under_context

NEAR_BPS: Final = 10
"""A quote's amounts are those within this distance of the touch."""


@under_context
def touch(seen: Ladder) -> Quote:
    """The touch of a book, and how much there is within NEAR_BPS of it."""
    return Quote(
        instrument=seen.instrument,
        bid=seen.bids[0].price if seen.bids else None,
        ask=seen.asks[0].price if seen.asks else None,
        bid_amount=_near(seen.bids),
        ask_amount=_near(seen.asks),
        as_of=seen.as_of,
    )


def _near(levels: tuple[Level, ...]) -> Decimal:
    if not levels:
        return ZERO
    reach = levels[0].price * NEAR_BPS / BPS
    return canon(sum((level.amount for level in levels if abs(level.price - levels[0].price) <= reach), ZERO))
