"""Costs that grow faster than what they are paid on, cut into straight pieces that a linear programme can use."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from trimtab.units import BPS, ZERO, floor_to, money, under_context

MANY: Final = 4096
"""More pieces than this are refused: a programme would choke on them, and a coarser tolerance is what was meant."""


@dataclass(frozen=True)
class Piece:
    """So much of a value, and what each further unit of it costs, in bps."""

    width: Decimal
    rate_bps: Decimal


@under_context
def pieces(
    cost: Callable[[Decimal], Decimal], most: Decimal, *, tolerance: Decimal, step: Decimal = Decimal(1)
) -> tuple[Piece, ...]:
    """A convex cost of a value, from nothing to `most`, as pieces that never cost less and at most `tolerance` more.

    `cost` and `tolerance` are in the money of the value. The promise is for multiples of `step`, where pieces begin
    and end, and for `most`. Pieces are halved where that is needed, so that a curve which bends most near nothing is
    cut finest there. Raises ValueError for a cost that is not convex, or not zero for nothing, since a programme would
    use the cheap pieces before those that they wait for; and where more than MANY pieces would be needed.
    """
    if tolerance <= 0 or step <= 0:
        raise ValueError(f"tolerance {tolerance}, step {step}: both must be above zero")
    if cost(ZERO):
        raise ValueError(f"cost: {cost(ZERO)} for nothing; a fixed cost is not part of a curve")
    if most <= 0:
        return ()
    known = {ZERO: ZERO, most: cost(most)}
    _bisect(cost, known, tolerance, step)
    found = tuple(
        Piece(high - low, money(BPS * (known[high] - known[low]) / (high - low)))
        for low, high in pairwise(sorted(known))
    )
    for before, after in pairwise(found):
        if after.rate_bps < before.rate_bps:
            raise ValueError(f"cost: not convex, {before.rate_bps} bps is followed by {after.rate_bps}")
    return found


def _bisect(
    cost: Callable[[Decimal], Decimal], known: dict[Decimal, Decimal], tolerance: Decimal, step: Decimal
) -> None:
    """Halve the pieces between known points until chord and cost are near enough everywhere."""
    waiting = [(ZERO, max(known))]
    while waiting:
        low, high = waiting.pop()
        middle = floor_to((low + high) / 2, step)
        if middle <= low:
            continue
        there = cost(middle)
        share = (middle - low) / (high - low)
        off = known[low] + share * (known[high] - known[low]) - there
        # A convex cost lies above both half chords prolonged, so that it is off by most at the ends of the longer half.
        if off > tolerance * min(share, 1 - share):
            known[middle] = there
            waiting += [(low, middle), (middle, high)]
        if len(known) > MANY:
            raise ValueError(f"tolerance: {tolerance} needs more than {MANY} pieces")
