"""Splitting a parent order evenly on a venue's lot step. Nothing is lost or created: the slices sum to the parent."""

from decimal import ROUND_CEILING, Decimal

from trimtab.units import EXACT, ZERO, canon, divide, is_multiple


def split(amount: Decimal, slices: int, *, step: Decimal, smallest: Decimal = ZERO) -> tuple[Decimal, ...]:
    """Split `amount` into at most `slices` multiples of `step`, none below `smallest`, at most one step apart.

    The first slices are the larger ones: `r = lots mod n` of them get one step more. Fewer slices are made where
    `smallest` requires it; an amount below `smallest` stays whole, since refusing it is not for arithmetic to do.
    With `smallest` zero there may be more slices than lots, and the last ones are zero. Raises ValueError for an
    amount that is negative or off the step, and for less than one slice.
    """
    if slices < 1:
        raise ValueError(f"slices: {slices} is too few; at least one is needed")
    if amount < 0 or not is_multiple(amount, step):
        raise ValueError(f"amount: {amount} is not a whole number of steps of {step}, zero or more")
    lots = int(EXACT.divide(amount, step))
    least = int(divide(smallest, step).to_integral_value(ROUND_CEILING))
    count = max(1, min(slices, lots // least)) if least > 0 else slices
    each, larger = divmod(lots, count)
    return tuple(canon(EXACT.multiply(step, each + (n < larger))) for n in range(count))
